"""The pages of this room: vendors, purchases and what arrived of them; buying and taking in after one more look."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.core.roles import Role
from aid_ledger.documents import queries as documents
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.funding import queries as funding
from aid_ledger.funding.views.readers import document_choices, document_words
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.procurement import queries, rules, schemas, service
from aid_ledger.procurement.models import Purchase
from aid_ledger.programs import queries as programs
from aid_ledger.web import desk, formats, problems, slots
from aid_ledger.web.guard import allow

bp = Blueprint("procurement", __name__, url_prefix="/pengadaan")

BUYERS: Final = (Role.OPERATOR,)
RECEIVERS: Final = (Role.OPERATOR, Role.TREASURER, Role.FIELD)
READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.FIELD, Role.AUDITOR)
ORDER: Final = 46

STATES: Final = {
    "ordered": ("menunggu barang", "waiting", "clock"),
    "received": ("barang lengkap", "good", "check-circle"),
}


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Pengadaan", "procurement.index", frozenset(READERS), ORDER, "box"))
    for role in RECEIVERS:
        slots.register_home_cards(app, role, _arrival_cards)


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List purchases, newest first."""
    before = desk.filters(schemas.ListFilter())["sebelum"]
    with desk.read() as session:
        found = queries.purchases(session, before=before)
        units = {row.code: row.unit for row in book.commodities(session)}
    shown = found[: queries.PAGE]
    return render_template(
        "procurement/index.html",
        rows=shown,
        units=units,
        states_of=STATES,
        next_after=shown[-1][0].id if len(found) > len(shown) else 0,
        is_first=before is None,
        may_buy=Role.OPERATOR in desk.official.roles,
    )


@bp.get("/penyedia")
@allow(*READERS)
def vendors() -> ResponseReturnValue:
    """List vendors, and ask an operator for more."""
    with desk.read() as session:
        found = queries.vendors(session)
    return render_template("procurement/vendors.html", vendors=found, may_add=Role.OPERATOR in desk.official.roles)


@bp.post("/penyedia")
@problems.shown_on(".vendors")
@allow(*BUYERS)
def register_vendor() -> ResponseReturnValue:
    """Register a vendor."""
    vendor = desk.act(service.register_vendor, **desk.form(schemas.VendorForm()))
    flash(f"{vendor.name} terdaftar sebagai penyedia.", "success")
    return redirect(url_for(".vendors"))


@bp.get("/beli")
@allow(*BUYERS)
def new() -> ResponseReturnValue:
    """Ask what is bought."""
    with desk.read() as session:
        return render_template(
            "procurement/new.html",
            vendors=[(row.reference, f"{row.name} ({row.business_number})") for row in queries.vendors(session)],
            purses=_purses(session),
            contracts=document_choices(session, DocumentKind.AGREEMENT),
        )


@bp.get("/beli/periksa")
@problems.shown_on(".new")
@allow(*BUYERS)
def check() -> ResponseReturnValue:
    """Show what a purchase would record, with the allocation before and after."""
    values = desk.filters(schemas.PurchaseForm())
    order = _order(values)
    with desk.read() as session:
        program = programs.program(session, order["program"])
        source = funding.source(session, order["source"])
        vendor = queries.vendor(session, order["vendor"])
        contract = documents.document(session, order["contract"])
        goods = book.commodity(session, program.commodity)
        held = book.balance(session, Place(source.code, Stage.ALLOCATED, program.code), IDR)
    rules.check_purchase(commodity=goods.code, quantity=order["quantity"], price=order["price"])
    return render_template(
        "procurement/check.html",
        vendor=vendor,
        source=source,
        program=program,
        contract=document_words(contract),
        quantity=formats.banyaknya(order["quantity"], goods.unit),
        goods=goods,
        price=order["price"],
        each=unit_price(order["price"], order["quantity"]),
        before=held,
        after=held - order["price"],
        values=values,
    )


@bp.post("/beli")
@problems.shown_on(".new")
@allow(*BUYERS)
def buy() -> ResponseReturnValue:
    """Buy, once."""
    order = _order(desk.form(schemas.PurchaseForm()))
    with desk.read() as session:
        order["commodity"] = programs.program(session, order["program"]).commodity
    done = desk.act_once(service.purchase_goods, **order)
    flash(f"Pembelian {done.reference} dicatat. Kedatangan barangnya ditandatangani pejabat lain.", "success")
    return redirect(url_for(".show", reference=done.reference))


@bp.get("/<reference>")
@allow(*READERS)
def show(reference: str) -> ResponseReturnValue:
    """Show one purchase: its contract, what arrived, and who may sign for the rest."""
    with desk.read() as session:
        return render_template("procurement/show.html", **_page(session, queries.purchase(session, reference)))


@bp.get("/<reference>/datang")
@problems.shown_on(".show")
@allow(*RECEIVERS)
def check_arrival(reference: str) -> ResponseReturnValue:
    """Show what an arrival would record."""
    values = desk.filters(schemas.ArrivalForm())
    with desk.read() as session:
        purchase = queries.purchase(session, reference)
        bast = documents.document(session, values["bast"])
        rules.check_arrival(ordered=purchase.quantity, received=purchase.received, arriving=values["quantity"])
        return render_template(
            "procurement/check_arrival.html", bast=document_words(bast), values=values, **_page(session, purchase)
        )


@bp.post("/<reference>/datang")
@problems.shown_on(".show")
@allow(*RECEIVERS)
def receive(reference: str) -> ResponseReturnValue:
    """Take goods in, once."""
    done = desk.act_once(service.receive_goods, reference, **desk.form(schemas.ArrivalForm()))
    flash(f"Kedatangan {done.reference} dicatat. Barang masuk persediaan program.", "success")
    return redirect(url_for(".show", reference=reference))


def unit_price(price: int, quantity: int) -> str:
    """Write what one unit costs; "sekitar" where the price does not divide."""
    each, rest = divmod(int(price), int(quantity))
    return f"sekitar {formats.rupiah(each)}" if rest else formats.rupiah(each)


def _page(session: Session, purchase: Purchase) -> dict[str, Any]:
    arrivals = queries.arrivals(session, purchase.id)
    names = officials.names_by_login(session)
    detail = queries.detail(session, purchase)
    is_buyer = purchase.purchased_by == desk.official.login
    return {
        "purchase": purchase,
        "detail": detail,
        "arrivals": arrivals,
        "papers": programs.papers(session, {arrival.document_id for arrival in arrivals}),
        "left": purchase.quantity - purchase.received,
        "each": unit_price(purchase.price, purchase.quantity),
        "state": STATES[purchase.state],
        "names": names,
        "facts": timeline(session, purchase.reference, names=names),
        "basts": document_choices(session, DocumentKind.HANDOVER),
        "is_buyer": is_buyer,
        "may_receive": bool(desk.official.roles & set(RECEIVERS)) and not is_buyer,
    }


def _purses(session: Session) -> list[tuple[str, str]]:
    """Offer what may pay: rupiah allocated to programmes that hand out goods."""
    goods = {each.code: each for each in programs.programs(session) if each.commodity != IDR}
    return [
        (f"{held.source}/{held.program}", f"{goods[held.program].name}, {held.source}: {formats.rupiah(held.amount)}")
        for held in book.holdings(session, commodity=IDR)
        if held.program in goods and held.stage == Stage.ALLOCATED.value
    ]


def _order(values: dict[str, Any]) -> dict[str, Any]:
    """Take the purse apart into the source and the programme that the service asks for."""
    source, _, program = values["purse"].partition("/")
    order = {name: value for name, value in values.items() if name != "purse"}
    return order | {"source": source, "program": program}


def _arrival_cards(viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        due = [each for each in queries.waiting(session) if each.purchased_by != viewer.id]
    if not due:
        return []
    return [
        slots.HomeCard(
            title="Barang yang dibeli belum datang lengkap",
            sentence="Hitung barangnya, lalu tandatangani kedatangannya dengan BAST.",
            url=url_for("procurement.show", reference=due[0].reference),
            verb="Buka yang tertua",
            count=len(due),
            order=55,
        )
    ]
