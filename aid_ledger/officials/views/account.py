"""One's own account: what one is, holds and proves oneself with; a new password; asking for a reset."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from aid_ledger.core import clock
from aid_ledger.officials import listing, queries, rules, schemas, service
from aid_ledger.web import desk, problems
from aid_ledger.web.guard import signed_in

bp = Blueprint("account", __name__, url_prefix="/akun")


@bp.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Show one's own account."""
    with desk.read() as rows:
        own = desk.official.official_id
        return render_template(
            "officials/account.html",
            person=queries.official(rows, own),
            terms=listing.terms_of(rows, own),
            grants=listing.grants_of(rows, own),
            device=queries.active_device(rows, own),
            codes_left=queries.recovery_codes_left(rows, own),
            role_label=listing.role_label,
            factor=desk.official.factor,
            now=clock.now(),
            minimum=rules.PASSWORD_MIN,
        )


@bp.post("/kata-sandi")
@problems.shown_on(".show")
@signed_in
def change_password() -> ResponseReturnValue:
    """Change the password; all browsers of this official sign in again."""
    typed = desk.form(schemas.PasswordChangeForm())
    desk.act(
        service.set_password,
        official_id=desk.official.official_id,
        password=typed["password"],
        present=typed["present"],
    )
    session.clear()
    flash("Kata sandi diganti. Masuklah lagi dengan kata sandi yang baru.", "success")
    return redirect(url_for("sign_in.ask_password"))


@bp.post("/atur-ulang")
@problems.shown_on(".show")
@signed_in
def request_reset() -> ResponseReturnValue:
    """Ask that a lost factor be enrolled anew."""
    reset = desk.act(service.request_reset, login=desk.official.login, **desk.form(schemas.ResetForm()))
    flash(f"Permintaan {reset.reference} dikirim. Pejabat kedua akan memutuskannya.", "success")
    return redirect(url_for(".show"))
