"""The pages of this room: signing in, one's own account, and the people an ADMIN manages."""

from __future__ import annotations

from flask import Flask, url_for

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.officials import listing
from aid_ledger.officials.views import account, decisions, people, powers, sign_in
from aid_ledger.web import desk, slots

ORDER = 95
"""People stand at the end of the menu, after the river."""


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    for part in (sign_in, account, people, powers, decisions):
        app.register_blueprint(part.bp)
    slots.register_menu(
        app,
        slots.MenuItem("Pejabat", "officials.index", frozenset({Role.ADMIN, Role.AUDITOR}), ORDER, "people"),
        slots.MenuItem("Permintaan", "decisions.index", frozenset({Role.ADMIN, Role.AUDITOR}), ORDER + 1, "stamp"),
    )
    slots.register_home_cards(app, Role.ADMIN, _cards)


def _cards(viewer: slots.Viewer) -> list[slots.HomeCard]:
    """Say what waits for an ADMIN: decisions first, then what runs out."""
    with desk.read() as session:
        asked = [*listing.waiting_grants(session), *listing.waiting_resets(session)]
        mine = sum(1 for one in asked if viewer.id not in {one.requester.login, one.official.login})
        ending = listing.ending_terms(session, desk.today())
        locked = listing.locked_devices(session, clock.now())
        bare = listing.without_device(session)
    cards = []
    if mine:
        cards.append(
            slots.HomeCard(
                title="Permintaan menunggu keputusan Anda",
                sentence="Peran dan faktor baru berlaku setelah pejabat kedua menyetujui.",
                url=url_for("decisions.index"),
                verb="Periksa permintaan",
                count=mine,
                is_urgent=True,
                order=10,
            )
        )
    everybody = url_for("officials.index")
    for count, title, sentence in (
        (ending, "Masa jabatan atau peran segera berakhir", "Berakhir dalam 30 hari."),
        (locked, "Perangkat sedang ditunda", "Kode salah beberapa kali berturut-turut."),
        (bare, "Pejabat belum mendaftarkan perangkat", "Mereka belum dapat masuk."),
    ):
        if count:
            cards.append(slots.HomeCard(title, sentence, everybody, "Lihat pejabat", count=count, order=20))
    return cards
