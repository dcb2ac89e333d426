"""Replay of purchases: ordered of a vendor by one person, taken in by another, on their papers, and no more."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from audit.facts import money
from tests.audit.lies import Cheat, then, until
from tests.audit.replaying import begun, offer_of, paper, programme, receipt_of
from tests.audit.told import DAY, SINCE, Expected, Said, Story, broken, expected, move, replayed, said


def purchase(
    *, by: str = "operator", taker: str = "field", quantity: int = 2, price: int = 500, commodity: str = "BERAS"
) -> list[Said]:
    """Buy packets for a programme of goods and take them in."""
    given = money.FundsAllocated(
        allocation="ALC-2",
        source="APBD-1",
        program="PANGAN",
        commodity="IDR",
        amount=0,
        document="DOC-1",
        moves=(),
    )
    bought = money.GoodsPurchased(
        purchase="PUR-1",
        vendor="VND-1",
        source="APBD-1",
        program="PANGAN",
        commodity=commodity,
        quantity=2,
        price=price,
        document="DOC-7",
        moves=(move("APBD-1", "allocated", "spent", price, "PANGAN"),) if price else (),
    )
    stock = money.Move("APBD-1/-/world", "APBD-1/PANGAN/allocated", "BERAS", quantity)
    arrived = money.GoodsReceived(
        purchase="PUR-1", commodity="BERAS", quantity=quantity, document="DOC-8", moves=(stock,) if quantity else ()
    )
    vendor = money.VendorRegistered(vendor="VND-1", name="CV", deed_on=SINCE)
    given = dataclasses.replace(given, amount=600, moves=(move("APBD-1", "received", "allocated", 600, "PANGAN"),))
    papers = paper("DOC-7", "perjanjian") + paper("DOC-8", "bast") + programme("PANGAN", commodity="BERAS")
    money_in = dataclasses.replace(receipt_of(600), contribution="CTB-3", document="DOC-7")
    story = papers + said("operator", offer_of(money_in)) + said("treasurer", money_in)
    return story + said("operator", given) + said("operator", vendor) + said(by, bought) + said(taker, arrived)


def taken_in(*deliveries: tuple[str, int]) -> list[Said]:
    """Buy two packets and take them in by these deliveries: a paper, and how many."""
    *bought, arrived = purchase()
    stock = money.Move("APBD-1/-/world", "APBD-1/PANGAN/allocated", "BERAS", 1)
    came = [
        arrived.but(document=document, quantity=quantity, moves=(dataclasses.replace(stock, amount=quantity),))
        for document, quantity in deliveries
    ]
    return [*bought, *paper("DOC-9", "bast"), *came]


def story() -> Story:
    """Tell the honest story up to what is allocated."""
    return until("funds")(begun())


HONEST: dict[str, list[Said]] = {
    "a purchase": purchase(),
    "a purchase in two deliveries": taken_in(("DOC-8", 1), ("DOC-9", 1)),
    "a vendor founded today": said("operator", money.VendorRegistered(vendor="VND-2", name="CV", deed_on=DAY)),
}


@pytest.mark.parametrize("name", HONEST)
def test_goods_come_in_by_their_rules(name: str) -> None:
    """Taken in by who did not buy them, at once or in parts, from a vendor as young as today."""
    assert broken(story() | {"more": HONEST[name]}) == []


def test_what_a_paper_was_used_for_is_remembered() -> None:
    """A contribution by source, good and paper; a delivery by purchase and paper: one paper may serve several."""
    state = replayed(story() | {"more": purchase()}).state
    assert state.papers_used == {
        ("contribution", "APBD-1", "IDR", "dpa", "DOC-1", SINCE.isoformat()),
        ("contribution", "APBD-1", "IDR", "perjanjian", "DOC-7", SINCE.isoformat()),
        ("arrival", "PUR-1", "DOC-8"),
    }


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "goods taken in by who bought them": (
        then(*purchase(taker="operator")),
        [("purchase.alone", "more.8", "operator bought PUR-1 and took it in")],
    ),
    "more goods than were ordered": (
        then(*purchase(quantity=3)),
        [("purchase.arrival", "more.8", "PUR-1 ordered 2, took in 3")],
    ),
    "more goods than were ordered, in two deliveries": (
        then(*taken_in(("DOC-8", 1), ("DOC-9", 2))),
        [("purchase.arrival", "more.10", "PUR-1 ordered 2, took in 3")],
    ),
    "no goods at all": (
        then(*purchase(quantity=0)),
        [
            (
                "value.moves",
                "more.8",
                ("GoodsReceived moves nothing; due is 0 BERAS APBD-1/-/world → APBD-1/PANGAN/allocated"),
            ),
            ("purchase.arrival", "more.8", "PUR-1 ordered 2, took in 0"),
        ],
    ),
    "goods bought for nothing": (
        then(*purchase(price=0)),
        [
            (
                "value.moves",
                "more.7",
                ("GoodsPurchased moves nothing; due is 0 IDR APBD-1/PANGAN/allocated → APBD-1/PANGAN/spent"),
            ),
            ("purchase.order", "more.7", "PUR-1 was made twice, of nobody, of nothing or for nothing"),
        ],
    ),
    "goods the programme does not give": (
        then(*purchase(commodity="MINYAK")),
        [
            ("purchase.goods", "more.7", "PUR-1 buys MINYAK, not what PANGAN gives"),
            (
                "value.moves",
                "more.8",
                (
                    "GoodsReceived moves 2 BERAS APBD-1/-/world → APBD-1/PANGAN/allocated; "
                    "due is 2 MINYAK APBD-1/-/world → APBD-1/PANGAN/allocated"
                ),
            ),
            ("purchase.arrival", "more.8", "PUR-1 ordered 2, took in 2"),
        ],
    ),
    "goods of another kind taken in": (
        then(*purchase()[:-1], *(each.but(commodity="MINYAK") for each in purchase()[-1:])),
        [("purchase.arrival", "more.8", "PUR-1 ordered 2, took in 2")],
    ),
    "goods taken in that were never bought": (
        then(*said("field", purchase()[-1].but(purchase="PUR-9", document="DOC-1").fact)),
        [
            ("document.kind", "more", "GoodsReceived rests on DOC-1, which is dpa"),
            ("purchase.unknown", "more", "PUR-9 was taken in and never bought"),
        ],
    ),
    "goods bought twice": (
        then(
            *purchase()[:-1],
            *(
                each.but(price=1, moves=(move("APBD-1", "allocated", "spent", 1, "PANGAN"),))
                for each in purchase()[-2:-1]
            ),
        ),
        [("purchase.order", "more.8", "PUR-1 was made twice, of nobody, of nothing or for nothing")],
    ),
    "goods taken in twice on one paper": (
        then(
            *(
                each.but(quantity=1, moves=(money.Move("APBD-1/-/world", "APBD-1/PANGAN/allocated", "BERAS", 1),))
                if each.fact.KIND == "GoodsReceived"
                else each
                for each in (*purchase(), *purchase()[-1:])
            )
        ),
        [("document.used", "more.9", "GoodsReceived rests on a paper that was used before")],
    ),
    "goods of a vendor nobody registered": (
        then(*(each for each in purchase() if each.fact.KIND != "VendorRegistered")),
        [("purchase.order", "more.6", "PUR-1 was made twice, of nobody, of nothing or for nothing")],
    ),
    "a vendor founded tomorrow": (
        then(*said("operator", money.VendorRegistered(vendor="VND-2", name="CV", deed_on=DAY + dt.timedelta(1)))),
        [("purchase.vendor", "more", "VND-2 was founded on no day that has been")],
    ),
    "a vendor founded on no day": (
        then(*said("operator", money.VendorRegistered(vendor="VND-2", name="CV", deed_on=None))),
        [("purchase.vendor", "more", "VND-2 was founded on no day that has been")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)
