"""One job from its plan to its end, run under the engine: kept step by step, told on the board, called off between.

The engine calls `Runner.run` in a thread, and again from the start after a crash; parts that were kept then answer at
once without running. `worker.py` owns the process around it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

from aid_ledger.core import logs
from aid_ledger.core.jobs import notices
from aid_ledger.core.jobs.arguments import JsonObject
from aid_ledger.core.jobs.board import JobState
from aid_ledger.core.jobs.engine import Engine
from aid_ledger.core.jobs.kinds import Job, JobKind, JobKindUnknown, PlannedStep, Registry, Step, planned
from aid_ledger.core.jobs.notices import House
from aid_ledger.core.jobs.steps import Outcome, checked, sealed

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended, as the engine keeps it."""

    state: JobState
    outcome: Outcome

    def as_json(self) -> JsonObject:
        """Write it as the engine stores it."""
        return {"state": self.state.value, "outcome": self.outcome.as_json()}

    @classmethod
    def from_json(cls, stored: JsonObject) -> Ending:
        """Read what `as_json` wrote."""
        return cls(JobState(stored["state"]), Outcome.from_json(cast("JsonObject", stored["outcome"])))


class Ended(Exception):
    """A job ends before its last step."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.state.value)
        self.ending = ending


class Gate:
    """Counts running jobs, and holds each at its next step boundary once the worker is leaving."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._is_closed = False
        self._running = 0
        self._held = 0

    def enter(self) -> None:
        """Count a job in."""
        with self._change:
            self._running += 1

    def leave(self) -> None:
        """Count a job out."""
        with self._change:
            self._running -= 1
            self._change.notify_all()

    def boundary(self) -> None:
        """Pass a step boundary; never returns once the gate is closed, so that the job is resumed and not ended."""
        with self._change:
            if not self._is_closed:
                return
            self._held += 1
            self._change.notify_all()
            while True:
                self._change.wait()

    def close(self, *, grace_s: float) -> int:
        """Hold every job at its next boundary, wait for that as long as the grace, and answer how many are unended."""
        with self._change:
            self._is_closed = True
            self._change.wait_for(lambda: self._held == self._running, timeout=grace_s)
            return self._running


class Runner:
    """Runs the jobs of one worker."""

    def __init__(self, house: House, registry: Registry, engine: Engine, gate: Gate) -> None:
        self._house = house
        self._registry = registry
        self._engine = engine
        self._gate = gate

    def run(self, kind_name: str, args: JsonObject) -> JsonObject:
        """Run one job to its end and answer that end."""
        self._gate.enter()
        try:
            job = Job(self._engine.current_job_id(), kind_name, args)
            with logs.about(job=job.id, job_kind=kind_name):
                ending = self._ending_of(job)
                self.tell(job.id, ending)
                log.info("job_ended", state=ending.state.value, error_code=ending.outcome.code)
            return ending.as_json()
        finally:
            self._gate.leave()

    def tell(self, job_id: str, ending: Ending) -> None:
        """Write an end on the board; if that fails, a later sweep finds the engine's answer and repeats it."""
        sealed(lambda: {"told": notices.ended(self._house, job_id, ending.state, ending.outcome)})

    def _ending_of(self, job: Job) -> Ending:
        try:
            return Ending(JobState.DONE, Outcome(self._result_of(self._registry.find(job.kind), job)))
        except JobKindUnknown as unknown:
            return Ending(JobState.FAILED, Outcome({"kind": job.kind}, unknown.code))
        except Ended as early:
            return early.ending

    def _result_of(self, kind: JobKind, job: Job) -> JsonObject:
        """Plan, step, finish. The order of kept parts is the job's shape; see SHAPE_VERSION in `engine.py`."""
        self._note(partial(notices.begun, self._house, job.id, unit=kind.unit))
        plan, _ = self._keep("plan", lambda: {"steps": [[step.args, step.size] for step in planned(kind, job)]})
        steps = [PlannedStep(args, size) for args, size in cast("list[tuple[JsonObject, int]]", plan["steps"])]
        self._note(partial(notices.planned, self._house, job.id, total=sum(step.size for step in steps)))
        summaries: list[JsonObject] = []
        done = 0
        for number, step in enumerate(steps):
            call = partial(_summary, kind, Step(job, number, step.args, step.size))
            summary, is_new = self._keep("step", call)
            summaries.append(summary)
            done += step.size
            if is_new:
                self._note(partial(notices.moved, self._house, job.id, done=done))
        result, _ = self._keep("finish", lambda: checked(kind.finish(job, summaries)))
        return result

    def _keep(self, name: str, call: Callable[[], JsonObject]) -> tuple[JsonObject, bool]:
        """Run a part of a job sealed and kept; also tell whether it ran now rather than before a crash."""
        self._gate.boundary()
        ran: list[str] = []

        def sealed_call() -> JsonObject:
            ran.append(name)
            return sealed(call).as_json()

        outcome = Outcome.from_json(self._engine.keep(name, sealed_call))
        if outcome.code is not None:
            raise Ended(Ending(JobState.FAILED, outcome))
        return outcome.value, bool(ran)

    def _note(self, note: Callable[[], bool]) -> None:
        """Write a notice, and end the job if it was called off; an absent board does not stop the work."""
        outcome = sealed(lambda: {"wanted": note()})
        if outcome.code is None and outcome.value["wanted"] is False:
            raise Ended(Ending(JobState.CANCELLED, Outcome({})))


def _summary(kind: JobKind, step: Step) -> JsonObject:
    return checked(kind.step(step))
