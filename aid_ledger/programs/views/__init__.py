"""The pages of this room: programmes with where their money is, what shapes them, and the approval policies."""

from __future__ import annotations

from typing import Final

from flask import Flask, url_for

from aid_ledger.core.roles import Role
from aid_ledger.programs import queries
from aid_ledger.programs.views import policies, programmes, shaping
from aid_ledger.programs.views.readers import READERS, bp
from aid_ledger.web import desk, slots

ORDER: Final = 44

PAGES: Final = (programmes, shaping, policies)
"""Importing them hangs their pages on the blueprint."""


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
    slots.register_menu(
        app,
        slots.MenuItem("Program", "programs.index", frozenset(READERS), ORDER, "list"),
        slots.MenuItem("Kebijakan", "programs.policies", frozenset({Role.ADMIN}), ORDER + 1, "stamp"),
    )
    slots.register_home_cards(app, Role.ADMIN, _policy_cards)
    slots.register_home_cards(app, Role.OPERATOR, _rate_cards)


def _policy_cards(viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        mine = [each for each in queries.proposed_policies(session) if each.proposed_by != viewer.id]
    if not mine:
        return []
    return [
        slots.HomeCard(
            title="Kebijakan persetujuan menunggu pejabat kedua",
            sentence="Usulan belum mengikat apa pun sampai Anda menyepakatinya.",
            url=url_for("programs.policy", reference=mine[0].reference),
            verb="Periksa yang tertua",
            count=len(mine),
            is_urgent=True,
            order=15,
        )
    ]


def _rate_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        rates = queries.rates_on(session, desk.today())
        bare = [each for each in queries.programs(session) if each.is_managed and each.id not in rates]
    if not bare:
        return []
    return [
        slots.HomeCard(
            title="Program belum punya besaran",
            sentence="Tanpa besaran yang berlaku hari ini, penerima tidak dapat dihitung.",
            url=url_for("programs.show", code=bare[0].code),
            verb="Tetapkan besaran",
            count=len(bare),
            order=50,
        )
    ]
