"""Reading batches and runs for pages: only what lies in the reader's areas, a page at a time, payees masked.

What a reader may not see looks like none. Services lock and change through `queries`; nothing here does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from aid_ledger.core.crypto import FieldKeys, IntegrityFailed
from aid_ledger.disbursement.models import Batch, BatchLine, BatchStep, Entitlement, EntitlementRun
from aid_ledger.disbursement.queries import PAGE
from aid_ledger.disbursement.rules import BatchNotFound, RunNotFound
from aid_ledger.funding.models import Source
from aid_ledger.officials.models import Official
from aid_ledger.programs.models import Program
from aid_ledger.recipients.payees import open_payees
from aid_ledger.regions.models import Region
from aid_ledger.web.formats import mask_name

UNREADABLE: Final = "tidak dapat dibuka"
"""Shown for a name whose ciphertext was moved or altered: the page goes on, the verifier is warned by the digest."""


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line as a page shows it: its payee is masked."""

    line: BatchLine
    source: str
    village: str
    payee: str


@dataclass(frozen=True, slots=True)
class FiledBatch:
    """A batch with the names that its numbers stand for."""

    batch: Batch
    program: Program
    region: str


@dataclass(frozen=True, slots=True)
class FiledRun:
    """A run with the names that its numbers stand for."""

    run: EntitlementRun
    program: Program
    region: str


def within(code: InstrumentedAttribute[str], areas: Collection[str]) -> ColumnElement[bool]:
    """Say that a region lies in one of the areas ("" is everywhere)."""
    if "" in areas:
        return true()
    return or_(false(), *((code == area) | code.startswith(f"{area}.", autoescape=True) for area in areas))


def batch(session: Session, reference: str, areas: Collection[str]) -> FiledBatch:
    """Fetch a batch within some areas; raises BatchNotFound also for one outside."""
    row = session.execute(_batches(areas).where(Batch.reference == reference)).first()
    if row is None:
        raise BatchNotFound(batch=reference[:40])
    return FiledBatch(*row)


def batches(
    session: Session, areas: Collection[str], *, states: Sequence[str] = (), before: int | None = None
) -> list[FiledBatch]:
    """List batches, newest first, below an id; one more than a page if there is a next."""
    query = _batches(areas).order_by(Batch.id.desc()).limit(PAGE + 1)
    if states:
        query = query.where(Batch.state.in_(states))
    if before is not None:
        query = query.where(Batch.id < before)
    return [FiledBatch(*row) for row in session.execute(query)]


def waiting(session: Session, areas: Collection[str], state: str, *, after: int = 0) -> list[FiledBatch]:
    """List batches in a state, the one submitted first on top, above an id; one more than a page if there is a next."""
    query = _batches(areas).where(Batch.state == state, Batch.id > after)
    return [FiledBatch(*row) for row in session.execute(query.order_by(Batch.id).limit(PAGE + 1))]


def counts(session: Session, areas: Collection[str]) -> dict[str, tuple[int, int]]:
    """Count batches by state, with their totals in rupiah; goods are counted and add nothing to the total."""
    rupiah = func.sum(Batch.total).filter(Batch.commodity == "IDR")
    query = select(Batch.state, func.count(), func.coalesce(rupiah, 0)).where(within(Batch.region_code, areas))
    return {state: (count, int(total)) for state, count, total in session.execute(query.group_by(Batch.state))}


def run(session: Session, reference: str, areas: Collection[str]) -> FiledRun:
    """Fetch a run within some areas; raises RunNotFound also for one outside."""
    row = session.execute(_runs(areas).where(EntitlementRun.reference == reference)).first()
    if row is None:
        raise RunNotFound(run=reference[:40])
    return FiledRun(*row)


def runs(session: Session, areas: Collection[str], *, before: int | None = None) -> list[FiledRun]:
    """List runs, newest first, below an id; one more than a page if there is a next."""
    query = _runs(areas).order_by(EntitlementRun.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(EntitlementRun.id < before)
    return [FiledRun(*row) for row in session.execute(query)]


def batches_of_run(session: Session, found: EntitlementRun) -> Sequence[Batch]:
    """List the batches that pay something of a run, newest first."""
    paid = (
        select(BatchLine.batch_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .where(Entitlement.run_id == found.id)
    )
    return session.scalars(select(Batch).where(Batch.id.in_(paid)).order_by(Batch.id.desc()).limit(PAGE)).all()


def lines(
    session: Session, keys: FieldKeys, batch_id: int, *, after: int = 0, state: str | None = None
) -> list[ShownLine]:
    """List a page of lines in order, above a line number; one more than a page if there is a next."""
    query = _lines(batch_id).where(BatchLine.line_no > after)
    if state is not None:
        query = query.where(BatchLine.state == state)
    return _masked(session, keys, query.order_by(BatchLine.line_no).limit(PAGE + 1))


def some_lines(session: Session, keys: FieldKeys, batch_id: int, *, count: int) -> list[ShownLine]:
    """Draw a few lines of those that will be paid, others at each look."""
    query = _lines(batch_id).where(BatchLine.state != "set_aside")
    return _masked(session, keys, query.order_by(func.random()).limit(count))


def set_aside_reasons(session: Session, batch_id: int) -> dict[str, int]:
    """Count a batch's lines that stand aside, by reason, most frequent first."""
    query = select(BatchLine.reason, func.count()).where(BatchLine.batch_id == batch_id, BatchLine.state == "set_aside")
    rows = session.execute(query.group_by(BatchLine.reason)).all()
    return dict(sorted(rows, key=lambda pair: (-pair[1], pair[0])))


def steps(session: Session, batch_id: int) -> list[tuple[BatchStep, Official]]:
    """List every step ever taken on a batch with who took it, in order."""
    query = select(BatchStep, Official).join(Official, Official.id == BatchStep.official_id)
    rows = session.execute(query.where(BatchStep.batch_id == batch_id).order_by(BatchStep.id))
    return [(step, official) for step, official in rows]


def _batches(areas: Collection[str]) -> Select[Batch, Program, str]:
    return (
        select(Batch, Program, Region.name)
        .join(Program, Program.id == Batch.program_id)
        .join(Region, Region.code == Batch.region_code)
        .where(within(Batch.region_code, areas))
    )


def _runs(areas: Collection[str]) -> Select[EntitlementRun, Program, str]:
    return (
        select(EntitlementRun, Program, Region.name)
        .join(Program, Program.id == EntitlementRun.program_id)
        .join(Region, Region.code == EntitlementRun.region_code)
        .where(within(EntitlementRun.region_code, areas))
    )


def _lines(batch_id: int) -> Select[BatchLine, str, str]:
    return (
        select(BatchLine, Source.code, Region.name)
        .join(Source, Source.id == BatchLine.source_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(Region, Region.code == Entitlement.village_code)
        .where(BatchLine.batch_id == batch_id)
    )


def _masked(session: Session, keys: FieldKeys, query: Select[BatchLine, str, str]) -> list[ShownLine]:
    """Read lines and mask their payees; plaintext does not leave this function."""
    rows = session.execute(query).all()
    try:
        opened = open_payees(session, keys, [row[0].person_id for row in rows])
    except IntegrityFailed:
        return [ShownLine(line, source, village, UNREADABLE) for line, source, village in rows]
    return [ShownLine(line, source, village, mask_name(opened[line.person_id].name)) for line, source, village in rows]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a household is due in one programme and period, and the line that paid or is to pay it, if there is one."""

    program: str
    period: str
    amount: int
    commodity: str
    state: str
    batch: str
    line_no: int


def claims_of(session: Session, household_id: int) -> list[Claim]:
    """List a household's entitlements, newest first, each with its newest line."""
    lines = select(func.max(BatchLine.id)).where(BatchLine.entitlement_id == Entitlement.id)
    newest = lines.correlate(Entitlement).scalar_subquery()
    query = (
        select(Entitlement, Program.public_name, Program.commodity, BatchLine, Batch)
        .join(Program, Program.id == Entitlement.program_id)
        .outerjoin(BatchLine, BatchLine.id == newest)
        .outerjoin(Batch, Batch.id == BatchLine.batch_id)
        .where(Entitlement.household_id == household_id)
        .order_by(Entitlement.id.desc())
        .limit(PAGE)
    )
    return [_claim(*row) for row in session.execute(query)]


def _claim(due: Entitlement, program: str, commodity: str, line: BatchLine | None, batch: Batch | None) -> Claim:
    """Say how far an entitlement has come: its own state, then the batch's, then the line's."""
    if line is None or batch is None:
        return Claim(program, due.period, due.amount, commodity, due.state, "", 0)
    state = batch.state if line.state == "listed" else line.state
    return Claim(program, due.period, due.amount, commodity, state, batch.reference, line.line_no)
