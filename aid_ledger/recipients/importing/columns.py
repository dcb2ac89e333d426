"""The header row: which columns a list may have, and how an official's spelling of them is recognised.

Names of columns and what their cells must hold are in `recipients/rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aid_ledger.recipients.importing.refusals import (
    ColumnsDuplicate,
    ColumnsMissing,
    ColumnsUnknown,
    FileTooManyColumns,
    HeaderMissing,
    Limits,
)
from aid_ledger.recipients.rules import COLUMNS, REQUIRED

ROW = "baris"
"""The row's number as the spreadsheet shows it; the header usually is row 1."""
NAME_SHOWN_MAX = 40


def match_header(cells: Sequence[str], limits: Limits) -> list[str | None]:
    """Name the column of each header cell; None stands for a blank one, which may head no values.

    Raises:
        FileTooManyColumns: More cells than the limit.
        HeaderMissing: No cell is a column's name.
        ColumnsUnknown: Some cell is not a column's name.
        ColumnsDuplicate: A column is named twice.
        ColumnsMissing: A required column is not there.
    """
    if len(cells) > limits.columns:
        raise FileTooManyColumns("too many columns", limit=limits.columns)
    names = [_canonical(cell) or None for cell in cells]
    if not set(names) & set(COLUMNS):
        raise HeaderMissing("no known column name in the first row")
    unknown = [cell for cell, name in zip(cells, names, strict=True) if name is not None and name not in COLUMNS]
    if unknown:
        raise ColumnsUnknown("unknown columns", names=", ".join(_shown(cell) for cell in unknown))
    duplicate = [column for column in COLUMNS if names.count(column) > 1]
    if duplicate:
        raise ColumnsDuplicate("duplicate columns", names=", ".join(duplicate))
    missing = [column for column in REQUIRED if column not in names]
    if missing:
        raise ColumnsMissing("missing columns", names=", ".join(missing))
    return names


def _canonical(cell: str) -> str:
    """Fold case, blanks, dashes and dots, so that "No. KK" and "NO_KK" are one column."""
    return re.sub(r"[\s_.\-\ufeff]+", "_", cell.strip().lower()).strip("_")


def _shown(cell: str) -> str:
    """Repeat an unknown header with every digit hidden: a value may have slipped into the row."""
    return re.sub("[0-9]", "\u2022", " ".join(cell.split()))[:NAME_SHOWN_MAX]
