"""The pages of this room: sources with what they hold, contributions on their way in, donors and emergencies."""

from __future__ import annotations

from typing import Final

from flask import Flask, render_template, url_for
from markupsafe import Markup

from aid_ledger.core.roles import Role
from aid_ledger.documents.models import Document
from aid_ledger.funding import queries
from aid_ledger.funding.rules import ContributionState
from aid_ledger.funding.views import contributions, registers, sources
from aid_ledger.funding.views.readers import READERS, bp
from aid_ledger.web import desk, slots

ORDER: Final = 20

PAGES: Final = (sources, contributions, registers)
"""Importing them hangs their pages on the blueprint."""


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
    slots.register_menu(app, slots.MenuItem("Sumber dana", "funding.index", frozenset(READERS), ORDER, "money"))
    for role in (Role.VERIFIER, Role.TREASURER):
        slots.register_home_cards(app, role, _screening_cards)
    slots.register_home_cards(app, Role.TREASURER, _receipt_cards)
    slots.register_home_cards(app, Role.OPERATOR, _publication_cards)
    slots.register_panel(app, "document", _document_panel)


def _screening_cards(viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        offered = queries.waiting(session, ContributionState.OFFERED, donated=True)
    mine = [row for row, _source in offered if row.offered_by != viewer.id]
    if not mine:
        return []
    return [
        slots.HomeCard(
            title="Sumbangan menunggu penapisan",
            sentence="Periksa apakah ditujukan kepada lembaga, bukan kepada pejabat.",
            url=url_for("funding.contribution", reference=mine[0].reference),
            verb="Periksa yang tertua",
            count=len(mine),
            is_urgent=True,
            order=20,
        )
    ]


def _receipt_cards(viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        due = [
            *queries.waiting(session, ContributionState.ACCEPTED),
            *queries.waiting(session, ContributionState.OFFERED, donated=False),
        ]
    office = desk.official.office
    mine = [row for row, source in due if source.custodian_office == office and row.offered_by != viewer.id]
    if not mine:
        return []
    return [
        slots.HomeCard(
            title="Kontribusi menunggu diterima",
            sentence="Terima setelah uang atau barangnya benar-benar sampai.",
            url=url_for("funding.contribution", reference=mine[0].reference),
            verb="Buka yang pertama",
            count=len(mine),
            is_urgent=True,
            order=21,
        )
    ]


def _publication_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        due = queries.waiting(session, ContributionState.RECEIVED, donated=True)
    if not due:
        return []
    return [
        slots.HomeCard(
            title="Sumbangan belum diumumkan",
            sentence="KPK meminta sumbangan yang diterima diumumkan setiap hari.",
            url=url_for("funding.publications"),
            verb="Umumkan",
            count=len(due),
            is_urgent=True,
            order=22,
        )
    ]


def _document_panel(subject: object) -> slots.Panel | None:
    """Say on a document's page which contributions rest on it."""
    if not isinstance(subject, Document):
        return None
    with desk.read() as session:
        rows = queries.resting_on(session, subject.id)
    if not rows:
        return None
    body = render_template("funding/_resting.html", rows=rows)
    return slots.Panel("Kontribusi yang bersandar pada dokumen ini", Markup(body), order=20)  # noqa: S704 - our template
