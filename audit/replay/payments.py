"""What became of each line: confirmed once, failed, unknown until an inquiry; and receipts only for what arrived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from audit.facts import paying as facts
from audit.replay.state import Batch, Line, State, Step
from audit.replay.value import cell, stage_of

OPEN = frozenset({"sent", "unknown", "on_hold"})
"""States in which a line's outcome is still to come."""


def apply(state: State, step: Step, act: Sequence[Step]) -> None:
    """Move lines to their outcomes and count receipts against them."""
    handler = _HANDLERS.get(type(step.fact))
    if handler is not None:
        handler(state, step, step.fact)
    if isinstance(step.fact, facts.LinesReturned):
        _returned(state, step, step.fact, act)


def _settle(
    state: State, step: Step, reference: str, outcomes: Sequence[facts.LineOutcome], to_state: str
) -> dict[str, int]:
    """Give lines their outcome; returns what each source paid for them."""
    batch = state.batches.get(reference)
    paid: dict[str, int] = {}
    if batch is None:
        state.broken("batch.unknown", step.index, f"{step.entry.kind} of unknown batch {reference}")
        return paid
    for outcome in outcomes:
        line = batch.lines.get(outcome.line)
        if line is None or line.state not in OPEN:
            held = "unknown to the log" if line is None else line.state
            sentence = f"line {outcome.line} of {reference} is {held}, cannot be {to_state}"
            state.broken("line.state", step.index, sentence)
            continue
        if outcome.amount != line.amount:
            state.broken("line.amount", step.index, f"line {outcome.line} of {reference} was {line.amount}")
        _note(state, batch, line, to_state)
        paid[line.source] = paid.get(line.source, 0) + line.amount
    return paid


def _note(state: State, batch: Batch, line: Line, to_state: str) -> None:
    line.state = to_state
    if to_state == "delivered":
        batch.unreceipted[line.amount] += 1
    if to_state == "failed":
        state.live_entitlements.pop(line.entitlement, None)


def _moves_are(state: State, step: Step, target: str, paid: dict[str, int]) -> None:
    moved: dict[str, int] = {}
    for move in getattr(step.fact, "moves", ()):
        if (stage_of(move.source), stage_of(move.target)) != ("in_transit", target):
            state.broken("line.moves", step.index, f"{step.entry.kind} moves {move.source} → {move.target}")
        source = cell(move.source)[0]
        moved[source] = moved.get(source, 0) + move.amount
    if moved != paid:
        state.broken("line.moves", step.index, f"{step.entry.kind} moves {moved}, its lines are {paid}")


def _confirmed(state: State, step: Step, fact: facts.PaymentsConfirmed) -> None:
    _moves_are(state, step, "delivered", _settle(state, step, fact.batch, fact.confirmed, "delivered"))


def _handed(state: State, step: Step, fact: facts.GoodsHandedOver) -> None:
    _moves_are(state, step, "delivered", _settle(state, step, fact.batch, fact.handed, "delivered"))
    if fact.witnesses < 1:
        state.broken("handover.witness", step.index, f"handover {fact.handover} names no witness")


def _failed(state: State, step: Step, fact: facts.PaymentsFailed) -> None:
    _moves_are(state, step, "allocated", _settle(state, step, fact.batch, fact.failed, "failed"))


def _unknown(state: State, step: Step, fact: facts.PaymentsUnknown) -> None:
    _settle(state, step, fact.batch, fact.unknown, "unknown")


def _held(state: State, step: Step, fact: facts.LinesHeld) -> None:
    # A held line's answer may name another amount: that is why it is held.
    batch = state.batches.get(fact.batch)
    for outcome in fact.held:
        line = batch.lines.get(outcome.line) if batch is not None else None
        if line is None or line.state not in OPEN:
            state.broken("line.state", step.index, f"line {outcome.line} of {fact.batch} cannot be held")
            continue
        line.state = "on_hold"


def _returned(state: State, step: Step, fact: facts.LinesReturned, act: Sequence[Step]) -> None:
    """Let failed lines whose value nobody claims go back, by a return of the same act over exactly their sum."""
    batch = state.batches.get(fact.batch)
    for outcome in fact.returned:
        line = batch.lines.get(outcome.line) if batch is not None else None
        if line is None or line.state != "failed" or line.amount != outcome.amount:
            state.broken("line.state", step.index, f"line {outcome.line} of {fact.batch} has nothing to return")
            continue
        if line.entitlement in state.live_entitlements:
            state.broken("return.claimed", step.index, f"line {outcome.line} of {fact.batch} is being paid again")
        line.state = "returned"
    going = [other.fact for other in act if isinstance(other.fact, facts.LinesReturned) and other.fact.sts == fact.sts]
    total = sum(outcome.amount for one in going for outcome in one.returned)
    stated = [
        other.fact.amount for other in act if isinstance(other.fact, facts.FundsReturned) and other.fact.sts == fact.sts
    ]
    if stated != [total]:
        state.broken("return.amount", step.index, f"{fact.sts} returns {stated}, its lines are {total}")


def _receipt(state: State, step: Step, fact: facts.ReceiptIssued) -> None:
    if fact.receipt in state.receipts:
        state.broken("receipt.twice", step.index, f"receipt {fact.receipt} was issued twice")
    state.receipts.add(fact.receipt)
    batch = state.batches.get(fact.batch)
    if batch is None or batch.unreceipted[fact.amount] <= 0:
        state.broken("receipt.unpaid", step.index, f"receipt {fact.receipt}: {fact.batch} delivered no such amount")
        return
    batch.unreceipted[fact.amount] -= 1
    if (fact.program, fact.commodity) != (batch.program, batch.commodity):
        state.broken("receipt.other", step.index, f"receipt {fact.receipt} names another programme or commodity")


def _receipt_cancelled(state: State, step: Step, fact: facts.ReceiptCancelled) -> None:
    if fact.receipt not in state.receipts:
        state.broken("receipt.unknown", step.index, f"receipt {fact.receipt} was cancelled but never issued")


_HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.PaymentsConfirmed: _confirmed,
    facts.GoodsHandedOver: _handed,
    facts.PaymentsFailed: _failed,
    facts.PaymentsUnknown: _unknown,
    facts.LinesHeld: _held,
    facts.ReceiptIssued: _receipt,
    facts.ReceiptCancelled: _receipt_cancelled,
}
