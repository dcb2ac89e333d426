"""Replay of receipts: only for what arrived, and as often. What goes back is in test_replay_returns.py."""

from __future__ import annotations

import datetime as dt

import pytest

from audit.facts import paying
from tests.audit.lies import Cheat, again, change, then
from tests.audit.replaying import ONE, receipt, story
from tests.audit.told import DAY, Expected, Said, broken, expected, move, said


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


def ended(name: str, replaced_by: str = "") -> paying.ReceiptCancelled:
    """Cancel a receipt."""
    return paying.ReceiptCancelled(receipt=name, replaced_by=replaced_by, reason="salah cetak")


def replaced(old: str, new: str) -> list[Said]:
    """Replace a receipt by one for the same."""
    return said("treasurer", ended(old, new), receipt(new))


def printed(name: str, copy: int) -> paying.ReceiptPrinted:
    """Print a receipt as some copy."""
    return paying.ReceiptPrinted(receipt=name, copy=copy)


def a_file(*printed: tuple[str, int], batch: str = "BTC-1") -> paying.ReceiptsPrinted:
    """Print receipts as one file, each as copy n."""
    named = tuple(paying.PrintedReceipt(name, copy) for name, copy in printed)
    return paying.ReceiptsPrinted(batch=batch, layout="4a6", printed=named)


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "a receipt for nothing": (
        change("answer", 1, confirmed=()),
        [
            ("result.count", "answer", "RES-1 tells 2 and settles 1 lines; it says 2"),
            (
                "value.moves",
                "answer.1",
                ("PaymentsConfirmed moves 300000 IDR APBD-1/BST/in_transit → APBD-1/BST/delivered; due is nothing"),
            ),
            ("receipt.unpaid", "receipt", "receipt r1: BTC-1 delivered no such amount"),
        ],
    ),
    "a receipt twice": (
        again("receipt"),
        [
            ("receipt.twice", "again", "receipt r1 was issued twice"),
            ("receipt.unpaid", "again", "receipt r1: BTC-1 delivered no such amount"),
        ],
    ),
    "two receipts of one line": (
        then(*said("treasurer", receipt("r2"))),
        [("receipt.unpaid", "more", "receipt r2: BTC-1 delivered no such amount")],
    ),
    "a receipt for more": (
        change("receipt", amount=300_001),
        [("receipt.unpaid", "receipt", "receipt r1: BTC-1 delivered no such amount")],
    ),
    "a receipt of another programme": (
        change("receipt", program="BLT"),
        [("receipt.other", "receipt", "receipt r1 names another programme or commodity")],
    ),
    "a receipt of another commodity": (
        change("receipt", commodity="BERAS"),
        [("receipt.other", "receipt", "receipt r1 names another programme or commodity")],
    ),
    "a receipt of another batch": (
        change("receipt", batch="BTC-9"),
        [("receipt.unpaid", "receipt", "receipt r1: BTC-9 delivered no such amount")],
    ),
    "a receipt of a day to come": (
        change("receipt", paid_on=DAY + dt.timedelta(2)),
        [("receipt.day", "receipt", "receipt r1 was issued before it says it was paid")],
    ),
    "a receipt of no day": (
        change("receipt", paid_on=None),
        [("receipt.day", "receipt", "receipt r1 was issued before it says it was paid")],
    ),
    "a receipt cancelled that was never issued": (
        then(*said("treasurer", ended("r9"))),
        [("receipt.ended", "more", "receipt r9 was never issued, or had ended")],
    ),
    "a receipt cancelled twice": (
        then(*said("treasurer", ended("r1")), *said("treasurer", ended("r1"))),
        [("receipt.ended", "more.1", "receipt r1 was never issued, or had ended")],
    ),
    "a receipt replaced by one that its act does not issue": (
        then(*said("treasurer", ended("r1", "r1.2"))),
        [("receipt.replaced", "more", "receipt r1 is replaced by r1.2, which its act does not issue")],
    ),
    "a receipt replaced by one of another act": (
        then(*said("treasurer", ended("r1", "r1.2")), *said("treasurer", receipt("r1.2"))),
        [
            ("receipt.replaced", "more", "receipt r1 is replaced by r1.2, which its act does not issue"),
            ("receipt.unpaid", "more.1", "receipt r1.2: BTC-1 delivered no such amount"),
        ],
    ),
    "a receipt replaced by another line's": (
        then(*said("treasurer", ended("r1", "r9"), receipt("r9"))),
        [
            ("receipt.replaced", "more", "receipt r1 is replaced by r9, which cannot follow it"),
            ("receipt.unpaid", "more.1", "receipt r9: BTC-1 delivered no such amount"),
        ],
    ),
    "a receipt replaced by itself": (
        then(*said("treasurer", ended("r1", "r1"))),
        [("receipt.replaced", "more", "receipt r1 is replaced by r1, which cannot follow it")],
    ),
    "a cycle": (
        then(*replaced("r1", "r1.2"), *said("treasurer", ended("r1.2", "r1"), receipt("r1"))),
        [
            ("receipt.replaced", "more.2", "receipt r1.2 is replaced by r1, which cannot follow it"),
            ("receipt.twice", "more.3", "receipt r1 was issued twice"),
            ("receipt.unpaid", "more.3", "receipt r1: BTC-1 delivered no such amount"),
        ],
    ),
    "a larger receipt in the place of a smaller": (
        then(*said("treasurer", ended("r1", "r1.2"), receipt("r1.2", amount=400_000))),
        [
            ("receipt.changed", "more.1", "receipt r1.2 is for 400000 of BTC-1, r1 was for 300000 of BTC-1"),
            ("receipt.unpaid", "more.1", "receipt r1.2: BTC-1 delivered no such amount"),
        ],
    ),
    "a receipt of another batch in the place of one": (
        then(*said("treasurer", ended("r1", "r1.2"), receipt("r1.2", batch="BTC-2"))),
        [
            ("receipt.changed", "more.1", "receipt r1.2 is for 300000 of BTC-2, r1 was for 300000 of BTC-1"),
            ("receipt.unpaid", "more.1", "receipt r1.2: BTC-2 delivered no such amount"),
        ],
    ),
    "a receipt of another programme in the place of one": (
        then(*said("treasurer", ended("r1", "r1.2"), receipt("r1.2", program="BLT"))),
        [("receipt.other", "more.1", "receipt r1.2 names another programme or commodity")],
    ),
    "two in the place of one": (
        then(*replaced("r1", "r1.2"), *replaced("r1", "r1.2")),
        [
            ("receipt.ended", "more.2", "receipt r1 was never issued, or had ended"),
            ("receipt.twice", "more.3", "receipt r1.2 was issued twice"),
            ("receipt.unpaid", "more.3", "receipt r1.2: BTC-1 delivered no such amount"),
        ],
    ),
    "one issued before the one whose place it takes has ended": (
        then(*said("treasurer", receipt("r1.2"), ended("r1", "r1.2"))),
        [
            ("receipt.follows", "more", "receipt r1.2: r1 did not end for it"),
            ("receipt.unpaid", "more", "receipt r1.2: BTC-1 delivered no such amount"),
        ],
    ),
    "one that skips another": (
        then(*said("treasurer", ended("r1", "r1.3"), receipt("r1.3"))),
        [
            ("receipt.replaced", "more", "receipt r1 is replaced by r1.3, which cannot follow it"),
            ("receipt.follows", "more.1", "receipt r1.3: r1.2 did not end for it"),
            ("receipt.unpaid", "more.1", "receipt r1.3: BTC-1 delivered no such amount"),
        ],
    ),
    "one in the place of a cancelled one": (
        then(*said("treasurer", ended("r1")), *replaced("r1", "r1.2")),
        [
            ("receipt.ended", "more.1", "receipt r1 was never issued, or had ended"),
            ("receipt.follows", "more.2", "receipt r1.2: r1 did not end for it"),
            ("receipt.unpaid", "more.2", "receipt r1.2: BTC-1 delivered no such amount"),
        ],
    ),
    "one in the place of a cancelled one, of itself": (
        then(*said("treasurer", ended("r1")), *said("treasurer", receipt("r1.2"))),
        [
            ("receipt.follows", "more.1", "receipt r1.2: r1 did not end for it"),
            ("receipt.unpaid", "more.1", "receipt r1.2: BTC-1 delivered no such amount"),
        ],
    ),
    "one in the place of none": (
        then(*replaced("r7", "r7.2")),
        [
            ("receipt.ended", "more", "receipt r7 was never issued, or had ended"),
            ("receipt.follows", "more.1", "receipt r7.2: r7 did not end for it"),
            ("receipt.unpaid", "more.1", "receipt r7.2: BTC-1 delivered no such amount"),
        ],
    ),
    "one in the place of another that was for nothing": (
        then(*said("treasurer", receipt("r8", batch="BTC-9"), ended("r8", "r8.2"), receipt("r8.2", batch="BTC-9"))),
        [
            ("receipt.unpaid", "more", "receipt r8: BTC-9 delivered no such amount"),
            ("receipt.unpaid", "more.2", "receipt r8.2: BTC-9 delivered no such amount"),
        ],
    ),
    "the paper of one that was replaced": (
        then(*replaced("r1", "r1.2"), *said("treasurer", printed("r1", 1))),
        [("receipt.ended", "more.2", "receipt r1 was printed and does not stand")],
    ),
    "a receipt printed that was never issued": (
        then(*said("treasurer", printed("r9", 1))),
        [("receipt.ended", "more", "receipt r9 was printed and does not stand")],
    ),
    "a receipt printed that was cancelled": (
        then(*said("treasurer", ended("r1")), *said("treasurer", printed("r1", 1))),
        [("receipt.ended", "more.1", "receipt r1 was printed and does not stand")],
    ),
    "two papers of one number": (
        then(*said("treasurer", printed("r1", 1)), *said("treasurer", printed("r1", 1))),
        [("receipt.copy", "more.1", "receipt r1 was printed as copy 1, the next is 2")],
    ),
    "a number left out": (
        then(*said("treasurer", printed("r1", 2)), *said("treasurer", printed("r1", 3))),
        [("receipt.copy", "more", "receipt r1 was printed as copy 2, the next is 1")],
    ),
    "a first paper of no number": (
        then(*said("treasurer", printed("r1", 0)), *said("treasurer", printed("r1", 2))),
        [("receipt.copy", "more", "receipt r1 was printed as copy 0, the next is 1")],
    ),
    "a file printed with a receipt that was never issued": (
        then(*said("treasurer", a_file(("r1", 1), ("r9", 1)))),
        [("receipt.ended", "more", "receipt r9 was printed and does not stand")],
    ),
    "a file printed with a receipt that had ended": (
        then(*said("treasurer", ended("r1")), *said("treasurer", a_file(("r1", 1)))),
        [("receipt.ended", "more.1", "receipt r1 was printed and does not stand")],
    ),
    "a second file that says it is the first": (
        then(*said("treasurer", a_file(("r1", 1))), *said("treasurer", a_file(("r1", 1)))),
        [("receipt.copy", "more.1", "receipt r1 was printed as copy 1, the next is 2")],
    ),
    "a receipt twice in one file": (
        then(*said("treasurer", a_file(("r1", 1), ("r1", 1)))),
        [("receipt.copy", "more", "receipt r1 was printed as copy 1, the next is 2")],
    ),
    "a paper that does not count the file before it": (
        then(*said("treasurer", a_file(("r1", 1))), *said("treasurer", paying.ReceiptPrinted(receipt="r1", copy=1))),
        [("receipt.copy", "more.1", "receipt r1 was printed as copy 1, the next is 2")],
    ),
    "a file printed of a batch that nobody drafted": (
        then(*said("treasurer", a_file(("r1", 1), batch="BTC-9"))),
        [
            ("batch.unknown", "more", "ReceiptsPrinted of batch BTC-9, which nobody drafted"),
            ("receipt.other", "more", "receipt r1 of BTC-1 was printed in a file of BTC-9"),
        ],
    ),
    "a file printed without a receipt": (
        then(*said("treasurer", a_file())),
        [("receipt.no_print", "more", "a file of BTC-1 was printed without a receipt")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)


def test_papers_and_files_are_counted_together() -> None:
    """A file, a paper and a file again: copies 1, 2 and 3 of one receipt."""
    paper = paying.ReceiptPrinted(receipt="r1", copy=2)
    told = (a_file(("r1", 1)), paper, a_file(("r1", 3)))
    assert broken(then(*(each for fact in told for each in said("treasurer", fact)))(story())) == []


def test_a_receipt_may_be_of_the_next_day_of_greenwich() -> None:
    """Paid in the morning of Jayapura, recorded in the evening of Greenwich: the receipt's day is the agency's."""
    assert broken(change("receipt", paid_on=DAY + dt.timedelta(1))(story())) == []
