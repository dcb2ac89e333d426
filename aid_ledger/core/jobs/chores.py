"""Small things that some worker does again and again: nobody asks for them, and nobody waits.

Several workers on several machines do the same chores at moments of their own, so doing one twice must change nothing.
A chore that fails is logged and tried again at its next turn; it never ends the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aid_ledger.core import clock, logs
from aid_ledger.core.jobs.arguments import JsonObject
from aid_ledger.core.jobs.steps import sealed

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """What is done every so many seconds; `do` answers what it did, for the logs."""

    name: str
    every_s: float
    do: Callable[[], JsonObject]


class Chores:
    """The chores of one worker, each with the moment it is next due; all of them are due at the start."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._due_s = {chore.name: (chore, 0.0) for chore in chores}

    def turn(self) -> None:
        """Do what is due."""
        for name, (chore, due_s) in self._due_s.items():
            if clock.monotonic() < due_s:
                continue
            outcome = sealed(chore.do)
            self._due_s[name] = chore, clock.monotonic() + chore.every_s
            if outcome.code is not None:
                log.warning("chore_failed", chore=name, code=outcome.code)
            elif outcome.value:
                log.info("chore_done", chore=name, **outcome.value)
