"""Which entries belong to a programme: found again by anyone, so that a bundle cannot leave one out."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from audit.choice import Choice, Wish
from audit.entry import Entry
from tests.audit.small_log import make_entry

WISH = Wish(program="BST", since="2021-08-01", until="2021-08-31")


def saying(number: int, *, on: str = "2021-08-05", act: str = "", **body: object) -> Entry:
    """Return an entry that says so; which kind it is plays no part in choosing."""
    made = make_entry(number)
    return replace(made, on=on, act=act or made.act, body=body)  # type: ignore[arg-type]  # a body is JSON


def chosen(*entries: Entry, keep: int = 100) -> Choice:
    """Choose among entries."""
    choice = Choice(WISH, keep=keep)
    for index, entry in enumerate(entries):
        choice.apply(index, entry)
    choice.finish()
    return choice


def test_another_programme_is_left_out() -> None:
    """Nothing that names neither the programme nor something of it is chosen."""
    others = [saying(0, program="BPNT", batch="BTC-1"), saying(1, batch="BTC-1"), saying(2, note="BST"), saying(3)]
    assert chosen(*others).indexes == []


@pytest.mark.parametrize("member", ["run", "batch", "instruction", "result", "handover", "sts", "receipt"])
def test_what_the_programme_made_is_followed(member: str) -> None:
    """A batch, its instruction, its receipts: whatever names one of them belongs to the programme."""
    entries = saying(0, program="BST", **{member: "X-1"}), saying(1, **{member: "X-1"}), saying(2, **{member: "X-2"})
    assert chosen(*entries).indexes == [0, 1]


def test_a_chain_is_followed_to_its_end() -> None:
    """The instruction names the batch, the file names only the instruction."""
    entries = (
        saying(0, program="BST", batch="BTC-1"),
        saying(1, batch="BTC-1", instruction="INS-1"),
        saying(2, instruction="INS-1"),
    )
    assert chosen(*entries).indexes == [0, 1, 2]


def test_a_code_for_two_programmes_belongs_to_both() -> None:
    """The challenge is followed, the other programme's batch is not."""
    entries = (
        saying(0, program="BST", batch="BTC-1"),
        saying(1, challenge="CHL-1", batches=[["BTC-2", "x"], ["BTC-1", "y"]]),
        saying(2, challenge="CHL-1", reason="wrong"),
        saying(3, batch="BTC-2"),
        saying(4, challenge="CHL-2", batches=[[], [1], "BTC-1"]),
        saying(5, batches="BTC-1"),
    )
    assert chosen(*entries).indexes == [0, 1, 2]


def test_what_is_no_text_names_nothing() -> None:
    """A number is not followed, and does not stop the choosing."""
    assert chosen(saying(0, program="BST", batch=7), saying(1, batch=7)).indexes == [0]


def test_an_act_is_chosen_whole() -> None:
    """One deed is shown whole, also what it says before it names the programme."""
    act = "a" * 32
    entries = saying(0), saying(1, act=act), saying(2, act=act, program="BST"), saying(3, act=act), saying(4)
    assert chosen(*entries).indexes == [1, 2, 3]


@pytest.mark.parametrize(
    ("on", "is_wanted"),
    [("2021-07-31", False), ("2021-08-01", True), ("2021-08-31", True), ("2021-09-01", False)],
)
def test_days_are_included_at_both_ends(on: str, is_wanted: bool) -> None:
    """What lies before is not chosen, but followed."""
    entries = saying(0, on=on, program="BST", batch="BTC-1"), saying(1, batch="BTC-1")
    assert chosen(*entries).indexes == ([0, 1] if is_wanted else [1])


def test_many_are_counted_and_hashed_though_few_are_kept() -> None:
    """The digest tells of every index, whatever is kept."""
    choice = chosen(*(saying(number, program="BST") for number in range(5)), keep=2)
    assert (choice.indexes, choice.count) == ([0, 1], 5)
    assert choice.digest == hashlib.sha256(b"0\n1\n2\n3\n4\n").hexdigest()
    assert choice.violations == ()
