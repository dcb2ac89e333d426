"""Frozen lines and entitlements in columns: a million of each in some hundred megabytes, not in a thousand.

Plain memory without rules. A line costs some eighty bytes, an entitlement one; both are found by halving.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from audit.facts.paying import FrozenLine

LISTED: Final = "listed"
STATES: Final = (
    *(LISTED, "sent", "delivered", "failed", "unknown", "on_hold"),
    *("returned", "rejected", "sent_back", "cancelled"),
)
"""What may become of a frozen line; a column holds the place in this list."""
_PLACE: Final = {state: place for place, state in enumerate(STATES)}
_COMMITMENT: Final = 43


class Line(NamedTuple):
    """One frozen line and what became of it."""

    entitlement: int
    amount: int
    source: str
    commitment: str
    state: str


class Lines(Mapping[int, Line]):
    """The lines of one batch, by their numbers, which ascend as they are appended."""

    def __init__(self) -> None:
        self.numbers = array("q")
        self.entitlements = array("q")
        self.amounts = array("q")
        self._sources: list[str] = []
        self._states = bytearray()
        self._commitments = bytearray()

    def append(self, line: FrozenLine) -> None:
        """Add the next line; the caller has seen to its number being larger than the last."""
        self.numbers.append(line.line)
        self.entitlements.append(line.entitlement)
        self.amounts.append(line.amount)
        # One text for all lines of a source, however many sources a stranger names.
        self._sources.append(sys.intern(line.source))
        self._states.append(_PLACE[LISTED])
        self._commitments += line.commitment.encode()

    def place(self, number: int) -> int | None:
        """Tell at which place a line lies; None if there is none of that number."""
        place = bisect_left(self.numbers, number)
        return place if place < len(self.numbers) and self.numbers[place] == number else None

    def state_at(self, place: int) -> str:
        """Tell the state of the line at a place."""
        return STATES[self._states[place]]

    def source_at(self, place: int) -> str:
        """Tell which source pays the line at a place."""
        return self._sources[place]

    def put(self, place: int, state: str) -> None:
        """Give the line at a place another state."""
        self._states[place] = _PLACE[state]

    def have(self, state: str) -> bool:
        """Say whether any line is in a state."""
        return _PLACE[state] in self._states

    def turn(self, state: str, to_state: str) -> None:
        """Give every line of one state another."""
        self._states = self._states.replace(bytes([_PLACE[state]]), bytes([_PLACE[to_state]]))

    def put_all(self, state: str) -> None:
        """Give every line the same state."""
        self._states = bytearray([_PLACE[state]]) * len(self._states)

    def __getitem__(self, number: int) -> Line:
        """Give a line by its number."""
        place = self.place(number)
        if place is None:
            raise KeyError(number)
        commitment = self._commitments[place * _COMMITMENT : (place + 1) * _COMMITMENT].decode()
        sums = self.entitlements[place], self.amounts[place]
        return Line(*sums, self.source_at(place), commitment, self.state_at(place))

    def __iter__(self) -> Iterator[int]:
        """Go through the numbers, ascending."""
        return iter(self.numbers)

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.numbers)


FREE: Final = 0
CLAIMED: Final = 1
DELIVERED: Final = 2
HELD: Final = 3
CANCELLED: Final = 4
STATES_OF_ENTITLEMENTS: Final = ("free", "claimed", "delivered", "held", "cancelled")
"""What an entitlement is: a live line claims it, or its payment has arrived; held and cancelled ones are not paid."""


@dataclass(frozen=True, slots=True)
class Span:
    """Entitlements of one run with consecutive numbers from `first` on, a byte of state each."""

    first: int
    run: str
    states: bytearray


class Entitlements:
    """Which run each entitlement is of, and what it is."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._spans: list[Span] = []

    def add(self, run: str, ascending: Sequence[int]) -> int | None:
        """Add the entitlements of a run; gives one that was there before, and adds nothing after it, or None."""
        begin = 0
        for place, number in enumerate(ascending):
            if self.find(number) is not None:
                return number
            is_last = place + 1 == len(ascending) or ascending[place + 1] != number + 1
            if is_last:
                first = ascending[begin]
                at = bisect_right(self._firsts, first)
                self._firsts.insert(at, first)
                self._spans.insert(at, Span(first, run, bytearray(place + 1 - begin)))
                begin = place + 1
        return None

    def remove(self, ascending: Sequence[int]) -> None:
        """Forget entitlements, whose numbers may come again: a restored database had lost them."""
        for number in ascending:
            found = self.find(number)
            if found is None:
                continue
            span, place = found
            at = self._firsts.index(span.first)
            before = Span(span.first, span.run, span.states[:place])
            after = Span(number + 1, span.run, span.states[place + 1 :])
            kept = [each for each in (before, after) if each.states]
            self._spans[at : at + 1] = kept
            self._firsts[at : at + 1] = [each.first for each in kept]

    def find(self, number: int) -> tuple[Span, int] | None:
        """Give the span an entitlement lies in and its place there; None if no run proposed it."""
        at = bisect_right(self._firsts, number) - 1
        if at < 0:
            return None
        span = self._spans[at]
        place = number - span.first
        return (span, place) if place < len(span.states) else None

    def state(self, number: int) -> str:
        """Say what an entitlement is; "" if no run proposed it."""
        found = self.find(number)
        return STATES_OF_ENTITLEMENTS[found[0].states[found[1]]] if found else ""

    def put(self, number: int, state: int) -> None:
        """Give an entitlement another state; one that no run proposed has none."""
        found = self.find(number)
        if found:
            span, place = found
            span.states[place] = state
