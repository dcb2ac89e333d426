"""Reading what a manifest states, and the manifests there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aid_ledger.book.models import Commodity
from aid_ledger.disbursement import queries as batches
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.log.queries import newest_checkpoint
from aid_ledger.log.rules import NotSealed
from aid_ledger.programs.models import Program
from aid_ledger.receipts.manifests import rules
from aid_ledger.receipts.manifests.rules import Counted
from aid_ledger.receipts.models import BatchManifest, Receipt
from aid_ledger.receipts.queries import last_position
from aid_ledger.regions.models import Agency
from audit import checkpoint, note

ROWS_PER_FETCH = 5_000


@dataclass(frozen=True, slots=True)
class Statement:
    """What the manifest of a batch says, as of one checkpoint."""

    agency: str
    batch: str
    program: str
    period: str
    commodity: str
    unit: str
    counted: Counted
    origin: str
    size: int
    root: bytes
    sealed_note: str
    sealed_at: dt.datetime


def draw_up(session: Session, batch_reference: str) -> Statement:
    """Gather what a batch's manifest says now.

    Raises:
        BatchNotFound: there is no such batch.
        NothingIssued: it has no receipts.
        NotSealed: the newest checkpoint does not cover them all.
    """
    batch = batches.batch(session, batch_reference)
    counted = count(session, batch.id)
    if not counted.receipts:
        raise rules.NothingIssued(batch=batch_reference)
    newest, position = newest_checkpoint(session), last_position(session, batch.id)
    if newest is None or position is None or position >= newest.size:
        raise NotSealed(position=position or 0)
    commodity = session.get_one(Commodity, batch.commodity)
    stated = checkpoint.parse(note.parse(newest.note.encode()).text)
    return Statement(
        agency=session.get_one(Agency, 1).name,
        batch=batch.reference,
        program=session.get_one(Program, batch.program_id).public_name,
        period=batch.period,
        commodity=batch.commodity,
        unit=commodity.unit,
        counted=counted,
        origin=stated.origin,
        size=newest.size,
        root=stated.root,
        sealed_note=newest.note,
        sealed_at=newest.signed_at,
    )


def count(session: Session, batch_id: int) -> Counted:
    """Count the receipts of a batch and hash their digests; a line whose receipt was replaced is counted once."""
    lines = select(Receipt.line_id).join(BatchLine, BatchLine.id == Receipt.line_id)
    lines = lines.where(BatchLine.batch_id == batch_id)
    amount = session.scalar(select(func.sum(BatchLine.amount)).where(BatchLine.id.in_(lines)))
    receipts = session.scalar(select(func.count()).select_from(lines.subquery()))
    digests = (
        select(Receipt.digest)
        .join(BatchLine, BatchLine.id == Receipt.line_id)
        .where(BatchLine.batch_id == batch_id)
        .order_by(Receipt.id)
        .execution_options(yield_per=ROWS_PER_FETCH)
    )
    return Counted(receipts or 0, int(amount or 0), rules.listing_of(session.scalars(digests)))


def newest_of(session: Session, batch_id: int) -> BatchManifest | None:
    """Give the newest manifest of a batch; None where no seal was ever asked for."""
    query = select(BatchManifest).where(BatchManifest.batch_id == batch_id)
    return session.scalars(query.order_by(BatchManifest.id.desc()).limit(1)).first()


def of_batch(session: Session, batch_id: int) -> Sequence[BatchManifest]:
    """List the manifests of a batch, newest first."""
    query = select(BatchManifest).where(BatchManifest.batch_id == batch_id)
    return session.scalars(query.order_by(BatchManifest.id.desc())).all()


def manifest(session: Session, reference: str, *, is_held: bool = False) -> tuple[BatchManifest, Batch]:
    """Fetch a manifest and its batch, held until the Act ends if that is asked for; raises ManifestNotFound."""
    query = select(BatchManifest, Batch).join(Batch, Batch.id == BatchManifest.batch_id)
    query = query.where(BatchManifest.reference == reference)
    if is_held:
        query = query.with_for_update(of=BatchManifest).execution_options(populate_existing=True)
    row = session.execute(query).first()
    if row is None:
        raise rules.ManifestNotFound(manifest=reference)
    return row[0], row[1]
