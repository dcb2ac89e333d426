"""Values that no honest writer of this ledger leaves in a column, found by the database itself before anybody reads.

SQLite keeps whatever it is given: the day `2021-W31-4` and the truth 2 read back as honest values and still sort and
compare otherwise, so a row's digest alone would not betray them; a word in a number's place would end the comparison.
On PostgreSQL columns have their types, but days without end exist there which no program of ours can read.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Integer, LargeBinary, String, Table, text

from aid_ledger.core.db import Instant, key_columns
from aid_ledger.core.money import AmountType

INSTANT = "____-__-__T__:__:__.______Z".replace("_", "[0-9]")
DAYS = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
INSTANTS = "BETWEEN TIMESTAMPTZ '0001-01-02 00:00Z' AND TIMESTAMPTZ '9999-12-30 00:00Z'"


def misspelt(connection: Connection, table: Table) -> list[tuple[Any, ...]]:
    """List the primary keys of rows with a value in another form than the one we write."""
    return _keys(connection, table, "")


def spelt(connection: Connection, table: Table) -> list[tuple[Any, ...]]:
    """List the primary keys of all other rows, which can be read."""
    return _keys(connection, table, "NOT ")


def _keys(connection: Connection, table: Table, negation: str) -> list[tuple[Any, ...]]:
    quote = connection.dialect.identifier_preparer.quote
    rule = _sqlite_rule if connection.dialect.name == "sqlite" else _postgresql_rule
    faults = [fault for column in table.columns if (fault := rule(column, quote(column.name)))]
    if not faults:
        return []
    keys = ", ".join(quote(column.name) for column in key_columns(table))
    # Names of our own tables and columns, quoted; no value of anybody's.
    query = f"SELECT {keys} FROM {quote(table.name)} WHERE {negation}({' OR '.join(faults)})"  # noqa: S608
    return [tuple(row) for row in connection.execute(text(query))]


def _sqlite_rule(column: Column[Any], name: str) -> str:
    kind = column.type
    if isinstance(kind, Instant):
        day, second = f"substr({name}, 1, 10)", f"substr({name}, 1, 19)"
        is_real = f"{name} GLOB '{INSTANT}' AND {day} >= '0001' AND datetime({second}) IS replace({second}, 'T', ' ')"
        return f"({name} IS NOT NULL AND NOT ({is_real}))"
    if isinstance(kind, Date):
        return f"({name} IS NOT NULL AND NOT (date({name}) IS {name} AND {name} >= '0001'))"
    if isinstance(kind, Boolean):
        return f"({name} IS NOT NULL AND (typeof({name}) <> 'integer' OR {name} NOT IN (0, 1)))"
    stored = {Integer: "integer", AmountType: "integer", String: "text", LargeBinary: "blob"}
    for family, form in stored.items():
        if isinstance(kind, family):
            return f"typeof({name}) NOT IN ('{form}', 'null')"
    message = f"no spelling for {column.table.name}.{column.name}"
    raise RuntimeError(message)


def _postgresql_rule(column: Column[Any], name: str) -> str:
    if isinstance(column.type, Instant):
        return f"({name} IS NOT NULL AND {name} NOT {INSTANTS})"
    return f"({name} IS NOT NULL AND {name} NOT {DAYS})" if isinstance(column.type, Date) else ""
