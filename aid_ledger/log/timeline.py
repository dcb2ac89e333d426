"""The facts of one object, for its page: what was done, by whom, when, and where in the log the proof lies.

    timeline(session, "BTC-2026-000123-K")               everything that mentions the object
    timeline(session, about("program", "BST"))           the same for the few objects that have codes
    entries_of_acts(session, [transfer.act, ...])        everything recorded by these Acts

Items fit the macro `timeline` of templates/web/macros/timeline.html. They carry no particulars: an object's own page
knows those.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from aid_ledger.log.models import LogEntry, LogMention, LogPosition
from aid_ledger.log.queries import PlacedEntry
from aid_ledger.log.words import actor_words, words_of

LIMIT: Final = 200
"""Newest facts shown of one object: a batch of 100,000 lines has thousands, and they are in the log."""

CONTINUATIONS: Final = ("RowsWritten", "LinesFrozen")
"""Kinds that only carry on an earlier entry of their Act; in a timeline they would be noise."""

UNREADABLE: Final = "Isi catatan ini tidak dapat dibaca lagi: basis data telah diubah dengan tangan."

ENTRY_ADDRESS: Final = "/log/entri/"
"""Where an entry's page is; the log's pages stand under one fixed address on every installation."""


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """A fact as a timeline shows it; `entry` is its position in the log, None until it is sealed."""

    kind: str
    title: str
    by: str
    office: str
    at: dt.datetime
    on: dt.date
    entry: int | None
    look: str
    note: str = ""

    @property
    def proof_url(self) -> str:
        """Lead to the entry's page; "" until it is sealed."""
        return "" if self.entry is None else f"{ENTRY_ADDRESS}{self.entry}"


def timeline(
    session: Session, reference: str, *, names: Mapping[str, str] | None = None, limit: int = LIMIT
) -> list[TimelineItem]:
    """List the facts that mention an object, newest first; `names` gives officials' names by login."""
    query = _entries().join(LogMention, LogMention.entry_id == LogEntry.id).where(LogMention.reference == reference)
    return _items(session, query, names or {}, limit)


def entries_of_acts(
    session: Session, acts: Iterable[str], *, names: Mapping[str, str] | None = None, limit: int = LIMIT
) -> list[TimelineItem]:
    """List what some Acts recorded, newest first."""
    return _items(session, _entries().where(LogEntry.act.in_(list(acts))), names or {}, limit)


def item_of(entry: PlacedEntry) -> TimelineItem:
    """Describe one entry for a list; one whose bytes cannot be read any more is shown as such, not hidden."""
    kind = words_of(entry.kind)
    try:
        envelope = entry.envelope()
        actor = envelope["actor"]
        by, office = actor_words(actor["type"], actor["id"]), actor["office"]
        on, note, look = dt.date.fromisoformat(envelope["on"]), "", kind.look
    except (ValueError, KeyError, TypeError):
        by, office, on, note, look = "", "", entry.recorded_at.date(), UNREADABLE, "bad"
    return TimelineItem(entry.kind, kind.words, by, office, entry.recorded_at, on, entry.position, look, note)


def _entries() -> Select[int, bytes, dt.datetime, int]:
    return (
        select(LogEntry.id, LogEntry.raw, LogEntry.recorded_at, LogPosition.position)
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogEntry.kind.not_in(CONTINUATIONS))
    )


def _items(
    session: Session, query: Select[int, bytes, dt.datetime, int], names: Mapping[str, str], limit: int
) -> list[TimelineItem]:
    rows = session.execute(query.order_by(LogEntry.id.desc()).limit(limit))
    return [_item(row, json.loads(row.raw), names) for row in rows]


def _item(row: Row[int, bytes, dt.datetime, int], envelope: dict[str, Any], names: Mapping[str, str]) -> TimelineItem:
    actor, kind = envelope["actor"], words_of(envelope["kind"])
    return TimelineItem(
        kind=envelope["kind"],
        title=kind.words,
        by=names.get(actor["id"]) or actor_words(actor["type"], actor["id"]),
        office=actor["office"],
        at=row.recorded_at,
        on=dt.date.fromisoformat(envelope["on"]),
        entry=row.position,
        look=kind.look,
    )
