"""What the database is built by, as the log says it: the fingerprint of the migrations, and each change of it (U3).

A change is said by the process that orders the log, after a good pass, and by nobody else. A restored database that
was migrated would otherwise say once more what the log, which it has forgotten, says already.
"""

from __future__ import annotations

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from aid_ledger.core.act import SYSTEM, Act, Acts
from aid_ledger.core.db import reading
from aid_ledger.core.migrating import schema_digest
from aid_ledger.log.mentions import SCHEMA
from aid_ledger.log.models import LogEntry, LogMention, LogPosition
from audit.entry import parse_entry
from audit.facts.founding import LogFounded, SchemaChanged


def logged_schema(session: Session) -> str:
    """Give the fingerprint that the log said last; "" before the log is founded and sealed.

    Raises:
        AuditError: the entry that says it was forged into something that cannot be read.
    """
    told = select(LogEntry.raw).join(LogMention, LogMention.entry_id == LogEntry.id)
    told = told.where(LogMention.reference == SCHEMA, LogEntry.kind == SchemaChanged.KIND)
    newest = session.scalars(told.order_by(LogEntry.id.desc()).limit(1)).first()
    if newest is not None:
        return str(parse_entry(bytes(newest)).body["new"])
    began = select(LogEntry.raw).join(LogPosition, LogPosition.entry_id == LogEntry.id)
    first = session.scalars(began.where(LogPosition.position == 0, LogEntry.kind == LogFounded.KIND)).first()
    return str(parse_entry(bytes(first)).body["schema"]) if first is not None else ""


def is_schema_told(session: Session) -> bool:
    """Tell whether the log knows what this software builds its database by; nothing is owed before the founding."""
    return logged_schema(session) in {"", schema_digest()}


def tell_schema(engine: Engine, acts: Acts) -> bool:
    """Say in the log that the schema changed, unless it is said; tells whether it was said now.

    For the process that orders the log, after a pass that found nothing wrong.
    """
    with reading(engine) as session:
        if is_schema_told(session):
            return False
    return acts.run(SYSTEM, _tell)


def _tell(act: Act) -> bool:
    if is_schema_told(act.session):
        return False
    act.record(SchemaChanged(old=logged_schema(act.session), new=schema_digest()))
    return True
