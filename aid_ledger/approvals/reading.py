"""Reading for the pages that verify and approve: what bars a reader, balances beside a batch, what was recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aid_ledger.approvals import queries
from aid_ledger.approvals.models import BatchStep, Challenge
from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.disbursement import queries as disbursement
from aid_ledger.disbursement.models import STANDING, Batch
from aid_ledger.disbursement.reading import within
from aid_ledger.funding.models import Source
from aid_ledger.log import queries as log
from aid_ledger.log.queries import PlacedEntry
from aid_ledger.officials import queries as officials
from aid_ledger.programs.models import Program
from audit.facts.paying import ApprovalGiven


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a batch draws from a source, and what is left of the programme's allocation without and with it."""

    source: Source
    amount: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Given:
    """An approval as it was recorded: its batch, its step, its entry and whether that lies under a seal."""

    batch: Batch
    step: BatchStep
    entry: PlacedEntry
    is_sealed: bool


def barred(session: Session, batch: Batch, official_id: int, on: dt.date, *, by_steps_only: bool = False) -> str:
    """Tell what bars an official from the next step of a batch: "same_person", "shaped", or "" for nothing.

    For pages, so that nobody reads a list in vain; the services ask again when it counts. Who shaped a batch takes a
    look at all its lines: a queue of many asks for the steps only.
    """
    same = officials.barred_with(session, official_id, on)
    if same & set(queries.standing(session, batch)):
        return "same_person"
    if by_steps_only:
        return ""
    return "shaped" if same & queries.shapers(session, batch) else ""


def awaiting(session: Session, areas: Collection[str], official_id: int) -> tuple[int, int]:
    """Count the verified batches on which an official has taken no step yet, and sum those of money."""
    taken = select(BatchStep.id).where(
        BatchStep.batch_id == Batch.id,
        BatchStep.digest == Batch.digest,
        BatchStep.official_id == official_id,
        BatchStep.step.in_(STANDING),
    )
    money = func.coalesce(func.sum(Batch.total).filter(Batch.commodity == IDR), 0)
    query = select(func.count(), money).where(Batch.state == "verified", within(Batch.region_code, areas))
    count, total = session.execute(query.where(~taken.exists())).one()
    return count, int(total)


def drawn(session: Session, batch: Batch, program: Program) -> list[Drawn]:
    """List what a reserved batch draws from its sources; the reservation is in the balance already."""
    found = []
    for source, amount in disbursement.shares(session, batch.id):
        left = book.balance(session, Place(source.code, Stage.ALLOCATED, program.code), batch.commodity)
        found.append(Drawn(source, amount, left + amount, left))
    return found


def challenges_batches(session: Session, challenge: Challenge) -> list[str]:
    """List the references of the batches a challenge showed, in order."""
    return [batch.reference for _bound, batch in queries.shown(session, challenge.id)]


def given(session: Session, challenge: Challenge) -> list[Given]:
    """List the approvals that a challenge brought, in order of batches."""
    query = select(BatchStep, Batch).join(Batch, Batch.id == BatchStep.batch_id)
    rows = session.execute(query.where(BatchStep.challenge == challenge.reference).order_by(BatchStep.id)).all()
    sealed = log.sealed_size(session)
    found = []
    for step, batch in rows:
        entry = _entry_about(log.entries_of_act(session, step.act), batch.reference)
        is_sealed = entry.position is not None and entry.position < sealed
        found.append(Given(batch, step, entry, is_sealed))
    return found


def approvals_given(session: Session, batch: Batch) -> int:
    """Count the approvals a batch has as it is frozen now."""
    return sum(step.step == "approved" for step in queries.steps(session, batch))


def _entry_about(entries: Sequence[PlacedEntry], reference: str) -> PlacedEntry:
    mine = (each for each in entries if each.kind == ApprovalGiven.KIND)
    return next(each for each in mine if each.envelope()["body"]["batch"] == reference)
