"""What batches and lines hold against replay: states, digests, totals and amounts are what the facts add up to.

Row digests already name a row that was changed by hand; this names a row that was changed through an honest-looking
fact that means something else.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.disbursement import digests
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.disbursement.rules import OPEN, RESERVING
from aid_ledger.funding.models import Source
from aid_ledger.log.diff import Difference
from audit.replay import Line, State
from audit.replay import state as replayed

CLOSED_BY_OUTCOME = "delivered"
"""Replay keeps such a batch as `sent`: that all its lines have their outcome is a word for people."""

ROWS_PER_FETCH = 5_000


def agree(session: Session, state: State) -> Iterator[Difference]:
    """Compare every batch and every frozen line with replay, both ways."""
    expected = dict(state.batches)
    for batch in session.scalars(select(Batch).order_by(Batch.id)):
        known = expected.pop(batch.reference, None)
        if known is None:
            yield Difference("batches", str(batch.id), f"{batch.reference} was drafted by no fact")
            continue
        yield from _compare(batch, known)
        if known.digest and known.state not in OPEN:
            yield from _compare_lines(session, batch, known)
    for reference in expected:
        yield Difference("batches", reference, f"the facts know {reference}, but it is not stored")


def _compare(batch: Batch, known: replayed.Batch) -> Iterator[Difference]:
    state = "sent" if batch.state == CLOSED_BY_OUTCOME else batch.state
    if state != known.state:
        yield Difference("batches", str(batch.id), f"{batch.reference} is {batch.state}, the facts say {known.state}")
    if state in RESERVING or state == "sent":
        held = (digests.encode_digest(batch.digest or b""), batch.lines, batch.total, batch.approvers_needed)
        if held != (known.digest, known.count, known.total, known.approvers_needed):
            sentence = f"digest, lines, total or approvers of {batch.reference} differ from what was submitted"
            yield Difference("batches", str(batch.id), sentence)


def _compare_lines(session: Session, batch: Batch, known: replayed.Batch) -> Iterator[Difference]:
    expected = dict(known.lines)
    query = (
        select(BatchLine, Source.code)
        .join(Source, Source.id == BatchLine.source_id)
        .where(BatchLine.batch_id == batch.id)
        .order_by(BatchLine.line_no)
        .execution_options(yield_per=ROWS_PER_FETCH)
    )
    for line, source in session.execute(query):
        frozen = expected.pop(line.line_no, None)
        if frozen is None:
            if line.state != "set_aside":
                yield Difference("batch_lines", str(line.id), f"line {line.line_no} was frozen by no fact")
            continue
        yield from _compare_line(line, source, frozen)
    for line_no in expected:
        yield Difference(
            "batch_lines", f"{batch.reference}/{line_no}", "the facts froze this line, but it is not stored"
        )


def _compare_line(line: BatchLine, source: str, frozen: Line) -> Iterator[Difference]:
    # A line may be set aside after its batch was sent back and before that batch was withdrawn.
    if line.state == "set_aside" and frozen.state == "cancelled":
        return
    held = (line.entitlement_id, line.amount, source, digests.encode_digest(line.commitment or b""), line.state)
    if held != (frozen.entitlement, frozen.amount, frozen.source, frozen.commitment, frozen.state):
        sentence = f"line {line.line_no} is {line.state} with {line.amount} from {source}; the facts say otherwise"
        yield Difference("batch_lines", str(line.id), sentence)
