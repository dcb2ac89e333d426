"""The little of DER (X.690) that a receipt's signature needs: writing values, and cutting them apart strictly.

Only definite lengths of the shortest form and one-byte tags exist here. What the values mean is in `cms.py` and
`certificates.py`.
"""

from __future__ import annotations

from typing import Final

from audit.errors import MalformedInput

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_ID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0xA0
"""`[0]`, constructed: the tag by which CMS marks certificates, signed attributes and content."""

_SHORT: Final = 0x80
_MAX_LENGTH_BYTES: Final = 3
"""Sixteen megabytes: far above anything a receipt holds."""


def write(tag: int, *contents: bytes) -> bytes:
    """Write one value of `tag` around the joined contents."""
    content = b"".join(contents)
    size = len(content)
    if size < _SHORT:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _SHORT | len(length))) + length + content


def object_id(dotted: str) -> bytes:
    """Write an object identifier such as "1.2.840.113549.1.7.2"."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(septets))
    return write(OBJECT_ID, bytes(content))


def whole(raw: bytes, at: int = 0) -> bytes:
    """Return the one value that begins at `at`, header and all; what follows it is not looked at.

    Raises:
        MalformedInput: the header is no DER, or the value is cut off.

    """
    header, size = _header(raw, at)
    if at + header + size > len(raw):
        raise MalformedInput("a DER value is cut off", rule="receipt.der")
    return raw[at : at + header + size]


def inside(raw: bytes, tag: int) -> bytes:
    """Return the content of `raw`, which must be exactly one value of `tag`.

    Raises:
        MalformedInput: it is not.

    """
    if not raw or raw[0] != tag or len(whole(raw)) != len(raw):
        raise MalformedInput("a DER value has another tag or length", rule="receipt.der")
    return raw[_header(raw, 0)[0] :]


def members(raw: bytes, tag: int = SEQUENCE) -> list[bytes]:
    """Cut one constructed value of `tag` into the values it holds.

    Raises:
        MalformedInput: it is not such a value, or something is left over.

    """
    content = inside(raw, tag)
    found = []
    at = 0
    while at < len(content):
        member = whole(content, at)
        found.append(member)
        at += len(member)
    return found


def _header(raw: bytes, at: int) -> tuple[int, int]:
    """Return the length of the header at `at` and of the content it announces."""
    if at + 2 > len(raw):
        raise MalformedInput("a DER value is cut off", rule="receipt.der")
    first = raw[at + 1]
    if first < _SHORT:
        return 2, first
    count = first - _SHORT
    length = raw[at + 2 : at + 2 + count]
    size = int.from_bytes(length, "big")
    is_shortest = 1 <= count <= _MAX_LENGTH_BYTES and len(length) == count and length[0] and size >= _SHORT
    if not is_shortest:
        raise MalformedInput("a DER length is not in its shortest form", rule="receipt.der")
    return 2 + count, size
