"""The log's keys: one administrator proposes a new one, a second person agrees; each key is decided on once.

That the keys themselves, the wait and the witnesses stand behind it is checked in `audit/keys.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.facts.custody import LogKeyAnnounced, LogKeyProposed, LogKeyWithdrawn
from audit.replay.authority import same_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step


def _proposed(state: State, step: Step, fact: LogKeyProposed) -> None:
    if fact.new in state.keys_proposed:
        state.broken("keys.proposed", step.index, f"{fact.new} was proposed before")
    state.keys_proposed[fact.new] = step.who


def _announced(state: State, step: Step, fact: LogKeyAnnounced) -> None:
    hold_second(state, step, state.keys_proposed.get(fact.new), fact.proposed_by, "keys")


def hold_second(state: State, step: Step, proposed_by: str | None, stated: str, rules: str) -> None:
    """Hold an announcement against the proposal it agrees to, None if there was none: another's, named as it was."""
    if stated != proposed_by:
        state.broken(f"{rules}.proposed", step.index, f"{stated} did not propose this key")
    elif same_person(state, stated, step.who, step.entry.on):
        state.broken(f"{rules}.second", step.index, f"{step.who} agreed to a key of their own")


def _withdrawn(state: State, step: Step, fact: LogKeyWithdrawn) -> None:
    if fact.new not in state.keys_proposed:
        state.broken("keys.proposed", step.index, f"{fact.new} was never proposed")


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    LogKeyProposed: _proposed,
    LogKeyAnnounced: _announced,
    LogKeyWithdrawn: _withdrawn,
}
