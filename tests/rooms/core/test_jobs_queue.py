"""Asking for a job and calling it off, in the transaction of the deed; no engine and no worker take part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, Update, update
from sqlalchemy.orm import Session

from aid_ledger.core import jobs
from aid_ledger.core.act import keeping_house
from aid_ledger.core.db import make_engine, reading
from aid_ledger.core.jobs.board import eta_s
from aid_ledger.core.jobs.tables import job_progress

NIK = "3216061205850000"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give a migrated database."""
    made = make_engine(database_url)
    yield made
    made.dispose()


def test_a_rolled_back_deed_has_asked_for_nothing(engine: Engine) -> None:
    """P7: no job is left over from a deed that did not happen."""
    with Session(engine) as session:
        handle = jobs.enqueue(session, "import", {"file": 7})
        session.rollback()
    with reading(engine) as session, pytest.raises(jobs.JobNotFound):
        jobs.progress(session, handle.job_id)


def test_a_request_is_housekeeping_to_the_guard(engine: Engine) -> None:
    """The guard of Acts lets a deed ask for a job without recording a fact about the request."""
    with keeping_house(engine) as session:
        handle = jobs.enqueue(session, "import", {"file": 7})
    with reading(engine) as session:
        seen = jobs.progress(session, handle.job_id)
        assert jobs.depth(session)[jobs.JobState.QUEUED] == 1
        assert jobs.live_workers(session) == 0
    assert (seen.state, seen.kind, seen.args) == (jobs.JobState.QUEUED, "import", {"file": 7})
    assert (seen.done, seen.total, seen.started_at, seen.eta_s) == (0, None, None, None)


def test_a_double_click_asks_once(engine: Engine) -> None:
    """P7: the same id, kind and arguments find the first request."""
    for _ in range(2):
        with keeping_house(engine) as session:
            jobs.enqueue(session, "press", {"batch": 3}, job_id="press:BTC-2026-000123")
    with reading(engine) as session:
        assert [job.job_id for job in jobs.recent(session)] == ["press:BTC-2026-000123"]


@pytest.mark.parametrize(("kind", "args"), [("press", {"batch": 4}), ("import", {"batch": 3})])
def test_an_id_is_not_taken_over_by_another_request(engine: Engine, kind: str, args: jobs.JsonObject) -> None:
    """A second request that only looks like the first is refused, rather than answered with the first's result."""
    with keeping_house(engine) as session:
        jobs.enqueue(session, "press", {"batch": 3}, job_id="press:1")
    with pytest.raises(jobs.JobMismatch), keeping_house(engine) as session:
        jobs.enqueue(session, kind, args, job_id="press:1")


@pytest.mark.parametrize("job_id", ["", "a b", "../x", f"import:{NIK}", "x" * 101])
def test_an_id_is_fit_for_urls_and_log_lines(engine: Engine, job_id: str) -> None:
    """P6: an id is printed everywhere, so it holds no NIK and nothing that needs escaping."""
    with keeping_house(engine) as session, pytest.raises(jobs.UnsafeArguments):
        jobs.enqueue(session, "import", {}, job_id=job_id)


def test_a_queued_job_is_called_off_at_once_and_only_once(engine: Engine) -> None:
    """Calling off what has ended is refused; the page says how it ended."""
    with keeping_house(engine) as session:
        handle = jobs.enqueue(session, "import", {"file": 7})
    with keeping_house(engine) as session:
        seen = jobs.cancel(session, handle.job_id)
    assert seen.state is jobs.JobState.CANCELLED
    assert seen.ended_at is not None
    with keeping_house(engine) as session, pytest.raises(jobs.JobOver) as refusal:
        jobs.cancel(session, handle.job_id)
    assert refusal.value.facts["state"] == "cancelled"


def test_calling_off_twice_while_it_stops_says_the_same(engine: Engine) -> None:
    """An impatient second click is not an error."""
    with keeping_house(engine) as session:
        handle = jobs.enqueue(session, "import", {"file": 7})
        session.execute(jobs_running(handle.job_id))
    for _ in range(2):
        with keeping_house(engine) as session:
            assert jobs.cancel(session, handle.job_id).state is jobs.JobState.CANCELLING


def jobs_running(job_id: str) -> Update:
    """Put a job where a worker would."""
    return update(job_progress).where(job_progress.c.id == job_id).values(state="running", started_at_ms=1)


def test_nobody_calls_off_a_job_that_does_not_exist(engine: Engine) -> None:
    """Not found is said before anything else."""
    with keeping_house(engine) as session, pytest.raises(jobs.JobNotFound):
        jobs.cancel(session, "nothing")


def test_recent_jobs_are_listed_by_kind_newest_first(engine: Engine) -> None:
    """A room's page lists its own kind."""
    for number in range(3):
        with keeping_house(engine) as session:
            jobs.enqueue(session, "press" if number == 1 else "import", {"n": number}, job_id=f"j{number}")
    with reading(engine) as session:
        assert {job.job_id for job in jobs.recent(session, kind="import")} == {"j0", "j2"}
        assert len(jobs.recent(session, limit=2)) == 2


@pytest.mark.parametrize(
    ("done", "total", "elapsed_ms", "expected"),
    [(0, 100, 5_000, None), (50, None, 5_000, None), (50, 100, 5_000, 5), (99, 100, 100, 1), (100, 100, 9_000, 0)],
)
def test_the_estimate_follows_the_pace_so_far(
    done: int, total: int | None, elapsed_ms: int, expected: int | None
) -> None:
    """No pace, no estimate; part of a second is a second."""
    assert eta_s(done=done, total=total, elapsed_ms=elapsed_ms) == expected
