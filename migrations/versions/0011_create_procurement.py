"""Create the tables of the procurement room.

Takes no lock that matters: the tables are new. Going down drops them, which only an empty database may do.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aid_ledger.core.db import Instant
from aid_ledger.core.money import AmountType
from migrations.append_only import protect

revision = "0011_create_procurement"
down_revision = "0010_create_programs"


def upgrade() -> None:
    """Create tables, indexes and the triggers of the append-only ones."""
    op.create_table(
        "vendors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("deed_on", sa.Date(), nullable=False),
        sa.Column("business_number", sa.String(length=60), nullable=False),
        sa.Column("registered_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendors")),
        sa.UniqueConstraint("business_number", name=op.f("uq_vendors_business_number")),
        sa.UniqueConstraint("reference", name=op.f("uq_vendors_reference")),
    )
    op.create_table(
        "purchases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("vendor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("program_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commodity", sa.String(length=40), nullable=False),
        sa.Column("quantity", AmountType(), nullable=False),
        sa.Column("price", AmountType(), nullable=False),
        sa.Column("received", AmountType(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("contract_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purchased_by", sa.String(length=40), nullable=False),
        sa.Column("purchased_at", Instant(), nullable=False),
        sa.CheckConstraint("price > 0", name=op.f("ck_purchases_price")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_purchases_quantity")),
        sa.CheckConstraint("received >= 0 AND received <= quantity", name=op.f("ck_purchases_received")),
        sa.ForeignKeyConstraint(["commodity"], ["commodities.code"], name=op.f("fk_purchases_commodity")),
        sa.ForeignKeyConstraint(["contract_id"], ["documents.id"], name=op.f("fk_purchases_contract_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_purchases_program_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_purchases_source_id")),
        sa.ForeignKeyConstraint(["vendor_id"], ["vendors.id"], name=op.f("fk_purchases_vendor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchases")),
        sa.UniqueConstraint("reference", name=op.f("uq_purchases_reference")),
    )
    op.create_table(
        "goods_receipts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("purchase_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", AmountType(), nullable=False),
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_by", sa.String(length=40), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_goods_receipts_positive")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_goods_receipts_document_id")),
        sa.ForeignKeyConstraint(["purchase_id"], ["purchases.id"], name=op.f("fk_goods_receipts_purchase_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_receipts")),
        sa.UniqueConstraint("purchase_id", "document_id", name=op.f("uq_goods_receipts_purchase_id_document_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_goods_receipts_reference")),
    )
    op.create_index(op.f("ix_goods_receipts_purchase_id"), "goods_receipts", ["purchase_id"], unique=False)
    protect("goods_receipts")


def downgrade() -> None:
    """Drop the tables again, newest first."""
    op.drop_table("goods_receipts")
    op.drop_table("purchases")
    op.drop_table("vendors")
