"""How a worker begins and ends: one at a time in a process, so apart from the tests that share one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from aid_ledger.core import jobs
from aid_ledger.core.db import make_engine
from aid_ledger.core.jobs.engine import Engine as JobEngine
from aid_ledger.core.jobs.engine import EngineNotReady, migrate
from aid_ledger.core.jobs.worker import Rhythm, Worker

RHYTHM = Rhythm(lease_ms=60_000, grace_s=1)
"""A lease that outlasts a slow start: what ends it here is that the worker leaves."""


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give a migrated database without the engine's tables."""
    made = make_engine(database_url)
    yield made
    made.dispose()


def living(engine: Engine) -> int:
    """Count living workers."""
    with Session(engine) as session:
        return jobs.live_workers(session)


def test_a_worker_without_the_engines_tables_says_so(engine: Engine, database_url: str) -> None:
    """P7: the error says what to do, and nothing keeps running."""
    early = Worker(engine, database_url, jobs.Registry(), rhythm=RHYTHM)
    with pytest.raises(EngineNotReady):
        early.start()


def test_a_leaving_worker_gives_up_its_lease(engine: Engine, database_url: str) -> None:
    """The next worker need not wait for it to run out."""
    migrate(database_url)
    leaver = Worker(engine, database_url, jobs.Registry(), rhythm=RHYTHM)
    leaver.start()
    assert living(engine) == 1
    assert leaver.leave()
    leaver.close()
    assert living(engine) == 0


def test_an_engine_that_is_not_launched_takes_nothing(database_url: str) -> None:
    """Wrong order is the programmer's mistake, not the world's."""
    idle = JobEngine(database_url, "nobody:1", concurrency=1, poll_s=1)
    with pytest.raises(RuntimeError, match="not launched"):
        idle.submit("one", "tally", {})
    with pytest.raises(RuntimeError, match="not inside"):
        idle.current_job_id()
