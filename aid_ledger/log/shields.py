"""The triggers that refuse to change history: which are gone, asleep, or no longer what migrations made (attack U3).

Migrations make them (`migrations/append_only.py`); a superuser can drop one, change rows and put it back, which the
comparison of rows sees. One that was not put back as it was is named here, and one that nobody made, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Table, text

from aid_ledger.core.db import Base
from migrations import append_only

GONE = "the trigger that refuses to change history is gone or asleep"
ALTERED = "the trigger that refuses to change history is not the one that migrations make"
STRANGE = "a trigger that no migration makes"

_AWAKE_ON_POSTGRESQL = text(
    "SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid, true), p.prosrc"
    " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
)
_ON_SQLITE = text("SELECT tbl_name, name, sql, '' FROM sqlite_master WHERE type = 'trigger'")


def altered_triggers(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Give (table, trigger, what is wrong) for every trigger of our tables that is not as migrations made it."""
    is_server = connection.dialect.name == "postgresql"
    body = append_only.BODY if is_server else ""
    held = {
        (str(row[0]), str(row[1])): (row[2], row[3])
        for row in connection.execute(_AWAKE_ON_POSTGRESQL if is_server else _ON_SQLITE)
    }
    for table in Base.metadata.sorted_tables:
        made = append_only.triggers(table.name, _refused(table), is_server=is_server) if _refused(table) else {}
        for trigger, statement in made.items():
            found = held.get((table.name, trigger))
            if found != (statement, body):
                yield table.name, trigger, ALTERED if found else GONE
        strange = {trigger for name, trigger in held if name == table.name} - made.keys()
        yield from ((table.name, trigger, STRANGE) for trigger in sorted(strange))


def _refused(table: Table) -> tuple[str, ...]:
    if table.info.get("append_only"):
        return append_only.PROTECTED
    return append_only.KEPT if table.info.get("lasting") else ()
