"""Members of a zip file from a stranger, one at a time and within limits.

Only zip files as our evidence is written are read: members one behind the other from the first byte on, each with its
sizes before it, stored or deflated, regular, in the clear; then the list of members; then the end. So nothing can hide
between members, lie over another or come twice, and nothing is unpacked beyond the size it was announced with. Other
zip files are refused: unpack them, and verify the folder. What the members mean is `bundle.py`'s business.
"""

from __future__ import annotations

import re
import stat
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from audit.errors import MalformedInput, SourceFailed
from audit.source import Absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_MEMBERS: Final = 262_144
"""House rule: the tiles of some thirty million entries, and a list of members that fits into 100 MB of memory."""
MAX_NAME: Final = 120
MAX_RATIO: Final = 100
"""House rule: entries shrink to a tenth; what grows a hundredfold when unpacked is no log."""
STORED: Final = 0
DEFLATED: Final = 8

_SPELLING: Final = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
"""No name leads outside, is a folder, or begins with a dot: a segment begins with a letter, a digit or `_`."""
# APPNOTE.TXT 6.3.10: sections 4.3.7 (local), 4.3.12 (central), 4.3.14 and 4.3.15 (zip64), 4.3.16 (end).
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_END: Final = struct.Struct("<4s4H2LH")
_OFFSET64: Final = struct.Struct("<2HQ")
_UNIX: Final = 3
_ZIP64: Final = 1
_MAX_32: Final = 2**32 - 1
_MAX_16: Final = 2**16 - 1
_SLACK_BYTES: Final = 1024
"""Deflate adds five bytes to each 16 kB it cannot shrink, so that a member is never much longer than its content."""


@dataclass(frozen=True, slots=True)
class Member:
    """Where one member lies (`offset` is that of its header), and what it is said to be."""

    name: bytes
    offset: int
    method: int
    crc: int
    packed: int
    size: int


@dataclass(frozen=True, slots=True)
class _List:
    """Where the list of members lies."""

    count: int
    start: int
    size: int


class Archive:
    """A zip file; its list of members is read when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """All members by name, in the order in which they lie.

        Raises:
            SourceFailed: the file cannot be read.
            MalformedInput: it is not a zip file as evidence is written.

        """
        try:
            with self._path.open("rb") as file:
                length = file.seek(0, 2)
                return _read_members(file, length)
        except OSError as error:
            raise SourceFailed(f"the file cannot be read: {error.strerror}") from error

    def read(self, name: str, limit: int) -> bytes:
        """Unpack one member of at most `limit` bytes.

        Raises:
            Absent: there is no such member.
            SourceFailed: the file cannot be read, or the member is longer than `limit`.
            MalformedInput: the member is not what the list of members says.

        """
        member = self.members.get(name)
        if member is None:
            raise Absent(f"{name} is missing")
        if member.size > limit:
            raise SourceFailed(f"{name} is longer than {limit} bytes", rule="source.size")
        try:
            with self._path.open("rb") as file:
                file.seek(member.offset)
                header = file.read(_LOCAL.size + len(member.name))
                packed = file.read(member.packed)
        except OSError as error:
            raise SourceFailed(f"{name} cannot be read: {error.strerror}") from error
        if not _is_header_of(member, header):
            raise MalformedInput(f"{name} is announced in two ways", rule="archive.header")
        raw = packed if member.method == STORED else _inflated(packed, member.size)
        if len(raw) != member.size or zlib.crc32(raw) != member.crc:
            raise MalformedInput(f"{name} is not what its checksum says", rule="archive.checksum")
        return raw


def _read_members(file: IO[bytes], length: int) -> dict[str, Member]:
    where = _find_list(file, length)
    members: dict[str, Member] = {}
    ends_at = unpacked = 0
    for member in _listed(file, where):
        name = member.name.decode("ascii")
        if name in members:
            _refuse(f"{name} comes twice", "archive.twice")
        if member.offset != ends_at:
            _refuse(f"{name} does not begin where the member before it ends", "archive.gap")
        members[name] = member
        ends_at = member.offset + _LOCAL.size + len(member.name) + member.packed
        unpacked += member.size
    if ends_at != where.start:
        _refuse("something lies between the last member and the list of members", "archive.gap")
    if unpacked > MAX_RATIO * length:
        _refuse(f"the members claim more than {MAX_RATIO} times the bytes of the file", "archive.ratio")
    return members


def _find_list(file: IO[bytes], length: int) -> _List:
    """Read the end of the file, and the long form of it where counts or places outgrow the short one."""
    start = length - _END.size
    mark, disk, first_disk, count_here, count, size, offset, comment = _unpack(_END, _read_at(file, start, _END.size))
    if mark != b"PK\5\6" or comment:
        _refuse("the file does not end as a zip file does", "archive.end")
    where = _List(count, offset, size)
    locator = _read_at(file, start - _LOCATOR.size, _LOCATOR.size)
    if locator.startswith(b"PK\6\7"):
        start -= _LOCATOR.size + _END64.size
        where = _read_end64(_read_at(file, start, _END64.size), _LOCATOR.unpack(locator), start)
    shown = (min(where.count, _MAX_16), min(where.size, _MAX_32), min(where.start, _MAX_32))
    if (disk, first_disk, count_here) != (0, 0, count) or shown != (count, size, offset):
        _refuse("the end of the file contradicts itself", "archive.end")
    if where.start + where.size != start:
        _refuse("something lies between the list of members and the end", "archive.gap")
    if where.count > MAX_MEMBERS:
        _refuse(f"{where.count} members are more than {MAX_MEMBERS}", "archive.members")
    return where


def _read_end64(raw: bytes, locator: tuple[object, ...], start: int) -> _List:
    mark, length, _made, _needed, disk, first_disk, count_here, count, size, offset = _unpack(_END64, raw)
    is_whole = (mark, length, disk, first_disk, count_here) == (b"PK\6\6", _END64.size - 12, 0, 0, count)
    if not is_whole or locator[1:] != (0, start, 1):
        _refuse("the end of the file contradicts itself", "archive.end")
    return _List(count, offset, size)


def _listed(file: IO[bytes], where: _List) -> Iterator[Member]:
    """Read the list of members one by one: its announced length is never taken into memory at once."""
    file.seek(where.start)
    left = where.size
    for _ in range(where.count):
        fields = _unpack(_CENTRAL, file.read(_CENTRAL.size))
        mark, made, _needed, flags, method, _time, _date, crc, packed, size, *lengths, _inner, outer, offset = fields
        name_length, extra_length, comment_length, disk = lengths
        if mark != b"PK\1\2" or flags or method not in {STORED, DEFLATED} or comment_length or disk:
            _refuse("a member is encrypted, or packed or listed in a way that evidence is not", "archive.form")
        if name_length > MAX_NAME or not _SPELLING.fullmatch(name := file.read(name_length)):
            _refuse("a member's name leads elsewhere", "archive.name")
        if made >> 8 == _UNIX and stat.S_IFMT(outer >> 16) not in {0, stat.S_IFREG}:
            _refuse(f"{name.decode()} is not a regular file", "archive.kind")
        if extra_length:
            offset = _offset64(file.read(_OFFSET64.size), extra_length, offset)
        if packed > size + size // 1000 + _SLACK_BYTES or (method == STORED and packed != size):
            _refuse(f"{name.decode()} is longer packed than unpacked", "archive.form")
        left -= _CENTRAL.size + name_length + extra_length
        yield Member(name, offset, method, crc, packed, size)
    if left:
        _refuse("the list of members is longer or shorter than it says", "archive.end")


def _offset64(raw: bytes, extra_length: int, offset: int) -> int:
    """Read where a member lies beyond four gigabytes: the only extra field there is any use for."""
    if extra_length != _OFFSET64.size or len(raw) != extra_length or offset != _MAX_32:
        _refuse("a member carries more than its content", "archive.form")
    kind, length, place = _OFFSET64.unpack(raw)
    if (kind, length) != (_ZIP64, 8):
        _refuse("a member carries more than its content", "archive.form")
    return int(place)


def _is_header_of(member: Member, header: bytes) -> bool:
    if len(header) != _LOCAL.size + len(member.name) or header[_LOCAL.size :] != member.name:
        return False
    mark, _needed, flags, method, _time, _date, crc, packed, size, name_length, extra = _LOCAL.unpack_from(header)
    said = (mark, flags, method, crc, packed, size, name_length, extra)
    return bool(said == (b"PK\3\4", 0, member.method, member.crc, member.packed, member.size, len(member.name), 0))


def _inflated(packed: bytes, size: int) -> bytes:
    """Unpack into at most the announced size and one byte, which betrays a lie; a bomb goes off here or nowhere."""
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        raw = unpack.decompress(packed, size + 1)
    except zlib.error as error:
        raise MalformedInput("a member is not deflate", rule="archive.checksum") from error
    if not unpack.eof or unpack.unused_data or unpack.unconsumed_tail:
        raise MalformedInput("a member is longer or shorter than announced", rule="archive.checksum")
    return raw


def _read_at(file: IO[bytes], start: int, length: int) -> bytes:
    if start < 0:
        return b""
    file.seek(start)
    return file.read(length)


def _unpack(form: struct.Struct, raw: bytes) -> tuple[Any, ...]:
    if len(raw) != form.size:
        _refuse("the file ends in the middle", "archive.end")
    return form.unpack(raw)


def _refuse(sentence: str, rule: str) -> NoReturn:
    raise MalformedInput(f"{sentence}; a zip file made otherwise can be unpacked, and its folder verified", rule=rule)
