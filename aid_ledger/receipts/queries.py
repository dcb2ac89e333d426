"""Reading receipts and everything one of them states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from aid_ledger.approvals import queries as approvals
from aid_ledger.approvals.models import BatchStep
from aid_ledger.book.models import Commodity
from aid_ledger.delivery.models import Handover, LineResult
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.officials.models import Official
from aid_ledger.programs.models import Program
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.rules import ReceiptNotFound
from aid_ledger.regions.models import Agency, Region

PAGE = 50
"""Receipts on one page of a list."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivered line that has no receipt yet, with where and how it arrived."""

    line: BatchLine
    source: Source
    village: str
    district: str
    result: LineResult
    handover: Handover | None


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


def delivered_without_receipt(session: Session, batch_id: int, *, limit: int) -> list[Delivered]:
    """List delivered lines of a batch without a receipt, in order; each with the result that delivered it."""
    village, district = aliased(Region), aliased(Region)
    query = (
        select(BatchLine, Source, village.name, district.name, LineResult, Handover)
        .join(Source, Source.id == BatchLine.source_id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(village, village.code == Entitlement.village_code)
        .join(district, district.code == village.parent_code)
        .join(LineResult, LineResult.line_id == BatchLine.id)
        .outerjoin(Handover, Handover.id == LineResult.handover_id)
        .outerjoin(Receipt, Receipt.line_id == BatchLine.id)
        .where(
            BatchLine.batch_id == batch_id,
            BatchLine.state == "delivered",
            LineResult.outcome == "SUCCESS",
            Receipt.id.is_(None),
        )
        .order_by(BatchLine.line_no, LineResult.id)
    )
    found: dict[int, Delivered] = {}
    for line, source, village_name, district_name, result, handover in session.execute(query.limit(limit * 2)):
        if len(found) < limit:
            found.setdefault(line.id, Delivered(line, source, village_name, district_name, result, handover))
    return list(found.values())


def receipt(session: Session, reference: str) -> Receipt:
    """Fetch a receipt by its number; raises ReceiptNotFound."""
    found = session.scalars(select(Receipt).where(Receipt.reference == reference)).first()
    if found is None:
        raise ReceiptNotFound
    return found


def by_code_hash(session: Session, code_hash: bytes) -> Receipt | None:
    """Find a receipt by the keyed hash of its random code; None looks the same to whoever asks."""
    return session.scalars(select(Receipt).where(Receipt.code_hash == code_hash)).first()


def by_public_id(session: Session, public_id: str) -> Receipt | None:
    """Find a receipt by its random public id; None if there is none."""
    return session.scalars(select(Receipt).where(Receipt.public_id == public_id)).first()


def receipts_of_batch(session: Session, batch_id: int, *, after: int = 0) -> Sequence[tuple[Receipt, BatchLine]]:
    """List a page of a batch's receipts in order, above an id."""
    query = select(Receipt, BatchLine).join(BatchLine, BatchLine.id == Receipt.line_id)
    query = query.where(BatchLine.batch_id == batch_id, Receipt.id > after).order_by(Receipt.id).limit(PAGE)
    return [(found, line) for found, line in session.execute(query)]
