"""What a room says about a kind of work: how it is cut into steps, what a step does, how the end is told.

A step MUST be idempotent: after a crash the interrupted step runs again, and a process that was only frozen may
finish its step while another process repeats it. Write through UNIQUE keys (job and step number are such a key) with
ON CONFLICT DO NOTHING, or look first whether the step's rows are there. Nothing here runs anything; `inline.py` and
`worker.py` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.jobs.arguments import STEP_LIMIT_BYTES, JsonObject, encode
from aid_ledger.core.jobs.chores import Chore

MAX_STEPS = 20_000
"""Steps of one job; at 1,000 rows each this is twenty million rows, and its stored plan stays under ten megabytes."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a kind: the id under which it is enqueued, resumed and shown."""

    id: str
    kind: str
    args: JsonObject


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step to come: its arguments (a range of rows, not the rows) and how many units it is worth."""

    args: JsonObject
    size: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step being run. `(job.id, number)` is the same when it runs again: the natural key for what it writes."""

    job: Job
    number: int
    args: JsonObject
    size: int


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of work. `unit` names what is counted ("rows", "receipts"); doors translate it.

    `plan` reads and decides the steps once; what it answered is kept, so rows that appear later are another job's.
    `step` does one step, in Acts of its own, and answers a small summary. `finish` runs once after the last step with
    every summary in order, and answers the result that doors show. All three may run again after a crash.
    A `DomainError` from any of them ends the job as failed with that error's code; what earlier steps did stands.
    """

    name: str
    unit: str
    plan: Callable[[Job], Iterable[PlannedStep]]
    step: Callable[[Step], JsonObject]
    finish: Callable[[Job, Sequence[JsonObject]], JsonObject]


class JobKindUnknown(DomainError):
    """A job names a kind that this process was not given: an older worker, or a misspelt name."""

    kind = Kind.NOT_FOUND
    code = "job.kind_unknown"


class Registry:
    """The kinds that one process can run, and its chores; built by `app` and handed on: nothing leaks between tests."""

    def __init__(self, kinds: Iterable[JobKind] = (), *, chores: Sequence[Chore] = ()) -> None:
        self.chores = tuple(chores)
        self._kinds: dict[str, JobKind] = {}
        for kind in kinds:
            self.add(kind)

    def __iter__(self) -> Iterator[JobKind]:
        return iter(self._kinds.values())

    def add(self, kind: JobKind) -> None:
        """Add a kind; a second one of the same name is a mistake of the programmer."""
        if kind.name in self._kinds:
            raise RuntimeError(f"job kind {kind.name} is registered twice")
        self._kinds[kind.name] = kind

    def find(self, name: str) -> JobKind:
        """Find a kind by its name.

        Raises:
            JobKindUnknown: no such kind here.
        """
        try:
            return self._kinds[name]
        except KeyError:
            raise JobKindUnknown(f"no job kind {name} in this process", kind=name) from None


def thousands(total: int, *, size: int = 1_000) -> Iterator[PlannedStep]:
    """Cut `total` rows into steps `{"offset": …, "limit": …}` of a thousand, the size at which a step costs little."""
    for offset in range(0, total, size):
        limit = min(size, total - offset)
        yield PlannedStep({"offset": offset, "limit": limit}, limit)


def planned(kind: JobKind, job: Job) -> list[PlannedStep]:
    """Ask the kind for its steps and hold them to the limits."""
    steps: list[PlannedStep] = []
    for step in kind.plan(job):
        if len(steps) == MAX_STEPS:
            raise RuntimeError(f"job kind {kind.name} planned more than {MAX_STEPS} steps")
        if step.size < 0:
            raise RuntimeError(f"job kind {kind.name} planned a step of size {step.size}")
        encode(step.args, limit_bytes=STEP_LIMIT_BYTES)
        steps.append(step)
    return steps
