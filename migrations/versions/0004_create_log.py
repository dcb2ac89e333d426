"""Create the tables of the log room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from migrations.append_only import protect

revision = "0004_create_log"
down_revision = "0003_create_web"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoints")),
    )
    op.create_table(
        "log_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("ordinal >= 0", name=op.f("ck_log_entries_ordinal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_entries")),
        sa.UniqueConstraint("act", "ordinal", name=op.f("uq_log_entries_act_ordinal")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "log_heads",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_heads_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_heads")),
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_log_tiles")),
    )
    op.create_table(
        "witnesses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("vkey", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_witnesses")),
        sa.UniqueConstraint("name", name=op.f("uq_witnesses_name")),
        sa.UniqueConstraint("vkey", name=op.f("uq_witnesses_vkey")),
    )
    op.create_table(
        "log_mentions",
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column(
            "entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["log_entries.id"], name=op.f("fk_log_mentions_entry_id")),
        sa.PrimaryKeyConstraint("reference", "entry_id", name=op.f("pk_log_mentions")),
    )
    op.create_table(
        "log_positions",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["log_entries.id"], name=op.f("fk_log_positions_entry_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_log_positions")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_log_positions_entry_id")),
    )
    op.create_table(
        "witness_cosignatures",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "witness_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("cosigned_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["log_checkpoints.size"], name=op.f("fk_witness_cosignatures_size")),
        sa.ForeignKeyConstraint(["witness_id"], ["witnesses.id"], name=op.f("fk_witness_cosignatures_witness_id")),
        sa.PrimaryKeyConstraint("size", "witness_id", name=op.f("pk_witness_cosignatures")),
    )
    op.create_table(
        "witness_states",
        sa.Column(
            "witness_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("cosigned_at", Instant(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("fault", sa.String(length=60), nullable=False),
        sa.Column("refusal", sa.String(length=60), nullable=False),
        sa.Column("refused_size", sa.BigInteger(), nullable=True),
        sa.Column("refused_at", Instant(), nullable=True),
        sa.CheckConstraint("size >= 0", name=op.f("ck_witness_states_size")),
        sa.ForeignKeyConstraint(["witness_id"], ["witnesses.id"], name=op.f("fk_witness_states_witness_id")),
        sa.PrimaryKeyConstraint("witness_id", name=op.f("pk_witness_states")),
    )
    protect("log_checkpoints", "log_entries", "log_mentions", "log_positions", "witnesses")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("witness_states")
    op.drop_table("witness_cosignatures")
    op.drop_table("log_positions")
    op.drop_table("log_mentions")
    op.drop_table("witnesses")
    op.drop_table("log_tiles")
    op.drop_table("log_heads")
    op.drop_table("log_entries")
    op.drop_table("log_checkpoints")
