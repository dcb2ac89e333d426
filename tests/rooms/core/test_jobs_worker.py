"""One worker in this process: how jobs end, what they leave in the database, and how the board is put right.

Crashes of whole processes are in `test_jobs_crash.py`.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import structlog
from dbos import DBOS
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from aid_ledger.core import jobs, logs
from aid_ledger.core.db import make_engine
from aid_ledger.core.jobs import engine as durable
from aid_ledger.core.jobs.board import JobState
from aid_ledger.core.jobs.worker import ENGINE_GAVE_UP, Rhythm, Worker
from tests.benches import copy_database
from tests.rooms.core import jobs_worker

RHYTHM = Rhythm(lease_ms=400, beat_s=0.1, poll_s=0.05, grace_s=5)
PATIENCE_S = 20


@pytest.fixture(scope="module")
def engine(backend: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Give a migrated database with the tables of the job engine and of these tests, shared by this file."""
    url, remove = copy_database(backend, migrated, tmp_path_factory.mktemp("jobs"))
    durable.migrate(url)
    made = make_engine(url)
    jobs_worker.METADATA.create_all(made)
    yield made
    made.dispose()
    remove()


@pytest.fixture(scope="module")
def worker(engine: Engine) -> Iterator[Worker]:
    """Give a started worker with the kinds of these tests, shared by this file."""
    made = Worker(engine, system_url(engine), jobs_worker.registry(engine), rhythm=RHYTHM)
    made.start()
    yield made
    made.leave()
    made.close()


def system_url(engine: Engine) -> str:
    """Give the address of the same database as the job engine wants it."""
    if engine.dialect.name == "sqlite":
        return f"sqlite:///{urlsplit(str(engine.url.database)).path}"
    return engine.url.render_as_string(hide_password=False)


def ask(engine: Engine, kind: str, *, steps: int = 3, pause_ms: int = 0) -> str:
    """Ask for a job in a transaction of its own."""
    with Session(engine) as session:
        handle = jobs.enqueue(session, kind, {"rows": steps * 1_000, "pause_ms": pause_ms})
        session.commit()
    return handle.job_id


def look(engine: Engine, job_id: str) -> jobs.Progress:
    """Look at a job."""
    with Session(engine) as session:
        return jobs.progress(session, job_id)


def turn_until(worker: Worker, what: Callable[[], bool]) -> None:
    """Let the worker take turns until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        worker.turn()
        time.sleep(0.05)


def finished(worker: Worker, engine: Engine, job_id: str) -> jobs.Progress:
    """Let the worker take turns until a job is over."""
    turn_until(worker, lambda: look(engine, job_id).state.is_final)
    return look(engine, job_id)


def ended_everywhere(worker: Worker, engine: Engine, job_id: str) -> None:
    """Let a job end on the board and then in the engine's books, which follow a moment later."""
    finished(worker, engine, job_id)
    query = text(f"SELECT status FROM {kept(engine, 'workflow_status')} WHERE workflow_uuid = :job")

    def has_ended() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(query, {"job": job_id}).scalar_one() == "SUCCESS")

    turn_until(worker, has_ended)


def kept(engine: Engine, table: str) -> str:
    """Spell the name of one of the engine's own tables."""
    return f"{durable.SCHEMA}.{table}" if engine.dialect.name == "postgresql" else table


def attack(engine: Engine, statement: str, job_id: str) -> None:
    """Run raw SQL about one job, as a crash or a superuser would leave it."""
    with engine.begin() as connection:
        connection.execute(text(statement), {"job": job_id})


def as_if_never_told(engine: Engine, job_id: str) -> None:
    """Put the board back to where a crash before the last notice would leave it."""
    attack(engine, "UPDATE job_progress SET state = 'running', result = NULL, done = 0 WHERE id = :job", job_id)


def everything_stored(engine: Engine) -> str:
    """Write out every row of the job tables and of the engine's tables."""
    schema = durable.SCHEMA if engine.dialect.name == "postgresql" else None
    present = jobs.ENGINE_TABLES & set(inspect(engine).get_table_names(schema=schema))
    names = ["job_progress", *(kept(engine, name) for name in present)]
    with engine.connect() as connection:
        return "\n".join(str(connection.execute(text(f"SELECT * FROM {name}")).all()) for name in names)


def test_a_refusal_in_a_step_ends_the_job_with_its_code_and_is_not_tried_again(engine: Engine, worker: Worker) -> None:
    """P7: the error says what to do: the room's own code and facts reach the page; step 2 is never begun."""
    seen = finished(worker, engine, ask(engine, "refuse"))
    assert seen.state is JobState.FAILED
    assert seen.error_code == "tally.refused"
    assert seen.error_facts == {"batch": "BTC-2026-000123"}
    assert seen.result is None
    assert [number for number, _ in jobs_worker.begun_steps(engine, seen.job_id)] == [0, 1]


@pytest.fixture
def spoken() -> Iterator[io.StringIO]:
    """Listen to what this process logs, and give the loggers back as they were."""
    root = logging.getLogger()
    handlers, level, stream = root.handlers, root.level, io.StringIO()
    logs.configure(is_production=True, stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_a_bug_in_a_step_leaks_no_word_of_its_message(engine: Engine, worker: Worker, spoken: io.StringIO) -> None:
    """P6: an exception quotes the row it choked on; neither the log nor any table repeats it."""
    seen = finished(worker, engine, ask(engine, "choke"))
    said = spoken.getvalue()
    assert (seen.state, seen.error_code) == (JobState.FAILED, "job.broken")
    assert "job_broke" in said
    assert "ValueError" in said
    for place in (said, everything_stored(engine)):
        assert jobs_worker.NIK not in place
        assert "Wahyuni" not in place


def test_a_summary_with_a_nik_is_not_kept(engine: Engine, worker: Worker) -> None:
    """P6: a step that answers with a number as long as a NIK is a bug, and the number is stored nowhere."""
    seen = finished(worker, engine, ask(engine, "chatter"))
    assert (seen.state, seen.error_code) == (JobState.FAILED, "job.broken")
    assert jobs_worker.NIK not in everything_stored(engine)


def test_a_plan_of_no_steps_are_done(engine: Engine, worker: Worker) -> None:
    """An empty batch is no reason to wait."""
    seen = finished(worker, engine, ask(engine, "tally", steps=0))
    assert (seen.state, seen.done, seen.total) == (JobState.DONE, 0, 0)


def test_a_kind_this_worker_does_not_know_fails_with_a_code(engine: Engine, worker: Worker) -> None:
    """P7: a misspelt or newer kind does not wait for ever."""
    seen = finished(worker, engine, ask(engine, "tallly"))
    assert (seen.state, seen.error_code) == (JobState.FAILED, "job.kind_unknown")


def test_a_rolled_back_deed_starts_nothing(engine: Engine, worker: Worker) -> None:
    """P7: the request lives and dies with the deed that asks."""
    with Session(engine) as session:
        ghost = jobs.enqueue(session, "tally", {"rows": 1_000})
        session.rollback()
    finished(worker, engine, ask(engine, "tally", steps=1))
    assert jobs_worker.tallied(engine, ghost.job_id) == 0


def test_a_job_called_off_while_it_runs_stops_after_its_step(engine: Engine, worker: Worker) -> None:
    """Finished steps stand, the present one ends, the rest is not begun."""
    job_id = ask(engine, "tally", steps=50, pause_ms=100)
    turn_until(worker, lambda: look(engine, job_id).done >= 1_000)
    with Session(engine) as session:
        assert jobs.cancel(session, job_id).state is JobState.CANCELLING
        session.commit()
    seen = finished(worker, engine, job_id)
    assert seen.state is JobState.CANCELLED
    assert seen.ended_at is not None
    assert 1_000 <= jobs_worker.tallied(engine, job_id) < 50_000


def test_a_job_tells_how_far_it_is_and_ends_done(engine: Engine, worker: Worker) -> None:
    """Pages show done of total in the kind's unit, and an estimate once there is a pace."""
    job_id = ask(engine, "tally", steps=4, pause_ms=150)
    turn_until(worker, lambda: look(engine, job_id).done >= 2_000)
    halfway = look(engine, job_id)
    assert (halfway.state, halfway.unit, halfway.total) == (JobState.RUNNING, "rows", 4_000)
    assert halfway.eta_s is not None
    seen = finished(worker, engine, job_id)
    assert (seen.state, seen.done, seen.total, seen.eta_s) == (JobState.DONE, 4_000, 4_000, None)
    assert seen.result == {"rows": 4_000}
    assert seen.started_at is not None
    assert seen.ended_at is not None
    assert seen.queued_at <= seen.started_at <= seen.ended_at
    assert jobs_worker.tallied(engine, job_id) == 4_000


def test_an_ending_that_a_crash_left_untold_is_told_later(engine: Engine, worker: Worker) -> None:
    """P7: the worker died between the engine's record and ours; the sweep asks the engine and tells."""
    job_id = ask(engine, "tally", steps=2)
    ended_everywhere(worker, engine, job_id)
    as_if_never_told(engine, job_id)
    seen = finished(worker, engine, job_id)
    assert (seen.state, seen.done, seen.result) == (JobState.DONE, 2_000, {"rows": 2_000})


def test_a_job_the_engine_gave_up_is_told_as_failed(engine: Engine, worker: Worker) -> None:
    """P7: a job that killed twenty workers is ended by the engine; nobody waits for it for ever."""
    job_id = ask(engine, "tally", steps=1)
    ended_everywhere(worker, engine, job_id)
    given_up = f"UPDATE {kept(engine, 'workflow_status')} SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'"
    attack(engine, f"{given_up} WHERE workflow_uuid = :job", job_id)
    as_if_never_told(engine, job_id)
    seen = finished(worker, engine, job_id)
    assert (seen.state, seen.error_code) == (JobState.FAILED, ENGINE_GAVE_UP)


def test_a_job_the_engine_has_forgotten_begins_again(engine: Engine, worker: Worker) -> None:
    """P7: the engine's tables were emptied; the request is still ours, and idempotent steps find their rows."""
    job_id = ask(engine, "tally", steps=2)
    ended_everywhere(worker, engine, job_id)
    for table in ("operation_outputs", "workflow_status"):
        attack(engine, f"DELETE FROM {kept(engine, table)} WHERE workflow_uuid = :job", job_id)
    as_if_never_told(engine, job_id)
    seen = finished(worker, engine, job_id)
    assert seen.state is JobState.DONE
    assert jobs_worker.tallied(engine, job_id) == 2_000
    assert len(jobs_worker.begun_steps(engine, job_id)) == 4


def test_a_lease_is_kept_until_nothing_is_left_behind_it(engine: Engine, worker: Worker) -> None:
    """P7: recovery that fails half-way forgets no one: the dead worker's lease goes only after an empty sweep."""
    job_id = ask(engine, "tally", steps=1)
    ended_everywhere(worker, engine, job_id)
    held = f"UPDATE {kept(engine, 'workflow_status')} SET status = 'PENDING', executor_id = 'gone:1'"
    attack(engine, f"{held} WHERE workflow_uuid = :job", job_id)
    attack(engine, "INSERT INTO job_leases VALUES ('gone:1', 0, 0), ('gone:2', 0, 0)", job_id)
    time.sleep(RHYTHM.beat_s)
    worker.turn()
    assert leases(engine) == {worker.executor_id, "gone:1"}
    turn_until(worker, lambda: leases(engine) == {worker.executor_id})


def leases(engine: Engine) -> set[str]:
    """Name the workers with a lease, run out or not."""
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT executor_id FROM job_leases")).scalars())


def test_the_engine_is_the_one_we_wrote_for(engine: Engine) -> None:
    """The contract with DBOS: the private recovery call exists, and its tables are those we leave alone."""
    assert callable(DBOS._recover_pending_workflows)  # noqa: SLF001 - the one private name we rely on.
    schema = durable.SCHEMA if engine.dialect.name == "postgresql" else None
    names = set(inspect(engine).get_table_names(schema=schema))
    if schema is None:
        # Beside ours; `event_dispatch_kv` exists on PostgreSQL only.
        assert jobs.ENGINE_TABLES - names == {"event_dispatch_kv"}
    else:
        assert names == jobs.ENGINE_TABLES


def test_the_engine_stores_readable_json_and_no_pickles(engine: Engine, worker: Worker) -> None:
    """A pickle in a table is code that a superuser may write and a worker will run."""
    finished(worker, engine, ask(engine, "tally", steps=1))
    with engine.connect() as connection:
        for table in ("workflow_status", "operation_outputs"):
            formats = connection.execute(text(f"SELECT DISTINCT serialization FROM {kept(engine, table)}")).scalars()
            assert set(formats) == {"portable_json"}
