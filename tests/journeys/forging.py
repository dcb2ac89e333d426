"""The hands of a database superuser: any row changed, removed or copied, with every constraint out of the way.

Values are the driver's own, so that what is written is exactly what a superuser would type.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import psycopg
from psycopg import sql
from sqlalchemy import Boolean, Column, Date, Integer, LargeBinary, String, Table, UniqueConstraint

from aid_ledger.core.db import Instant, key_columns, key_text
from aid_ledger.core.money import AmountType
from tests.benches import Bench

STEP = 1_000_003
"""Far enough from every number that is taken."""

Values = dict[str, Any]


class Driver(Protocol):
    """As much of a driver's connection as both databases share."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:  # noqa: ANN401 - the driver's own cursor
        """Run a statement."""

    def commit(self) -> None:
        """Keep what was done."""

    def rollback(self) -> None:
        """Forget it."""

    def close(self) -> None:
        """Leave."""


@dataclass(frozen=True)
class Hands:
    """A superuser's connection; places for values are `?` on both databases."""

    driver: Driver
    is_sqlite: bool

    def run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement and keep what it did."""
        with self._unshielded(statement):
            cursor = self.driver.execute(statement if self.is_sqlite else statement.replace("?", "%s"), values)
            found = cursor.fetchall() if cursor.description else []
        self.driver.commit()
        return cast("list[tuple[Any, ...]]", found)

    @contextlib.contextmanager
    def _unshielded(self, statement: str) -> Iterator[None]:
        """Take triggers out of a statement's way, and put them back as they were, so that only the rows tell."""
        shields = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND instr(?, tbl_name)"
        is_free = not self.is_sqlite or statement.startswith("SELECT")
        taken = [] if is_free else self.driver.execute(shields, [statement]).fetchall()
        for name, _made_by in taken:
            self.driver.execute(f"DROP TRIGGER {name}")
        yield
        for _name, made_by in taken:
            self.driver.execute(made_by)

    def rows(self, table: Table) -> list[Values]:
        """Read every row of a table in order of its key."""
        names = [column.name for column in table.columns]
        order = ", ".join(quoted(column) for column in key_columns(table))
        columns = ", ".join(quoted(column) for column in table.columns)
        return [
            dict(zip(names, row, strict=True))
            for row in self.run(f"SELECT {columns} FROM {table.name} ORDER BY {order}")
        ]

    def change(self, table: Table, row: Values, column: Column[Any], value: object) -> None:
        """Set one column of one row."""
        where, keys = _where(table, row)
        self.run(f"UPDATE {table.name} SET {quoted(column)} = ? WHERE {where}", value, *keys)

    def delete(self, table: Table, row: Values) -> None:
        """Remove one row."""
        where, keys = _where(table, row)
        self.run(f"DELETE FROM {table.name} WHERE {where}", *keys)

    def insert(self, table: Table, row: Values) -> None:
        """Add one row."""
        columns = ", ".join(quoted(column) for column in table.columns)
        places = ", ".join("?" for _ in table.columns)
        self.run(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", *row.values())


@contextlib.contextmanager
def superuser(bench: Bench) -> Iterator[Hands]:
    """Give a superuser's hands: no trigger, no foreign key and no CHECK holds them back."""
    hands = _on_sqlite(bench) if bench.engine.dialect.name == "sqlite" else _on_postgresql(bench)
    try:
        yield hands
    finally:
        hands.driver.close()


def _on_sqlite(bench: Bench) -> Hands:
    driver = sqlite3.connect(str(bench.engine.url.database).removeprefix("file:"))
    driver.execute("PRAGMA ignore_check_constraints = ON")
    return Hands(cast("Driver", driver), is_sqlite=True)


def _on_postgresql(bench: Bench) -> Hands:
    url = bench.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    driver = psycopg.connect(url)
    driver.execute("SET session_replication_role = replica")
    checks = driver.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
        " AND connamespace = 'public'::regnamespace"
    )
    for table, name in checks.fetchall():
        drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name))
        driver.execute(drop)
    driver.commit()
    return Hands(cast("Driver", driver), is_sqlite=False)


def quoted(column: Column[Any]) -> str:
    """Write a column's name: some are words of SQL."""
    return f'"{column.name}"'


def key_of(table: Table, row: Values) -> str:
    """Write a row's key as the log does."""
    return key_text(tuple(row[column.name] for column in key_columns(table)))


def unique_columns(table: Table) -> set[str]:
    """Name the columns that no two rows may share: keys, unique constraints, unique indexes."""
    unique = {
        column.name for rule in table.constraints if isinstance(rule, UniqueConstraint) for column in rule.columns
    }
    indexed = {column.name for index in table.indexes if index.unique for column in index.columns}
    return unique | indexed | {column.name for column in key_columns(table)}


def copied(table: Table, row: Values, *, is_sqlite: bool) -> Values:
    """Make another row of a row: the same but for what must differ."""
    unique = unique_columns(table)
    return {
        column.name: other(column, row[column.name], is_sqlite=is_sqlite) if column.name in unique else row[column.name]
        for column in table.columns
    }


def other(column: Column[Any], value: Any, *, is_sqlite: bool) -> Any:  # noqa: ANN401 - the driver's values
    """Give another value for a column, as little different as can be; of nothing, make something."""
    kind = column.type
    if isinstance(kind, Instant):
        return _later(value, dt.timedelta(microseconds=1), is_sqlite=is_sqlite)
    if isinstance(kind, Date):
        day = dt.date.fromisoformat(value) if isinstance(value, str) else value or dt.date(2021, 1, 1)
        moved = day + dt.timedelta(days=1)
        return moved.isoformat() if is_sqlite else moved
    if isinstance(kind, Boolean):
        return int(not value) if is_sqlite else not value
    if isinstance(kind, Integer | AmountType):
        is_taken = column.primary_key or bool(column.unique) or column.name in unique_columns(column.table)
        return (value or 0) + (STEP if is_taken else 1)
    if isinstance(kind, LargeBinary):
        return bytes(value[:-1]) + bytes([value[-1] ^ 1]) if value else b"x"
    if isinstance(kind, String):
        return value[:-1] + ("#" if value.endswith("~") else "~") if value else "x"
    raise TypeError(f"no other value for {column}")


def _later(value: Any, step: dt.timedelta, *, is_sqlite: bool) -> Any:  # noqa: ANN401 - the driver's values
    if value is None:
        value = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    moved = (dt.datetime.fromisoformat(value) if isinstance(value, str) else value) + step
    return moved.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if is_sqlite else moved


def _where(table: Table, row: Values) -> tuple[str, list[Any]]:
    keys = key_columns(table)
    return " AND ".join(f"{quoted(column)} = ?" for column in keys), [row[column.name] for column in keys]
