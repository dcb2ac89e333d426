"""Chores: done when due, done again, and never the end of a worker."""

from __future__ import annotations

from aid_ledger.core.jobs import JsonObject
from aid_ledger.core.jobs.chores import Chore, Chores


def test_a_chore_is_done_when_it_is_due_and_not_before() -> None:
    """All are due at the start; then each waits for its time."""
    done: list[str] = []
    chores = Chores(
        [Chore("often", 0, lambda: _note(done, "often")), Chore("rarely", 3_600, lambda: _note(done, "rarely"))]
    )
    for _ in range(3):
        chores.turn()
    assert done == ["often", "rarely", "often", "often"]


def test_a_chore_that_breaks_stops_no_other() -> None:
    """A bug in one room must not keep another room's counts from being made, nor end the worker."""
    done: list[str] = []

    def broken() -> JsonObject:
        raise ZeroDivisionError

    chores = Chores([Chore("broken", 0, broken), Chore("good", 0, lambda: _note(done, "good"))])
    chores.turn()
    chores.turn()
    assert done == ["good", "good"]


def _note(done: list[str], name: str) -> JsonObject:
    done.append(name)
    return {"count": len(done)}
