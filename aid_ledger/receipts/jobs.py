"""The work of issuing every receipt of a batch, some hundreds in each Act, for a worker or for the command line.

A step issues what is still missing, so that a killed job goes on where it stopped and two workers at one batch issue
nothing twice: a line has one receipt. At the end a sample of the files is made and read by a reader of other people;
the receipts stand whatever it finds, and the job says what it found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.act import Act, Actor, Acts
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import reading
from aid_ledger.core.jobs import Job, JobKind, JsonObject, PlannedStep, Progress, Step, attempts, cancel, enqueue
from aid_ledger.custody.queries import receipt_roots
from aid_ledger.disbursement import queries as batches
from aid_ledger.log.rules import NotSealed
from aid_ledger.officials import asking
from aid_ledger.receipts import layout, queries, rules, service
from aid_ledger.settings import Settings

if TYPE_CHECKING:
    from aid_ledger.receipts.press import Press

KIND: Final = "receipts.issue"
UNIT: Final = "receipts"
SEAL_WAIT_S: Final = 30.0
"""How long the last entries may take to be sealed before the sample is read; a second is usual."""
LOOK_EVERY_S: Final = 0.5

FaultOf = Callable[[Session, str], str]
"""Makes the file of a receipt and says what another reader finds wrong in it, "" if nothing."""


def args_of(batch: str, asked_by: str) -> JsonObject:
    """Give the arguments of the job: the batch, and the login of who asked."""
    return {"batch": batch, "asked_by": asked_by}


def ask(act: Act, batch: str) -> None:
    """Ask for a batch's receipts, unless somebody has asked and that work is not over."""
    batches.lock_batch(act.session, batch)
    latest = newest(act.session, batch)
    if latest is None:
        enqueue(act.session, KIND, args_of(batch, act.actor.id), job_id=attempts.first_id(_stem(batch)))
    elif latest.state.is_final:
        enqueue(act.session, KIND, args_of(batch, act.actor.id), job_id=attempts.next_id(latest))


def call_off(act: Act, batch: str) -> None:
    """Call the work on a batch off; what is issued stands.

    Raises:
        JobNotFound: nobody asked for it.
        JobOver: it has ended.
    """
    latest = newest(act.session, batch)
    cancel(act.session, latest.job_id if latest else attempts.first_id(_stem(batch)))


def newest(session: Session, batch: str) -> Progress | None:
    """Look at the latest work on a batch's receipts; None where none was asked for."""
    return attempts.newest(session, _stem(batch))


def issue_kind(acts: Acts, *, fault_of: FaultOf, actor: Actor | None = None) -> JobKind:
    """Make the kind of work on an installation; without an actor it acts for whoever asked."""

    def plan(job: Job) -> Iterator[PlannedStep]:
        with reading(acts.engine) as session:
            waiting = queries.waiting_lines(session, batches.batch(session, _batch(job)).id)
        for part in _parts(waiting):
            yield PlannedStep({"first": part[0], "last": part[-1]}, len(part))

    def step(step: Step) -> JsonObject:
        by = actor or asking.asker(acts, str(step.job.args["asked_by"]))
        between = cast("int", step.args["first"]), cast("int", step.args["last"])
        return {"issued": acts.run(by, service.issue_receipts, _batch(step.job), between=between)}

    def finish(job: Job, summaries: Sequence[JsonObject]) -> JsonObject:
        issued = sum(cast("int", each["issued"]) for each in summaries)
        return {"batch": _batch(job), "issued": issued, "sampled": sampled(acts, _batch(job), fault_of)}

    return JobKind(KIND, UNIT, plan, step, finish)


def sampled(acts: Acts, batch: str, fault_of: FaultOf) -> int:
    """Read a sample of a batch's receipts; gives how many were read, 0 where no file can be made on this machine.

    Raises:
        SampleRefused: a file is not what it should be.
        NotSealed: the last entries are not sealed in time.

    """
    with reading(acts.engine) as session:
        chosen = rules.sample(queries.references_of(session, batches.batch(session, batch).id))
    until_s = clock.monotonic() + SEAL_WAIT_S
    read = 0
    while read < len(chosen):
        try:
            with reading(acts.engine) as session:
                fault = fault_of(session, chosen[read])
        except NotSealed:
            if clock.monotonic() > until_s:
                raise
            time.sleep(LOOK_EVERY_S)
            continue
        except (rules.SigningUnavailable, layout.LayoutUnavailable):
            # A machine without keys or fonts issues receipts; whoever prints them finds out there.
            return 0
        if fault:
            raise rules.SampleRefused(receipt=chosen[read], fault=fault)
        read += 1
    return read


def second_reader(settings: Settings, keys: FieldKeys) -> FaultOf:
    """Make the files of this installation with its own keys, and have a reader of other people read them."""

    @cache
    def press() -> Press:
        loaded: Press = layout.load("aid_ledger.receipts.press").load_press(settings)
        return loaded

    def fault_of(session: Session, reference: str) -> str:
        pdf = press().pdf_of(session, keys, reference)
        first = settings.receipt_root_certificate_file.read_bytes()
        roots = [each.certificate for each in receipt_roots(session, first) if each.certificate]
        return str(layout.load("aid_ledger.receipts.second_reader").fault_of(pdf, roots))

    return fault_of


def _parts(lines: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut the numbers of lines into runs of what one Act issues."""
    for begun in range(0, len(lines), rules.ISSUE_LIMIT):
        yield lines[begun : begun + rules.ISSUE_LIMIT]


def _batch(job: Job) -> str:
    return str(job.args["batch"])


def _stem(batch: str) -> str:
    return f"{KIND}:{batch}"
