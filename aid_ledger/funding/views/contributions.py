"""One contribution on its way in: its page, its screening, its receipt with a last look before, its publication."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.core.roles import Role
from aid_ledger.documents import queries as documents
from aid_ledger.documents.rules import DocumentKind
from aid_ledger.funding import queries, schemas, service
from aid_ledger.funding.queries import FiledContribution
from aid_ledger.funding.rules import IN_CUSTODY, Addressee, ContributionState, EmergencyLevel, SourceKind, state_words
from aid_ledger.funding.views.readers import (
    LOOKS,
    READERS,
    amount_words,
    bp,
    document_choices,
    document_words,
    donor_words,
)
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.web import desk, formats, problems
from aid_ledger.web.guard import allow

SCREENERS = (Role.VERIFIER, Role.TREASURER)


@bp.get("/kontribusi/<reference>")
@allow(*READERS)
def contribution(reference: str) -> ResponseReturnValue:
    """Show one contribution: what it is, what was done with it, what comes next and by whom."""
    with desk.read() as session:
        filed = queries.filed(session, reference)
        return render_template(
            "funding/contribution.html",
            **_words(session, filed),
            need_plan=document_words(filed.need_plan) if filed.need_plan else "",
            emergency=_emergency_words(filed),
            steps=_steps(filed),
            facts=timeline(session, reference, names=officials.names_by_login(session)),
            actions=_next(filed, queries.office_title(session, filed.source.custodian_office)),
        )


@bp.get("/kontribusi/<reference>/penapisan")
@allow(*SCREENERS)
def new_screening(reference: str) -> ResponseReturnValue:
    """Ask to whom a gift is addressed."""
    with desk.read() as session:
        filed = queries.filed(session, reference)
        return render_template(
            "funding/screening.html", **_words(session, filed), is_own=_is_own(filed), accept=schemas.ACCEPT
        )


@bp.post("/kontribusi/<reference>/penapisan")
@problems.shown_on(".new_screening")
@allow(*SCREENERS)
def screen(reference: str) -> ResponseReturnValue:
    """Record the outcome of a screening."""
    values = desk.form(schemas.ScreeningForm())
    accept = values["decision"] == schemas.ACCEPT
    desk.act_once(
        service.screen_contribution,
        reference,
        accept=accept,
        reason=values["reason"],
        addressee=Addressee(values["addressee"]),
    )
    flash("Sumbangan lolos penapisan; bendahara dapat menerimanya." if accept else "Sumbangan ditolak.", "success")
    return redirect(url_for(".contribution", reference=reference))


@bp.get("/kontribusi/<reference>/terima")
@allow(Role.TREASURER)
def new_receipt(reference: str) -> ResponseReturnValue:
    """Ask when it came, and for BTT under which need plan."""
    with desk.read() as session:
        filed = queries.filed(session, reference)
        return render_template(
            "funding/receipt.html",
            **_words(session, filed),
            is_own=_is_own(filed),
            is_custodian=desk.official.office == filed.source.custodian_office,
            custodian=queries.office_title(session, filed.source.custodian_office),
            plans=document_choices(session, DocumentKind.NEED_PLAN),
            today=desk.today(),
        )


@bp.get("/kontribusi/<reference>/terima/periksa")
@problems.shown_on(".new_receipt")
@allow(Role.TREASURER)
def check_receipt(reference: str) -> ResponseReturnValue:
    """Show exactly what a receipt would record, before it is recorded."""
    values = desk.filters(schemas.ReceiptForm())
    with desk.read() as session:
        filed = queries.filed(session, reference)
        words = _words(session, filed)
        held = book.balance(session, Place(filed.source.code, Stage.RECEIVED), filed.contribution.commodity)
        return render_template(
            "funding/check_receipt.html",
            **words,
            values=values,
            before=amount_words(held, filed.contribution.commodity, words["unit"]),
            after=amount_words(held + filed.contribution.amount, filed.contribution.commodity, words["unit"]),
            plan=_plan_words(session, values["need_plan"]),
            emergency=_emergency_ahead(session, words["kind"], values["received_on"]),
        )


@bp.post("/kontribusi/<reference>/terima")
@problems.shown_on(".new_receipt")
@allow(Role.TREASURER)
def receive(reference: str) -> ResponseReturnValue:
    """Take a contribution into custody, once."""
    desk.act_once(service.receive_contribution, reference, **desk.form(schemas.ReceiptForm()))
    flash("Kontribusi diterima dan masuk ke buku.", "success")
    return redirect(url_for(".contribution", reference=reference))


@bp.get("/kontribusi/umumkan")
@allow(*READERS)
def publications() -> ResponseReturnValue:
    """List the gifts that came and are not published, oldest first, and those published last."""
    with desk.read() as session:
        waiting = queries.waiting(session, ContributionState.RECEIVED, donated=True)
        published = queries.published(session)
        units = {row.code: row.unit for row in book.commodities(session)}
        donors = queries.donors_by_ids(session, [row.donor_id for row, _ in [*waiting, *published] if row.donor_id])
    today = desk.today()
    return render_template(
        "funding/publications.html",
        waiting=[(row, source, _age(row.received_on, today)) for row, source in waiting],
        published=published,
        donors={donor_id: donor_words(donor) for donor_id, donor in donors.items()},
        amounts={
            row.reference: amount_words(row.amount, row.commodity, units[row.commodity])
            for row, _source in [*waiting, *published]
        },
        may_publish=Role.OPERATOR in desk.official.roles,
    )


@bp.post("/kontribusi/<reference>/umumkan")
@allow(Role.OPERATOR)
def publish(reference: str) -> ResponseReturnValue:
    """Publish a gift."""
    desk.act(service.publish_contribution, reference)
    flash(f"Sumbangan {reference} diumumkan.", "success")
    return redirect(url_for(".publications"))


def _words(session: Session, filed: FiledContribution) -> dict[str, Any]:
    """Say what every page of a contribution shows."""
    row = filed.contribution
    commodity = book.commodity(session, row.commodity)
    state = ContributionState(row.state)
    look, drawing = LOOKS[row.state]
    return {
        "contribution": row,
        "source": filed.source,
        "kind": SourceKind(filed.source.kind),
        "donor": donor_words(filed.donor),
        "document": filed.document,
        "amount": amount_words(row.amount, row.commodity, commodity.unit),
        "in_words": formats.terbilang(row.amount) if row.commodity == IDR else "",
        "commodity": commodity,
        "unit": commodity.unit,
        "state": (state_words(SourceKind(filed.source.kind), state), look, drawing),
    }


def _steps(filed: FiledContribution) -> list[tuple[str, str]]:
    """List the way this contribution goes."""
    kind, state = SourceKind(filed.source.kind), ContributionState(filed.contribution.state)
    if state is ContributionState.DECLARED:
        return []
    way = [ContributionState.OFFERED, ContributionState.RECEIVED]
    if kind.is_donated:
        middle = ContributionState.REFUSED if state is ContributionState.REFUSED else ContributionState.ACCEPTED
        rest = [] if state is ContributionState.REFUSED else [ContributionState.RECEIVED, ContributionState.PUBLISHED]
        way = [ContributionState.OFFERED, middle, *rest]
    return [(each.value, state_words(kind, each)) for each in way]


def _next(filed: FiledContribution, custodian: str) -> list[dict[str, str]]:
    """Say what can be done next and by whom; the address is empty where this reader may not."""
    row, roles = filed.contribution, desk.official.roles
    state, is_gift = ContributionState(row.state), SourceKind(filed.source.kind).is_donated
    is_own = _is_own(filed)
    if state is ContributionState.OFFERED and is_gift:
        may = not is_own and not roles.isdisjoint(SCREENERS)
        url = url_for(".new_screening", reference=row.reference) if may else ""
        return [{"label": "Tapis terhadap gratifikasi", "url": url, "who": "Verifikator atau Bendahara lain"}]
    if state in {ContributionState.OFFERED, ContributionState.ACCEPTED}:
        may = not is_own and Role.TREASURER in roles and desk.official.office == filed.source.custodian_office
        url = url_for(".new_receipt", reference=row.reference) if may else ""
        return [{"label": "Terima", "url": url, "who": custodian}]
    if state is ContributionState.RECEIVED and is_gift:
        url = url_for(".publications") if Role.OPERATOR in roles else ""
        return [{"label": "Umumkan", "url": url, "who": Role.OPERATOR.label}]
    if state in IN_CUSTODY:
        return [{"label": "Alokasikan ke program", "url": "", "who": "Operator, pada halaman program"}]
    return []


def _is_own(filed: FiledContribution) -> bool:
    return filed.contribution.offered_by == desk.official.login


def _plan_words(session: Session, reference: str | None) -> dict[str, object] | None:
    if not reference:
        return None
    plan = documents.document(session, reference)
    used = queries.received_under(session, plan.id)
    return {"name": document_words(plan), "stated": plan.amount, "left": plan.amount - used if plan.amount else None}


def _emergency_words(filed: FiledContribution) -> str:
    status = filed.emergency
    return f"{EmergencyLevel(status.level).label} ({status.reference})" if status else ""


def _emergency_ahead(session: Session, kind: SourceKind, received_on: dt.date) -> str:
    """Name the status a receipt would rest on; "" where none is needed or none is in force."""
    status = queries.emergency_covering(session, received_on, desk.today()) if kind.needs_emergency else None
    return f"{EmergencyLevel(status.level).label} ({status.reference})" if status else ""


def _age(received_on: dt.date | None, today: dt.date) -> int:
    return (today - received_on).days if received_on else 0
