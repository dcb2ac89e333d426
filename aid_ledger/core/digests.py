"""The digest of a stored row: what the log remembers of every row, so that any column changed by hand is noticed.

A digest covers every column as the database holds it now; ciphertext stays ciphertext, so no key is needed to check
it. It deliberately says nothing about meaning: `audit/replay` does that from the facts themselves.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Table, select, tuple_

from aid_ledger.core.ahead import ahead
from aid_ledger.core.clock import instant_text
from aid_ledger.core.db import ask, key_columns, key_text

ROW_DOMAIN = b"aid-row-v1\n"
"""Separates these hashes from every other SHA-256 in the product."""

KEYS_PER_QUERY = 2_000
"""Keys in one query: below SQLite's limit on variables (32,766) even for three-part keys."""


def row_digest(columns: Sequence[str], values: Sequence[object]) -> str:
    """Digest one stored row: SHA-256 over `name=type:value` fields, each length-prefixed, in column order.

    Returns base64url without padding (43 characters), as the log's `rows` hold it.

    Raises:
        TypeError: a value of a type that no column of ours has (a float, say).

    """
    return _digest(_heads(columns), values)


def _heads(columns: Iterable[str]) -> list[bytes]:
    """Write what every row's fields begin with: written once, where many rows of a table are digested."""
    return [f"{name}=".encode() for name in columns]


def _digest(heads: Sequence[bytes], values: Sequence[object]) -> str:
    parts = [ROW_DOMAIN]
    for head, value in zip(heads, values, strict=True):
        try:
            field = head + _WRITERS[type(value)](value)
        except KeyError:
            message = f"no digest for a value of type {type(value).__name__}"
            raise TypeError(message) from None
        parts += (_LENGTH(len(field)), field)
    return base64.urlsafe_b64encode(hashlib.sha256(b"".join(parts)).digest()).rstrip(b"=").decode()


_LENGTH: Final = struct.Struct(">I").pack

_WRITERS: Final[Mapping[type, Callable[[Any], bytes]]] = {
    type(None): lambda _: b"n:",
    bool: lambda value: b"t:1" if value else b"t:0",
    int: b"i:%d".__mod__,
    str: lambda value: b"s:" + value.encode(),
    bytes: lambda value: b"b:" + value.hex().encode(),
    memoryview: lambda value: b"b:" + value.hex().encode(),
    dt.datetime: lambda value: b"a:" + instant_text(value).encode(),
    dt.date: lambda value: b"d:" + value.isoformat().encode(),
    Decimal: lambda value: f"m:{value}".encode(),
}
"""How each type is written: with its letter, so that the number 1, the text '1' and true never look alike."""


def digests_of(connection: Connection, table: Table, keys: Iterable[tuple[Any, ...]]) -> dict[str, str | None]:
    """Digest the stored rows of these primary keys; a key whose row is gone maps to None."""
    wanted = sorted(set(keys))
    found: dict[str, str | None] = {key_text(key): None for key in wanted}
    chunks = [wanted[start : start + KEYS_PER_QUERY] for start in range(0, len(wanted), KEYS_PER_QUERY)]
    stored = (_rows_of(connection, table, chunk) for chunk in chunks)
    for rows in ahead(stored) if len(chunks) > 1 else stored:
        found.update(_digest_rows(table, rows))
    return found


def _rows_of(connection: Connection, table: Table, keys: Sequence[tuple[Any, ...]]) -> Sequence[Sequence[Any]]:
    is_number = len(keys[0]) == 1 and isinstance(keys[0][0], int)
    if is_number and connection.dialect.name == "postgresql":
        return _rows_by_number(connection, table, [key[0] for key in keys])
    identity = key_columns(table)
    is_wanted = identity[0].in_([key[0] for key in keys]) if is_number else tuple_(*identity).in_(keys)
    return connection.execute(select(table).where(is_wanted)).all()


def _rows_by_number(connection: Connection, table: Table, numbers: list[int]) -> Sequence[Sequence[Any]]:
    """Read rows by their ids as PostgreSQL's driver gives them: every type of ours looks the same there."""
    if len(numbers) == 1:
        return ask(connection, _all_of(table) + " = %s", numbers[0])
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        # Distinct numbers in order without a gap, as a bulk insert leaves them: one stretch of the index.
        return ask(connection, _all_of(table) + " BETWEEN %s AND %s", numbers[0], numbers[-1])
    return ask(connection, _all_of(table) + " = ANY(%s)", numbers)


@cache
def _all_of(table: Table) -> str:
    """Begin the question for rows by id, their columns in our order. Names are our own tables' and columns'."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'SELECT {columns} FROM "{table.name}" WHERE "{key_columns(table)[0].name}"'  # noqa: S608 - as above


def all_digests(connection: Connection, table: Table, *, batch_size: int = 5_000) -> Iterator[tuple[str, str]]:
    """Stream (key, digest) of every row of a table, in primary key order, without loading the table."""
    query = select(table).order_by(*key_columns(table)).execution_options(yield_per=batch_size)
    yield from _digest_rows(table, connection.execute(query))


def _digest_rows(table: Table, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[str, str]]:
    heads, places = _layout(table)
    if len(places) == 1:
        place = places[0]
        for row in rows:
            yield str(row[place]), _digest(heads, row)
        return
    for row in rows:
        yield key_text(tuple(row[place] for place in places)), _digest(heads, row)


@cache
def _layout(table: Table) -> tuple[list[bytes], list[int]]:
    """Give what a table's fields begin with, and where in a row its key lies; every Act asks."""
    names = [column.name for column in table.columns]
    return _heads(names), [names.index(column.name) for column in key_columns(table)]
