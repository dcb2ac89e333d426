"""How far a job is, for pages, the API and the command line. Only reads; any session will do, also a read-only one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.jobs.arguments import JsonObject, decode
from aid_ledger.core.jobs.tables import NowMs, job_leases, job_progress

RECENT_LIMIT = 200
"""Rows of one page of jobs."""


class JobState(Enum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more will happen."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


class JobNotFound(DomainError):
    """No job has this id."""

    kind = Kind.NOT_FOUND
    code = "job.not_found"


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at a job.

    `total` and `started_at` are None until its plan is made, `eta_s` while nothing can be estimated, `result` unless
    it is done, `error_code` unless it failed. `error_facts` are the facts of that error for its sentence.
    """

    job_id: str
    kind: str
    state: JobState
    unit: str
    done: int
    total: int | None
    args: JsonObject
    queued_at: dt.datetime
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    eta_s: int | None = None
    result: JsonObject | None = None
    error_code: str | None = None
    error_facts: JsonObject | None = None


def progress(session: Session, job_id: str) -> Progress:
    """Tell how far a job is.

    Raises:
        JobNotFound: nobody asked for such a job, or the deed that asked was rolled back.
    """
    row = session.execute(_looking().where(job_progress.c.id == job_id)).one_or_none()
    if row is None:
        raise JobNotFound(f"no job {job_id}", job=job_id)
    return _as_progress(row)


def recent(session: Session, *, kind: str | None = None, limit: int = 50) -> Sequence[Progress]:
    """List the newest jobs first, of one kind if asked."""
    statement = _looking().order_by(job_progress.c.queued_at_ms.desc(), job_progress.c.id)
    if kind is not None:
        statement = statement.where(job_progress.c.kind == kind)
    return [_as_progress(row) for row in session.execute(statement.limit(min(limit, RECENT_LIMIT)))]


def live_workers(session: Session) -> int:
    """Count workers whose lease has not run out; zero means that queued jobs wait for someone to start one."""
    statement = select(func.count()).select_from(job_leases).where(job_leases.c.expires_at_ms > NowMs())
    return session.execute(statement).scalar_one()


def depth(session: Session) -> dict[JobState, int]:
    """Count jobs that are not over, by state; for the readiness page and the gauges."""
    states = [state for state in JobState if not state.is_final]
    statement = (
        select(job_progress.c.state, func.count())
        .where(job_progress.c.state.in_([state.value for state in states]))
        .group_by(job_progress.c.state)
    )
    counted = {JobState(state): count for state, count in session.execute(statement)}
    return {state: counted.get(state, 0) for state in states}


def eta_s(*, done: int, total: int | None, elapsed_ms: int) -> int | None:
    """Estimate the seconds left from the pace so far; None while there is no pace."""
    if not total or done <= 0:
        return None
    return -(-elapsed_ms * (total - done) // (done * 1_000))


def _looking() -> Select[Any]:
    return select(job_progress, NowMs().label("now_ms"))


def _as_progress(row: Row[Any]) -> Progress:
    state = JobState(row.state)
    running_ms = None if row.started_at_ms is None else row.now_ms - row.started_at_ms
    estimate = eta_s(done=row.done, total=row.total, elapsed_ms=running_ms) if running_ms is not None else None
    return Progress(
        job_id=row.id,
        kind=row.kind,
        state=state,
        unit=row.unit,
        done=row.done,
        total=row.total,
        args=decode(row.args),
        queued_at=_instant(row.queued_at_ms),
        started_at=None if row.started_at_ms is None else _instant(row.started_at_ms),
        ended_at=None if row.ended_at_ms is None else _instant(row.ended_at_ms),
        eta_s=None if state.is_final else estimate,
        result=None if row.result is None else decode(row.result),
        error_code=row.error_code,
        error_facts=None if row.error_facts is None else decode(row.error_facts),
    )


def _instant(ms: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ms / 1_000, dt.UTC)
