"""Asking for a job and calling it off, inside the deed that wants it.

Both write one row in the caller's transaction: a deed that is rolled back has asked for nothing, and a job starts only
after the commit. This needs no engine, so a web process never loads one. `worker.py` hands the committed rows on.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from sqlalchemy import Insert, case, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.jobs.arguments import JsonObject, UnsafeArguments, encode, holds_long_number
from aid_ledger.core.jobs.board import JobState, Progress, progress
from aid_ledger.core.jobs.tables import NowMs, job_progress

JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,99}")
"""A reference of ours may be part of it ("receipts:BTC-2026-000123"); it appears in URLs and log lines."""


class JobMismatch(DomainError):
    """The id is taken by a job of another kind or with other arguments."""

    kind = Kind.CONFLICT
    code = "job.mismatch"


class JobOver(DomainError):
    """The job has ended and cannot be called off any more."""

    kind = Kind.CONFLICT
    code = "job.over"


@dataclass(frozen=True, slots=True)
class JobHandle:
    """What a door shows or links to after asking."""

    job_id: str
    kind: str


def enqueue(session: Session, kind_name: str, args: JsonObject, *, job_id: str | None = None) -> JobHandle:
    """Ask for a job in the caller's transaction; it runs after the commit, once, on any worker.

    Arguments are stored in clear: ids, references and counts only. With a `job_id` made from what the job is about,
    a second request (a double click, an Act run again) finds the first and asks for nothing new.

    Raises:
        JobMismatch: the id is taken by a job of another kind or with other arguments.
        UnsafeArguments: the programmer passed what a job must not carry.
    """
    identity = uuid.uuid4().hex if job_id is None else job_id
    if JOB_ID.fullmatch(identity) is None or holds_long_number(identity):
        raise UnsafeArguments("a job id is made of letters, digits and :._- and holds no long number")
    text = encode(args)
    row = {"id": identity, "kind": kind_name, "state": JobState.QUEUED.value, "args": text}
    moment = NowMs()
    statement = _insert(session).values(row | {"queued_at_ms": moment, "moved_at_ms": moment})
    session.execute(statement)
    kept = session.execute(
        select(job_progress.c.kind, job_progress.c.args).where(job_progress.c.id == identity),
    ).one()
    if (kept.kind, kept.args) != (kind_name, text):
        raise JobMismatch(f"job {identity} is of another kind or has other arguments", job=identity)
    return JobHandle(identity, kind_name)


def cancel(session: Session, job_id: str) -> Progress:
    """Call a job off: at once when it is queued, after its present step when it runs. Finished steps stand.

    Raises:
        JobNotFound: no such job.
        JobOver: it has ended already.
    """
    was = job_progress.c.state
    queued = was == JobState.QUEUED.value
    moment = NowMs()
    changed = session.execute(
        update(job_progress)
        .where(job_progress.c.id == job_id, was.in_([JobState.QUEUED.value, JobState.RUNNING.value]))
        .values(
            state=case((queued, JobState.CANCELLED.value), else_=JobState.CANCELLING.value),
            ended_at_ms=case((queued, moment), else_=null()),
            moved_at_ms=moment,
        )
        .returning(job_progress.c.id)
    ).all()
    now = progress(session, job_id)
    if not changed and now.state is not JobState.CANCELLING:
        raise JobOver(f"job {job_id} has ended", job=job_id, state=now.state.value)
    return now


def _insert(session: Session) -> Insert:
    """Build an insert that leaves an existing row as it is; both databases spell it alike, SQLAlchemy does not."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(job_progress).on_conflict_do_nothing(index_elements=["id"])
    return sqlite.insert(job_progress).on_conflict_do_nothing(index_elements=["id"])
