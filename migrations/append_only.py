"""Triggers that refuse to change history: UPDATE, DELETE (and TRUNCATE on PostgreSQL) of append-only tables.

They stand behind the Act's guard. A superuser can drop them; then `audit diff` and the log's witnesses notice.
"""

from __future__ import annotations

from alembic import op

MESSAGE = "append-only: history is corrected by new rows, never changed"


def protect(*tables: str) -> None:
    """Put the triggers on these tables, in the dialect of the database under migration."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME; END $$"
        )
    for table in tables:
        for statement in _statements(table):
            op.execute(statement)


def _statements(table: str) -> list[str]:
    if op.get_bind().dialect.name == "postgresql":
        return [
            f"CREATE TRIGGER {table}_{name} BEFORE {verbs} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()"
            for name, verbs, each in (
                ("append_only", "UPDATE OR DELETE", "ROW"),
                ("no_truncate", "TRUNCATE", "STATEMENT"),
            )
        ]
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for verb in ("UPDATE", "DELETE")
    ]
