"""Trying again: only collisions, only so often, and never after anything else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from aid_ledger.core.errors import Kind
from aid_ledger.core.retry import LONGEST_PAUSE_MS, DatabaseBusy, is_serialization_failure, retrying

COLLISIONS = [psycopg.errors.SerializationFailure("x"), psycopg.errors.DeadlockDetected("x")]
OTHERS = [
    psycopg.errors.UniqueViolation("x"),
    psycopg.errors.AdminShutdown("x"),
    psycopg.OperationalError("server closed the connection unexpectedly"),
    sqlite3.OperationalError("database is locked"),
    sqlite3.IntegrityError("UNIQUE constraint failed"),
    ValueError("40001"),
]


def _wrapped(error: Exception) -> DBAPIError:
    return OperationalError("UPDATE book_balances", {}, error)


def _busy(path: Path) -> sqlite3.OperationalError:
    """Make two connections of SQLite meet, and give back what the second one is told."""
    with sqlite3.connect(path, isolation_level=None) as holder, sqlite3.connect(path, timeout=0) as late:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as refused:
            late.execute("BEGIN IMMEDIATE")
        holder.execute("ROLLBACK")
    holder.close()
    late.close()
    return refused.value


def _failing(error: Exception, *, times: int) -> tuple[Callable[[], int], list[int]]:
    """Make a deed that fails so many times and then tells how often it ran."""
    runs: list[int] = []

    def deed() -> int:
        runs.append(1)
        if len(runs) <= times:
            raise error
        return len(runs)

    return deed, runs


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_other_failures_are_never_tried_again(error: Exception) -> None:
    """Cheat and accident P7: a lost connection may hide a commit; trying again would pay twice."""
    for one in (error, _wrapped(error)):
        deed, runs = _failing(one, times=1)

        assert not is_serialization_failure(one)
        with pytest.raises(type(one)):
            retrying(deed, pause=lambda _seconds: None)
        assert len(runs) == 1


def test_another_failure_after_a_collision_is_raised_as_it_is() -> None:
    """Law: the last attempt is no exception to the rule."""
    errors = iter([_wrapped(COLLISIONS[0]), _wrapped(OTHERS[0])])

    def deed() -> None:
        raise next(errors)

    with pytest.raises(DBAPIError) as raised:
        retrying(deed, attempts=2, pause=lambda _seconds: None)
    assert raised.value.orig is OTHERS[0]


@pytest.mark.parametrize("attempts", [0, -1])
def test_no_attempts_are_our_mistake(attempts: int) -> None:
    """Law: misuse is no DomainError."""
    with pytest.raises(ValueError, match="attempts"):
        retrying(lambda: None, attempts=attempts)


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_endless_collisions_end_in_a_refusal(attempts: int) -> None:
    """Law P7: the person is told to try again; nothing was done."""
    deed, runs = _failing(_wrapped(COLLISIONS[0]), times=99)
    pauses: list[float] = []

    with pytest.raises(DatabaseBusy) as refused:
        retrying(deed, attempts, pause=pauses.append)

    assert (refused.value.kind, refused.value.code) == (Kind.UNAVAILABLE, "database.busy")
    assert refused.value.facts == {"attempts": attempts}
    assert isinstance(refused.value.__cause__, DBAPIError)
    assert (len(runs), len(pauses)) == (attempts, attempts - 1)


@pytest.mark.parametrize("error", COLLISIONS, ids=repr)
def test_collisions_on_postgresql_are_tried_again(error: Exception) -> None:
    """Law P1: two officers who met at one account both get their answer."""
    for one in (error, _wrapped(error)):
        deed, _ = _failing(one, times=3)

        assert is_serialization_failure(one)
        assert retrying(deed, pause=lambda _seconds: None) == 4


def test_a_busy_embedded_database_is_tried_again(tmp_path: Path) -> None:
    """Law: a real SQLITE_BUSY, by its code and not by its words, bare and wrapped."""
    busy = _busy(tmp_path / "ledger.sqlite")

    assert is_serialization_failure(busy)
    assert is_serialization_failure(_wrapped(busy))
    assert retrying(_failing(busy, times=1)[0]) == 2


def test_pauses_grow_to_a_limit_and_differ() -> None:
    """Law: two writers that met do not meet again in step, and nobody waits long."""
    pauses: list[float] = []
    with pytest.raises(DatabaseBusy):
        retrying(_failing(COLLISIONS[0], times=99)[0], attempts=60, pause=pauses.append)

    assert all(0 < pause <= LONGEST_PAUSE_MS / 1000 for pause in pauses)
    assert pauses[0] <= 0.02
    assert len(set(pauses)) > 10


def test_a_collision_behind_a_cause_is_found_and_a_ring_of_causes_ends() -> None:
    """Law: what wraps a collision is a collision; a chain that bites its tail is not followed for ever."""
    outer = RuntimeError("the Act could not close")
    outer.__cause__ = _wrapped(COLLISIONS[1])
    ring = RuntimeError("ring")
    ring.__cause__ = ring

    assert is_serialization_failure(outer)
    assert not is_serialization_failure(ring)


def test_a_wrapped_error_of_a_real_engine_is_understood(tmp_path: Path) -> None:
    """Law: SQLAlchemy keeps the driver's error where we look for it."""
    engine = create_engine(f"sqlite:///{tmp_path / 'other.sqlite'}")
    with engine.connect() as connection, pytest.raises(OperationalError) as refused:
        connection.execute(text("SELECT * FROM nowhere"))
    engine.dispose()

    assert isinstance(refused.value.orig, sqlite3.OperationalError)
    assert not is_serialization_failure(refused.value)
