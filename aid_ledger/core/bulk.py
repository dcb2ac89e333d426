"""Bulk work inside an Act: loading rows by COPY or executemany, and random bytes made by the database.

ORM objects cost ten times as much as COPY at 100,000 rows, so lines, entitlements and imports come through here. What
is loaded is told to the Act, which digests it like every other row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Dialect, LargeBinary, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aid_ledger.core.act import Act
from aid_ledger.core.db import Base

T = TypeVar("T")


class RandomSalt(FunctionElement[bytes]):
    """32 random bytes per row, made where the row is made, for INSERT … SELECT of salted tables."""

    type = LargeBinary()
    name = "random_salt"
    inherit_cache = True


@compiles(RandomSalt, "postgresql")
def _salt_on_postgresql(_element: RandomSalt, _compiler: SQLCompiler, **_options: object) -> str:
    # gen_random_uuid is the server's strong randomness without an extension; two of them carry 244 random bits.
    return "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"


@compiles(RandomSalt, "sqlite")
def _salt_on_sqlite(_element: RandomSalt, _compiler: SQLCompiler, **_options: object) -> str:
    return "randomblob(32)"


def chunked(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most `size`, in order."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def load_rows(act: Act, rows_of: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Load rows into a table, streaming; returns how many. COPY on PostgreSQL, executemany on SQLite.

    Values are given in `columns` order and pass their column types. The caller tells the Act the new rows' keys
    (`act.wrote`), which only it knows how to find again; a caller who forgets is refused by the guard.
    """
    table = cast("Table", rows_of.__table__)
    connection = act.session.connection()
    writers = [_writer(table, name, connection.dialect) for name in columns]
    prepared = ([write(value) for write, value in zip(writers, row, strict=True)] for row in rows)
    driver = cast("Any", connection.connection.driver_connection)
    if connection.dialect.name == "postgresql":
        return _copy(driver, table.name, columns, prepared)
    return _insert_many(driver, table.name, columns, prepared)


def _writer(table: Table, name: str, dialect: Dialect) -> Any:  # noqa: ANN401 - a bind processor of SQLAlchemy
    processor = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
    return processor or (lambda value: value)


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
