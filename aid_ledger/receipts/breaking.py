"""Where a line of text ends: measured by the fonts that are on the page, so that laying out and pressing agree.

The layout engine is never left to break what varies from receipt to receipt: it is given lines. Text is set without
kerning and ligatures, so the width of a line is the sum of its letters' advances. The widths here are those that
`assets/receipt.css` gives its columns; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Final, TypeAlias

from fontTools.ttLib import TTFont

Lines: TypeAlias = tuple[str, ...]

SANS: Final = "plus-jakarta-sans-400.ttf"
BOLD: Final = "plus-jakarta-sans-700.ttf"
MONO: Final = "ibm-plex-mono-400.ttf"

_ASSETS: Final = resources.files("aid_ledger.receipts") / "assets"
_POINTS_PER_MM: Final = 72 / 25.4
_KEPT: Final = 8_192
"""Broken texts kept: the receipts of a batch repeat most of theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A place for text: a face, its size in points, and how wide the place is in millimetres.

    Each is made once and is equal to itself alone, which makes it quick to look up.
    """

    face: str
    size: float
    width: float


PAGE: Final = 126.0
"""An A5 page of 148 mm without its margins."""
NUMBER: Final = Column(BOLD, 7.6, 110)
COPY: Final = Column(BOLD, 8.4, 40)
AMOUNT: Final = Column(BOLD, 22, 117)
IN_WORDS: Final = Column(SANS, 8.6, 117)
CONTENTS: Final = Column(SANS, 7.6, 117)
ROW: Final = Column(SANS, 7.6, PAGE - 26)
SOURCE: Final = Column(SANS, 7.6, PAGE - 36)
SHARE: Final = Column(SANS, 7.6, 34)
STEP: Final = Column(SANS, 7.6, 28)
OFFICIAL: Final = Column(BOLD, 7.6, 63)
OFFICE: Final = Column(SANS, 7.6, 63)
MOMENT: Final = Column(SANS, 7.6, 31)
CODE: Final = Column(BOLD, 6.8, 90)
PLACE: Final = Column(SANS, 6.8, 76)
HASH: Final = Column(MONO, 6, 60)

SMALL_NUMBER: Final = Column(BOLD, 7.4, 76)
"""From here on: the page of a receipt on A6, `assets/small.css`, 105 mm less its margins."""
SMALL_COPY: Final = Column(BOLD, 7.4, 88)
SMALL_AMOUNT: Final = Column(BOLD, 17, 84)
SMALL_IN_WORDS: Final = Column(SANS, 7.6, 84)
SMALL_ROW: Final = Column(SANS, 7.4, 71)
SMALL_CODE: Final = Column(BOLD, 7.4, 54)
SMALL_PLACE: Final = Column(SANS, 6.6, 54)

TITLE: Final = Column(BOLD, 11, 128)
"""From here on: a page of the list by which receipts are handed out, `assets/handout.css`, on A5."""
SUBTITLE: Final = Column(SANS, 6.8, 128)
ORDER: Final = Column(SANS, 6.8, 8)
LISTED: Final = Column(BOLD, 6.2, 27)
AGAIN: Final = Column(SANS, 6, 27)
PAYEE: Final = Column(SANS, 6.8, 30)
STREET: Final = Column(SANS, 6.8, 12)
SUM: Final = Column(SANS, 6.8, 20)


@lru_cache(maxsize=_KEPT)
def wrap(text: str, column: Column) -> Lines:
    """Break text into lines that fit a column: between words, and inside a word only where it alone is too long.

    Spaces count once, as on a web page. Text without a letter has no lines.
    """
    room = column.width * _POINTS_PER_MM / column.size
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if measure(longer, column.face) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _cut(word, column.face, room)
        lines += full
    return (*lines, line) if line else tuple(lines)


def wrap_after(before: str, text: str, column: Column) -> Lines:
    """Break text that goes on in the line `before`, which is set in bold at the same size.

    The first line begins with a space if it stands beside `before`, and has none if nothing fits there.
    """
    room = column.width * _POINTS_PER_MM / column.size - measure(before, BOLD)
    beside, words = "", text.split()
    while words and measure(f"{beside} {words[0]}", column.face) <= room:
        beside += f" {words.pop(0)}"
    below = wrap(" ".join(words), column)
    return (beside, *below) if beside else below


def measure(text: str, face: str) -> float:
    """Return how wide text is, in units of the font's size; a letter that the face does not have counts as a square."""
    advances = metrics(face).advances
    return sum([advances.get(letter, 1.0) for letter in text])


def _cut(word: str, face: str, room: float) -> list[str]:
    """Cut a word into pieces that fit; the last one may be all of it."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and measure(pieces[-1] + letter, face) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a face says of its letters: the number of the glyph, and how far it reaches (1 is the font's size)."""

    glyphs: Mapping[str, int]
    advances: Mapping[str, float]


@cache
def metrics(face: str) -> Metrics:
    """Read a packaged face."""
    with (_ASSETS / face).open("rb") as file, TTFont(file) as font:
        units, widths = font["head"].unitsPerEm, font["hmtx"].metrics
        names = {chr(point): name for point, name in font.getBestCmap().items()}
        return Metrics(
            glyphs={letter: font.getGlyphID(name) for letter, name in names.items()},
            advances={letter: widths[name][0] / units for letter, name in names.items()},
        )
