"""A plate: a receipt's file with blanks, from which receipts of one shape are printed.

A file of PDF is a header, numbered objects ("7 0 obj … endobj"), a table that says at which byte each of them begins,
and a trailer that names the first one to read. All objects that are the same on every receipt come first, so that they
are written, and hashed, once for all receipts. After them come the six that vary: the drawing of the page and those of
`varying`. The drawing is a text of commands; the letters of a line are numbers of glyphs in `<…> Tj`, and that is all
that is filled in. The signature is made over the bytes as they stand, and goes into its gap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

from aid_ledger.receipts import varying
from aid_ledger.receipts.press import deflating
from aid_ledger.receipts.signing import Seal
from aid_ledger.receipts.varying import Particulars
from audit.pdf import frame

KEPT: Final = 4_096
"""Lines kept as glyphs, and widths: the officials of a batch are on each of its receipts."""
UNITS: Final = 1_024
"""Parts of a pixel in which Pango keeps sizes and widths."""


class NotOnPlate(Exception):
    """A letter of this receipt is not among those the plate has."""


class Glyphs(dict[int, str]):
    """The glyphs of a face by letter, for `str.translate`; a letter that is missing stops the press."""

    def __missing__(self, letter: int) -> str:
        """Refuse what would otherwise be printed as a blank."""
        raise NotOnPlate(chr(letter))


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A typeface as it lies in the plate: glyphs in hexadecimal, and how far each letter reaches (1 is its size)."""

    glyphs: Glyphs
    advances: Mapping[str, float]

    @lru_cache(maxsize=KEPT)  # noqa: B019 - there are three faces, and they live as long as the process
    def written(self, line: str) -> str:
        """Write a line as glyphs; raises NotOnPlate if the face lacks one of its letters."""
        return line.translate(self.glyphs)

    @lru_cache(maxsize=KEPT)  # noqa: B019 - as above
    def width(self, line: str, size: float) -> float:
        """Measure a line as the layout engine does, which rounds every letter to a UNIT of a pixel."""
        units = size * UNITS
        return sum([round(self.advances[letter] * units) for letter in line]) / UNITS


class Stand(Enum):
    """Where a line begins: where its marker did; so that it ends where its marker did; or where the one before ends."""

    FIXED = "fixed"
    ENDING = "ending"
    FOLLOWING = "following"


class Blank(NamedTuple):
    """A line to fill in: the pieces of the drawing for its beginning and its letters, its face and its size.

    `x` is where it begins if it is fixed, and where it ends if it is ending.
    """

    begins: int
    letters: int
    face: Face
    size: float
    stand: Stand
    x: float


class Numbers(NamedTuple):
    """The numbers of the objects that vary, in the order in which they are written."""

    drawing: int
    picture: int
    metadata: int
    information: int
    attached: int
    signature: int


@dataclass(frozen=True)
class Plate:
    """Prints receipts of one shape. `table` and `trailer` have places (`%…`) for offsets and for the identifier."""

    constant: bytes
    drawing: Sequence[str]
    blanks: Sequence[Blank]
    numbers: Numbers
    table: bytes
    trailer: bytes
    _hashed: hashlib._Hash = field(init=False, repr=False)
    _packed: Sequence[bytes | int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Hash and deflate what is constant, once."""
        object.__setattr__(self, "_hashed", hashlib.sha256(self.constant))
        object.__setattr__(self, "_packed", self._pack())

    def print(self, lines: Sequence[str], these: Particulars, seal: Seal) -> bytes:
        """Print one receipt and sign it.

        Raises:
            NotOnPlate: a letter is missing.

        """
        bodies = (
            varying.stream(b"/Filter /FlateDecode", self._deflate(self._draw(lines))),
            varying.picture(these),
            varying.metadata(these),
            varying.information(these),
            varying.attached(these),
            varying.signature(these),
        )
        at = len(self.constant)
        offsets: dict[int, int] = {}
        written: list[bytes] = []
        for number, body in zip(self.numbers, bodies, strict=True):
            offsets[number] = at
            written.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))
            at += len(written[-1])
        identifier = these.identifier.encode("ascii")
        tail = b"".join(
            (
                self.table % tuple(offsets[number] for number in sorted(self.numbers)),
                self.trailer % (identifier, identifier, at),
            )
        )
        return self._sign(b"".join(written), tail, seal)

    def _pack(self) -> list[bytes | int]:
        """Deflate what stays of the drawing, run by run; of what is filled in, keep the places."""
        changing = {blank.letters for blank in self.blanks}
        changing |= {blank.begins for blank in self.blanks if blank.stand is not Stand.FIXED}
        packed: list[bytes | int] = []
        for changes, run in groupby(range(len(self.drawing)), key=changing.__contains__):
            places = list(run)
            packed += places if changes else [deflating.run("".join([self.drawing[place] for place in places]))]
        return packed

    def _deflate(self, pieces: Sequence[str]) -> bytes:
        """Write the drawing as a deflated stream, out of runs that are deflated already and of pieces as they are."""
        parts = [part if isinstance(part, bytes) else deflating.stored(pieces[part]) for part in self._packed]
        return deflating.whole(parts, "".join(pieces))

    def _draw(self, lines: Sequence[str]) -> list[str]:
        """Fill the lines into the drawing of the page."""
        pieces = list(self.drawing)
        before: tuple[Blank, str] | None = None
        for blank, line in zip(self.blanks, lines, strict=True):
            pieces[blank.letters] = blank.face.written(line)
            if blank.stand is Stand.ENDING:
                pieces[blank.begins] = f"{blank.x - blank.face.width(line, blank.size):.6f}"
            elif blank.stand is Stand.FOLLOWING and before is not None:
                last, text = before
                pieces[blank.begins] = f"{last.x + last.face.width(text, last.size):.6f}"
            before = blank, line
        return pieces

    def _sign(self, varied: bytes, tail: bytes, seal: Seal) -> bytes:
        """Write the signed range, hash all but the gap, and put the signature into it."""
        begins, ends = varying.gap_of(varied)
        first = len(self.constant)
        size = first + len(varied) + len(tail)
        ranged = varying.signed_range(first + begins, first + ends, size)
        before = varied[: begins - len(varying.BETWEEN) - len(ranged)] + ranged + varying.BETWEEN
        after = varied[ends:] + tail
        hashed = self._hashed.copy()
        hashed.update(before)
        hashed.update(after)
        signature = frame.fill(seal.over(hashed.digest()), ends - begins)
        return b"".join((self.constant, before, signature, after))
