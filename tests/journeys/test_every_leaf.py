"""P3 over the log's own tables, over values no honest writer writes, and through the command an auditor types."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Column, Date, LargeBinary, Table

from aid_ledger.cli.main import main
from aid_ledger.core import clock
from aid_ledger.core.db import Base, Instant, keeping
from aid_ledger.log.diff import UNREADABLE
from tests.builders.lived import Lived
from tests.builders.log import compared
from tests.builders.officials import FOUNDED_AT, Founded
from tests.journeys.forging import Hands, copied, key_of, other, superuser

CHECKPOINTS = Base.metadata.tables["log_checkpoints"]
LOG = [table for table in Base.metadata.sorted_tables if table.name.startswith("log_") and keeping(table) == "derived"]
"""What the tree is made of. The log's records and its housekeeping are attacked in `test_every_row.py`."""
RECORDS = [table for table in Base.metadata.sorted_tables if keeping(table) == "record"]
OFFICES = Base.metadata.tables["offices"]
BLOB = b"\x00\xff"


def run(lived: Lived, *words: str) -> Result:
    """Run a command of the agency on its installation."""
    environment = {
        "AID_LEDGER_ENV": "test",
        "AID_LEDGER_DATABASE_URL": lived.settings.database_url,
        "AID_LEDGER_VAR": str(lived.settings.var),
        "AID_LEDGER_ORIGIN": lived.settings.origin,
    }
    return CliRunner().invoke(main, list(words), env=environment)


def test_the_logs_tables_are_all_here() -> None:
    """A table of the log that is added later is attacked as well."""
    assert {table.name for table in LOG} == {
        *("log_entries", "log_positions", "log_tiles", "log_heads", "log_checkpoints", "log_mentions")
    }


def unseen(founded: Founded, table: Table, what: object) -> set[str]:
    """Say what was done to a table of the log unless the comparison finds something there.

    An entry or a position that is gone is missed where the others speak of it.
    """
    found = {each.table for each in compared(founded.bench)}
    is_linked = table.name in {"log_entries", "log_positions"}
    is_seen = table.name in found or (is_linked and any(name.startswith("log_") for name in found))
    return set() if is_seen else {f"{table.name}: {what}"}


def test_no_value_of_the_log_can_be_changed(founded: Founded) -> None:
    """R1, R3, R5, T1: entries, order, hashes, signatures and mentions, one value at a time.

    When a checkpoint was signed is the server's own word, which nobody signs; it is held between its neighbours below.
    """
    founded.bench.sequencer.run_once()
    free: set[str] = set()
    with superuser(founded.bench) as hands:
        for table in LOG:
            row = hands.rows(table)[0]
            for column in table.columns:
                value = other(column, row[column.name], is_sqlite=hands.is_sqlite)
                hands.change(table, row, column, value)
                free |= unseen(founded, table, column)
                hands.change(table, row | {column.name: value}, column, row[column.name])
    assert free == {"log_checkpoints: log_checkpoints.signed_at"}
    assert compared(founded.bench) == []


@pytest.mark.parametrize("days", [-1, 1])
def test_a_checkpoint_was_signed_between_its_neighbours(founded: Founded, days: int) -> None:
    """B1: a day to and fro is seen, minutes are not."""
    founded.bench.sequencer.run_once()
    with superuser(founded.bench) as hands:
        row = hands.rows(CHECKPOINTS)[-1 if days > 0 else 0]
        signed = row["signed_at"]
        moved = (dt.datetime.fromisoformat(signed) if hands.is_sqlite else signed) + dt.timedelta(days=days)
        value = moved.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if hands.is_sqlite else moved
        hands.change(CHECKPOINTS, row, CHECKPOINTS.c.signed_at, value)
        with clock.frozen(FOUNDED_AT + dt.timedelta(minutes=10)):
            assert unseen(founded, CHECKPOINTS, days) == set()


def test_nothing_is_taken_out_of_the_log_or_slipped_in(founded: Founded) -> None:
    """R2, R4, T1, D1: a row of each of its tables; of checkpoints the newest, since an older one says nothing more."""
    founded.bench.sequencer.run_once()
    with superuser(founded.bench) as hands:
        for table in LOG:
            row = hands.rows(table)[-1]
            hands.delete(table, row)
            assert unseen(founded, table, "taken") == set()
            hands.insert(table, row)
            made = copied(table, row, is_sqlite=hands.is_sqlite)
            hands.insert(table, made)
            assert unseen(founded, table, "slipped in") == set()
            hands.delete(table, made)
    assert compared(founded.bench) == []


# --- values that no honest writer writes ----------------------------------------------------------------------------


def strange(hands: Hands, column: Column[Any]) -> Any:  # noqa: ANN401 - the driver's values
    """Give a value that does not belong in a column at all, as far as the database lets a superuser."""
    if hands.is_sqlite:
        return "kata" if isinstance(column.type, LargeBinary) else BLOB
    return "infinity" if isinstance(column.type, Date | Instant) else None


def test_what_cannot_be_read_is_named_and_stops_nothing(lived: Lived) -> None:
    """A word in a number's place, a day without end: the comparison names the rows and goes on with the others."""
    with superuser(lived.bench) as hands:
        cells = []
        for table in RECORDS:
            fit = [column for column in table.columns if not column.primary_key and strange(hands, column) is not None]
            cells += [(table, row, column) for row, column in zip(hands.rows(table), fit, strict=False)]
        for table, row, column in cells:
            hands.change(table, row, column, strange(hands, column))
        found = {(each.table, each.key) for each in lived.differences() if each.sentence == UNREADABLE}
        assert {(table.name, key_of(table, row)) for table, row, _ in cells} == found
        [other_row] = [row for row in hands.rows(OFFICES) if row["code"] == "KPA"]
        hands.change(OFFICES, other_row, OFFICES.c.title, "Raja")
        assert ("offices", key_of(OFFICES, other_row)) in {(each.table, each.key) for each in lived.differences()}


def test_a_log_that_cannot_be_read_is_named(founded: Founded) -> None:
    """The same in the log's own tables, where nothing can be replayed any more."""
    founded.bench.sequencer.run_once()
    with superuser(founded.bench) as hands:
        columns = [column for table in LOG for column in table.columns if not column.primary_key]
        cells = [(column.table, column) for column in columns if strange(hands, column) is not None]
        for table, column in cells:
            row = hands.rows(table)[0]
            hands.change(table, row, column, strange(hands, column))
            named = {(each.table, each.sentence) for each in compared(founded.bench)}
            assert named == {(table.name, UNREADABLE)}, column
            hands.change(table, row | {column.name: strange(hands, column)}, column, row[column.name])
    assert len(cells) > 1


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("bank_accounts", "is_current", 2),
        ("role_grants", "since", "2021-W01-1"),
        ("documents", "valid_from", "20210104"),
        ("otp_devices", "usable_from", "2021-01-04T01:00:00Z"),
    ],
)
def test_another_spelling_of_a_value_is_another_value(lived: Lived, table: str, column: str, value: object) -> None:
    """The embedded database keeps any spelling: it reads back as honest, and sorts and compares as a forger wishes."""
    records = Base.metadata.tables[table]
    with superuser(lived.bench) as hands:
        row = hands.rows(records)[0]
        with contextlib.suppress(psycopg.Error):
            hands.change(records, row, records.c[column], value)
        if hands.is_sqlite:
            assert [(each.table, each.sentence) for each in lived.differences()] == [(table, UNREADABLE)]
        else:
            # PostgreSQL has one spelling of its own, whatever it is given.
            hands.driver.rollback()
            assert type(hands.rows(records)[0][column]) is type(row[column])


# --- as an auditor types it -----------------------------------------------------------------------------------------


def test_the_command_ends_with_one_and_the_row(lived: Lived) -> None:
    """P3: `audit diff` exits 0 on an honest database, 1 after one hand's work, and prints table, key and sentence."""
    clean = run(lived, "audit", "diff", "--log-key", lived.vkey)
    assert (clean.exit_code, clean.output.splitlines()[-1]) == (0, "differences: 0")
    with superuser(lived.bench) as hands:
        people = Base.metadata.tables["people"]
        row = hands.rows(people)[7]
        hands.change(people, row, people.c.rt, "099")
    found = run(lived, "audit", "diff", "--log-key", lived.vkey)
    assert found.exit_code == 1
    assert found.output.startswith(f"people {row['id']} ")


def test_the_book_is_checked_by_itself(lived: Lived) -> None:
    """P1: `book check` needs no log: a balance that is not the sum of its transfers is named by its account."""
    clean = run(lived, "book", "check")
    assert (clean.exit_code, clean.output) == (0, "unbalanced: 0\n")
    with superuser(lived.bench) as hands:
        balances = Base.metadata.tables["balances"]
        row = next(row for row in hands.rows(balances) if row["amount"] > 0)
        hands.change(balances, row, balances.c.amount, row["amount"] + 1)
    found = run(lived, "book", "check")
    assert found.exit_code == 1
    assert f"tercatat {row['amount'] + 1}" in found.output
