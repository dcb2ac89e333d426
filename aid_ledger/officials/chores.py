"""What workers do for the officials unasked: failed sign-ins become hourly counts, sessions that ran out are forgotten.

A count of one hour may be asked for by two workers at once: the rows are held while they are counted, so that the
second finds none (THREATS 15).
"""

from __future__ import annotations

from sqlalchemy import Engine

from aid_ledger.core import clock
from aid_ledger.core.act import SYSTEM, Acts, keeping_house
from aid_ledger.core.db import reading
from aid_ledger.core.jobs import JsonObject
from aid_ledger.officials import sessions
from aid_ledger.officials.service.signing_in import count_failures, hours_to_count


def count_failed_sign_ins(acts: Acts) -> JsonObject:
    """Record the failures of every hour that is over; answers how many there were, if any."""
    with reading(acts.engine) as session:
        hours = hours_to_count(session, clock.now())
    count = sum(acts.run(SYSTEM, count_failures, hour) for hour in hours)
    return {"count": count} if count else {}


def forget_old_sessions(engine: Engine) -> JsonObject:
    """Forget the sessions that ran out; they open nothing any more, so it is housekeeping."""
    with keeping_house(engine) as session:
        sessions.end_old_sessions(session, clock.now())
    return {}
