"""The worker behind `aid-ledger worker`: hands committed requests to the engine, runs jobs, looks after the dead.

What a crash leaves, and what repairs it:
- before a request is handed over: a queued row; any worker hands it over.
- between handing over and noting it: it is handed over again under the same id, which changes nothing.
- in a step: the step's own transaction is gone or committed; the step runs again elsewhere and finds its rows.
- after a step is kept, before the board says so: the next notice is absolute, and `settle` tells missed endings.
- while recovering another worker's jobs: its lease stays until a later sweep finds nothing left behind it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import uuid
from dataclasses import dataclass
from functools import partial

import sqlalchemy
from sqlalchemy import exc

from aid_ledger.core import clock, logs
from aid_ledger.core.act import keeping_house
from aid_ledger.core.jobs import leases, notices
from aid_ledger.core.jobs.arguments import JsonObject, decode
from aid_ledger.core.jobs.board import JobState
from aid_ledger.core.jobs.chores import Chores
from aid_ledger.core.jobs.engine import Engine
from aid_ledger.core.jobs.kinds import Registry
from aid_ledger.core.jobs.run import Ending, Gate, Runner
from aid_ledger.core.jobs.steps import Outcome, is_transient, sealed

ENGINE_GAVE_UP = "job.engine_gave_up"
"""The code of a job that the engine ended without an answer: it was taken up too often, or broken from outside."""

GAVE_UP = Ending(JobState.FAILED, Outcome({}, ENGINE_GAVE_UP))

EXIT_BROKEN = 70
"""EX_SOFTWARE, the exit of a bug."""

CONCURRENCY = 2
"""Jobs of one worker at a time: one long import does not keep a small job waiting; more threads only share one GIL."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a worker does what. A dead worker's jobs move after at most lease + beat + two polls: nine seconds."""

    lease_ms: int = 6_000
    beat_s: float = 2
    relay_s: float = 0.5
    poll_s: float = 0.5
    grace_s: float = 20


RHYTHM = Rhythm()


class Worker:
    """One worker; one per process. `start`, then `turn` at every relay interval, then `leave`."""

    def __init__(
        self,
        database: sqlalchemy.Engine,
        system_url: str,
        registry: Registry,
        *,
        concurrency: int = CONCURRENCY,
        rhythm: Rhythm = RHYTHM,
    ) -> None:
        self._chores = Chores(registry.chores)
        self.executor_id = f"{socket.gethostname()}:{uuid.uuid4()}"
        self._house = partial(keeping_house, database)
        self._rhythm = rhythm
        self._gate = Gate()
        self._engine = Engine(system_url, self.executor_id, concurrency=concurrency, poll_s=rhythm.poll_s)
        self._runner = Runner(self._house, registry, self._engine, self._gate)
        self._beat_due_s = 0.0

    def start(self) -> None:
        """Take a lease first and work second: whoever sees a job of ours must also see that we live.

        Raises:
            EngineNotReady: the engine's tables are missing or old.
        """
        leases.renew(self._house, self.executor_id, ttl_ms=self._rhythm.lease_ms)
        self._engine.launch(self._runner.run)
        log.info("job_worker_started", executor=self.executor_id)

    def turn(self) -> None:
        """Hand over what is queued; when a beat is due, renew the lease, recover the dead, settle, do the chores."""
        if clock.monotonic() >= self._beat_due_s:
            leases.renew(self._house, self.executor_id, ttl_ms=self._rhythm.lease_ms)
            self._beat_due_s = clock.monotonic() + self._rhythm.beat_s
            self._sweep()
            self._settle()
            self._chores.turn()
        self._relay()

    def leave(self) -> bool:
        """Hold running jobs after their present step and give up the lease; True if none was running.

        Jobs that were held stay ours in the engine's books without a lease behind us, so the next sweep of any
        other worker takes them over at once.
        """
        # Nobody beats while this waits, so the lease is made long enough for it first.
        waiting_ms = self._rhythm.lease_ms + int(self._rhythm.grace_s * 1_000)
        leases.renew(self._house, self.executor_id, ttl_ms=waiting_ms)
        unended = self._gate.close(grace_s=self._rhythm.grace_s)
        leases.give_up(self._house, self.executor_id)
        log.info("job_worker_left", executor=self.executor_id, jobs_left=unended)
        return unended == 0

    def close(self) -> None:
        """Shut the engine down; only sensible when no job was running."""
        self._engine.close()

    def _relay(self) -> None:
        waiting = notices.waiting(self._house)
        for job_id, kind, args in waiting:
            self._engine.submit(job_id, kind, decode(args))
        if waiting:
            notices.handed(self._house, [job_id for job_id, _, _ in waiting])

    def _sweep(self) -> None:
        """Recover the jobs of executors without a lease: dead, left, or given up by a crash in the middle of this."""
        # Holders first: a worker takes its lease before its first job, so no living holder can be missing below.
        holders = self._engine.holders()
        dead = holders - leases.alive(self._house)
        if dead:
            jobs = self._engine.recover(dead)
            log.warning("jobs_recovered", executors=sorted(dead), jobs=jobs)
        leases.clear(self._house, but=dead)

    def _settle(self) -> None:
        """Tell endings that a crash left untold, and hand over again what the engine has forgotten."""
        quiet = notices.unsettled(self._house, quiet_ms=self._rhythm.lease_ms)
        if not quiet:
            return
        over, unknown = self._engine.endings(quiet)
        for job_id, answer in over.items():
            self._runner.tell(job_id, Ending.from_json(answer) if answer is not None else GAVE_UP)
        if unknown:
            notices.lost(self._house, unknown)
            log.warning("jobs_handed_over_again", jobs=len(unknown))


def work(
    database: sqlalchemy.Engine,
    system_url: str,
    registry: Registry,
    *,
    concurrency: int = CONCURRENCY,
    parent_pid: int | None = None,
    rhythm: Rhythm = RHYTHM,
) -> None:
    """Be a worker until SIGTERM or SIGINT, or until the parent process is gone if one was named; then end the process.

    It ends without unwinding, because threads of held jobs never return; nothing is left to unwind, since every
    step that had begun was either kept or will be repeated.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker = Worker(database, system_url, registry, concurrency=concurrency, rhythm=rhythm)
    worker.start()

    def turns() -> JsonObject:
        while not stop.wait(rhythm.relay_s):
            if parent_pid is not None and os.getppid() != parent_pid:
                log.warning("job_worker_orphaned")
                break
            _turn(worker)
        return {"ended_last_job": worker.leave()}

    # Sealed, because an error that only ended this thread would leave the engine's threads working without a lease.
    outcome = sealed(turns)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_BROKEN if outcome.code is not None else 0)


def _turn(worker: Worker) -> None:
    try:
        worker.turn()
    except exc.SQLAlchemyError as error:
        if not is_transient(error):
            raise
        # The lease may lapse meanwhile; the engine's fence and the next turn put that right.
        log.warning("job_worker_waits_for_database", error=type(error).__name__)
