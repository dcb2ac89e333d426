"""What holds between entries whatever they say: ids are unique, and an act's entries stand together, from 0.

A repeated id is a replayed entry; a gap in an act is an entry that was left out before it could be hashed; an act
that goes on later would escape rules that judge an act as a whole. The acts themselves are judged by `replay/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit import facts
from audit.errors import MalformedInput

if TYPE_CHECKING:
    from audit.entry import Entry

_CONTINUATION: Final = "RowsWritten"
_ANY_TABLE: Final = "*"


class Order:
    """Remembers ids and acts while a log is read from its first entry."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._acts: set[str] = set()
        self._act = ""
        # The tables that each entry of the current act may explain; its length is the next ordinal.
        self._tables: list[frozenset[str]] = []

    def take(self, entry: Entry) -> None:
        """Take the next entry of the log.

        Raises:
            MalformedInput: its id was there before, its act was and had ended, its ordinal is not the next of its
                act, or it carries rows on behalf of an entry that may not explain them.

        """
        if entry.id in self._ids:
            raise MalformedInput(f"the id {entry.id} was there before", rule="order.id_twice")
        if entry.act != self._act:
            if entry.act in self._acts:
                raise MalformedInput(f"the act {entry.act} had ended", rule="order.act_twice")
            self._act, self._tables = entry.act, []
            self._acts.add(entry.act)
        if entry.ordinal != len(self._tables):
            sentence = f"ordinal {entry.ordinal} follows {len(self._tables)} entries of its act"
            raise MalformedInput(sentence, rule="order.ordinal")
        if entry.kind == _CONTINUATION:
            _check_continuation(entry, self._tables)
        self._ids.add(entry.id)
        self._tables.append(facts.KINDS[entry.kind, entry.v].TABLES)


def _check_continuation(entry: Entry, act: list[frozenset[str]]) -> None:
    """Further rows may only be rows the continued fact could have carried itself."""
    continued = entry.body["of"]
    if type(continued) is not int or continued >= len(act) or _ANY_TABLE in act[continued]:
        raise MalformedInput("rows continue no earlier fact of their act", rule="order.continuation")
    undeclared = entry.rows.keys() - act[continued]
    if undeclared:
        raise MalformedInput(f"the continued fact may not explain rows of {min(undeclared)}", rule="order.continuation")
