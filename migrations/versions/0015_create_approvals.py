"""Create the tables of the approvals room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import protect

revision = "0015_create_approvals"
down_revision = "0014_create_disbursement"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "challenges",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_challenges_tries")),
        sa.ForeignKeyConstraint(["device_id"], ["otp_devices.id"], name=op.f("fk_challenges_device_id")),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_challenges_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("reference", name=op.f("uq_challenges_reference")),
    )
    op.create_index("ix_challenges_official", "challenges", ["official_id", "state"], unique=False)
    op.create_table(
        "challenge_batches",
        sa.Column(
            "challenge_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("total", AmountType(), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_challenge_batches_batch_id")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name=op.f("fk_challenge_batches_challenge_id")),
        sa.PrimaryKeyConstraint("challenge_id", "batch_id", name=op.f("pk_challenge_batches")),
    )
    protect("challenge_batches")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("challenge_batches")
    op.drop_table("challenges")
