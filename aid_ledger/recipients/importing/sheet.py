"""A list as text: what reading hands to checking, whatever the file was, and how it crosses the prison wall.

Cells are untyped text here. Nothing is judged except what only the reader can know: that a cell held a number where
digits are a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from aid_ledger.recipients.importing.columns import ROW
from aid_ledger.recipients.importing.refusals import (
    CellTooLong,
    ColumnUnnamed,
    FileTooManyRows,
    FileWithoutRows,
    Limits,
)
from aid_ledger.recipients.rules import COLUMNS

PART_ROWS = 100_000
"""Rows handed over at a time: enough to keep both cores busy, few enough to keep the peak of memory low."""

ROW_TYPE = pl.UInt32
NUMBERS = pl.Schema({ROW: ROW_TYPE, "kolom": pl.String})


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of text in the order of the file, and the places where an identifier was stored as a number.

    `rows` has `baris` and the columns of the file; `numbers` has one row (`baris`, `kolom`) per such place.
    """

    rows: pl.DataFrame
    numbers: pl.DataFrame


def assemble(cells: pl.DataFrame, names: Sequence[str | None], *, first_row: int, limits: Limits) -> pl.DataFrame:
    """Give rows their numbers and columns their names, without empty rows, every cell within its limit.

    `cells` has one String column per header cell, in order; `first_row` is the number of its first row.

    Raises:
        FileTooManyRows: More rows than the limit.
        CellTooLong: A cell exceeds the limit.
        ColumnUnnamed: Values stand under an empty header.
        FileWithoutRows: No row holds any value.
    """
    if cells.height > limits.rows:
        raise FileTooManyRows("too many rows", limit=limits.rows)
    places = [name or f"#{position}" for position, name in enumerate(names, start=1)]
    numbered = cells.rename(dict(zip(cells.columns, places, strict=True))).with_row_index(ROW, first_row)
    _hold_cell_limit(numbered, places, limits)
    blank = pl.all_horizontal(pl.col(places).str.strip_chars().fill_null("") == "")
    rows = numbered.filter(~blank)
    for position, name in enumerate(names, start=1):
        if name is None and rows.select((pl.col(f"#{position}").fill_null("").str.strip_chars() != "").any()).item():
            raise ColumnUnnamed("values under an empty header", position=position)
    if rows.is_empty():
        raise FileWithoutRows("no rows under the header")
    return rows.select(pl.col(ROW).cast(ROW_TYPE), *[column for column in COLUMNS if column in names])


def _hold_cell_limit(numbered: pl.DataFrame, places: Sequence[str], limits: Limits) -> None:
    longest = numbered.select(pl.col(places).str.len_chars().max()).row(0)
    for column, length in zip(places, longest, strict=True):
        if length is not None and length > limits.cell_chars:
            row = numbered.filter(pl.col(column).str.len_chars() > limits.cell_chars).item(0, ROW)
            raise CellTooLong("a cell is too long", row=row, column=column, limit=limits.cell_chars)


def hand_over(sheet: Sheet, results: Path) -> None:
    """Write a sheet as numbered parts; the order of names is the order of rows.

    Parquet, because its reader checks what it decodes: Arrow files are taken on trust, and the prisoner has none.
    """
    for number, part in enumerate(sheet.rows.iter_slices(PART_ROWS)):
        part.write_parquet(results / f"rows-{number:05}.parquet", compression="lz4", statistics=False)
    sheet.numbers.write_parquet(results / "numbers.parquet")


def take_over(results: Path) -> Iterator[Sheet]:
    """Read back the parts one at a time, checking that they are text in known columns and nothing else."""
    numbers = pl.read_parquet(results / "numbers.parquet")
    if numbers.schema != NUMBERS:
        raise RuntimeError("the reader handed over numbers of another shape")
    for path in sorted(results.glob("rows-*.parquet")):
        rows = pl.read_parquet(path)
        expected = pl.Schema({ROW: ROW_TYPE, **{column: pl.String for column in COLUMNS if column in rows.columns}})
        if rows.schema != expected:
            raise RuntimeError("the reader handed over rows of another shape")
        yield Sheet(rows, numbers.filter(pl.col(ROW).is_between(rows.item(0, ROW), rows.item(-1, ROW))))


def parts_of(sheet: Sheet, size: int = PART_ROWS) -> Iterable[Sheet]:
    """Cut a sheet as the wall would: for callers that already hold one in memory."""
    for part in sheet.rows.iter_slices(size):
        yield Sheet(part, sheet.numbers.filter(pl.col(ROW).is_between(part.item(0, ROW), part.item(-1, ROW))))
