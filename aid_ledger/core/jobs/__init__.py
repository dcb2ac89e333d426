"""Work too long for one request: asked for inside a deed, cut into steps, resumed after a crash, shown while it runs.

A room declares `JobKind`s and asks with `enqueue(act.session, …)`; doors read `progress`. The request is a row of
`job_progress` in the asking transaction, so it is rolled back with the deed, and web processes need no engine. Workers
(`worker.py`, which is imported from there and not here, so that web processes do not load the engine) hand committed
rows to the durable engine (`engine.py`) and run the steps. The command line may also run a job in its own process
with `run_inline`.

Three laws: a step is idempotent; a job carries ids and never personal data; a job acts through Acts like any door.
"""

from aid_ledger.core.jobs import attempts
from aid_ledger.core.jobs.arguments import JsonObject, JsonValue, UnsafeArguments
from aid_ledger.core.jobs.board import JobNotFound, JobState, Progress, depth, live_workers, progress, recent
from aid_ledger.core.jobs.inline import run_inline
from aid_ledger.core.jobs.kinds import Job, JobKind, JobKindUnknown, PlannedStep, Registry, Step, thousands
from aid_ledger.core.jobs.queue import JobHandle, JobMismatch, JobOver, cancel, enqueue
from aid_ledger.core.jobs.tables import ENGINE_TABLES

__all__ = [
    "ENGINE_TABLES",
    "Job",
    "JobHandle",
    "JobKind",
    "JobKindUnknown",
    "JobMismatch",
    "JobNotFound",
    "JobOver",
    "JobState",
    "JsonObject",
    "JsonValue",
    "PlannedStep",
    "Progress",
    "Registry",
    "Step",
    "UnsafeArguments",
    "attempts",
    "cancel",
    "depth",
    "enqueue",
    "live_workers",
    "progress",
    "recent",
    "run_inline",
    "thousands",
]
