"""The pages of this room: lists on their way in, people masked and opened, changes with their reasons."""

from __future__ import annotations

from typing import Final

from flask import Flask, url_for

from aid_ledger.core.roles import Role
from aid_ledger.recipients import queries
from aid_ledger.recipients.views import changes, lists, people
from aid_ledger.recipients.views.readers import READERS, bp
from aid_ledger.web import desk, slots

ORDER: Final = 50
RECENT: Final = 10
"""Lists looked at for the first screen: errors in older ones have been mended or given up."""

PAGES: Final = (people, lists, changes)
"""Importing them hangs their pages on the blueprint."""


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Penerima", "recipients.index", frozenset(READERS), ORDER, "people"))
    slots.register_home_cards(app, Role.OPERATOR, _import_cards)


def _import_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    """Say which of one's own newest lists has rows to mend or is still on its way."""
    with desk.read() as session:
        mine = [each for each in queries.imports(session)[:RECENT] if each.imported_by == desk.official.login]
    newest = mine[0] if mine else None
    if newest is None or (not newest.bad and newest.state != "waiting"):
        return []
    is_waiting = newest.state == "waiting"
    return [
        slots.HomeCard(
            title="Impor sedang diproses" if is_waiting else "Baris impor perlu diperbaiki",
            sentence="Daftar terakhir Anda belum selesai masuk."
            if is_waiting
            else "Unduh laporannya, perbaiki di Excel, lalu impor lagi.",
            url=url_for("recipients.show_import", reference=newest.reference),
            verb="Buka hasil impor",
            count=None if is_waiting else newest.bad,
            is_urgent=not is_waiting,
            order=50,
        )
    ]
