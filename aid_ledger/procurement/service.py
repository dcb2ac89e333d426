"""Buying: money of an allocation to a vendor under a contract, goods into stock against a BAST, tied to each other."""

from __future__ import annotations

import datetime as dt
from typing import TypedDict, Unpack

from aid_ledger.book import queries as book_queries
from aid_ledger.book import service as book
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from aid_ledger.core.act import Act
from aid_ledger.core.numbering import next_reference
from aid_ledger.documents import queries as documents
from aid_ledger.funding import queries as funding
from aid_ledger.funding.models import Source
from aid_ledger.officials import queries as officials
from aid_ledger.procurement import queries, rules
from aid_ledger.procurement.models import GoodsReceipt, Purchase, Vendor
from aid_ledger.programs import queries as programs
from aid_ledger.programs.models import Program
from aid_ledger.programs.refusals import CommodityMismatch
from audit.facts import money as facts


class Order(TypedDict):
    """What is bought: `quantity` whole units of a good, `price` whole rupiah for all of them."""

    vendor: str
    source: str
    program: str
    commodity: str
    quantity: int
    price: int
    contract: str


def register_vendor(act: Act, *, name: str, deed_on: dt.date, business_number: str) -> Vendor:
    """Register a company that may sell to the agency. Raises: VendorRefused, VendorTaken."""
    rules.check_vendor(name=name, business_number=business_number, deed_on=deed_on, today=act.on)

    vendor = Vendor(
        reference=next_reference(act, "VND"),
        name=name.strip(),
        deed_on=deed_on,
        business_number=business_number.strip(),
        registered_at=act.at,
    )
    act.session.add(vendor)

    act.record(facts.VendorRegistered(vendor=vendor.reference, name=vendor.name, deed_on=deed_on))
    return vendor


def purchase_goods(act: Act, **order: Unpack[Order]) -> Purchase:
    """Pay a vendor out of a programme's allocation; the goods are taken in later, never more than ordered.

    Raises: VendorNotFound, SourceNotFound, ProgramNotFound, CommodityUnknown, DocumentNotFound, PurchaseRefused,
        ContractNeeded, CommodityMismatch, InsufficientFunds.
    """
    vendor = queries.vendor(act.session, order["vendor"])
    source = funding.source(act.session, order["source"])
    program = programs.program(act.session, order["program"])
    contract = documents.document(act.session, order["contract"])
    book_queries.commodity(act.session, order["commodity"])

    rules.check_purchase(commodity=order["commodity"], quantity=order["quantity"], price=order["price"])
    if contract.kind != rules.CONTRACT:
        raise rules.ContractNeeded(document=contract.reference, kind_of_document=contract.kind)
    if order["commodity"] != program.commodity:
        raise CommodityMismatch(program=program.code, commodity=order["commodity"])

    purchase = Purchase(
        reference=next_reference(act, "PUR"),
        vendor_id=vendor.id,
        source_id=source.id,
        program_id=program.id,
        commodity=order["commodity"],
        quantity=order["quantity"],
        price=order["price"],
        received=0,
        state="ordered",
        contract_id=contract.id,
        purchased_by=act.actor.id,
        purchased_at=act.at,
    )
    act.session.add(purchase)
    held, spent = (Place(source.code, stage, program.code) for stage in (Stage.ALLOCATED, Stage.SPENT))
    moves = book.move(act, [Movement(held, spent, IDR, order["price"])])

    act.record(
        facts.GoodsPurchased(
            purchase=purchase.reference,
            vendor=vendor.reference,
            source=source.code,
            program=program.code,
            commodity=purchase.commodity,
            quantity=purchase.quantity,
            price=purchase.price,
            document=contract.reference,
            moves=moves,
        )
    )
    return purchase


def receive_goods(act: Act, reference: str, *, quantity: int, bast: str) -> GoodsReceipt:
    """Take bought goods into stock against a BAST, by somebody other than the buyer.

    Raises: PurchaseNotFound, DocumentNotFound, HandoverRecordNeeded, HandoverRecordUsed, ReceiverIsBuyer,
        PurchaseRefused, DeliveredMoreThanOrdered.
    """
    purchase = queries.purchase(act.session, reference, lock=True)
    document = documents.document(act.session, bast)
    source = act.session.get_one(Source, purchase.source_id)
    program = act.session.get_one(Program, purchase.program_id)

    if document.kind != rules.HANDOVER_RECORD:
        raise rules.HandoverRecordNeeded(document=document.reference, kind_of_document=document.kind)
    if _is_buyer(act, purchase):
        raise rules.ReceiverIsBuyer(purchase=reference)
    rules.check_arrival(ordered=purchase.quantity, received=purchase.received, arriving=quantity)

    purchase.received += quantity
    purchase.state = "received" if purchase.received == purchase.quantity else "ordered"
    receipt = GoodsReceipt(
        reference=next_reference(act, "GRC"),
        purchase_id=purchase.id,
        quantity=quantity,
        document_id=document.id,
        received_by=act.actor.id,
        received_at=act.at,
    )
    act.session.add(receipt)
    world, stock = Place(source.code, Stage.WORLD), Place(source.code, Stage.ALLOCATED, program.code)
    moves = book.move(act, [Movement(world, stock, purchase.commodity, quantity)])

    act.record(
        facts.GoodsReceived(
            purchase=reference,
            commodity=purchase.commodity,
            quantity=quantity,
            document=document.reference,
            moves=moves,
        )
    )
    return receipt


def _is_buyer(act: Act, purchase: Purchase) -> bool:
    """Tell whether the one who acts bought the goods, or counts as one person with who did (THREATS 3)."""
    buyer = officials.official_by_login(act.session, purchase.purchased_by)
    receiver = officials.official_by_login(act.session, act.actor.id)
    return buyer.id in officials.barred_with(act.session, receiver.id, act.on)
