"""After a restore: two people declare it, and nothing that may have left is forgotten or paid a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.facts.paying import PaymentInstructed
from audit.facts.restoring import BatchRestored, ReceiptsLost, RestoreDeclared
from audit.replay.authority import roles_on, same_person
from audit.replay.batches import release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.replay.state import State, Step

SENT: Final = "sent"
SENT_BACK: Final = "sent_back"
WITHDRAWN: Final = "withdrawn"
UNDER_WAY: Final = frozenset({"submitted", "verified", "approved"})
NEVER_LEFT: Final = UNDER_WAY | {"draft", "sent_back", "rejected", "cancelled"}

_ROLE: Final = "admin"


def apply(state: State, step: Step, act: Sequence[Step]) -> None:
    """Take what a restore did, and remember when each batch was sent."""
    match step.fact:
        case PaymentInstructed(batch=batch) if batch in state.batches:
            state.batches[batch].instructed_at = step.index
        case RestoreDeclared():
            _declared(state, step, step.fact)
        case BatchRestored() | ReceiptsLost() if not _is_declared(step, act):
            state.broken("restore.undeclared", step.index, f"{step.entry.kind} outside a declared restore")
        case BatchRestored():
            _restored(state, step, step.fact)
        case ReceiptsLost():
            _receipts(state, step, step.fact)
        case _:
            return


def close(state: State, act: Sequence[Step]) -> None:
    """Judge, once a restore is complete, that no line that may have left in the lost part is still taken for sent."""
    for step in act:
        if not isinstance(step.fact, RestoreDeclared):
            continue
        for reference, batch in state.batches.items():
            is_lost = step.fact.since <= batch.instructed_at < step.fact.until
            if is_lost and any(line.state == SENT for line in batch.lines.values()):
                state.broken(
                    "restore.unasked", step.index, f"{reference} was sent in the lost part and not asked about"
                )


def _declared(state: State, step: Step, fact: RestoreDeclared) -> None:
    for official in (fact.proposed_by, step.who):
        if _ROLE not in roles_on(state, official, step.entry.on):
            state.broken("authority.role", step.index, f"{official or 'nobody'} declared a restore without {_ROLE}")
    if same_person(state, fact.proposed_by, step.who, step.entry.on):
        state.broken("authority.second", step.index, f"the restore {fact.incident} was declared by one person")
    if not fact.since < fact.until <= step.index:
        state.broken("restore.range", step.index, f"entries {fact.since} to {fact.until} cannot have been lost")


def _is_declared(step: Step, act: Sequence[Step]) -> bool:
    return any(isinstance(other.fact, RestoreDeclared) and other.index < step.index for other in act)


def _restored(state: State, step: Step, fact: BatchRestored) -> None:
    batch = state.batches.get(fact.batch)
    if batch is None:
        state.broken("batch.unknown", step.index, f"{fact.batch} was restored, which nobody drafted")
        return
    wanted = {SENT: {SENT}, SENT_BACK: UNDER_WAY, WITHDRAWN: NEVER_LEFT}.get(fact.outcome, frozenset())
    if batch.state not in wanted:
        state.broken("restore.outcome", step.index, f"{fact.batch} was {batch.state}, it cannot be {fact.outcome}")
        return
    if batch.state in UNDER_WAY:
        release(state, step, batch, SENT_BACK)
    elif fact.moves:
        state.broken("batch.moves", step.index, f"{fact.batch} was {batch.state}, and its value moved")
    if fact.outcome == SENT:
        for line in batch.lines.values():
            line.state = "unknown" if line.state == SENT else line.state
    if fact.outcome == WITHDRAWN:
        del state.batches[fact.batch]


def _receipts(state: State, step: Step, fact: ReceiptsLost) -> None:
    for lost in fact.lost:
        if lost.receipt not in state.receipts:
            state.broken("receipt.unknown", step.index, f"receipt {lost.receipt} was lost but never issued")
            continue
        state.receipts.discard(lost.receipt)
        batch = state.batches.get(lost.batch)
        if batch is not None:
            batch.unreceipted[lost.amount] += 1
