"""Signing in: password, then code; a one-time link; enrolling a device; signing out.

At each step the browser gets a new token and a new form token, so that one planted before is worth nothing after.
"""

from __future__ import annotations

import base64
import io

import segno
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core import clock
from aid_ledger.core.act import Actor, keeping_house
from aid_ledger.officials import queries, refusals, rules, schemas, service, sessions
from aid_ledger.web import desk, guard, problems
from aid_ledger.web.guard import CurrentOfficial, enrolling, public

bp = Blueprint("sign_in", __name__)


@bp.get("/masuk")
@public
def ask_password() -> ResponseReturnValue:
    """Ask who it is."""
    target = guard.local_path(request.args.get("next", ""))
    if target:
        session["next"] = target
    if guard.signed_in_official() is not None:
        return redirect(url_for("home.index"))
    return render_template("officials/sign_in.html")


@bp.post("/masuk")
@problems.shown_on(".ask_password")
@public
def give_password() -> ResponseReturnValue:
    """Check the password; the next step is the code, or a first device."""
    typed = desk.form(schemas.PasswordForm())
    outcome = service.check_password(desk.engine(), desk.kit().keys, place=request.remote_addr or "", **typed)
    if outcome.wait_s:
        raise refusals.SignInDelayed(seconds=outcome.wait_s)
    if outcome.official is None:
        raise refusals.SignInRefusedHere
    if outcome.needs_device:
        actor = _actor_on_the_way(outcome.official.id)
        _enter(desk.act_as(actor, service.sign_in_to_enrol, official_id=outcome.official.id))
        return redirect(url_for(".offer_device"))
    with keeping_house(desk.engine()) as rows:
        sessions.end_old_sessions(rows, clock.now())
        token = sessions.open_session(rows, outcome.official.id, sessions.PASSWORD, clock.now())
    _enter(token)
    return redirect(url_for(".ask_code"))


@bp.get("/masuk/kode")
@public
def ask_code() -> ResponseReturnValue:
    """Ask for the code."""
    if _half_way() is None:
        return redirect(url_for(".ask_password"))
    return render_template("officials/code.html")


@bp.post("/masuk/kode")
@problems.shown_on(".ask_code")
@public
def give_code() -> ResponseReturnValue:
    """Check the code and open the session."""
    typed = desk.form(schemas.CodeForm())
    official = _half_way()
    if official is None:
        return redirect(url_for(".ask_password"))
    outcome = desk.act_as(
        desk.actor_of(official), service.sign_in, official_id=official.official_id, code=typed["code"]
    )
    if not outcome.accepted:
        raise refusals.CodeWrong
    target = str(session.pop("next", ""))
    _enter(outcome.token)
    if outcome.factor == sessions.RECOVERY:
        flash("Anda masuk dengan kode pemulihan. Sesi ini tidak dapat menyetujui apa pun.", "warning")
    return redirect(guard.local_path(target) or url_for("home.index"))


@bp.post("/keluar")
@public
def sign_out() -> ResponseReturnValue:
    """End the session of this browser."""
    _leave()
    flash("Anda sudah keluar.", "success")
    return redirect(url_for(".ask_password"))


@bp.get("/masuk/mulai")
@public
def follow_link() -> ResponseReturnValue:
    """Show the form of a one-time link; its token moves from the address into the session at once."""
    token = request.args.get("token", "")
    if token:
        session["link"] = token
        return redirect(url_for(".follow_link"))
    with desk.read() as rows:
        person = queries.by_link(rows, str(session.get("link", "")), clock.now())
        has_device = queries.active_device(rows, person.id) is not None
    return render_template("officials/link.html", person=person, has_device=has_device, minimum=rules.PASSWORD_MIN)


@bp.post("/masuk/mulai")
@problems.shown_on(".follow_link")
@public
def accept_link() -> ResponseReturnValue:
    """Set the password of a one-time link and go on to the device."""
    typed = desk.form(schemas.LinkForm())
    link = str(session.get("link", ""))
    with desk.read() as rows:
        person = queries.by_link(rows, link, clock.now())
    outcome = desk.act_as(
        _actor_on_the_way(person.id),
        service.accept_enrolment,
        token=link,
        password=typed["password"],
        code=typed["code"] or "",
    )
    if not outcome.accepted:
        raise refusals.CodeWrong
    _enter(outcome.token)
    return redirect(url_for(".offer_device" if outcome.factor == sessions.ENROLMENT else "home.index"))


@bp.get("/masuk/perangkat")
@enrolling
def offer_device() -> ResponseReturnValue:
    """Show a fresh secret to its owner, as a QR code and for typing."""
    offer = service.begin_device(
        desk.kit().keys,
        official_id=desk.official.official_id,
        login=desk.official.login,
        at=clock.now(),
        sealed=request.form.get("sealed", ""),
    )
    return render_template("officials/device.html", offer=offer, picture=_picture(offer.uri))


@bp.post("/masuk/perangkat")
@problems.shown_on(".offer_device")
@enrolling
def confirm_device() -> ResponseReturnValue:
    """Enrol the device and show the recovery codes, once."""
    typed = desk.form(schemas.DeviceForm())
    token, codes = desk.act(service.sign_in_with_new_device, official_id=desk.official.official_id, **typed)
    _enter(token)
    with desk.read() as rows:
        device = queries.active_device(rows, desk.official.official_id)
    return render_template("officials/recovery_codes.html", codes=codes, device=device, now=clock.now())


def _half_way() -> CurrentOfficial | None:
    official = guard.current()
    return official if official is not None and official.factor == sessions.PASSWORD else None


def _enter(token: str) -> None:
    """Give the browser a new token; whatever it carried before is forgotten, also on the server, but where it goes."""
    target = session.get("next")
    _leave()
    session["token"] = token
    if target:
        session["next"] = target


def _leave() -> None:
    token = str(session.get("token", ""))
    if token:
        with keeping_house(desk.engine()) as rows:
            sessions.end_session(rows, token)
    session.clear()


def _actor_on_the_way(official_id: int) -> Actor:
    """Give the actor of one who has proved a password or a link and has no session yet."""
    with desk.read() as rows:
        person = queries.official(rows, official_id)
        office = queries.office_on(rows, official_id, desk.today())
    return Actor(
        type="official", id=person.login, office=office.code if office else "", door="web", official_id=official_id
    )


def _picture(uri: str) -> str:
    """Draw the QR code as an image inside the page, so that no other address ever serves a secret."""
    drawing = io.BytesIO()
    segno.make_qr(uri, error="m").save(drawing, kind="svg", scale=4, border=4, dark="#000", light="#fff")
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.getvalue()).decode()
