"""Files as officials and attackers make them, for the tests of reading."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl
import xlsxwriter

from aid_ledger.recipients.importing.reading import read_parts
from aid_ledger.recipients.importing.refusals import UPLOAD, Limits
from aid_ledger.recipients.importing.sheet import Sheet
from aid_ledger.recipients.rules import COLUMNS

XML = '<?xml version="1.0" encoding="UTF-8"?>'


def csv_bytes(rows: Iterable[Mapping[str, object]], *, delimiter: str = ",", end: str = "\r\n") -> bytes:
    """Write rows as Excel would, header first."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def write_xlsx(path: Path, rows: Iterable[Sequence[object]], *, hidden_first: bool = False, above: int = 0) -> Path:
    """Write rows of cells (the header among them) on the first sheet, below `above` blank rows."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "default_date_format": "dd-mm-yyyy"}) as book:
        sheet = book.add_worksheet("Daftar")
        second = book.add_worksheet("Lain")
        if hidden_first:
            second.activate()
            sheet.hide()
        for number, row in enumerate(rows, start=above):
            for place, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif value is not None:
                    sheet.write(number, place, value)
    return path


def write_archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write an archive with the two members every workbook has, and more."""
    needed = {"[Content_Types].xml": f"{XML}<Types/>".encode(), "xl/workbook.xml": f"{XML}<workbook/>".encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**needed, **members}.items():
            archive.writestr(name, content)
    return path


def read_file(path: Path, limits: Limits = UPLOAD) -> Sheet:
    """Read a file in this process and join its parts, as no server does."""
    parts = list(read_parts(path, limits))
    return Sheet(pl.concat([part.rows for part in parts]), pl.concat([part.numbers for part in parts]))
