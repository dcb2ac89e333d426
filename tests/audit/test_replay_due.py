"""Replay of who is due what: at the rate of the day, by a decree, each entitlement of one run and once."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.facts import paying
from tests.audit.lies import Cheat, before, both, change, drop, line, second, then, until
from tests.audit.replaying import LINES, batch, due, rate, story
from tests.audit.told import DAY, Expected, Story, broken, expected, said


def refrozen(lines: tuple[paying.FrozenLine, ...]) -> Cheat:
    """Freeze other lines, with the digest and the total that are theirs."""

    def cheat(told: Story) -> Story:
        return told | {"submit": batch("BTC-1", lines)["submit"]}

    return cheat


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "entitlements at an old rate": (
        both(until("due"), before("due", *rate(400_000, DAY))),
        [("programme.rate", "due", "RUN-1 gives 300000, the rate is 400000")],
    ),
    "entitlements at a coming rate": (
        both(until("due"), change("funds", 4, since=DAY + dt.timedelta(1))),
        [("programme.rate", "due", "RUN-1 gives 300000, the rate is not set")],
    ),
    "entitlements of a programme nobody defined": (
        both(until("due"), change("due", 0, program="BLT")),
        [
            ("entitlement.run", "due", "RUN-1 is of no programme paid here, or was there before"),
            ("programme.rate", "due", "RUN-1 gives 300000, the rate is not set"),
            ("entitlement.run", "due.1", "RUN-1 was not proposed so, or is determined already"),
        ],
    ),
    "entitlements of a programme paid elsewhere": (
        both(until("due"), both(drop("funds", 8), change("funds", 3, managed=0))),
        [("entitlement.run", "due", "RUN-1 is of no programme paid here, or was there before")],
    ),
    "a run proposed twice": (
        both(until("due"), then(*due(numbers=[201, 202])[:1])),
        [("entitlement.run", "more", "RUN-1 is of no programme paid here, or was there before")],
    ),
    "more entitlements than rows": (
        both(until("due"), change("due", 0, count=5)),
        [("entitlement.count", "due", "RUN-1 proposes 5 and writes 4")],
    ),
    "an entitlement proposed twice": (
        both(until("due"), then(*due("RUN-2", [104, 105])[:1])),
        [("entitlement.twice", "more", "entitlement 104 was proposed before")],
    ),
    "entitlements of nobody": (
        both(until("due"), then(*due("RUN-2", [])[:1])),
        [("entitlement.count", "more", "RUN-2 proposes 0 and writes 0")],
    ),
    "a run determined that nobody proposed": (
        both(until("due"), drop("due", 0)),
        [("entitlement.run", "due", "RUN-1 was not proposed so, or is determined already")],
    ),
    "a run determined twice": (
        both(until("due"), then(*due()[1:])),
        [("entitlement.run", "more", "RUN-1 was not proposed so, or is determined already")],
    ),
    "a run determined for another period": (
        both(until("due"), change("due", 1, period="2021-09")),
        [("entitlement.run", "due.1", "RUN-1 was not proposed so, or is determined already")],
    ),
    "entitlements of another run determined": (
        both(until("due"), then(*due("RUN-2", [201])[:1], *due("RUN-2", [101])[1:])),
        [("entitlement.count", "more.1", "RUN-2 proposed 1; 1 are determined, 0 of them its own")],
    ),
    "a count that is not what was determined": (
        both(until("due"), change("due", 1, count=3)),
        [("entitlement.count", "due.1", "RUN-1 proposed 4; 3 are determined, 4 of them its own")],
    ),
    "an entitlement held twice": (
        both(
            until("due"),
            then(
                *said("operator", paying.EntitlementHeld(entitlement=101, reason="x")),
                *said("operator", paying.EntitlementHeld(entitlement=101, reason="x")),
            ),
        ),
        [("entitlement.state", "more.1", "EntitlementHeld of entitlement 101, which is held, not free")],
    ),
    "an entitlement released that was not held": (
        both(until("due"), then(*said("operator", paying.EntitlementReleased(entitlement=101, reason="x")))),
        [("entitlement.state", "more", "EntitlementReleased of entitlement 101, which is free, not held")],
    ),
    "an entitlement cancelled that nobody proposed": (
        both(until("due"), then(*said("operator", paying.EntitlementCancelled(entitlement=999, reason="x")))),
        [("entitlement.state", "more", "EntitlementCancelled of entitlement 999, which is unknown, not free")],
    ),
    "a held entitlement is paid": (
        both(until("submit"), before("draft", *said("operator", paying.EntitlementHeld(entitlement=101, reason="x")))),
        [("paid_twice", "submit.1", "line 1 of BTC-1 pays entitlement 101, which is held")],
    ),
    "a cancelled entitlement is paid": (
        both(
            until("submit"),
            before("draft", *said("operator", paying.EntitlementCancelled(entitlement=101, reason="x"))),
        ),
        [("paid_twice", "submit.1", "line 1 of BTC-1 pays entitlement 101, which is cancelled")],
    ),
    "entitlements nobody proposed are determined": (
        both(until("due"), then(*due("RUN-2", [201])[:1], *due("RUN-2", [999])[1:])),
        [("entitlement.count", "more.1", "RUN-2 proposed 1; 1 are determined, 0 of them its own")],
    ),
    "one entitlement in two lines": (
        both(until("submit"), refrozen((LINES[0], line(2, 101)))),
        [("paid_twice", "submit.1", "line 2 of BTC-1 pays entitlement 101, which is claimed")],
    ),
    "an entitlement nobody proposed": (
        both(until("submit"), refrozen((LINES[0], line(2, 999)))),
        [("entitlement.undetermined", "submit.1", "line 2 of BTC-1 pays entitlement 999, due to nobody")],
    ),
    "an entitlement nobody determined": (
        both(until("submit"), drop("due", 1)),
        [
            ("entitlement.undetermined", "submit.1", "line 1 of BTC-1 pays entitlement 101, due to nobody"),
            ("entitlement.undetermined", "submit.1", "line 2 of BTC-1 pays entitlement 102, due to nobody"),
        ],
    ),
    "an entitlement of another period": (
        both(
            until("submit"),
            both(before("due", *due("RUN-9", [201], period="2021-09")), refrozen((LINES[0], line(2, 201)))),
        ),
        [("entitlement.other", "submit.1", "line 2 of BTC-1 pays an entitlement of BST for 2021-09")],
    ),
    "another amount than is due": (
        both(until("submit"), refrozen((LINES[0], line(2, 102, amount=299_999)))),
        [("entitlement.amount", "submit.1", "line 2 of BTC-1 pays 299999, due is 300000")],
    ),
    "an entitlement paid again by another batch": (
        both(until("receipt"), second("BTC-2", (line(1, 101),), through="submit")),
        [("paid_twice", "second submit.1", "line 1 of BTC-2 pays entitlement 101, which is delivered")],
    ),
    "an entitlement under way in another batch": (
        both(until("send"), second("BTC-2", (line(1, 102),), through="submit")),
        [("paid_twice", "second submit.1", "line 1 of BTC-2 pays entitlement 102, which is claimed")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)


def test_a_released_entitlement_is_paid() -> None:
    """Held and let go again, it is as if nothing had been."""
    held = said("operator", paying.EntitlementHeld(entitlement=101, reason="x"))
    released = said("operator", paying.EntitlementReleased(entitlement=101, reason="x"))
    assert broken(before("draft", *held, *released)(story())) == []
