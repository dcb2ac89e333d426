"""Who is due what: proposed by a run at the day's rate, determined by a decree, claimed by one line at a time.

Which entitlements a run proposed is told by the rows its entry explains; whose they are is not in the log. That one
household has no two of them for one period can therefore be shown with openings only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.facts import paying as facts
from audit.facts.founding import RowsWritten
from audit.replay import columns
from audit.replay.programmes import rate_on
from audit.replay.state import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import Batch, State, Step

TABLE: Final = "entitlements"


def _proposed(state: State, step: Step, fact: facts.EntitlementsProposed) -> None:
    program = state.programs.get(fact.program)
    if program is None or not program.managed or fact.run in state.runs:
        state.broken("entitlement.run", step.index, f"{fact.run} is of no programme paid here, or was there before")
    rate = rate_on(state, fact.program, step.entry.on)
    if fact.amount_each != rate:
        state.broken(
            "programme.rate", step.index, f"{fact.run} gives {fact.amount_each}, the rate is {rate or 'not set'}"
        )
    numbers = rows_of(step)
    if len(numbers) != fact.count or not numbers:
        state.broken("entitlement.count", step.index, f"{fact.run} proposes {fact.count} and writes {len(numbers)}")
    state.runs[fact.run] = Run(fact.program, fact.period, fact.amount_each, len(numbers), {step.who})
    twice = state.entitlements.add(fact.run, numbers)
    if twice is not None:
        state.broken("entitlement.twice", step.index, f"entitlement {twice} was proposed before")


def _determined(state: State, step: Step, fact: facts.EntitlementsDetermined) -> None:
    run = state.runs.get(fact.run)
    if run is None or run.is_determined or (fact.program, fact.period) != (run.program, run.period):
        state.broken("entitlement.run", step.index, f"{fact.run} was not proposed so, or is determined already")
        return
    numbers = rows_of(step)
    found = map(state.entitlements.find, numbers)
    of_run = [each for each in found if each is not None and each[0].run == fact.run]
    if not len(numbers) == len(of_run) == fact.count <= run.count:
        sentence = f"{fact.run} proposed {run.count}; {fact.count} are determined, {len(of_run)} of them its own"
        state.broken("entitlement.count", step.index, sentence)
    run.is_determined = True
    run.people.add(step.who)


def claim(state: State, step: Step, batch: Batch, name: str, line: facts.FrozenLine) -> None:
    """Let a frozen line claim its entitlement: determined, of the batch's programme and period, so much, and free."""
    found = state.entitlements.find(line.entitlement)
    run = state.runs.get(found[0].run) if found else None
    where = f"line {line.line} of {name}"
    if found is None or run is None or not run.is_determined:
        state.broken(
            "entitlement.undetermined", step.index, f"{where} pays entitlement {line.entitlement}, due to nobody"
        )
        return
    if (run.program, run.period) != (batch.program, batch.period):
        state.broken("entitlement.other", step.index, f"{where} pays an entitlement of {run.program} for {run.period}")
    if line.amount != run.amount:
        state.broken("entitlement.amount", step.index, f"{where} pays {line.amount}, due is {run.amount}")
    span, place = found
    if span.states[place] != columns.FREE:
        held = columns.STATES_OF_ENTITLEMENTS[span.states[place]]
        state.broken("paid_twice", step.index, f"{where} pays entitlement {line.entitlement}, which is {held}")
        return
    span.states[place] = columns.CLAIMED
    if span.run not in batch.runs:
        batch.runs.add(span.run)
        batch.shapers |= run.people


def release(state: State, batch: Batch) -> None:
    """Free the entitlements of a batch that will not be paid."""
    for number in batch.lines.entitlements:
        state.entitlements.put(number, columns.FREE)


def _held(state: State, step: Step, fact: facts.EntitlementHeld) -> None:
    _turn(state, step, fact.entitlement, "free", columns.HELD)


def _released(state: State, step: Step, fact: facts.EntitlementReleased) -> None:
    _turn(state, step, fact.entitlement, "held", columns.FREE)


def _cancelled(state: State, step: Step, fact: facts.EntitlementCancelled) -> None:
    _turn(state, step, fact.entitlement, "free", columns.CANCELLED)


def _turn(state: State, step: Step, number: int, due: str, to_state: int) -> None:
    held = state.entitlements.state(number)
    if held != due:
        sentence = f"{step.entry.kind} of entitlement {number}, which is {held or 'unknown'}, not {due}"
        state.broken("entitlement.state", step.index, sentence)
        return
    state.entitlements.put(number, to_state)


def rows_of(step: Step, *, is_gone: bool = False) -> list[int]:
    """List the entitlements whose rows an entry explains, written or gone, with those that continue it; ascending."""
    more = [each for each in step.act if isinstance(each.fact, RowsWritten) and each.fact.of == step.entry.ordinal]
    rows = [row for each in (step, *more) for row in each.entry.rows.get(TABLE, {}).items()]
    return sorted({int(key) for key, digest in rows if (digest is None) is is_gone and key.isascii() and key.isdigit()})


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.EntitlementsProposed: _proposed,
    facts.EntitlementsDetermined: _determined,
    facts.EntitlementHeld: _held,
    facts.EntitlementReleased: _released,
    facts.EntitlementCancelled: _cancelled,
}
