"""Triggers that refuse to change history: UPDATE, DELETE (and TRUNCATE on PostgreSQL) of append-only tables.

Other rows change but stay for ever, because others point at them without a foreign key: those refuse DELETE alone.

They stand behind the Act's guard. A superuser can drop them; then `audit diff` and the log's witnesses notice.
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

MESSAGE = "append-only: history is corrected by new rows, never changed"
FUNCTION = "refuse_change()"
BODY = f" BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME; END "
PROTECTED = ("UPDATE", "DELETE")
KEPT = ("DELETE",)


def protect(*tables: str) -> None:
    """Have these tables refuse UPDATE and DELETE, in the dialect of the database under migration."""
    _refuse(tables, *PROTECTED)


def keep(*tables: str) -> None:
    """Have these tables refuse DELETE: what was there once is there for whatever points at it."""
    _refuse(tables, *KEPT)


def _refuse(tables: Sequence[str], *verbs: str) -> None:
    is_server = op.get_bind().dialect.name == "postgresql"
    if is_server:
        op.execute(f"CREATE OR REPLACE FUNCTION {FUNCTION} RETURNS trigger LANGUAGE plpgsql AS $${BODY}$$")
    for table in tables:
        for statement in triggers(table, verbs, is_server=is_server).values():
            op.execute(statement)


def triggers(table: str, verbs: Sequence[str], *, is_server: bool) -> dict[str, str]:
    """Give the triggers that refuse these verbs: each one's name, and its statement as the database spells it.

    PostgreSQL forgets what was said and answers in a form of its own, verbs in its own order: `audit diff` compares.
    """
    if is_server:
        return {
            f"{table}_{name}": f"CREATE TRIGGER {table}_{name} BEFORE {what} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION {FUNCTION}"
            for name, what, each in (
                ("append_only", " OR ".join(sorted(verbs)), "ROW"),
                ("no_truncate", "TRUNCATE", "STATEMENT"),
            )
        }
    return {
        f"{table}_no_{verb.lower()}": f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for verb in verbs
    }
