"""What waits for a second official, and their decision."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core.roles import Role
from aid_ledger.officials import listing, queries, rules, schemas, service
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import allow

bp = Blueprint("decisions", __name__, url_prefix="/pejabat/permintaan")


@bp.get("/")
@allow(Role.ADMIN, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List what waits."""
    with desk.read() as session:
        grants, resets = listing.waiting_grants(session), listing.waiting_resets(session)
    return render_template("officials/requests.html", grants=grants, resets=resets, role_label=listing.role_label)


@bp.get("/peran/<reference>")
@allow(Role.ADMIN, Role.AUDITOR)
def show_grant(reference: str) -> ResponseReturnValue:
    """Show a request for a role and what the person holds already."""
    with desk.read() as session:
        asked = listing.of_grant(session, queries.grant(session, reference))
        held = queries.roles_on(session, asked.official.id, desk.today())
        office = queries.office_on(session, asked.official.id, desk.today())
    return render_template(
        "officials/decide_role.html", asked=asked, held=held, office=office, may_decide=_may_decide(asked)
    )


@bp.post("/peran/<reference>")
@problems.shown_on(".show_grant")
@allow(Role.ADMIN)
def decide_grant(reference: str) -> ResponseReturnValue:
    """Grant or refuse a role."""
    typed = desk.form(schemas.DecisionForm())
    is_granted = typed["decision"] == "grant"
    desk.act(service.decide_role, reference, grant=is_granted, reason=typed["reason"] or "")
    flash(f"Permintaan {reference} {'disetujui' if is_granted else 'ditolak'}.", "success")
    return redirect(url_for(".index"))


@bp.get("/faktor/<reference>")
@allow(Role.ADMIN, Role.AUDITOR)
def show_reset(reference: str) -> ResponseReturnValue:
    """Show a reset that was asked for."""
    with desk.read() as session:
        asked = listing.of_reset(session, queries.reset(session, reference))
    return render_template("officials/decide_reset.html", asked=asked, may_decide=_may_decide(asked))


@bp.post("/faktor/<reference>")
@problems.shown_on(".show_reset")
@allow(Role.ADMIN)
def decide_reset(reference: str) -> ResponseReturnValue:
    """Grant or refuse a reset; of a password it makes a link, shown once."""
    typed = desk.form(schemas.DecisionForm())
    is_granted = typed["decision"] == "grant"
    token = desk.act(service.decide_reset, reference, grant=is_granted, reason=typed["reason"] or "")
    if token:
        with desk.read() as session:
            person = queries.official(session, queries.reset(session, reference).official_id)
        return render_template("officials/link_made.html", person=person, token=token, life=rules.LINK_LIFE.days)
    flash(f"Permintaan {reference} {'disetujui' if is_granted else 'ditolak'}.", "success")
    return redirect(url_for(".index"))


def _may_decide(asked: listing.Waiting) -> bool:
    """Say whether to show the form: the service decides again, and knows more."""
    involved = {asked.official.id, asked.requester.id}
    is_admin = Role.ADMIN in desk.official.roles
    return is_admin and asked.state == rules.REQUESTED and desk.official.official_id not in involved
