"""Replay of approval policies: proposed and agreed to by two whom they do not bind, and never for today."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from audit.facts import money
from tests.audit.agency import term
from tests.audit.lies import Cheat, agreed, both, change, insert, on, promoted, put_before, stand_in, then, until
from tests.audit.replaying import story
from tests.audit.told import DAY, SINCE, Expected, Said, Story, broken, expected, founded

IN_PLACE = founded("founder2", term("admin", "OFF-approver", acts_for="approver", until=DAY))


def as_founding(told: list[Said]) -> list[Said]:
    """Call what was agreed to a policy of the founding."""
    return [each.but(founding=1) if each.fact.KIND == "PolicyChanged" else each for each in told]


def by_another() -> Cheat:
    """Let the founding's policy be agreed to, in an act of its own, by an administrator who founded nothing."""

    def cheat(told: Story) -> Story:
        people = list(told["people"])
        people[-4] = dataclasses.replace(people[-4], act="a" * 32, who="admin")
        return told | {"people": people}

    return cheat


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "limits that do not begin at zero": (
        both(until("people"), then(*agreed("POL-2", limits=((1, 1),)))),
        [("policy.limits", "more", "the limits of POL-2 do not rise from zero, or ask for nobody")],
    ),
    "limits that fall": (
        both(until("people"), then(*agreed("POL-2", limits=((0, 1), (9, 2), (5, 3))))),
        [("policy.limits", "more", "the limits of POL-2 do not rise from zero, or ask for nobody")],
    ),
    "limits that ask for nobody": (
        both(until("people"), then(*agreed("POL-2", limits=((0, 0),)))),
        [("policy.limits", "more", "the limits of POL-2 do not rise from zero, or ask for nobody")],
    ),
    "limits that ask for everybody": (
        both(until("people"), then(*agreed("POL-2", limits=((0, 6),)))),
        [("policy.limits", "more", "the limits of POL-2 do not rise from zero, or ask for nobody")],
    ),
    "a policy proposed twice": (
        both(until("people"), then(*agreed("POL-2")[:1], *agreed("POL-2")[:1])),
        [("policy.proposed", "more.1", "POL-2 was proposed twice, or for no programme of ours")],
    ),
    "a policy of no programme": (
        both(until("people"), then(*agreed("POL-2", program="BLT"))),
        [("policy.proposed", "more", "POL-2 was proposed twice, or for no programme of ours")],
    ),
    "a policy nobody proposed": (
        both(until("people"), then(*agreed("POL-2")[1:])),
        [("policy.proposed", "more", "POL-2 is not what was proposed, or was agreed to before")],
    ),
    "a policy of the founding by an administrator whom it binds": (
        both(until("people"), by_another(), insert("people", -5, *IN_PLACE)),
        [
            ("policy.alone", "people.61", "policy POL-1 was changed by admin as a founder"),
            ("policy.binds", "people.61", "admin had a hand in POL-1, which binds them"),
        ],
    ),
    "a policy by a founder after the founding": (
        both(until("people"), then(*as_founding(agreed("POL-2", second="founder")))),
        [
            ("authority.role", "more.1", "founder did PolicyChanged without admin"),
            ("policy.alone", "more.1", "policy POL-2 was changed by founder as a founder"),
        ],
    ),
    "a policy of the founding by another administrator": (
        both(until("people"), by_another()),
        [("policy.alone", "people.60", "policy POL-1 was changed by admin as a founder")],
    ),
    "a policy agreed to otherwise": (
        both(
            until("people"),
            then(
                *agreed("POL-2")[:1], *(each.but(limits=(money.ApprovalLimit(0, 2),)) for each in agreed("POL-2")[1:])
            ),
        ),
        [("policy.proposed", "more.1", "POL-2 is not what was proposed, or was agreed to before")],
    ),
    "a policy agreed to twice": (
        both(until("people"), then(*agreed("POL-2"), *agreed("POL-2")[1:])),
        [("policy.proposed", "more.2", "POL-2 is not what was proposed, or was agreed to before")],
    ),
    "a policy agreed to by one person": (
        both(until("people"), then(*agreed("POL-2", second="admin"))),
        [("policy.alone", "more.1", "policy POL-2 was changed by one person")],
    ),
    "a policy agreed to by their Plt": (
        both(until("people"), then(*stand_in("admin2", "admin"), *agreed("POL-2"))),
        [
            ("authority.role", "more", "founder did OfficeHeld without admin"),
            ("policy.alone", "more.2", "policy POL-2 was changed by one person"),
        ],
    ),
    "a policy of the founding after its end": (
        both(
            until("people"),
            then(*as_founding(agreed("POL-2"))),
        ),
        [("policy.alone", "more.1", "policy POL-2 was changed by admin2 as a founder")],
    ),
    "a policy that holds at once": (
        both(until("people"), then(*agreed("POL-2", since=DAY))),
        [("policy.since", "more.1", "policy POL-2 holds from 2021-08-05, not from the next day on")],
    ),
    "a policy that held before it was made": (
        both(until("people"), change("people", -4, since=SINCE - dt.timedelta(1))),
        [("policy.since", "people.60", "policy POL-1 holds from 2021-01-03, not from the next day on")],
    ),
    "a policy proposed by whom it binds": (
        both(
            until("people"),
            then(*promoted("founder", "approver"), *stand_in("admin", "founder"), *agreed("POL-2")[:1]),
        ),
        [("policy.binds", "more.3", "admin had a hand in POL-2, which binds them")],
    ),
    "a policy changed by whom it binds": (
        both(
            until("people"),
            then(
                *promoted("founder", "approver"),
                *promoted("admin2"),
                *agreed("POL-2")[:1],
                *stand_in("admin2", "founder"),
                *agreed("POL-2")[1:],
            ),
        ),
        [("policy.binds", "more.4", "admin2 had a hand in POL-2, which binds them")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)


def test_as_many_may_be_asked_for_as_the_law_allows() -> None:
    """Limits rise from zero, and five approvers are not yet everybody."""
    assert broken(both(until("people"), then(*agreed("POL-2", limits=((0, 1), (9, 5)))))(story())) == []


@pytest.mark.parametrize("order", [("POL-2", "POL-3"), ("POL-3", "POL-2")])
def test_of_two_policies_of_one_day_the_one_proposed_last_holds(order: tuple[str, str]) -> None:
    """In whatever order they are agreed to, so that who agrees cannot choose."""
    both_of = {name: agreed(name) for name in ("POL-2", "POL-3")}
    proposed = [each[0] for each in both_of.values()]
    told = until("submit")(story())
    told = put_before(told, "draft", "policies", [*proposed, *(both_of[name][1] for name in order)])
    told = on(DAY + dt.timedelta(1), "draft", "submit")(change("submit", 0, policy="POL-2")(told))
    assert broken(told) == expected(told, ("policy.in_force", "submit", "BTC-1 pins POL-2; in force is POL-3"))


def test_a_programmes_own_policy_stands_before_a_newer_general_one() -> None:
    """What is said of all does not end what was agreed for one."""
    told = until("submit")(story())
    told = put_before(told, "draft", "policies", agreed("POL-2", program="BST") + agreed("POL-3"))
    told = on(DAY + dt.timedelta(1), "draft", "submit")(change("submit", 0, policy="POL-2")(told))
    assert broken(told) == []
