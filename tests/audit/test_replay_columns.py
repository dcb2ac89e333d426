"""Lines and entitlements in columns: found by halving, one byte of state each, whatever order numbers come in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.facts.paying import FrozenLine
from audit.replay.columns import CLAIMED, DELIVERED, FREE, Entitlements, Line, Lines, Span
from tests.audit.told import COMMITMENT

FIRST = FrozenLine(2, 101, 300, "APBD-1", "A" * 43)
SECOND = FrozenLine(5, 102, 400, "BTT-1", "B" * 42 + "A")


def test_lines_are_told_as_they_were_frozen() -> None:
    """Number, entitlement, amount, source, commitment, and what became of each."""
    lines = Lines()
    assert (len(lines), lines.place(1)) == (0, None)
    for each in (FIRST, SECOND):
        lines.append(each)
    assert dict(lines) == {
        2: Line(101, 300, "APBD-1", "A" * 43, "listed"),
        5: Line(102, 400, "BTT-1", "B" * 42 + "A", "listed"),
    }
    assert [lines.place(number) for number in (1, 2, 3, 5, 6)] == [None, 0, None, 1, None]
    lines.put(1, "failed")
    assert (lines[2].state, lines[5].state) == ("listed", "failed")
    lines.put_all("sent")
    assert (lines.state_at(0), lines.state_at(1), lines.source_at(1)) == ("sent", "sent", "BTT-1")
    with pytest.raises(KeyError, match=r"^3$"):
        lines[3]


def test_a_source_is_one_text_however_often_it_is_named() -> None:
    """Texts out of a file are each their own; a million lines of one source must not keep a million of them."""
    lines = Lines()
    for number in (1, 2):
        lines.append(replace(FIRST, line=number, source=b"APBD-1".decode()))
    assert lines.source_at(0) is lines.source_at(1)


def test_a_forged_batch_may_name_a_source_per_line() -> None:
    """However many there are: the rules say that the batch declared others, no column fails at it."""
    lines = Lines()
    for number in range(2**16 + 1):
        lines.append(FrozenLine(number, 1, 1, f"S-{number}", COMMITMENT))
    assert (lines.source_at(0), lines.source_at(2**16)) == ("S-0", "S-65536")


def test_consecutive_entitlements_are_bytes_of_one_span() -> None:
    """A run of a million costs a megabyte, not a million objects."""
    held = Entitlements()
    held.add("A", [4, 5, 6, 9])
    span = Span(4, "A", bytearray(3))
    assert [held.find(number) for number in (4, 5, 6, 9)] == [
        *((span, at) for at in range(3)),
        (Span(9, "A", bytearray(1)), 0),
    ]


def test_an_entitlement_belongs_to_one_run() -> None:
    """Gaps, runs between the runs, and numbers nobody proposed."""
    held = Entitlements()
    assert held.find(1) is None
    assert held.add("B", [10, 11, 13]) is None
    assert held.add("A", [3, 12]) is None
    runs = {number: found[0].run for number in range(1, 20) if (found := held.find(number))}
    assert runs == {3: "A", 10: "B", 11: "B", 12: "A", 13: "B"}
    assert held.add("C", [14, 12]) == 12
    held.put(11, DELIVERED)
    held.put(99, DELIVERED)
    assert [held.state(number) for number in (10, 11, 99)] == ["free", "delivered", ""]


def test_what_a_database_lost_may_come_again() -> None:
    """Out of the middle of a run, its first, its last, the whole of another, and numbers nobody knew."""
    held = Entitlements()
    held.add("A", [1, 2, 3, 4, 5])
    held.add("B", [7])
    held.add("D", [9])
    held.put(2, CLAIMED)
    held.put(4, DELIVERED)
    held.remove([1, 3, 5, 6, 7, 99])
    assert [held.state(number) for number in range(1, 8)] == ["", "claimed", "", "delivered", "", "", ""]
    assert held.add("C", [1, 3, 5, 7]) is None
    assert [found[0].run for number in (1, 2, 3, 4, 5, 7, 9) if (found := held.find(number))] == list("CACACCD")


@pytest.mark.parametrize("gone", [1, 2, 3, 5, 7, 8])
def test_what_is_forgotten_takes_nothing_else_along(gone: int) -> None:
    """The first, the middle or the last of a run, or all there is of it: the others stay what they are, and whose."""
    runs = {1: "A", 2: "A", 3: "A", 5: "B", 7: "C", 8: "C"}
    held = Entitlements()
    for run in "ABC":
        held.add(run, [number for number, each in runs.items() if each == run])
    held.remove([gone])
    left = {number: found[0].run for number in range(10) if (found := held.find(number))}
    assert left == {number: run for number, run in runs.items() if number != gone}


def test_lines_of_one_state_are_turned_together() -> None:
    """The others stay what they are."""
    lines = Lines()
    lines.append(FIRST)
    lines.append(SECOND)
    lines.put(1, "failed")
    assert (lines.have("listed"), lines.have("sent")) == (True, False)
    lines.turn("listed", "unknown")
    assert [lines[number].state for number in lines] == ["unknown", "failed"]


@given(st.lists(st.sets(st.integers(0, 60), min_size=1), max_size=6))
def test_columns_know_what_a_dictionary_knows(runs: list[set[int]]) -> None:
    """Whatever comes in whatever order: the run and the state of every number."""
    held, plain, states = Entitlements(), dict[int, int](), dict[int, int]()
    for run, numbers in enumerate(runs):
        fresh = sorted(numbers - plain.keys())
        assert held.add(str(run), fresh) is None
        plain |= dict.fromkeys(fresh, run)
        for number in fresh[::2]:
            held.put(number, CLAIMED)
            states[number] = CLAIMED
    for number in range(62):
        found = held.find(number)
        assert (found[0].run if found else None) == (str(plain[number]) if number in plain else None)
        assert found is None or found[0].states[found[1]] == states.get(number, FREE)
