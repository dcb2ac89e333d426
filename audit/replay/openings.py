"""Openings: the keys of auditors are set by two, and nobody is paid before each of them holds what they need.

Whether what was lodged opens the commitments is checked by who holds a key: `audit/openings.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.facts.openings import AuditorKeyProposed, AuditorKeySet, OpeningsLodged
from audit.facts.paying import PaymentInstructed
from audit.replay.authority import same_person
from audit.replay.state import AuditorKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step


def _proposed(state: State, step: Step, fact: AuditorKeyProposed) -> None:
    state.auditor_keys_proposed[fact.key] = fact.auditor, fact.public, step.who


def _set(state: State, step: Step, fact: AuditorKeySet) -> None:
    proposed = state.auditor_keys_proposed.pop(fact.key, None)
    if proposed is None or proposed[:2] != (fact.auditor, fact.public):
        state.broken("openings.key", step.index, f"{fact.key} was not proposed as the key of {fact.auditor}")
    elif same_person(state, proposed[2], step.who, step.entry.on):
        state.broken("openings.second", step.index, f"{step.who} agreed to a key of their own")
    state.auditor_keys[fact.auditor] = AuditorKey(fact.key, step.entry.on)


def _lodged(state: State, step: Step, fact: OpeningsLodged) -> None:
    held = state.auditor_keys.get(fact.auditor)
    if held is None or held.key != fact.key:
        state.broken("openings.key", step.index, f"{fact.key} is not the key of {fact.auditor}")
    batch = state.batches.get(fact.batch)
    if batch is None or (batch.digest, batch.count) != (fact.digest, fact.lines):
        state.broken("openings.other", step.index, f"what was lodged is not {fact.batch} as it was frozen")
    state.lodged.setdefault(fact.batch, set()).add((fact.key, fact.digest))


def _instructed(state: State, step: Step, fact: PaymentInstructed) -> None:
    for auditor, held in state.auditor_keys.items():
        # A key holds from the next day: what was being paid while it was set could not know of it.
        if held.since < step.entry.on and (held.key, fact.digest) not in state.lodged.get(fact.batch, ()):
            state.broken("openings.lodged", step.index, f"{auditor} was not given the openings of {fact.batch}")


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    AuditorKeyProposed: _proposed,
    AuditorKeySet: _set,
    OpeningsLodged: _lodged,
    PaymentInstructed: _instructed,
}
