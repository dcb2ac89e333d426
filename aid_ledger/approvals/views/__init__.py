"""The pages of this room: the queues of verifiers and approvers, the decision, the code, what it recorded."""

from __future__ import annotations

from typing import Final

from flask import Flask, url_for

from aid_ledger.approvals.reading import awaiting
from aid_ledger.approvals.views import codes, queue
from aid_ledger.approvals.views.readers import DECIDERS, age_of, bp
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import reading
from aid_ledger.disbursement.views.readers import my_areas
from aid_ledger.web import desk, formats, slots

ORDER: Final = 65
"""After batches, before delivery."""

PAGES: Final = (codes, queue)
"""Importing them hangs their pages on the blueprint."""


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Persetujuan", "approvals.index", frozenset(DECIDERS), ORDER, "stamp"))
    slots.register_home_cards(app, Role.VERIFIER, _verifier_cards)
    slots.register_home_cards(app, Role.APPROVER, _approver_cards)


def _verifier_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    """Say how many batches wait for verification and how long the oldest has."""
    areas = my_areas((Role.VERIFIER,))
    with desk.read() as session:
        counts = reading.counts(session, areas)
        oldest = reading.waiting(session, areas, "submitted")[:1]
    if not oldest:
        return []
    age, _is_old = age_of(oldest[0])
    return [
        slots.HomeCard(
            title="Paket menunggu verifikasi",
            sentence=f"Yang tertua diajukan {age}.",
            url=url_for("approvals.show", reference=oldest[0].batch.reference),
            verb="Periksa yang tertua",
            count=counts["submitted"][0],
            is_urgent=True,
            order=62,
        )
    ]


def _approver_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    """Say what waits for the approver's code: how many batches, how much."""
    areas = my_areas((Role.APPROVER,))
    with desk.read() as session:
        count, total = awaiting(session, areas, desk.official.official_id)
    if not count:
        return []
    return [
        slots.HomeCard(
            title="Menunggu kode Anda",
            sentence=f"Seluruhnya {formats.rupiah(total)}." if total else "Berupa barang.",
            url=url_for("approvals.index"),
            verb="Baca dan putuskan",
            count=count,
            is_urgent=True,
            order=63,
        )
    ]
