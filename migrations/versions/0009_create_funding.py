"""Create the tables of the funding room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import keep

revision = "0009_create_funding"
down_revision = "0008_create_book"


def upgrade() -> None:
    """Create tables, indexes and constraints."""
    op.create_table(
        "donors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("private_name", sa.LargeBinary(), nullable=True),
        sa.Column("show_name", sa.Boolean(), nullable=False),
        sa.Column("registered_at", Instant(), nullable=False),
        sa.Column("seal", sa.String(length=32), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donors")),
        sa.UniqueConstraint("reference", name=op.f("uq_donors_reference")),
        sa.UniqueConstraint("seal", name=op.f("uq_donors_seal")),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("in_rkud", sa.Boolean(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("custodian_office", sa.String(length=80), nullable=False),
        sa.Column("approver_office", sa.String(length=80), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["approver_office"], ["offices.code"], name=op.f("fk_sources_approver_office")),
        sa.ForeignKeyConstraint(["custodian_office"], ["offices.code"], name=op.f("fk_sources_custodian_office")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("code", name=op.f("uq_sources_code")),
    )
    op.create_table(
        "emergency_statuses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("decree_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["decree_id"], ["documents.id"], name=op.f("fk_emergency_statuses_decree_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_statuses")),
        sa.UniqueConstraint("reference", name=op.f("uq_emergency_statuses_reference")),
    )
    op.create_table(
        "contributions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("donor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("emergency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("need_plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("screening", sa.Text(), nullable=False),
        sa.Column("offered_by", sa.String(length=40), nullable=False),
        sa.Column("offered_at", Instant(), nullable=False),
        sa.Column("screened_by", sa.String(length=40), nullable=True),
        sa.Column("screened_at", Instant(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("received_by", sa.String(length=40), nullable=True),
        sa.Column("received_at", Instant(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_contributions_positive")),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_contributions_commodity")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_contributions_document_id")),
        sa.ForeignKeyConstraint(["donor_id"], ["donors.id"], name=op.f("fk_contributions_donor_id")),
        sa.ForeignKeyConstraint(
            ["emergency_id"], ["emergency_statuses.id"], name=op.f("fk_contributions_emergency_id")
        ),
        sa.ForeignKeyConstraint(["need_plan_id"], ["documents.id"], name=op.f("fk_contributions_need_plan_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_contributions_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions")),
        sa.UniqueConstraint("reference", name=op.f("uq_contributions_reference")),
    )
    op.create_index("ix_contributions_source", "contributions", ["source_id", "state"], unique=False)
    op.create_index(
        "uq_contributions_paper",
        "contributions",
        ["source_id", "commodity", "document_id"],
        unique=True,
        sqlite_where=sa.text("state != 'refused'"),
        postgresql_where=sa.text("state != 'refused'"),
    )
    keep("sources")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("contributions")
    op.drop_table("emergency_statuses")
    op.drop_table("sources")
    op.drop_table("donors")
