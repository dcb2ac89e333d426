"""Replay of factors and codes: who may enrol and reset them, what a code is bound to, and that each is spent once."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from audit.facts import officials, paying
from tests.audit.agency import grant_of, request_of
from tests.audit.lies import (
    YESTERDAY,
    Cheat,
    actor,
    again,
    before,
    both,
    change,
    hands_over,
    late,
    leave_out,
    on,
    then,
    two_approvers,
    until,
)
from tests.audit.replaying import LINES, code_step, story
from tests.audit.told import BEGAN, NOW, Expected, Said, Story, broken, digest_of, expected, said

CODE = code_step("BTC-1")
BOUND = paying.BoundBatch("BTC-1", digest_of(LINES), 2, "IDR", 600_000)


def enrolled(
    official: str, device: str, usable_from: dt.datetime = NOW + dt.timedelta(hours=72)
) -> officials.OtpDeviceEnrolled:
    """Enrol a device."""
    return officials.OtpDeviceEnrolled(official=official, device=device, usable_from=usable_from)


def signed_in(
    step: int, *, official: str = "approver", factor: str = "totp", device: str = "DEV-approver"
) -> officials.SignedIn:
    """Sign in by a factor."""
    return officials.SignedIn(official=official, factor=factor, device=device, step=step)


def newer_challenge() -> paying.ChallengeOpened:
    """Show the same batch once more."""
    shown: paying.ChallengeOpened = story()["challenge"][0].but(challenge="CHL-2").fact  # type: ignore[assignment]
    return shown


def refused(reason: str, *, tries: int = 1, challenge: str = "CHL-BTC-1") -> paying.OtpRejected:
    """Refuse a code."""
    return paying.OtpRejected(challenge=challenge, device="DEV-approver", reason=reason, tries=tries)


def wrong_codes(count: int) -> list[Said]:
    """Type so many wrong codes."""
    return [each for number in range(count) for each in said("approver", refused("wrong_code", tries=number + 1))]


def device_from(usable_from: dt.datetime) -> Cheat:
    """Let the approver's device approve from another time on."""

    def cheat(told: Story) -> Story:
        people = [
            each.but(usable_from=usable_from) if getattr(each.fact, "device", "") == "DEV-approver" else each
            for each in told["people"]
        ]
        return told | {"people": people}

    return cheat


def same_unit() -> Cheat:
    """Let both administrators work in one unit."""

    def cheat(told: Story) -> Story:
        people = [
            each.but(agency_unit="Kominfo")
            if getattr(each.fact, "office", "") == "OFF-admin2" and each.fact.KIND == "OfficeOpened"
            else each
            for each in told["people"]
        ]
        return told | {"people": people}

    return cheat


def reset(
    *,
    by: str = "admin2",
    owner: str = "approver",
    factor: str = "device",
    decree: str = "SK 9",
    granted: dict[str, str] | None = None,
) -> list[Said]:
    """Let one administrator ask for a reset and another grant it."""
    asked = officials.FactorResetRequested(reset="RST-1", official=owner, factor=factor, decree=decree)
    fact = officials.FactorResetGranted(reset="RST-1", official=owner, factor=factor, requested_by="admin")
    return said("admin", asked) + said(by, dataclasses.replace(fact, **granted or {}))


def seatless(*logins: str) -> Cheat:
    """Let officials hold no office."""

    def cheat(told: Story) -> Story:
        people = [
            each
            for each in told["people"]
            if not (isinstance(each.fact, officials.OfficeHeld) and each.fact.official in logins)
        ]
        return told | {"people": people}

    return cheat


HONEST: dict[str, Cheat] = {
    "a challenge answered in its only moment": both(until("approve"), change("challenge", expires_at=NOW)),
    "a new device approves from its first moment": both(until("approve"), device_from(NOW)),
    "four wrong codes and the right one": both(until("approve"), before("approve", *wrong_codes(4))),
    "a reset takes nobody else's device": then(
        *reset(), *said("approver2", signed_in(1, official="approver2", device="DEV-approver2"))
    ),
    "a reset by two who work in no unit": both(until("people"), both(seatless("admin", "admin2"), then(*reset()))),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_is_just_allowed_breaks_nothing(name: str) -> None:
    """The last moment of a challenge, the last try, a reset that touches one person."""
    assert broken(HONEST[name](story())) == []


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "approved by nobody's device": (
        change("approve", device="DEV-approver2"),
        [("otp.challenge", "approve", "approval of BTC-1 answers no challenge of approver")],
    ),
    "approved without a challenge": (
        leave_out("challenge"),
        [("otp.challenge", "approve", "approval of BTC-1 answers no challenge of approver")],
    ),
    "somebody else's challenge": (
        actor("approve", "approver2"),
        [("otp.challenge", "approve", "approval of BTC-1 answers no challenge of approver2")],
    ),
    "the same code in another act": (
        both(
            both(until("approve"), two_approvers(), change("submit", 0, approvers=2)),
            both(change("approve", complete=False), again("approve")),
        ),
        [
            ("otp.ended", "again", "CHL-BTC-1 took no code any more: answered"),
            ("otp.reused", "again", "step 54000311 of device DEV-approver was spent before"),
            ("four_eyes", "again", "approver did ApprovalGiven of BTC-1, being its approver"),
            ("policy.complete", "again", "BTC-1 has 2 of 2 approvals and is called incomplete"),
        ],
    ),
    "a challenge opened twice": (
        both(until("challenge"), again("challenge")),
        [("otp.challenge", "again", "CHL-BTC-1 was opened twice, or shows nothing or twice")],
    ),
    "a challenge that shows nothing": (
        both(until("challenge"), change("challenge", batches=())),
        [("otp.challenge", "challenge", "CHL-BTC-1 was opened twice, or shows nothing or twice")],
    ),
    "a challenge that shows one batch twice": (
        both(until("challenge"), change("challenge", batches=(BOUND, BOUND))),
        [("otp.challenge", "challenge", "CHL-BTC-1 was opened twice, or shows nothing or twice")],
    ),
    "a challenge that waits for hours": (
        both(until("challenge"), change("challenge", expires_at=NOW + dt.timedelta(minutes=5, microseconds=1))),
        [("otp.life", "challenge", "CHL-BTC-1 waits longer for its code than five minutes")],
    ),
    "a challenge that ended before it began": (
        both(until("challenge"), change("challenge", expires_at=NOW - dt.timedelta(microseconds=1))),
        [("otp.life", "challenge", "CHL-BTC-1 waits longer for its code than five minutes")],
    ),
    "the code of a challenge that was replaced": (
        both(until("approve"), before("approve", *said("approver", newer_challenge()))),
        [("otp.ended", "approve", "CHL-BTC-1 took no code any more: replaced")],
    ),
    "the code after five wrong ones": (
        both(until("approve"), before("approve", *wrong_codes(5))),
        [("otp.ended", "approve", "CHL-BTC-1 took no code any more: exhausted")],
    ),
    "the code after the batch had changed": (
        both(until("approve"), before("approve", *said("approver", refused("batch_changed", tries=0)))),
        [("otp.ended", "approve", "CHL-BTC-1 took no code any more: batch_changed")],
    ),
    "tries that are not counted": (
        both(until("challenge"), then(*said("approver", refused("wrong_code", tries=0)))),
        [("otp.tries", "more", "CHL-BTC-1 has had 1 tries, not 0")],
    ),
    "a refusal of nobody's challenge": (
        then(*said("approver", refused("wrong_code", challenge="CHL-9"))),
        [("otp.challenge", "more", "a code was refused for CHL-9, no challenge of approver")],
    ),
    "a refusal of another's challenge": (
        both(until("challenge"), then(*said("approver2", refused("wrong_code")))),
        [("otp.challenge", "more", "a code was refused for CHL-BTC-1, no challenge of approver2")],
    ),
    "a code that came too late": (
        both(until("approve"), late("approve", dt.timedelta(minutes=5, microseconds=1))),
        [("otp.expired", "approve", "the code for BTC-1 came after its challenge had ended")],
    ),
    "a code for other content": (
        both(until("approve"), change("approve", lines=3)),
        [
            ("otp.content", "approve", "the code was bound to other content of BTC-1"),
            ("batch.digest", "approve", "BTC-1 was approved under another digest, count or total"),
        ],
    ),
    "a new device that approves": (
        both(until("approve"), device_from(NOW + dt.timedelta(microseconds=1))),
        [("otp.fresh_factor", "approve", "device DEV-approver approved before it was allowed to")],
    ),
    "a code spent on signing in": (
        both(until("approve"), before("draft", *said("approver", signed_in(CODE)))),
        [("otp.reused", "approve", "step 54000311 of device DEV-approver was spent before")],
    ),
    "a later code spent on signing in": (
        both(until("approve"), before("draft", *said("approver", signed_in(CODE + 1)))),
        [("otp.reused", "approve", "step 54000311 of device DEV-approver was spent before")],
    ),
    "a code spent twice on signing in": (
        then(*said("approver", signed_in(CODE + 2)), *said("approver", signed_in(CODE + 2))),
        [("otp.reused", "more.1", "step 54000313 of device DEV-approver was spent before")],
    ),
    "a code spent twice on signing in, in one act": (
        then(*said("approver", signed_in(CODE + 2), signed_in(CODE + 2))),
        [("otp.reused", "more.1", "step 54000313 of device DEV-approver was spent before")],
    ),
    "signing in with another's device": (
        then(*said("approver2", signed_in(1, official="approver2"))),
        [("otp.device", "more", "device DEV-approver is not approver2's")],
    ),
    "signing in with no device": (
        then(*said("approver", signed_in(1, device="DEV-9"))),
        [("otp.device", "more", "device DEV-9 is not approver's")],
    ),
    "a recovery code that names a device": (
        then(*said("approver", signed_in(1, factor="recovery"))),
        [("otp.device", "more", "approver signed in by recovery and names a device")],
    ),
    "a recovery code that spends a step": (
        then(*said("approver", signed_in(1, factor="recovery", device=""))),
        [("otp.device", "more", "approver signed in by recovery and names a device")],
    ),
    "a second device": (
        then(*said("approver", enrolled("approver", "DEV-9"))),
        [("factor.second", "more", "approver enrolled DEV-9 beside another device")],
    ),
    "a device of another's name": (
        both(until("people"), then(*said("verifier", enrolled("verifier", "DEV-approver")))),
        [("factor.second", "more", "verifier enrolled DEV-approver beside another device")],
    ),
    "a new device that need not wait": (
        then(*said("verifier", enrolled("verifier", "DEV-9", NOW + dt.timedelta(hours=72, microseconds=-1)))),
        [("factor.wait", "more", "DEV-9 may approve at once, not after 72 hours")],
    ),
    "a device that approves before it was there": (
        both(until("people"), device_from(BEGAN - dt.timedelta(microseconds=1))),
        [("factor.wait", "people.57", "DEV-approver may approve at once, not after 0 hours")],
    ),
    "a revoked device approves": (
        both(until("approve"), before("draft", *reset())),
        [("otp.device", "approve", "device DEV-approver is not approver's")],
    ),
    "a revoked device signs in": (
        both(until("people"), then(*reset(), *said("approver", signed_in(1)))),
        [("otp.device", "more.2", "device DEV-approver is not approver's")],
    ),
    "a reset nobody asked for": (
        then(*reset()[1:]),
        [("factor.reset_unasked", "more", "RST-1 was granted and not asked for")],
    ),
    "a reset granted otherwise": (
        then(*reset(granted={"factor": "password"})),
        [("factor.reset_unasked", "more.1", "RST-1 was granted otherwise than asked for")],
    ),
    "a reset by one person": (
        then(*reset(by="admin")),
        [
            ("factor.reset_alone", "more.1", "factors of approver were reset by one person"),
            ("factor.reset_unit", "more.1", "admin and admin work in one unit"),
        ],
    ),
    "a reset by its owner": (
        then(*reset(owner="admin2")),
        [("factor.reset_alone", "more.1", "factors of admin2 were reset by one person")],
    ),
    "a reset by two of one unit": (
        both(until("people"), both(same_unit(), then(*reset()))),
        [("factor.reset_unit", "more.1", "admin2 and admin work in one unit")],
    ),
    "a reset by who has a hand in what waits": (
        both(
            until("submit"),
            both(
                both(hands_over("operator", "admin"), on(YESTERDAY, "funds", "due", "draft", "submit")),
                then(*reset(by="operator")),
            ),
        ),
        [("factor.reset_entangled", "more.1", "operator has a hand in BTC-1, which waits")],
    ),
    "a reset without a decree": (
        then(*reset(decree=" ")),
        [("factor.reset_paper", "more", "RST-1 of approver has no SK or no factor")],
    ),
    "a reset of no factor": (
        then(*reset(factor="iris")),
        [("factor.reset_paper", "more", "RST-1 of approver has no SK or no factor")],
    ),
    "a reset asked for twice": (
        then(*reset()[:1], *reset()[:1]),
        [("factor.reset_twice", "more.1", "RST-1 was asked for twice")],
    ),
    "a refusal of no reset": (
        then(*said("admin2", officials.FactorResetRefused(reset="RST-9", reason=""))),
        [("factor.reset_unasked", "more", "RST-9 was refused and not asked for")],
    ),
    "a role granted by the name of a reset": (
        then(
            *reset()[:1],
            *said("admin2", grant_of("field", "treasurer", reference="RST-1", founding=0, requested_by="admin")),
        ),
        [("role.unasked", "more.1", "RST-1 was granted and not asked for")],
    ),
    "a reset granted by the name of a role": (
        then(*said("admin", request_of(grant_of("field", "treasurer", reference="RST-1"))), *reset()[1:]),
        [("factor.reset_unasked", "more.1", "RST-1 was granted and not asked for")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)
