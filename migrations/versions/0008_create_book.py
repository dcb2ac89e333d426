"""Create the tables of the book room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import protect

revision = "0008_create_book"
down_revision = "0007_create_documents"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "commodities",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("public_name", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_commodities")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("program", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_accounts_commodity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("source", "program", "stage", "commodity", name="cell"),
    )
    op.create_table(
        "balances",
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("is_world", sa.Boolean(), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.CheckConstraint("is_world OR amount >= 0", name=op.f("ck_balances_never_below_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_balances_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balances")),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("from_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("to_account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("amount", AmountType(), nullable=False),
        sa.Column("batch", sa.String(length=40), nullable=True),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("order_in_act", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_positive")),
        sa.CheckConstraint("from_account_id <> to_account_id", name=op.f("ck_transfers_moves")),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_transfers_commodity")),
        sa.ForeignKeyConstraint(["from_account_id"], ["accounts.id"], name=op.f("fk_transfers_from_account_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["transfers.id"], name=op.f("fk_transfers_reverses_id")),
        sa.ForeignKeyConstraint(["to_account_id"], ["accounts.id"], name=op.f("fk_transfers_to_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_transfers_reverses_id")),
    )
    op.create_index("ix_transfers_act", "transfers", ["act"], unique=False)
    op.create_index(op.f("ix_transfers_batch"), "transfers", ["batch"], unique=False)
    op.create_index("ix_transfers_from", "transfers", ["from_account_id", "id"], unique=False)
    op.create_index("ix_transfers_to", "transfers", ["to_account_id", "id"], unique=False)
    protect("transfers")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("transfers")
    op.drop_table("balances")
    op.drop_table("accounts")
    op.drop_table("commodities")
