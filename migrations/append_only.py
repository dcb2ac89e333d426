"""Triggers that refuse to change history: UPDATE, DELETE (and TRUNCATE on PostgreSQL) of append-only tables.

Other rows change but stay for ever, because others point at them without a foreign key: those refuse DELETE alone.

They stand behind the Act's guard. A superuser can drop them; then `audit diff` and the log's witnesses notice.
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

MESSAGE = "append-only: history is corrected by new rows, never changed"


def protect(*tables: str) -> None:
    """Have these tables refuse UPDATE and DELETE, in the dialect of the database under migration."""
    _refuse(tables, "UPDATE", "DELETE")


def keep(*tables: str) -> None:
    """Have these tables refuse DELETE: what was there once is there for whatever points at it."""
    _refuse(tables, "DELETE")


def _refuse(tables: Sequence[str], *verbs: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME; END $$"
        )
    for table in tables:
        for statement in _statements(table, verbs):
            op.execute(statement)


def _statements(table: str, verbs: Sequence[str]) -> list[str]:
    if op.get_bind().dialect.name == "postgresql":
        return [
            f"CREATE TRIGGER {table}_{name} BEFORE {what} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()"
            for name, what, each in (
                ("append_only", " OR ".join(verbs), "ROW"),
                ("no_truncate", "TRUNCATE", "STATEMENT"),
            )
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for verb in verbs
    ]
