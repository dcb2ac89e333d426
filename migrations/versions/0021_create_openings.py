"""Create the tables of auditors' keys and of the openings that are lodged under them.

Takes no lock that matters: the tables are new. Going down drops them; the sealed files stay where they are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from migrations.append_only import protect

revision = "0021_create_openings"
down_revision = "0020_create_leaving"


def upgrade() -> None:
    """Create tables, the index of current keys, and the triggers."""
    op.create_table(
        "auditor_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("auditor", sa.String(length=40), nullable=False),
        sa.Column("public", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("proposed_by", sa.String(length=40), nullable=False),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.Column("set_by", sa.String(length=40), nullable=False),
        sa.CheckConstraint("state IN ('proposed', 'current', 'replaced')", name=op.f("ck_auditor_keys_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditor_keys")),
        sa.UniqueConstraint("reference", name=op.f("uq_auditor_keys_reference")),
    )
    op.create_index(
        "uq_auditor_keys_current",
        "auditor_keys",
        ["auditor"],
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
        sqlite_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "lodged_openings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("lodged_on", sa.Date(), nullable=False),
        sa.Column("lodged_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_lodged_openings_batch_id")),
        sa.ForeignKeyConstraint(["key_id"], ["auditor_keys.id"], name=op.f("fk_lodged_openings_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lodged_openings")),
        sa.UniqueConstraint("batch_id", "key_id", "digest", name="uq_lodged_openings_once"),
    )
    protect("lodged_openings")


def downgrade() -> None:
    """Drop the tables again."""
    op.drop_table("lodged_openings")
    op.drop_table("auditor_keys")
