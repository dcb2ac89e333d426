"""Engraving a plate: a page of the right shape is laid out once, and cut where its lines stand.

The page is laid out with a marker in place of each line: its number between two tildes, and after it every letter that
the plate shall have, so that the layout engine embeds those and no others. Lines are never broken by the engine and
nothing on the page moves with their width, so the markers stand where the lines will. The file is then read by the very
reader that checks receipts, what varies is taken out, and the rest is written down in order.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
import string
from collections.abc import Mapping
from functools import cache
from typing import Final

from aid_ledger.receipts import breaking
from aid_ledger.receipts.page import Page
from aid_ledger.receipts.press.plate import Blank, Face, Glyphs, NotOnPlate, Numbers, Plate, Stand
from aid_ledger.receipts.rendering import ReceiptPrinter
from aid_ledger.receipts.varying import Particulars
from audit.pdf import objects
from audit.pdf.frame import HEADER
from audit.pdf.objects import Reference, Table, Value

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
_OFFSET: Final = b"%010d 00000 n \n"
_ANY: Final = Particulars(
    title="", author="", moment=dt.datetime(2021, 1, 1, tzinfo=dt.UTC), evidence=b"", address="#0"
)


class NotEngraved(Exception):
    """No plate can be made for a page of this shape: it has more than one page, or a line is not where it should be."""


def engrave(page: Page, printer: ReceiptPrinter) -> Plate:
    """Make the plate for receipts of a page's shape; takes a few layouts' time, under the lock of the layout engine.

    Raises:
        NotEngraved: receipts of this shape are laid out one by one.

    """
    marked, stands = _mark(page)
    table = objects.open_table(printer.lay_out(marked, _ANY))
    varies = _numbers_of(table)
    drawing = objects.read_stream(table, Reference(varies.drawing)).decode("ascii")
    pieces, blanks = _cut(drawing, _fonts_of(table), dict(zip(marked.lines(), stands, strict=True)))
    constant, offsets = _constant(table, varies)
    lines = [_OFFSET if number in varies else _OFFSET % offsets[number] for number in sorted(table.spans)]
    root, information = table.trailer["Root"], table.trailer["Info"]
    if not isinstance(root, Reference) or not isinstance(information, Reference):
        raise NotEngraved("the file has no catalog")
    count = len(table.spans) + 1
    named = b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n" % (count, root.number, information.number)
    return Plate(
        constant=constant,
        drawing=pieces,
        blanks=blanks,
        numbers=varies,
        table=b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(lines),
        trailer=named + b"/ID [(%b) (%b)]\n>>\nstartxref\n%d\n%%%%EOF\n",
    )


def _mark(page: Page) -> tuple[Page, list[Stand]]:
    """Put a marker in the place of each line, and tell where each line will begin."""
    numbers = itertools.count()
    bare = page.each(lambda line: f"{' ' * line.startswith(' ')}~{next(numbers):03}~")
    # What ends at a fixed place may not be wider than its column, or the engine lets it begin there.
    ending = {line for text in bare.ending_right() for line in text}
    narrow = set(bare.root)
    letters = {line: LETTERS[breaking.MONO if line in narrow else breaking.SANS] for line in bare.lines()}
    stands = [
        Stand.ENDING if line in ending else Stand.FOLLOWING if line.startswith(" ") else Stand.FIXED
        for line in bare.lines()
    ]
    return bare.each(lambda line: line if line in ending else line + letters[line]), stands


def _numbers_of(table: Table) -> Numbers:
    """Find the objects that vary, on the way from the catalog to them."""
    catalog = objects.read_dictionary(table, table.trailer["Root"], "Catalog")
    (picture,) = _dictionary(_resources(table)["XObject"]).values()
    files = _dictionary(objects.read(table, _dictionary(catalog["Names"])["EmbeddedFiles"]))["Names"]
    specification = objects.read_dictionary(table, files[1] if isinstance(files, list) else None, "Filespec")
    return Numbers(
        drawing=_number(_page(table)["Contents"]),
        picture=_number(picture),
        metadata=_number(catalog["Metadata"]),
        information=_number(table.trailer["Info"]),
        attached=_number(_dictionary(specification["EF"])["F"]),
        signature=_number(_dictionary(catalog["Perms"])["DocMDP"]),
    )


def _page(table: Table) -> dict[str, Value]:
    catalog = objects.read_dictionary(table, table.trailer["Root"], "Catalog")
    kids = objects.read_dictionary(table, catalog["Pages"], "Pages")["Kids"]
    if not isinstance(kids, list) or len(kids) != 1:
        raise NotEngraved("the receipt has more than one page")
    return objects.read_dictionary(table, kids[0], "Page")


def _resources(table: Table) -> dict[str, Value]:
    return objects.read_dictionary(table, _page(table)["Resources"])


def _fonts_of(table: Table) -> dict[str, Face]:
    """Tell which face is meant by each name that the drawing calls a font by."""
    fonts = {}
    for name, reference in _dictionary(objects.read(table, _resources(table)["Font"])).items():
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


def _constant(table: Table, varies: Numbers) -> tuple[bytes, dict[int, int]]:
    """Write the objects that stay, one after another, and say where each begins."""
    written, offsets = [HEADER], {}
    at = len(HEADER)
    for number, (begins, ends) in sorted(table.spans.items()):
        if number not in varies:
            offsets[number] = at
            written.append(table.whole[begins:ends])
            at += ends - begins
    return b"".join(written), offsets


def _dictionary(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise NotEngraved("a dictionary is missing")
    return value


def _number(value: Value) -> int:
    if not isinstance(value, Reference):
        raise NotEngraved("a reference is missing")
    return value.number
