"""Vendors and purchases: money to a vendor under a contract, goods to stock by BAST."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Amount, Day, Moment, PrimaryId, Reference, ShortText, State
from aid_ledger.core.db import Base, record


class Vendor(Base):
    """A company that sells goods to the agency."""

    __tablename__ = "vendors"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    name: Mapped[ShortText]
    deed_on: Mapped[Day]
    business_number: Mapped[str] = mapped_column(String(60), unique=True)
    registered_at: Mapped[Moment]


class Purchase(Base):
    """A contract: so many units for so much money, paid from one allocation; never more goods than ordered."""

    __tablename__ = "purchases"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("price > 0", name="price"),
        CheckConstraint("received >= 0 AND received <= quantity", name="received"),
        {"info": record("OPERATOR, TREASURER")},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    vendor_id: Mapped[int] = mapped_column(ForeignKey("vendors.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))
    quantity: Mapped[Amount]
    price: Mapped[Amount]
    received: Mapped[Amount]
    state: Mapped[State]
    contract_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    purchased_by: Mapped[str] = mapped_column(String(40))
    purchased_at: Mapped[Moment]


class GoodsReceipt(Base):
    """Goods of a purchase arrived against a BAST."""

    __tablename__ = "goods_receipts"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="positive"),
        UniqueConstraint("purchase_id", "document_id"),
        {"info": record("OPERATOR, TREASURER, FIELD") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    purchase_id: Mapped[int] = mapped_column(ForeignKey("purchases.id"), index=True)
    quantity: Mapped[Amount]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    received_by: Mapped[str] = mapped_column(String(40))
    received_at: Mapped[Moment]
