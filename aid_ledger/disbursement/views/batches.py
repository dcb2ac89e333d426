"""Batches: the list, one batch with its lines and its story, the last look before submitting, withdrawing."""

from __future__ import annotations

from typing import Any, Final

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.core.act import Act
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import drafting, queries, reading, rules, schemas, service
from aid_ledger.disbursement.models import Batch
from aid_ledger.disbursement.reading import FiledBatch
from aid_ledger.disbursement.views.readers import (
    CHANNEL_WORDS,
    READERS,
    amount_words,
    bp,
    holds,
    my_areas,
    period_words,
    total_words,
)
from aid_ledger.documents.models import Document
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.programs import queries as programs
from aid_ledger.web import desk, formats, problems, slots
from aid_ledger.web.guard import allow

FROZEN: Final = frozenset(rules.TRANSITIONS) - rules.OPEN
"""States in which the digest on the page is the one that was frozen."""

CHIPS: Final = (*rules.TRANSITIONS,)
WAY: Final = ("draft", "submitted", "verified", "approved", "sent", "delivered")
"""The way of a batch to which nothing untoward happens."""


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List batches, newest first, of all states or of one."""
    chosen = desk.filters(schemas.ListFilter())
    state, before = chosen["keadaan"], chosen["sebelum"]
    with desk.read() as session:
        found = reading.batches(session, my_areas(READERS), states=(state,) if state else (), before=before)
        shown = found[: queries.PAGE]
        counts = reading.counts(session, my_areas(READERS))
        units = {row.code: row.unit for row in book.commodities(session)}
    chips = [{"text": "Semua", "url": url_for(".index"), "active": not state}]
    chips += [
        {
            "text": formats.kata_status(each),
            "url": url_for(".index", keadaan=each),
            "active": each == state,
            "count": counts[each][0],
        }
        for each in CHIPS
        if each in counts
    ]
    return render_template(
        "disbursement/index.html",
        rows=[
            (
                each,
                period_words(each.batch.period),
                amount_words(each.batch.total, each.batch.commodity, units[each.batch.commodity]),
            )
            for each in shown
        ],
        chips=chips,
        state=state,
        may_work=holds(Role.OPERATOR),
        next_before=shown[-1].batch.id if len(found) > len(shown) else 0,
        is_first=before is None,
    )


@bp.get("/<reference>")
@allow(*READERS)
def show(reference: str) -> ResponseReturnValue:
    """Show one batch: what it pays, its lines, its story, and who comes next."""
    chosen = desk.filters(schemas.LinesFilter())
    state, after = chosen["keadaan"], chosen["sesudah"] or 0
    with desk.read() as session:
        filed = reading.batch(session, reference, my_areas(READERS))
        batch = filed.batch
        found = reading.lines(session, desk.kit().keys, batch.id, after=after, state=state)
        states = queries.states_of_lines(session, batch.id)
        names = officials.names_by_login(session)
        page = describe(session, filed) | {
            "facts": timeline(session, reference, names=names),
            "states": states,
            "aside": [
                (rules.SET_ASIDE_REASONS.get(reason, reason), count)
                for reason, count in reading.set_aside_reasons(session, batch.id).items()
            ],
            "steps": reading.steps(session, batch.id),
        }
    lines = found[: queries.PAGE]
    may_change = holds(Role.OPERATOR) and batch.state in rules.OPEN
    return render_template(
        "disbursement/show.html",
        **page,
        lines=lines,
        line_words=line_words,
        chips=_line_chips(reference, states, state),
        state=state,
        next_after=lines[-1].line.line_no if len(found) > len(lines) else 0,
        is_first=not after,
        way=_way(batch),
        actions=_next(batch),
        may_change=may_change,
        may_cancel=holds(Role.OPERATOR) and "cancelled" in rules.TRANSITIONS[batch.state],
        by_hand=list(rules.BY_HAND.items()),
        panels=slots.panels_for(current_app, "batch", batch),
    )


@bp.post("/<reference>/baris/<int:line_no>/sisihkan")
@problems.shown_on(".show")
@allow(Role.OPERATOR)
def set_aside(reference: str, line_no: int) -> ResponseReturnValue:
    """Take one line out of a draft."""
    _mine(reference)
    desk.act(service.set_aside_line, reference, line_no, **desk.form(schemas.SetAsideForm()))
    flash(f"Baris {formats.jumlah(line_no)} disisihkan; baris lain jalan terus.", "success")
    return redirect(url_for(".show", reference=reference))


@bp.post("/<reference>/sisihkan")
@problems.shown_on(".check")
@allow(Role.OPERATOR)
def set_aside_unpayable(reference: str) -> ResponseReturnValue:
    """Take out of a draft every line that can no longer be paid."""
    _mine(reference)
    count = desk.act(service.set_aside_unpayable, reference)
    flash(f"{formats.banyaknya(count, 'baris')} disisihkan.", "success")
    return redirect(url_for(".check", reference=reference))


@bp.get("/<reference>/ajukan")
@allow(Role.OPERATOR)
def check(reference: str) -> ResponseReturnValue:
    """Show exactly what a submission would freeze and reserve."""
    with desk.read() as session:
        filed = reading.batch(session, reference, my_areas((Role.OPERATOR,)))
        rules.check_transition(reference, filed.batch.state, "submitted")
        blocked = drafting.unpayable(session, filed.batch)
        held = {source.code: left for source, left, _ceiling in programs.paying_sources(session, filed.program)}
        return render_template(
            "disbursement/check.html",
            **describe(session, filed),
            held=held,
            blocked=[(line.line_no, rules.OBSTACLES[obstacle]) for line, obstacle in blocked[: queries.PAGE]],
            blocked_count=len(blocked),
            aside=sum(reading.set_aside_reasons(session, filed.batch.id).values()),
        )


@bp.post("/<reference>/ajukan")
@problems.shown_on(".check")
@allow(Role.OPERATOR)
def submit(reference: str) -> ResponseReturnValue:
    """Freeze and reserve what was shown."""
    shown = desk.form(schemas.SubmitForm())
    _mine(reference)
    desk.act_once(submit_shown, reference, **shown)
    flash("Paket diajukan dan nilainya dicadangkan. Verifikator memeriksanya sekarang.", "success")
    return redirect(url_for(".show", reference=reference))


@bp.get("/<reference>/batalkan")
@allow(Role.OPERATOR)
def withdrawing(reference: str) -> ResponseReturnValue:
    """Ask why a batch is withdrawn."""
    with desk.read() as session:
        filed = reading.batch(session, reference, my_areas((Role.OPERATOR,)))
        rules.check_transition(reference, filed.batch.state, "cancelled")
        return render_template("disbursement/cancel.html", **describe(session, filed))


@bp.post("/<reference>/batalkan")
@problems.shown_on(".withdrawing")
@allow(Role.OPERATOR)
def cancel(reference: str) -> ResponseReturnValue:
    """Withdraw a batch; what it reserved is free again."""
    values = desk.form(schemas.ReasonForm())
    _mine(reference)
    desk.act_once(service.cancel_batch, reference, **values)
    flash(f"Paket {reference} dibatalkan.", "success")
    return redirect(url_for(".show", reference=reference))


def submit_shown(act: Act, reference: str, *, lines: int, total: int) -> Batch:
    """Submit a batch if it is still what the page showed; raises ChangedSinceShown and what `submit_batch` raises."""
    batch = service.lock_batch(act, reference)
    if (batch.lines, batch.total) != (lines, total):
        raise rules.ChangedSinceShown(batch=reference)
    return service.submit_batch(act, reference)


def describe(session: Session, filed: FiledBatch) -> dict[str, Any]:
    """Say what every page of a batch shows; the pages of approvals show the same."""
    batch = filed.batch
    unit = book.commodity(session, batch.commodity).unit
    shares = queries.shares(session, batch.id)
    return {
        "filed": filed,
        "batch": batch,
        "program": filed.program,
        "period": period_words(batch.period),
        "channel": CHANNEL_WORDS[batch.channel],
        "count": formats.banyaknya(batch.lines, "keluarga"),
        "total": amount_words(batch.total, batch.commodity, unit),
        "in_words": total_words(batch.total, batch.commodity, unit),
        "shares": [(source, amount, amount_words(amount, batch.commodity, unit)) for source, amount in shares],
        "unit": unit,
        "decree": session.get_one(Document, batch.decree_id),
        "digest": batch.digest if batch.digest and batch.state in FROZEN else None,
    }


def line_words(state: str) -> str:
    """Say the state of a line; a listed one goes the way of its batch."""
    return "terdaftar" if state == "listed" else formats.kata_status(state)


def _mine(reference: str) -> None:
    """Refuse a batch outside the operator's areas as if there were none."""
    with desk.read() as session:
        reading.batch(session, reference, my_areas((Role.OPERATOR,)))


def _line_chips(reference: str, states: dict[str, tuple[int, int]], chosen: str | None) -> list[dict[str, object]]:
    chips: list[dict[str, object]] = [
        {"text": "Semua baris", "url": url_for(".show", reference=reference), "active": not chosen}
    ]
    for state, (count, _total) in sorted(states.items()):
        url = url_for(".show", reference=reference, keadaan=state)
        chips.append({"text": line_words(state), "url": url, "active": state == chosen, "count": count})
    return chips


def _way(batch: Batch) -> list[tuple[str, str]]:
    """List the way this batch goes; one that left the way shows where it went instead."""
    if batch.state in WAY:
        return [(each, formats.kata_status(each)) for each in WAY]
    return []


def _next(batch: Batch) -> list[dict[str, str]]:
    """Say what can be done next and by whom; the address is empty where this reader may not."""
    reference, state = batch.reference, batch.state
    if state in rules.OPEN:
        url = url_for(".check", reference=reference) if holds(Role.OPERATOR) else ""
        return [{"label": "Periksa sekali lagi, lalu ajukan", "url": url, "who": Role.OPERATOR.label}]
    if state == "submitted":
        url = url_for("approvals.show", reference=reference) if holds(Role.VERIFIER) else ""
        return [{"label": "Verifikasi", "url": url, "who": Role.VERIFIER.label}]
    if state == "verified":
        who = (
            f"{Role.APPROVER.label}, {batch.approvers_needed} orang"
            if batch.approvers_needed > 1
            else Role.APPROVER.label
        )
        url = url_for("approvals.show", reference=reference) if holds(Role.APPROVER) else ""
        return [{"label": "Setujui dengan kode", "url": url, "who": who}]
    if state == "approved":
        label = "Kirim ke bank" if batch.channel == "bank" else "Serahkan kepada keluarga"
        return [
            {"label": label, "url": "", "who": Role.TREASURER.label if batch.channel == "bank" else Role.FIELD.label}
        ]
    if state == "sent":
        return [
            {
                "label": "Catat hasilnya",
                "url": "",
                "who": Role.TREASURER.label if batch.channel == "bank" else Role.FIELD.label,
            }
        ]
    return []
