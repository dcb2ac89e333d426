"""Small counts: what a table leaves out can neither be read nor worked out from what it shows (THREATS 14)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aid_ledger.public.suppression import SMALLEST, hide
from aid_ledger.public.totals import Counted, shown

TABLES = some.dictionaries(some.integers(0, 30), some.integers(0, 40), max_size=12)


@given(TABLES)
def test_no_small_count_is_shown(counts: dict[int, int]) -> None:
    """A cell of one to four could be a neighbour."""
    hidden = hide(counts)
    assert all(count == 0 or count >= SMALLEST or key in hidden.rows for key, count in counts.items())


@given(TABLES)
def test_nothing_small_is_left_when_the_rest_is_taken_away(counts: dict[int, int]) -> None:
    """Total less the rows that are shown is nought, or at least five households in at least two rows."""
    hidden = hide(counts)
    if hidden.total or not hidden.rows:
        return
    assert sum(counts[key] for key in hidden.rows) >= SMALLEST
    assert len(hidden.rows) >= 2


@given(TABLES)
def test_a_small_total_is_not_shown(counts: dict[int, int]) -> None:
    """A programme that reached three families in all says nothing of them."""
    total = sum(counts.values())
    assert hide(counts).total or total == 0 or total >= SMALLEST


@given(TABLES)
def test_what_is_large_enough_is_shown(counts: dict[int, int]) -> None:
    """Hiding is no habit: where no count is small, nothing is hidden."""
    if all(count == 0 or count >= SMALLEST for count in counts.values()):
        hidden = hide(counts)
        assert (hidden.rows, hidden.total) == (frozenset(), False)


@pytest.mark.parametrize(
    ("counts", "rows", "total"),
    [
        ({"A": 3, "B": 100, "C": 50}, {"A", "C"}, False),
        ({"A": 1, "B": 1, "C": 90}, {"A", "B", "C"}, False),
        ({"A": 4, "B": 4, "C": 90}, {"A", "B"}, False),
        ({"A": 3}, {"A"}, True),
        ({"A": 1, "B": 2}, {"A", "B"}, True),
        ({"A": 0, "B": 9}, set(), False),
    ],
)
def test_examples(counts: dict[str, int], rows: set[str], total: bool) -> None:
    """The rule on small tables, worked by hand."""
    hidden = hide(counts)
    assert (set(hidden.rows), hidden.total) == (rows, total)


def test_amounts_are_hidden_with_their_counts() -> None:
    """With one rate per household an amount is a count in other words."""
    table = shown("Bansos JPS", "IDR", "rupiah", [Counted("Babelan", 2, 600_000), Counted("Setu", 8, 2_400_000)])
    assert [(part.households, part.amount) for part in table.parts] == [(None, None), (None, None)]
    assert (table.households, table.amount) == (10, 3_000_000)
    alone = shown("Bansos JPS", "IDR", "rupiah", [Counted("Babelan", 2, 600_000)])
    assert (alone.households, alone.amount, alone.has_hidden) == (None, None, True)
