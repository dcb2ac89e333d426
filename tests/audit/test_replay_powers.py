"""Replay of power: the founding and its end, offices, roles; nobody gets it alone, for themselves, or without paper."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from audit.facts import Fact, founding, officials
from tests.audit.agency import FOUNDERS, beginning, grant_of, request_of, term
from tests.audit.lies import Cheat, both, change, drop, insert, stand_in, then, until
from tests.audit.replaying import story
from tests.audit.told import DAY, SINCE, Expected, Said, Story, broken, expected, said

NINE = grant_of("field", "treasurer", reference="GRT-9", requested_by="founder")
FOUNDERS_OWN = grant_of("founder2", "operator", reference="GRT-9")

UNSAID = founding.SchemaChanged(old="B" * 42 + "A", new="D" * 42 + "A")


def granted(  # what may be wrong with a grant, each by its name
    *,
    official: str = "field",
    role: str = "treasurer",
    by: str = "admin2",
    decree: str = "SK 9",
    role_granted: str = "",
    said_by: str = "admin",
) -> list[Said]:
    """Let one administrator ask for a role and another grant it."""
    grant = grant_of(official, role, reference="GRT-9", founding=0, requested_by=said_by, decree=decree)
    asked = request_of(grant)
    return said("admin", asked) + said(by, dataclasses.replace(grant, role=role_granted or role))


def in_the_first_act(place: int, fact: Fact) -> Cheat:
    """Put a fact into the act that founds the log."""

    def cheat(told: Story) -> Story:
        return insert("people", place, dataclasses.replace(told["people"][0], fact=fact))(told)

    return cheat


def behead() -> Cheat:
    """Begin the log with a repair, and end it there."""

    def cheat(_told: Story) -> Story:
        return {"more": said("", founding.RegionsLoaded(region="32.16", file="A" * 43, count=1))}

    return cheat


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "the log is founded again": (
        both(until("people"), then(*said("", beginning()[0].fact))),
        [
            ("authority.nobody", "more", "LogFounded was done by no official"),
            ("founding.first", "more", "the log was founded again"),
        ],
    ),
    "the log begins with something else": (behead(), [("founding.first", "more", "the log begins with RegionsLoaded")]),
    "a change of the schema that hides another": (
        both(until("people"), then(*said("", UNSAID, founding.SchemaChanged(old=UNSAID.new, new="C" * 42 + "A")))),
        [("schema.unsaid", "more", f"the schema changed from {UNSAID.old}, which the log did not say")],
    ),
    "a schema changed by hand": (
        both(until("people"), then(*said("admin", founding.SchemaChanged(old="A" * 43, new=UNSAID.new)))),
        [("authority.by_hand", "more", "admin did SchemaChanged, which nobody does by hand")],
    ),
    "a third founder": (
        both(until("people"), then(*said("founder", officials.OfficialEnrolled(official="third", founder=1)))),
        [
            ("authority.role", "more", "founder did OfficialEnrolled without admin"),
            ("founding.founder", "more", "third is no founder of this log"),
        ],
    ),
    "a founder who comes later": (
        both(until("people"), change("people", 7, founder=1)),
        [("founding.founder", "people.7", "operator is no founder of this log")],
    ),
    "a third founder in the founding's own act": (
        both(until("people"), in_the_first_act(7, officials.OfficialEnrolled(official="third", founder=1))),
        [("founding.founder", "people.7", "third is no founder of this log")],
    ),
    "one enrolled twice": (
        both(until("people"), then(*said("admin", officials.OfficialEnrolled(official="field", founder=0)))),
        [("people.twice", "more", "field was enrolled twice")],
    ),
    "a founder signs twice": (
        both(until("people"), insert("people", -2, *said("founder", founding.FoundingSigned(official="founder")))),
        [("founding.signature", "people.62", "founder signed as founder")],
    ),
    "a founder signs for the other": (
        both(until("people"), change("people", -2, official="founder")),
        [
            ("founding.signature", "people.62", "founder2 signed as founder"),
            ("founding.closed", "people.63", "the founding was not closed once, by both its founders"),
        ],
    ),
    "nobody signs for a founder": (
        both(until("people"), then(*said("", founding.FoundingSigned(official="founder")))),
        [
            ("authority.nobody", "more", "FoundingSigned was done by no official"),
            ("founding.signature", "more", "nobody signed as founder"),
        ],
    ),
    "somebody signs who is no founder": (
        both(until("people"), then(*said("admin", founding.FoundingSigned(official="admin")))),
        [("founding.signature", "more", "admin signed as admin")],
    ),
    "closed by one founder": (
        both(until("people"), change("people", -1, founders=("founder",))),
        [("founding.closed", "people.63", "the founding was not closed once, by both its founders")],
    ),
    "closed with one signature": (
        both(until("people"), drop("people", -3)),
        [("founding.closed", "people.62", "the founding was not closed once, by both its founders")],
    ),
    "closed twice": (
        both(until("people"), then(*said("admin", founding.FoundingClosed(founders=FOUNDERS)))),
        [("founding.closed", "more", "the founding was not closed once, by both its founders")],
    ),
    "a founder grants after the end": (
        both(until("people"), then(*said("founder", request_of(NINE), NINE))),
        [
            ("authority.role", "more", "founder did RoleRequested without admin"),
            ("authority.role", "more.1", "founder did RoleGranted without admin"),
            ("role.founding", "more.1", "founder granted treasurer as a founder"),
        ],
    ),
    "a grant said to be of the founding": (
        both(until("people"), then(*said("admin", request_of(NINE), NINE))),
        [
            ("role.unasked", "more.1", "GRT-9 was granted otherwise than asked for"),
            ("role.founding", "more.1", "admin granted treasurer as a founder"),
        ],
    ),
    "a role without a decree": (
        both(until("people"), then(*granted(decree=" "))),
        [("role.decree", "more", "role treasurer of field has no SK")],
    ),
    "a role asked for oneself": (
        both(until("people"), then(*granted(official="admin", role="admin"))),
        [("role.self", "more", "admin asked for admin for themselves")],
    ),
    "a role granted by who asked": (
        both(until("people"), then(*granted(by="admin"))),
        [("role.second", "more.1", "treasurer of field lacks a second official")],
    ),
    "a role granted to oneself": (
        both(until("people"), then(*granted(official="admin2", role="admin"))),
        [("role.second", "more.1", "admin of admin2 lacks a second official")],
    ),
    "a role granted for who asked by their Plt": (
        both(until("people"), then(*said("founder", *()), *stand_in("admin2", "admin"), *granted())),
        [
            ("authority.role", "more", "founder did OfficeHeld without admin"),
            ("role.second", "more.2", "treasurer of field lacks a second official"),
        ],
    ),
    "a role nobody asked for": (
        both(until("people"), then(*granted()[1:])),
        [("role.unasked", "more", "GRT-9 was granted and not asked for")],
    ),
    "a role granted otherwise": (
        both(until("people"), then(*granted(role_granted="approver"))),
        [("role.unasked", "more.1", "GRT-9 was granted otherwise than asked for")],
    ),
    "a role said to be asked for by another": (
        both(until("people"), then(*granted(said_by="verifier"))),
        [("role.unasked", "more.1", "GRT-9 was granted otherwise than asked for")],
    ),
    "a role asked for twice": (
        both(until("people"), then(*granted()[:1], *granted()[:1])),
        [("role.twice", "more.1", "GRT-9 was asked for twice")],
    ),
    "a role refused that nobody asked for": (
        both(until("people"), then(*said("admin2", officials.RoleRefused(grant="GRT-9", reason="")))),
        [("role.unasked", "more", "GRT-9 was refused and not asked for")],
    ),
    "an auditor who moves aid": (
        both(until("people"), then(*granted(official="auditor", role="operator"))),
        [("role.clash", "more.1", "auditor may not be auditor and operator")],
    ),
    "an administrator who moves aid": (
        both(until("people"), then(*granted(official="field", role="admin"))),
        [("role.clash", "more.1", "field may not be field and admin")],
    ),
    "a founder who moves aid in the founding": (
        both(until("people"), insert("people", 7, *said("founder", request_of(FOUNDERS_OWN), FOUNDERS_OWN))),
        [("role.clash", "people.8", "founder2 may not be admin and operator")],
    ),
    "a role revoked that is not held": (
        both(
            until("people"),
            then(*said("admin", officials.RoleRevoked(grant="GRT-9", official="field", role="field", reason=""))),
        ),
        [("role.unasked", "more", "GRT-9 was revoked and not held")],
    ),
    "a role revoked of who holds none": (
        both(
            until("people"),
            then(*said("admin", officials.RoleRevoked(grant="GRT-9", official="founder", role="admin", reason=""))),
        ),
        [("role.unasked", "more", "GRT-9 was revoked and not held")],
    ),
    "another role revoked than is held": (
        both(
            until("people"),
            then(
                *said("admin", officials.RoleRevoked(grant="GRT-field", official="field", role="operator", reason=""))
            ),
        ),
        [("role.unasked", "more", "GRT-field was revoked and not held")],
    ),
    "one's own role revoked": (
        both(
            until("people"),
            then(*said("admin", officials.RoleRevoked(grant="GRT-admin", official="admin", role="admin", reason=""))),
        ),
        [("authority.self", "more", "admin did RoleRevoked about themselves")],
    ),
    "one suspends oneself": (
        both(until("people"), then(*said("admin", officials.OfficialSuspended(official="admin", reason="")))),
        [("authority.self", "more", "admin did OfficialSuspended about themselves")],
    ),
    "one gives oneself an office": (
        both(until("people"), then(*said("admin", term("admin", "OFF-field")))),
        [("authority.self", "more", "admin did OfficeHeld about themselves")],
    ),
    "one frees one's own device": (
        both(until("people"), then(*said("admin", officials.OtpUnlocked(official="admin", device="DEV-1")))),
        [("authority.self", "more", "admin did OtpUnlocked about themselves")],
    ),
    "an office without a decree": (
        both(until("people"), then(*said("admin", dataclasses.replace(term("field", "OFF-field"), decree="")))),
        [("office.paper", "more", "field holds OFF-field without a decree or the office")],
    ),
    "an office that was never opened": (
        both(until("people"), then(*said("admin", term("field", "OFF-9")))),
        [("office.paper", "more", "field holds OFF-9 without a decree or the office")],
    ),
    "an office of no status": (
        both(until("people"), then(*said("admin", dataclasses.replace(term("field", "OFF-field"), status="raja")))),
        [("office.term", "more", "the term of field as OFF-field cannot be")],
    ),
    "a Plt without an end": (
        both(until("people"), then(*said("admin", term("field", "OFF-field", acts_for="treasurer")))),
        [("office.term", "more", "the term of field as OFF-field cannot be")],
    ),
    "a term that ends before it begins": (
        both(until("people"), then(*said("admin", term("field", "OFF-field", until=SINCE - dt.timedelta(1))))),
        [("office.term", "more", "the term of field as OFF-field cannot be")],
    ),
    "one holds the place of another as one's own": (
        both(
            until("people"), then(*said("admin", dataclasses.replace(term("field", "OFF-field"), acts_for="treasurer")))
        ),
        [("office.place", "more", "field cannot hold the place of treasurer")],
    ),
    "one holds one's own place": (
        both(until("people"), then(*said("admin", term("field", "OFF-field", acts_for="field", until=DAY)))),
        [("office.place", "more", "field cannot hold the place of field")],
    ),
}


def two_roles(
    since: dt.date, until_: dt.date | None, *, other_since: dt.date = DAY, other_until: dt.date | None = None
) -> list[Said]:
    """Grant somebody who holds none the roles of an operator and of an auditor for these days."""
    terms = {"operator": (other_since, other_until), "auditor": (since, until_)}
    grants = [
        grant_of("founder", role, reference=f"GRT-{role}", founding=0, requested_by="admin", since=begins, until=ends)
        for role, (begins, ends) in terms.items()
    ]
    return [each for grant in grants for each in (*said("admin", request_of(grant)), *said("admin2", grant))]


WEEK = DAY + dt.timedelta(7)


@pytest.mark.parametrize(
    ("grants", "meets"),
    [
        (two_roles(WEEK, None, other_until=WEEK), True),
        (two_roles(WEEK + dt.timedelta(1), None, other_until=WEEK), False),
        (two_roles(SINCE, DAY), True),
        (two_roles(SINCE, DAY - dt.timedelta(1)), False),
        (two_roles(SINCE, WEEK, other_until=WEEK), True),
    ],
)
def test_roles_that_never_meet_may_follow_each_other(grants: list[Said], meets: bool) -> None:
    """One day of both is too much; the day after the last of the one the other may begin."""
    told = then(*grants)(until("people")(story()))
    clash = ("role.clash", "more.3", "founder may not be operator and auditor")
    assert broken(told) == (expected(told, clash) if meets else [])


def test_a_second_founder_comes_in_the_founding_s_own_act() -> None:
    """Two founders begin together; who is added later, with one seat still free, is none."""
    told = until("people")(story())
    told["people"][4] = dataclasses.replace(told["people"][4], act="f" * 32)
    assert broken(told)[0] == expected(told, ("founding.founder", "people.4", "founder2 is no founder of this log"))[0]


def test_an_office_may_be_held_for_a_day() -> None:
    """Its first day may be its last."""
    assert broken(then(*said("admin", term("field", "OFF-field", until=SINCE)))(until("people")(story()))) == []


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)
