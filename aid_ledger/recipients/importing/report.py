"""What an official takes back to the spreadsheet: one line per problem, and counts per code.

Lines are ASCII and name row, column and code, never a value, so the file may be mailed to a village. A page offers
the form Excel opens in columns under Indonesian settings; the command line writes plain commas for programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

import polars as pl

from aid_ledger.recipients.importing.checking import Checked
from aid_ledger.recipients.messages import MESSAGES, Message

HEADER = ("baris", "kolom", "kode", "pesan")
FORMULA_STARTS = r"^[=+\-@\t\r]"
"""Cells a spreadsheet would run; none of ours begins so, and one that ever did is made text by an apostrophe."""


class Separator(Enum):
    """Who will open the report: commas for programs, semicolons for Excel where the comma is the decimal mark."""

    COMMA = ","
    SEMICOLON = ";"


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How often a code occurred, with its words."""

    code: str
    count: int
    message: Message


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers a page shows above the problems; counts are sorted, most frequent first."""

    rows_read: int
    rows_good: int
    rows_refused: int
    errors: tuple[CodeCount, ...]
    warnings: tuple[CodeCount, ...]
    is_truncated: bool


def summarise(checked: Checked) -> Summary:
    """Count what was found, errors and warnings apart."""
    ranked = sorted(checked.counts.items(), key=lambda item: (-item[1], item[0]))
    found = [CodeCount(code, count, MESSAGES[code]) for code, count in ranked]
    return Summary(
        rows_read=checked.rows_read,
        rows_good=checked.good.height,
        rows_refused=checked.rows_refused,
        errors=tuple(item for item in found if not item.message.is_warning),
        warnings=tuple(item for item in found if item.message.is_warning),
        is_truncated=checked.is_truncated,
    )


def write_report(problems: pl.DataFrame, target: Path | IO[bytes], separator: Separator = Separator.COMMA) -> None:
    """Write `baris, kolom, kode, pesan` as CSV with CRLF line ends; `problems` as in `Checked`."""
    lines = problems.select(pl.col("baris"), *(formula_safe(column) for column in HEADER[1:]))
    lines.write_csv(target, separator=separator.value, line_terminator="\r\n")


def formula_safe(column: str) -> pl.Expr:
    """Make a text column harmless in a spreadsheet."""
    text = pl.col(column)
    return pl.when(text.str.contains(FORMULA_STARTS)).then("'" + text).otherwise(text).alias(column)
