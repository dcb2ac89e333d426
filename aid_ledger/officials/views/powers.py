"""Giving and taking power: offices held, roles asked for and ended, resets asked for, suspension, delays lifted."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core.roles import Role
from aid_ledger.officials import listing, queries, rules, schemas, service
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import allow

bp = Blueprint("powers", __name__, url_prefix="/pejabat/orang/<login>")


def _back(login: str) -> ResponseReturnValue:
    return redirect(url_for("officials.show", login=login))


@bp.get("/jabatan")
@allow(Role.ADMIN)
def new_term(login: str) -> ResponseReturnValue:
    """Ask which office, from when to when, by which decree."""
    with desk.read() as session:
        person = queries.official_by_login(session, login)
        others = [one for one in listing.everybody(session, desk.today()) if one.official.id != person.id]
        offices = listing.offices(session)
    return render_template("officials/term.html", person=person, offices=offices, others=others)


@bp.post("/jabatan")
@problems.shown_on(".new_term")
@allow(Role.ADMIN)
def hold_office(login: str) -> ResponseReturnValue:
    """Let the official hold an office."""
    desk.act(service.hold_office, login=login, **desk.form(schemas.TermForm()))
    flash("Jabatan dicatat.", "success")
    return _back(login)


@bp.get("/peran")
@allow(Role.ADMIN)
def new_role(login: str) -> ResponseReturnValue:
    """Ask which role, where, from when to when, by which decree."""
    with desk.read() as session:
        person = queries.official_by_login(session, login)
        is_founding = queries.founding_open(session)
    return render_template("officials/role.html", person=person, roles=list(Role), is_founding=is_founding)


@bp.post("/peran")
@problems.shown_on(".new_role")
@allow(Role.ADMIN)
def request_role(login: str) -> ResponseReturnValue:
    """Ask for a role."""
    typed = desk.form(schemas.RoleForm())
    typed["area"] = typed["area"] or ""
    grant = desk.act(service.request_role, login=login, **typed)
    is_granted = grant.state == rules.GRANTED
    what = "berlaku sekarang" if is_granted else "menunggu pejabat kedua"
    flash(f"Permintaan {grant.reference} {what}.", "success")
    return _back(login)


@bp.post("/peran/<reference>/cabut")
@problems.shown_on("officials.show")
@allow(Role.ADMIN)
def revoke_role(login: str, reference: str) -> ResponseReturnValue:
    """End a granted role."""
    desk.act(service.revoke_role, reference, reason=desk.form(schemas.ReasonForm())["reason"])
    flash(f"Peran {reference} dicabut.", "success")
    return _back(login)


@bp.post("/nonaktif")
@problems.shown_on("officials.show")
@allow(Role.ADMIN)
def suspend(login: str) -> ResponseReturnValue:
    """Suspend the official."""
    desk.act(service.suspend_official, login=login, reason=desk.form(schemas.ReasonForm())["reason"])
    flash("Pejabat dinonaktifkan; semua sesinya berakhir.", "success")
    return _back(login)


@bp.post("/buka-kunci")
@allow(Role.ADMIN)
def unlock(login: str) -> ResponseReturnValue:
    """Lift the delay of the official's device."""
    desk.act(service.unlock_device, login=login)
    flash("Penundaan perangkat dicabut.", "success")
    return _back(login)


@bp.post("/atur-ulang")
@problems.shown_on("officials.show")
@allow(Role.ADMIN)
def request_reset(login: str) -> ResponseReturnValue:
    """Ask that a factor be enrolled anew."""
    reset = desk.act(service.request_reset, login=login, **desk.form(schemas.ResetForm()))
    flash(f"Permintaan {reset.reference} menunggu pejabat kedua dari perangkat daerah lain.", "success")
    return _back(login)
