"""The database's own limit: the rows an Act wrote, read back as binary and put into a copy of the database by COPY.

Nothing is computed, encoded or checked in Python while the clock runs: the bytes are PostgreSQL's own. What remains is
what any programme on this schema must pay: the rows, their indexes, and one commit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg
from psycopg import sql

from aid_ledger.tables import METADATA

ROWS_OF_ACT = "xmin::text::bigint = {xid}"
"""A row's xmin is the transaction that wrote it; an Act is one transaction."""


@dataclass(frozen=True)
class Written:
    """The rows that one transaction added to one table, as COPY's binary format holds them."""

    table: str
    rows: int
    content: bytes


def written_by(connection: psycopg.Connection, xid: int, before: psycopg.Connection) -> list[Written]:
    """Read back the rows a transaction added, table by table in river order.

    Tables where it changed rows that were there `before` (balances, counters) are left out: COPY cannot change rows.
    """
    found = []
    for table in METADATA.sorted_tables:
        rows = _count(connection, table.name, xid)
        if rows and rows == _count(connection, table.name) - _count(before, table.name):
            found.append(Written(table.name, rows, _read(connection, table.name, xid)))
    return found


def copy_in(connection: psycopg.Connection, written: list[Written]) -> float:
    """Put the rows in, in one transaction; returns the seconds, commit included."""
    began = time.perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        for part in written:
            statement = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(part.table))
            with cursor.copy(statement) as copy:
                copy.write(part.content)
    return time.perf_counter() - began


def drop_foreign_keys(connection: psycopg.Connection, written: list[Written]) -> None:
    """Take the foreign keys off these tables: the limit without what guards them."""
    query = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass"
    for part in written:
        for (name,) in connection.execute(query, (part.table,)).fetchall():
            drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
            connection.execute(drop.format(sql.Identifier(part.table), sql.Identifier(name)))


def _count(connection: psycopg.Connection, table: str, xid: int | None = None) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    if xid is not None:
        query += sql.SQL(" WHERE " + ROWS_OF_ACT).format(xid=sql.Literal(xid))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _read(connection: psycopg.Connection, table: str, xid: int) -> bytes:
    rows = sql.SQL("SELECT * FROM {} WHERE " + ROWS_OF_ACT).format(sql.Identifier(table), xid=sql.Literal(xid))
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(rows)) as copy,
    ):
        return b"".join(bytes(part) for part in copy)
