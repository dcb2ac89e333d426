"""Sources: all of them with what they hold, one of them with its contributions, opening one, opening balances."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.book import queries as book
from aid_ledger.book.models import Commodity
from aid_ledger.book.queries import Holding
from aid_ledger.book.rules import IDR
from aid_ledger.core.roles import Role
from aid_ledger.documents import queries as documents
from aid_ledger.documents.schemas import PageFilter
from aid_ledger.funding import queries, schemas, service
from aid_ledger.funding.models import Source
from aid_ledger.funding.rules import ContributionState, SourceKind, state_words
from aid_ledger.funding.views.readers import (
    LOOKS,
    READERS,
    amount_words,
    bp,
    commodity_choices,
    document_choices,
    document_words,
    donor_choices,
    donor_words,
)
from aid_ledger.log.mentions import about
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.web import desk, formats, problems
from aid_ledger.web.guard import allow

FACTS_SHOWN: Final = 30
"""Newest facts on a source's page; each contribution's page has its own."""


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """Show where the money of every source is, budget figures and gifts apart."""
    with desk.read() as session:
        sources = queries.sources(session)
        held = book.holdings(session)
        units = {row.code: row for row in book.commodities(session)}
    bars = {source.code: _bar(source, held) for source in sources}
    return render_template(
        "funding/index.html",
        sources=sources,
        budget=[bars[source.code] for source in sources if source.in_rkud],
        gifts=[bars[source.code] for source in sources if not source.in_rkud],
        goods=_goods(held, units),
        kinds={kind.value: kind.label for kind in SourceKind},
        may_open=Role.OPERATOR in desk.official.roles,
    )


@bp.get("/baru")
@allow(Role.OPERATOR)
def new() -> ResponseReturnValue:
    """Ask for a source."""
    with desk.read() as session:
        offices = queries.offices(session)
    return render_template(
        "funding/new.html",
        kinds=[(kind.value, kind.label, _explain(kind)) for kind in SourceKind],
        offices=[(office.code, f"{office.title} ({office.agency_unit})") for office in offices],
        year=desk.today().year,
    )


@bp.post("/baru")
@problems.shown_on(".new")
@allow(Role.OPERATOR)
def create() -> ResponseReturnValue:
    """Open a source."""
    source = desk.act(service.open_source, **desk.form(schemas.SourceForm()))
    flash(f"Sumber {source.name} dibuka.", "success")
    return redirect(url_for(".show", code=source.code))


@bp.get("/<code>")
@allow(*READERS)
def show(code: str) -> ResponseReturnValue:
    """Show one source: what it holds, what came in, what is on the way."""
    before = desk.filters(PageFilter())["sebelum"] or 0
    with desk.read() as session:
        source = queries.source(session, code)
        rows = queries.contributions_of(session, source.id, before=before)
        shown = rows[: queries.PAGE_SIZE]
        return render_template(
            "funding/show.html",
            source=source,
            kind=SourceKind(source.kind),
            bar=_bar(source, book.holdings(session, source=code)),
            held=book.holdings(session, source=code),
            units={row.code: row for row in book.commodities(session)},
            offices={office.code: office for office in queries.offices(session)},
            rows=[(row, donor_words(donor)) for row, donor in shown],
            states_of={state.value: state_words(SourceKind(source.kind), state) for state in ContributionState},
            looks=LOOKS,
            next_after=shown[-1][0].id if len(rows) > len(shown) else 0,
            is_first=not before,
            facts=timeline(session, about("source", code), names=officials.names_by_login(session), limit=FACTS_SHOWN),
            may_offer=Role.OPERATOR in desk.official.roles,
            is_founding=queries.is_founding(session),
        )


@bp.get("/<code>/tawaran")
@allow(Role.OPERATOR)
def new_offer(code: str) -> ResponseReturnValue:
    """Ask what is offered."""
    with desk.read() as session:
        source = queries.source(session, code)
        kind = SourceKind(source.kind)
        return render_template(
            "funding/new_offer.html",
            source=source,
            kind=kind,
            donors=donor_choices(session) if kind.is_donated else [],
            commodities=commodity_choices(session, money_only=kind.in_rkud),
            documents=document_choices(session),
        )


@bp.post("/<code>/tawaran")
@problems.shown_on(".new_offer")
@allow(Role.OPERATOR)
def offer(code: str) -> ResponseReturnValue:
    """Register what is offered; a repeated click finds the same contribution."""
    values = desk.form(schemas.OfferForm())
    done = desk.act_once(service.offer_contribution, source=code, **values)
    flash(f"Kontribusi {done.reference} terdaftar. Pejabat lain yang melanjutkannya.", "success")
    return redirect(url_for(".contribution", reference=done.reference))


@bp.get("/<code>/saldo-awal")
@allow(Role.OPERATOR)
def new_history(code: str) -> ResponseReturnValue:
    """Ask what lay in a source before the founding."""
    with desk.read() as session:
        source = queries.source(session, code)
        return render_template(
            "funding/new_history.html",
            source=source,
            is_founding=queries.is_founding(session),
            commodities=commodity_choices(session, money_only=False),
            documents=document_choices(session),
        )


@bp.get("/<code>/saldo-awal/periksa")
@problems.shown_on(".new_history")
@allow(Role.OPERATOR)
def check_history(code: str) -> ResponseReturnValue:
    """Show what an opening balance would record."""
    values = desk.filters(schemas.HistoryForm())
    with desk.read() as session:
        source = queries.source(session, code)
        commodity = book.commodity(session, values["commodity"])
        document = documents.document(session, values["document"])
    amount = amount_words(values["amount"], commodity.code, commodity.unit)
    return render_template(
        "funding/check_history.html",
        source=source,
        amount=amount,
        in_words=formats.terbilang(values["amount"]) if commodity.code == IDR else "",
        document=document_words(document),
        values=values,
    )


@bp.post("/<code>/saldo-awal")
@problems.shown_on(".new_history")
@allow(Role.OPERATOR)
def declare_history(code: str) -> ResponseReturnValue:
    """Declare an opening balance, once."""
    done = desk.act_once(service.declare_history, source=code, **desk.form(schemas.HistoryForm()))
    flash("Saldo awal dicatat.", "success")
    return redirect(url_for(".contribution", reference=done.reference))


def _bar(source: Source, held: list[Holding]) -> dict[str, object]:
    """Make one bar of rupiah by stage."""
    money = [each for each in held if each.source == source.code and each.commodity == IDR]
    stages = {stage: amount for stage, amount in book.by_stage(money).items() if amount}
    return {"label": source.name, "url": url_for("funding.show", code=source.code), "stages": stages}


def _goods(held: list[Holding], units: dict[str, Commodity]) -> list[tuple[Holding, Commodity]]:
    return [(each, units[each.commodity]) for each in held if each.commodity != IDR]


def _explain(kind: SourceKind) -> str:
    if kind.needs_emergency:
        return "Masuk APBD; hanya dalam status kedaruratan dan dengan RKB."
    return "Masuk APBD." if kind.in_rkud else "Di luar APBD; berdonatur dan ditapis terhadap gratifikasi."
