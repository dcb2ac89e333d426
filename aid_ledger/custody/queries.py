"""Reading the keys that were proposed to sign the log."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.custody import rules
from aid_ledger.log.models import LogKey


def state_of(session: Session, vkey: str) -> str:
    """Tell what became of a key; "" if it was never proposed."""
    return session.scalar(select(LogKey.state).where(LogKey.vkey == vkey)) or ""


def unused_keys(session: Session) -> Sequence[LogKey]:
    """List the keys that never signed the log, in the order in which they were proposed."""
    return session.scalars(select(LogKey).where(LogKey.state != rules.TAKEN).order_by(LogKey.id)).all()
