"""Time is bracketed, not trusted (attack B1): what an entry claims is held against what witnesses swore when.

Entry `i` was in the log when the first checkpoint larger than `i` was cosigned, and was not yet when the one before
was. So its `recorded_at` lies after the earlier time, less what the longest act may take, and before the later one.
Times need not ascend from entry to entry: a long act commits late. Who counts as a quorum is in `policy.py`, which
checkpoints there were in `history.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from audit.errors import Finding
from audit.policy import MAX_FUTURE_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.entry import Entry

LONGEST_ACT_S: Final = 7_200
"""House rule: from an act's beginning to the checkpoint over its entries. An act may take half an hour, and an entry
that was committed late is found within the hour after."""
MAX_FINDINGS: Final = 100
"""Enough to show a pattern; a forged log must not make the verifier print for ever."""
_A_PAIR: Final = 2
_UNBOUNDED: Final = "~"
"""Sorts after every instant."""
NO: Final = "no"
YES: Final = "yes"


class Brackets:
    """Holds the time of each entry between the marks around it.

    `marks` are sizes, ascending, each with the POSIX second by which a quorum had sworn to it. Entries after the last
    one only came later than it.
    """

    def __init__(self, marks: Sequence[tuple[int, int]]) -> None:
        self._marks = marks
        self._coming = iter(marks)
        self._until = self._time_s = 0
        self._earliest, self._latest = "", _UNBOUNDED
        self._reached = 0
        self.violations: list[Finding] = []

    def apply(self, index: int, entry: Entry) -> None:
        """Hold the next entry against the marks around it."""
        if index == self._until:
            self._pass_mark()
        self._reached = index + 1
        # All are texts of one form, so that they sort as the times they are.
        if not self._earliest < entry.recorded_at <= self._latest and len(self.violations) < MAX_FINDINGS:
            sentence = f"says {entry.recorded_at}; it came after {self._earliest or 'the beginning'}, by {self._latest}"
            self.violations.append(Finding("time.bracket", index, sentence))

    def finish(self) -> None:
        """Nothing waits for the end: each entry is judged when it comes."""

    def verdict(self) -> str:
        """Say how far times can be believed: `yes` to the last mark, `no` without one before, or `until <index>`."""
        if len(self._marks) < _A_PAIR:
            return NO
        if not self.violations and self._reached >= self._marks[-1][0]:
            return YES
        return f"until {self.violations[0].index if self.violations else self._reached}"

    def _pass_mark(self) -> None:
        """Take the marks around the next entry; without any, nothing bounds it."""
        if self._until:
            self._earliest = instant(self._time_s - LONGEST_ACT_S)
        mark = next(self._coming, None)
        if mark is None:
            self._latest = _UNBOUNDED
            return
        self._until, self._time_s = mark
        self._latest = instant(self._time_s + MAX_FUTURE_S)


def instant(time_s: int) -> str:
    """Write a POSIX second as entries write instants."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
