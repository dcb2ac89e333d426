"""Reading the log: entries by position or by act, whether they are sealed, and their proofs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aid_ledger.log.models import LogCheckpoint, LogEntry, LogPosition
from aid_ledger.log.rules import EntryNotFound, NotSealed
from aid_ledger.log.sequencer import TileFetch
from aid_ledger.log.tree import TileTree
from audit.note import encode_base64

PAGE = 100
"""Entries on one page of the log."""


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry with its position; `position` is None while it waits for the sequencer."""

    position: int | None
    act: str
    ordinal: int
    kind: str
    raw: bytes
    leaf_hash: bytes


def newest_checkpoint(session: Session) -> LogCheckpoint | None:
    """Give the newest signed checkpoint; None before the first pass of the sequencer."""
    return session.scalars(select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)).first()


def sealed_size(session: Session) -> int:
    """Tell how many entries lie under the newest signed checkpoint."""
    return session.scalar(select(func.coalesce(func.max(LogCheckpoint.size), 0))) or 0


def entries_of_act(session: Session, act: str) -> list[PlacedEntry]:
    """List an act's entries in order; empty if the act wrote none."""
    query = (
        select(LogPosition.position, LogEntry)
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogEntry.act == act)
        .order_by(LogEntry.ordinal)
    )
    return [_placed(position, entry) for position, entry in session.execute(query.select_from(LogEntry))]


def entry_at(session: Session, position: int) -> PlacedEntry:
    """Fetch the entry at a position; raises EntryNotFound."""
    query = select(LogEntry).join(LogPosition, LogPosition.entry_id == LogEntry.id)
    entry = session.scalars(query.where(LogPosition.position == position)).first()
    if entry is None:
        raise EntryNotFound(position=position)
    return _placed(position, entry)


def page_before(session: Session, before: int | None, *, limit: int = PAGE) -> list[PlacedEntry]:
    """List entries newest first, below a position (None: from the newest); keyset paging."""
    query = select(LogPosition.position, LogEntry).join(LogEntry, LogPosition.entry_id == LogEntry.id)
    if before is not None:
        query = query.where(LogPosition.position < before)
    rows = session.execute(query.order_by(LogPosition.position.desc()).limit(limit))
    return [_placed(position, entry) for position, entry in rows]


def require_sealed(session: Session, act: str) -> list[PlacedEntry]:
    """Give an act's entries, all of them under the newest checkpoint; raises NotSealed or EntryNotFound."""
    entries = entries_of_act(session, act)
    if not entries:
        raise EntryNotFound(act=act)
    size = sealed_size(session)
    if any(entry.position is None or entry.position >= size for entry in entries):
        raise NotSealed(act=act)
    return entries


def proof_text(session: Session, position: int) -> str:
    """Write the tlog-proof of the entry at a position under the newest checkpoint (C2SP tlog-proof).

    Raises NotSealed if no checkpoint covers it yet.
    """
    newest = newest_checkpoint(session)
    if newest is None or position >= newest.size:
        raise NotSealed(position=position)
    hashes = TileTree(newest.size, TileFetch(session)).inclusion_proof(position)
    lines = "".join(encode_base64(each) + "\n" for each in hashes)
    return f"c2sp.org/tlog-proof@v1\nindex {position}\n{lines}\n{newest.note}"


def _placed(position: int | None, entry: LogEntry) -> PlacedEntry:
    return PlacedEntry(position, entry.act, entry.ordinal, entry.kind, bytes(entry.raw), bytes(entry.leaf_hash))
