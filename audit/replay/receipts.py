"""Receipts: only for what arrived, each once, no more of an amount than arrived of it; and how they end.

A receipt that is replaced gives up its claim to what arrived, and the one in its place takes it up in the same act, for
the same amount. Which line a receipt is for is not told: it goes by a random name, and the digest of its fields is
salted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit import naming
from audit.facts import paying as facts
from audit.replay.authority import day_from
from audit.replay.batches import known
from audit.replay.state import Stated, day_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step


def _issued(state: State, step: Step, fact: facts.ReceiptIssued) -> None:
    if fact.receipt in state.receipts:
        state.broken("receipt.twice", step.index, f"receipt {fact.receipt} was issued twice")
    stated = Stated(fact.batch, fact.amount)
    # One and the same for all receipts of a round that are for the same: a round has a hundred thousand.
    state.receipts[fact.receipt] = state.stated.setdefault(stated, stated)
    _follows(state, step, fact)
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


def _follows(state: State, step: Step, fact: facts.ReceiptIssued) -> None:
    """Hold a receipt that stands in the place of another against that one."""
    before = naming.preceding(fact.receipt)
    if not before:
        return
    if state.receipts_ended.get(before) != fact.receipt:
        state.broken("receipt.follows", step.index, f"receipt {fact.receipt}: {before} did not end for it")
        return
    stated = state.receipts.get(before)
    if stated is not None and stated != (fact.batch, fact.amount):
        sentence = f"receipt {fact.receipt} is for {fact.amount} of {fact.batch}, {before} was for "
        state.broken("receipt.changed", step.index, f"{sentence}{stated.amount} of {stated.batch}")


def _cancelled(state: State, step: Step, fact: facts.ReceiptCancelled) -> None:
    if not _stands(state, fact.receipt):
        state.broken("receipt.ended", step.index, f"receipt {fact.receipt} was never issued, or had ended")
        return
    state.receipts_ended[fact.receipt] = fact.replaced_by
    if not fact.replaced_by:
        return
    if fact.replaced_by != naming.following(fact.receipt):
        sentence = f"receipt {fact.receipt} is replaced by {fact.replaced_by}, which cannot follow it"
        state.broken("receipt.replaced", step.index, sentence)
        return
    if not any(
        isinstance(each.fact, facts.ReceiptIssued) and each.fact.receipt == fact.replaced_by for each in step.act
    ):
        sentence = f"receipt {fact.receipt} is replaced by {fact.replaced_by}, which its act does not issue"
        state.broken("receipt.replaced", step.index, sentence)
        return
    stated = state.receipts[fact.receipt]
    if stated.batch in state.batches:
        state.batches[stated.batch].unreceipted[stated.amount] += 1


def _printed(state: State, step: Step, fact: facts.ReceiptPrinted) -> None:
    _print(state, step, fact.receipt, fact.copy)


def _file_printed(state: State, step: Step, fact: facts.ReceiptsPrinted) -> None:
    known(state, step, fact.batch)
    if not fact.printed:
        state.broken("receipt.no_print", step.index, f"a file of {fact.batch} was printed without a receipt")
    for each in fact.printed:
        stated = state.receipts.get(each.receipt)
        if stated is not None and stated.batch != fact.batch:
            sentence = f"receipt {each.receipt} of {stated.batch} was printed in a file of {fact.batch}"
            state.broken("receipt.other", step.index, sentence)
        _print(state, step, each.receipt, each.copy)


def _print(state: State, step: Step, receipt: str, copy: int) -> None:
    if not _stands(state, receipt):
        state.broken("receipt.ended", step.index, f"receipt {receipt} was printed and does not stand")
    due = state.prints.get(receipt, 0) + 1
    if copy != due:
        sentence = f"receipt {receipt} was printed as copy {copy}, the next is {due}"
        state.broken("receipt.copy", step.index, sentence)
    state.prints[receipt] = max(due, copy)


def _stands(state: State, receipt: str) -> bool:
    return receipt in state.receipts and receipt not in state.receipts_ended


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.ReceiptIssued: _issued,
    facts.ReceiptCancelled: _cancelled,
    facts.ReceiptPrinted: _printed,
    facts.ReceiptsPrinted: _file_printed,
}
