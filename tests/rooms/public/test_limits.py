"""The limit of the public check: counted once for all processes, by network and hour, without keeping addresses."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from aid_ledger.public import limits
from aid_ledger.public.models import PublicCheck
from tests.benches import Bench

NOON = dt.datetime(2021, 8, 5, 5, 30, tzinfo=dt.UTC)
PHONE = "203.0.113.7"


def spend(bench: Bench, *, address: str = PHONE, at: dt.datetime = NOON, cost: int = 1) -> bool:
    """Spend as a visitor does."""
    return limits.spend(bench.engine, bench.kit.keys, address=address, at=at, cost=cost)


def test_a_spent_budget_lasts_to_the_end_of_the_hour(bench: Bench) -> None:
    """A machine that guesses is stopped; the next hour and the next network are not."""
    assert spend(bench, cost=limits.BUDGET)
    assert not spend(bench)
    assert spend(bench, address="203.0.113.8")
    assert spend(bench, at=NOON + dt.timedelta(minutes=30))


def test_all_processes_count_together(bench: Bench) -> None:
    """Several workers open one network's hour at the same moment: none of them fails, and nothing is lost."""
    with ThreadPoolExecutor(8) as workers:
        assert all(workers.map(lambda _: spend(bench, cost=10), range(16)))
    with bench.reading() as session:
        assert session.scalars(select(PublicCheck.spent)).all() == [160]


def test_addresses_are_not_kept(bench: Bench) -> None:
    """P6: what stays is a keyed hash, and only of this hour."""
    spend(bench)
    spend(bench, address="203.0.113.9", at=NOON + dt.timedelta(hours=1))
    with bench.reading() as session:
        [row] = session.scalars(select(PublicCheck)).all()
    assert PHONE.encode() not in row.client
    assert row.hour == NOON.replace(minute=0) + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:a:b:c:d", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_a_network_is_a_household(address: str, network: str) -> None:
    """Whoever has a /64 has 2**64 addresses and one budget."""
    assert limits.network_of(address) == network
