"""Cells of the files we write: text that no spreadsheet takes for a formula, and digits that stay text.

Text is quoted and amounts are bare digits, so that a reader who minds quotes keeps leading zeros. A cell that would
begin a formula gets an apostrophe before it (OWASP, CSV injection); full-width signs count, as in Asian locales.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from typing import Final

FORMULA: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
APOSTROPHE: Final = "'"
LINE_END: Final = "\r\n"
"""RFC 4180 section 2."""


def safe_cell(text: str) -> str:
    """Make a text safe for one cell: on one line, without control characters, and never a formula."""
    line = text if text.isprintable() else "".join(map(_on_one_line, text))
    begins = line.lstrip()[:1]
    return APOSTROPHE + line if begins in FORMULA and begins else line


def csv_line(cells: Sequence[str | int]) -> bytes:
    """Write one line: texts made safe and quoted, numbers bare."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC, lineterminator=LINE_END)
    writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    return written.getvalue().encode()


def _on_one_line(character: str) -> str:
    return " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
