"""The pages of entitlements and batches: who is due what, what is about to be paid, and what comes next."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("disbursement", __name__, url_prefix="/penyaluran")


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
