"""The wall of the prison: parts cross it unchanged, and nothing else is let through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from aid_ledger.core.prison import FileUnreadable
from aid_ledger.recipients.importing.columns import ROW
from aid_ledger.recipients.importing.reading import read_into
from aid_ledger.recipients.importing.sheet import NUMBERS, ROW_TYPE, hand_over, take_over
from tests.unit.recipients.cases import valid_row
from tests.unit.recipients.files import csv_bytes
from tests.unit.recipients.test_checking import parts_of

ARGUMENTS = {"file_bytes": 10_000, "rows": 10, "columns": 20, "cell_chars": 100}
Damage = Callable[[Path], object]


def test_parts_cross_the_wall_unchanged(tmp_path: Path) -> None:
    """Order, numbers of rows and every text survive."""
    parts = list(parts_of([valid_row(number) for number in range(1, 26)], size=2))

    hand_over(parts, tmp_path)

    for before, after in zip(parts, take_over(tmp_path), strict=True):
        assert before.rows.equals(after.rows)
        assert before.numbers.equals(after.numbers)


def test_prisoner_reads_within_the_limits_it_is_told(tmp_path: Path) -> None:
    """The task as the prison runs it: a file in, parts out."""
    source = tmp_path / "a.csv"
    source.write_bytes(csv_bytes([valid_row(1), valid_row(2)]))
    results = tmp_path / "results"
    results.mkdir()

    read_into(source, results, ARGUMENTS)

    assert [part.rows.height for part in take_over(results)] == [2]


def _as_integers(results: Path) -> None:
    pl.DataFrame({ROW: [2], "nik": [1]}, schema={ROW: ROW_TYPE, "nik": pl.Int64}).write_parquet(_rows(results))


def _with_a_column_more(results: Path) -> None:
    pl.read_parquet(_rows(results)).with_columns(gaji=pl.lit("1")).write_parquet(_rows(results))


def _without_row_numbers(results: Path) -> None:
    pl.read_parquet(_rows(results)).with_columns(pl.lit(None, ROW_TYPE).alias(ROW)).write_parquet(_rows(results))


def _numbers_elsewhere(results: Path) -> None:
    pl.DataFrame([(2, "nama")], schema=NUMBERS, orient="row").write_parquet(results / "numbers-000000.parquet")


def _rows(results: Path) -> Path:
    return results / "rows-000000.parquet"


@pytest.mark.parametrize(
    "damage",
    [
        lambda results: _rows(results).write_bytes(b"PAR1 and no more"),
        lambda results: (results / "numbers-000000.parquet").unlink(),
        _as_integers,
        _with_a_column_more,
        _without_row_numbers,
        _numbers_elsewhere,
    ],
    ids=["torn", "missing", "integers", "column-more", "no-row-numbers", "numbers-elsewhere"],
)
def test_parts_of_another_shape_are_not_believed(damage: Damage, tmp_path: Path) -> None:
    """A parser taken over by the file it read may write anything; only texts in known columns are taken."""
    hand_over(parts_of([valid_row()], size=1), tmp_path)

    damage(tmp_path)

    with pytest.raises(FileUnreadable):
        list(take_over(tmp_path))
