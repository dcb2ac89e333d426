"""The history: some of the cosigned checkpoints, kept so that outsiders can bracket the times of entries (THREATS 9).

A checkpoint is taken in when a quorum has cosigned it, an hour after the one before, and never while entries wait long:
what waits was recorded before the oath and comes after it. Later oaths to it are added as they come; one that is
repeated as a heartbeat is not, because the first says most. The format is `audit.history`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.log import rules
from aid_ledger.log.models import LogCheckpoint, LogHistory, Witness
from aid_ledger.log.queries import cosigned_note, status
from audit import history, note

PAGE = 500
"""Checkpoints read at a time: at most some three megabytes."""


def note_down(session: Session, size: int) -> None:
    """Take a checkpoint into the history if it is due, or add to it who has cosigned it since."""
    sealed = session.get_one(LogCheckpoint, size)
    shown = note.parse(cosigned_note(session, sealed).encode())
    held = session.get(LogHistory, size)
    if held is not None:
        known = {(each.name, each.key_id) for each in note.parse(held.note.encode()).signatures}
        held.note += "".join(each.line() for each in shown.signatures if (each.name, each.key_id) not in known)
    elif _is_due(session, len(shown.signatures) - len(note.parse(sealed.note.encode()).signatures)):
        session.add(LogHistory(size=size, note=shown.encode().decode(), noted_at=clock.now(), is_pinned=False))
        session.flush()
        _thin(session)


def pages(session: Session) -> Iterator[bytes]:
    """Write the history file in pieces, oldest checkpoints first."""
    last = -1
    while True:
        query = select(LogHistory.size, LogHistory.note).where(LogHistory.size > last).order_by(LogHistory.size)
        found = session.execute(query.limit(PAGE)).all()
        if not found:
            return
        yield history.encode(words.encode() for _size, words in found)
        last = found[-1].size


def _is_due(session: Session, cosigned: int) -> bool:
    """Say whether enough have sworn, long enough after the last that was taken in, and nothing has waited for long."""
    if cosigned < rules.quorum_of(session.scalar(select(func.count()).select_from(Witness)) or 0):
        return False
    at = clock.now()
    last = session.scalar(select(func.max(LogHistory.noted_at)))
    return (last is None or at - last >= rules.HISTORY_STEP) and status(session).lag(at) <= rules.HISTORY_LAG


def _thin(session: Session) -> None:
    """Let the older half be twice as coarse when there are too many."""
    sizes = session.scalars(select(LogHistory.size).order_by(LogHistory.size)).all()
    if len(sizes) > rules.HISTORY_LIMIT:
        coarser = sizes[1 : len(sizes) // 2 : 2]
        session.execute(delete(LogHistory).where(LogHistory.size.in_(coarser), LogHistory.is_pinned.is_(False)))
