"""Create the tables of the web room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant

revision = "0003_create_web"
down_revision = "0002_create_jobs"


def upgrade() -> None:
    """Create tables, indexes and constraints."""
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("route", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("kept_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "route", "key", name=op.f("pk_idempotency_keys")),
    )


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("idempotency_keys")
