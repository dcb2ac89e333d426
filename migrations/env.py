"""How Alembic meets our database: a connection given by `core.migrating`, one transaction for all steps."""

from __future__ import annotations

from alembic import context

from aid_ledger.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
