"""How one step is run: again when the database was busy or away, and never letting an error carry words of people.

An exception's message may quote the row it choked on. What leaves `sealed` is therefore an `Outcome`: a summary, or
a stable code with the facts a room declared for it. The engine stores outcomes, so it never stores an exception.
"""

from __future__ import annotations

import sqlite3
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from sqlalchemy import exc

from aid_ledger.core import logs
from aid_ledger.core.errors import DomainError
from aid_ledger.core.jobs.arguments import JsonObject, UnsafeArguments, encode
from aid_ledger.core.retry import DatabaseBusy

PAUSES_S: Final = (0.2, 0.5, 1, 2, 4, 8, 8, 8)
"""Waits between attempts of a step, 31.7 seconds together: a database that fails over to its standby needs sixteen."""

BROKEN: Final = "job.broken"
"""The code of a bug in a step: the log names the place, nothing repeats the message."""

DATABASE_AWAY: Final = "job.database_away"
"""The code of a step whose every attempt met a busy or absent database."""

TRANSIENT_SQLSTATES = ("08", "40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03")
"""PostgreSQL: connection errors, serialization, deadlock, too many connections, lock timeout, and shutting down."""

TRANSIENT_SQLITE_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

T = TypeVar("T")

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step or a job: its value when `code` is None, else the refusal's code and facts."""

    value: JsonObject
    code: str | None = None

    def as_json(self) -> JsonObject:
        """Write it as the engine stores it."""
        return {"code": self.code, "value": self.value}

    @classmethod
    def from_json(cls, stored: JsonObject) -> Outcome:
        """Read what `as_json` wrote."""
        return cls(value=cast("JsonObject", stored["value"]), code=cast("str | None", stored["code"]))


def sealed(call: Callable[[], JsonObject]) -> Outcome:
    """Run a room's function for the engine and answer an outcome, whatever happens.

    A DomainError ends the job with its code and is not tried again. A busy or absent database is tried again within
    PAUSES_S. Anything else is a bug: logged by type and place, answered as BROKEN.
    """
    try:
        return Outcome(patiently(call))
    except DomainError as refusal:
        return Outcome(_facts(refusal), refusal.code)
    except exc.SQLAlchemyError as error:
        _log_bug(error)
        return Outcome({}, DATABASE_AWAY if is_transient(error) else BROKEN)
    except Exception as error:  # noqa: BLE001 - a worker's outermost door: nobody above it could answer or seal this.
        _log_bug(error)
        return Outcome({}, BROKEN)


def patiently(call: Callable[[], T]) -> T:
    """Run a call again while the database is busy or away, at most as often as PAUSES_S has waits.

    `core/retry.py` settles collisions within milliseconds for a person who waits; a job can wait out a failover. A
    lost connection may hide a commit, which is harmless here because steps are idempotent.
    """
    for attempt, pause_s in enumerate(PAUSES_S, start=1):
        try:
            return call()
        except (exc.SQLAlchemyError, DatabaseBusy) as error:
            if not is_transient(error):
                raise
            log.warning("job_step_retried", attempt=attempt, error=type(error).__name__)
        time.sleep(pause_s)
    return call()


def checked(value: JsonObject) -> JsonObject:
    """Pass on what a room answered, having refused what a job must not carry."""
    encode(value)
    return value


def is_transient(error: exc.SQLAlchemyError | DatabaseBusy) -> bool:
    """Tell whether the same call may succeed a moment later without anyone changing anything."""
    if isinstance(error, exc.TimeoutError | DatabaseBusy):
        return True
    if not isinstance(error, exc.DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    driver_error = error.orig
    if isinstance(driver_error, sqlite3.Error):
        # The low byte is the primary code; the others refine it (BUSY_SNAPSHOT).
        return getattr(driver_error, "sqlite_errorcode", 0) & 0xFF in TRANSIENT_SQLITE_CODES
    state = getattr(driver_error, "sqlstate", None)
    if state is None:
        # psycopg has no state to give when it could not reach the server at all.
        return isinstance(error, exc.OperationalError)
    return str(state).startswith(TRANSIENT_SQLSTATES)


def _facts(refusal: DomainError) -> JsonObject:
    """Copy the facts of a refusal; if a room let a long number into them, its sentence goes without facts."""
    facts: JsonObject = dict(refusal.facts)
    try:
        encode(facts)
    except UnsafeArguments:
        log.error("job_refusal_facts_dropped", error_code=refusal.code)  # noqa: TRY400 - a traceback would repeat them.
        return {}
    return facts


def _log_bug(error: Exception) -> None:
    """Log a bug by its type and place only: messages and tracebacks may quote the row they choked on."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    log.error("job_broke", error=type(error).__name__, place=place)
