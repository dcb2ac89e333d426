"""P3 over the whole schema: no row of money, state, identity or policy can be changed, removed or added unseen.

Every column of every table is changed by hand once, in rounds: one row of every table at a time, then put back. Only
housekeeping tables are free, and each is listed here with what makes it harmless. What is done to the log's own tables
is in `test_every_leaf.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Table

from aid_ledger.core.db import Base, keeping
from aid_ledger.log.diff import housekeeping_tables
from tests.builders.lived import Lived
from tests.journeys.forging import Hands, Values, copied, key_of, other, superuser

RECORDS = [table for table in Base.metadata.sorted_tables if keeping(table) == "record"]
DERIVED = [table for table in Base.metadata.sorted_tables if keeping(table) == "derived"]
BALANCES = Base.metadata.tables["balances"]

FREE = {
    "counters": "a number handed out twice is refused by the unique reference it becomes",
    "idempotency_keys": "says which object a repeated click meant; the object itself is compared",
    "job_leases": "which workers are alive",
    "job_progress": "how far a job is; its deeds are Acts",
    "log_key_seals": "taking a key demands the witnesses' signatures on it; without it a key is taken later",
    "log_history": "each checkpoint carries its signatures; without it entries' times are only less certain",
    "log_timestamps": "a token carries its authority's own signature; without it entries' times are only less certain",
    "timestamp_states": "when the authority of time was last asked; a token is asked for again whatever it says",
    "public_checks": "how often one network asked in an hour",
    "sign_in_attempts": "delays after wrong passwords; signing in is a fact",
    "witness_cosignatures": "a line carries its witness's own signature; without it a checkpoint is only less believed",
    "witness_states": "a note of what each witness shows to everybody itself",
    "sign_in_sessions": "who is signed in now; power is read from grants and offices in every Act",
}
"""All that may be changed unseen: no money, no state, no identity, no policy."""

Cell = tuple[Table, Values, Column[Any], Any]
"""A table, one of its rows, one of its columns, and what a superuser puts there."""


def forge(hands: Hands, cells: Iterable[Cell]) -> None:
    """Put other values into rows by hand."""
    for table, row, column, value in cells:
        hands.change(table, row, column, value)


def put_back(hands: Hands, cells: Iterable[Cell]) -> None:
    """Undo it, so that nobody could tell."""
    for table, row, column, value in cells:
        hands.change(table, row | {column.name: value}, column, row[column.name])


def unnamed(lived: Lived, rows: Iterable[tuple[Table, Values]]) -> set[str]:
    """List what the comparison does not name of these."""
    found = {f"{each.table} {each.key}" for each in lived.differences()}
    return {f"{table.name} {key_of(table, row)}" for table, row in rows} - found


@contextmanager
def honest_afterwards(lived: Lived) -> Iterator[Hands]:
    """Give a superuser's hands; what they did must be undone without a trace at the end."""
    with superuser(lived.bench) as hands:
        yield hands
    assert lived.differences() == []


def rounds(hands: Hands) -> Iterator[list[Cell]]:
    """Give cells until every column of every record table was made different once and, where it may be, empty once.

    A round has a cell of as many rows as there are, so that a table with many rows is done at once.
    """
    held = {table: hands.rows(table) for table in RECORDS}
    waiting = [(table, column, False) for table in RECORDS for column in table.columns]
    waiting += [
        (table, column, True)
        for table in RECORDS
        for column in table.columns
        if column.nullable and any(row[column.name] is not None for row in held[table])
    ]
    while waiting:
        free = {table: list(rows) for table, rows in held.items()}
        cells: list[Cell] = []
        later = []
        for table, column, is_emptied in waiting:
            fit = [row for row in free[table] if not is_emptied or row[column.name] is not None]
            if fit:
                free[table].remove(fit[0])
                value = None if is_emptied else other(column, fit[0][column.name], is_sqlite=hands.is_sqlite)
                cells.append((table, fit[0], column, value))
            else:
                later.append((table, column, is_emptied))
        yield cells
        waiting = later


def test_only_housekeeping_is_free() -> None:
    """Whoever adds a table that may be changed without a fact has to say so here, too."""
    assert housekeeping_tables().keys() == FREE.keys()
    assert {keeping(table) for table in Base.metadata.sorted_tables} == {"record", "derived", "housekeeping"}


def test_every_table_that_matters_has_rows(lived: Lived) -> None:
    """The tests below would prove nothing about an empty table."""
    with honest_afterwards(lived) as hands:
        assert [table.name for table in (*RECORDS, *DERIVED) if not hands.rows(table)] == []


def test_no_value_can_be_changed(lived: Lived) -> None:
    """U1: each column of each table made a little different, or emptied: the row is named, whichever it was."""
    unseen: set[str] = set()
    seen: set[Column[Any]] = set()
    with honest_afterwards(lived) as hands:
        for cells in rounds(hands):
            forge(hands, cells)
            missed = unnamed(lived, [(table, row) for table, row, *_ in cells])
            unseen |= {f"{each}: {[str(cell[2]) for cell in cells]}" for each in missed}
            seen |= {column for _, _, column, _ in cells}
            put_back(hands, cells)
    assert unseen == set()
    assert seen == {column for table in RECORDS for column in table.columns}


def test_no_row_can_be_removed(lived: Lived) -> None:
    """U2: a row taken out of every table at once: each is remembered."""
    with honest_afterwards(lived) as hands:
        taken = [(table, hands.rows(table)[-1]) for table in RECORDS]
        for table, row in taken:
            hands.delete(table, row)
        assert unnamed(lived, taken) == set()
        for table, row in taken:
            hands.insert(table, row)


def test_no_row_can_be_added(lived: Lived) -> None:
    """U1: a copy of an honest row under another key, in every table at once: no fact explains it."""
    with honest_afterwards(lived) as hands:
        added = [(table, copied(table, hands.rows(table)[0], is_sqlite=hands.is_sqlite)) for table in RECORDS]
        for table, row in added:
            hands.insert(table, row)
        assert unnamed(lived, added) == set()
        for table, row in added:
            hands.delete(table, row)


def test_no_balance_can_be_touched(lived: Lived) -> None:
    """P1: balances have no digest of their own, they are the sum of what was recorded: changed, removed, added."""
    with honest_afterwards(lived) as hands:
        filled = [row for row in hands.rows(BALANCES) if row["amount"]]
        cells = [
            (BALANCES, row, column, other(column, row[column.name], is_sqlite=hands.is_sqlite))
            for row, column in zip(filled, BALANCES.columns, strict=False)
        ]
        forge(hands, cells)
        lost, made = filled[3], copied(BALANCES, filled[4], is_sqlite=hands.is_sqlite)
        hands.delete(BALANCES, lost)
        hands.insert(BALANCES, made)
        found = lived.differences()
        assert {each.table for each in found} == {"balances"}
        sentences = " ".join(each.sentence for each in found)
        assert {str(filled[1]["account_id"]), str(filled[2]["account_id"])} <= {each.key for each in found}
        assert "has no balance" in sentences
        assert sentences.count("belongs to no account") == 2
        hands.insert(BALANCES, lost)
        hands.delete(BALANCES, made)
        put_back(hands, cells)
