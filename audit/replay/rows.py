"""Which row was last written with which digest, and that a fact explains only rows of tables it declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.facts.founding import RowsWritten

if TYPE_CHECKING:
    from audit.replay.state import State, Step


def judge(state: State, step: Step) -> None:
    """Hold the tables of an entry against those its kind declares; a continuation explains no more than its fact."""
    tables = type(step.fact).TABLES
    if isinstance(step.fact, RowsWritten):
        tables = _continued(state, step, step.fact.of)
    for table in step.entry.rows:
        if table not in tables:
            state.broken("rows.undeclared", step.index, f"{step.entry.kind} explains rows of {table}")


def remember(state: State, step: Step) -> None:
    """Keep the digests an entry carries, for whoever compares them with stored rows."""
    for table, digests in step.entry.rows.items():
        held = state.rows.setdefault(table, {})
        for key, digest in digests.items():
            if digest is None:
                held.pop(key, None)
            else:
                held[key] = digest


def _continued(state: State, step: Step, wanted: int) -> frozenset[str]:
    """Name the tables of the fact that a RowsWritten continues."""
    for earlier in step.act:
        if earlier.entry.ordinal == wanted and earlier.index < step.index:
            return type(earlier.fact).TABLES
    state.broken("rows.orphan", step.index, f"continues entry {wanted} of its act, which does not come before it")
    return frozenset()
