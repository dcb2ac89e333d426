"""The field officer's pages, made for a phone: batches, the next RT, its households, a handover, a house left.

Names are masked until asked for with a reason; the printed list is a deed of its own.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from aid_ledger.core.roles import Role
from aid_ledger.delivery import doorstep, queries, rules, schemas, service
from aid_ledger.delivery.doorstep import Place
from aid_ledger.delivery.outcomes import FIELD_OUTCOMES
from aid_ledger.delivery.rules import Scene, Witness
from aid_ledger.delivery.views.readers import CHANNEL_WORDS, HANDERS, amount_words, areas, bp, program_of
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch
from aid_ledger.disbursement.rules import BatchNotFound
from aid_ledger.documents.rules import SIZE_LIMIT_BYTES
from aid_ledger.recipients import privacy
from aid_ledger.recipients.refusals import ViewLimitReached
from aid_ledger.web import desk, formats, problems
from aid_ledger.web.guard import allow

PHOTO = "photo"
REASONS = sorted(FIELD_OUTCOMES, key=lambda outcome: outcome.sentence)


@bp.get("/serah")
@allow(*HANDERS)
def rounds() -> ResponseReturnValue:
    """List the batches that are to be handed over in the officer's area."""
    with desk.read() as session:
        found = doorstep.rounds(session, _channels(), areas(HANDERS))
        rows = [
            {
                "batch": each.batch,
                "program": each.program.public_name,
                "channel": CHANNEL_WORDS[each.batch.channel],
                "open": each.waiting,
                "all": each.everyone,
            }
            for each in found
        ]
    return render_template("delivery/rounds.html", rows=rows)


@bp.get("/serah/<reference>")
@allow(*HANDERS)
def round(reference: str) -> ResponseReturnValue:  # noqa: A001 - a round is what an officer makes
    """List a batch's RTs with how many households still wait in each."""
    with desk.read() as session:
        batch = _batch(session, reference)
        places = doorstep.places(session, batch.id, areas(HANDERS))
        return render_template(
            "delivery/round.html",
            **_about(session, batch),
            places=places,
            waiting=sum(place.waiting for place in places),
            everyone=sum(place.everyone for place in places),
            villages=list(dict.fromkeys((place.village_code, place.village) for place in places)),
        )


@bp.get("/serah/<reference>/<village>/<rw>/<rt>")
@allow(*HANDERS)
def street(reference: str, village: str, rw: str, rt: str) -> ResponseReturnValue:
    """Show the households of one RT as cards, names masked."""
    with desk.read() as session:
        return _street(session, reference, Place(village, rw, rt), names={})


@bp.post("/serah/<reference>/<village>/<rw>/<rt>/lihat")
@problems.shown_on(".street")
@allow(*HANDERS)
def look(reference: str, village: str, rw: str, rt: str) -> ResponseReturnValue:
    """Show the names of one RT's waiting households; the look is recorded and counted."""
    reason = desk.form(schemas.LookForm())["reason"]
    with desk.read() as session:
        batch = _batch(session, reference)
        homes = doorstep.homes(session, desk.kit().keys, batch.id, Place(village, rw, rt), areas(HANDERS))
    view = desk.act(privacy.view_people, [home.person for home in homes if home.is_waiting], purpose=reason)
    if not view.accepted:
        raise ViewLimitReached(today=view.seen_today, limit=privacy.DAILY_LIMIT)
    names = {person.reference: (person.name, person.particulars.address or "") for person in view.people}
    with desk.read() as session:
        return _street(session, reference, Place(village, rw, rt), names=names)


@bp.get("/serah/<reference>/periksa")
@allow(*HANDERS)
def check_handover(reference: str) -> ResponseReturnValue:
    """Show exactly what a handover would record, and ask for the witnesses; also after a refusal, as it was typed."""
    return _handover_page(reference, rules.check_handed(request.values.getlist("lines", type=int)))


@bp.post("/serah/<reference>/serahkan")
@problems.shown_on(".check_handover")
@allow(*HANDERS)
def hand_over(reference: str) -> ResponseReturnValue:
    """Record a handover before witnesses, once; witnesses who cannot be any are recorded and refused."""
    values = desk.form(schemas.HandoverForm())
    with desk.read() as session:
        _batch(session, reference)
    witnesses = [Witness(values[f"witness_{seat}"], values[f"office_{seat}"]) for seat in ("one", "two")]
    scene = Scene(values["place"], witnesses, values["note"] or "", _photo())
    done = desk.act_once(service.hand_over_or_refuse, reference, values["lines"], scene)
    if not done.reference:
        raise rules.WitnessRefused(batch=reference)
    flash(f"Serah terima {done.reference} dicatat.", "success")
    return redirect(url_for(".round", reference=reference))


@bp.get("/serah/<reference>/baris/<int:line_no>/tidak")
@allow(*HANDERS)
def not_handed(reference: str, line_no: int) -> ResponseReturnValue:
    """Ask why a household could not be given anything."""
    with desk.read() as session:
        batch = _batch(session, reference)
        home = doorstep.home(session, desk.kit().keys, batch.id, line_no, areas(HANDERS))
        return render_template("delivery/not_handed.html", **_about(session, batch), home=home, reasons=REASONS)


@bp.post("/serah/<reference>/baris/<int:line_no>/tidak")
@problems.shown_on(".not_handed")
@allow(*HANDERS)
def leave(reference: str, line_no: int) -> ResponseReturnValue:
    """Record why a household was left."""
    outcome = desk.form(schemas.NotHandedForm())["outcome"]
    with desk.read() as session:
        _batch(session, reference)
    desk.act_once(service.fail_lines, reference, {line_no: outcome})
    flash(f"Baris {line_no} dicatat tidak diserahkan. Nilainya kembali ke program.", "success")
    return redirect(url_for(".round", reference=reference))


@bp.post("/serah/<reference>/desa/<village>/daftar")
@allow(*HANDERS)
def print_list(reference: str, village: str) -> ResponseReturnValue:
    """Give one village's list with names and boxes to sign, for the printer; taking it is recorded."""
    desk.form(schemas.NothingForm())
    with desk.read() as session:
        batch = _batch(session, reference)
        instruction = queries.instruction_of(session, batch.id)
    if instruction is None:
        raise rules.InstructionNotFound(batch=reference)
    written = desk.act(service.collect, instruction.reference, village=village)
    with desk.read() as session:
        return render_template(
            "delivery/print_list.html",
            **_about(session, batch),
            instruction=instruction,
            village=doorstep.village_name(session, village),
            sheets=doorstep.sheets(session, batch.id, written.receivers),
            count=len(written.receivers),
            total=amount_words(session, sum(each.amount for each in written.receivers), batch.commodity),
            officer=desk.official.name,
        )


def _batch(session: Session, reference: str) -> Batch:
    """Fetch a batch that this officer may hand over; any other looks like none."""
    batch = batches.batch(session, reference)
    if batch.channel not in _channels():
        raise BatchNotFound(batch=reference)
    return batch


def _channels() -> frozenset[str]:
    """Say what an officer hands over: the posko anything, a treasurer cash."""
    return frozenset({"cash", "goods"}) if Role.FIELD in desk.official.roles else frozenset({"cash"})


def _about(session: Session, batch: Batch) -> dict[str, Any]:
    return {"batch": batch, "program": program_of(session, batch), "channel": CHANNEL_WORDS[batch.channel]}


def _street(
    session: Session, reference: str, place: Place, *, names: dict[str, tuple[str, str]]
) -> ResponseReturnValue:
    batch = _batch(session, reference)
    homes = doorstep.homes(session, desk.kit().keys, batch.id, place, areas(HANDERS))
    if not homes:
        raise rules.VillageNotInBatch(batch=reference, village=place.village_code)
    return render_template(
        "delivery/street.html",
        **_about(session, batch),
        place=place,
        village=doorstep.village_name(session, place.village_code),
        homes=[(home, amount_words(session, home.amount, batch.commodity), names.get(home.person)) for home in homes],
        waiting=sum(home.is_waiting for home in homes),
        is_open=bool(names),
    )


def _handover_page(reference: str, lines: list[int]) -> ResponseReturnValue:
    with desk.read() as session:
        batch = _batch(session, reference)
        homes = [doorstep.home(session, desk.kit().keys, batch.id, line_no, areas(HANDERS)) for line_no in lines]
        total = sum(home.amount for home in homes)
        return render_template(
            "delivery/check_handover.html",
            **_about(session, batch),
            homes=[(home, amount_words(session, home.amount, batch.commodity)) for home in homes],
            lines=lines,
            total=amount_words(session, total, batch.commodity),
            families=formats.banyaknya(len(homes), "keluarga"),
            field=PHOTO,
        )


def _photo() -> bytes | None:
    """Read the photo that was sent, at most one byte past the limit; None where none was taken."""
    upload = request.files.get(PHOTO)
    if upload is None or not upload.filename:
        return None
    content = upload.stream.read(SIZE_LIMIT_BYTES + 1)
    upload.stream.seek(0)  # The desk digests it too, to know a repeated request.
    return content
