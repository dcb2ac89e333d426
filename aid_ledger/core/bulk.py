"""Bulk work inside an Act: loading rows by COPY or executemany, and changing many at once.

ORM objects cost ten times as much as COPY at 100,000 rows, so lines, entitlements and imports come through here. What
is loaded is told to the Act, which digests it like every other row.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, TypeVar, cast

import psycopg
from sqlalchemy import Dialect, Table, bindparam, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from aid_ledger.core.act import Act
from aid_ledger.core.db import Base, key_columns

T = TypeVar("T")

ROWS_PER_LOAD = 5_000
"""Rows in one COPY: a connection that copies answers nothing else, so what makes the rows runs in between."""

ROOM = "64MB"
"""Memory for one sort or join of a bulk Act: 100,000 people with their commitments take a third of it."""

ROWS_PER_UPDATE = 5_000
"""Rows in one bulk update: few enough to keep parameters small in memory, many enough to be quick."""


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most `size`, in order."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def take_room(act: Act) -> None:
    """Let this Act's own statements sort and join a kabupaten in memory instead of on disk; PostgreSQL only."""
    if act.session.connection().dialect.name == "postgresql":
        act.session.execute(select(func.set_config("work_mem", ROOM, True)))  # noqa: FBT003 - of this transaction only


def load_rows(act: Act, rows_of: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Load rows into a table, streaming; returns how many. COPY on PostgreSQL, executemany on SQLite.

    Values are given in `columns` order and pass their column types. `rows` may itself read from the Act's session: it
    is asked between loads, never during one. The caller tells the Act the new rows' keys (`act.wrote`), which only it
    knows how to find again; a caller who forgets is refused by the guard.
    """
    table = cast("Table", rows_of.__table__)
    connection = act.session.connection()
    writers = _writers(table, columns, connection.dialect)
    driver = cast("Any", connection.connection.driver_connection)
    load = _copy if connection.dialect.name == "postgresql" else _insert_many
    count = 0
    try:
        for chunk in chunked(rows, ROWS_PER_LOAD):
            count += load(driver, table.name, columns, [_written(row, writers) for row in chunk])
    except (psycopg.IntegrityError, sqlite3.IntegrityError) as error:
        # The driver's own error would miss the translation into a refusal that SQLAlchemy's gets.
        raise IntegrityError(f"load of {table.name}", None, error) from error
    return count


def update_many(act: Act, rows_of: type[Base], rows: Iterable[Mapping[str, Any]]) -> int:
    """Update rows by primary key with values of their own, a few thousand at a time; returns how many.

    Every mapping holds the primary key and the same columns to set. The Act is told.
    """
    table = cast("Table", rows_of.__table__)
    keys = [column.name for column in key_columns(table)]
    count = 0
    for chunk in chunked(rows, ROWS_PER_UPDATE):
        changed = [name for name in chunk[0] if name not in keys]
        statement = update(table).values({name: bindparam(f"new_{name}") for name in changed})
        for name in keys:
            statement = statement.where(table.c[name] == bindparam(f"key_{name}"))
        bound = [
            {f"new_{name}": row[name] for name in changed} | {f"key_{name}": row[name] for name in keys}
            for row in chunk
        ]
        act.session.connection().execute(statement, bound)
        act.wrote(rows_of, [tuple(row[name] for name in keys) for row in chunk])
        count += len(chunk)
    return count


def insert_unless_there(act: Act, rows_of: type[Base], values: Mapping[str, Any], *, by: Sequence[str]) -> bool:
    """Insert a row unless one with the same values in `by` is there; tells the Act; returns whether it was inserted.

    Two Acts that bring the same row at once: the second waits for the first and then adds nothing. They wait by a lock
    of their own and not by ON CONFLICT alone, whose withdrawn row the database would count as a change.
    """
    table = cast("Table", rows_of.__table__)
    if act.session.connection().dialect.name == "postgresql":
        name = "/".join([table.name, *(str(values[column]) for column in by)])
        place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        act.session.execute(select(func.pg_advisory_xact_lock(place)))
    there = select(literal(1)).where(*(table.c[column] == values[column] for column in by))
    if act.session.execute(there).first() is not None:
        return False
    inserted = act.session.execute(insert(table).values(dict(values)).returning(*key_columns(table))).one()
    act.wrote(rows_of, [tuple(inserted)])
    return True


Writers: TypeAlias = Mapping[int, Callable[[Any], Any]]
"""What turns a value into what the driver takes, by the column's place in a row; most columns need nothing."""


def _writers(table: Table, columns: Sequence[str], dialect: Dialect) -> Writers:
    processors = (table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns)
    return {place: processor for place, processor in enumerate(processors) if processor is not None}


def _written(row: Sequence[Any], writers: Writers) -> Sequence[Any]:
    values = list(row)
    for place, write in writers.items():
        values[place] = write(values[place])
    return values


def _copy(driver: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:  # noqa: ANN401
    names = ", ".join(f'"{name}"' for name in columns)
    count = 0
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _insert_many(driver: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:  # noqa: ANN401
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" for _ in columns)
    cursor = driver.cursor()
    # Names are our own tables' and columns', never input.
    cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)  # noqa: S608
    return int(cursor.rowcount)
