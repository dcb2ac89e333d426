"""Two registers beside the sources: donors, and emergency statuses by decree."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core.roles import Role
from aid_ledger.documents.rules import DocumentKind, is_valid_on
from aid_ledger.funding import queries, schemas, service
from aid_ledger.funding.rules import DonorKind, EmergencyLevel
from aid_ledger.funding.views.readers import READERS, bp, document_choices, donor_words
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import allow


@bp.get("/donatur")
@allow(*READERS)
def donors() -> ResponseReturnValue:
    """List donors; individuals masked."""
    with desk.read() as session:
        found = queries.donors(session)
    return render_template(
        "funding/donors.html",
        donors=[(donor, donor_words(donor), DonorKind(donor.kind).label) for donor in found],
        kinds=[(kind.value, kind.label) for kind in DonorKind],
        may_add=Role.OPERATOR in desk.official.roles,
    )


@bp.post("/donatur")
@problems.shown_on(".donors")
@allow(Role.OPERATOR)
def register_donor() -> ResponseReturnValue:
    """Register a donor, once."""
    done = desk.act_once(service.register_donor, **desk.form(schemas.DonorForm()))
    flash(f"Donatur {done.reference} terdaftar.", "success")
    return redirect(url_for(".donors"))


@bp.get("/kedaruratan")
@allow(*READERS)
def emergencies() -> ResponseReturnValue:
    """List emergency statuses, and ask an operator for a new one."""
    with desk.read() as session:
        found = queries.emergencies(session)
        decrees = document_choices(session, DocumentKind.DECREE)
    today = desk.today()
    return render_template(
        "funding/emergencies.html",
        statuses=[
            (status, decree, EmergencyLevel(status.level).label, is_valid_on(status.since, status.until, today))
            for status, decree in found
        ],
        levels=[(level.value, level.label) for level in EmergencyLevel],
        decrees=decrees,
        may_add=Role.OPERATOR in desk.official.roles,
    )


@bp.post("/kedaruratan")
@problems.shown_on(".emergencies")
@allow(Role.OPERATOR)
def declare_emergency() -> ResponseReturnValue:
    """Enter an emergency status, once."""
    done = desk.act_once(service.declare_emergency, **desk.form(schemas.EmergencyForm()))
    flash(f"Status kedaruratan {done.reference} dicatat.", "success")
    return redirect(url_for(".emergencies"))
