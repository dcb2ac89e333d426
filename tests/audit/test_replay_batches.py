"""Replay of a batch's way: drafted, frozen, shown and sent as one thing; each entitlement is paid once."""

from __future__ import annotations

import pytest

from audit.facts import money, paying
from tests.audit.lies import (
    Cheat,
    actor,
    again,
    alongside,
    before,
    both,
    change,
    leave_out,
    line,
    second,
    then,
    until,
)
from tests.audit.replaying import LINES, batch, shown_and_approved, story
from tests.audit.told import Expected, Story, broken, digest_of, expected, move, said

OTHER = digest_of(LINES[:1])
ASIDE = paying.LineSetAside(batch="BTC-1", line=1, reason="by_hand")
OTHER_ASIDE = paying.LineSetAside(batch="BTC-1", line=2, reason="by_hand")


def stray() -> Cheat:
    """Put lines of another batch before a batch's own."""

    def cheat(told: Story) -> Story:
        submitted, frozen = told["submit"]
        return told | {"submit": [submitted, frozen.but(batch="BTC-9"), frozen]}

    return cheat


def rejection(
    *,
    batch: str = "BTC-1",
    step: str = "verify",
    outcome: str = "rejected",
    moves: tuple[money.Move, ...] = (move("APBD-1", "reserved", "allocated", 600_000),),
) -> paying.BatchRejected:
    """Refuse a batch."""
    return paying.BatchRejected(batch=batch, step=step, outcome=outcome, reason="daftar salah", moves=moves)


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "the verifier approves": (
        actor("approve", "verifier"),
        [
            ("authority.role", "approve", "verifier did ApprovalGiven without approver"),
            ("otp.challenge", "approve", "approval of BTC-1 answers no challenge of verifier"),
            ("four_eyes", "approve", "verifier did ApprovalGiven of BTC-1, being its verifier"),
        ],
    ),
    "approved without being verified": (
        leave_out("verify"),
        [
            ("batch.state", "challenge", "BTC-1 was shown while submitted, not verified"),
            ("batch.state", "approve", "ApprovalGiven of BTC-1 while submitted, not verified"),
        ],
    ),
    "submitted without a draft": (
        both(until("submit"), leave_out("draft")),
        [("batch.unknown", "submit", "BatchSubmitted of batch BTC-1, which nobody drafted")],
    ),
    "verified before it was submitted": (
        both(until("verify"), leave_out("submit")),
        [
            ("batch.state", "verify", "BatchVerified of BTC-1 while draft, not submitted"),
            ("batch.digest", "verify", "BTC-1 was verified under another digest"),
        ],
    ),
    "drafted twice": (again("draft"), [("batch.twice", "again", "batch BTC-1 was drafted twice")]),
    "drafted for a programme nobody defined": (
        both(until("draft"), change("draft", program="BLT")),
        [("batch.programme", "draft", "BTC-1 pays IDR for BLT")],
    ),
    "drafted in another commodity": (
        both(until("draft"), change("draft", commodity="BERAS")),
        [
            ("batch.programme", "draft", "BTC-1 pays BERAS for BST"),
            ("batch.channel", "draft", "BTC-1 sends BERAS by bank"),
        ],
    ),
    "sent by a channel money does not take": (
        both(until("draft"), change("draft", channel="goods")),
        [("batch.channel", "draft", "BTC-1 sends IDR by goods")],
    ),
    "submitted for another period": (
        both(until("submit"), change("submit", period="2021-09")),
        [("batch.other", "submit", "BTC-1 was submitted for another purpose than drafted")],
    ),
    "submitted by another channel": (
        both(until("submit"), change("submit", channel="cash")),
        [("batch.other", "submit", "BTC-1 was submitted for another purpose than drafted")],
    ),
    "more lines than were drafted": (
        both(until("submit"), change("draft", lines=1)),
        [("batch.lines", "submit", "BTC-1 lists 1 lines and submits 2")],
    ),
    "approved under another digest": (
        change("approve", digest=OTHER),
        [
            ("otp.content", "approve", "the code was bound to other content of BTC-1"),
            ("batch.digest", "approve", "BTC-1 was approved under another digest, count or total"),
        ],
    ),
    "approved for another total": (
        change("approve", total=1),
        [
            ("otp.content", "approve", "the code was bound to other content of BTC-1"),
            ("batch.digest", "approve", "BTC-1 was approved under another digest, count or total"),
        ],
    ),
    "verified under another digest": (
        both(until("verify"), change("verify", digest=OTHER)),
        [("batch.digest", "verify", "BTC-1 was verified under another digest")],
    ),
    "shown under another digest": (
        both(until("challenge"), change("challenge", batches=(paying.BoundBatch("BTC-1", OTHER, 2, "IDR", 600_000),))),
        [("batch.digest", "challenge", "BTC-1 was shown with another digest, count or total")],
    ),
    "shown before it was verified": (
        leave_out("verify", "approve", "send", "answer", "receipt"),
        [("batch.state", "challenge", "BTC-1 was shown while submitted, not verified")],
    ),
    "a batch nobody drafted is shown before one that is not as it was": (
        both(
            until("challenge"),
            change(
                "challenge",
                batches=(
                    paying.BoundBatch("BTC-9", OTHER, 1, "IDR", 1),
                    paying.BoundBatch("BTC-1", OTHER, 2, "IDR", 600_000),
                ),
            ),
        ),
        [
            ("batch.unknown", "challenge", "ChallengeOpened of batch BTC-9, which nobody drafted"),
            ("batch.digest", "challenge", "BTC-1 was shown with another digest, count or total"),
        ],
    ),
    "a batch nobody drafted is shown": (
        both(until("verify"), then(*said("approver", shown_and_approved("BTC-9", OTHER, 1, 1)[0]))),
        [("batch.unknown", "more", "ChallengeOpened of batch BTC-9, which nobody drafted")],
    ),
    "sent with another total": (
        change("send", total=599_999),
        [("batch.digest", "send", "BTC-1 was sent with another digest, count, total or channel")],
    ),
    "sent by another channel": (
        change("send", channel="cash"),
        [("batch.digest", "send", "BTC-1 was sent with another digest, count, total or channel")],
    ),
    "sent twice": (
        again("send"),
        [
            ("batch.state", "again", "PaymentInstructed of BTC-1 while sent, not approved"),
            ("batch.instruction", "again", "INS-BTC-1 was given twice"),
            ("value.below_zero", "again", "APBD-1/BST/reserved held 0 IDR, not 600000"),
        ],
    ),
    "an instruction given twice": (
        both(
            both(until("send"), second("BTC-2", through="approve")),
            then(*(each.but(instruction="INS-BTC-1") for each in batch("BTC-2", (line(1, 103),))["send"])),
        ),
        [("batch.instruction", "more", "INS-BTC-1 was given twice")],
    ),
    "lines in another order": (
        both(until("submit"), change("submit", 1, frozen=LINES[::-1])),
        [
            ("batch.line", "submit.1", "line 1 of BTC-1 comes twice, out of order, or was set aside"),
            ("batch.digest", "submit", "the lines of BTC-1 do not hash to its digest"),
            ("batch.total", "submit", "BTC-1 claims 2 lines of 600000 in all"),
        ],
    ),
    "a line of another source": (
        both(until("submit"), change("submit", 1, frozen=(LINES[0], line(2, 102, source="BTT-1")))),
        [
            ("batch.digest", "submit", "the lines of BTC-1 do not hash to its digest"),
            ("batch.sources", "submit", "lines of BTC-1 name other sources than the batch"),
        ],
    ),
    "a total that is not its lines": (
        both(until("submit"), change("submit", 0, total=500_000)),
        [("batch.total", "submit", "BTC-1 claims 2 lines of 500000 in all")],
    ),
    "sources that are not the total": (
        both(until("submit"), change("submit", 0, sources=(paying.SourceShare("APBD-1", 1),))),
        [
            (
                "value.moves",
                "submit",
                (
                    "BatchSubmitted moves 600000 IDR APBD-1/BST/allocated → APBD-1/BST/reserved; "
                    "due is 1 IDR APBD-1/BST/allocated → APBD-1/BST/reserved"
                ),
            ),
            ("batch.sources", "submit", "lines of BTC-1 name other sources than the batch"),
        ],
    ),
    "a source named twice": (
        both(
            until("submit"),
            change("submit", 0, sources=(paying.SourceShare("APBD-1", 1), paying.SourceShare("APBD-1", 600_000))),
        ),
        [("batch.sources", "submit", "lines of BTC-1 name other sources than the batch")],
    ),
    "more reserved than the batch": (
        both(until("submit"), change("submit", 0, moves=(move("APBD-1", "allocated", "reserved", 700_000),))),
        [
            (
                "value.moves",
                "submit",
                (
                    "BatchSubmitted moves 700000 IDR APBD-1/BST/allocated → APBD-1/BST/reserved; "
                    "due is 600000 IDR APBD-1/BST/allocated → APBD-1/BST/reserved"
                ),
            )
        ],
    ),
    "nothing reserved": (
        both(until("submit"), change("submit", 0, moves=())),
        [
            (
                "value.moves",
                "submit",
                ("BatchSubmitted moves nothing; due is 600000 IDR APBD-1/BST/allocated → APBD-1/BST/reserved"),
            )
        ],
    ),
    "a line frozen twice": (
        both(until("submit"), change("submit", 1, frozen=(LINES[0], LINES[0]))),
        [
            ("batch.line", "submit.1", "line 1 of BTC-1 comes twice, out of order, or was set aside"),
            ("batch.digest", "submit", "the lines of BTC-1 do not hash to its digest"),
            ("batch.total", "submit", "BTC-1 claims 2 lines of 600000 in all"),
        ],
    ),
    "a line frozen twice before another": (
        both(until("submit"), change("submit", 1, frozen=(LINES[0], *LINES))),
        [
            ("batch.line", "submit.1", "line 1 of BTC-1 comes twice, out of order, or was set aside"),
            ("batch.digest", "submit", "the lines of BTC-1 do not hash to its digest"),
            ("batch.sources", "submit", "lines of BTC-1 name other sources than the batch"),
        ],
    ),
    "lines of another batch frozen before its own": (
        both(until("submit"), stray()),
        [("batch.frozen", "submit.1", "lines of BTC-9 were frozen without being submitted")],
    ),
    "submitted from a source of another kind": (
        both(until("submit"), change("funds", 3, allowed_sources=("btt",))),
        [
            ("programme.source", "funds.5", "BST may not be paid from APBD-1"),
            ("programme.source", "funds.8", "BST may not be paid from APBD-1"),
            ("programme.source", "submit", "BST may not be paid from APBD-1"),
        ],
    ),
    "lines frozen by themselves": (
        then(*said("operator", paying.LinesFrozen(batch="BTC-1", first=3, frozen=(line(3, 103),)))),
        [("batch.frozen", "more", "lines of BTC-1 were frozen without being submitted")],
    ),
    "lines of another batch frozen with it": (
        both(until("submit"), alongside("submit", paying.LinesFrozen(batch="BTC-9", first=3, frozen=(line(3, 103),)))),
        [("batch.frozen", "submit.2", "lines of BTC-9 were frozen without being submitted")],
    ),
    "a line set aside and frozen": (
        both(until("submit"), before("submit", *said("operator", ASIDE))),
        [
            ("batch.lines", "submit", "BTC-1 lists 1 lines and submits 2"),
            ("batch.line", "submit.1", "line 1 of BTC-1 comes twice, out of order, or was set aside"),
            ("batch.total", "submit", "BTC-1 claims 2 lines of 600000 in all"),
        ],
    ),
    "two lines set aside and submitted": (
        both(until("submit"), before("submit", *said("operator", ASIDE), *said("operator", OTHER_ASIDE))),
        [
            ("batch.lines", "submit", "BTC-1 lists 0 lines and submits 2"),
            ("batch.line", "submit.1", "line 1 of BTC-1 comes twice, out of order, or was set aside"),
            ("batch.line", "submit.1", "line 2 of BTC-1 comes twice, out of order, or was set aside"),
            ("batch.total", "submit", "BTC-1 claims 2 lines of 600000 in all"),
        ],
    ),
    "a line set aside twice": (
        both(until("draft"), then(*said("operator", ASIDE), *said("operator", ASIDE))),
        [("batch.aside", "more.1", "line 1 of BTC-1 was set aside before")],
    ),
    "a line set aside after the freeze": (
        both(until("submit"), then(*said("operator", ASIDE))),
        [("batch.state", "more", "LineSetAside of BTC-1 while submitted, not draft or sent_back")],
    ),
    "a line of a batch nobody drafted set aside": (
        then(*said("operator", paying.LineSetAside(batch="BTC-9", line=1, reason="by_hand"))),
        [("batch.unknown", "more", "LineSetAside of batch BTC-9, which nobody drafted")],
    ),
    "rejected at the wrong step": (
        both(until("verify"), then(*said("approver2", rejection(step="verify")))),
        [("batch.rejection", "more", "BTC-1 was rejected at verify, due is approve")],
    ),
    "rejected with another outcome": (
        both(until("submit"), then(*said("verifier", rejection(outcome="burnt")))),
        [("batch.rejection", "more", "BTC-1 was burnt at verify, due is verify")],
    ),
    "rejected after it was sent": (
        both(until("send"), then(*said("approver2", rejection(step="approve", moves=())))),
        [("batch.state", "more", "BatchRejected of BTC-1 while sent, not submitted or verified or approved")],
    ),
    "a rejection of nothing": (
        then(*said("verifier", rejection(batch="BTC-9"))),
        [("batch.unknown", "more", "BatchRejected of batch BTC-9, which nobody drafted")],
    ),
    "rejected and its value kept": (
        both(until("submit"), then(*said("verifier", rejection(moves=())))),
        [
            (
                "value.moves",
                "more",
                ("BatchRejected moves nothing; due is 600000 IDR APBD-1/BST/reserved → APBD-1/BST/allocated"),
            )
        ],
    ),
    "withdrawn after it was sent": (
        both(
            until("send"),
            then(*said("operator", paying.BatchCancelled(batch="BTC-1", reason="salah sekali", moves=()))),
        ),
        [
            (
                "batch.state",
                "more",
                "BatchCancelled of BTC-1 while sent, not draft or sent_back or submitted or verified or approved",
            )
        ],
    ),
    "a withdrawal of nothing": (
        then(*said("operator", paying.BatchCancelled(batch="BTC-9", reason="salah sekali", moves=()))),
        [("batch.unknown", "more", "BatchCancelled of batch BTC-9, which nobody drafted")],
    ),
    "a verification of nothing": (
        then(*said("verifier", paying.BatchVerified(batch="BTC-9", digest=OTHER))),
        [("batch.unknown", "more", "BatchVerified of batch BTC-9, which nobody drafted")],
    ),
    "a submission of nothing": (
        then(*(each.but(batch="BTC-9") for each in batch("BTC-9")["submit"])),
        [("batch.unknown", "more", "BatchSubmitted of batch BTC-9, which nobody drafted")],
    ),
    "a payment of nothing": (
        then(*(each.but(moves=()) for each in batch("BTC-9")["send"])),
        [("batch.unknown", "more", "PaymentInstructed of batch BTC-9, which nobody drafted")],
    ),
    "a draft of a programme nobody defined is shown": (
        both(until("draft"), change("draft", program="BLT"), then(*batch()["challenge"])),
        [
            ("batch.programme", "draft", "BTC-1 pays IDR for BLT"),
            ("batch.state", "more", "BTC-1 was shown while draft, not verified"),
            ("batch.digest", "more", "BTC-1 was shown with another digest, count or total"),
        ],
    ),
    "submitted anew after it was rejected for good": (
        both(until("submit"), then(*said("verifier", rejection()), *batch()["submit"])),
        [("batch.state", "more.1", "BatchSubmitted of BTC-1 while rejected, not draft or sent_back")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)
