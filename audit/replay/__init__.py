"""Replay: recompute every balance, state and rule of money and authority from the facts alone.

Shares no code with the agency's application and reads no database. Each file holds one family of rules: rows (what
may explain which row), value (accounts and moves), batches (freezing and its states), authority (who may, four eyes,
codes), custody (the log's keys), programmes (rates, ceilings, sources), payments (outcomes and receipts), witnessed
(whom the agency waits for, and what left without them) and restoring (what a restored database forgot). A true log of
a false act fails here even when every hash is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.facts import decode
from audit.replay import (
    authority,
    batches,
    custody,
    openings,
    payments,
    programmes,
    restoring,
    rows,
    value,
    witnessed,
)
from audit.replay.state import Batch, Line, State, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.entry import Entry
    from audit.errors import Finding

__all__ = ["Batch", "Line", "Replay", "State"]

_RULES = (
    *(rows.apply, value.apply, authority.apply, custody.apply),
    *(programmes.apply, batches.apply, openings.apply, payments.apply, witnessed.apply, restoring.apply),
)


class Replay:
    """Reads entries in log order and collects violations; afterwards `state` is what the facts amount to."""

    def __init__(self) -> None:
        self.state = State()
        self._act = ""
        self._steps: list[Step] = []

    @property
    def violations(self) -> Sequence[Finding]:
        """Every broken rule found so far, in log order."""
        return self.state.violations

    def apply(self, index: int, entry: Entry) -> None:
        """Take the next entry; entries of one act are judged together when the act is complete."""
        if entry.act != self._act:
            self._close()
            self._act = entry.act
        self._steps.append(Step(index, entry, decode(entry.kind, entry.v, entry.body)))

    def finish(self) -> None:
        """Judge the last act."""
        self._close()

    def _close(self) -> None:
        steps, self._steps = self._steps, []
        for step in steps:
            for rule in _RULES:
                rule(self.state, step, steps)
        if steps:
            batches.close(self.state, steps)
            restoring.close(self.state, steps)
