"""Create the table of manifests of a batch's receipts: each asking for a seal, and what came of it.

Takes no lock that matters: the table is new. Going down drops it, which only an installation that never asked may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Id, Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import keep

revision = "0026_create_manifests"
down_revision = "0025_replace_receipts"


def upgrade() -> None:
    """Create the table; what was asked of a certifier once stays known for ever."""
    op.create_table(
        "manifests",
        sa.Column("id", Id, nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("batch_id", Id, nullable=False),
        sa.Column("receipts", sa.BigInteger(), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("listing", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("sealed_sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("after", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_manifests_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manifests")),
        sa.UniqueConstraint("reference", name=op.f("uq_manifests_reference")),
    )
    op.create_index(op.f("ix_manifests_batch_id"), "manifests", ["batch_id"], unique=False)
    keep("manifests")


def downgrade() -> None:
    """Drop the table again."""
    op.drop_table("manifests")
