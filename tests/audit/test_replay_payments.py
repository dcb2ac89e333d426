"""Replay of what became of each line: by a channel's answer, or handed over before witnesses."""

from __future__ import annotations

import pytest

from audit.facts import Fact, paying
from audit.facts.restoring import BatchRestored, RestoreDeclared
from tests.audit.lies import Cheat, after, both, change, promoted, then, until
from tests.audit.replaying import ONE, TWO, answer, confirmed, failed, story
from tests.audit.told import COMMITMENT, Expected, broken, expected, move, said

TWO_OF_ONE = paying.LineOutcome(1, 300_000, "ACCOUNT_INVALID")
ONE_AWAY = paying.LineOutcome(1, 300_000, "RECIPIENT_ABSENT")
AWAY = paying.LineOutcome(2, 300_000, "RECIPIENT_ABSENT")


def unknown(*, batch: str = "BTC-1", result: str = "RES-1", amount: int = 300_000) -> paying.PaymentsUnknown:
    """Let nobody know what became of the first line."""
    outcome = paying.LineOutcome(1, amount, "UNKNOWN")
    return paying.PaymentsUnknown(batch=batch, result=result, unknown=(outcome,))


def held(*, batch: str = "BTC-1", result: str = "RES-1", outcome: str = "AMOUNT_MISMATCH") -> paying.LinesHeld:
    """Hold the first line for an answer of one rupiah."""
    return paying.LinesHeld(batch=batch, result=result, held=(paying.LineOutcome(1, 1, outcome),))


def handed(*, batch: str = "BTC-1", witnesses: int = 2) -> paying.GoodsHandedOver:
    """Hand the first line over."""
    moves = (move("APBD-1", "in_transit", "delivered", 300_000),)
    return paying.GoodsHandedOver(batch=batch, handover="HND-1", handed=(ONE,), witnesses=witnesses, moves=moves)


def by_hand() -> Cheat:
    """Let the batch be sent in cash, and nothing be answered yet."""
    cash = [change(step, channel="cash") for step in ("draft", "submit", "send")]
    return both(until("send"), *cash)


def collected(instruction: str = "INS-BTC-1", *, lines: int = 2) -> paying.FileCollected:
    """Take a file out."""
    return paying.FileCollected(instruction=instruction, file=COMMITMENT, lines=lines)


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "confirmed twice": (
        then(*answer(confirmed(ONE, result="RES-22"), matched=1, result="RES-22", inquiry=True)),
        [
            ("line.state", "more.1", "line 1 of BTC-1 is delivered, cannot be delivered"),
            (
                "value.moves",
                "more.1",
                ("PaymentsConfirmed moves 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/delivered; due is nothing"),
            ),
            ("value.below_zero", "more.1", "APBD-1/BST/in_transit held 0 IDR, not 300000"),
        ],
    ),
    "confirmed after it failed": (
        then(
            *answer(
                confirmed(paying.LineOutcome(2, 300_000, "SUCCESS"), result="RES-22"),
                matched=1,
                result="RES-22",
                inquiry=True,
            )
        ),
        [
            ("line.state", "more.1", "line 2 of BTC-1 is failed, cannot be delivered"),
            (
                "value.moves",
                "more.1",
                ("PaymentsConfirmed moves 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/delivered; due is nothing"),
            ),
            ("value.below_zero", "more.1", "APBD-1/BST/in_transit held 0 IDR, not 300000"),
        ],
    ),
    "confirmed for another amount": (
        change("answer", 1, confirmed=(paying.LineOutcome(1, 299_999, "SUCCESS"),)),
        [("line.amount", "answer.1", "line 1 of BTC-1 was 300000, not 299999")],
    ),
    "confirmed without a move": (
        change("answer", 1, moves=()),
        [
            (
                "value.moves",
                "answer.1",
                ("PaymentsConfirmed moves nothing; due is 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/delivered"),
            )
        ],
    ),
    "confirmed with the value kept": (
        change("answer", 1, moves=(move("APBD-1", "in_transit", "allocated", 300_000),)),
        [
            (
                "value.moves",
                "answer.1",
                (
                    "PaymentsConfirmed moves 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/allocated; "
                    "due is 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/delivered"
                ),
            )
        ],
    ),
    "confirmed by a failure": (
        change("answer", 1, confirmed=(paying.LineOutcome(1, 300_000, "ACCOUNT_INVALID"),)),
        [("line.outcome", "answer.1", "line 1 of BTC-1 is delivered by ACCOUNT_INVALID")],
    ),
    "failed by a success": (
        change("answer", 2, failed=(paying.LineOutcome(2, 300_000, "SUCCESS"),)),
        [("line.outcome", "answer.2", "line 2 of BTC-1 is failed by SUCCESS")],
    ),
    "outcome of a line nobody froze": (
        change("answer", 1, confirmed=(paying.LineOutcome(9, 300_000, "SUCCESS"),)),
        [
            ("line.state", "answer.1", "line 9 of BTC-1 is unknown to the log, cannot be delivered"),
            (
                "value.moves",
                "answer.1",
                ("PaymentsConfirmed moves 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/delivered; due is nothing"),
            ),
            ("receipt.unpaid", "receipt", "receipt r1: BTC-1 delivered no such amount"),
        ],
    ),
    "outcome of an unknown batch": (
        change("answer", 1, batch="BTC-9"),
        [
            ("batch.unknown", "answer.1", "PaymentsConfirmed of batch BTC-9, which nobody drafted"),
            ("receipt.unpaid", "receipt", "receipt r1: BTC-1 delivered no such amount"),
        ],
    ),
    "failure of an unknown batch": (
        change("answer", 2, batch="BTC-9"),
        [("batch.unknown", "answer.2", "PaymentsFailed of batch BTC-9, which nobody drafted")],
    ),
    "uncertainty of an unknown batch": (
        then(*said("treasurer", unknown(batch="BTC-9"))),
        [("batch.unknown", "more", "PaymentsUnknown of batch BTC-9, which nobody drafted")],
    ),
    "a hold of an unknown batch": (
        then(*said("treasurer", held(batch="BTC-9"))),
        [("batch.unknown", "more", "LinesHeld of batch BTC-9, which nobody drafted")],
    ),
    "a handover of an unknown batch": (
        then(*said("field", handed(batch="BTC-9"))),
        [("batch.unknown", "more", "GoodsHandedOver of batch BTC-9, which nobody drafted")],
    ),
    "an outcome without an answer": (
        both(until("send"), then(*said("treasurer", confirmed(ONE)))),
        [("result.unknown", "more", "PaymentsConfirmed of BTC-1 is in no answer RES-1 of its act")],
    ),
    "an outcome under an earlier answer": (
        then(*said("treasurer", unknown())),
        [
            ("result.unknown", "more", "PaymentsUnknown of BTC-1 is in no answer RES-1 of its act"),
            ("line.state", "more", "line 1 of BTC-1 is delivered, cannot be unknown"),
        ],
    ),
    "an answer to nothing": (
        both(until("send"), then(*answer(reference="BTC-9", matched=0))),
        [("result.import", "more", "RES-1 answers no instruction, or was read before")],
    ),
    "an answer read twice": (
        then(*answer(matched=0)),
        [("result.import", "more", "RES-1 answers no instruction, or was read before")],
    ),
    "the same file under another name": (
        then(*(each.but(result="RES-9") for each in answer(matched=0, inquiry=True))),
        [("result.import", "more", "RES-9 answers no instruction, or was read before")],
    ),
    "an answer that settles more than it says": (
        change("answer", 0, matched=1),
        [("result.count", "answer", "RES-1 tells 2 and settles 2 lines; it says 1")],
    ),
    "an answer for some of the lines": (
        change("answer", 0, count=1),
        [("result.count", "answer", "RES-1 tells 1 and settles 2 lines; it says 2")],
    ),
    "an uncertain line settled without an inquiry": (
        both(
            both(
                until("send"),
                both(
                    then(*answer(unknown(), matched=1)),
                    after("settle", *answer(confirmed(ONE, result="RES-22"), matched=1, result="RES-22")),
                ),
            )
        ),
        [("line.inquiry", "settle.1", "line 1 of BTC-1 is unknown and nobody inquired")],
    ),
    "a held line settled without an inquiry": (
        both(
            until("send"),
            both(
                then(*answer(held(), matched=1)),
                after("settle", *answer(failed(TWO_OF_ONE, result="RES-22"), matched=1, result="RES-22")),
            ),
        ),
        [("line.inquiry", "settle.1", "line 1 of BTC-1 is on_hold and nobody inquired")],
    ),
    "a held line held again": (
        both(
            until("send"),
            both(
                then(*answer(held(), matched=1)),
                after("settle", *answer(held(result="RES-22"), matched=1, result="RES-22", inquiry=True)),
            ),
        ),
        [("line.state", "settle.1", "line 1 of BTC-1 is on_hold, cannot be on_hold")],
    ),
    "a line held for no mismatch": (
        both(until("send"), then(*answer(held(outcome="SUCCESS"), matched=1))),
        [("line.outcome", "more.1", "line 1 of BTC-1 is on_hold by SUCCESS")],
    ),
    "an uncertain line of another amount": (
        both(until("send"), then(*answer(unknown(amount=1), matched=1))),
        [("line.amount", "more.1", "line 1 of BTC-1 was 300000, not 1")],
    ),
    "a bank's batch handed over": (
        both(until("send"), then(*said("field", handed()))),
        [("handover.channel", "more", "BTC-1 went by bank and was handed over")],
    ),
    "handed over before one witness": (
        both(by_hand(), then(*said("field", handed(witnesses=1)))),
        [("handover.witness", "more", "handover HND-1 names 1 witnesses")],
    ),
    "a handover refused for no reason there is": (
        then(*said("field", paying.HandoverRefused(batch="BTC-1", lines=2, reason="late"))),
        [("handover.refused", "more", "a handover of BTC-1 was refused for a witness who is late")],
    ),
    "a handover refused of no batch": (
        then(*said("field", paying.HandoverRefused(batch="BTC-9", lines=2, reason="giver"))),
        [("batch.unknown", "more", "HandoverRefused of batch BTC-9, which nobody drafted")],
    ),
    "handed over by its verifier": (
        both(by_hand(), then(*promoted("verifier", "field"), *said("verifier", handed()))),
        [("four_eyes", "more.2", "verifier did GoodsHandedOver of BTC-1, being its verifier")],
    ),
    "handed over twice": (
        both(by_hand(), then(*said("field", handed()), *said("field", handed()))),
        [
            ("line.state", "more.1", "line 1 of BTC-1 is delivered, cannot be delivered"),
            (
                "value.moves",
                "more.1",
                ("GoodsHandedOver moves 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/delivered; due is nothing"),
            ),
        ],
    ),
    "failed in the field by the bank's word": (
        both(by_hand(), then(*said("field", failed(TWO, result="HND-1")))),
        [("line.outcome", "more", "lines of BTC-1 failed in the field by no field's outcome")],
    ),
    "an answer to what went by hand": (
        both(by_hand(), then(*answer(matched=0))),
        [("result.channel", "more", "RES-1 answers for BTC-1, which went by cash")],
    ),
    "failed in the field by the one who approved": (
        both(by_hand(), then(*promoted("approver", "field"), *said("approver", failed(AWAY, result="HND-1")))),
        [("four_eyes", "more.2", "approver did PaymentsFailed of BTC-1, being its approver")],
    ),
    "a file collected with more lines": (
        both(until("send"), then(*said("treasurer", collected(lines=3)))),
        [("payment.file", "more", "INS-BTC-1 was collected with 3 lines")],
    ),
    "a file collected of nothing": (
        then(*said("treasurer", collected("INS-9"))),
        [("payment.file", "more", "INS-9 was collected with 2 lines")],
    ),
    "a resend refused that was none": (
        then(*said("treasurer", paying.ResendRefused(batch="BTC-1", line=1, state="sent"))),
        [("line.state", "more", "line 1 of BTC-1 was not sent")],
    ),
    "a resend refused of no line": (
        then(*said("treasurer", paying.ResendRefused(batch="BTC-1", line=9, state="sent"))),
        [("line.state", "more", "line 9 of BTC-1 was not sent")],
    ),
    "a resend refused of no batch": (
        then(*said("treasurer", paying.ResendRefused(batch="BTC-9", line=1, state="sent"))),
        [("batch.unknown", "more", "ResendRefused of batch BTC-9, which nobody drafted")],
    ),
    "a line nobody froze before one that arrived": (
        change("answer", 1, confirmed=(paying.LineOutcome(9, 300_000, "SUCCESS"), ONE)),
        [
            ("result.count", "answer", "RES-1 tells 2 and settles 3 lines; it says 2"),
            ("line.state", "answer.1", "line 9 of BTC-1 is unknown to the log, cannot be delivered"),
        ],
    ),
    "a line held for a failure": (
        both(until("send"), then(*answer(held(outcome="ACCOUNT_INVALID"), matched=1))),
        [("line.outcome", "more.1", "line 1 of BTC-1 is on_hold by ACCOUNT_INVALID")],
    ),
    "an uncertain line settled by no answer": (
        both(
            until("send"),
            then(*answer(unknown(), matched=1)),
            after("settle", *said("treasurer", confirmed(ONE, result="RES-22"))),
        ),
        [
            ("result.unknown", "settle", "PaymentsConfirmed of BTC-1 is in no answer RES-22 of its act"),
            ("line.inquiry", "settle", "line 1 of BTC-1 is unknown and nobody inquired"),
        ],
    ),
}


@pytest.mark.parametrize("ends", [handed(), failed(ONE_AWAY, result="HND-1")])
def test_what_went_by_hand_is_told_by_the_field_alone(ends: paying.GoodsHandedOver | paying.PaymentsFailed) -> None:
    """A bank's word about cash is none: whoever stood there says what became of it, and need not inquire."""
    told = both(by_hand(), then(*answer(unknown(), matched=1)), after("ends", *said("field", ends)))(story())
    assert broken(told) == expected(told, ("result.channel", "more", "RES-1 answers for BTC-1, which went by cash"))


@pytest.mark.parametrize(
    ("fact", "rule", "sentence"),
    [
        (answer(matched=0)[0].fact, "result.import", "RES-1 answers no instruction, or was read before"),
        (collected(), "payment.file", "INS-BTC-1 was collected with 2 lines"),
    ],
)
def test_an_answer_for_what_a_restore_withdrew_is_an_answer_to_nothing(fact: Fact, rule: str, sentence: str) -> None:
    """A forged log takes back what was sent and forgets it; the verifier reads on and names that as well."""
    told = until("send")(story())
    size = sum(map(len, told.values()))
    taken_back = paying.BatchRejected(batch="BTC-1", step="approve", outcome="rejected", reason="salah", moves=())
    lost = RestoreDeclared(
        incident="Pemulihan 1", document="BA-1", proposed_by="admin", since=size - 1, until=size, root=COMMITMENT
    )
    told["back"] = said("approver2", taken_back)
    told["restore"] = said("admin2", lost, BatchRestored(batch="BTC-1", outcome="withdrawn", moves=()))
    told["more"] = said("treasurer", fact)
    assert broken(told)[-1:] == expected(told, (rule, "more", sentence))


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)


@pytest.mark.parametrize("fact", [failed(TWO_OF_ONE, result="RES-22"), held(result="RES-22")])
def test_an_inquiry_settles_an_uncertain_line(fact: paying.PaymentsFailed | paying.LinesHeld) -> None:
    """It has failed, or is held for what the answer names; not only an arrival ends the uncertainty."""
    told = then(*answer(unknown(), matched=1))(until("send")(story()))
    told["settle"] = answer(fact, matched=1, result="RES-22", inquiry=True)
    assert broken(told) == []
