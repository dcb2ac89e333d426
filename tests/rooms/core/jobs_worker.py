"""A worker process with a few kinds of work, for tests that kill it.

Its steps write one row per unit under a unique key, as every step must, and also leave a trace without any key, so
that a test can see how often and by whom a step was begun.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence

from sqlalchemy import BigInteger, Column, Engine, Integer, MetaData, String, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from aid_ledger.core import jobs, logs
from aid_ledger.core.db import make_engine
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.jobs.worker import Rhythm, work

NIK = "3216061205850000"
METADATA = MetaData()
TALLY = Table(
    "test_tally",
    METADATA,
    Column("job", String(100), primary_key=True),
    Column("row", BigInteger, primary_key=True, autoincrement=False),
)
TRACE = Table(
    "test_trace",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("job", String(100)),
    Column("number", Integer),
    Column("pid", Integer),
)


class TallyRefused(DomainError):
    """The refusal of a step in these tests."""

    kind = Kind.CONFLICT
    code = "tally.refused"


def registry(engine: Engine) -> jobs.Registry:
    """Give the kinds of these tests, working on a database."""

    def plan(job: jobs.Job) -> Iterator[jobs.PlannedStep]:
        return jobs.thousands(int(str(job.args["rows"])))

    def step(step: jobs.Step) -> jobs.JsonObject:
        _trace(engine, step)
        time.sleep(int(str(step.job.args.get("pause_ms", 0))) / 1_000)
        first, count = int(str(step.args["offset"])), int(str(step.args["limit"]))
        insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
        with engine.begin() as connection:
            connection.execute(
                insert(TALLY).on_conflict_do_nothing(),
                [{"job": step.job.id, "row": row} for row in range(first, first + count)],
            )
        return {"rows": count}

    def refuse(step: jobs.Step) -> jobs.JsonObject:
        _trace(engine, step)
        if step.number == 1:
            raise TallyRefused("no", batch="BTC-2026-000123")
        return {}

    def choke(step: jobs.Step) -> jobs.JsonObject:
        _trace(engine, step)
        raise ValueError(f"cannot read NIK {NIK} of Sri Wahyuni")

    def chatter(step: jobs.Step) -> jobs.JsonObject:
        _trace(engine, step)
        return {"nik": NIK}

    def finish(_job: jobs.Job, summaries: Sequence[jobs.JsonObject]) -> jobs.JsonObject:
        return {"rows": sum(int(str(summary.get("rows", 0))) for summary in summaries)}

    return jobs.Registry(
        jobs.JobKind(name, "rows", plan, one, finish)
        for name, one in (("tally", step), ("refuse", refuse), ("choke", choke), ("chatter", chatter))
    )


def tallied(engine: Engine, job_id: str) -> int:
    """Count the rows a job has written."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(TALLY).where(TALLY.c.job == job_id)).scalar_one()


def begun_steps(engine: Engine, job_id: str) -> list[tuple[int, int]]:
    """List (step number, process) of every step begun, in order, repeated ones included."""
    with engine.connect() as connection:
        rows = connection.execute(select(TRACE.c.number, TRACE.c.pid).where(TRACE.c.job == job_id).order_by(TRACE.c.id))
        return [(number, pid) for number, pid in rows]


def _trace(engine: Engine, step: jobs.Step) -> None:
    with engine.begin() as connection:
        connection.execute(TRACE.insert().values(job=step.job.id, number=step.number, pid=os.getpid()))


def be_a_worker(url: str, lease_ms: int, parent_pid: int | None = None) -> None:
    """Be a worker on a database until killed or told to leave."""
    logs.configure(is_production=True)
    engine = make_engine(url)
    rhythm = Rhythm(lease_ms=lease_ms, beat_s=lease_ms / 3_000)
    work(engine, url, registry(engine), rhythm=rhythm, parent_pid=parent_pid)


if __name__ == "__main__":
    be_a_worker(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
