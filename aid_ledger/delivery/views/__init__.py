"""The pages of this room: sending, answers, returns for the treasurer; handing over for the field officer."""

from __future__ import annotations

import datetime as dt
from typing import Final

from flask import Flask, render_template, url_for
from markupsafe import Markup

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.delivery import doorstep, queries, rules
from aid_ledger.delivery.views import answers, handing, returns, sending
from aid_ledger.delivery.views.readers import LINE_STATES, READERS, areas, bp
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch
from aid_ledger.web import desk, slots

ORDER: Final = 70

PAGES: Final = (sending, answers, returns, handing)
"""Importing them hangs their pages on the blueprint."""


def install(app: Flask) -> None:
    """Hang the pages of this room on an application."""
    app.register_blueprint(bp)
    slots.register_menu(
        app,
        slots.MenuItem("Pengiriman", "delivery.index", frozenset(READERS), ORDER, "arrow"),
        slots.MenuItem("Serah terima", "delivery.rounds", frozenset({Role.FIELD}), ORDER + 1, "box"),
    )
    slots.register_home_cards(app, Role.TREASURER, _treasurer_cards)
    slots.register_home_cards(app, Role.FIELD, _field_cards)
    slots.register_panel(app, "batch", _batch_panel)


def _batch_panel(subject: object) -> slots.Panel | None:
    """Say on a batch's page how far its delivery is, or that it waits for the treasurer."""
    if not isinstance(subject, Batch) or subject.state not in {"approved", "sent", "delivered"}:
        return None
    with desk.read() as session:
        counts = batches.states_of_lines(session, subject.id)
        sent = queries.instruction_of(session, subject.id)
    body = render_template(
        "delivery/_panel.html",
        batch=subject,
        instruction=sent,
        counts=[(state, counts[state][0]) for state in LINE_STATES if state in counts and state != "set_aside"],
        may_send=Role.TREASURER in desk.official.roles,
    )
    return slots.Panel("Pengiriman", Markup(body), order=ORDER)  # noqa: S704 - our own template, escaped there


def _treasurer_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    overdue = clock.now() - dt.timedelta(days=rules.RETURN_NOTICE_DAYS)
    with desk.read() as session:
        found = (
            (
                len(queries.to_send(session)),
                "Paket siap dikirim",
                "Sudah disetujui; periksa sekali lagi lalu kirim.",
                url_for("delivery.index"),
                "Lihat paket",
                30,
            ),
            (
                queries.count_uncertain(session),
                "Baris belum pasti atau ditahan",
                "Tanyakan kepada bank. Jangan kirim ulang.",
                url_for("delivery.uncertain"),
                "Lihat baris",
                31,
            ),
            (
                len(queries.returns_due(session, older_than=overdue)),
                "Gagal dan belum kembali ke kas",
                f"Lebih dari {rules.RETURN_NOTICE_DAYS} hari; setorkan dengan STS.",
                url_for("delivery.returns"),
                "Lihat daftar",
                32,
            ),
        )
    return [
        slots.HomeCard(title, sentence, url, verb, count=count, is_urgent=True, order=order)
        for count, title, sentence, url, verb, order in found
        if count
    ]


def _field_cards(_viewer: slots.Viewer) -> list[slots.HomeCard]:
    with desk.read() as session:
        waiting = doorstep.rounds(session, frozenset({"cash", "goods"}), areas((Role.FIELD,)))
    left = sum(each.waiting for each in waiting)
    if not left:
        return []
    return [
        slots.HomeCard(
            title="Keluarga menunggu serah terima",
            sentence="Di wilayah Anda, menurut RT.",
            url=url_for("delivery.rounds"),
            verb="Mulai menyerahkan",
            count=left,
            is_urgent=True,
            order=30,
        )
    ]
