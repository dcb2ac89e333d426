"""The root of receipts: proposed by one administrator, agreed to by a second, signed by the old root, waited for.

A root is decided on once: one that was withdrawn never comes back. What the signature covers is in `audit/roots.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from audit import note, roots
from audit.errors import AuditError, SignatureFailed
from audit.facts.custody import ReceiptRootAnnounced, ReceiptRootProposed, ReceiptRootTaken, ReceiptRootWithdrawn
from audit.facts.founding import LogFounded
from audit.keys import WAIT
from audit.replay.custody import hold_second

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step


def _founded(state: State, _step: Step, fact: LogFounded) -> None:
    # That a log is founded once is for `powers.py`; a second founding never brings another root.
    state.receipt_root = state.receipt_root or fact.receipt_root
    state.roots_decided.add(fact.receipt_root)


def _proposed(state: State, step: Step, fact: ReceiptRootProposed) -> None:
    if fact.new in state.roots_proposed or fact.old != state.receipt_root:
        state.broken("roots.proposed", step.index, f"{fact.new} was proposed before, or follows no root in use")
    state.roots_proposed[fact.new] = step.who


def _announced(state: State, step: Step, fact: ReceiptRootAnnounced) -> None:
    hold_second(state, step, state.roots_proposed.get(fact.new), fact.proposed_by, "roots")
    try:
        _announce(state, fact, datetime.fromisoformat(step.entry.recorded_at))
    except AuditError as error:
        state.broken(error.rule, step.index, error.sentence)


def _announce(state: State, fact: ReceiptRootAnnounced, at: datetime) -> None:
    """Note a root that may be taken.

    Raises:
        AuditError: the old root, the time or another decision stands against it.

    """
    old, new = note.decode_base64(fact.old_certificate), note.decode_base64(fact.certificate)
    if (fact.old, fact.new) != (roots.fingerprint(old), roots.fingerprint(new)) or fact.old != state.receipt_root:
        raise SignatureFailed(f"{fact.old} is not the root in use, or not these certificates", rule="roots.in_use")
    if state.roots_announced or fact.new in state.roots_decided:
        raise SignatureFailed(f"{fact.new} was decided on before, or another root waits", rule="roots.used")
    roots.check_statement(state.origin, old, new, note.decode_base64(fact.signature))
    if fact.usable_from < at + WAIT:
        raise SignatureFailed(f"{fact.new} would be used before it was announced for 72 hours", rule="roots.wait")
    state.roots_decided.add(fact.new)
    state.roots_announced[fact.new] = fact.usable_from


def _withdrawn(state: State, step: Step, fact: ReceiptRootWithdrawn) -> None:
    if fact.new not in state.roots_proposed:
        state.broken("roots.proposed", step.index, f"{fact.new} was never proposed")
    state.roots_decided.add(fact.new)
    state.roots_announced.pop(fact.new, None)


def _taken(state: State, step: Step, fact: ReceiptRootTaken) -> None:
    usable_from = state.roots_announced.pop(fact.new, None)
    if usable_from is None or fact.old != state.receipt_root:
        state.broken("roots.announced", step.index, f"{fact.new} was not announced, or was withdrawn")
        return
    if datetime.fromisoformat(step.entry.recorded_at) < usable_from:
        state.broken("roots.wait", step.index, f"{fact.new} was taken before its time")
    state.receipt_root = fact.new


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    LogFounded: _founded,
    ReceiptRootProposed: _proposed,
    ReceiptRootAnnounced: _announced,
    ReceiptRootWithdrawn: _withdrawn,
    ReceiptRootTaken: _taken,
}
