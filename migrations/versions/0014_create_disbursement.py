"""Create the tables of the disbursement room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import keep, protect

revision = "0014_create_disbursement"
down_revision = "0013_create_isolation"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "batch_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_no", sa.BigInteger(), nullable=False),
        sa.Column("entitlement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bank_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=True),
        sa.Column("public_id", sa.String(length=20), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_batch_lines_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_lines")),
        sa.UniqueConstraint("batch_id", "line_no", name="uq_batch_lines_number"),
        sa.UniqueConstraint("public_id", name=op.f("uq_batch_lines_public_id")),
    )
    op.create_index(op.f("ix_batch_lines_person_id"), "batch_lines", ["person_id"], unique=False)
    op.create_index(
        "uq_batch_lines_live_entitlement",
        "batch_lines",
        ["entitlement_id"],
        unique=True,
        postgresql_where=sa.text("(state NOT IN ('set_aside', 'failed', 'returned', 'rejected', 'cancelled'))"),
        sqlite_where=sa.text("(state NOT IN ('set_aside', 'failed', 'returned', 'rejected', 'cancelled'))"),
    )
    op.create_table(
        "entitlement_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("region_code", sa.String(length=13), nullable=False),
        sa.Column("amount_each", AmountType(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("left_out", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decree_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("computed_by", sa.String(length=40), nullable=False),
        sa.Column("computed_at", Instant(), nullable=False),
        sa.Column("determined_by", sa.String(length=40), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["decree_id"], ["documents.id"], name=op.f("fk_entitlement_runs_decree_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_entitlement_runs_program_id")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_entitlement_runs_region_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement_runs")),
        sa.UniqueConstraint("reference", name=op.f("uq_entitlement_runs_reference")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("region_code", sa.String(length=13), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("total", AmountType(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("decree_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("approvers_needed", sa.BigInteger(), nullable=False),
        sa.Column("made_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("submitted_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("submitted_at", Instant(), nullable=True),
        sa.Column("submit_act", sa.String(length=32), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("total >= 0", name=op.f("ck_batches_total")),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_batches_commodity")),
        sa.ForeignKeyConstraint(["decree_id"], ["documents.id"], name=op.f("fk_batches_decree_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["officials.id"], name=op.f("fk_batches_made_by_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["approval_policies.id"], name=op.f("fk_batches_policy_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_batches_program_id")),
        sa.ForeignKeyConstraint(["region_code"], ["regions.code"], name=op.f("fk_batches_region_code")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["officials.id"], name=op.f("fk_batches_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("reference", name=op.f("uq_batches_reference")),
    )
    op.create_index("ix_batches_state", "batches", ["state", "id"], unique=False)
    op.create_table(
        "entitlements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("household_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("village_code", sa.String(length=13), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("hold_reason", sa.String(length=80), nullable=False),
        sa.Column("episode_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_entitlements_positive")),
        sa.ForeignKeyConstraint(["episode_id"], ["isolation_episodes.id"], name=op.f("fk_entitlements_episode_id")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_entitlements_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_entitlements_person_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_entitlements_program_id")),
        sa.ForeignKeyConstraint(["run_id"], ["entitlement_runs.id"], name=op.f("fk_entitlements_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("program_id", "period", "household_id", name="once_per_household"),
    )
    op.create_index("ix_entitlements_person", "entitlements", ["person_id"], unique=False)
    op.create_index("ix_entitlements_run", "entitlements", ["run_id", "state"], unique=False)
    op.create_table(
        "left_out",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("household_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_left_out_household_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_left_out_person_id")),
        sa.ForeignKeyConstraint(["run_id"], ["entitlement_runs.id"], name=op.f("fk_left_out_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_left_out")),
    )
    op.create_index("ix_left_out_reason", "left_out", ["run_id", "reason"], unique=False)
    op.create_table(
        "batch_sources",
        sa.Column(
            "batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("amount", AmountType(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_batch_sources_positive")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_sources_batch_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_batch_sources_source_id")),
        sa.PrimaryKeyConstraint("batch_id", "source_id", name=op.f("pk_batch_sources")),
    )
    op.create_table(
        "batch_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("official_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("office_code", sa.String(length=80), nullable=False),
        sa.Column("office_title", sa.String(length=300), nullable=False),
        sa.Column("office_status", sa.String(length=20), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("otp_step", sa.Integer(), nullable=True),
        sa.Column("challenge", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_steps_batch_id")),
        sa.ForeignKeyConstraint(["device_id"], ["otp_devices.id"], name=op.f("fk_batch_steps_device_id")),
        sa.ForeignKeyConstraint(["official_id"], ["officials.id"], name=op.f("fk_batch_steps_official_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_steps")),
        sa.UniqueConstraint("device_id", "otp_step", "batch_id", name="uq_batch_steps_otp_once"),
    )
    op.create_index(op.f("ix_batch_steps_batch_id"), "batch_steps", ["batch_id"], unique=False)
    op.create_index(
        "uq_batch_steps_one_person_one_step",
        "batch_steps",
        ["batch_id", "digest", "official_id"],
        unique=True,
        postgresql_where=sa.text("step IN ('submitted', 'verified', 'approved')"),
        sqlite_where=sa.text("step IN ('submitted', 'verified', 'approved')"),
    )
    keep("batch_lines", "batches", "entitlements")
    protect("batch_steps")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("batch_steps")
    op.drop_table("batch_sources")
    op.drop_table("left_out")
    op.drop_table("entitlements")
    op.drop_table("batches")
    op.drop_table("entitlement_runs")
    op.drop_table("batch_lines")
