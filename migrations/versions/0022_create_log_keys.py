"""Create the tables of the log's keys: what was proposed to follow the key in use, and what the witnesses saw of it.

Takes no lock that matters: the tables are new. Going down drops them, which only a log that never changed its key may.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Id, Instant
from migrations.append_only import keep

revision = "0022_create_log_keys"
down_revision = "0021_create_openings"


def upgrade() -> None:
    """Create the tables; a key that was proposed once stays known for ever."""
    op.create_table(
        "log_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("vkey", sa.String(length=300), nullable=False),
        sa.Column("old_vkey", sa.String(length=300), nullable=False),
        sa.Column("old_signature", sa.String(length=100), nullable=False),
        sa.Column("new_signature", sa.String(length=100), nullable=False),
        sa.Column("decree", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.Column("usable_from", Instant(), nullable=True),
        sa.Column("announced_act", sa.String(length=32), nullable=False),
        sa.Column("taken_act", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_keys")),
        sa.UniqueConstraint("vkey", name=op.f("uq_log_keys_vkey")),
    )
    op.create_table(
        "log_key_seals",
        sa.Column("key_id", Id, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["log_keys.id"], name=op.f("fk_log_key_seals_key_id")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_log_key_seals")),
    )
    keep("log_keys")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("log_key_seals")
    op.drop_table("log_keys")
