"""The page of the founding: what is ready, who has signed, and the founder's signature under its end."""

from __future__ import annotations

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from aid_ledger.core.roles import Role
from aid_ledger.founding import service
from aid_ledger.officials import listing, queries
from aid_ledger.officials.models import FoundingSignature, Official
from aid_ledger.regions import queries as regions
from aid_ledger.web import desk, problems, slots
from aid_ledger.web.guard import signed_in

bp = Blueprint("founding", __name__, url_prefix="/pendirian")


def install(app: Flask) -> None:
    """Hang the page on an application."""
    app.register_blueprint(bp)
    slots.register_home_cards(app, Role.ADMIN, _cards)


@bp.get("")
@signed_in
def show() -> ResponseReturnValue:
    """Show how far the founding is."""
    with desk.read() as session:
        founders = session.scalars(select(Official).where(Official.founder).order_by(Official.id)).all()
        signed = {one.official_id: one.signed_at for one in session.scalars(select(FoundingSignature))}
        return render_template(
            "founding/show.html",
            agency=regions.agency(session),
            founders=founders,
            signed=signed,
            units=sorted(listing.admin_units(session, desk.today())),
            without_device=listing.without_device(session),
            may_sign=desk.official.is_founding and desk.official.official_id not in signed,
        )


@bp.post("/tanda-tangan")
@problems.shown_on(".show")
@signed_in
def sign() -> ResponseReturnValue:
    """Sign the end of the founding."""
    is_closed = desk.act(service.sign_founding)
    flash("Masa pendirian ditutup." if is_closed else "Tanda tangan Anda dicatat; menunggu pendiri kedua.", "success")
    return redirect(url_for(".show"))


def _cards(viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        if not queries.founding_open(session) or not queries.official_by_login(session, viewer.id).founder:
            return []
    return [
        slots.HomeCard(
            title="Masa pendirian masih terbuka",
            sentence="Faktor dan peran baru berlaku seketika sampai kedua pendiri menandatangani.",
            url=url_for("founding.show"),
            verb="Lihat dan tanda tangani",
            order=5,
        )
    ]
