"""What a superuser of the database can do, for tests: any statement, with triggers and foreign keys out of the way."""

from __future__ import annotations

import contextlib
import sqlite3

from tests.benches import Bench


def by_hand(bench: Bench, *statements: str) -> None:
    """Change the database as a superuser who drops the triggers and puts them back would."""
    if bench.engine.dialect.name == "postgresql":
        with bench.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for statement in statements:
                connection.exec_driver_sql(statement)
        return
    path = str(bench.engine.url.database).removeprefix("file:")
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        triggers = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _made_by in triggers:
            file.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            file.execute(statement)
        for _name, made_by in triggers:
            file.execute(made_by)


def literal(bench: Bench, raw: bytes) -> str:
    """Write bytes as SQL."""
    return f"'\\x{raw.hex()}'" if bench.engine.dialect.name == "postgresql" else f"x'{raw.hex()}'"
