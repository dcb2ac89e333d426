"""The engine: what is said often is prepared, nothing is where a pooler stands between, and the dead are replaced."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import InternalError, OperationalError

from aid_ledger.core import clock
from aid_ledger.core.db import IDLE_S, SAID_OFTEN, make_engine, reading

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
"""The embedded database is no server: it prepares nothing that outlives a statement, and it does not restart."""

KEPT = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%coalesce(%'")
BACKEND = text("SELECT pg_backend_pid()")


def prepared(engine: Engine) -> object:
    """Say one statement often on one connection and count what the server keeps of it."""
    with engine.connect() as connection:
        for _ in range(SAID_OFTEN + 1):
            connection.execute(select(func.coalesce(1, 2)))
        return connection.scalar(KEPT)


@pytest.mark.parametrize(("behind_pooler", "kept"), [(False, 1), (True, 0)])
def test_statements_are_prepared_unless_a_pooler_would_forget_them(
    database_url: str, *, behind_pooler: bool, kept: int
) -> None:
    """A pooler gives the next transaction a connection on which the statement was never prepared."""
    engine = make_engine(database_url, behind_pooler=behind_pooler)
    try:
        assert prepared(engine) == kept
    finally:
        engine.dispose()


def test_reading_keeps_nothing(database_url: str) -> None:
    """What somebody tries to write while reading is refused, and an error inside ends the reading like any other."""
    engine = make_engine(database_url)
    try:
        with pytest.raises(InternalError, match="read-only"), reading(engine) as session:
            session.execute(text("DELETE FROM commodities"))
        with engine.connect() as connection:
            assert connection.scalar(text("SHOW transaction_read_only")) == "off"
    finally:
        engine.dispose()


def test_who_reads_leaves_what_others_had_prepared(database_url: str) -> None:
    """A page that was read costs the next deed on its connection nothing: the driver forgets all when it rolls back."""
    engine = make_engine(database_url)
    try:
        for kept in (0, 1):
            with reading(engine) as session:
                assert session.scalar(KEPT) == kept
                for _ in range(SAID_OFTEN + 1):
                    session.execute(select(func.coalesce(1, 2)))
    finally:
        engine.dispose()


def test_nothing_is_kept_of_what_was_written_after_a_reading_was_given_up(database_url: str) -> None:
    """The cheat of the second transaction: only the first is held to read, so that it alone may be committed."""
    engine = make_engine(database_url)
    try:
        with reading(engine) as session:
            with pytest.raises(InternalError, match="read-only"):
                session.execute(text("CREATE TABLE written (id int)"))
            session.rollback()
            session.execute(text("CREATE TABLE written (id int)"))
        with reading(engine) as session:
            assert session.scalar(text("SELECT to_regclass('written') IS NULL"))
    finally:
        engine.dispose()


@pytest.mark.parametrize("is_noticed", [True, False])
def test_what_was_read_before_the_server_went_is_still_read(database_url: str, *, is_noticed: bool) -> None:
    """A connection that dies at the end of a reading, seen by its reader or not, ends it without another error."""
    engine, other = make_engine(database_url), make_engine(database_url)
    try:
        with reading(engine) as session:
            pid = session.scalar(BACKEND)
            with other.connect() as connection:
                assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
            if is_noticed:
                with pytest.raises(OperationalError):
                    session.scalar(BACKEND)
        with reading(engine) as session:
            assert session.scalar(BACKEND) != pid
    finally:
        engine.dispose()
        other.dispose()


def test_connections_that_died_unused_are_replaced(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was restarted over lunch refuses nobody's first deed after it."""
    engine, other = make_engine(database_url), make_engine(database_url)
    try:
        with engine.connect() as connection:
            pid = connection.scalar(BACKEND)
        with other.connect() as connection:
            assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
        later = clock.monotonic() + IDLE_S
        monkeypatch.setattr(clock, "monotonic", lambda: later)
        with engine.connect() as connection:
            assert connection.scalar(BACKEND) != pid
    finally:
        engine.dispose()
        other.dispose()
