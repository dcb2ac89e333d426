"""Zip files put together field by field, so that any of them may be a lie (APPNOTE.TXT 6.3.10, section 4.3)."""

from __future__ import annotations

import struct
import zlib


def member(
    name: bytes = b"a",
    packed: bytes = b"content",
    *,
    flags: int = 0,
    method: int = 0,
    crc: int | None = None,
    size: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """Write one member as it lies in the file."""
    crc = zlib.crc32(packed) if crc is None else crc
    size = len(packed) if size is None else size
    head = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, 0x21, crc, len(packed), size, len(name), len(extra)
    )
    return head + name + extra + packed


def listed(
    name: bytes = b"a",
    packed: bytes = b"content",
    *,
    flags: int = 0,
    method: int = 0,
    crc: int | None = None,
    size: int | None = None,
    length: int | None = None,
    extra: bytes = b"",
    comment: bytes = b"",
    disk: int = 0,
    outer: int = 0o100644 << 16,
    offset: int = 0,
    mark: bytes = b"PK\1\2",
) -> bytes:
    """Write one line of the list of members."""
    crc = zlib.crc32(packed) if crc is None else crc
    size = len(packed) if size is None else size
    length = len(packed) if length is None else length
    made = 3 << 8 | 20
    fields = (flags, method, 0, 0x21, crc, length, size, len(name), len(extra), len(comment), disk, 0, outer, offset)
    return struct.pack("<4s6H3L5H2L", mark, made, 20, *fields) + name + extra + comment


def end(count: int, size: int, start: int, *, comment: bytes = b"", disk: int = 0, here: int | None = None) -> bytes:
    """Write the end of the file."""
    return (
        struct.pack("<4s4H2LH", b"PK\5\6", disk, 0, count if here is None else here, count, size, start, len(comment))
        + comment
    )


def zipped(members: bytes, *lines: bytes, count: int | None = None) -> bytes:
    """Put a file together."""
    directory = b"".join(lines)
    return members + directory + end(len(lines) if count is None else count, len(directory), len(members))


def end64(count: int, size: int, start: int, *, at: int, length: int = 44, disks: int = 1) -> bytes:
    """Write the long form of the end, and the short one that points at it."""
    long = struct.pack("<4sQ2H2L4Q", b"PK\6\6", length, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, at, disks)
    return long + locator + end(min(count, 0xFFFF), min(size, 0xFFFFFFFF), min(start, 0xFFFFFFFF))
