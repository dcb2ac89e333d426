"""The treasurer's pages: what waits to be sent, the last look, the instruction and its file, a batch on its way."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.approvals import queries as approvals
from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.delivery import evidence, queries, rules, schemas, sealed_file, service
from aid_ledger.delivery.models import Instruction
from aid_ledger.delivery.views.readers import (
    CHANNEL_WORDS,
    LINE_STATES,
    LOOKS,
    READERS,
    WATCHERS,
    amount_words,
    areas,
    batch_in_reach,
    bp,
    line_rows,
    program_of,
    reason_words,
    sha256_words,
    total_words,
)
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.digests import encode_digest
from aid_ledger.disbursement.models import Batch
from aid_ledger.leaving import queries as leaving
from aid_ledger.log import quorum
from aid_ledger.log.timeline import timeline
from aid_ledger.officials import queries as officials
from aid_ledger.officials.powers import covers
from aid_ledger.web import desk, formats, problems, slots
from aid_ledger.web.guard import allow

STEP_WORDS = {"verified": "Diverifikasi", "approved": "Disetujui"}


@bp.get("/")
@allow(*READERS)
def index() -> ResponseReturnValue:
    """List what waits for the treasurer, what is on its way, and where the money is."""
    with desk.read() as session:
        mine = areas(READERS)
        waiting = [row for row in queries.to_send(session) if _reaches(mine, row[0])]
        moving = [row for row in queries.under_way(session) if _reaches(mine, row[0])]
        transit = queries.in_transit(session)
        return render_template(
            "delivery/index.html",
            waiting=[_row(session, batch, program.public_name) for batch, program in waiting],
            moving=[
                {**_row(session, batch, program.public_name), "open": queries.open_lines_left(session, batch.id)}
                for batch, program, _sent in moving
            ],
            transit=[(each, amount_words(session, each.amount, each.commodity)) for each in transit],
            in_transit_idr=sum(each.amount for each in transit if each.commodity == IDR),
            uncertain=queries.count_uncertain(session),
            due=len(queries.returns_due(session, older_than=_days_ago(rules.RETURN_NOTICE_DAYS))),
            notice=rules.RETURN_NOTICE_DAYS,
            may_send=Role.TREASURER in desk.official.roles,
        )


@bp.get("/paket/<reference>")
@allow(*WATCHERS)
def show(reference: str) -> ResponseReturnValue:
    """Show how far a batch has come, line by line."""
    chosen = desk.filters(schemas.LinesFilter())
    with desk.read() as session:
        batch = batch_in_reach(session, reference)
        counts = batches.states_of_lines(session, batch.id)
        lines = batches.lines(session, batch.id, after=chosen["sesudah"], state=chosen["keadaan"])
        instruction = queries.instruction_of(session, batch.id)
        final = sum(counts.get(state, (0, 0))[0] for state in ("delivered", "failed", "returned"))
        return render_template(
            "delivery/show.html",
            **_about(session, batch),
            instruction=instruction,
            mark=quorum.mark_of_act(session, instruction.act) if instruction else None,
            final=final,
            bars=_bars(reference, counts),
            chips=_chips(reference, counts, chosen["keadaan"]),
            rows=line_rows(session, batch, lines, queries.last_results(session, [line.id for line in lines])),
            next_url=_next_url(reference, chosen["keadaan"], lines[-1].line_no if len(lines) == batches.PAGE else 0),
            reasons=_reasons(session, batch),
            facts=timeline(session, reference, names=officials.names_by_login(session)),
            actions=_next_steps(batch, instruction, counts),
            is_first=not chosen["sesudah"],
            panels=slots.panels_for(current_app, "delivered_batch", batch),
        )


@bp.get("/paket/<reference>/kirim")
@allow(Role.TREASURER)
def check(reference: str) -> ResponseReturnValue:
    """Show exactly what sending would record: the last look."""
    with desk.read() as session:
        batch = batch_in_reach(session, reference, (Role.TREASURER,))
        program = program_of(session, batch)
        return render_template(
            "delivery/check.html",
            **_about(session, batch),
            standing=evidence.standing_of(session, batch).value,
            way=leaving.open_way(session, clock.now()),
            in_words=formats.terbilang(batch.total) if batch.commodity == IDR else "",
            sources=_sources(session, batch, program.code),
            steps=_steps(session, batch),
            fingerprint=batch.digest or b"",
            sent=queries.instruction_of(session, batch.id),
        )


@bp.post("/paket/<reference>/kirim")
@problems.shown_on(".check")
@allow(Role.TREASURER)
def send(reference: str) -> ResponseReturnValue:
    """Hand a batch to its channel, once; a wish to send it twice is recorded and refused."""
    desk.form(schemas.NothingForm())
    done = desk.act_once(service.instruct_or_refuse, reference)
    if not done.reference:
        raise rules.ResendNotAllowed(batch=reference)
    flash("Perintah dicatat. Berkasnya dapat diunduh setelah tersegel di log.", "success")
    return redirect(url_for(".instruction", reference=done.reference))


@bp.post("/paket/<reference>/baris/<int:line_no>/kirim-ulang")
@allow(Role.TREASURER)
def resend(reference: str, line_no: int) -> ResponseReturnValue:
    """Answer a wish to pay one line again: refused and recorded, unless it failed."""
    desk.form(schemas.NothingForm())
    with desk.read() as session:
        batch_in_reach(session, reference, (Role.TREASURER,))
    outcome = desk.act(service.refuse_resend, reference, line_no)
    if outcome.is_refused:
        raise rules.ResendNotAllowed(batch=reference, line=line_no)
    flash(f"Baris {line_no} gagal dan haknya bebas: operator dapat memasukkannya ke paket baru.", "message")
    return redirect(url_for(".show", reference=reference, keadaan="failed"))


@bp.get("/perintah/<reference>")
@allow(*READERS)
def instruction(reference: str) -> ResponseReturnValue:
    """Show an instruction: its file's hash, whether it may leave, what was answered."""
    with desk.read() as session:
        found = queries.instruction(session, reference)
        batch = batch_in_reach(session, session.get_one(Batch, found.batch_id).reference, READERS)
        return render_template(
            "delivery/instruction.html",
            **_about(session, batch),
            instruction=found,
            sha256=sha256_words(found),
            **_leaving(session, found.act),
            by_file=found.channel in sealed_file.BY_FILE,
            total=amount_words(session, found.total, batch.commodity),
            results=queries.results_of(session, found.id),
            handovers=queries.handovers_of(session, batch.id),
            facts=timeline(session, reference, names=officials.names_by_login(session)),
            may_take=Role.TREASURER in desk.official.roles,
        )


@bp.post("/perintah/<reference>/berkas")
@allow(Role.TREASURER)
def download(reference: str) -> ResponseReturnValue:
    """Take the file out; who took it is recorded."""
    desk.form(schemas.NothingForm())
    written = desk.act(service.collect, reference)
    response = Response(written.content, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{reference}.csv"'
    response.headers["X-File-SHA256"] = encode_digest(written.sha256)
    return response


def _about(session: Session, batch: Batch) -> dict[str, Any]:
    """Say what every page of a batch shows."""
    return {
        "batch": batch,
        "program": program_of(session, batch),
        "channel": CHANNEL_WORDS[batch.channel],
        "amount": amount_words(session, batch.total, batch.commodity),
        "in_all": total_words(session, batch),
    }


def _leaving(session: Session, act: str) -> dict[str, Any]:
    """Say who vouches for an act, and whether what it lets out may leave now: by the quorum or by an open way."""
    mark, way = quorum.mark_of_act(session, act), leaving.open_way(session, clock.now())
    may_leave = mark is not None and (not mark.is_asked or mark.is_witnessed or way is not None)
    return {"mark": mark, "way": way, "may_leave": may_leave}


def _row(session: Session, batch: Batch, program: str) -> dict[str, Any]:
    amount = amount_words(session, batch.total, batch.commodity)
    return {"batch": batch, "program": program, "channel": CHANNEL_WORDS[batch.channel], "amount": amount}


def _reaches(mine: list[str], batch: Batch) -> bool:
    return any(covers(area, batch.region_code) for area in mine)


def _days_ago(days: int) -> dt.datetime:
    return clock.now() - dt.timedelta(days=days)


def _bars(reference: str, counts: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    return [
        {
            "label": formats.kata_status(state),
            "value": counts[state][0],
            "url": url_for(".show", reference=reference, keadaan=state),
            "look": LOOKS.get(state, ""),
        }
        for state in LINE_STATES
        if state in counts
    ]


def _chips(reference: str, counts: dict[str, tuple[int, int]], chosen: str | None) -> list[dict[str, Any]]:
    everything = {
        "text": "semua",
        "url": url_for(".show", reference=reference),
        "active": chosen is None,
        "count": sum(count for count, _total in counts.values()),
    }
    return [
        everything,
        *(
            {
                "text": formats.kata_status(state),
                "url": url_for(".show", reference=reference, keadaan=state),
                "active": chosen == state,
                "count": counts[state][0],
            }
            for state in LINE_STATES
            if state in counts
        ),
    ]


def _next_url(reference: str, state: str | None, after: int) -> str:
    return url_for(".show", reference=reference, keadaan=state, sesudah=after) if after else ""


def _reasons(session: Session, batch: Batch) -> list[list[str]]:
    return [
        [reason_words(reason), formats.jumlah(count), amount_words(session, total, batch.commodity)]
        for reason, (count, total) in queries.outcomes_of_batch(session, batch.id).items()
    ]


def _sources(session: Session, batch: Batch, program: str) -> list[list[str]]:
    """Say of every source how much it pays and what stays in transit before and after."""
    rows = []
    for source, amount in batches.shares(session, batch.id):
        before = book.balance(session, Place(source.code, Stage.IN_TRANSIT, program), batch.commodity)
        shown = [amount_words(session, each, batch.commodity) for each in (amount, before, before + amount)]
        rows.append([source.name, *shown])
    return rows


def _steps(session: Session, batch: Batch) -> list[tuple[str, str]]:
    """Say who stood for this batch and when."""
    people = officials.names_by_login(session)
    made = officials.official(session, batch.made_by_id)
    rows = [("Dibuat", f"{people.get(made.login, made.login)}, {formats.waktu(batch.made_at)}")]
    for step, official in approvals.history(session, batch.id):
        if step.digest == batch.digest and step.step in STEP_WORDS:
            words = f"{official.name}, {step.office_title}, {formats.waktu(step.taken_at)}"
            rows.append((STEP_WORDS[step.step], words))
    return rows


def _next_steps(
    batch: Batch, instruction: Instruction | None, counts: dict[str, tuple[int, int]]
) -> list[dict[str, str]]:
    is_treasurer = Role.TREASURER in desk.official.roles
    steps = []
    if instruction is None and batch.state == "approved":
        url = url_for(".check", reference=batch.reference) if is_treasurer else ""
        steps.append({"label": "Kirim", "url": url, "who": Role.TREASURER.label})
    if instruction is not None and {"sent", "unknown", "on_hold"} & counts.keys():
        if batch.channel in sealed_file.BY_FILE:
            url = url_for(".new_answer", reference=instruction.reference) if is_treasurer else ""
            steps.append({"label": "Muat hasil dari bank", "url": url, "who": Role.TREASURER.label})
        else:
            may = Role.FIELD in desk.official.roles or (is_treasurer and batch.channel == "cash")
            url = url_for(".round", reference=batch.reference) if may else ""
            steps.append({"label": "Serahkan kepada penerima", "url": url, "who": Role.FIELD.label})
    if "failed" in counts:
        url = url_for(".returns") if is_treasurer else ""
        steps.append({"label": "Kembalikan yang gagal ke kas", "url": url, "who": Role.TREASURER.label})
    return steps
