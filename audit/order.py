"""What holds between entries whatever they say: ids are unique, and an act's entries stand together, from 0.

A repeated id is a replayed entry; a gap in an act is an entry that was left out before it could be hashed; an act
that goes on later would escape rules that judge an act as a whole. The acts themselves are judged by `replay/`.
Gaps show at once, repeats only at the end, because a long log has more ids than memory should hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit import facts
from audit.errors import Finding, MalformedInput
from audit.repeats import Repeats

if TYPE_CHECKING:
    from audit.entry import Entry

_CONTINUATION: Final = "RowsWritten"


class Order:
    """Remembers ids and acts while a log is read from its first entry."""

    def __init__(self) -> None:
        self._ids = Repeats()
        self._acts = Repeats()
        self._act = ""
        # The entries of the current act so far; their number is the next ordinal.
        self._entries: list[Entry] = []

    def take(self, index: int, entry: Entry) -> None:
        """Take the next entry of the log.

        Raises:
            MalformedInput: its ordinal is not the next of its act, or it carries rows on behalf of an entry that may
                not explain them.
            SourceFailed: temporary files cannot be written.

        """
        self._ids.add(entry.id, index)
        if entry.act != self._act:
            self._acts.add(entry.act, index)
            self._act, self._entries = entry.act, []
        if entry.ordinal != len(self._entries):
            sentence = f"ordinal {entry.ordinal} follows {len(self._entries)} entries of its act"
            raise MalformedInput(sentence, rule="order.ordinal")
        if entry.kind == _CONTINUATION:
            _check_continuation(entry, self._entries)
        self._entries.append(entry)

    def repeats(self) -> list[Finding]:
        """Name, when all entries have been taken, the first id and the first act that had been there before.

        Raises:
            SourceFailed: temporary files cannot be read.

        """
        again = {"order.id_twice": self._ids.first(), "order.act_twice": self._acts.first()}
        sentences = {"order.id_twice": "its id was there before", "order.act_twice": "its act had ended before"}
        return [Finding(rule, index, sentences[rule]) for rule, index in again.items() if index is not None]


def _check_continuation(entry: Entry, act: list[Entry]) -> None:
    """Further rows may only be rows the continued fact could have carried itself."""
    continued = entry.body["of"]
    if type(continued) is not int or continued >= len(act) or act[continued].kind == _CONTINUATION:
        raise MalformedInput("rows continue no earlier fact of their act", rule="order.continuation")
    tables = facts.KINDS[act[continued].kind, act[continued].v].TABLES
    undeclared = entry.rows.keys() - tables
    if undeclared:
        raise MalformedInput(f"the continued fact may not explain rows of {min(undeclared)}", rule="order.continuation")
