"""The people an ADMIN manages: everybody, one person with their facts, enrolling, offices."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.officials import listing, queries, rules, schemas, service
from aid_ledger.officials.views.words import fact_of
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import allow

bp = Blueprint("officials", __name__, url_prefix="/pejabat")


@bp.get("/")
@allow(Role.ADMIN, Role.AUDITOR)
def index() -> ResponseReturnValue:
    """List everybody."""
    with desk.read() as session:
        people = listing.everybody(session, desk.today())
    return render_template("officials/index.html", people=people, is_admin=Role.ADMIN in desk.official.roles)


@bp.get("/baru")
@allow(Role.ADMIN)
def new() -> ResponseReturnValue:
    """Ask whom to enrol."""
    return render_template("officials/new.html")


@bp.post("/baru")
@problems.shown_on(".new")
@allow(Role.ADMIN)
def create() -> ResponseReturnValue:
    """Enrol a person."""
    person = desk.act(service.enrol_official, **desk.form(schemas.OfficialForm()))
    flash(f"{person.name} terdaftar. Beri jabatan, ajukan peran, lalu buat tautan pendaftaran.", "success")
    return redirect(url_for(".show", login=person.login))


@bp.get("/orang/<login>")
@allow(Role.ADMIN, Role.AUDITOR)
def show(login: str) -> ResponseReturnValue:
    """Show one person: what they hold, what they prove themselves with, and everything recorded about them."""
    with desk.read() as session:
        person = queries.official_by_login(session, login)
        names = {one.official.login: one.official.name for one in listing.everybody(session, desk.today())}
        return render_template(
            "officials/show.html",
            person=person,
            office=queries.office_on(session, person.id, desk.today()),
            terms=listing.terms_of(session, person.id),
            grants=listing.grants_of(session, person.id),
            device=queries.active_device(session, person.id),
            facts=[fact_of(fact, names) for fact in listing.timeline(session, person)],
            role_label=listing.role_label,
            now=clock.now(),
            is_admin=Role.ADMIN in desk.official.roles,
            is_self=person.id == desk.official.official_id,
            is_active=person.state == rules.ACTIVE,
        )


@bp.post("/orang/<login>/tautan")
@allow(Role.ADMIN)
def open_link(login: str) -> ResponseReturnValue:
    """Make a one-time link and show it once."""
    token = desk.act(service.open_enrolment, login=login)
    with desk.read() as session:
        person = queries.official_by_login(session, login)
    return render_template("officials/link_made.html", person=person, token=token, life=rules.LINK_LIFE.days)


@bp.get("/jabatan")
@allow(Role.ADMIN, Role.AUDITOR)
def offices() -> ResponseReturnValue:
    """List the offices and ask for a new one."""
    with desk.read() as session:
        found = listing.offices(session)
    return render_template("officials/offices.html", offices=found, is_admin=Role.ADMIN in desk.official.roles)


@bp.post("/jabatan")
@problems.shown_on(".offices")
@allow(Role.ADMIN)
def open_office() -> ResponseReturnValue:
    """Open an office."""
    office = desk.act(service.open_office, **desk.form(schemas.OfficeForm()))
    flash(f"Jabatan {office.title} dibuka.", "success")
    return redirect(url_for(".offices"))
