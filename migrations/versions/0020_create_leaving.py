"""Create the witness policies of the agency, and the tables of the way on without their quorum.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import protect

revision = "0020_create_leaving"
down_revision = "0019_create_history"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create tables, constraints and the triggers that keep what was agreed."""
    op.create_table(
        "witness_policies",
        sa.Column("id", _ID, nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=40), nullable=False),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witness_policies")),
        sa.UniqueConstraint("reference", name=op.f("uq_witness_policies_reference")),
    )
    op.create_table(
        "witness_policy_agreements",
        sa.Column("policy_id", _ID, autoincrement=False, nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("agreed_by", sa.String(length=40), nullable=False),
        sa.Column("agreed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["witness_policies.id"], name=op.f("fk_witness_policy_agreements_policy_id")
        ),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_witness_policy_agreements")),
    )
    op.create_table(
        "unwitnessed_ways",
        sa.Column("id", _ID, nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cap", AmountType(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("hours", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.String(length=40), nullable=False),
        sa.Column("proposed_unit", sa.String(length=300), nullable=False),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.CheckConstraint("cap >= 0", name=op.f("ck_unwitnessed_ways_cap")),
        sa.CheckConstraint("lines > 0", name=op.f("ck_unwitnessed_ways_lines")),
        sa.CheckConstraint("hours BETWEEN 1 AND 24", name=op.f("ck_unwitnessed_ways_hours")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unwitnessed_ways")),
        sa.UniqueConstraint("reference", name=op.f("uq_unwitnessed_ways_reference")),
    )
    op.create_table(
        "unwitnessed_openings",
        sa.Column("way_id", _ID, autoincrement=False, nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("opened_by", sa.String(length=40), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["way_id"], ["unwitnessed_ways.id"], name=op.f("fk_unwitnessed_openings_way_id")),
        sa.PrimaryKeyConstraint("way_id", name=op.f("pk_unwitnessed_openings")),
    )
    op.create_table(
        "unwitnessed_uses",
        sa.Column("way_id", _ID, autoincrement=False, nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_unwitnessed_uses_amount")),
        sa.CheckConstraint("lines > 0", name=op.f("ck_unwitnessed_uses_lines")),
        sa.ForeignKeyConstraint(["way_id"], ["unwitnessed_openings.way_id"], name=op.f("fk_unwitnessed_uses_way_id")),
        sa.PrimaryKeyConstraint("way_id", "what", name=op.f("pk_unwitnessed_uses")),
    )
    protect(
        "witness_policies", "witness_policy_agreements", "unwitnessed_ways", "unwitnessed_openings", "unwitnessed_uses"
    )


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("unwitnessed_uses")
    op.drop_table("unwitnessed_openings")
    op.drop_table("unwitnessed_ways")
    op.drop_table("witness_policy_agreements")
    op.drop_table("witness_policies")
