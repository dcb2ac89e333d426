"""Cash and goods, given by hand: before two witnesses, or not at all and why. Each officer sees their own area only."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from aid_ledger.approvals.separation import require_separate
from aid_ledger.book.rules import Stage
from aid_ledger.core.act import Act, Kit
from aid_ledger.core.crypto import decrypt, encrypt
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.delivery import queries, rules, sealed_file
from aid_ledger.delivery.judging import OPEN
from aid_ledger.delivery.models import Handover, Instruction, LineResult
from aid_ledger.delivery.outcomes import Outcome
from aid_ledger.delivery.rules import Scene, Witness
from aid_ledger.delivery.service.instructing import let_batch_leave
from aid_ledger.delivery.service.settling import Settled, close_if_settled, mark, move, settle, told
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.disbursement.rules import LineNotFound
from aid_ledger.documents import files
from aid_ledger.documents.rules import FileKindRefused, media_type_of
from aid_ledger.funding.models import Source
from aid_ledger.log import quorum
from aid_ledger.officials import queries as officials
from aid_ledger.officials.powers import RoleMissing, acting_official_id, covers, require_office, require_role
from aid_ledger.recipients import payees
from audit.facts import paying as facts

PREFIX = "HND"
PHOTO_TYPES = frozenset({"image/jpeg", "image/png"})


def hand_over(act: Act, batch_reference: str, line_numbers: Sequence[int], scene: Scene) -> Handover:
    """Record that these households received what the batch gives them, seen by two witnesses.

    A photo is kept encrypted: it shows who received what.

    Raises: BatchNotFound, ChannelRefused, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch, NotSealed,
        NotWitnessed, WaySpent, HandoverEmpty, PlaceMissing, WitnessMissing, LineNotFound, LineNotOpen, WitnessRefused,
        FileKindRefused, FileTooLarge, FileEmpty.
    """
    batch = batches.lock_batch(act.session, batch_reference)
    officer, instruction = _officer(act, batch)
    let_batch_leave(act, batch, [instruction.act])

    numbers = rules.check_handed(line_numbers)
    where = rules.check_place(scene.place)
    first, second = rules.check_witnesses(scene.witnesses)
    lines = _open_lines(act, batch, officer, dict.fromkeys(numbers, Outcome.SUCCESS))
    _check_saw_it(act, officer, lines, (first, second))

    reference = next_reference(act, PREFIX)
    handover = Handover(
        reference=reference,
        batch_id=batch.id,
        place=where,
        witness_one=first.name,
        office_one=first.office,
        witness_two=second.name,
        office_two=second.office,
        note=scene.note.strip()[: rules.NOTE_LIMIT],
        photo_sha256=_store(act, reference, scene.photo) if scene.photo is not None else None,
        handed_by_id=officer,
        handed_at=act.at,
    )
    act.session.add(handover)
    act.session.flush()
    _add_results(act, lines, reference, handover)
    mark(act, lines)
    moves = move(act, batch, lines, Stage.DELIVERED)
    close_if_settled(act, batch)

    act.record(
        facts.GoodsHandedOver(
            batch=batch_reference, handover=reference, handed=told(lines), witnesses=rules.WITNESSES, moves=moves
        )
    )
    return handover


def hand_over_or_refuse(act: Act, batch_reference: str, line_numbers: Sequence[int], scene: Scene) -> str:
    """Hand lines over, or record that somebody was named as a witness who cannot be one; for doors.

    Returns the handover's reference; "" where it was refused and recorded, which the door then raises.

    Raises: as `hand_over`, but for WitnessRefused.
    """
    try:
        return hand_over(act, batch_reference, line_numbers, scene).reference
    except rules.WitnessRefused as refused:
        # Nothing was changed yet: the witnesses are looked at before anything is written.
        count, reason = len(line_numbers), str(refused.facts["reason"])
        act.record(facts.HandoverRefused(batch=batch_reference, lines=count, reason=reason))
        return ""


def fail_lines(act: Act, batch_reference: str, outcomes: Mapping[int, str]) -> str:
    """Record that these households could not be given anything, and why; the value is the programme's again.

    Returns the reference under which the report is recorded.

    Raises: BatchNotFound, ChannelRefused, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch, NotSealed,
        HandoverEmpty, OutcomeRefused, LineNotFound, LineNotOpen.
    """
    batch = batches.lock_batch(act.session, batch_reference)
    officer, _instruction = _officer(act, batch)

    lines = _open_lines(act, batch, officer, rules.field_outcomes(outcomes))

    reference = next_reference(act, PREFIX)
    _add_results(act, lines, reference, None)
    settle(act, batch, lines, result=reference)
    return reference


def open_photo(kit: Kit, handover: Handover) -> bytes | None:
    """Decrypt a handover's photo; None if none was taken. Whoever shows it records who looked.

    Raises: FileMissing, FileAltered.
    """
    if handover.photo_sha256 is None:
        return None
    sealed = files.read(kit.files, handover.photo_sha256.hex())
    return base64.b64decode(decrypt(kit.keys, sealed, table="handovers", column="photo", row=handover.reference))


def _officer(act: Act, batch: Batch) -> tuple[int, Instruction]:
    """Demand an officer who may hand this batch over, and that its instruction is sealed, if only by the log itself."""
    rules.check_channel(batch.channel, sealed_file.BY_HAND)
    held = officials.roles_on(act.session, acting_official_id(act), act.on)
    is_cash_desk = batch.channel == "cash" and any(each.role is Role.TREASURER for each in held)
    mine = [each.area for each in held if each.role is Role.FIELD]
    if is_cash_desk:
        officer = require_role(act, Role.TREASURER, region=batch.region_code)
    elif mine:
        # The area is checked line by line; here only that the role is held until the Act ends.
        officer = require_role(act, Role.FIELD, region=mine[0])
    else:
        raise RoleMissing(role=Role.FIELD.label)
    require_office(act, officer)
    require_separate(act, batch, officer)
    instruction = queries.instruction_of(act.session, batch.id)
    if instruction is None:
        raise rules.InstructionNotFound(batch=batch.reference)
    quorum.require_sealed(act.session, instruction.act, is_charged=True)
    return officer, instruction


def _open_lines(act: Act, batch: Batch, officer: int, outcomes: Mapping[int, Outcome]) -> list[Settled]:
    """Fetch lines that wait for this officer; one outside their area looks like none."""
    query = (
        select(
            BatchLine.id, BatchLine.line_no, BatchLine.amount, BatchLine.state, Source.code, Entitlement.village_code
        )
        .join(Source, Source.id == BatchLine.source_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .where(BatchLine.batch_id == batch.id, BatchLine.line_no.in_(list(outcomes)))
        .order_by(BatchLine.line_no)
    )
    areas = areas_of(act, officer, batch)
    found = {row.line_no: row for row in act.session.execute(query)}
    settled = []
    for line_no, outcome in outcomes.items():
        row = found.get(line_no)
        if row is None or not any(covers(area, row.village_code) for area in areas):
            raise LineNotFound(line=line_no)
        if row.state not in OPEN:
            raise rules.LineNotOpen(line=line_no, state=row.state)
        settled.append(Settled(row.id, line_no, row.amount, row.code, outcome, row.amount))
    return settled


def _check_saw_it(act: Act, officer: int, lines: Sequence[Settled], witnesses: Sequence[Witness]) -> None:
    """Refuse witnesses who are one person, the giver, or among those who receive; raises WitnessRefused."""
    ids = act.session.scalars(select(BatchLine.person_id).where(BatchLine.id.in_([line.id for line in lines]))).all()
    receivers = payees.open_payees(act.session, act.kit.keys, ids).values()
    giver = officials.official(act.session, officer).name
    reason = rules.witness_fault(witnesses, giver=giver, receivers=[payee.name for payee in receivers])
    if reason:
        raise rules.WitnessRefused(reason=reason)


def areas_of(act: Act, officer: int, batch: Batch) -> list[str]:
    """List the areas in which an officer may hand this batch over."""
    wanted = {Role.FIELD, Role.TREASURER} if batch.channel == "cash" else {Role.FIELD}
    return [each.area for each in officials.roles_on(act.session, officer, act.on) if each.role in wanted]


def _add_results(act: Act, lines: Sequence[Settled], reference: str, handover: Handover | None) -> None:
    act.session.add_all(
        LineResult(
            line_id=line.id,
            handover_id=handover.id if handover is not None else None,
            outcome=line.outcome.name,
            channel_code="",
            channel_reference=reference,
            amount=line.amount,
            account_confirmed=None,
            processed_at=act.at,
            recorded_at=act.at,
        )
        for line in lines
    )
    act.session.flush()


def _store(act: Act, reference: str, photo: bytes) -> bytes:
    """Encrypt a photo and put it on the disk; returns the digest it lies under."""
    if media_type_of(photo) not in PHOTO_TYPES:
        raise FileKindRefused(claimed="")
    text = base64.b64encode(photo).decode()
    sealed = encrypt(act.kit.keys, text, table="handovers", column="photo", row=reference)
    return bytes.fromhex(files.store(act.kit.files, sealed))
