"""The QR code of a receipt: the address at which anyone can check it, as an image of one bit a point.

What identifies the receipt stands in the fragment of the address, which browsers never send: it appears in no server
log, proxy log or referrer. It is the receipt's stamp (`stamping.py`), or on older paper its bare code. What the page
does with it is `static/proof/receipt.js`.

Encoding is linear: the code of an address is the code of one whose fragment is as many zeros, XOR what the fragment's
bits and their check bytes turn over. So segno, which knows the whole standard, is asked once for each length, and
afterwards only the bits of the fragment are put in their places (ISO/IEC 18004:2015, sections 7.4 to 7.7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from typing import Final

import segno
from segno import consts

from aid_ledger.receipts.placing import Placed, place_in_log
from aid_ledger.receipts.stamping import StampKey
from audit.pdf.evidence import Evidence
from audit.pdf.fields import ReceiptFields

MASK: Final = 2
"""A fixed mask pattern: readers accept all eight, and searching for the prettiest costs seven times as much."""
ERROR_LEVEL: Final = "m"
"""Survives a stain over 15 % of the code; a higher level would make the modules too small for cheap cameras."""
SCALE: Final = 4
"""Points of a module: a reader of PDF that smooths images then blurs its edges only."""

_BLOCKS: Final = {
    1: (10, (16,)),
    2: (16, (28,)),
    3: (26, (44,)),
    4: (18, (32,) * 2),
    5: (24, (43,) * 2),
    6: (16, (27,) * 4),
    7: (18, (31,) * 4),
    8: (22, (38,) * 2 + (39,) * 2),
    9: (22, (36,) * 3 + (37,) * 2),
    10: (26, (43,) * 4 + (44,)),
    11: (30, (50,) + (51,) * 4),
    12: (22, (36,) * 6 + (37,) * 2),
    13: (22, (37,) * 8 + (38,)),
    14: (24, (40,) * 4 + (41,) * 5),
    15: (24, (41,) * 5 + (42,) * 5),
    16: (28, (45,) * 7 + (46,) * 3),
}
"""Check bytes of a block, and data bytes of each block, at level M, by version (ISO/IEC 18004 table 9)."""
_WIDE: Final = 10
_LENGTH_BITS: Final = {False: (8, 10), True: (16, 12)}
"""Bits in which a segment of letters and one of digits say how long they are, below version _WIDE and from it on
(table 3)."""
_TRIPLES: Final = [f"{number:010b}" for number in range(1_000)]
_FIELD: Final = 0x11D
"""x^8 + x^4 + x^3 + x^2 + 1, by which bytes are multiplied (section 7.5.2)."""
_DATA_MODULES: Final = (consts.TYPE_DATA_DARK, consts.TYPE_DATA_LIGHT)
_TIMING_COLUMN: Final = 6
_KEPT: Final = 128
"""Lengths of addresses whose form is kept, some 60 kB each: stamps differ in length as names do."""
_POINTS: Final = str.maketrans("01", "f0")
"""A light module is four white points, one hexadecimal digit."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """An image: `points` wide and high, and its rows, each of whole bytes; 0 is black."""

    points: int
    rows: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What all addresses of one length share. A raster is a number, one bit a module.

    In the message the fragment begins after `before` bits. `place` picks, for every module of the raster, a bit of the
    message or a blank; `fixed` is all of the code but the fragment.
    """

    version: int
    width: int
    before: int
    place: Callable[[str], tuple[str, ...]]
    fixed: int


def check_address(base_url: str, fragment: str) -> str:
    """Write the address that checks one receipt: `<base>/periksa#<stamp or code>`."""
    return f"{base_url.rstrip('/')}/periksa#{fragment}"


def address_of(base_url: str, evidence: Evidence, stamp_key: StampKey | None) -> str:
    """Write the address that a receipt's code holds: with its stamp, or with its bare code where there is no key.

    Raises:
        MalformedInput: the evidence breaks its schema.

    """
    return address_at(base_url, evidence.fields, place_in_log(evidence), stamp_key)


def address_at(base_url: str, fields: ReceiptFields, placed: Placed, stamp_key: StampKey | None) -> str:
    """Write the same for whoever knows already where the log holds the receipt."""
    return check_address(base_url, stamp_key.stamp_at(fields, placed) if stamp_key else fields.code)


def modules(address: str) -> segno.QRCode:
    """Have segno encode an address; the same address always gives the same modules.

    A stamp is nothing but digits, which stand in a segment of their own: there ten bits hold three of them.
    """
    place, mark, fragment = address.partition("#")
    parts = [(place + mark, consts.MODE_BYTE)]
    parts.append((fragment, consts.MODE_NUMERIC if fragment.isdecimal() else consts.MODE_BYTE))
    # Its types leave out that several segments may be given.
    return segno.make_qr(parts, error=ERROR_LEVEL, mask=MASK, boost_error=False)  # type: ignore[arg-type]


def draw(address: str) -> Drawn:
    """Draw the code of an address; the blank space around it (four modules, section 9.1) is left to the page.

    Raises:
        ValueError: the address is not ASCII, has no fragment, or is longer than version 16 holds.

    """
    place, mark, fragment = address.partition("#")
    if not address.isascii() or not fragment:
        raise ValueError("what identifies a receipt stands in ASCII behind the # of its address")
    is_digits = fragment.isdecimal()
    form = _form_of(place + mark, len(fragment), is_digits=is_digits)
    message = _message(_digit_bits(fragment) if is_digits else _letter_bits(fragment), form)
    bits = form.place(f"{int.from_bytes(message, 'big'):0{len(message) * 8}b}0")
    return Drawn(form.width * SCALE, _rows(int("".join(bits), 2) ^ form.fixed, form.width))


def _rows(raster: int, width: int) -> bytes:
    """Widen every module to SCALE by SCALE points."""
    modules = f"{raster:0{width * (width + 1)}b}".translate(_POINTS)
    narrow = bytes.fromhex(modules)
    step = (width + 1) // 2
    return b"".join([narrow[start : start + step] * SCALE for start in range(0, len(narrow), step)])


@lru_cache(maxsize=_KEPT)
def _form_of(place: str, count: int, *, is_digits: bool) -> Form:
    """Ask segno for the code of a fragment of zeros: whatever fragment comes, this much of the code is the same."""
    code = modules(place + ("0" if is_digits else "\0") * count)
    version = int(code.version)
    if version not in _BLOCKS:
        raise ValueError(f"an address of {len(place) + count} letters is too long for a receipt")
    kinds = [list(row) for row in code.matrix_iter(scale=1, border=0, verbose=True)]
    width = len(kinds)
    # One more column than the code has fills each row to whole bytes.
    cells = [(row, column) for row in range(width) for column in range(width + 1)]
    bits = dict(zip(_path(kinds), _interleaved(version), strict=False))
    checks, blocks = _BLOCKS[version]
    blank = 8 * (sum(blocks) + checks * len(blocks))
    picked: Callable[[str], tuple[str, ...]] = itemgetter(*[bits.get(cell, blank) for cell in cells])
    rows = [[*row, 0] for row in code.matrix_iter(scale=1, border=0)]
    fixed = int("".join("1" if rows[row][column] else "0" for row, column in cells), 2)
    letters, digits = _LENGTH_BITS[version >= _WIDE]
    before = 4 + letters + 8 * len(place) + (4 + digits if is_digits else 0)
    return Form(version, width, before, picked, fixed)


def _letter_bits(fragment: str) -> str:
    """Write eight bits a letter (section 7.4.5)."""
    return f"{int.from_bytes(fragment.encode('ascii'), 'big'):0{8 * len(fragment)}b}"


def _digit_bits(fragment: str) -> str:
    """Write ten bits for three digits; seven or four for the two or the one that are left (section 7.4.3)."""
    whole = len(fragment) // 3 * 3
    bits = [_TRIPLES[int(fragment[at : at + 3])] for at in range(0, whole, 3)]
    rest = fragment[whole:]
    return "".join(bits) + (f"{int(rest):0{len(rest) * 3 + 1}b}" if rest else "")


def _message(bits: str, form: Form) -> bytes:
    """Write the fragment, block after block, and then the check bytes of each block.

    What surrounds the fragment (address, lengths, padding) is zero here, for it is in the form already, with its check
    bytes.
    """
    checks, blocks = _BLOCKS[form.version]
    size = sum(blocks)
    data = (int(bits, 2) << 8 * size - form.before - len(bits)).to_bytes(size, "big")
    found, start = [data], 0
    for block in blocks:
        found.append(_check_bytes(data[start : start + block], checks))
        start += block
    return b"".join(found)


def _check_bytes(block: bytes, count: int) -> bytes:
    """Divide a block by the generator and return the remainder (section 7.5.2)."""
    multiples = _generator_multiples(count)
    top, kept = 8 * (count - 1), (1 << 8 * count) - 1
    rest = 0
    for byte in block:
        rest = (rest << 8 & kept) ^ multiples[rest >> top ^ byte]
    return rest.to_bytes(count, "big")


@cache
def _generator_multiples(count: int) -> tuple[int, ...]:
    """Multiply the generator polynomial of this degree, without its leading 1, by each byte."""
    generator, root = [1], 1
    for _ in range(count):
        longer = [*generator, 0]
        for place, factor in enumerate(generator, start=1):
            longer[place] ^= _times(factor, root)
        generator, root = longer, _times(root, 2)
    return tuple(int.from_bytes(bytes(_times(each, byte) for each in generator[1:]), "big") for byte in range(256))


def _times(one: int, other: int) -> int:
    """Multiply two bytes as polynomials, reduced."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one = one << 1 ^ (_FIELD if one & 0x80 else 0)
        other >>= 1
    return product


def _interleaved(version: int) -> Iterator[int]:
    """Say in which order the bits of `_message` are drawn: first bytes of all blocks, second bytes, … (section 7.6)."""
    checks, blocks = _BLOCKS[version]
    starts = [sum(blocks[:number]) for number in range(len(blocks))]
    order = [start + at for at in range(max(blocks)) for start, size in zip(starts, blocks, strict=True) if at < size]
    order += [sum(blocks) + number * checks + at for at in range(checks) for number in range(len(blocks))]
    return (byte * 8 + bit for byte in order for bit in range(8))


def _path(kinds: list[list[int]]) -> Iterator[tuple[int, int]]:
    """Walk the message: pairs of columns from the right, upwards and downwards in turn (section 7.7.3)."""
    last = len(kinds) - 1
    # segno 1.6.6 names this module of the message one of the format's.
    kinds[8][last - 8] = consts.TYPE_DATA_LIGHT
    rights = [*range(last, _TIMING_COLUMN, -2), *range(_TIMING_COLUMN - 1, 0, -2)]
    for turn, right in enumerate(rights):
        rows = range(last + 1)
        for row in reversed(rows) if turn % 2 == 0 else rows:
            for column in (right, right - 1):
                if kinds[row][column] in _DATA_MODULES:
                    yield row, column
