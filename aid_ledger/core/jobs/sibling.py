"""A worker process beside a server on one machine: started with it, restarted when it dies, gone when it goes.

`aid-ledger serve` holds one on the embedded database, so that a demo needs no second terminal. In production workers
are services of their own and nothing here is used.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from aid_ledger.core import clock, logs
from aid_ledger.core.errors import DomainError, Kind

RESTART_LIMIT = 5
RESTART_WINDOW_S = 60
"""A worker that dies five times in a minute will die a sixth time; someone has to read why."""

STOP_LIMIT_S = 25
"""A little more than a worker's own grace for its running steps."""

log = logs.get(__name__)


class WorkerKeepsDying(DomainError):
    """The sibling worker ended too often in too short a time."""

    kind = Kind.UNAVAILABLE
    code = "job.worker_keeps_dying"


class Sibling:
    """One child process running `command`, our own worker command with `--parent-pid` of this process.

    `environment` is the child's whole environment; None lets it inherit ours.
    """

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        self._command = list(command)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._starts_s: list[float] = []

    def tend(self) -> None:
        """Start the worker if it is not running; call this at every turn of the server's own waiting loop.

        Raises:
            WorkerKeepsDying: it had to be started more than RESTART_LIMIT times within RESTART_WINDOW_S.
        """
        if self._process is not None and self._process.poll() is None:
            return
        now_s = clock.monotonic()
        self._starts_s = [start for start in self._starts_s if now_s - start < RESTART_WINDOW_S]
        if len(self._starts_s) > RESTART_LIMIT:
            raise WorkerKeepsDying(f"the worker ended {RESTART_LIMIT} times in {RESTART_WINDOW_S} seconds")
        if self._process is not None:
            log.warning("job_worker_restarted", exit_code=self._process.returncode)
        self._starts_s.append(now_s)
        self._process = subprocess.Popen(self._command, env=self._environment)  # noqa: S603 - our own command, built by `serve`.

    def stop(self) -> None:
        """Ask the worker to leave after its present steps, and wait; kill it only if it does not come."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
