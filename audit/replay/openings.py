"""Openings: the keys of auditors are set by two, and nobody is paid before each of them holds what they need.

Whether what was lodged opens the commitments is checked by who holds a key: `audit/openings.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.facts.openings import AuditorKeyProposed, AuditorKeySet, OpeningsLodged
from audit.facts.paying import PaymentInstructed
from audit.replay.authority import roles_on, same_person
from audit.replay.state import AuditorKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.replay.state import State, Step


def apply(state: State, step: Step, _act: Sequence[Step]) -> None:
    """Hold a deed about openings, and every instruction to pay, against what lies with the auditors."""
    match step.fact:
        case AuditorKeyProposed(key=key, auditor=auditor, public=public):
            _need_role(state, step, "admin")
            state.auditor_keys_proposed[key] = auditor, public, step.who
        case AuditorKeySet():
            _set(state, step, step.fact)
        case OpeningsLodged():
            _lodged(state, step, step.fact)
        case PaymentInstructed(batch=batch, digest=digest):
            for auditor, held in state.auditor_keys.items():
                # A key holds from the next day: what was being paid while it was set could not know of it.
                if held.since < step.entry.on and (held.key, digest) not in state.lodged.get(batch, ()):
                    state.broken("openings.lodged", step.index, f"{auditor} was not given the openings of {batch}")
        case _:
            return


def _set(state: State, step: Step, fact: AuditorKeySet) -> None:
    _need_role(state, step, "auditor")
    auditor, public, proposer = state.auditor_keys_proposed.pop(fact.key, ("", "", ""))
    if (auditor, public) != (fact.auditor, fact.public):
        state.broken("openings.key", step.index, f"{fact.key} was not proposed as the key of {fact.auditor}")
    elif same_person(state, proposer, step.who, step.entry.on):
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


def _need_role(state: State, step: Step, role: str) -> None:
    if role not in roles_on(state, step.who, step.entry.on):
        state.broken("authority.role", step.index, f"{step.who or 'nobody'} did {step.entry.kind} without {role}")
