"""The empty list officials fill in: every column is text, so that no spreadsheet eats a digit, and codes lie beside."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import xlsxwriter

from aid_ledger.recipients.rules import COLUMNS, REQUIRED

OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
WIDTH: Final = 20


def workbook(villages: Sequence[tuple[str, str]]) -> bytes:
    """Write a workbook: the header of a list, and the codes and names of the villages it may name."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, OPTIONS)
    text = book.add_format({"num_format": "@"})
    needed, optional = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("Penerima")
    sheet.set_column(0, len(COLUMNS) - 1, WIDTH, text)
    for place, column in enumerate(COLUMNS):
        sheet.write_string(0, place, column, needed if column in REQUIRED else optional)
    sheet.freeze_panes(1, 0)
    codes = book.add_worksheet("Kode desa")
    codes.set_column(0, 1, WIDTH, text)
    for row, (code, name) in enumerate([("kode_desa", "nama"), *villages]):
        codes.write_string(row, 0, code, text)
        codes.write_string(row, 1, name, text)
    book.close()
    return written.getvalue()
