"""After a restore: two people declare it, and nothing that may have left is forgotten or paid a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.facts.paying import PaymentInstructed
from audit.facts.restoring import BatchRestored, ReceiptsLost, RestoreDeclared
from audit.replay.authority import roles_on, same_person
from audit.replay.batches import release
from audit.replay.entitlements import rows_of
from audit.replay.value import carry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.replay.state import State, Step

SENT: Final = "sent"
SENT_BACK: Final = "sent_back"
WITHDRAWN: Final = "withdrawn"
UNDER_WAY: Final = frozenset({"submitted", "verified", "approved"})
NEVER_LEFT: Final = UNDER_WAY | {"draft", "sent_back", "rejected", "cancelled"}

_ROLE: Final = "admin"


def close(state: State, act: Sequence[Step]) -> None:
    """Judge, once a restore is complete, that no line that may have left in the lost part is still taken for sent."""
    for step in act:
        if not isinstance(step.fact, RestoreDeclared):
            continue
        for reference, batch in state.batches.items():
            is_lost = step.fact.since <= batch.instructed_at < step.fact.until
            if is_lost and batch.lines.have(SENT):
                state.broken(
                    "restore.unasked", step.index, f"{reference} was sent in the lost part and not asked about"
                )


def _sent(state: State, step: Step, fact: PaymentInstructed) -> None:
    if fact.batch in state.batches:
        state.batches[fact.batch].instructed_at = step.index


def _declared(state: State, step: Step, fact: RestoreDeclared) -> None:
    if _ROLE not in roles_on(state, fact.proposed_by, step.entry.on):
        state.broken("authority.role", step.index, f"{fact.proposed_by} declared a restore without {_ROLE}")
    if same_person(state, fact.proposed_by, step.who, step.entry.on):
        state.broken("authority.second", step.index, f"the restore {fact.incident} was declared by one person")
    if not fact.since < fact.until <= step.index:
        state.broken("restore.range", step.index, f"entries {fact.since} to {fact.until} cannot have been lost")
    state.lost.append((fact.since, fact.until))
    state.entitlements.remove(rows_of(step, is_gone=True))


def _is_declared(state: State, step: Step) -> bool:
    is_declared = any(other.index < step.index for other in step.of_act(RestoreDeclared))
    if not is_declared:
        state.broken("restore.undeclared", step.index, f"{step.entry.kind} outside a declared restore")
    return is_declared


def _restored(state: State, step: Step, fact: BatchRestored) -> None:
    if not _is_declared(state, step):
        return
    batch = state.batches.get(fact.batch)
    if batch is None:
        state.broken("batch.unknown", step.index, f"{fact.batch} was restored, which nobody drafted")
        return
    wanted = {SENT: {SENT}, SENT_BACK: UNDER_WAY, WITHDRAWN: NEVER_LEFT}.get(fact.outcome, frozenset())
    if batch.state not in wanted:
        state.broken("restore.outcome", step.index, f"{fact.batch} was {batch.state}, it cannot be {fact.outcome}")
        return
    if batch.state in UNDER_WAY:
        release(state, step, fact.batch, batch, fact.moves, SENT_BACK)
    else:
        carry(state, step, fact.moves, ())
    if fact.outcome == SENT:
        batch.lines.turn(SENT, "unknown")
    if fact.outcome == WITHDRAWN:
        del state.batches[fact.batch]


def _receipts(state: State, step: Step, fact: ReceiptsLost) -> None:
    if not _is_declared(state, step):
        return
    for lost in fact.lost:
        stated = state.receipts.pop(lost.receipt, None)
        if stated is None:
            state.broken("receipt.unknown", step.index, f"receipt {lost.receipt} was lost but never issued")
            continue
        if stated != (lost.batch, lost.amount):
            sentence = f"receipt {lost.receipt} was lost as {lost.amount} of {lost.batch}"
            state.broken("receipt.lost", step.index, f"{sentence}, it was {stated.amount} of {stated.batch}")
        state.prints.pop(lost.receipt, None)
        was_replaced = bool(state.receipts_ended.pop(lost.receipt, ""))
        batch = state.batches.get(stated.batch)
        # The claim of one that was replaced had gone on to the one in its place.
        if batch is not None and not was_replaced:
            batch.unreceipted[stated.amount] += 1


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    PaymentInstructed: _sent,
    RestoreDeclared: _declared,
    BatchRestored: _restored,
    ReceiptsLost: _receipts,
}
