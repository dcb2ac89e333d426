"""The keys that stamp receipts: each named once by the root in use, and never again once it was withdrawn.

One administrator is enough for either: what makes a key one is the word of a root that lies offline. What that word
covers is in `audit/stampkeys.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit import stampkeys
from audit.errors import AuditError
from audit.facts.custody import StampKeyNamed, StampKeyWithdrawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step


def _named(state: State, step: Step, fact: StampKeyNamed) -> None:
    if fact.key in state.stamp_keys:
        state.broken("stamp.twice", step.index, f"stamp key {fact.key} was named before")
    if fact.root != state.receipt_root:
        state.broken("stamp.root", step.index, f"stamp key {fact.key} was named by {fact.root}, no root in use")
    try:
        stampkeys.check_named(state.origin, fact)
    except AuditError as error:
        state.broken(error.rule, step.index, error.sentence)
    state.stamp_keys[fact.key] = True


def _withdrawn(state: State, step: Step, fact: StampKeyWithdrawn) -> None:
    if not state.stamp_keys.get(fact.key):
        state.broken("stamp.withdrawn", step.index, f"stamp key {fact.key} was never named, or was withdrawn before")
    state.stamp_keys[fact.key] = False


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    StampKeyNamed: _named,
    StampKeyWithdrawn: _withdrawn,
}
