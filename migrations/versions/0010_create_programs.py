"""Create the tables of the programs room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType

revision = "0010_create_programs"
down_revision = "0009_create_funding"


def upgrade() -> None:
    """Create tables, indexes and constraints."""
    op.create_table(
        "programs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("public_name", sa.String(length=300), nullable=False),
        sa.Column("aliases", sa.String(length=300), nullable=False),
        sa.Column("pillar", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("needs_isolation", sa.Boolean(), nullable=False),
        sa.Column("is_managed", sa.Boolean(), nullable=False),
        sa.Column("legal_basis_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("defined_by", sa.String(length=40), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_programs_commodity")),
        sa.ForeignKeyConstraint(["legal_basis_id"], ["documents.id"], name=op.f("fk_programs_legal_basis_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
        sa.UniqueConstraint("code", name=op.f("uq_programs_code")),
    )
    op.create_table(
        "allocations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("allocated_by", sa.String(length=40), nullable=False),
        sa.Column("allocated_at", Instant(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_allocations_positive")),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_allocations_commodity")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_allocations_document_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_allocations_program_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_allocations_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocations")),
        sa.UniqueConstraint("reference", name=op.f("uq_allocations_reference")),
    )
    op.create_index("ix_allocations_program", "allocations", ["program_id", "source_id"], unique=False)
    op.create_table(
        "approval_policies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("proposed_by", sa.String(length=40), nullable=False),
        sa.Column("agreed_by", sa.String(length=40), nullable=True),
        sa.Column("proposed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_approval_policies_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_policies")),
        sa.UniqueConstraint("reference", name=op.f("uq_approval_policies_reference")),
    )
    op.create_table(
        "ceilings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("set_at", Instant(), nullable=False),
        sa.Column("set_by", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_ceilings_document_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_ceilings_program_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_ceilings_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ceilings")),
    )
    op.create_index("ix_ceilings_pair", "ceilings", ["program_id", "source_id", "id"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("other_code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_exclusions_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusions")),
        sa.UniqueConstraint("program_id", "other_code", name=op.f("uq_exclusions_program_id_other_code")),
    )
    op.create_table(
        "program_sources",
        sa.Column(
            "program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("source_kind", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_program_sources_program_id")),
        sa.PrimaryKeyConstraint("program_id", "source_kind", name=op.f("pk_program_sources")),
    )
    op.create_table(
        "rates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("set_by", sa.String(length=40), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_rates_positive")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_rates_document_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_rates_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rates")),
        sa.UniqueConstraint("program_id", "since", name=op.f("uq_rates_program_id_since")),
    )


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("rates")
    op.drop_table("program_sources")
    op.drop_table("exclusions")
    op.drop_table("ceilings")
    op.drop_table("approval_policies")
    op.drop_table("allocations")
    op.drop_table("programs")
