"""Create the tables of tokens of time over checkpoints, and of how it went with the authority that gives them.

Takes no lock that matters: the tables are new. Going down drops them, and with them what outsiders can copy from
nowhere else: an authority gives no token of yesterday.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from migrations.append_only import protect

revision = "0024_create_timestamps"
down_revision = "0023_create_receipt_roots"


def upgrade() -> None:
    """Create the tables; a token that was kept once is kept, and the one row of the other is there from the start."""
    op.create_table(
        "log_timestamps",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["log_checkpoints.size"], name=op.f("fk_log_timestamps_size")),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_timestamps")),
    )
    states = op.create_table(
        "timestamp_states",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("fault", sa.String(length=60), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_timestamp_states_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timestamp_states")),
    )
    op.bulk_insert(states, [{"id": 1, "asked_at": None, "fault": "", "misses": 0}])
    protect("log_timestamps")


def downgrade() -> None:
    """Drop the tables again."""
    op.drop_table("timestamp_states")
    op.drop_table("log_timestamps")
