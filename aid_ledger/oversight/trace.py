"""Following value both ways: from a source to the households it reached, and from a household back to its sources.

Every line names the one source that paid it, so both questions are one query each. Households appear by the numbers
of their lines and receipts; who they are is asked for elsewhere, with a reason that is recorded. An official with an
area sees the lines of that area.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased

from aid_ledger.book.models import Commodity
from aid_ledger.core import references
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.references import ReferenceMalformed
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.funding.models import Contribution, Donor, Source
from aid_ledger.programs.models import Program
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.queries import of_line, within
from aid_ledger.recipients.models import Person
from aid_ledger.regions.models import Region

PAGE = 50
"""Lines on one page; lists give one more if there is a next."""

TO_SOURCE, TO_BATCH, TO_HOUSEHOLD = "source", "batch", "household"
"""Where a number leads."""


class TraceNotFound(DomainError):
    """Nothing carries that number, or nothing in the official's area."""

    kind = Kind.NOT_FOUND
    code = "trace.not_found"


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a number that was typed leads to."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class TracedLine:
    """One line as the trace shows it; `receipt` is empty where none was issued."""

    id: int
    line_no: int
    public_id: str
    amount: int
    state: str
    batch: Batch
    program: Program
    commodity: Commodity
    source: Source
    village: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a source went to a programme, and to how many households."""

    program: Program
    commodity: Commodity
    households: int
    delivered: int
    amount: int


def follow(session: Session, typed: str) -> Lead:
    """Find out what a number names: a batch, a source, a contribution, a person, a receipt or a line.

    Raises:
        TraceNotFound: nothing carries it.
        ReferenceWrongCheck: a character was mistyped.
    """
    wanted = typed.strip()
    if session.scalar(select(Source.id).where(Source.code == wanted)) is not None:
        return Lead(TO_SOURCE, wanted)
    try:
        number = str(references.check_reference(wanted))
    except ReferenceMalformed:
        number = wanted.lower()  # The random id of a line, as printed on a receipt.
    if session.scalar(select(Batch.id).where(Batch.reference == number)) is not None:
        return Lead(TO_BATCH, number)
    giver = select(Source.code).join(Contribution, Contribution.source_id == Source.id)
    code = session.scalar(giver.where(Contribution.reference == number))
    if code is not None:
        return Lead(TO_SOURCE, code)
    household_of(session, number)
    return Lead(TO_HOUSEHOLD, number)


def source(session: Session, code: str) -> Source:
    """Fetch a source by its code; raises TraceNotFound."""
    found = session.scalars(select(Source).where(Source.code == code)).first()
    if found is None:
        raise TraceNotFound(number=code[:40])
    return found


def lines_of_source(session: Session, source_id: int, areas: Collection[str], *, after: int = 0) -> list[TracedLine]:
    """List the lines a source pays or paid, in order, above an id."""
    query = _lines(areas).where(BatchLine.source_id == source_id, BatchLine.id > after)
    return _traced(session, query.order_by(BatchLine.id).limit(PAGE + 1))


def lines_of_batch(session: Session, batch_id: int, areas: Collection[str], *, after: int = 0) -> list[TracedLine]:
    """List the lines of a batch in order, above a line's number."""
    query = _lines(areas).where(BatchLine.batch_id == batch_id, BatchLine.line_no > after)
    return _traced(session, query.order_by(BatchLine.line_no).limit(PAGE + 1))


def lines_of_household(session: Session, number: str, areas: Collection[str]) -> list[TracedLine]:
    """List the newest lines meant for the household behind a number, oldest first.

    Raises:
        TraceNotFound: nothing carries the number, or nothing of it lies in these areas.
    """
    query = _lines(areas).where(Entitlement.household_id == household_of(session, number))
    found = _traced(session, query.order_by(BatchLine.id.desc()).limit(PAGE))[::-1]
    if not found and "" not in areas:
        raise TraceNotFound(number=number[:40])
    return found


def shares_of_source(session: Session, source_id: int) -> list[Share]:
    """Sum what a source paid by programme."""
    delivered = BatchLine.state == "delivered"
    query = (
        select(
            Program,
            Commodity,
            func.count(func.distinct(Entitlement.household_id)),
            func.sum(case((delivered, 1), else_=0)),
            func.sum(case((delivered, BatchLine.amount), else_=0)),
        )
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .join(Commodity, Commodity.code == Batch.commodity)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .where(BatchLine.source_id == source_id, BatchLine.state != "set_aside")
        .group_by(Program.id, Commodity.code)
        .order_by(Program.id)
    )
    return [
        Share(program, commodity, int(households), int(count), int(amount))
        for program, commodity, households, count, amount in session.execute(query.select_from(BatchLine))
    ]


def contributions_of_source(session: Session, source_id: int) -> Sequence[tuple[Contribution, Commodity, Donor | None]]:
    """List what came into a source, what it is counted in, and from whom, in order."""
    query = (
        select(Contribution, Commodity, Donor)
        .join(Commodity, Commodity.code == Contribution.commodity)
        .outerjoin(Donor, Donor.id == Contribution.donor_id)
    )
    rows = session.execute(query.where(Contribution.source_id == source_id).order_by(Contribution.id).limit(PAGE))
    return [(contribution, commodity, donor) for contribution, commodity, donor in rows]


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
    raise TraceNotFound(number=number[:40])


_Lines = Select[BatchLine, Batch, Program, Commodity, Source, str, str]
"""The last column is None where no receipt was issued; outer joins are beyond the type."""


def _lines(areas: Collection[str]) -> _Lines:
    village = aliased(Region)
    return (
        select(BatchLine, Batch, Program, Commodity, Source, village.name, Receipt.reference)
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .join(Commodity, Commodity.code == Batch.commodity)
        .join(Source, Source.id == BatchLine.source_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(village, village.code == Entitlement.village_code)
        .outerjoin(Receipt, of_line())
        .where(within(areas))
    )


def _traced(session: Session, query: _Lines) -> list[TracedLine]:
    return [
        TracedLine(
            id=line.id,
            line_no=line.line_no,
            public_id=line.public_id,
            amount=line.amount,
            state=line.state,
            batch=batch,
            program=program,
            commodity=commodity,
            source=payer,
            village=village,
            receipt=receipt or "",
        )
        for line, batch, program, commodity, payer, village, receipt in session.execute(query)
    ]
