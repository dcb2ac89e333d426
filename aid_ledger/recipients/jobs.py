"""The work of taking a waiting list in, part by part, for a worker or for the command line.

A part that is in already changes nothing, so a killed job begins where it stopped. Arguments name the list only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, cast

from sqlalchemy.orm import Session

from aid_ledger.core.act import Actor, Acts
from aid_ledger.core.db import reading
from aid_ledger.core.jobs import Job, JobKind, JsonObject, PlannedStep, Progress, Step, attempts
from aid_ledger.officials import asking
from aid_ledger.recipients import incoming, queries, service

KIND: Final = "recipients.import"
UNIT: Final = "rows"


def job_id(reference: str) -> str:
    """Name the job of a list; another attempt after a failure has a name of its own."""
    return attempts.first_id(f"{KIND}:{reference}")


def args_of(reference: str) -> JsonObject:
    """Give the arguments of the job of a list."""
    return {"intake": reference}


def import_kind(acts: Acts, *, actor: Actor | None = None) -> JobKind:
    """Make the kind of work on an installation; without an actor each list is taken in for whoever asked for it."""

    def plan(job: Job) -> Iterator[PlannedStep]:
        with reading(acts.engine) as session:
            record = queries.recipient_import(session, _reference(job))
        due = record.rows - record.bad
        for number in range(service.parts_of(record)):
            yield PlannedStep({"part": number}, min(incoming.PART_ROWS, due - number * incoming.PART_ROWS))

    def step(step: Step) -> JsonObject:
        reference = _reference(step.job)
        acts.run(actor or _asker(acts, reference), service.take_part, reference, cast("int", step.args["part"]))
        return {}

    def finish(job: Job, _summaries: Sequence[JsonObject]) -> JsonObject:
        with reading(acts.engine) as session:
            record = queries.recipient_import(session, _reference(job))
        incoming.remove(acts.kit, record.reference)
        return {"intake": record.reference, "new": record.people_new, "changed": record.people_changed}

    return JobKind(KIND, UNIT, plan, step, finish)


def _reference(job: Job) -> str:
    return str(job.args["intake"])


def _asker(acts: Acts, reference: str) -> Actor:
    with reading(acts.engine) as session:
        login = queries.recipient_import(session, reference).imported_by
    return asking.asker(acts, login)


def newest(session: Session, reference: str) -> Progress | None:
    """Look at the latest attempt to take a list in; None where none was asked for."""
    return attempts.newest(session, f"{KIND}:{reference}")
