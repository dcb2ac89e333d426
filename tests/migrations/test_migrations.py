"""Migrations: what they build is what the models say, on both databases, and history refuses to be changed."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from aid_ledger.core import migrating
from aid_ledger.tables import METADATA
from tests.benches import Bench

APPEND_ONLY = sorted(name for name, table in METADATA.tables.items() if table.info.get("append_only"))
LASTING = sorted(name for name, table in METADATA.tables.items() if table.info.get("lasting"))


def test_the_newest_migration_is_the_one_that_head_names() -> None:
    """Two branches that both add a migration collide in git, not in production."""
    assert (migrating.MIGRATIONS / "HEAD").read_text().strip() == migrating.newest_revision()


def test_migrations_build_what_the_models_say(bench: Bench) -> None:
    """No table, column, index or constraint differs."""
    with bench.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    assert migrating.revision_of(bench.engine) == migrating.newest_revision()


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_every_append_only_table_has_its_triggers(bench: Bench, table: str) -> None:
    """UPDATE and DELETE (and TRUNCATE on PostgreSQL) of history have a trigger in their way."""
    assert _triggers(bench, table) == 2


@pytest.mark.parametrize("table", LASTING)
def test_rows_that_are_pointed_at_without_a_key_cannot_be_deleted(bench: Bench, table: str) -> None:
    """Lines of a batch have no foreign keys: what they point at refuses DELETE (and TRUNCATE on PostgreSQL)."""
    assert _triggers(bench, table) == (2 if bench.engine.dialect.name == "postgresql" else 1)


def _triggers(bench: Bench, table: str) -> int:
    is_postgres = bench.engine.dialect.name == "postgresql"
    query = (
        f"SELECT count(*) FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND NOT tgisinternal"
        if is_postgres
        else f"SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'"
    )
    with bench.engine.connect() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


@pytest.mark.parametrize("statement", ["UPDATE log_heads_probe SET note = 'x'", "DELETE FROM log_heads_probe"])
def test_a_trigger_refuses_in_plain_words(bench: Bench, statement: str) -> None:
    """The refusal says what history is; tried on a table of the test's own, protected in the same way."""
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE log_heads_probe (note TEXT)")
        connection.exec_driver_sql("INSERT INTO log_heads_probe VALUES ('a')")
        for protection in _protection(bench.engine.dialect.name):
            connection.exec_driver_sql(protection)
    with pytest.raises(DBAPIError, match="append-only"), bench.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def _protection(dialect: str) -> list[str]:
    if dialect == "postgresql":
        change = "BEFORE UPDATE OR DELETE ON log_heads_probe"
        return [f"CREATE TRIGGER probe {change} FOR EACH ROW EXECUTE FUNCTION refuse_change()"]
    words = "append-only: history is corrected by new rows, never changed"
    return [
        f"CREATE TRIGGER probe_{verb} BEFORE {verb} ON log_heads_probe BEGIN SELECT RAISE(ABORT, '{words}'); END"
        for verb in ("UPDATE", "DELETE")
    ]
