"""The pages of verification and approval: what waits, what a code will approve, and what it approved."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("approvals", __name__, url_prefix="/persetujuan")


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
