"""Reading receipts and everything one of them states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from aid_ledger.approvals import queries as approvals
from aid_ledger.approvals.models import BatchStep
from aid_ledger.book.models import Commodity
from aid_ledger.delivery.models import Handover, LineResult
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.disbursement.rules import BatchNotFound
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.log.models import LogEntry, LogPosition
from aid_ledger.log.queries import PlacedEntry
from aid_ledger.log.rules import EntryNotFound
from aid_ledger.officials import queries as officials
from aid_ledger.officials.models import Official
from aid_ledger.programs.models import Program
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.rules import ISSUED, REPLACED, ReceiptNotFound, ReceiptNotStanding
from aid_ledger.regions.models import Agency, Region
from audit.entry import parse_entry

PAGE = 50
"""Receipts on one page of a list."""


@dataclass(frozen=True, slots=True)
class Given:
    """A handover, by whom, and the office they held on that day; "" if none is known any more."""

    handover: Handover
    by: str
    office: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivered line, with where and how it arrived, and how many receipts it has had; given by hand, or not."""

    line: BatchLine
    receipts: int
    source: Source
    village: str
    district: str
    result: LineResult
    given: Given | None


@dataclass(frozen=True, slots=True)
class Issue:
    """What all receipts of one batch have in common."""

    agency: Agency
    batch: Batch
    program: Program
    commodity: Commodity
    decree: Document
    steps: Sequence[tuple[BatchStep, Official]]


def issue_of(session: Session, batch: Batch) -> Issue:
    """Gather what all receipts of a batch have in common; approvals of an earlier freezing do not count."""
    standing = [pair for pair in approvals.history(session, batch.id) if pair[0].digest == batch.digest]
    return Issue(
        agency=session.get_one(Agency, 1),
        batch=batch,
        program=session.get_one(Program, batch.program_id),
        commodity=session.get_one(Commodity, batch.commodity),
        decree=session.get_one(Document, batch.decree_id),
        steps=[pair for pair in standing if pair[0].step in approvals.STANDING],
    )


def of_line() -> ColumnElement[bool]:
    """Join a line with the receipt that counts: every line has at most one that was not replaced.

    A cancelled one counts, so that nothing is issued in its place. One that was replaced counts for nothing, even where
    a restore has forgotten its successor: then the line waits for that one again.
    """
    return and_(Receipt.line_id == BatchLine.id, Receipt.state != REPLACED)


def waiting_lines(session: Session, batch_id: int) -> Sequence[int]:
    """List the numbers of the delivered lines of a batch that have no receipt, in order."""
    query = (
        select(BatchLine.line_no)
        .outerjoin(Receipt, of_line())
        .where(BatchLine.batch_id == batch_id, BatchLine.state == "delivered", Receipt.id.is_(None))
        .order_by(BatchLine.line_no)
    )
    return session.scalars(query).all()


def references_of(session: Session, batch_id: int) -> Sequence[str]:
    """List the numbers of a batch's receipts that stand, in the order in which they were issued."""
    query = select(Receipt.reference).join(BatchLine, BatchLine.id == Receipt.line_id)
    standing = query.where(BatchLine.batch_id == batch_id, Receipt.state == ISSUED)
    return session.scalars(standing.order_by(Receipt.id)).all()


def last_position(session: Session, batch_id: int) -> int | None:
    """Tell where in the log the last issuing of a batch's receipts lies; None before it is ordered."""
    newest = (
        select(Receipt.issue_act)
        .join(BatchLine, BatchLine.id == Receipt.line_id)
        .where(BatchLine.batch_id == batch_id)
        .order_by(Receipt.id.desc())
        .limit(1)
    )
    places = select(func.max(LogPosition.position)).join(LogEntry, LogEntry.id == LogPosition.entry_id)
    return session.scalar(places.where(LogEntry.act == newest.scalar_subquery()))


def delivered_without_receipt(
    session: Session, batch_id: int, *, limit: int, between: tuple[int, int] | None = None
) -> list[Delivered]:
    """List delivered lines of a batch without a receipt, in order; each with the result that delivered it.

    `between` names the first and the last line that are looked at: without it each call reads over all that is done.
    """
    query = _delivered().where(BatchLine.batch_id == batch_id, Receipt.id.is_(None))
    if between is not None:
        query = query.where(BatchLine.line_no.between(*between))
    return _first_results(session, query, limit)


def delivered_line(session: Session, line_id: int) -> Delivered:
    """Give one delivered line, whatever receipts it has."""
    [found] = _first_results(session, _delivered().where(BatchLine.id == line_id), 1)
    return found


_Deliveries = Select[BatchLine, int, Source, str, str, LineResult, Handover, str]


def _delivered() -> _Deliveries:
    village, district = aliased(Region), aliased(Region)
    every = aliased(Receipt)
    had = select(func.count()).select_from(every).where(every.line_id == BatchLine.id).scalar_subquery()
    return (
        select(BatchLine, had, Source, village.name, district.name, LineResult, Handover, Official.name)
        .join(Source, Source.id == BatchLine.source_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(village, village.code == Entitlement.village_code)
        .join(district, district.code == village.parent_code)
        .join(LineResult, LineResult.line_id == BatchLine.id)
        .outerjoin(Handover, Handover.id == LineResult.handover_id)
        .outerjoin(Official, Official.id == Handover.handed_by_id)
        .outerjoin(Receipt, of_line())
        .where(BatchLine.state == "delivered", LineResult.outcome == "SUCCESS")
        .order_by(BatchLine.line_no, LineResult.id)
    )


def _first_results(session: Session, query: _Deliveries, limit: int) -> list[Delivered]:
    """Read each line with the first result that delivered it."""
    office = _offices(session)
    found: dict[int, Delivered] = {}
    for row in session.execute(query.limit(limit * 2)):
        line, had, source, village_name, district_name, result, handover, giver = row
        if len(found) < limit and line.id not in found:
            given = Given(handover, giver, office(handover)) if result.handover_id is not None else None
            found[line.id] = Delivered(line, had, source, village_name, district_name, result, given)
    return list(found.values())


def _offices(session: Session) -> Callable[[Handover], str]:
    """Give what names the giver's office on the day of a handover; each official's day is looked up once."""
    zone = ZoneInfo(session.get_one(Agency, 1).zone)

    @cache
    def office_on(official_id: int, on: dt.date) -> str:
        held = officials.office_on(session, official_id, on)
        return held.title if held is not None else ""

    return lambda handover: office_on(handover.handed_by_id, handover.handed_at.astimezone(zone).date())


def receipt(session: Session, reference: str) -> Receipt:
    """Fetch a receipt by its number; raises ReceiptNotFound."""
    return _found(session.scalars(select(Receipt).where(Receipt.reference == reference)).first())


def standing(session: Session, reference: str) -> Receipt:
    """Fetch a receipt that stands; raises ReceiptNotFound, ReceiptNotStanding."""
    found = receipt(session, reference)
    if found.state != ISSUED:
        raise ReceiptNotStanding(receipt=reference)
    return found


def lock_receipt(session: Session, reference: str) -> Receipt:
    """Fetch a receipt and hold it until the Act ends; raises ReceiptNotFound."""
    query = select(Receipt).where(Receipt.reference == reference).with_for_update()
    return _found(session.scalars(query.execution_options(populate_existing=True)).first())


def batch_of(session: Session, receipt: Receipt) -> Batch:
    """Give the batch that a receipt's line belongs to."""
    query = select(Batch).join(BatchLine, BatchLine.batch_id == Batch.id).where(BatchLine.id == receipt.line_id)
    return session.scalars(query).one()


def by_code_hash(session: Session, code_hash: bytes) -> Receipt | None:
    """Find a receipt by the keyed hash of its random code; None looks the same to whoever asks."""
    return session.scalars(select(Receipt).where(Receipt.code_hash == code_hash)).first()


def successor(session: Session, receipt: Receipt) -> str:
    """Name the receipt that replaced one; "" if none did."""
    if receipt.replaced_by_id is None:
        return ""
    return session.scalars(select(Receipt.reference).where(Receipt.id == receipt.replaced_by_id)).one()


def predecessor(session: Session, receipt: Receipt) -> str:
    """Name the receipt in whose place one stands; "" if there is none."""
    return session.scalars(select(Receipt.reference).where(Receipt.replaced_by_id == receipt.id)).first() or ""


def left_open(session: Session, line_ids: Iterable[int]) -> dict[int, Receipt]:
    """Find, by line, receipts that were replaced by one which a restore has forgotten."""
    query = select(Receipt).where(
        Receipt.line_id.in_(line_ids), Receipt.state == REPLACED, Receipt.replaced_by_id.is_(None)
    )
    return {receipt.line_id: receipt for receipt in session.scalars(query)}


def entry_about(receipt: Receipt, entries: Iterable[PlacedEntry], kind: str) -> PlacedEntry:
    """Find the one of an Act's entries that is about a receipt; raises EntryNotFound.

    An Act issues hundreds of receipts: only the entry that names this one is read in full.
    """
    name = receipt.public_id.encode()
    for entry in entries:
        if entry.kind == kind and name in entry.raw and parse_entry(entry.raw).body["receipt"] == receipt.public_id:
            return entry
    raise EntryNotFound(receipt=receipt.reference)


@dataclass(frozen=True, slots=True)
class Shown:
    """A receipt as pages show it, with the line, batch, programme and commodity it belongs to."""

    receipt: Receipt
    line: BatchLine
    batch: Batch
    program: Program
    commodity: Commodity
    village: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the receipts of a batch are: lines that arrived, and receipts among them."""

    batch: Batch
    program: Program
    delivered: int
    issued: int

    @property
    def waiting(self) -> int:
        """Count the delivered lines without a receipt."""
        return self.delivered - self.issued


def shown(session: Session, reference: str, areas: Collection[str]) -> Shown:
    """Fetch a receipt within some areas ("" is everywhere); one outside looks like none. Raises ReceiptNotFound."""
    query = _shown(areas).where(Receipt.reference == reference)
    row = session.execute(query).first()
    if row is None:
        raise ReceiptNotFound
    return Shown(*row)


def of_batch(session: Session, batch_id: int, areas: Collection[str], *, after: int = 0) -> list[Shown]:
    """List a page of a batch's receipts in order, above an id; one more than a page if there is a next."""
    query = _shown(areas).where(BatchLine.batch_id == batch_id, Receipt.id > after)
    return [Shown(*row) for row in session.execute(query.order_by(Receipt.id).limit(PAGE + 1))]


def progress(session: Session, areas: Collection[str], *, before: int | None = None) -> list[Progress]:
    """List batches in which something arrived, newest first, below an id; one more than a page if there is a next."""
    arrived = (
        select(BatchLine.id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .where(BatchLine.batch_id == Batch.id, BatchLine.state == "delivered", within(areas))
    )
    # The page is chosen first, so that only its batches are counted and not every line there ever was.
    page = select(Batch.id).where(arrived.exists()).order_by(Batch.id.desc()).limit(PAGE + 1)
    ids = session.scalars(page if before is None else page.where(Batch.id < before)).all()
    return _rows(session, _progress(areas).where(Batch.id.in_(ids)).order_by(Batch.id.desc()))


def find_progress(session: Session, batch_reference: str, areas: Collection[str]) -> Progress | None:
    """Tell how far one batch's receipts are; None where nothing of it arrived in these areas."""
    found = _rows(session, _progress(areas).where(Batch.reference == batch_reference))
    return found[0] if found else None


def progress_of(session: Session, batch_reference: str, areas: Collection[str]) -> Progress:
    """Tell how far one batch's receipts are; raises BatchNotFound also where nothing of it arrived in these areas."""
    found = find_progress(session, batch_reference, areas)
    if found is None:
        raise BatchNotFound(batch=batch_reference)
    return found


def count_waiting(session: Session, areas: Collection[str]) -> int:
    """Count delivered lines without a receipt, for the cards of the first screen."""
    query = (
        select(func.count())
        .select_from(BatchLine)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .outerjoin(Receipt, of_line())
        .where(BatchLine.state == "delivered", Receipt.id.is_(None), within(areas))
    )
    return session.scalar(query) or 0


def within(areas: Collection[str]) -> ColumnElement[bool]:
    """Say that a line's village lies in one of the areas."""
    if "" in areas:
        return true()
    village = Entitlement.village_code
    return or_(false(), *((village == area) | village.startswith(f"{area}.", autoescape=True) for area in areas))


def _found(receipt: Receipt | None) -> Receipt:
    if receipt is None:
        raise ReceiptNotFound
    return receipt


def _shown(areas: Collection[str]) -> Select[Receipt, BatchLine, Batch, Program, Commodity, str]:
    return (
        select(Receipt, BatchLine, Batch, Program, Commodity, Region.name)
        .join(BatchLine, BatchLine.id == Receipt.line_id)
        .join(Batch, Batch.id == BatchLine.batch_id)
        .join(Program, Program.id == Batch.program_id)
        .join(Commodity, Commodity.code == Batch.commodity)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(Region, Region.code == Entitlement.village_code)
        .where(within(areas))
    )


def _progress(areas: Collection[str]) -> Select[Batch, Program, int, int]:
    return (
        select(Batch, Program, func.count(BatchLine.id), func.count(Receipt.id))
        .join(Program, Program.id == Batch.program_id)
        .join(BatchLine, BatchLine.batch_id == Batch.id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .outerjoin(Receipt, of_line())
        .where(BatchLine.state == "delivered", within(areas))
        .group_by(Batch.id, Program.id)
    )


def _rows(session: Session, query: Select[Batch, Program, int, int]) -> list[Progress]:
    return [Progress(*row) for row in session.execute(query)]
