"""Replay: recompute every balance, state and rule of money and authority from the facts alone.

Shares no code with the agency's application and reads no database. A true log of a false act fails here even when
every hash is right. Reading order:

- columns, state: what is remembered;
- rows: what may explain which row;
- authority: who may do what, kind by kind; powers, codes: how power and factors come and go;
- custody, roots, stamps: keys; schema: what builds the database;
- documents, value, funding, programmes: papers, accounts, what comes in, what a programme may pay;
- entitlements, separation, batches: who is due what, four eyes, a batch's way;
- payments, receipts, manifests: what became of each line, and what was stated of a whole batch;
- openings, witnessed: what auditors hold before a payment, whom the agency waits for and what left without them;
- restoring: what a restored database forgot.

A kind's own rules are in the tables `HANDLERS` of these files, called in this order; a fact no table names changes
nothing that is replayed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.facts import decode
from audit.facts.founding import LogFounded
from audit.replay import (
    authority,
    batches,
    codes,
    custody,
    documents,
    entitlements,
    funding,
    manifests,
    openings,
    payments,
    powers,
    programmes,
    receipts,
    restoring,
    roots,
    rows,
    schema,
    stamps,
    value,
    witnessed,
)
from audit.replay.columns import Line
from audit.replay.state import Batch, State, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.entry import Entry
    from audit.errors import Finding
    from audit.facts import Fact

__all__ = ["Batch", "Line", "Replay", "State"]

_FAMILIES = (
    powers,
    codes,
    custody,
    roots,
    stamps,
    schema,
    documents,
    value,
    funding,
    programmes,
    entitlements,
    batches,
    payments,
    receipts,
    manifests,
    openings,
    witnessed,
    restoring,
)


def _handlers() -> dict[type[Fact], tuple[Callable[[State, Step, Any], None], ...]]:
    found: dict[type[Fact], tuple[Callable[[State, Step, Any], None], ...]] = {}
    for family in _FAMILIES:
        for kind, handler in family.HANDLERS.items():
            found[kind] = (*found.get(kind, ()), handler)
    return found


class Replay:
    """Reads entries in log order and collects violations; afterwards `state` is what the facts amount to.

    With `remembers_rows` it also keeps the last digest of every row, to be compared with a database; that rows are of
    declared tables is held by `entry.py` and `order.py` for whoever does not ask.
    """

    def __init__(self, *, remembers_rows: bool = False) -> None:
        self.state = State()
        self._handlers = _handlers()
        self._remembers_rows = remembers_rows
        self._steps: list[Step] = []

    @property
    def violations(self) -> Sequence[Finding]:
        """Every broken rule found so far, in log order."""
        return self.state.violations

    def apply(self, index: int, entry: Entry) -> None:
        """Take the next entry; entries of one act are judged together when the act is complete."""
        if self._steps and entry.act != self._steps[0].entry.act:
            self._close()
        self._steps.append(Step(index, entry, decode(entry.kind, entry.v, entry.body), self._steps))

    def finish(self) -> None:
        """Judge the last act."""
        self._close()

    def _close(self) -> None:
        steps, self._steps = self._steps, []
        for step in steps:
            self._judge(step, steps[0])
        restoring.close(self.state, steps)
        # Each step knows its act: without this a million of them would wait for the collector of cycles.
        steps.clear()

    def _judge(self, step: Step, first: Step) -> None:
        state, kind = self.state, type(step.fact)
        if not step.index and kind is not LogFounded:
            state.broken("founding.first", step.index, f"the log begins with {step.entry.kind}")
        if step is not first and _doer(step) != _doer(first):
            state.broken("act.one", step.index, f"act {step.entry.act} has two actors, times or days")
        authority.judge(state, step)
        if self._remembers_rows:
            rows.judge(state, step)
            rows.remember(state, step)
        for handler in self._handlers.get(kind, ()):
            handler(state, step, step.fact)


def _doer(step: Step) -> tuple[object, str, str]:
    return step.entry.actor, step.entry.recorded_at, step.entry.on
