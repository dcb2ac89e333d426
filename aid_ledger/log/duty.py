"""The one sequencer's place: held for as long as its process lives, so that a second one waits and says for whom.

What keeps two sequencers from making two logs is the lock of every pass (`sequencer.py`). This lock is for people: who
started a second one by accident is told, and who asks how the log fares learns who sequences it. It is the lock of a
transaction that stays open and changes nothing, so that it also holds behind a pooler that gives each transaction
another connection; the server frees it when the process dies. The embedded database has no such place: there every
process that acts orders its own entries, under the write lock.
"""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from aid_ledger.core.db import dialect_of, reading
from aid_ledger.log.rules import DUTY_LOCK


@dataclass(frozen=True, slots=True)
class Holder:
    """Who sequences: its connection's process id and address ("" on the server's own host), and since when.

    `seen_at` is when it last confirmed its place, which it does before every pass. Both times are None to a role that
    may not see other roles' activity.
    """

    pid: int
    address: str
    since: dt.datetime | None
    seen_at: dt.datetime | None

    def words(self) -> str:
        """Name the holder for a line of a terminal."""
        return f"pid {self.pid}@{self.address or 'server'}"


_TAKING: Final = text("SELECT pg_try_advisory_xact_lock(:key)")
_CONFIRMING: Final = text("SELECT 1")
_HOLDER: Final = text(
    "SELECT a.pid, coalesce(host(a.client_addr), '') AS address, a.xact_start AS since, a.query_start AS seen_at"
    " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (l.classid::bigint << 32 | l.objid::bigint) = :key"
)


class Duty:
    """The place of the one sequencer, as one process sees it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Session | None = None
        self._open = ExitStack()

    def take(self) -> Holder | None:
        """Take the place, or confirm that it is still ours; gives who holds it if that is somebody else.

        Raises:
            DBAPIError: the database cannot be reached; the place is lost with the connection and taken anew next time.
        """
        try:
            if self._held is not None:
                self._held.execute(_CONFIRMING)
                return None
            with reading(self._engine) as session:
                if dialect_of(session) != "postgresql":
                    return None
            return self._take()
        except DBAPIError:
            self.leave()
            raise

    def leave(self) -> None:
        """Give the place up."""
        self._held = None
        self._open.close()

    def _take(self) -> Holder | None:
        session = self._open.enter_context(reading(self._engine))
        if session.scalar(_TAKING, {"key": DUTY_LOCK}):
            self._held = session
            return None
        holder = holder_of(session) or Holder(0, "", None, None)
        self.leave()
        return holder


def holder_of(session: Session) -> Holder | None:
    """Tell who sequences; None if nobody does, or on the embedded database, where whoever acts does."""
    if dialect_of(session) != "postgresql":
        return None
    row = session.execute(_HOLDER, {"key": DUTY_LOCK}).first()
    return Holder(row.pid, row.address, row.since, row.seen_at) if row else None
