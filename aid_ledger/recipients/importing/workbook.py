"""XLSX as text: the archive is examined before anything opens it, the first sheet is read, formulas stay unevaluated.

A cell's stored value is taken as it is; a formula gives the result its program last stored, or nothing. A number
where digits are a name is noted for checking. Runs inside the prison: a lying archive meets its memory limit there.
"""

from __future__ import annotations

import itertools
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import polars as pl
import python_calamine as calamine

from aid_ledger.recipients.importing.columns import match_header
from aid_ledger.recipients.importing.refusals import (
    ArchiveSuspicious,
    FileEmpty,
    FileKindUnknown,
    FileTooManyRows,
    Limits,
    SheetHidden,
)
from aid_ledger.recipients.importing.sheet import NUMBERS, Sheet, assemble
from aid_ledger.recipients.rules import IDENTIFIERS, number_text

MEMBERS_MAX = 1_000
"""A list has a dozen members; a workbook with pictures a few hundred."""
EXPANDED_BYTES_MAX = 768 * 2**20
"""A full sheet of all sixteen columns is about half of it as XML."""
RATIO_MAX = 150
"""Sheets of repeated words shrink to a fiftieth; a bomb to a thousandth."""
RATIO_COUNTS_FROM_BYTES = 2**20
CHUNK_ROWS = 20_000
"""Rows held as Python objects at a time; a million of them would fill the prison."""
ENCRYPTED = 0x1
NEEDED = ("[Content_Types].xml", "xl/workbook.xml")


def read_workbook(source: Path, limits: Limits) -> Iterator[Sheet]:
    """Read the first sheet of an XLSX file part by part.

    Raises:
        FileRefused: Suspicious archive, hidden or empty sheet, wrong header, or a limit exceeded.
    """
    refuse_suspicious_archive(source)
    try:
        with calamine.load_workbook(source) as book:
            if any(first.visible is not calamine.SheetVisibleEnum.Visible for first in book.sheets_metadata[:1]):
                raise SheetHidden("the first sheet is hidden")
            yield from _read_rows(iter(book.get_sheet_by_index(0).iter_rows()), limits)
    except (calamine.CalamineError, zipfile.BadZipFile) as broken:
        raise FileKindUnknown("the workbook cannot be opened") from broken


def refuse_suspicious_archive(source: Path) -> None:
    """Look at the archive's directory only: names, counts and sizes no spreadsheet program writes.

    Raises:
        FileKindUnknown: Not an archive, encrypted, or not a spreadsheet.
        ArchiveSuspicious: Too many members, too large, too dense, or names that lead outside.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError) as broken:
        raise FileKindUnknown("the archive cannot be opened") from broken
    names = [member.filename for member in members]
    if len(members) > MEMBERS_MAX:
        raise ArchiveSuspicious("too many members", reason=f"lebih dari {MEMBERS_MAX} bagian")
    if any(_leads_outside(member.orig_filename) for member in members):
        raise ArchiveSuspicious("a name leads outside", reason="nama bagian menunjuk ke luar berkas")
    if len(set(names)) != len(names):
        raise ArchiveSuspicious("a name appears twice", reason="nama bagian ganda")
    if any(member.flag_bits & ENCRYPTED for member in members) or not set(NEEDED) <= set(names):
        raise FileKindUnknown("not an open spreadsheet")
    expanded = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if expanded > EXPANDED_BYTES_MAX:
        raise ArchiveSuspicious("too large when unpacked", reason="terlalu besar setelah dibuka")
    if expanded > RATIO_COUNTS_FROM_BYTES and expanded > RATIO_MAX * max(packed, 1):
        raise ArchiveSuspicious("too dense", reason="pemampatan tidak wajar")


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or "\x00" in name or ".." in PurePosixPath(name).parts


def _read_rows(rows: Iterator[Sequence[object]], limits: Limits) -> Iterator[Sheet]:
    row, header = _first_with_values(rows)
    names = match_header([cell if isinstance(cell, str) else number_text(cell) for cell in header], limits)
    places = [name or f"#{position}" for position, name in enumerate(names, start=1)]
    first_row = row + 1
    while chunk := list(itertools.islice(rows, CHUNK_ROWS)):
        numbers: list[tuple[int, str]] = []
        cells = as_text(chunk, names=places, first_row=first_row, numbers=numbers)
        yield Sheet(
            assemble(cells, names, first_row=first_row, limits=limits),
            pl.DataFrame(numbers, schema=NUMBERS, orient="row"),
        )
        first_row += len(chunk)
        if first_row - row - 1 > limits.rows:
            raise FileTooManyRows("too many rows", limit=limits.rows)


def _first_with_values(rows: Iterator[Sequence[object]]) -> tuple[int, Sequence[object]]:
    """Find the header: rows above it come as blanks and count, so that numbers are those the spreadsheet shows."""
    for row, cells in enumerate(rows, start=1):
        if any(str(cell).strip() for cell in cells):
            return row, cells
    raise FileEmpty("the first sheet holds nothing")


def as_text(
    chunk: Sequence[Sequence[object]], *, names: Sequence[str], first_row: int, numbers: list[tuple[int, str]]
) -> pl.DataFrame:
    """Turn a chunk of cells into columns of text, noting identifiers that were stored as numbers."""
    columns: dict[str, pl.Series] = {}
    for place, name in enumerate(names):
        values = [row[place] for row in chunk]
        for offset, value in enumerate(values):
            if not isinstance(value, str):
                values[offset] = number_text(value)
                if name in IDENTIFIERS:
                    numbers.append((first_row + offset, name))
        columns[name] = pl.Series(name, values, dtype=pl.String)
    return pl.DataFrame(columns)
