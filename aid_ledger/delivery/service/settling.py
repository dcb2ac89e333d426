"""Giving lines their outcome, in bulk: states, value and facts together, at most 500 lines in a fact.

Each fact moves exactly what its own lines add up to by source, so that whoever replays the log can hold every fact
against its lines. When the last line of a batch is settled, the batch is closed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update

from aid_ledger.book import service as book
from aid_ledger.book.rules import Movement, Place, Stage
from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked
from aid_ledger.delivery import queries
from aid_ledger.delivery.outcomes import DELIVERED, FAILED, ON_HOLD, UNCERTAIN, Outcome
from aid_ledger.delivery.rules import FACT_LINES
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.programs.models import Program
from audit.facts import paying as facts
from audit.facts.money import Move
from audit.facts.paying import LineOutcome

LINES_PER_UPDATE = 5_000
"""Line numbers in one UPDATE: below every database's limit on parameters."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A line and the outcome it takes; `answered` is the amount the channel named."""

    id: int
    line_no: int
    amount: int
    source: str
    outcome: Outcome
    answered: int


def settle(act: Act, batch: Batch, settled: Sequence[Settled], *, result: str) -> None:
    """Give lines their outcomes by a channel's or an officer's word; the caller has judged that they may take them."""
    mark(act, settled)
    for state in (DELIVERED, FAILED, UNCERTAIN, ON_HOLD):
        lines = [line for line in settled if line.outcome.state == state]
        for chunk in chunked(lines, FACT_LINES):
            _record(act, batch, chunk, state, result)
    close_if_settled(act, batch)


def mark(act: Act, settled: Sequence[Settled]) -> None:
    """Write the outcomes into the lines' states and reasons."""
    by_outcome: dict[Outcome, list[int]] = defaultdict(list)
    for line in settled:
        by_outcome[line.outcome].append(line.id)
    for outcome, ids in by_outcome.items():
        reason = "" if outcome.state == DELIVERED else outcome.name
        for chunk in chunked(ids, LINES_PER_UPDATE):
            statement = update(BatchLine).where(BatchLine.id.in_(chunk)).values(state=outcome.state, reason=reason)
            act.session.execute(statement.execution_options(synchronize_session=False))
    act.wrote(BatchLine, [line.id for line in settled])


def move(act: Act, batch: Batch, lines: Sequence[Settled], target: Stage) -> tuple[Move, ...]:
    """Move what these lines add up to, by source, from in transit to where it ended."""
    program = act.session.get_one(Program, batch.program_id)
    by_source: Counter[str] = Counter()
    for line in lines:
        by_source[line.source] += line.amount
    movements = [
        Movement(
            Place(source, Stage.IN_TRANSIT, program.code), Place(source, target, program.code), batch.commodity, amount
        )
        for source, amount in sorted(by_source.items())
    ]
    return book.move(act, movements, batch=batch.reference)


def close_if_settled(act: Act, batch: Batch) -> None:
    """Close a batch whose every line has its outcome."""
    if queries.open_lines_left(act.session, batch.id) == 0:
        batch.state = "delivered"
        batch.closed_at = act.at


def told(lines: Sequence[Settled]) -> tuple[LineOutcome, ...]:
    """Write lines as facts tell them: with the approved amount."""
    return tuple(LineOutcome(line.line_no, line.amount, line.outcome.name) for line in lines)


def _record(act: Act, batch: Batch, lines: list[Settled], state: str, result: str) -> None:
    name = batch.reference
    if state == DELIVERED:
        moves = move(act, batch, lines, Stage.DELIVERED)
        act.record(facts.PaymentsConfirmed(batch=name, result=result, confirmed=told(lines), moves=moves))
    elif state == FAILED:
        moves = move(act, batch, lines, Stage.ALLOCATED)
        act.record(facts.PaymentsFailed(batch=name, result=result, failed=told(lines), moves=moves))
    elif state == UNCERTAIN:
        act.record(facts.PaymentsUnknown(batch=name, result=result, unknown=told(lines)))
    else:
        # A held line tells what the channel answered, for that is why it is held.
        held = tuple(LineOutcome(line.line_no, line.answered, line.outcome.name) for line in lines)
        act.record(facts.LinesHeld(batch=name, result=result, held=held))
