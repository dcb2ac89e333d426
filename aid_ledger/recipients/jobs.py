"""The work of taking a waiting list in, part by part, for a worker or for the command line.

A part that is in already changes nothing, so a killed job begins where it stopped. Arguments name the list only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, cast

from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.act import Actor, Acts
from aid_ledger.core.db import reading
from aid_ledger.core.jobs import Job, JobKind, JobNotFound, JsonObject, PlannedStep, Progress, Step, progress
from aid_ledger.officials import queries as officials
from aid_ledger.recipients import incoming, queries, service
from aid_ledger.regions import queries as regions

KIND: Final = "recipients.import"
UNIT: Final = "rows"


def job_id(reference: str, attempt: int = 1) -> str:
    """Name the job of a list; another attempt after a failure has a name of its own."""
    return f"{KIND}:{reference}:{attempt}"


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
    """Act for the official who brought the list, in the office they hold now; their role is asked again each time."""
    with reading(acts.engine) as session:
        login = queries.recipient_import(session, reference).imported_by
        official = officials.official_by_login(session, login)
        place = officials.office_on(session, official.id, clock.today(regions.agency(session).zone))
    office = place.code if place else ""
    return Actor(type="official", id=login, office=office, door="job", official_id=official.id)


def newest(session: Session, reference: str) -> Progress | None:
    """Look at the latest attempt to take a list in; None where none was asked for."""
    found: Progress | None = None
    for attempt in count(1):
        try:
            found = progress(session, job_id(reference, attempt))
        except JobNotFound:
            break
    return found


def next_id(latest: Progress) -> str:
    """Name the attempt after one that failed."""
    stem, _, attempt = latest.job_id.rpartition(":")
    return f"{stem}:{int(attempt) + 1}"
