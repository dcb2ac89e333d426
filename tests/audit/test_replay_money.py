"""Replay of money before it is paid: where it may come from, how it moves, what is screened, what is due."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.facts import founding, money, paying
from tests.audit.replaying import DAY, SINCE, Said, move, people, replayed, rules, said


def source(kind: str) -> list[Said]:
    """Open a source of a kind."""
    return said("operator", money.SourceOpened(source="S-1", kind=kind, name="S", in_rkud=1, custodian="B", year=2021))


def received(*, emergency: str = "", need_plan: str = "", moved: int = 500, who: str = "treasurer") -> list[Said]:
    """Receive 500 rupiah, moving perhaps another amount."""
    fact = money.FundsReceived(
        contribution="CTB-1",
        source="S-1",
        donor="",
        commodity="IDR",
        amount=500,
        document="DOC-1",
        emergency=emergency,
        need_plan=need_plan,
        moves=(move("S-1", "world", "received", moved),),
    )
    return said(who, fact)


def status(until: dt.date | None = None, since: dt.date = SINCE) -> list[Said]:
    """Declare an emergency."""
    fact = money.EmergencyDeclared(status="EMG-1", level="tanggap", decree="DOC-1", since=since, until=until)
    return said("operator", fact)


def offered(who: str = "operator") -> list[Said]:
    """Offer 500 rupiah."""
    fact = money.ContributionOffered(
        contribution="CTB-1", source="S-1", donor="DON-1", commodity="IDR", amount=500, document="DOC-1"
    )
    return said(who, fact)


def screened(who: str = "verifier", outcome: str = "accepted") -> list[Said]:
    """Screen the offer."""
    return said(who, money.GratificationScreened(contribution="CTB-1", outcome=outcome, reason="lembaga"))


@pytest.mark.parametrize(
    ("story", "broken"),
    [
        ([*source("btt"), *status(), *received(emergency="EMG-1", need_plan="DOC-2")], set()),
        ([*source("btt"), *received(emergency="EMG-1", need_plan="DOC-2")], {"funding.btt"}),
        ([*source("btt"), *status(), *received(emergency="EMG-1")], {"funding.btt"}),
        (
            [*source("btt"), *status(until=DAY - dt.timedelta(1)), *received(emergency="EMG-1", need_plan="DOC-2")],
            {"funding.btt"},
        ),
        (
            [*source("btt"), *status(since=DAY + dt.timedelta(1)), *received(emergency="EMG-1", need_plan="DOC-2")],
            {"funding.btt"},
        ),
        ([*source("csr"), *offered(), *screened(), *received()], set()),
        ([*source("csr"), *offered(), *received()], {"funding.unscreened"}),
        ([*source("asn_peduli"), *offered(), *screened(outcome="refused"), *received()], {"funding.unscreened"}),
        ([*source("csr"), *offered(), *screened(who="operator"), *received()], {"funding.screened_alone"}),
        ([*source("apbd"), *received(moved=499)], {"value.statement"}),
    ],
)
def test_value_enters_by_its_rules(story: list[Said], broken: set[str]) -> None:
    """BTT needs a status and a plan, gifts a screening by another, and what is stated is what moves."""
    assert rules(replayed(people() + story).violations) == broken


def moved(*moves: money.Move) -> list[Said]:
    """Record moves under a fact that states no amount of its own."""
    reversal = money.TransferReversed(reversed_act="a" * 32, reason="salah", proposed_by="x", moves=moves)
    return said("treasurer", reversal)


def test_a_reversal_may_go_backwards_but_not_out_of_nothing() -> None:
    """Only a reversal moves value against its way, and never below zero."""
    back = move("S-1", "received", "world", 500)
    assert rules(replayed([*source("apbd"), *received(), *moved(back)]).violations) == set()
    assert rules(replayed([*source("apbd"), *moved(back)]).violations) == {"value.below_zero"}


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (move("S-1", "received", "delivered", 500), "value.way"),
        (move("S-1", "world", "received", 0), "value.way"),
        (money.Move("S-1/-/received", "S-2/BST/allocated", "IDR", 5), "value.source"),
    ],
)
def test_value_does_not_leave_its_way_or_its_source(wrong: money.Move, rule: str) -> None:
    """A move the grid does not have, of nothing, or from one source to another."""
    assert rule in rules(replayed([*source("apbd"), *received(), *moved(wrong)]).violations)


def test_history_may_lie_in_custody_or_in_a_programme() -> None:
    """An opening balance states what it moves, through one stage or two."""

    def declared(*moves: money.Move) -> list[Said]:
        fact = money.HistoryDeclared(
            contribution="CTB-1",
            source="S-1",
            commodity="IDR",
            amount=500,
            document="DOC-1",
            evidence="",
            moves=moves,
        )
        return said("treasurer", fact)

    into = move("S-1", "world", "received", 500)
    on = move("S-1", "received", "allocated", 500)
    assert rules(replayed([*source("apbd"), *declared(into)]).violations) == set()
    assert rules(replayed([*source("apbd"), *declared(into, on)]).violations) == set()
    assert rules(replayed([*source("apbd"), *declared()]).violations) == {"value.statement"}


def test_bought_goods_are_paid_at_their_price_and_taken_in_by_count() -> None:
    """A purchase states its price, an arrival its quantity."""
    bought = money.GoodsPurchased(
        purchase="PUR-1",
        vendor="VND-1",
        source="S-1",
        program="BST",
        commodity="PAKET_A",
        quantity=2,
        price=500,
        document="DOC-1",
        moves=(move("S-1", "allocated", "spent", 500),),
    )
    stock = money.Move("S-1/BST/world", "S-1/BST/allocated", "PAKET_A", 2)
    arrived = money.GoodsReceived(purchase="PUR-1", commodity="PAKET_A", quantity=2, document="DOC-2", moves=(stock,))
    before = [*source("apbd"), *received(), *moved(move("S-1", "received", "allocated", 500))]
    assert rules(replayed([*before, *said("operator", bought), *said("field", arrived)]).violations) == set()


def test_a_payment_is_the_newest_rate_of_its_day() -> None:
    """Entitlements cannot be proposed at an old rate, at a coming one, or at none."""

    def rate(amount: int, since: dt.date | None) -> list[Said]:
        fact = money.RateSet(program="BST", commodity="IDR", amount=amount, since=since, document="DOC-1")
        return said("operator", fact)

    def proposed(amount: int) -> list[Said]:
        fact = paying.EntitlementsProposed(
            run="RUN-1", program="BST", period="2021-08", count=1, left_out=0, amount_each=amount
        )
        return said("operator", fact)

    rates = [*rate(200_000, None), *rate(300_000, SINCE), *rate(600_000, DAY + dt.timedelta(1))]
    assert rules(replayed([*rates, *proposed(300_000)]).violations) == set()
    for wrong in (200_000, 600_000, 1):
        assert rules(replayed([*rates, *proposed(wrong)]).violations) == {"programme.rate"}
    assert rules(replayed(proposed(300_000)).violations) == {"programme.rate"}


def test_the_founding_is_for_founders() -> None:
    """Before closing only founders grant; only the founders close."""
    story = people()
    grants = [index for index, each in enumerate(story) if each.fact.KIND == "RoleGranted"]
    story[grants[1]] = story[grants[1]].by("operator")
    assert rules(replayed(story).violations) == {"authority.founding"}
    closing = [each.but(founders=("founder",)) if each.fact.KIND == "FoundingClosed" else each for each in people()]
    assert rules(replayed(closing).violations) == {"authority.founding"}


def test_a_continuation_follows_its_fact() -> None:
    """RowsWritten stands behind the fact it continues, in the same act."""
    alone = said("operator", founding.RowsWritten(of=3))
    assert rules(replayed(alone).violations) == {"rows.orphan"}
    fact = money.DonorRegistered(donor="DON-1", kind="company", public_name="PT")
    assert rules(replayed(said("operator", fact, founding.RowsWritten(of=0))).violations) == set()


def test_a_forged_log_does_not_make_the_verifier_print_for_ever() -> None:
    """Violations are capped."""
    wrong = moved(*(move("S-1", "received", "delivered", 5) for _ in range(400)))
    assert len(replayed(wrong * 4).violations) == 1_000
