"""What channels answered: importing a result file, its report, and the lines nobody is sure of."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.delivery import queries, schemas, service
from aid_ledger.delivery.channels.answers import SIZE_LIMIT_BYTES
from aid_ledger.delivery.models import Instruction
from aid_ledger.delivery.outcomes import Outcome
from aid_ledger.delivery.queries import WaitingLine
from aid_ledger.delivery.views.readers import READERS, amount_words, areas, batch_in_reach, bp, reason_words
from aid_ledger.disbursement.models import Batch
from aid_ledger.officials.powers import covers
from aid_ledger.web import desk, formats, problems, slots
from aid_ledger.web.guard import allow

FILE = "answer"


@bp.get("/perintah/<reference>/hasil")
@allow(Role.TREASURER)
def new_answer(reference: str) -> ResponseReturnValue:
    """Ask for the file that the channel gave back."""
    with desk.read() as session:
        found = queries.instruction(session, reference)
        batch = batch_in_reach(session, session.get_one(Batch, found.batch_id).reference, (Role.TREASURER,))
        return render_template("delivery/new_answer.html", instruction=found, batch=batch, field=FILE)


@bp.post("/perintah/<reference>/hasil")
@problems.shown_on(".new_answer")
@allow(Role.TREASURER)
def import_answer(reference: str) -> ResponseReturnValue:
    """Read the file and settle its lines; the same file again leads to the same report."""
    values = desk.form(schemas.AnswerForm())
    done = desk.act_once(service.import_results, reference, _content(), is_inquiry=values["is_inquiry"])
    flash("Hasil dimuat.", "success")
    return redirect(url_for(".result", reference=done.reference))


@bp.get("/hasil/<reference>")
@allow(*READERS)
def result(reference: str) -> ResponseReturnValue:
    """Report what a file settled."""
    with desk.read() as session:
        found = queries.result(session, reference)
        instruction = session.get_one(Instruction, found.instruction_id)
        batch = batch_in_reach(session, session.get_one(Batch, instruction.batch_id).reference, READERS)
        rows = [
            [
                reason_words(outcome),
                formats.kata_status(Outcome[outcome].state),
                formats.jumlah(count),
                amount_words(session, total, batch.commodity),
            ]
            for outcome, (count, total) in queries.outcomes_of_result(session, found.id).items()
        ]
        return render_template(
            "delivery/result.html",
            result=found,
            instruction=instruction,
            batch=batch,
            rows=rows,
            unconfirmed=queries.unconfirmed_of_result(session, found.id),
            panels=slots.panels_for(current_app, "delivered_batch", batch),
        )


@bp.get("/belum-pasti")
@allow(*READERS)
def uncertain() -> ResponseReturnValue:
    """List lines that only an inquiry can settle, and lines the channel never answered for."""
    after = desk.filters(schemas.PageFilter())["sesudah"]
    with desk.read() as session:
        mine = areas(READERS)
        lines = queries.uncertain(session, after=after)
        silent = queries.unmatched(session, clock.now())
        return render_template(
            "delivery/uncertain.html",
            rows=[(each, reason_words(each.line.reason)) for each in lines if _reaches(mine, each)],
            silent=[each for each in silent if _reaches(mine, each)],
            next_url=url_for(".uncertain", sesudah=lines[-1].line.id) if len(lines) == queries.PAGE else "",
            is_first=not after,
            may_ask=Role.TREASURER in desk.official.roles,
        )


def _reaches(mine: list[str], waiting: WaitingLine) -> bool:
    return any(covers(area, waiting.batch.region_code) for area in mine)


def _content() -> bytes:
    """Read the file that was sent, at most one byte past the limit."""
    upload = request.files.get(FILE)
    if upload is None or not upload.filename:
        raise ValidationError("Pilih berkas hasil dari bank.", FILE)
    content = upload.stream.read(SIZE_LIMIT_BYTES + 1)
    upload.stream.seek(0)  # The desk digests it too, to know a repeated request.
    return content
