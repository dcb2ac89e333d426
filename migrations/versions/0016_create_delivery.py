"""Create the tables of the delivery room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import protect

revision = "0016_create_delivery"
down_revision = "0015_create_approvals"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "handovers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("witness_one", sa.String(length=300), nullable=False),
        sa.Column("office_one", sa.String(length=300), nullable=False),
        sa.Column("witness_two", sa.String(length=300), nullable=False),
        sa.Column("office_two", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("photo_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("handed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("handed_at", Instant(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("place <> ''", name=op.f("ck_handovers_place")),
        sa.CheckConstraint("witness_one <> '' AND witness_two <> ''", name=op.f("ck_handovers_witnesses")),
        sa.CheckConstraint("lower(witness_one) <> lower(witness_two)", name=op.f("ck_handovers_two_people")),
        sa.CheckConstraint("office_one <> '' AND office_two <> ''", name=op.f("ck_handovers_offices")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_handovers_batch_id")),
        sa.ForeignKeyConstraint(["handed_by_id"], ["officials.id"], name=op.f("fk_handovers_handed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        sa.UniqueConstraint("reference", name=op.f("uq_handovers_reference")),
    )
    op.create_index(op.f("ix_handovers_batch_id"), "handovers", ["batch_id"], unique=False)
    op.create_table(
        "instructions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("total", AmountType(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("instructed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("instructed_at", Instant(), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("collected_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_instructions_batch_id")),
        sa.ForeignKeyConstraint(["instructed_by_id"], ["officials.id"], name=op.f("fk_instructions_instructed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instructions")),
        sa.UniqueConstraint("batch_id", name=op.f("uq_instructions_batch_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_instructions_reference")),
    )
    op.create_table(
        "treasury_returns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("returned_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("returned_at", Instant(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_treasury_returns_positive")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_treasury_returns_batch_id")),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_treasury_returns_commodity")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_treasury_returns_document_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_treasury_returns_program_id")),
        sa.ForeignKeyConstraint(["returned_by_id"], ["officials.id"], name=op.f("fk_treasury_returns_returned_by_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_treasury_returns_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_treasury_returns")),
        sa.UniqueConstraint("document_id", name=op.f("uq_treasury_returns_document_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_treasury_returns_reference")),
    )
    op.create_table(
        "result_files",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("instruction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("is_inquiry", sa.Boolean(), nullable=False),
        sa.Column("imported_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("imported_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["imported_by_id"], ["officials.id"], name=op.f("fk_result_files_imported_by_id")),
        sa.ForeignKeyConstraint(["instruction_id"], ["instructions.id"], name=op.f("fk_result_files_instruction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_files")),
        sa.UniqueConstraint("file_sha256", name=op.f("uq_result_files_file_sha256")),
        sa.UniqueConstraint("reference", name=op.f("uq_result_files_reference")),
    )
    op.create_index(op.f("ix_result_files_instruction_id"), "result_files", ["instruction_id"], unique=False)
    op.create_table(
        "line_results",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("result_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("handover_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.Column("channel_code", sa.String(length=80), nullable=False),
        sa.Column("channel_reference", sa.String(length=80), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("account_confirmed", sa.Boolean(), nullable=True),
        sa.Column("processed_at", Instant(), nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_line_results_handover_id")),
        sa.ForeignKeyConstraint(["line_id"], ["batch_lines.id"], name=op.f("fk_line_results_line_id")),
        sa.ForeignKeyConstraint(["result_id"], ["result_files.id"], name=op.f("fk_line_results_result_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_results")),
        sa.UniqueConstraint("line_id", "result_id", name="uq_line_results_once_per_file"),
    )
    op.create_index("ix_line_results_line", "line_results", ["line_id"], unique=False)
    protect("handovers", "line_results", "treasury_returns")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("line_results")
    op.drop_table("result_files")
    op.drop_table("treasury_returns")
    op.drop_table("instructions")
    op.drop_table("handovers")
