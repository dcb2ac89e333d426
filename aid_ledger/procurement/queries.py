"""Reading vendors and purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.book.models import Commodity
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.procurement.models import GoodsReceipt, Purchase, Vendor
from aid_ledger.procurement.rules import PurchaseNotFound, VendorNotFound
from aid_ledger.programs.models import Program

PAGE = 50
"""Rows on one page of a list."""


def vendor(session: Session, reference: str) -> Vendor:
    """Fetch a vendor; raises VendorNotFound."""
    found = session.scalars(select(Vendor).where(Vendor.reference == reference)).first()
    if found is None:
        raise VendorNotFound(vendor=reference[:40])
    return found


def vendors(session: Session) -> Sequence[Vendor]:
    """List vendors, newest first."""
    return session.scalars(select(Vendor).order_by(Vendor.id.desc()).limit(PAGE)).all()


def purchase(session: Session, reference: str, *, lock: bool = False) -> Purchase:
    """Fetch a purchase, held if asked; raises PurchaseNotFound."""
    query = select(Purchase).where(Purchase.reference == reference)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).first()
    if found is None:
        raise PurchaseNotFound(purchase=reference[:40])
    return found


def purchases(session: Session, *, before: int | None = None) -> Sequence[tuple[Purchase, Vendor]]:
    """List purchases with their vendors, newest first, below an id; one more than a page."""
    query = select(Purchase, Vendor).join(Vendor, Vendor.id == Purchase.vendor_id)
    if before is not None:
        query = query.where(Purchase.id < before)
    rows = session.execute(query.order_by(Purchase.id.desc()).limit(PAGE + 1))
    return [(bought, seller) for bought, seller in rows]


def waiting(session: Session) -> Sequence[Purchase]:
    """List the purchases of which goods are still to come, oldest first."""
    query = select(Purchase).where(Purchase.received < Purchase.quantity)
    return session.scalars(query.order_by(Purchase.id).limit(PAGE)).all()


@dataclass(frozen=True, slots=True)
class Detail:
    """What a purchase points to."""

    vendor: Vendor
    source: Source
    program: Program
    contract: Document
    goods: Commodity


def detail(session: Session, bought: Purchase) -> Detail:
    """Fetch what a purchase points to."""
    return Detail(
        session.get_one(Vendor, bought.vendor_id),
        session.get_one(Source, bought.source_id),
        session.get_one(Program, bought.program_id),
        session.get_one(Document, bought.contract_id),
        session.get_one(Commodity, bought.commodity),
    )


def arrivals(session: Session, purchase_id: int) -> Sequence[GoodsReceipt]:
    """List what arrived of a purchase, in order."""
    query = select(GoodsReceipt).where(GoodsReceipt.purchase_id == purchase_id)
    return session.scalars(query.order_by(GoodsReceipt.id)).all()
