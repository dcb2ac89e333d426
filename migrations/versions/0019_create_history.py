"""Create the table of the log's history: the cosigned checkpoints that bracket the times of entries.

Takes no lock that matters: the table is new. Going down drops it, and with it what earlier times were sworn at.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant

revision = "0019_create_history"
down_revision = "0018_create_public"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "log_history",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("noted_at", Instant(), nullable=False),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["log_checkpoints.size"], name=op.f("fk_log_history_size")),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_history")),
    )


def downgrade() -> None:
    """Drop the table again."""
    op.drop_table("log_history")
