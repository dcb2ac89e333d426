"""Running a job here and now, in the process of the caller: for the command line, and for one machine without workers.

Nothing is kept between steps: a run that was killed starts from its plan, and idempotent steps find their rows there.
Refusals and bugs reach the caller as they are. A job that must survive its process is enqueued instead.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from aid_ledger.core import clock
from aid_ledger.core.jobs.arguments import JsonObject, decode, encode
from aid_ledger.core.jobs.board import JobState, Progress, eta_s
from aid_ledger.core.jobs.kinds import Job, JobKind, Step, planned
from aid_ledger.core.jobs.steps import checked, patiently


def ignore_progress(_progress: Progress) -> None:
    """Tell nobody."""


def run_inline(
    kind: JobKind,
    args: JsonObject,
    *,
    job_id: str | None = None,
    on_progress: Callable[[Progress], None] = ignore_progress,
) -> JsonObject:
    """Run every step of a job in order and answer its result; `on_progress` is called after the plan and each step.

    Give the `job_id` of an earlier attempt to continue it: steps write under the same keys.

    Raises:
        DomainError: whatever the kind's plan, steps or finish refuse.
        UnsafeArguments: the programmer passed what a job must not carry.
    """
    job = Job(uuid.uuid4().hex if job_id is None else job_id, kind.name, decode(encode(args)))
    began_at, began_s = clock.now(), clock.monotonic()
    steps = patiently(partial(planned, kind, job))
    total, done = sum(step.size for step in steps), 0

    def tell(state: JobState, result: JsonObject | None = None) -> None:
        elapsed_ms = int((clock.monotonic() - began_s) * 1_000)
        on_progress(
            Progress(
                job_id=job.id,
                kind=kind.name,
                state=state,
                unit=kind.unit,
                done=done,
                total=total,
                args=job.args,
                queued_at=began_at,
                started_at=began_at,
                ended_at=clock.now() if state.is_final else None,
                eta_s=None if state.is_final else eta_s(done=done, total=total, elapsed_ms=elapsed_ms),
                result=result,
            )
        )

    tell(JobState.RUNNING)
    summaries: list[JsonObject] = []
    for number, step in enumerate(steps):
        summaries.append(checked(patiently(partial(kind.step, Step(job, number, step.args, step.size)))))
        done += step.size
        tell(JobState.RUNNING)
    result = checked(patiently(partial(kind.finish, job, summaries)))
    tell(JobState.DONE, result)
    return result
