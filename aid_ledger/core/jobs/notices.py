"""What a worker writes on the notice board: handed over, begun, moved, ended. Doors never call this.

Every function is one small transaction. Each is safe to repeat, and each may be lost in a crash: the engine's own
record of finished steps decides where a job resumes, and the worker's sweep sets right what a crash left unsaid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TypeAlias

from sqlalchemy import Update, case, func, null, select, update
from sqlalchemy.orm import Session

from aid_ledger.core.jobs.arguments import encode
from aid_ledger.core.jobs.board import JobState
from aid_ledger.core.jobs.steps import Outcome
from aid_ledger.core.jobs.tables import NowMs, job_progress

House: TypeAlias = Callable[[], AbstractContextManager[Session]]
"""Opens one housekeeping transaction; `core/act.py` owns it, `app` passes it."""

BATCH = 100
"""Rows looked at in one turn of the worker."""

OPEN_STATES = [state.value for state in JobState if not state.is_final]


def waiting(house: House) -> list[tuple[str, str, str]]:
    """List (id, kind, args) of queued jobs that the engine has not been given yet, oldest first."""
    statement = (
        select(job_progress.c.id, job_progress.c.kind, job_progress.c.args)
        .where(job_progress.c.state == JobState.QUEUED.value, job_progress.c.handed_at_ms.is_(None))
        .order_by(job_progress.c.queued_at_ms, job_progress.c.id)
        .limit(BATCH)
    )
    with house() as session:
        return [(identity, kind, args) for identity, kind, args in session.execute(statement)]


def handed(house: House, job_ids: Iterable[str]) -> None:
    """Note that the engine has these jobs. A crash before this hands them over again, under the same ids."""
    with house() as session:
        session.execute(update(job_progress).where(job_progress.c.id.in_(job_ids)).values(handed_at_ms=NowMs()))


def lost(house: House, job_ids: Iterable[str]) -> None:
    """Note that the engine knows nothing of these jobs (its tables were emptied); they begin again from their plan."""
    called_off = job_progress.c.state == JobState.CANCELLING.value
    with house() as session:
        session.execute(
            update(job_progress)
            .where(job_progress.c.id.in_(job_ids), job_progress.c.state.in_(OPEN_STATES))
            .values(
                state=case((called_off, JobState.CANCELLED.value), else_=JobState.QUEUED.value),
                ended_at_ms=case((called_off, NowMs()), else_=null()),
                handed_at_ms=None,
                done=0,
                total=None,
            )
        )


def begun(house: House, job_id: str, *, unit: str) -> bool:
    """Note that a worker has taken the job up; False when it was called off before."""
    moment = NowMs()
    return _changed(
        house,
        update(job_progress)
        .where(job_progress.c.id == job_id, job_progress.c.state.in_([JobState.QUEUED.value, JobState.RUNNING.value]))
        .values(
            state=JobState.RUNNING.value,
            unit=unit,
            started_at_ms=func.coalesce(job_progress.c.started_at_ms, moment),
            moved_at_ms=moment,
        ),
    )


def planned(house: House, job_id: str, *, total: int) -> bool:
    """Note how many units the plan holds; False when the job was called off meanwhile."""
    return _changed(house, _running(job_id).values(total=total, moved_at_ms=NowMs()))


def moved(house: House, job_id: str, *, done: int) -> bool:
    """Note how many units are done; False when the job was called off meanwhile."""
    return _changed(house, _running(job_id).values(done=done, moved_at_ms=NowMs()))


def ended(house: House, job_id: str, state: JobState, outcome: Outcome) -> bool:
    """Note the end of a job that is still open; False when an end was told before, which stands."""
    moment = NowMs()
    is_done, is_failed = state is JobState.DONE, state is JobState.FAILED
    return _changed(
        house,
        update(job_progress)
        .where(job_progress.c.id == job_id, job_progress.c.state.in_(OPEN_STATES))
        .values(
            state=state.value,
            done=func.coalesce(job_progress.c.total, 0) if is_done else job_progress.c.done,
            result=encode(outcome.value) if is_done else None,
            error_code=outcome.code if is_failed else None,
            error_facts=encode(outcome.value) if is_failed else None,
            ended_at_ms=moment,
            moved_at_ms=moment,
        ),
    )


def unsettled(house: House, *, quiet_ms: int) -> list[str]:
    """List open jobs handed to the engine that have not moved for a while; the sweep asks the engine about them."""
    statement = (
        select(job_progress.c.id)
        .where(
            job_progress.c.state.in_(OPEN_STATES),
            job_progress.c.handed_at_ms.is_not(None),
            job_progress.c.moved_at_ms < NowMs() - quiet_ms,
        )
        .order_by(job_progress.c.moved_at_ms)
        .limit(BATCH)
    )
    with house() as session:
        return list(session.execute(statement).scalars())


def _running(job_id: str) -> Update:
    return update(job_progress).where(job_progress.c.id == job_id, job_progress.c.state == JobState.RUNNING.value)


def _changed(house: House, statement: Update) -> bool:
    with house() as session:
        return bool(session.execute(statement.returning(job_progress.c.id)).all())
