"""What builds the database: each change of it is said, and begins where the last one ended (attack U3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.facts.founding import LogFounded, SchemaChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step


def _founded(state: State, step: Step, fact: LogFounded) -> None:
    if not step.index:
        state.schema = fact.schema


def _changed(state: State, step: Step, fact: SchemaChanged) -> None:
    if fact.old != state.schema:
        state.broken("schema.unsaid", step.index, f"the schema changed from {fact.old}, which the log did not say")
    state.schema = fact.new


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {LogFounded: _founded, SchemaChanged: _changed}
