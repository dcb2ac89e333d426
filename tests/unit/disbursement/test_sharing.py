"""Laws of giving lines to sources: nobody's purse goes below zero, and no line is left that a purse could pay."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.disbursement.drafting import Purse, share_out

purses_of = st.lists(st.integers(0, 5_000_000), min_size=1, max_size=5)
amounts = st.dictionaries(st.integers(1, 900_000), st.integers(1, 50), max_size=4)


@given(purses_of, amounts)
def test_no_source_pays_more_than_it_has(held: list[int], wanted: dict[int, int]) -> None:
    """P1: what the portions take from a source is what its purse lost, and the purse never ends below zero."""
    purses = [Purse(place, left) for place, left in enumerate(held)]
    spent: Counter[int] = Counter()
    ranks: Counter[int] = Counter()
    for portion in share_out(purses, sorted(wanted.items())):
        assert ranks[portion.amount] < portion.up_to <= wanted[portion.amount]
        spent[portion.source_id] += portion.amount * (portion.up_to - ranks[portion.amount])
        ranks[portion.amount] = portion.up_to
    assert all(purse.left == held[purse.source_id] - spent[purse.source_id] >= 0 for purse in purses)


@given(purses_of, amounts)
def test_a_line_waits_only_if_no_source_can_pay_it(held: list[int], wanted: dict[int, int]) -> None:
    """A household is set aside for want of money only where there is none."""
    purses = [Purse(place, left) for place, left in enumerate(held)]
    paid: Counter[int] = Counter()
    for portion in share_out(purses, sorted(wanted.items())):
        paid[portion.amount] = portion.up_to
    for amount, lines in wanted.items():
        if paid[amount] < lines:
            assert all(purse.left < amount for purse in purses)


def test_the_first_source_pays_first() -> None:
    """The older source is used up before the next is touched."""
    portions = share_out([Purse(1, 700), Purse(2, 900)], [(300, 5)])
    assert [(each.up_to, each.source_id) for each in portions] == [(2, 1), (5, 2)]
