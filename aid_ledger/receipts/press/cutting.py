"""Cutting a laid-out page where its lines stand.

The page is laid out with a marker in place of each line: its number between two tildes, and after it every letter that
the form shall have, so that the layout engine embeds those and no others. Lines are never broken by the engine and
nothing on the page moves with their width, so the markers stand where the lines will. The file is then read by the very
reader that checks receipts.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, Protocol, Self, TypeVar

from aid_ledger.receipts import breaking
from aid_ledger.receipts.breaking import Lines
from aid_ledger.receipts.press.form import Blank, Face, Form, Glyphs, NotOnPlate, Stand
from audit.pdf import objects
from audit.pdf.objects import Table, Value

_TEXT: Final = "".join(
    chr(point) for point in (*range(0x20, 0x7F), *range(0xC0, 0x100), 0xB7, 0x2013, 0x2014, 0x2018, 0x2019, 0x2022)
)
"""ASCII, the accented letters of western names, dashes, quotes, and the dot that hides a digit."""
LETTERS: Final = {
    breaking.SANS: _TEXT,
    breaking.BOLD: _TEXT,
    breaking.MONO: "~+/=" + string.ascii_letters + string.digits,
}
"""The letters that a plate has of each face; only base64 is set in the narrow one."""

_FILES: Final = {"Sans": breaking.SANS, "Sans-Bold": breaking.BOLD, "Mono": breaking.MONO}
"""The faces by the names that `receipt.css` gives them and the engine writes into the file."""
_SHOWN: Final = re.compile(
    r"1 0 0 -1 (?P<x>\S+) \S+ Tm\n/(?P<font>\S+) (?P<size>\S+) Tf\n(?P<shown>\[(?P<glyphs>[^\]]*)\] TJ)"
)
"""A line of text as the engine draws it: where it begins, in which font of the page, its size, its glyphs."""
_GLYPHS: Final = re.compile(r"<([0-9a-f]*)>0?")


class NotEngraved(Exception):
    """No form can be made of a page: it has more than one page, or a line is not where it should be."""


class Sheet(Protocol):
    """A page that can be cut: its lines, each at its place."""

    def lines(self) -> list[str]:
        """List the lines that vary."""

    def each(self, change: Callable[[str], str]) -> Self:
        """Return the page with every line changed, in their order."""

    def ending_right(self) -> list[Lines]:
        """List the texts that stand at the right end of their columns."""

    def narrow(self) -> Lines:
        """List the lines that are set in the narrow face."""


SheetT = TypeVar("SheetT", bound=Sheet)


def cut_out(page: SheetT, lay_out: Callable[[SheetT], bytes]) -> Form:
    """Lay a page out with markers and cut it; takes a few layouts' time, under the lock of the layout engine.

    Raises:
        NotEngraved: pages of this shape are laid out one by one.

    """
    marked, stands = _mark(page)
    table = objects.open_table(lay_out(marked))
    drawing = drawing_of(table)
    pieces, blanks = _cut(drawing, _fonts_of(table), dict(zip(marked.lines(), stands, strict=True)))
    return Form(table, pieces, blanks)


def drawing_of(table: Table) -> str:
    """Read the drawing of the one page of a file; raises NotEngraved if there are more."""
    return objects.read_stream(table, the_page(table)["Contents"]).decode("ascii")


def the_page(table: Table) -> dict[str, Value]:
    """Find the one page of a file; raises NotEngraved if there are more."""
    found = pages(table)
    if len(found) != 1:
        raise NotEngraved("the receipt has more than one page")
    return found[0]


def pages(table: Table) -> list[dict[str, Value]]:
    """List the pages of a file."""
    catalog = objects.read_dictionary(table, table.trailer["Root"], "Catalog")
    kids = objects.read_dictionary(table, catalog["Pages"], "Pages")["Kids"]
    return [objects.read_dictionary(table, kid, "Page") for kid in kids] if isinstance(kids, list) else []


def _mark(page: SheetT) -> tuple[SheetT, list[Stand]]:
    """Put a marker in the place of each line, and tell where each line will begin."""
    numbers = itertools.count()
    bare = page.each(lambda line: f"{' ' * line.startswith(' ')}~{next(numbers):03}~")
    # What ends at a fixed place may not be wider than its column, or the engine lets it begin there.
    ending = {line for text in bare.ending_right() for line in text}
    narrow = set(bare.narrow())
    letters = {line: LETTERS[breaking.MONO if line in narrow else breaking.SANS] for line in bare.lines()}
    stands = [
        Stand.ENDING if line in ending else Stand.FOLLOWING if line.startswith(" ") else Stand.FIXED
        for line in bare.lines()
    ]
    return bare.each(lambda line: line if line in ending else line + letters[line]), stands


def _fonts_of(table: Table) -> dict[str, Face]:
    """Tell which face is meant by each name that the drawing calls a font by."""
    resources = objects.read_dictionary(table, the_page(table)["Resources"])
    fonts = {}
    for name, reference in dictionary(objects.read(table, resources["Font"])).items():
        base = objects.read_dictionary(table, reference, "Font")["BaseFont"]
        # Such as PNIRTR+Receipt-Sans-Bold; the engine uses other fonts only for letters that ours do not have.
        file = _FILES.get(str(base).partition("+Receipt-")[2])
        if file is not None:
            fonts[name] = _face(file)
    return fonts


def _cut(drawing: str, fonts: Mapping[str, Face], stands: Mapping[str, Stand]) -> tuple[list[str], list[Blank]]:
    """Cut the drawing at its markers: what stays, and between it the pieces that are filled in."""
    known = {(name, _written(face, marker)): marker for name, face in fonts.items() for marker in stands}
    pieces: list[str] = []
    blanks: dict[str, Blank] = {}
    after = 0
    for shown in _SHOWN.finditer(drawing):
        # Between glyphs that are moved by nothing the engine writes nothing, or 0: whatever else there is, stays.
        marker = known.get((shown["font"], _GLYPHS.sub(r"\1", shown["glyphs"])))
        if marker is None:
            continue
        face, x, size, stand = fonts[shown["font"]], float(shown["x"]), float(shown["size"]), stands[marker]
        between = drawing[shown.end("x") : shown.start("shown")]
        pieces += [drawing[after : shown.start("x")], shown["x"], f"{between}<", "", "> Tj"]
        after = shown.end()
        ends = x + face.width(marker, size)
        begins, letters = len(pieces) - 4, len(pieces) - 2
        blanks[marker] = Blank(begins, letters, face, size, stand, ends if stand is Stand.ENDING else x)
    pieces.append(drawing[after:])
    if blanks.keys() != stands.keys():
        raise NotEngraved("a line of the page does not stand where it should")
    return pieces, [blanks[marker] for marker in stands]


def _written(face: Face, marker: str) -> str:
    """Write a marker as glyphs; a face that lacks its letters does not show it."""
    try:
        return face.written(marker)
    except NotOnPlate:
        return ""


@cache
def _face(file: str) -> Face:
    """Read a face; the layout engine keeps the numbers that its glyphs have in the font file."""
    metrics = breaking.metrics(file)
    return Face(Glyphs({ord(letter): f"{metrics.glyphs[letter]:04x}" for letter in LETTERS[file]}), metrics.advances)


def dictionary(value: Value) -> dict[str, Value]:
    """Read a value that has to be a dictionary; raises NotEngraved."""
    if not isinstance(value, dict):
        raise NotEngraved("a dictionary is missing")
    return value
