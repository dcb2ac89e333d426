"""Trying a transaction again when the database says that two of them met, and at no other time.

A deed that is tried again runs from its beginning in a new transaction; that is why it may call nothing outside.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from aid_ledger.core.errors import DomainError, Kind

ATTEMPTS = 5
"""Two writers meet often, the same two five times hardly ever; after that the wait belongs to the person."""

FIRST_PAUSE_MS = 20
LONGEST_PAUSE_MS = 640

_SERIALIZATION_STATES = frozenset({"40001", "40P01"})
"""PostgreSQL: serialization_failure and deadlock_detected; in both the transaction left nothing behind."""

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY_CODE = 0xFF
_CHAIN_LIMIT = 16

_DATABASE_ERRORS = (SQLAlchemyError, psycopg.Error, sqlite3.Error)
"""COPY and raw cursors raise the driver's own errors; everything else wears SQLAlchemy's coat."""

_T = TypeVar("_T")


class DatabaseBusy(DomainError):
    """Others kept writing to the same rows; nothing was done, and the same deed may be tried again."""

    kind = Kind.UNAVAILABLE
    code = "database.busy"


def is_serialization_failure(error: BaseException) -> bool:
    """Tell whether a database undid this transaction only because of another one.

    Looks through SQLAlchemy's wrapping and through causes; other database errors (a lost connection among them, which
    may hide a commit) are not for trying again.
    """
    return any(_is_collision(one) for one in _chain(error))


def retrying(deed: Callable[[], _T], attempts: int = ATTEMPTS, *, pause: Callable[[float], object] = time.sleep) -> _T:
    """Run a deed that opens its own transaction, again when it collided, at most `attempts` times.

    Raises:
        DatabaseBusy: it collided every time; the last collision is the cause.
    """
    if attempts < 1:
        raise ValueError(f"{attempts} attempts are none")
    for attempt in range(1, attempts):
        try:
            return deed()
        except _DATABASE_ERRORS as error:
            if not is_serialization_failure(error):
                raise
        pause(_pause_s(attempt))
    try:
        return deed()
    except _DATABASE_ERRORS as error:
        if is_serialization_failure(error):
            raise DatabaseBusy("other transactions kept colliding with this one", attempts=attempts) from error
        raise


def _pause_s(attempt: int) -> float:
    """Draw a pause from a span that doubles, so that two writers that met do not meet again in step."""
    longest_ms = min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
    return (1 + secrets.randbelow(longest_ms)) / 1000


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Walk from an error to what it wraps: SQLAlchemy's `orig` first, then the cause."""
    current: BaseException | None = error
    for _ in range(_CHAIN_LIMIT):
        if current is None:
            return
        yield current
        wrapped = getattr(current, "orig", None)
        current = wrapped if isinstance(wrapped, BaseException) else current.__cause__


def _is_collision(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & _PRIMARY_CODE in _BUSY
    return getattr(error, "sqlstate", None) in _SERIALIZATION_STATES
