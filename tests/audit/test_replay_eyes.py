"""Replay of who takes which step of a batch: four eyes beyond its steps, enough approvers, no hand in what waits."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.facts import money, officials, paying
from tests.audit.lies import (
    YESTERDAY,
    Cheat,
    actor,
    agreed,
    at,
    before,
    both,
    change,
    drop,
    hands_over,
    leave_out,
    on,
    promoted,
    put_before,
    stand_in,
    then,
    two_approvers,
    until,
)
from tests.audit.replaying import LINES, answer, rate, shown_and_approved, story
from tests.audit.told import DAY, Expected, Said, Story, broken, digest_of, expected, move, said

OTHER = digest_of(LINES[:1])
RATE = rate(400_000, DAY + dt.timedelta(1))[0].fact


def rejection(
    *,
    batch: str = "BTC-1",
    step: str = "verify",
    outcome: str = "rejected",
    moves: tuple[money.Move, ...] = (move("APBD-1", "reserved", "allocated", 600_000),),
) -> paying.BatchRejected:
    """Refuse a batch."""
    return paying.BatchRejected(batch=batch, step=step, outcome=outcome, reason="daftar salah", moves=moves)


def limited(*limits: tuple[int, int]) -> Cheat:
    """Let the founding's policy have these limits."""
    rows = tuple(money.ApprovalLimit(*limit) for limit in limits)
    return both(change("people", -5, limits=rows), change("people", -4, limits=rows))


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "the maker verifies": (
        actor("verify", "operator"),
        [
            ("authority.role", "verify", "operator did BatchVerified without verifier"),
            ("four_eyes", "verify", "operator did BatchVerified of BTC-1, being its maker"),
            ("shaped", "verify", "operator did BatchVerified of BTC-1, having shaped what it pays"),
        ],
    ),
    "an approver pays": (
        actor("send", "approver"),
        [
            ("authority.role", "send", "approver did PaymentInstructed without treasurer"),
            ("four_eyes", "send", "approver did PaymentInstructed of BTC-1, being its approver"),
        ],
    ),
    "the maker pays": (
        actor("send", "operator"),
        [
            ("authority.role", "send", "operator did PaymentInstructed without treasurer"),
            ("four_eyes", "send", "operator did PaymentInstructed of BTC-1, being its maker"),
            ("shaped", "send", "operator did PaymentInstructed of BTC-1, having shaped what it pays"),
        ],
    ),
    "the answer is read by who verified": (
        both(until("answer"), both(before("draft", *promoted("verifier", "treasurer")), actor("answer", "verifier"))),
        [("four_eyes", "answer", "verifier did ResultImported of BTC-1, being its verifier")],
    ),
    "sent without an approval": (
        leave_out("challenge", "approve"),
        [
            ("batch.state", "send", "PaymentInstructed of BTC-1 while verified, not approved"),
            ("batch.unapproved", "send", "BTC-1 was sent with 0 of 1 approvals"),
        ],
    ),
    "fewer approvers than the policy": (
        both(until("submit"), change("submit", 0, approvers=0)),
        [("policy.approvers", "submit", "BTC-1 needs 1 approvers, asks 0")],
    ),
    "more approvers than the policy": (
        both(until("submit"), change("submit", 0, approvers=2)),
        [("policy.approvers", "submit", "BTC-1 needs 1 approvers, asks 2")],
    ),
    "called complete too early": (
        both(until("approve"), both(two_approvers(), change("submit", 0, approvers=2))),
        [("policy.complete", "approve", "BTC-1 has 1 of 2 approvals and is called complete")],
    ),
    "not called complete": (
        both(until("approve"), change("approve", complete=False)),
        [("policy.complete", "approve", "BTC-1 has 1 of 1 approvals and is called incomplete")],
    ),
    "sent after one of two approvals": (
        both(
            until("send"),
            both(two_approvers(), both(change("submit", 0, approvers=2), change("approve", complete=False))),
        ),
        [
            ("batch.state", "send", "PaymentInstructed of BTC-1 while verified, not approved"),
            ("batch.unapproved", "send", "BTC-1 was sent with 1 of 2 approvals"),
        ],
    ),
    "an unknown policy": (
        both(until("submit"), change("submit", 0, policy="POL-9")),
        [
            ("policy.in_force", "submit", "BTC-1 pins POL-9; in force is POL-1"),
            ("policy.approvers", "submit", "BTC-1 needs 0 approvers, asks 1"),
        ],
    ),
    "an unknown policy that asks for nobody": (
        both(until("submit"), change("submit", 0, policy="POL-9", approvers=0)),
        [
            ("policy.in_force", "submit", "BTC-1 pins POL-9; in force is POL-1"),
            ("policy.approvers", "submit", "BTC-1 needs 0 approvers, asks 0"),
        ],
    ),
    "a policy before there was any": (
        both(until("submit"), drop("people", -5), drop("people", -4)),
        [
            ("policy.in_force", "submit", "BTC-1 pins POL-1; in force is none"),
            ("policy.approvers", "submit", "BTC-1 needs 0 approvers, asks 1"),
        ],
    ),
    "too few for a total that a limit names": (
        both(until("submit"), limited((0, 1), (600_000, 2))),
        [("policy.approvers", "submit", "BTC-1 needs 2 approvers, asks 1")],
    ),
    "a total below every limit": (
        both(until("submit"), limited((600_001, 1))),
        [
            ("policy.limits", "people.59", "the limits of POL-1 do not rise from zero, or ask for nobody"),
            ("policy.approvers", "submit", "BTC-1 needs 0 approvers, asks 1"),
        ],
    ),
    "an older policy": (
        both(until("submit"), before("draft", *agreed("POL-2", since=DAY))),
        [
            ("policy.since", "more.1", "policy POL-2 holds from 2021-08-05, not from the next day on"),
            ("policy.in_force", "submit", "BTC-1 pins POL-1; in force is POL-2"),
        ],
    ),
    "rejected by its maker": (
        both(until("submit"), then(*said("operator", rejection()))),
        [
            ("four_eyes", "more", "operator did BatchRejected of BTC-1, being its maker"),
            ("shaped", "more", "operator did BatchRejected of BTC-1, having shaped what it pays"),
            ("authority.role", "more", "operator did BatchRejected without verifier"),
        ],
    ),
    "an approval of nothing": (
        both(until("challenge"), then(*said("approver", shown_and_approved("BTC-9", OTHER, 1, 1)[1]))),
        [
            ("otp.challenge", "more", "approval of BTC-9 answers no challenge of approver"),
            ("batch.unknown", "more", "ApprovalGiven of batch BTC-9, which nobody drafted"),
        ],
    ),
    "who set the rate verifies": (
        both(
            until("verify"),
            both(
                before("due", *promoted("verifier2", "operator"), *said("verifier2", RATE)),
                actor("verify", "verifier2"),
            ),
        ),
        [("shaped", "verify", "verifier2 did BatchVerified of BTC-1, having shaped what it pays")],
    ),
    "who determined what is due pays": (
        both(
            until("send"),
            both(
                before("due", *promoted("verifier2", "operator", "treasurer")),
                both(at("due", 1, "verifier2"), actor("send", "verifier2")),
            ),
        ),
        [("shaped", "send", "verifier2 did PaymentInstructed of BTC-1, having shaped what it pays")],
    ),
    "who agreed to the policy verifies": (
        both(until("verify"), both(before("draft", *promoted("founder", "verifier")), actor("verify", "founder"))),
        [("shaped", "verify", "founder did BatchVerified of BTC-1, having shaped what it pays")],
    ),
    "rejected by an approver before it was verified": (
        both(until("submit"), then(*said("approver2", rejection()))),
        [("authority.role", "more", "approver2 did BatchRejected without verifier")],
    ),
    "rejected by a verifier after they verified": (
        both(until("verify"), then(*said("verifier2", rejection(step="approve")))),
        [("authority.role", "more", "verifier2 did BatchRejected without approver")],
    ),
    "the Plt of the maker verifies": (
        both(until("verify"), before("draft", *stand_in("verifier", "operator"))),
        [
            ("four_eyes", "verify", "verifier did BatchVerified of BTC-1, being its maker"),
            ("shaped", "verify", "verifier did BatchVerified of BTC-1, having shaped what it pays"),
        ],
    ),
    "the maker is the Plt of the verifier": (
        both(until("verify"), before("draft", *stand_in("operator", "verifier"))),
        [
            ("four_eyes", "verify", "verifier did BatchVerified of BTC-1, being its maker"),
            ("shaped", "verify", "verifier did BatchVerified of BTC-1, having shaped what it pays"),
        ],
    ),
    "who was the maker's Plt last month verifies": (
        both(until("verify"), before("draft", *stand_in("verifier", "operator", until=DAY - dt.timedelta(90)))),
        [
            ("four_eyes", "verify", "verifier did BatchVerified of BTC-1, being its maker"),
            ("shaped", "verify", "verifier did BatchVerified of BTC-1, having shaped what it pays"),
        ],
    ),
    "the Plt of the maker's Plt verifies": (
        both(until("verify"), before("draft", *stand_in("verifier2", "operator"), *stand_in("verifier", "verifier2"))),
        [
            ("four_eyes", "verify", "verifier did BatchVerified of BTC-1, being its maker"),
            ("shaped", "verify", "verifier did BatchVerified of BTC-1, having shaped what it pays"),
        ],
    ),
    "who becomes the maker's Plt after verifying pays for it": (
        both(
            until("send"),
            both(
                before("draft", *promoted("verifier2", "treasurer")),
                both(before("send", *stand_in("verifier2", "approver")), actor("send", "verifier2")),
            ),
        ),
        [
            ("authority.role", "send", "verifier2 did PaymentInstructed without treasurer"),
            ("four_eyes", "send", "verifier2 did PaymentInstructed of BTC-1, being its approver"),
        ],
    ),
    "the verifier is shown the batch and approves": (
        both(until("approve"), both(actor("challenge", "verifier"), actor("approve", "verifier"))),
        [
            ("authority.role", "challenge", "verifier did ChallengeOpened without approver"),
            ("four_eyes", "challenge", "verifier did ChallengeOpened of BTC-1, being its verifier"),
            ("authority.role", "approve", "verifier did ApprovalGiven without approver"),
            ("otp.device", "approve", "device DEV-approver is not verifier's"),
            ("four_eyes", "approve", "verifier did ApprovalGiven of BTC-1, being its verifier"),
        ],
    ),
    "verified by nobody": (
        both(until("verify"), actor("verify", "")),
        [("authority.nobody", "verify", "BatchVerified was done by no official")],
    ),
    "who only drafted it verifies": (
        both(
            until("verify"),
            before("draft", *promoted("verifier2", "operator")),
            both(actor("draft", "verifier2"), actor("verify", "verifier2")),
        ),
        [("four_eyes", "verify", "verifier2 did BatchVerified of BTC-1, being its maker")],
    ),
    "who only submitted it verifies": (
        both(
            until("verify"),
            before("draft", *promoted("verifier2", "operator")),
            both(actor("submit", "verifier2"), actor("verify", "verifier2")),
        ),
        [("four_eyes", "verify", "verifier2 did BatchVerified of BTC-1, being its maker")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)


def reset_by(who: str) -> list[Said]:
    """Let the first administrator ask for a reset and another official grant it."""
    asked = officials.FactorResetRequested(reset="RST-1", official="approver2", factor="device", decree="SK 9")
    granted = officials.FactorResetGranted(reset="RST-1", official="approver2", factor="device", requested_by="admin")
    return said("admin", asked) + said(who, granted)


def yesterday(told: Story, who: str) -> Story:
    """Let everything so far be of yesterday, and a participant be an administrator from today on."""
    done = [step for step in told if step != "people"]
    return both(hands_over(who, "admin"), on(YESTERDAY, *done))(told)


@pytest.mark.parametrize(("step", "who"), [("submit", "operator"), ("verify", "verifier"), ("approve", "approver")])
def test_who_took_a_step_of_what_waits_decides_no_reset(step: str, who: str) -> None:
    """THREATS 2: a factor reset by a participant would let the participant approve."""
    told = yesterday(until(step)(story()), who) | {"reset": reset_by(who)}
    sentence = f"{who} has a hand in BTC-1, which waits"
    assert broken(told) == expected(told, ("factor.reset_entangled", "reset.1", sentence))


def test_who_only_drafted_what_waits_decides_no_reset() -> None:
    """THREATS 2: a draft is a hand in it, whoever submitted it."""
    told = put_before(until("submit")(story()), "draft", "grants", promoted("verifier2", "operator"))
    told = yesterday(actor("submit", "verifier2")(told), "operator") | {"reset": reset_by("operator")}
    sentence = "operator has a hand in BTC-1, which waits"
    assert broken(told) == expected(told, ("factor.reset_entangled", "reset.1", sentence))


@pytest.mark.parametrize(
    "ended",
    [
        [],
        said("verifier", rejection()),
        said("operator", paying.BatchCancelled(batch="BTC-1", reason="salah sekali", moves=rejection().moves)),
    ],
    ids=["sent", "rejected", "cancelled"],
)
def test_a_batch_that_has_ended_binds_nobody(ended: list[Said]) -> None:
    """Sent, rejected or withdrawn, it waits for no code any more; its maker may decide on a reset."""
    told = until("submit" if ended else "send")(story())
    told |= {"ended": ended}
    told = yesterday(told, "operator") | {"reset": reset_by("operator")}
    assert broken(told) == []


def test_who_shapes_what_is_paid_takes_no_further_step() -> None:
    """Found separate in the morning, and at the rates by noon: whoever reads the second answer is asked anew."""
    told = both(until("send"), before("due", *promoted("treasurer", "operator")))(story())
    uncertain = paying.PaymentsUnknown(
        batch="BTC-1", result="RES-1", unknown=(paying.LineOutcome(1, 300_000, "UNKNOWN"),)
    )
    told["answer"] = answer(uncertain, matched=1)
    told["rate"] = said("treasurer", RATE)
    told["again"] = answer(matched=0, result="RES-22", inquiry=True)
    sentence = "treasurer did ResultImported of BTC-1, having shaped what it pays"
    assert broken(told) == expected(told, ("shaped", "again", sentence))


@pytest.mark.parametrize("place", [3, 4, 5], ids=["programme", "rate", "ceiling"])
def test_who_set_what_a_programme_pays_verifies_none_of_it(place: int) -> None:
    """THREATS 3: its definition, its rate and its ceiling each decide what is paid to whom."""
    told = put_before(until("verify")(story()), "funds", "grants", promoted("verifier2", "operator"))
    told = both(at("funds", place, "verifier2"), actor("verify", "verifier2"))(told)
    sentence = "verifier2 did BatchVerified of BTC-1, having shaped what it pays"
    assert broken(told) == expected(told, ("shaped", "verify", sentence))
