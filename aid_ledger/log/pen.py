"""The pen: where an Act's entries go. Their bytes, and what they mention, at the very end of the Act's transaction."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import insert
from sqlalchemy.orm import Session

from aid_ledger.core.act import PendingEntry
from aid_ledger.core.retry import retrying
from aid_ledger.log.mentions import mentions_of
from aid_ledger.log.models import LogEntry, LogMention


class Orders(Protocol):
    """Something that orders committed entries: the sequencer."""

    def run_once(self) -> object:
        """Make one pass."""


class LogPen:
    """Writes entries; on the embedded database it also has them ordered right after the commit.

    On PostgreSQL `sequencer` is None and `aid-ledger sequencer` does that in a process of its own, which alone holds
    the log key. On SQLite the process that acts holds it too: the documented exception (custody `single-host`).
    """

    def __init__(self, sequencer: Orders | None = None) -> None:
        self._sequencer = sequencer

    def write(self, session: Session, entries: list[PendingEntry]) -> None:
        """Insert the entries in order; their ids rise with their ordinals."""
        written = insert(LogEntry).returning(LogEntry.id, sort_by_parameter_order=True)
        rows = [
            {
                "act": entry.act,
                "ordinal": entry.ordinal,
                "kind": entry.kind,
                "recorded_at": entry.recorded_at,
                "raw": entry.raw,
                "leaf_hash": entry.leaf_hash,
            }
            for entry in entries
        ]
        ids = session.scalars(written, rows).all()
        mentions = mentions_of((id_, each.kind, each.raw) for id_, each in zip(ids, entries, strict=True))
        if mentions:
            session.execute(insert(LogMention), mentions)

    def after_commit(self) -> None:
        """Order what was just committed, where this process may."""
        if self._sequencer is not None:
            # A pass may be repeated at will; the deed it follows may not, and is committed already.
            retrying(self._sequencer.run_once)
