"""Following value both ways: from a source to the households it reached, and from a household back to its sources.

Every line names the one source that paid it, so both questions are one query each. Households appear by the numbers
of their lines and receipts; who they are is asked for elsewhere, with a reason that is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.funding.models import Contribution, Donor, Source
from aid_ledger.programs.models import Program
from aid_ledger.receipts.models import Receipt
from aid_ledger.recipients.models import Person
from aid_ledger.regions.models import Region

PAGE = 50
"""Lines on one page."""


class TraceNotFound(DomainError):
    """Nothing carries that number."""

    kind = Kind.NOT_FOUND
    code = "trace.not_found"


@dataclass(frozen=True, slots=True)
class TracedLine:
    """One line as the trace shows it; `receipt` is empty where none was issued."""

    id: int
    line_no: int
    amount: int
    state: str
    batch: Batch
    program: Program
    source: Source
    village: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a source went to a programme, and to how many households."""

    program: Program
    commodity: str
    households: int
    delivered: int
    amount: int


def lines_of_source(session: Session, source_id: int, *, after: int = 0) -> list[TracedLine]:
    """List the lines a source pays or paid, in order, above an id."""
    query = _lines().where(BatchLine.source_id == source_id, BatchLine.id > after)
    return _traced(session, query.order_by(BatchLine.id).limit(PAGE))


def shares_of_source(session: Session, source_id: int) -> list[Share]:
    """Sum what a source paid by programme."""
    delivered = BatchLine.state == "delivered"
    query = (
        select(
            Program,
            Batch.commodity,
            func.count(func.distinct(BatchLine.entitlement_id)),
            func.sum(case((delivered, 1), else_=0)),
            func.sum(case((delivered, BatchLine.amount), else_=0)),
        )
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .where(BatchLine.source_id == source_id, BatchLine.state != "set_aside")
        .group_by(Program.id, Batch.commodity)
        .order_by(Program.id)
    )
    return [
        Share(program, commodity, int(households), int(count), int(amount))
        for program, commodity, households, count, amount in session.execute(query)
    ]


def contributions_of_source(session: Session, source_id: int) -> Sequence[tuple[Contribution, Donor | None]]:
    """List what came into a source and from whom, in order."""
    query = select(Contribution, Donor).outerjoin(Donor, Donor.id == Contribution.donor_id)
    rows = session.execute(query.where(Contribution.source_id == source_id).order_by(Contribution.id))
    return [(contribution, donor) for contribution, donor in rows]


def lines_of_household(session: Session, household_id: int) -> list[TracedLine]:
    """List every line that was meant for a household, oldest first."""
    query = _lines().where(Entitlement.household_id == household_id)
    return _traced(session, query.order_by(BatchLine.id).limit(PAGE))


def household_of(session: Session, number: str) -> int:
    """Find the household behind a person's, a line's or a receipt's number; raises TraceNotFound."""
    by_person = select(Person.household_id).where(Person.reference == number)
    by_line = (
        select(Entitlement.household_id)
        .join(BatchLine, BatchLine.entitlement_id == Entitlement.id)
        .outerjoin(Receipt, Receipt.line_id == BatchLine.id)
        .where((BatchLine.public_id == number) | (Receipt.reference == number))
    )
    for query in (by_person, by_line):
        found = session.scalar(query.limit(1))
        if found is not None:
            return found
    raise TraceNotFound(number=number)


def _lines() -> Select[tuple[BatchLine, Batch, Program, Source, str, str | None]]:
    village = aliased(Region)
    return (
        select(BatchLine, Batch, Program, Source, village.name, Receipt.reference)
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .join(Source, Source.id == BatchLine.source_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(village, village.code == Entitlement.village_code)
        .outerjoin(Receipt, Receipt.line_id == BatchLine.id)
    )


def _traced(
    session: Session, query: Select[tuple[BatchLine, Batch, Program, Source, str, str | None]]
) -> list[TracedLine]:
    return [
        TracedLine(line.id, line.line_no, line.amount, line.state, batch, program, source, village, receipt or "")
        for line, batch, program, source, village, receipt in session.execute(query)
    ]
