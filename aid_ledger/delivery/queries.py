"""Reading instructions, results and returns, and the lists that say what is still to be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from aid_ledger.book.models import Account, Balance
from aid_ledger.book.rules import Stage
from aid_ledger.delivery import rules
from aid_ledger.delivery.judging import BY_INQUIRY, OPEN
from aid_ledger.delivery.models import Handover, Instruction, LineResult, ResultFile, TreasuryReturn
from aid_ledger.disbursement.models import DEAD_LINE_STATES, Batch, BatchLine
from aid_ledger.funding.models import Source
from aid_ledger.programs.models import Program

PAGE = 50
"""Rows on one page of a list."""


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """A line whose outcome is uncertain or missing; `asked_at` is when something was last heard of it."""

    batch: Batch
    line: BatchLine
    instruction: Instruction
    asked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class DueReturn:
    """What failed in one batch, from one source, and lies with the programme ever since."""

    batch: str
    program: str
    source: str
    commodity: str
    lines: int
    amount: int
    oldest: dt.datetime

    def age_days(self, at: dt.datetime) -> int:
        """Count the days since the oldest of these lines failed."""
        return (at - self.oldest).days


@dataclass(frozen=True, slots=True)
class InTransit:
    """What is on its way out of one source for one programme."""

    source: str
    program: str
    commodity: str
    amount: int


def instruction(session: Session, reference: str) -> Instruction:
    """Fetch an instruction; raises InstructionNotFound."""
    found = session.scalars(select(Instruction).where(Instruction.reference == reference)).first()
    if found is None:
        raise rules.InstructionNotFound(instruction=reference[:40])
    return found


def instruction_of(session: Session, batch_id: int) -> Instruction | None:
    """Find the one instruction of a batch; None before it is sent."""
    return session.scalars(select(Instruction).where(Instruction.batch_id == batch_id)).first()


def result(session: Session, reference: str) -> ResultFile:
    """Fetch a result file's record; raises ResultNotFound."""
    found = session.scalars(select(ResultFile).where(ResultFile.reference == reference)).first()
    if found is None:
        raise rules.ResultNotFound(result=reference[:40])
    return found


def result_by_digest(session: Session, digest: bytes) -> ResultFile | None:
    """Find the record of a file by its SHA-256; None if it never came."""
    return session.scalars(select(ResultFile).where(ResultFile.file_sha256 == digest)).first()


def results_of(session: Session, instruction_id: int) -> Sequence[ResultFile]:
    """List what a channel answered to an instruction, newest first."""
    query = select(ResultFile).where(ResultFile.instruction_id == instruction_id)
    return session.scalars(query.order_by(ResultFile.id.desc())).all()


def outcomes_of_result(session: Session, result_id: int) -> dict[str, tuple[int, int]]:
    """Count lines and sum amounts that a result file settled, by outcome."""
    query = (
        select(LineResult.outcome, func.count(), func.sum(LineResult.amount))
        .where(LineResult.result_id == result_id)
        .group_by(LineResult.outcome)
        .order_by(LineResult.outcome)
    )
    return {outcome: (count, int(total)) for outcome, count, total in session.execute(query)}


def unconfirmed_of_result(session: Session, result_id: int) -> int:
    """Count lines a file reports as arrived without saying on which account."""
    query = select(func.count()).select_from(LineResult)
    arrived = (LineResult.outcome == "SUCCESS", LineResult.account_confirmed.is_(None))
    return session.scalar(query.where(LineResult.result_id == result_id, *arrived)) or 0


def outcomes_of_batch(session: Session, batch_id: int) -> dict[str, tuple[int, int]]:
    """Count a batch's failed, held and uncertain lines by the reason that stands in them."""
    query = (
        select(BatchLine.reason, func.count(), func.sum(BatchLine.amount))
        .where(BatchLine.batch_id == batch_id, BatchLine.reason != "", BatchLine.state != "set_aside")
        .group_by(BatchLine.reason)
        .order_by(BatchLine.reason)
    )
    return {reason: (count, int(total)) for reason, count, total in session.execute(query)}


def last_results(session: Session, line_ids: Sequence[int]) -> dict[int, LineResult]:
    """Give the newest word on each of these lines."""
    query = select(LineResult).where(LineResult.line_id.in_(line_ids)).order_by(LineResult.id)
    return {row.line_id: row for row in session.scalars(query)}


def handovers_of(session: Session, batch_id: int) -> Sequence[Handover]:
    """List a batch's handovers, newest first."""
    query = select(Handover).where(Handover.batch_id == batch_id).order_by(Handover.id.desc()).limit(PAGE)
    return session.scalars(query).all()


def handover(session: Session, reference: str) -> Handover:
    """Fetch a handover; raises ResultNotFound."""
    found = session.scalars(select(Handover).where(Handover.reference == reference)).first()
    if found is None:
        raise rules.ResultNotFound(result=reference[:40])
    return found


# --- what is still to be done ---------------------------------------------------------------------------------------


def to_send(session: Session, *, after: int = 0) -> Sequence[tuple[Batch, Program]]:
    """List approved batches that wait for the treasurer, oldest first."""
    query = (
        select(Batch, Program)
        .join(Program, Program.id == Batch.program_id)
        .where(Batch.state == "approved", Batch.id > after)
        .order_by(Batch.id)
    )
    return [(batch, program) for batch, program in session.execute(query.limit(PAGE))]


def under_way(session: Session, *, after: int = 0) -> Sequence[tuple[Batch, Program, Instruction]]:
    """List batches that were sent and still have open lines, oldest first."""
    query = (
        select(Batch, Program, Instruction)
        .join(Program, Program.id == Batch.program_id)
        .join(Instruction, Instruction.batch_id == Batch.id)
        .where(Batch.state == "sent", Batch.id > after)
        .order_by(Batch.id)
    )
    return [(batch, program, sent) for batch, program, sent in session.execute(query.limit(PAGE))]


def uncertain(session: Session, *, after: int = 0) -> Sequence[WaitingLine]:
    """List lines that only an inquiry can settle: uncertain or held, oldest first."""
    return _waiting(session, sorted(BY_INQUIRY), after, before=None)


def unmatched(session: Session, at: dt.datetime, *, after: int = 0) -> Sequence[WaitingLine]:
    """List lines sent by file more than a day ago for which no answer ever came."""
    return _waiting(session, ["sent"], after, before=at - dt.timedelta(days=rules.ANSWER_DUE_DAYS))


def _waiting(session: Session, states: Sequence[str], after: int, before: dt.datetime | None) -> list[WaitingLine]:
    query = (
        select(Batch, BatchLine, Instruction)
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Instruction, Instruction.batch_id == Batch.id)
        .where(BatchLine.state.in_(states), BatchLine.id > after)
        .order_by(BatchLine.id)
        .limit(PAGE)
    )
    if before is not None:
        query = query.where(Instruction.instructed_at < before, Instruction.channel == "bank")
    rows = session.execute(query).all()
    heard = last_results(session, [line.id for _batch, line, _sent in rows])
    return [
        WaitingLine(batch, line, sent, heard[line.id].recorded_at if line.id in heard else None)
        for batch, line, sent in rows
    ]


def count_uncertain(session: Session) -> int:
    """Count lines that only an inquiry can settle."""
    query = select(func.count()).select_from(BatchLine).where(BatchLine.state.in_(sorted(BY_INQUIRY)))
    return session.scalar(query) or 0


def open_lines_left(session: Session, batch_id: int) -> int:
    """Count a batch's lines whose outcome is still to come."""
    query = select(func.count()).select_from(BatchLine).where(BatchLine.batch_id == batch_id)
    return session.scalar(query.where(BatchLine.state.in_(sorted(OPEN)))) or 0


def returns_due(session: Session, *, older_than: dt.datetime | None = None, batch: str = "") -> list[DueReturn]:
    """List what failed and was neither paid again nor returned, by batch and source, oldest first."""
    failed_at = (
        select(LineResult.line_id, func.max(LineResult.recorded_at).label("at")).group_by(LineResult.line_id).subquery()
    )
    oldest = func.min(failed_at.c.at)
    query = (
        select(
            Batch.reference,
            Program.code.label("program"),
            Source.code.label("source"),
            Batch.commodity,
            func.count().label("lines"),
            func.sum(BatchLine.amount).label("amount"),
            oldest.label("oldest"),
        )
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .join(Source, Source.id == BatchLine.source_id)
        .join(failed_at, failed_at.c.line_id == BatchLine.id)
        .where(BatchLine.state == "failed", ~_paid_again())
        .group_by(Batch.reference, Program.code, Source.code, Batch.commodity)
        .order_by(oldest, Batch.reference)
    )
    if older_than is not None:
        query = query.having(oldest < older_than)
    if batch:
        query = query.where(Batch.reference == batch)
    return [
        DueReturn(row.reference, row.program, row.source, row.commodity, row.lines, int(row.amount), row.oldest)
        for row in session.execute(query)
    ]


def _paid_again() -> ColumnElement[bool]:
    """Tell whether a failed line's entitlement is in another line that lives."""
    other = aliased(BatchLine)
    return (
        select(other.id)
        .where(other.entitlement_id == BatchLine.entitlement_id, other.state.not_in(DEAD_LINE_STATES))
        .correlate(BatchLine)
        .exists()
    )


def returnable_lines(session: Session, batch_id: int, source_id: int) -> Sequence[BatchLine]:
    """List a batch's failed lines of one source whose value is free to go back, held until the Act ends."""
    query = (
        select(BatchLine)
        .where(
            BatchLine.batch_id == batch_id,
            BatchLine.source_id == source_id,
            BatchLine.state == "failed",
            ~_paid_again(),
        )
        .order_by(BatchLine.line_no)
        .limit(rules.RETURN_LINES)
        .with_for_update()
    )
    return session.scalars(query).all()


def returns(session: Session, *, before: int | None = None) -> Sequence[tuple[TreasuryReturn, Source, Program]]:
    """List what went back to the treasury, newest first, below an id."""
    query = (
        select(TreasuryReturn, Source, Program)
        .join(Source, Source.id == TreasuryReturn.source_id)
        .join(Program, Program.id == TreasuryReturn.program_id)
        .order_by(TreasuryReturn.id.desc())
        .limit(PAGE)
    )
    if before is not None:
        query = query.where(TreasuryReturn.id < before)
    return [(row, source, program) for row, source, program in session.execute(query)]


def treasury_return(session: Session, reference: str) -> TreasuryReturn:
    """Fetch a return by its number; raises ReturnNotFound."""
    found = find_return(session, reference)
    if found is None:
        raise rules.ReturnNotFound(sts=reference)
    return found


def find_return(session: Session, reference: str) -> TreasuryReturn | None:
    """Fetch a return by its number; None if nothing went back under it."""
    return session.scalars(select(TreasuryReturn).where(TreasuryReturn.reference == reference)).first()


def in_transit(session: Session) -> list[InTransit]:
    """Sum what is on its way now, by source and programme."""
    query = (
        select(Account.source, Account.program, Account.commodity, Balance.amount)
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.stage == Stage.IN_TRANSIT.value, Balance.amount > 0)
        .order_by(Account.source, Account.program, Account.commodity)
    )
    return [InTransit(*row) for row in session.execute(query)]
