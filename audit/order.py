"""What holds between entries whatever they say: ids are unique, and an act's entries follow each other from 0.

A repeated id is a replayed entry; a gap in an act is an entry that was left out before it could be hashed. The
acts themselves are judged by `replay/`.
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
        # For every act, the tables each of its entries may explain; its length is the next ordinal.
        self._acts: dict[str, list[frozenset[str]]] = {}

    def take(self, entry: Entry) -> None:
        """Take the next entry of the log.

        Raises:
            MalformedInput: its id was there before, its ordinal is not the next of its act, or it carries rows
                on behalf of an entry that may not explain them.

        """
        if entry.id in self._ids:
            raise MalformedInput(f"the id {entry.id} was there before", rule="order.id_twice")
        act = self._acts.setdefault(entry.act, [])
        if entry.ordinal != len(act):
            raise MalformedInput(f"ordinal {entry.ordinal} follows {len(act)} entries of its act", rule="order.ordinal")
        if entry.kind == _CONTINUATION:
            _check_continuation(entry, act)
        self._ids.add(entry.id)
        act.append(facts.tables_of(entry.kind, entry.v))


def _check_continuation(entry: Entry, act: list[frozenset[str]]) -> None:
    """Further rows may only be rows the continued fact could have carried itself."""
    continued = entry.body["of"]
    if type(continued) is not int or continued >= len(act) or _ANY_TABLE in act[continued]:
        raise MalformedInput("rows continue no earlier fact of their act", rule="order.continuation")
    undeclared = entry.rows.keys() - act[continued]
    if undeclared:
        raise MalformedInput(f"the continued fact may not explain rows of {min(undeclared)}", rule="order.continuation")
