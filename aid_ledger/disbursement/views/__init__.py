"""The pages of this room: who is due what, what is about to be paid, what it waits for."""

from __future__ import annotations

from typing import Final

from flask import Flask, url_for

from aid_ledger.core.roles import Role
from aid_ledger.disbursement import reading
from aid_ledger.disbursement.views import batches, panels, runs
from aid_ledger.disbursement.views.readers import READERS, bp, my_areas
from aid_ledger.web import desk, slots

ORDER: Final = 60
"""After isolations, before approvals."""

PAGES: Final = (batches, runs)
"""Importing them hangs their pages on the blueprint."""


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Penyaluran", "disbursement.index", frozenset(READERS), ORDER, "send"))
    slots.register_home_cards(app, Role.OPERATOR, _draft_cards)
    slots.register_panel(app, "person", panels.person_panel)


def _draft_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    """Say which batches wait for their maker: sent back first, then drafts."""
    with desk.read() as session:
        counts = reading.counts(session, my_areas((Role.OPERATOR,)))
    cards = []
    if "sent_back" in counts:
        cards.append(
            slots.HomeCard(
                title="Paket dikembalikan kepada Anda",
                sentence="Baca alasannya, perbaiki, lalu ajukan lagi.",
                url=url_for("disbursement.index", keadaan="sent_back"),
                verb="Lihat yang dikembalikan",
                count=counts["sent_back"][0],
                is_urgent=True,
                order=60,
            )
        )
    if "draft" in counts:
        cards.append(
            slots.HomeCard(
                title="Draf belum diajukan",
                sentence="Draf tidak mencadangkan dana apa pun.",
                url=url_for("disbursement.index", keadaan="draft"),
                verb="Lihat draf",
                count=counts["draft"][0],
                order=61,
            )
        )
    return cards
