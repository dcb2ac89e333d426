"""The triggers that refuse to change history: which of them are gone or switched off (attack U3).

Migrations make them (`migrations/append_only.py`); a superuser can drop one, change rows and put it back, which the
comparison of rows sees. One that was not put back, or is only asleep, is named here; not one whose body was replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Table, text

from aid_ledger.core.db import Base

_AWAKE_ON_POSTGRESQL = text(
    "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
)
_ON_SQLITE = text("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")


def missing_triggers(connection: Connection) -> Iterator[tuple[str, str]]:
    """Give (table, trigger) for every trigger that should refuse something and does not."""
    is_server = connection.dialect.name == "postgresql"
    rows = connection.execute(_AWAKE_ON_POSTGRESQL if is_server else _ON_SQLITE)
    held = {(str(table), str(name)) for table, name in rows}
    for table in Base.metadata.sorted_tables:
        for trigger in _triggers_of(table, is_server=is_server):
            if (table.name, trigger) not in held:
                yield table.name, trigger


def _triggers_of(table: Table, *, is_server: bool) -> list[str]:
    if not (table.info.get("append_only") or table.info.get("lasting")):
        return []
    if is_server:
        return [f"{table.name}_append_only", f"{table.name}_no_truncate"]
    verbs = ("update", "delete") if table.info.get("append_only") else ("delete",)
    return [f"{table.name}_no_{verb}" for verb in verbs]
