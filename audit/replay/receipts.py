"""Receipts: only for what arrived, each once, no more of an amount than arrived of it; and how they end.

Which line a receipt is for is not told: it goes by a random name, and the digest of its fields is salted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.facts import paying as facts
from audit.replay.authority import day_from
from audit.replay.state import day_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step


def _issued(state: State, step: Step, fact: facts.ReceiptIssued) -> None:
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
    # Paid on a day of the agency, recorded at an instant: east of Greenwich its day may be the next.
    if not fact.paid_on or day_text(fact.paid_on) > day_from(step.entry.recorded_at[:10], 1):
        state.broken("receipt.day", step.index, f"receipt {fact.receipt} was issued before it says it was paid")


def _cancelled(state: State, step: Step, fact: facts.ReceiptCancelled) -> None:
    if not _stands(state, fact.receipt):
        state.broken("receipt.ended", step.index, f"receipt {fact.receipt} was never issued, or had ended")
    state.receipts_ended.add(fact.receipt)
    if fact.replaced_by and not _stands(state, fact.replaced_by):
        state.broken("receipt.replaced", step.index, f"receipt {fact.receipt} is replaced by one that does not stand")


def _printed(state: State, step: Step, fact: facts.ReceiptPrinted) -> None:
    if not _stands(state, fact.receipt):
        state.broken("receipt.ended", step.index, f"receipt {fact.receipt} was printed and does not stand")
    due = state.prints.get(fact.receipt, 0) + 1
    if fact.copy != due:
        sentence = f"receipt {fact.receipt} was printed as copy {fact.copy}, the next is {due}"
        state.broken("receipt.copy", step.index, sentence)
    state.prints[fact.receipt] = max(due, fact.copy)


def _stands(state: State, receipt: str) -> bool:
    return receipt in state.receipts and receipt not in state.receipts_ended


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.ReceiptIssued: _issued,
    facts.ReceiptCancelled: _cancelled,
    facts.ReceiptPrinted: _printed,
}
