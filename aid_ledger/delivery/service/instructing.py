"""Handing an approved batch to its channel, once; taking its file out; and refusing to send anything again.

Act 1 (`instruct`) records the instruction with the hash of its file. The file may leave (`collect`) only once that
lies under a checkpoint. A crash between the two leaves a batch that is sent and a file that can be written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from aid_ledger.approvals.separation import require_separate
from aid_ledger.book import service as book
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.delivery import evidence, queries, rules, sealed_file
from aid_ledger.delivery.judging import NOT_RESENDABLE, SENT
from aid_ledger.delivery.models import Instruction
from aid_ledger.delivery.sealed_file import Written
from aid_ledger.disbursement import lodging
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.digests import encode_digest
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.disbursement.rules import BatchChanged, check_transition
from aid_ledger.leaving import service as leaving
from aid_ledger.officials import queries as officials
from aid_ledger.officials.powers import acting_official_id, require_office, require_role
from aid_ledger.programs.models import Program
from audit.facts import paying as facts

PREFIX = "INS"

on_constraint("uq_instructions_batch_id", rules.AlreadyInstructed)


@dataclass(frozen=True, slots=True)
class ResendOutcome:
    """What became of a wish to pay a line again: refused and recorded, or free to be drafted anew."""

    batch: str
    line: int
    state: str
    is_refused: bool


def instruct(act: Act, reference: str) -> Instruction:
    """Hand an approved batch to its channel: reserved value goes in transit, lines are sent, the file is sealed.

    Raises: BatchNotFound, AlreadyInstructed, BatchStateRefused, RoleMissing, NoOffice, SelfApproval, ShapedTheBatch,
        NotSealed, NotWitnessed, WaySpent, ApprovalNotInLog, BatchChanged, InsufficientFunds.
    """
    batch = batches.lock_batch(act.session, reference)
    known = queries.instruction_of(act.session, batch.id)

    treasurer = require_role(act, Role.TREASURER, region=batch.region_code)
    require_office(act, treasurer)
    if known is not None:
        raise rules.AlreadyInstructed(batch=reference, instruction=known.reference)
    check_transition(reference, batch.state, SENT)
    require_separate(act, batch, treasurer)
    is_charged = let_batch_leave(act, batch, evidence.acts_behind(act.session, batch))
    evidence.require_justified(act.session, batch, is_charged=is_charged)
    written = sealed_file.write(act.session, act.kit.keys, batch, act.on)
    if (written.digest, written.lines, written.total) != (batch.digest, batch.lines, batch.total):
        raise BatchChanged(batch=reference)
    # The file cannot leave before this Act is sealed, hence not before auditors hold what it can be checked with.
    lodging.lodge(act, batch)

    instruction = _instruction(act, batch, written, treasurer)
    _send_lines(act, batch)
    moves = book.move(act, _movements(act, batch, written), batch=reference)

    act.record(
        facts.PaymentInstructed(
            instruction=instruction.reference,
            batch=reference,
            channel=batch.channel,
            file=encode_digest(instruction.file_sha256),
            lines=instruction.lines,
            total=instruction.total,
            digest=encode_digest(batch.digest or b""),
            moves=moves,
        )
    )
    return instruction


def instruct_or_refuse(act: Act, reference: str) -> str:
    """Hand a batch to its channel, or record that somebody wanted to send it twice; for doors.

    Returns the instruction's reference; "" where a resend was refused and recorded, which the door then raises.
    """
    batch = batches.lock_batch(act.session, reference)
    if queries.instruction_of(act.session, batch.id) is None:
        return instruct(act, reference).reference
    treasurer = require_role(act, Role.TREASURER, region=batch.region_code)
    require_office(act, treasurer)
    query = select(BatchLine.line_no).where(BatchLine.batch_id == batch.id, BatchLine.state.in_(sorted(NOT_RESENDABLE)))
    line_no = act.session.scalar(query.order_by(BatchLine.line_no).limit(1))
    if line_no is None:
        raise rules.AlreadyInstructed(batch=reference)
    refuse_resend(act, reference, line_no)
    return ""


def refuse_resend(act: Act, reference: str, line_no: int) -> ResendOutcome:
    """Answer a wish to pay a line again: recorded as refused while the line is under way, uncertain or delivered.

    A failed line is not refused: its entitlement may be drafted again in another batch. The door raises
    ResendNotAllowed after the Act that recorded the refusal has closed.

    Raises: BatchNotFound, LineNotFound.
    """
    batch = batches.lock_batch(act.session, reference)
    line = batches.line(act.session, batch.id, line_no)
    is_refused = line.state in NOT_RESENDABLE
    if is_refused:
        act.record(facts.ResendRefused(batch=reference, line=line_no, state=line.state))
    return ResendOutcome(reference, line_no, line.state, is_refused)


def collect(act: Act, reference: str, *, village: str = "") -> Written:
    """Take a sealed instruction's file out, or one village's part of a list; who took it is recorded.

    The whole file is the treasurer's. A list's village may also be taken by a field officer of that area.

    Raises: InstructionNotFound, RoleMissing, NotSealed, NotWitnessed, WaySpent, FileLeftBefore, FileChanged,
        ChannelRefused, VillageNotInBatch.
    """
    instruction = queries.instruction(act.session, reference)
    batch = act.session.get_one(Batch, instruction.batch_id)

    if village:
        rules.check_channel(instruction.channel, sealed_file.BY_HAND)
    _require_collector(act, batch, village)
    is_charged = let_batch_leave(act, batch, [instruction.act])
    written = sealed_file.rewrite(act.session, act.kit.keys, instruction, village=village, is_charged=is_charged)
    if village and not written.receivers:
        raise rules.VillageNotInBatch(batch=batch.reference, village=village)

    if instruction.collected_at is None:
        instruction.collected_at = act.at

    count = len(written.receivers) if village else written.lines
    file = encode_digest(instruction.file_sha256)
    act.record(facts.FileCollected(instruction=reference, file=file, lines=count))
    return written


def let_batch_leave(act: Act, batch: Batch, acts: Sequence[str]) -> bool:
    """Demand the quorum over the acts that let a batch leave, or charge all of it; tells whether it was charged.

    Goods count by their lines. Raises: NotSealed, EntryNotFound, NotWitnessed, WaySpent.
    """
    amount = batch.total if batch.commodity == IDR else 0
    return leaving.let_leave(act, acts, what=batch.reference, amount=amount, lines=batch.lines)


def _require_collector(act: Act, batch: Batch, village: str) -> None:
    held = officials.roles_on(act.session, acting_official_id(act), act.on)
    if village and any(each.role is Role.FIELD for each in held):
        require_role(act, Role.FIELD, region=village)
    else:
        require_role(act, Role.TREASURER, region=batch.region_code)


def _instruction(act: Act, batch: Batch, written: Written, treasurer: int) -> Instruction:
    instruction = Instruction(
        reference=next_reference(act, PREFIX),
        batch_id=batch.id,
        channel=batch.channel,
        value_on=act.on,
        file_sha256=written.sha256,
        lines=written.lines,
        total=written.total,
        state=SENT,
        instructed_by_id=treasurer,
        instructed_at=act.at,
        act=act.id,
    )
    act.session.add(instruction)
    act.session.flush()
    return instruction


def _send_lines(act: Act, batch: Batch) -> None:
    batch.state = SENT
    statement = (
        update(BatchLine)
        .where(BatchLine.batch_id == batch.id, BatchLine.state == "listed")
        .values(state=SENT)
        .returning(BatchLine.id)
        .execution_options(synchronize_session=False)
    )
    ids = act.session.scalars(statement).all()
    if len(ids) != batch.lines:
        # A line in any other state here was moved by a hand that no fact explains.
        raise BatchChanged(batch=batch.reference)
    act.wrote(BatchLine, ids)


def _movements(act: Act, batch: Batch, written: Written) -> list[Movement]:
    """Move what the lines themselves add up to, source by source."""
    program = act.session.get_one(Program, batch.program_id)
    return [
        Movement(
            Place(source, Stage.RESERVED, program.code),
            Place(source, Stage.IN_TRANSIT, program.code),
            batch.commodity,
            amount,
        )
        for source, amount in sorted(written.by_source.items())
    ]
