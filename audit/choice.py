"""Which entries belong to a programme and to a run of days: what an inspector asked for, found by anyone alike.

An entry belongs to a programme when it names it, or names something that an earlier entry of the programme made: a
run, a batch, an instruction, a result, a receipt. Acts are chosen whole, because each is one deed. Who made a bundle
chose with this file, and who verifies it chooses again: nothing can be left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.canonical import JSON
    from audit.entry import Entry
    from audit.errors import Finding

MADE: Final = ("run", "batch", "challenge", "instruction", "result", "handover", "sts", "receipt")
"""Members of a body that name something which belongs to one programme alone."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: a programme by its code and the days from `since` to `until`, both included."""

    program: str
    since: str
    until: str

    def has_day(self, on: str) -> bool:
        """Say whether a day is one of those; days are text, whose order is their order."""
        return self.since <= on <= self.until


class Choice:
    """Reads entries in log order, as a checker does, and chooses.

    `count` and `digest` describe the chosen indexes for comparison: the digest is the SHA-256 over them in order, each
    as decimal digits and a newline. `indexes` are the first `keep` of them.
    """

    violations: tuple[Finding, ...] = ()

    def __init__(self, wish: Wish, *, keep: int) -> None:
        self._wish = wish
        self._keep = keep
        self._known: set[str] = set()
        self._act = ""
        self._act_indexes: list[int] = []
        self._is_wanted = False
        self._hash = hashlib.sha256()
        self.count = 0
        self.indexes: list[int] = []

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the indexes chosen so far, in hexadecimal."""
        return self._hash.hexdigest()

    def apply(self, index: int, entry: Entry) -> None:
        """Take the next entry."""
        if entry.act != self._act:
            self.finish()
            self._act = entry.act
        self._act_indexes.append(index)
        if self._belongs(entry.body) and self._wish.has_day(entry.on):
            self._is_wanted = True

    def finish(self) -> None:
        """Close the last act."""
        if self._is_wanted:
            for index in self._act_indexes:
                self._hash.update(b"%d\n" % index)
            self.count += len(self._act_indexes)
            self.indexes += self._act_indexes[: self._keep - len(self.indexes)]
        self._act_indexes, self._is_wanted = [], False

    def _belongs(self, body: Mapping[str, JSON]) -> bool:
        made = [name for member in MADE if type(name := body.get(member)) is str]
        if body.get("program") != self._wish.program and self._known.isdisjoint([*made, *_shown_in(body)]):
            return False
        self._known.update(made)
        return True


def _shown_in(body: Mapping[str, JSON]) -> list[str]:
    """List the batches that one code was asked for; they may be of several programmes."""
    rows = body.get("batches")
    if type(rows) is not list:
        return []
    return [row[0] for row in rows if type(row) is list and row and type(row[0]) is str]
