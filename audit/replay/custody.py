"""The log's keys: one administrator proposes a new one, a second person agrees; each key is decided on once.

That the keys themselves, the wait and the witnesses stand behind it is checked in `audit/keys.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.facts.custody import LogKeyAnnounced, LogKeyProposed, LogKeyTaken, LogKeyWithdrawn
from audit.replay.authority import roles_on, same_person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.replay.state import State, Step

_ROLE = "admin"


def apply(state: State, step: Step, _act: Sequence[Step]) -> None:
    """Hold a deed about the log's keys against who may do it."""
    match step.fact:
        case LogKeyProposed(new=new):
            _need_role(state, step)
            if new in state.keys_proposed:
                state.broken("keys.proposed", step.index, f"{new} was proposed before")
            state.keys_proposed[new] = step.who
        case LogKeyAnnounced(new=new):
            _need_role(state, step)
            _hold_second(state, step, state.keys_proposed.get(new, ""), step.fact.proposed_by)
        case LogKeyWithdrawn(new=new):
            _need_role(state, step)
            if new not in state.keys_proposed:
                state.broken("keys.proposed", step.index, f"{new} was never proposed")
        case LogKeyTaken() if step.entry.actor.type != "system":
            # Nobody decides that a key is taken: two people have, and the time has passed.
            state.broken("keys.taken", step.index, f"{step.who or 'nobody'} took a key by hand")
        case _:
            return


def _need_role(state: State, step: Step) -> None:
    is_founder = state.founding_open and step.who in state.founders
    if not is_founder and _ROLE not in roles_on(state, step.who, step.entry.on):
        state.broken("authority.role", step.index, f"{step.who or 'nobody'} did {step.entry.kind} without {_ROLE}")


def _hold_second(state: State, step: Step, proposed_by: str, stated: str) -> None:
    """Hold an announcement against the proposal it agrees to: another person's, and named as it was."""
    if not proposed_by or stated != proposed_by:
        state.broken("keys.proposed", step.index, f"{stated} did not propose this key")
    elif same_person(state, proposed_by, step.who, step.entry.on):
        state.broken("keys.second", step.index, f"{step.who} agreed to a key of their own")
