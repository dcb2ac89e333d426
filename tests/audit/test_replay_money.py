"""Replay of papers and money before it is paid: where it may come from, how it moves, and what a programme may pay."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.facts import money
from audit.replay.value import account
from tests.audit.lies import Cheat, at, both, change, drop, then, until
from tests.audit.replaying import offer_of, paper, programme, rate, receipt_of, source_opened, story
from tests.audit.told import DAY, Expected, Said, broken, expected, move, said

DONOR = money.DonorRegistered(donor="DON-1", kind="company", public_name="PT")


def history() -> list[Said]:
    """Declare what lay in a source before."""
    fact = money.HistoryDeclared(
        contribution="CTB-9",
        source="APBD-1",
        commodity="IDR",
        amount=500,
        document="DOC-2",
        evidence="A" * 43,
        moves=(move("APBD-1", "world", "received", 500),),
    )
    return said("operator", fact)


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "a paper registered twice": (
        both(until("funds"), then(*paper("DOC-1", "dpa"))),
        [("document.twice", "more", "DOC-1 was registered twice")],
    ),
    "a paper nobody registered": (
        both(until("funds"), change("funds", 4, document="DOC-7")),
        [("document.unknown", "funds.4", "RateSet rests on DOC-7, which is not on file")],
    ),
    "a decree that is no SK": (
        both(until("due"), change("funds", 1, kind="dpa")),
        [("document.kind", "due.1", "EntitlementsDetermined rests on DOC-2, which is dpa")],
    ),
    "a decree that had ended": (
        both(until("due"), change("funds", 1, valid_until=DAY - dt.timedelta(1))),
        [("document.force", "due.1", "DOC-2 was not in force on 2021-08-05")],
    ),
    "a decree that has not begun": (
        both(until("due"), change("funds", 1, valid_from=DAY + dt.timedelta(1))),
        [("document.force", "due.1", "DOC-2 was not in force on 2021-08-05")],
    ),
    "a source opened twice": (
        both(until("funds"), then(*source_opened())),
        [("funding.source", "more", "source APBD-1 was opened twice, or as apbd")],
    ),
    "a source of no kind": (
        both(until("funds"), then(*source_opened("X-1", "lotre"))),
        [("funding.source", "more", "source X-1 was opened twice, or as lotre")],
    ),
    "an offer to no source": (
        both(
            until("funds"),
            then(*said("operator", offer_of(receipt_of(5, source="X-9", contribution="CTB-2", document="DOC-2")))),
        ),
        [("funding.offer", "more", "CTB-2 was offered twice, of nothing, or to no source")],
    ),
    "an offer of nothing": (
        both(until("funds"), then(*said("operator", offer_of(receipt_of(0, contribution="CTB-2", document="DOC-2"))))),
        [("funding.offer", "more", "CTB-2 was offered twice, of nothing, or to no source")],
    ),
    "an offer made twice": (
        both(until("funds"), then(*said("operator", offer_of(receipt_of(5, document="DOC-2"))))),
        [("funding.offer", "more", "CTB-1 was offered twice, of nothing, or to no source")],
    ),
    "budget money with a donor": (
        both(
            until("funds"),
            then(
                *said("operator", DONOR, offer_of(receipt_of(5, contribution="CTB-2", document="DOC-2", donor="DON-1")))
            ),
        ),
        [("funding.donor", "more.1", "CTB-2: gifts have a donor, budget money has none")],
    ),
    "goods into the budget": (
        both(
            until("funds"),
            then(*said("operator", offer_of(receipt_of(5, contribution="CTB-2", document="DOC-2", commodity="BERAS")))),
        ),
        [("funding.goods", "more", "CTB-2: goods come into APBD-1 by purchase only")],
    ),
    "a paper that brings twice": (
        both(until("funds"), then(*said("operator", offer_of(receipt_of(5, contribution="CTB-2"))))),
        [("document.used", "more", "ContributionOffered rests on a paper that was used before")],
    ),
    "a paper registered again that brings twice": (
        both(
            until("funds"),
            then(
                *paper("DOC-9", "dpa", number="doc-1"),
                *said("operator", offer_of(receipt_of(5, contribution="CTB-2", document="DOC-9"))),
            ),
        ),
        [("document.used", "more.1", "ContributionOffered rests on a paper that was used before")],
    ),
    "two offers on a paper that is not on file": (
        both(
            until("funds"),
            then(
                *said("operator", offer_of(receipt_of(5, contribution="CTB-2", document="DOC-7"))),
                *said("operator", offer_of(receipt_of(5, contribution="CTB-3", document="DOC-7"))),
            ),
        ),
        [
            ("document.unknown", "more", "ContributionOffered rests on DOC-7, which is not on file"),
            ("document.unknown", "more.1", "ContributionOffered rests on DOC-7, which is not on file"),
            ("document.used", "more.1", "ContributionOffered rests on a paper that was used before"),
        ],
    ),
    "received by who offered it": (
        both(until("funds"), at("funds", 6, "treasurer")),
        [
            ("authority.role", "funds.6", "treasurer did ContributionOffered without operator"),
            ("funding.received_alone", "funds.7", "treasurer offered and received CTB-1"),
        ],
    ),
    "received in another office": (
        both(until("funds"), change("funds", 2, custodian="OFF-field")),
        [("funding.custodian", "funds.7", "CTB-1 was received by OFF-treasurer, not OFF-field")],
    ),
    "received and never offered": (
        both(until("funds"), drop("funds", 6)),
        [("funding.unoffered", "funds.6", "CTB-1 was received and never offered")],
    ),
    "received twice": (
        both(until("funds"), then(*said("treasurer", receipt_of(1_000_000)))),
        [("funding.unscreened", "more", "CTB-1 was received while received, not offered")],
    ),
    "received otherwise than offered": (
        both(until("funds"), change("funds", 6, amount=999_999)),
        [("funding.other", "funds.7", "CTB-1 was received otherwise than offered")],
    ),
    "received from another paper": (
        both(until("funds"), change("funds", 7, document="DOC-2")),
        [("funding.other", "funds.7", "CTB-1 was received otherwise than offered")],
    ),
    "more moved than received": (
        both(until("funds"), change("funds", 7, moves=(move("APBD-1", "world", "received", 1_000_001),))),
        [
            (
                "value.moves",
                "funds.7",
                (
                    "FundsReceived moves 1000001 IDR APBD-1/-/world → APBD-1/-/received; "
                    "due is 1000000 IDR APBD-1/-/world → APBD-1/-/received"
                ),
            )
        ],
    ),
    "moved past the custody": (
        both(
            until("funds"),
            change("funds", 7, moves=(money.Move("APBD-1/-/world", "APBD-1/BST/allocated", "IDR", 1_000_000),)),
        ),
        [
            (
                "value.moves",
                "funds.7",
                (
                    "FundsReceived moves 1000000 IDR APBD-1/-/world → APBD-1/BST/allocated; "
                    "due is 1000000 IDR APBD-1/-/world → APBD-1/-/received"
                ),
            ),
            ("value.below_zero", "funds.8", "APBD-1/-/received held 0 IDR, not 1000000"),
        ],
    ),
    "budget money on a need plan": (
        both(until("funds"), change("funds", 7, need_plan="DOC-2")),
        [("funding.btt", "funds.7", "CTB-1 is no BTT and names an emergency or an RKB")],
    ),
    "more allocated than received": (
        both(
            until("funds"),
            both(change("funds", 8, amount=1_000_001, moves=(move("APBD-1", "received", "allocated", 1_000_001),))),
        ),
        [("value.below_zero", "funds.8", "APBD-1/-/received held 1000000 IDR, not 1000001")],
    ),
    "more allocated than said": (
        both(until("funds"), change("funds", 8, amount=1)),
        [
            (
                "value.moves",
                "funds.8",
                (
                    "FundsAllocated moves 1000000 IDR APBD-1/-/received → APBD-1/BST/allocated; "
                    "due is 1 IDR APBD-1/-/received → APBD-1/BST/allocated"
                ),
            )
        ],
    ),
    "allocated to a programme that is paid elsewhere": (
        both(until("funds"), change("funds", 3, managed=0)),
        [("programme.allocation", "funds.8", "BST is given no IDR")],
    ),
    "allocated in another commodity": (
        both(
            until("funds"),
            change(
                "funds",
                8,
                commodity="BERAS",
                moves=(move("APBD-1", "received", "allocated", 1_000_000, commodity="BERAS"),),
            ),
        ),
        [
            ("value.below_zero", "funds.8", "APBD-1/-/received held 0 BERAS, not 1000000"),
            ("programme.allocation", "funds.8", "BST is given no BERAS"),
        ],
    ),
    "allocated to no programme": (
        both(
            until("funds"),
            change("funds", 8, program="BLT", moves=(move("APBD-1", "received", "allocated", 1_000_000, "BLT"),)),
        ),
        [("programme.source", "funds.8", "BLT may not be paid from APBD-1")],
    ),
    "allocated from no source": (
        both(
            until("funds"),
            change("funds", 8, source="X-9", moves=(move("X-9", "received", "allocated", 1_000_000),)),
        ),
        [
            ("value.below_zero", "funds.8", "X-9/-/received held 0 IDR, not 1000000"),
            ("programme.source", "funds.8", "BST may not be paid from X-9"),
        ],
    ),
    "value out of nothing": (
        both(until("funds"), drop("funds", 7)),
        [("value.below_zero", "funds.7", "APBD-1/-/received held 0 IDR, not 1000000")],
    ),
    "a source of another kind": (
        both(until("funds"), change("funds", 3, allowed_sources=("btt",))),
        [
            ("programme.source", "funds.5", "BST may not be paid from APBD-1"),
            ("programme.source", "funds.8", "BST may not be paid from APBD-1"),
        ],
    ),
    "a programme defined twice": (
        both(until("funds"), then(*programme())),
        [("programme.twice", "more", "programme BST was defined twice")],
    ),
    "a rate of no programme": (
        both(until("funds"), then(*rate(1, program="BLT"))),
        [("programme.unknown", "more", "a rate of 1 IDR for BLT")],
    ),
    "a rate in another commodity": (
        both(until("funds"), then(*rate(1, commodity="BERAS"))),
        [("programme.unknown", "more", "a rate of 1 BERAS for BST")],
    ),
    "a rate of nothing": (
        both(until("funds"), then(*rate(0))),
        [("programme.unknown", "more", "a rate of 0 IDR for BST")],
    ),
    "a ceiling in another commodity": (
        both(until("funds"), change("funds", 5, commodity="BERAS")),
        [("programme.unknown", "funds.5", "a ceiling of 900000 BERAS for BST")],
    ),
    "a ceiling of no programme": (
        both(until("funds"), change("funds", 5, program="BLT")),
        [
            ("programme.unknown", "funds.5", "a ceiling of 900000 IDR for BLT"),
            ("programme.source", "funds.5", "BLT may not be paid from APBD-1"),
        ],
    ),
    "an exclusion of itself": (
        both(until("funds"), then(*said("operator", money.ExclusionSet(program="BST", other="BST", document="")))),
        [("programme.unknown", "more", "BST excludes BST")],
    ),
    "an exclusion of no programme": (
        both(until("funds"), then(*said("operator", money.ExclusionSet(program="BLT", other="BST", document="")))),
        [("programme.unknown", "more", "BLT excludes BST")],
    ),
    "over the ceiling": (
        both(until("submit"), change("funds", 5, amount=599_999)),
        [("programme.ceiling", "submit", "BST from APBD-1 is 600000, over 599999")],
    ),
    "history after the founding": (
        both(until("funds"), then(*history())),
        [("funding.history", "more", "CTB-9 was declared after the founding")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)


def test_a_programme_may_pay_up_to_its_ceiling() -> None:
    """All of it is not over it."""
    assert broken(change("funds", 5, amount=600_000)(story())) == []


def test_an_account_is_of_a_source_a_programme_and_a_stage() -> None:
    """What is not allocated yet belongs to no programme, and no programme can be called that."""
    assert account("APBD-1", "BST", "allocated") == "APBD-1/BST/allocated"
    assert account("APBD-1", "", "received") == "APBD-1/-/received"


def test_a_paper_of_another_day_is_another_paper() -> None:
    """Offices number their letters anew each year; kind, number and day together are what a paper is known by."""
    registered = [each.but(issued_on=DAY) for each in paper("DOC-9", "dpa", number="DOC-1")]
    offered = said("operator", offer_of(receipt_of(5, contribution="CTB-2", document="DOC-9")))
    assert broken(then(*registered, *offered)(story())) == []
