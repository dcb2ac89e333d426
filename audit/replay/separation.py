"""Nobody moves aid alone: who may take the next step of a transaction (THREATS 3).

The bar reaches beyond the steps: it covers whoever defined the programme, set its rates or ceilings, proposed or
determined the entitlements, or had a hand in the approval policy; and whoever holds office in the place of any of
them. Who brought the people and their accounts is not in the log; the ledger bars them, a replay cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.replay.authority import one_person

if TYPE_CHECKING:
    from audit.replay.state import Batch, State, Step

MAKER = "maker"
VERIFIER = "verifier"
APPROVER = "approver"


def hold(state: State, step: Step, name: str, batch: Batch) -> None:
    """Refuse a step by somebody who stands for another step of the batch, or shaped what it pays."""
    asked = (step.who, step.entry.on, state.people_changed)
    if asked in batch.cleared:
        return
    same = one_person(state, step.who, step.entry.on)
    standing = ((MAKER, batch.makers), (VERIFIER, {batch.verifier} - {""}), (APPROVER, set(batch.approvers)))
    barring = [role for role, people in standing if not same.isdisjoint(people)]
    for role in barring:
        state.broken("four_eyes", step.index, f"{step.who} did {step.entry.kind} of {name}, being its {role}")
    shapers = batch.shapers | state.shapers.get(batch.program, set())
    if not same.isdisjoint(shapers):
        state.broken("shaped", step.index, f"{step.who} did {step.entry.kind} of {name}, having shaped what it pays")
    elif not barring:
        batch.cleared.add(asked)
