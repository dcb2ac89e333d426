"""The guard of an Act: which tables did this transaction change, by the database's own count?

Listeners on statements miss COPY, CTEs and raw cursors, so the guard does not listen to SQLAlchemy at all. On
PostgreSQL it compares the transaction's own tuple counters; on SQLite it asks the authorizer which tables each
prepared statement may write and `total_changes` whether it did. `core/act.py` decides what the answer means.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from aid_ledger.core.db import ask, begins_at_zero, will_report

WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
SCHEMA_CHANGES = frozenset(
    {
        sqlite3.SQLITE_CREATE_TABLE,
        sqlite3.SQLITE_DROP_TABLE,
        sqlite3.SQLITE_ALTER_TABLE,
        sqlite3.SQLITE_CREATE_TRIGGER,
        sqlite3.SQLITE_DROP_TRIGGER,
        sqlite3.SQLITE_ATTACH,
    }
)
"""Refused outright inside an Act: a deed never changes the schema, and a dropped trigger is the start of a cheat."""

_MOVED = (
    "pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)"
    " + pg_stat_get_xact_tuples_deleted(c.oid)"
)
COUNTERS = (
    f"SELECT c.relname, {_MOVED} FROM pg_class c"  # noqa: S608 - constants of this file
    " WHERE c.relnamespace = (SELECT current_schema()::regnamespace) AND c.relkind IN ('r', 'p')"
    f" AND {_MOVED} > 0 UNION ALL SELECT '', 1 WHERE current_setting('track_counts') = 'on'"
)
"""Tables that moved in this transaction, and a row without a name that says that the server counts at all.

The schema is looked up once, not for each table; a stored list of tables would be quicker still and would not see one
that was made after it.
"""

COUNTERS_AND_REPORT = COUNTERS.replace("SELECT ''", "SELECT pg_stat_force_next_flush()::text")
"""The same, and the server reports its counts as soon as this transaction ends, so that the next begins at zero."""

REPORTS_SINCE = (15,)
"""The first PostgreSQL that can be asked to report."""


class Guard(Protocol):
    """Knows which tables changed since it was set."""

    is_exact: bool
    """Whether `changed` names no table too many; SQLite's may add one whose last statement matched no row."""

    def changed(self) -> set[str]:
        """Name the tables that this transaction changed since the guard was set."""

    def lift(self) -> None:
        """Take the guard off the connection."""


def set_guard(session: Session) -> Guard:
    """Set a guard on the session's connection; the transaction must have begun."""
    connection = session.connection()
    return PostgresGuard(connection) if connection.dialect.name == "postgresql" else SQLiteGuard(connection)


@contextmanager
def lifting(guard: Guard) -> Iterator[None]:
    """Lift the guard at the end of the block, however it ends."""
    try:
        yield
    finally:
        guard.lift()


class PostgresGuard:
    """Compares the transaction's tuple counters before and after; COPY, CTE and raw cursors are counted alike.

    The counters are compared, because a backend may not yet have reported its last transaction. Where the last one had
    a guard that told it to report, they are at zero, and the journey to ask is spared. Should they not be, this guard
    names a table too many and refuses a deed; it never misses one, for what was counted before is not uncounted.
    """

    is_exact = True

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        reports = (connection.dialect.server_version_info or ()) >= REPORTS_SINCE
        self._question = COUNTERS_AND_REPORT if reports else COUNTERS
        self._before = {} if begins_at_zero(connection) else self._counts(COUNTERS)

    def changed(self) -> set[str]:
        """Name the tables whose counters moved."""
        counts = self._counts(self._question)
        if self._question is COUNTERS_AND_REPORT:
            will_report(self._connection)
        return {name for name, count in counts.items() if count != self._before.get(name, 0)}

    def lift(self) -> None:
        """Nothing hangs on a PostgreSQL connection."""

    def _counts(self, question: str) -> dict[str, int]:
        counts: dict[str, int] = dict(ask(self._connection, question))
        if counts.pop("", None) is None:
            message = "the database does not count (track_counts is off); no Act can be guarded"
            raise RuntimeError(message)
        return counts


class SQLiteGuard:
    """Asks SQLite's authorizer which tables each statement writes, and `total_changes` whether rows changed.

    The engine keeps no statement cache, so every execution is prepared anew and passes here. A statement counts as a
    change only if rows changed before the next one was prepared: an UPDATE that matches nothing explains nothing, but
    it may be named together with the write that follows it.
    """

    is_exact = False

    def __init__(self, connection: Connection) -> None:
        self._driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        self._seen = self._driver.total_changes
        self._pending: set[str] = set()
        self._changed: set[str] = set()
        self._driver.set_authorizer(self._authorize)

    def changed(self) -> set[str]:
        """Name the tables that changed."""
        self._settle()
        return set(self._changed)

    def lift(self) -> None:
        """Take the authorizer off, so that the pooled connection is as it was."""
        self._driver.set_authorizer(None)

    def _authorize(self, action: int, first: str | None, *_rest: str | None) -> int:
        if action in SCHEMA_CHANGES:
            return sqlite3.SQLITE_DENY
        if action in WRITES and first is not None:
            self._settle()
            self._pending.add(first)
        return sqlite3.SQLITE_OK

    def _settle(self) -> None:
        now = self._driver.total_changes
        if now != self._seen:
            self._changed |= self._pending
            self._seen = now
            self._pending = set()
