"""Jobs under `kill -9`, a frozen worker and a polite stop: nothing lost, nothing doubled (P7). Real processes only."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from aid_ledger.core import jobs
from aid_ledger.core.db import make_engine
from aid_ledger.core.jobs.board import JobState
from aid_ledger.core.jobs.engine import migrate
from tests.rooms.core import jobs_worker

LEASE_MS = 3_000
TAKEOVER_LIMIT_S = 15
"""The promise: a dead worker's job moves again within fifteen seconds, here on a machine shared with other tests."""

PATIENCE_S = 40


class Crew:
    """Worker processes on one database; whatever a test leaves alive is killed.

    They are forked from a server that has imported everything once: real processes, without seconds of imports each.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.processes: dict[int, BaseProcess] = {}

    def hire(self, count: int) -> None:
        """Start workers."""
        nursery = multiprocessing.get_context("forkserver")
        nursery.set_forkserver_preload([jobs_worker.__name__])
        for _ in range(count):
            process = nursery.Process(target=jobs_worker.be_a_worker, args=(self.url, LEASE_MS))
            process.start()
            self.processes[process.pid or 0] = process

    def exit_code_of(self, pid: int) -> int | None:
        """Wait for a worker's end and tell its exit code; None if it does not end."""
        self.processes[pid].join(PATIENCE_S)
        return self.processes[pid].exitcode

    def dismiss(self) -> None:
        """Kill everyone."""
        for process in self.processes.values():
            process.kill()
            process.join()
            process.close()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give a migrated database with the tables of the job engine and of these tests."""
    migrate(database_url)
    made = make_engine(database_url)
    jobs_worker.METADATA.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def crew(engine: Engine, database_url: str) -> Iterator[Crew]:
    """Give a crew of workers for that database."""
    hired = Crew(database_url)
    yield hired
    hired.dismiss()


def ask(engine: Engine, *, steps: int, pause_ms: int) -> str:
    """Ask for a tally of so many steps in a transaction of its own."""
    with Session(engine) as session:
        handle = jobs.enqueue(session, "tally", {"rows": steps * 1_000, "pause_ms": pause_ms})
        session.commit()
    return handle.job_id


def look(engine: Engine, job_id: str) -> jobs.Progress:
    """Look at a job."""
    with Session(engine) as session:
        return jobs.progress(session, job_id)


def until(what: Callable[[], bool]) -> float:
    """Wait for something and tell how long it took."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > PATIENCE_S:
            raise AssertionError("it did not happen")
        time.sleep(0.05)
    return time.monotonic() - began


def workers(engine: Engine) -> int:
    """Count living workers."""
    with Session(engine) as session:
        return jobs.live_workers(session)


def pids_of(engine: Engine, job_id: str) -> list[int]:
    """Name the processes that have begun steps of a job, in order."""
    return [pid for _, pid in jobs_worker.begun_steps(engine, job_id)]


def next_holder(engine: Engine, job_id: str, *, after: set[int]) -> int:
    """Wait until a worker other than those before takes the job up, and name it."""
    until(lambda: not set(pids_of(engine, job_id)) <= after)
    return next(pid for pid in pids_of(engine, job_id) if pid not in after)


def test_a_killed_worker_loses_and_doubles_nothing(engine: Engine, crew: Crew) -> None:
    """P7: kill -9 in the middle of a job; another worker resumes at the interrupted step within fifteen seconds.

    The heir is then stopped politely: it finishes its step, and the third begins with the next one.
    """
    crew.hire(3)
    until(lambda: workers(engine) == 3)
    job_id = ask(engine, steps=8, pause_ms=150)
    first = next_holder(engine, job_id, after=set())
    until(lambda: look(engine, job_id).done >= 2_000)
    os.kill(first, signal.SIGKILL)
    by_first = len(pids_of(engine, job_id))
    began = time.monotonic()
    heir = next_holder(engine, job_id, after={first})
    took_s = time.monotonic() - began
    os.kill(heir, signal.SIGTERM)
    assert crew.exit_code_of(heir) == 0
    last = next_holder(engine, job_id, after={first, heir})
    until(lambda: look(engine, job_id).state is JobState.DONE)

    begun = jobs_worker.begun_steps(engine, job_id)
    numbers = [number for number, _ in begun]
    repeated = {number for number in numbers if numbers.count(number) > 1}
    assert took_s < TAKEOVER_LIMIT_S
    assert set(numbers) == set(range(8))
    assert repeated <= {by_first - 1}
    assert len(numbers) <= 9
    assert [pid for _, pid in begun] == sorted(pids_of(engine, job_id), key=[first, heir, last].index)
    assert jobs_worker.tallied(engine, job_id) == 8_000
    assert look(engine, job_id).result == {"rows": 8_000}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
def test_a_frozen_worker_that_wakes_is_fenced(engine: Engine, crew: Crew) -> None:
    """P7: a worker frozen past its lease wakes while another has its job; it stops, and the tally is still right."""
    crew.hire(2)
    until(lambda: workers(engine) == 2)
    job_id = ask(engine, steps=6, pause_ms=150)
    frozen = next_holder(engine, job_id, after=set())
    os.kill(frozen, signal.SIGSTOP)
    heir = next_holder(engine, job_id, after={frozen})
    os.kill(frozen, signal.SIGCONT)
    until(lambda: look(engine, job_id).state is JobState.DONE)

    assert pids_of(engine, job_id)[-1] == heir
    assert pids_of(engine, job_id).count(frozen) <= 2
    assert jobs_worker.tallied(engine, job_id) == 6_000
    until(lambda: workers(engine) == 2)
