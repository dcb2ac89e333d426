"""Hiding small counts, so that a published table tells of programmes and never of a household. Pure.

A count of one to four is hidden. Because rows and their sum are shown together, a hidden count must not be what is
left when the others are taken away: at least two rows are hidden, holding together at least five households; where
that cannot be had, the sum is hidden too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

SMALLEST: Final = 5
"""House rule, after the practice of statistical offices: a cell of fewer than five could be a neighbour."""
_COMPANY: Final = 2

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Hidden(Generic[K]):
    """What a table must not show: these rows, and perhaps their sum."""

    rows: frozenset[K]
    total: bool


def hide(counts: Mapping[K, int]) -> Hidden[K]:
    """Choose the rows of one table to hide; counts of nought are no rows."""
    held = {key: count for key, count in counts.items() if count > 0}
    total = sum(held.values())
    # Ties are broken by the key, so that the same counts always hide the same rows.
    ascending = sorted(held, key=lambda key: (held[key], str(key)))
    rows = [key for key in ascending if held[key] < SMALLEST]
    if not rows:
        return Hidden(frozenset(), total=False)
    while len(rows) < _COMPANY or sum(held[key] for key in rows) < SMALLEST:
        if len(rows) == len(ascending):
            return Hidden(frozenset(rows), total=True)
        rows.append(ascending[len(rows)])
    return Hidden(frozenset(rows), total=total < SMALLEST)
