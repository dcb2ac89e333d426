"""The first page after signing in: what waits for this official, as the rooms say it through `slots`."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue

from aid_ledger.core.roles import Role
from aid_ledger.web import desk, slots
from aid_ledger.web.guard import CurrentOfficial, signed_in, signed_in_official

bp = Blueprint("home", __name__)

STATUSES = {"definitif": "", "pj": "Pj. ", "plt": "Plt. ", "plh": "Plh. "}


def install(app: Flask) -> None:
    """Put the first page on top of everybody's menu."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Beranda", "home.index", frozenset(Role), order=0, icon="home"))


@bp.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """Show what this official has to do."""
    viewer = viewer_of(desk.official)
    return render_template("web/home.html", cards=slots.home_cards_for(current_app, viewer), roles=desk.official.roles)


def load_viewer() -> slots.Viewer | None:
    """Give the page header its official; None on the way in and in public."""
    official = signed_in_official()
    return viewer_of(official) if official is not None else None


def viewer_of(official: CurrentOfficial) -> slots.Viewer:
    """Describe an official for the page header: `Plt. Kepala Dinas Sosial`."""
    title = STATUSES.get(official.office_status, "") + official.office_title
    return slots.Viewer(
        name=official.name,
        office=title or "Belum memegang jabatan",
        roles=official.roles,
        sign_out_url="/keluar",
        account_url="/akun",
        id=official.login,
    )
