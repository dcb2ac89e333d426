"""A part of a list as text: what reading hands to checking, whatever the file was, and how it crosses the prison wall.

Cells are untyped text here. Nothing is judged except what only the reader can know: that a cell held a number where
digits are a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from aid_ledger.core.prison import FileUnreadable
from aid_ledger.recipients.importing.columns import ROW
from aid_ledger.recipients.importing.refusals import (
    CellTooLong,
    ColumnUnnamed,
    Limits,
)
from aid_ledger.recipients.rules import COLUMNS, IDENTIFIERS

PART_ROWS = 50_000
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
        CellTooLong: A cell exceeds the limit.
        ColumnUnnamed: Values stand under an empty header.
    """
    places = [name or f"#{position}" for position, name in enumerate(names, start=1)]
    numbered = cells.rename(dict(zip(cells.columns, places, strict=True))).with_row_index(ROW, first_row)
    _hold_cell_limit(numbered, places, limits)
    blank = pl.all_horizontal(pl.col(places).str.strip_chars().fill_null("") == "")
    rows = numbered.filter(~blank)
    for position, name in enumerate(names, start=1):
        if name is None and rows.select((pl.col(f"#{position}").fill_null("").str.strip_chars() != "").any()).item():
            raise ColumnUnnamed("values under an empty header", position=position)
    return rows.select(pl.col(ROW).cast(ROW_TYPE), *[column for column in COLUMNS if column in names])


def _hold_cell_limit(numbered: pl.DataFrame, places: Sequence[str], limits: Limits) -> None:
    longest = numbered.select(pl.col(places).str.len_chars().max()).row(0)
    for column, length in zip(places, longest, strict=True):
        if length is not None and length > limits.cell_chars:
            row = numbered.filter(pl.col(column).str.len_chars() > limits.cell_chars).item(0, ROW)
            raise CellTooLong("a cell is too long", row=row, column=column, limit=limits.cell_chars)


def hand_over(parts: Iterable[Sheet], results: Path) -> None:
    """Write parts as they come; the order of their names is the order of rows.

    Parquet, because its reader checks what it decodes: Arrow files are taken on trust, and the prisoner has none.
    """
    for number, part in enumerate(parts):
        part.rows.write_parquet(results / f"rows-{number:06}.parquet", compression="lz4", statistics=False)
        part.numbers.write_parquet(results / f"numbers-{number:06}.parquet")


def take_over(results: Path) -> Iterator[Sheet]:
    """Read back the parts one at a time, checking that they are text in known columns and nothing else.

    Raises:
        FileUnreadable: The prisoner left something of another shape; it was taken over by what it read.
    """
    for path in sorted(results.glob("rows-*.parquet")):
        try:
            part = Sheet(
                pl.read_parquet(path), pl.read_parquet(path.with_name(path.name.replace("rows", "numbers", 1)))
            )
        except (pl.exceptions.PolarsError, OSError) as broken:
            raise FileUnreadable("the parser left parts that cannot be read") from broken
        if not _has_shape(part):
            raise FileUnreadable("the parser left parts of another shape")
        yield part


def _has_shape(part: Sheet) -> bool:
    columns = [ROW, *(column for column in COLUMNS if column in part.rows.columns)]
    expected = pl.Schema({column: ROW_TYPE if column == ROW else pl.String for column in columns})
    return (
        part.rows.schema == expected
        and part.rows.get_column(ROW).null_count() == 0
        and part.numbers.schema == NUMBERS
        and part.numbers.get_column("kolom").is_in(list(IDENTIFIERS)).all()
    )
