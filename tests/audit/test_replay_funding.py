"""Replay of gifts, emergency money and reversals: by two people, on their papers, and exactly so much."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from audit.entry import Actor
from audit.facts import money
from tests.audit.lies import Cheat, change, promoted, stand_in, then, until
from tests.audit.replaying import begun, offer_of, paper, receipt_of, source_opened
from tests.audit.told import DAY, SINCE, Expected, Said, Story, broken, expected, move, replayed, said


def gift(*, screener: str = "verifier", outcome: str = "accepted", donor: str = "DON-1") -> list[Said]:
    """Offer, screen and receive a gift of a company."""
    received = receipt_of(500, source="CSR-1", contribution="CTB-2", document="DOC-5", donor=donor)
    screened = money.GratificationScreened(contribution="CTB-2", outcome=outcome, reason="lembaga")
    published = money.ContributionPublished(contribution="CTB-2")
    known = money.DonorRegistered(donor="DON-1", kind="company", public_name="PT")
    story = paper("DOC-5", "nphd") + source_opened("CSR-1", "csr") + said("operator", known)
    story += said("operator", offer_of(received)) + said(screener, screened)
    return story + said("treasurer", received) + said("operator", published)


def emergency(
    *, status: str = "EMG-1", need_plan: str = "DOC-6", until: dt.date | None = None, since: dt.date = SINCE
) -> list[Said]:
    """Declare an emergency and receive BTT in it."""
    declared = money.EmergencyDeclared(status="EMG-1", level="tanggap", decree="DOC-2", since=since, until=until)
    received = receipt_of(
        500, source="BTT-1", contribution="CTB-2", document="DOC-5", emergency=status, need_plan=need_plan
    )
    story = paper("DOC-5", "sp2d") + paper("DOC-6", "rkb") + source_opened("BTT-1", "btt") + said("operator", declared)
    return story + said("operator", offer_of(received)) + said("treasurer", received)


def undoing(told: Story, *, who: str = "treasurer", proposed_by: str = "operator") -> list[Said]:
    """Reverse the allocation of the story by its mirror image."""
    act = told["funds"][-1].act
    mirror = move("APBD-1", "allocated", "received", 1_000_000)
    return said(who, money.TransferReversed(reversed_act=act, reason="salah", proposed_by=proposed_by, moves=(mirror,)))


def reversal(*times: str, **changes: object) -> Cheat:
    """Reverse the allocation, by each of these."""

    def cheat(told: Story) -> Story:
        facts = [each.but(**changes) for who in times for each in undoing(told, who=who)]
        return told | {"more": facts}

    return cheat


def story() -> Story:
    """Tell the honest story up to what is allocated."""
    return until("funds")(begun())


HONEST: dict[str, list[Said]] = {
    "a gift": gift(),
    "emergency money": emergency(),
    "emergency money on its last day": emergency(until=DAY),
    "emergency money on a plan of that day": [
        each.but(valid_from=DAY) if getattr(each.fact, "document", "") == "DOC-6" else each for each in emergency()
    ],
}


@pytest.mark.parametrize("name", HONEST)
def test_value_enters_by_its_rules(name: str) -> None:
    """Gifts are screened by another, BTT has a status and a plan."""
    assert broken(story() | {"more": HONEST[name]}) == []


def test_an_allocation_may_be_undone_by_two() -> None:
    """The value is back where it was."""
    told = story()
    replay = replayed(told | {"more": undoing(told)})
    assert list(replay.violations) == []
    assert replay.state.balances["APBD-1/-/received", "IDR"] == 1_000_000
    assert replay.state.balances["APBD-1/BST/allocated", "IDR"] == 0


def test_what_was_undone_is_not_undone_again() -> None:
    """The second reversal finds nothing left, and nothing to take back."""
    told = story()
    act = told["funds"][-1].act
    told |= {"more": undoing(told) + undoing(told)}
    assert broken(told) == expected(
        told,
        ("value.reversal", "more.1", f"act {act} has nothing left that could be reversed"),
        ("value.below_zero", "more.1", "APBD-1/BST/allocated held 0 IDR, not 1000000"),
    )


def test_two_allocations_of_one_act_are_undone_together() -> None:
    """All the moves of the act, in whatever order they are told."""
    told = story()
    *before, whole = told["funds"]
    parts = [
        whole.but(allocation=f"ALC-{amount}", amount=amount, moves=(move("APBD-1", "received", "allocated", amount),))
        for amount in (600_000, 400_000)
    ]
    back = tuple(move("APBD-1", "allocated", "received", amount) for amount in (400_000, 600_000))
    undone = money.TransferReversed(reversed_act=whole.act, reason="salah", proposed_by="operator", moves=back)
    told |= {"funds": [*before, *parts], "more": said("treasurer", undone)}
    assert broken(told) == []
    assert replayed(told).state.balances["APBD-1/-/received", "IDR"] == 1_000_000


def test_a_sentence_names_three_moves_and_counts_the_others() -> None:
    """A fact may claim a thousand moves; three show what it does."""
    told = story()
    ones = tuple(move("APBD-1", "received", "allocated", amount) for amount in (1, 2, 3, 4, 999_990))
    due = "1000000 IDR APBD-1/-/received → APBD-1/BST/allocated"
    way = "IDR APBD-1/-/received → APBD-1/BST/allocated"
    for count, more in ((5, ", 2 more"), (4, ", 1 more"), (3, "")):
        lied = change("funds", -1, moves=ones[:count])(told)
        sentence = f"FundsAllocated moves 1 {way}, 2 {way}, 3 {way}{more}; due is {due}"
        assert broken(lied) == expected(lied, ("value.moves", f"funds.{len(told['funds']) - 1}", sentence))


def test_what_was_refused_may_be_offered_again() -> None:
    """A gift to a person is refused; the same paper then brings it to the institution."""
    first = gift(outcome="refused")[:5]
    second = [each.but(contribution="CTB-9") if getattr(each.fact, "contribution", "") else each for each in gift()[3:]]
    assert broken(story() | {"more": first, "again": second}) == []


def test_what_lay_there_before_is_declared_in_the_founding() -> None:
    """With its evidence, from the world into custody, and no further."""
    declared = money.HistoryDeclared(
        contribution="CTB-9",
        source="APBD-9",
        commodity="IDR",
        amount=500,
        document="DOC-9",
        evidence="A" * 43,
        moves=(move("APBD-9", "world", "received", 500),),
    )
    told = founding_with(declared)
    assert broken(told) == []
    assert broken(founding_with(dataclasses.replace(declared, evidence=""))) == expected(
        told, ("funding.evidence", "more.2", "CTB-9 lacks its source, amount or evidence")
    )
    assert broken(founding_with(declared, declared)) == expected(
        told, ("document.used", "more.3", "HistoryDeclared rests on a paper that was used before")
    )


def founding_with(*declared: money.HistoryDeclared) -> Story:
    """Declare history while the founding is open."""
    people = until("people")(begun())["people"]
    closing = next(number for number, each in enumerate(people) if each.fact.KIND == "FoundingSigned")
    history = [*paper("DOC-9", "dpa"), *source_opened("APBD-9")]
    history += [each for fact in declared for each in said("operator", fact)]
    return {"people": people[:closing], "more": history, "closing": people[closing:]}


def test_a_paper_that_brought_history_brings_nothing_more() -> None:
    """What is declared in the founding and offered after it would be counted twice."""
    declared = money.HistoryDeclared(
        contribution="CTB-9",
        source="APBD-9",
        commodity="IDR",
        amount=500,
        document="DOC-9",
        evidence="A" * 43,
        moves=(move("APBD-9", "world", "received", 500),),
    )
    again = offer_of(receipt_of(500, source="APBD-9", contribution="CTB-2", document="DOC-9"))
    told = founding_with(declared) | {"again": said("operator", again)}
    assert broken(told) == expected(
        told, ("document.used", "again", "ContributionOffered rests on a paper that was used before")
    )


def received_in_no_office(told: Story) -> Story:
    """Let the treasurer receive the budget's money without an office."""
    place = next(at for at, each in enumerate(told["funds"]) if each.fact.KIND == "FundsReceived")
    funds = list(told["funds"])
    funds[place] = dataclasses.replace(funds[place], actor=Actor("official", "treasurer", "", "web"))
    return told | {"funds": funds}


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "a gift without a donor": (
        then(
            *(
                each
                for each in gift(donor="")
                if each.fact.KIND != "FundsReceived"
                and each.fact.KIND not in {"GratificationScreened", "ContributionPublished"}
            )
        ),
        [("funding.donor", "more.3", "CTB-2: gifts have a donor, budget money has none")],
    ),
    "a gift nobody screened": (
        then(*(each for each in gift() if each.fact.KIND != "GratificationScreened")),
        [("funding.unscreened", "more.4", "CTB-2 was received while offered, not accepted")],
    ),
    "a gift that was refused": (
        then(*gift(outcome="refused")[:6]),
        [("funding.unscreened", "more.5", "CTB-2 was received while refused, not accepted")],
    ),
    "a gift screened by who offered it": (
        then(*promoted("operator", "verifier"), *gift(screener="operator")),
        [("funding.screened_alone", "more.6", "operator offered and screened CTB-2")],
    ),
    "a gift screened by the Plt of who offered it": (
        then(*stand_in("verifier", "operator"), *gift()),
        [("funding.screened_alone", "more.5", "verifier offered and screened CTB-2")],
    ),
    "a gift screened twice": (
        then(*gift()[:5], *gift()[4:5]),
        [("funding.screening", "more.5", "CTB-2 was not due to be screened")],
    ),
    "budget money screened": (
        then(*said("verifier", money.GratificationScreened(contribution="CTB-1", outcome="accepted", reason="x"))),
        [("funding.screening", "more", "CTB-1 was not due to be screened")],
    ),
    "a gift published that was not received": (
        then(*gift()[:5], *gift()[6:]),
        [("funding.publication", "more.5", "CTB-2 is no received gift to be published")],
    ),
    "a gift received again after it was published": (
        then(*gift(), *gift()[5:6]),
        [("funding.unscreened", "more.7", "CTB-2 was received while published, not accepted")],
    ),
    "money received in no office": (
        received_in_no_office,
        [("funding.custodian", "funds.7", "CTB-1 was received by no office, not OFF-treasurer")],
    ),
    "budget money published": (
        then(*said("operator", money.ContributionPublished(contribution="CTB-1"))),
        [("funding.publication", "more", "CTB-1 is no received gift to be published")],
    ),
    "emergency money without a status": (
        then(*emergency(status="")),
        [("funding.btt", "more.5", "CTB-2 (BTT) lacks an emergency status or an RKB")],
    ),
    "emergency money without a need plan": (
        then(*emergency(need_plan="")),
        [("funding.btt", "more.5", "CTB-2 (BTT) lacks an emergency status or an RKB")],
    ),
    "emergency money on another paper": (
        then(*emergency(need_plan="DOC-2")),
        [("funding.btt", "more.5", "CTB-2 (BTT) lacks an emergency status or an RKB")],
    ),
    "emergency money after the emergency": (
        then(*emergency(until=DAY - dt.timedelta(1))),
        [("funding.btt", "more.5", "CTB-2 (BTT) lacks an emergency status or an RKB")],
    ),
    "emergency money before the emergency": (
        then(*emergency(since=DAY + dt.timedelta(1))),
        [("funding.btt", "more.5", "CTB-2 (BTT) lacks an emergency status or an RKB")],
    ),
    "reversed by who proposed it": (
        reversal("operator"),
        [("value.reversal_alone", "more", "operator reversed what they proposed to reverse")],
    ),
    "a reversal of nothing": (
        reversal("treasurer", reversed_act="0" * 32),
        [("value.reversal", "more", "act 00000000000000000000000000000000 has nothing left that could be reversed")],
    ),
    "a reversal of half": (
        reversal("treasurer", moves=(move("APBD-1", "allocated", "received", 1),)),
        [
            (
                "value.moves",
                "more",
                (
                    "TransferReversed moves 1 IDR APBD-1/BST/allocated → APBD-1/-/received; "
                    "due is 1000000 IDR APBD-1/BST/allocated → APBD-1/-/received"
                ),
            )
        ],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)
