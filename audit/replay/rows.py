"""Which row was last written with which digest, and that a fact explains only rows of tables it declares."""

from __future__ import annotations

from collections.abc import Sequence

from audit.facts.founding import RowsWritten
from audit.replay.state import State, Step


def apply(state: State, step: Step, act: Sequence[Step]) -> None:
    """Remember the digests an entry carries; a continuation explains no more than the fact it continues."""
    tables = type(step.fact).TABLES
    if isinstance(step.fact, RowsWritten):
        tables = _continued(state, step, act)
    for table, digests in step.entry.rows.items():
        if table not in tables:
            state.broken("rows.undeclared", step.index, f"{step.entry.kind} explains rows of {table}")
        held = state.rows.setdefault(table, {})
        for key, digest in digests.items():
            if digest is None:
                held.pop(key, None)
            else:
                held[key] = digest


def _continued(state: State, step: Step, act: Sequence[Step]) -> frozenset[str]:
    """Name the tables of the fact that a RowsWritten continues."""
    wanted = step.entry.body["of"]
    for earlier in act:
        if earlier.entry.ordinal == wanted and earlier.index < step.index:
            return type(earlier.fact).TABLES
    state.broken("rows.orphan", step.index, f"continues entry {wanted} of its act, which does not come before it")
    return frozenset()
