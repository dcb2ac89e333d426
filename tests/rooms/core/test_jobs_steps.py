"""What a job may carry, how a step is tried again, and the run without a worker."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, exc, text

from aid_ledger.core import jobs
from aid_ledger.core.errors import DomainError
from aid_ledger.core.jobs import steps
from aid_ledger.core.jobs.arguments import decode, encode
from aid_ledger.core.jobs.kinds import MAX_STEPS, planned
from aid_ledger.core.retry import DatabaseBusy

NIK = "3216061205850000"


@pytest.mark.parametrize(
    "value",
    [
        {"nik": NIK},
        {"nik": int(NIK)},
        {"nik": "3216 0612 0585 0000"},
        {"nik": "3216.0612.0585.0000"},
        {"text": f"NIK:{NIK}."},
        {"rows": [1, {"of": f"x{NIK}"}]},
        {NIK: 1},
        {"kk": "\uff13\uff12\uff11\uff16" * 4},
        {"account": NIK + "12"},
    ],
)
def test_a_long_number_is_refused_wherever_it_hides(value: jobs.JsonObject) -> None:
    """P6: no NIK, KK or long account number is stored with a job; and the refusal does not repeat it."""
    with pytest.raises(jobs.UnsafeArguments) as refusal:
        encode(value)
    assert NIK not in str(refusal.value)


@pytest.mark.parametrize("value", [{"x": 1.5}, {"x": b"x"}, {"x": {1: "x"}}, {"x": "y" * 5_000}])
def test_what_is_not_small_json_is_refused(value: jobs.JsonObject) -> None:
    """A job carries references; floats, bytes and bulk are not references."""
    with pytest.raises(jobs.UnsafeArguments):
        encode(value)


@given(st.uuids())
def test_an_id_of_ours_is_never_taken_for_a_nik(identity: object) -> None:
    """Hexadecimal ids hold sixteen digits in a row now and then; refusing one would stop a job at random."""
    value = {"act": str(identity).replace("-", ""), "also": str(identity)}
    assert decode(encode(value)) == value


def test_the_awkward_id_passes() -> None:
    """Sixteen digits at the start of a hexadecimal id."""
    assert encode({"id": "1234567890123456abcdef0123456789"})


def database_error(driver_error: BaseException) -> exc.OperationalError:
    """Wrap a driver's error as SQLAlchemy does."""
    return exc.OperationalError("SELECT", {}, driver_error)


def sqlite_error(code: int) -> sqlite3.OperationalError:
    """Make an error with an extended code, as the driver sets it."""
    error = sqlite3.OperationalError("said by the database")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (database_error(sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT)), True),
        (database_error(sqlite_error(sqlite3.SQLITE_ERROR)), False),
        (database_error(psycopg.errors.AdminShutdown()), True),
        (database_error(psycopg.errors.SerializationFailure()), True),
        (database_error(psycopg.errors.UndefinedTable()), False),
        (database_error(psycopg.OperationalError("no route")), True),
        (exc.IntegrityError("INSERT", {}, psycopg.errors.UniqueViolation()), False),
        (exc.TimeoutError(), True),
        (exc.InvalidRequestError(), False),
        (DatabaseBusy("others kept writing"), True),
        (exc.DBAPIError("SELECT", {}, psycopg.errors.UndefinedTable(), connection_invalidated=True), True),
    ],
)
def test_only_what_may_pass_is_tried_again(error: exc.SQLAlchemyError | DatabaseBusy, expected: bool) -> None:
    """Busy, failing over, out of connections: yes. A wrong statement or a broken rule: never."""
    assert steps.is_transient(error) is expected


def test_a_step_outlasts_a_locked_database(tmp_path: Path) -> None:
    """P7: another writer holds the embedded file; the step waits for it instead of failing the job."""
    url = f"sqlite:///{tmp_path / 'busy.sqlite'}"
    engine = create_engine(url, connect_args={"timeout": 0})
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    other = sqlite3.connect(tmp_path / "busy.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tries: list[int] = []

    def write() -> jobs.JsonObject:
        tries.append(1)
        if len(tries) == 2:
            other.execute("COMMIT")
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))
        return {}

    assert steps.sealed(write) == steps.Outcome({})
    assert len(tries) == 2
    other.close()
    engine.dispose()


def test_a_database_that_stays_away_ends_the_job_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """P7: the patience has an end, and the end has a name."""
    monkeypatch.setattr(steps, "PAUSES_S", (0, 0))
    tries: list[int] = []

    def away() -> jobs.JsonObject:
        tries.append(1)
        raise database_error(psycopg.OperationalError("no route"))

    assert steps.sealed(away).code == "job.database_away"
    assert len(tries) == 3


def test_a_wrong_statement_is_a_bug_and_not_tried_again() -> None:
    """A statement that is wrong now is wrong a second later."""
    tries: list[int] = []

    def wrong() -> jobs.JsonObject:
        tries.append(1)
        raise database_error(psycopg.errors.UndefinedTable())

    assert steps.sealed(wrong).code == "job.broken"
    assert len(tries) == 1


class TooLoud(DomainError):
    """A refusal that was given a person's number by mistake."""

    code = "test.too_loud"


def test_a_refusal_with_a_nik_loses_its_facts_and_keeps_its_code() -> None:
    """P6: facts of errors are shown and stored; a number in them is dropped, the refusal is not."""

    def refuse() -> jobs.JsonObject:
        raise TooLoud("no", nik=NIK)

    assert steps.sealed(refuse) == steps.Outcome({}, "test.too_loud")


def counting(sizes: Sequence[int], seen: list[str]) -> jobs.JobKind:
    """Make a kind of so many steps that writes down what is called."""

    def plan(job: jobs.Job) -> list[jobs.PlannedStep]:
        seen.append(f"plan {job.id}")
        return [jobs.PlannedStep({"n": number}, size) for number, size in enumerate(sizes)]

    def step(step: jobs.Step) -> jobs.JsonObject:
        seen.append(f"step {step.number}")
        if step.size == 13:
            raise TooLoud("no")
        return {"size": step.size}

    def finish(_job: jobs.Job, summaries: Sequence[jobs.JsonObject]) -> jobs.JsonObject:
        return {"steps": len(summaries)}

    return jobs.JobKind("count", "rows", plan, step, finish)


def test_an_inline_run_passes_a_refusal_on() -> None:
    """The command line maps the room's own error to its exit code; later steps are not begun."""
    seen: list[str] = []
    with pytest.raises(TooLoud):
        jobs.run_inline(counting([5, 13, 5], seen), {}, job_id="j")
    assert seen == ["plan j", "step 0", "step 1"]


def test_an_inline_run_tells_its_progress() -> None:
    """The command line draws the same bar as the page."""
    told: list[jobs.Progress] = []
    assert jobs.run_inline(counting([5, 10], []), {"file": 1}, on_progress=told.append) == {"steps": 2}
    assert [(one.done, one.total, one.state.value) for one in told] == [
        (0, 15, "running"),
        (5, 15, "running"),
        (15, 15, "running"),
        (15, 15, "done"),
    ]
    assert told[-1].result == {"steps": 2}
    assert jobs.run_inline(counting([], []), {}) == {"steps": 0}


def test_a_plan_has_limits() -> None:
    """A plan is kept whole, so its length, its sizes and its arguments have bounds."""
    job = jobs.Job("j", "count", {})
    with pytest.raises(RuntimeError, match="more than"):
        planned(counting([1] * (MAX_STEPS + 1), []), job)
    with pytest.raises(RuntimeError, match="size -1"):
        planned(counting([-1], []), job)
    wide = jobs.JobKind("wide", "rows", lambda _: [jobs.PlannedStep({"x": "y" * 600}, 1)], lambda _: {}, lambda *_: {})
    with pytest.raises(jobs.UnsafeArguments):
        planned(wide, job)


def test_thousands_cover_every_row_once() -> None:
    """A plan by ranges leaves no row out and takes none twice."""
    cut = [(step.args["offset"], step.args["limit"], step.size) for step in jobs.thousands(2_500)]
    assert cut == [(0, 1_000, 1_000), (1_000, 1_000, 1_000), (2_000, 500, 500)]


def test_a_kind_is_registered_once() -> None:
    """Two rooms with one name would run each other's jobs."""
    kind = counting([], [])
    registry = jobs.Registry([kind])
    assert list(registry) == [kind]
    with pytest.raises(RuntimeError, match="twice"):
        registry.add(kind)
