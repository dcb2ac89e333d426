"""The durable engine under the jobs: the only file that knows DBOS, so that it can be replaced.

It keeps the finished steps of each job in its own tables (schema `dbos` on PostgreSQL, beside ours in the embedded
file: one database, so that a restored backup is one moment). It opens no port, calls nobody, and writes portable JSON
rather than pickles. A process holds one engine at most; that is DBOS's rule. Web processes hold none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Final, cast

from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowID,
    StepOptions,
    error,
)

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.jobs.arguments import JsonObject

APPLICATION: Final = "aid-ledger"
SCHEMA: Final = "dbos"
QUEUE: Final = "jobs"
WORKFLOW: Final = "job"

SHAPE_VERSION: Final = "jobs-1"
"""The order of engine calls in `worker.py`, not the version of the product: a job begun before an upgrade of the
product is resumed after it. Change it only with that order; jobs of another shape are resumed by nobody."""

DISPATCH_LIMIT: Final = 20
"""Times a job may be taken up; one that has killed twenty workers is ended as failed instead of killing another."""

LIST_LIMIT: Final = 1_000

RunJob = Callable[[str, JsonObject], JsonObject]


class EngineNotReady(DomainError):
    """The engine's tables are missing or older than this program."""

    kind = Kind.UNAVAILABLE
    code = "job.engine_not_ready"


def migrate(system_url: str, *, application_role: str | None = None) -> None:
    """Create or upgrade the engine's tables; run by the role that owns the schema, before any worker starts.

    `application_role` (PostgreSQL) is granted what workers need; the web's role needs nothing here.
    """
    _quiet()
    DBOS.migrate(system_url, schema=SCHEMA, application_role=application_role)


class Engine:
    """One executor of the engine: it takes up jobs, keeps their finished steps, and recovers those of the dead."""

    def __init__(self, system_url: str, executor_id: str, *, concurrency: int, poll_s: float) -> None:
        self._poll_s = poll_s
        self._concurrency = concurrency
        self._config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": system_url,
            "dbos_system_schema": SCHEMA,
            "application_version": SHAPE_VERSION,
            "executor_id": executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "run_migrations": False,
            # Nothing here waits for notifications, and a listening connection would not survive a pooler.
            "use_listen_notify": False,
            "sys_db_pool_size": concurrency + 4,
        }
        self._workflow: RunJob | None = None

    def launch(self, run: RunJob) -> None:
        """Start taking up jobs; `run(kind, args)` is called in a thread for each.

        Raises:
            EngineNotReady: its tables are missing or old; `migrate` comes first.
        """
        _quiet()

        def job(kind: str, args: JsonObject) -> JsonObject:
            return run(kind, args)

        DBOS(config=self._config)
        self._workflow = DBOS.workflow(name=WORKFLOW, max_recovery_attempts=DISPATCH_LIMIT)(job)
        try:
            DBOS.launch()
        except error.DBOSInitializationError as unready:
            self.close()
            raise EngineNotReady("the tables of the job engine are missing or old") from unready
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._concurrency,
            polling_interval_sec=self._poll_s,
            on_conflict="always_update",
        )

    def submit(self, job_id: str, kind: str, args: JsonObject) -> None:
        """Give the engine a job; giving it the same id again changes nothing."""
        if self._workflow is None:
            raise RuntimeError("the engine is not launched")
        with SetWorkflowID(job_id):
            DBOS.enqueue_workflow(QUEUE, self._workflow, kind, args)

    def current_job_id(self) -> str:
        """Name the job whose thread this is."""
        job_id = DBOS.workflow_id
        if job_id is None:
            raise RuntimeError("not inside a job")
        return job_id

    def keep(self, name: str, call: Callable[[], JsonObject]) -> JsonObject:
        """Answer what the call answered when this step of the job was first finished, or call it now and keep it.

        A crash between the call and the keeping repeats the call. If another executor owns the job by now, the
        engine ends this thread here instead of keeping anything.
        """
        options: StepOptions = {"name": name, "retries_allowed": False}
        return DBOS.run_step(options, call)

    def holders(self) -> set[str]:
        """Name the executors, living or dead, that have taken up a job and not ended it."""
        pending = DBOS.list_workflows(
            status="PENDING",
            name=WORKFLOW,
            app_version=SHAPE_VERSION,
            limit=LIST_LIMIT,
            load_input=False,
            load_output=False,
        )
        return {held.executor_id for held in pending if held.executor_id is not None}

    def recover(self, executor_ids: Collection[str]) -> int:
        """Give the jobs of dead executors back to the queue and answer how many; repeating it is harmless."""
        # The public equivalent is the vendor's hosted service; a contract test guards the private name.
        return len(DBOS._recover_pending_workflows(sorted(executor_ids)))  # noqa: SLF001 - see above

    def endings(self, job_ids: Collection[str]) -> tuple[dict[str, JsonObject | None], set[str]]:
        """Tell which of these jobs have ended (their answer, None if the engine gave them up) and which are unknown."""
        known = DBOS.list_workflows(workflow_ids=list(job_ids), load_input=False, load_output=True)
        over: dict[str, JsonObject | None] = {}
        for found in known:
            match found.status:
                case "SUCCESS":
                    over[found.workflow_id] = cast("JsonObject", found.output)
                case "ERROR" | "CANCELLED" | "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
                    over[found.workflow_id] = None
                case _:
                    continue
        return over, set(job_ids) - {found.workflow_id for found in known}

    def close(self) -> None:
        """Stop taking up jobs and forget the engine; a running job would be cut off, so `worker.py` parks them."""
        DBOS.destroy(destroy_registry=True)


def _quiet() -> None:
    """Send the engine's words through ours: its own handler would go round the redaction and greet us with adverts."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = True
    logger.setLevel(logging.WARNING)
