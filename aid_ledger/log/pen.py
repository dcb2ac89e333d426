"""The pen: where an Act's entries go. Their bytes, and what they mention, at the very end of the Act's transaction."""

from __future__ import annotations

from typing import Any, Final, Protocol, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from aid_ledger.core.act import PendingEntry
from aid_ledger.core.db import ask, dialect_of
from aid_ledger.core.retry import retrying
from aid_ledger.log.mentions import mentions_of, references_in
from aid_ledger.log.models import LogEntry, LogMention

FEW: Final = 4
"""Entries that are cheaper written one by one than as lists; a deed of daily work has one or two."""

_ENTRIES: Final = cast("Table", LogEntry.__table__)
_MENTIONS: Final = cast("Table", LogMention.__table__)
_ENTRY: Final = """
    INSERT INTO log_entries (act, ordinal, kind, recorded_at, raw, leaf_hash) VALUES (%s, %s, %s, %s, %s, %s)
"""
_ENTRY_AND_MENTIONS: Final = f"""
    WITH written AS ({_ENTRY} RETURNING id)
    INSERT INTO log_mentions (entry_id, reference) SELECT written.id, unnest(%s::text[]) FROM written
"""  # noqa: S608 - constants of this file
"""An entry and all that it mentions in one statement, which PostgreSQL alone can say."""


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
        if len(entries) <= FEW and dialect_of(session) == "postgresql":
            connection = session.connection()
            for entry in entries:
                mentioned = references_in(entry.kind, entry.raw)
                statement, more = (_ENTRY_AND_MENTIONS, [mentioned]) if mentioned else (_ENTRY, [])
                ask(connection, statement, *_row(entry).values(), *more)
            return
        written = insert(_ENTRIES).returning(_ENTRIES.c.id, sort_by_parameter_order=True)
        ids = session.scalars(written, [_row(entry) for entry in entries]).all()
        mentions = mentions_of((id_, each.kind, each.raw) for id_, each in zip(ids, entries, strict=True))
        if mentions:
            session.execute(insert(_MENTIONS), mentions)

    def after_commit(self) -> None:
        """Order what was just committed, where this process may."""
        if self._sequencer is not None:
            # A pass may be repeated at will; the deed it follows may not, and is committed already.
            retrying(self._sequencer.run_once)


def _row(entry: PendingEntry) -> dict[str, Any]:
    return {
        "act": entry.act,
        "ordinal": entry.ordinal,
        "kind": entry.kind,
        "recorded_at": entry.recorded_at,
        "raw": entry.raw,
        "leaf_hash": entry.leaf_hash,
    }
