"""A page with blanks: what was laid out once, cut where its lines stand, so that other lines can be drawn into it.

The drawing of a page is a text of commands; the letters of a line are numbers of glyphs in `<…> Tj`, and that is all
that is filled in. What becomes of the drawing is another matter: the file of one receipt (`plate`), or a place on a
sheet among those of a village (`sheets`). How a page is cut is `cutting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from audit.pdf.objects import Table

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


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A page cut into pieces, with the blanks among them, and the file (`table`) in which its fonts lie."""

    table: Table
    pieces: Sequence[str]
    blanks: Sequence[Blank]

    def draw(self, lines: Sequence[str]) -> list[str]:
        """Fill lines into the drawing of the page; raises NotOnPlate if a letter is missing."""
        pieces = list(self.pieces)
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
