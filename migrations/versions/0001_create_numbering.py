"""Create the tables of the numbering room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_create_numbering"
down_revision = None


def upgrade() -> None:
    """Create tables, indexes and constraints."""
    op.create_table(
        "counters",
        sa.Column("prefix", sa.String(length=5), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", "year", name=op.f("pk_counters")),
    )


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("counters")
