"""Create the tables of the receipts room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant

revision = "0017_create_receipts"
down_revision = "0016_create_delivery"


def upgrade() -> None:
    """Create tables, indexes and constraints."""
    op.create_table(
        "receipts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("public_id", sa.String(length=40), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seal", sa.String(length=32), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("copies", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("issue_act", sa.String(length=32), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("end_act", sa.String(length=32), nullable=True),
        sa.Column("replaced_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["batch_lines.id"], name=op.f("fk_receipts_line_id")),
        sa.ForeignKeyConstraint(["replaced_by_id"], ["receipts.id"], name=op.f("fk_receipts_replaced_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_receipts_code_hash")),
        sa.UniqueConstraint("line_id", name=op.f("uq_receipts_line_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_receipts_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_receipts_reference")),
        sa.UniqueConstraint("seal", name=op.f("uq_receipts_seal")),
    )


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("receipts")
