"""Reading runs, entitlements, batches and lines; always one batch or one page, never everything."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aid_ledger.disbursement.models import Batch, BatchLine, BatchSource, Entitlement, EntitlementRun, LeftOut
from aid_ledger.disbursement.rules import BatchNotFound, LineNotFound, RunNotFound
from aid_ledger.funding.models import Source

PAGE = 50
"""Rows on one page of a list."""


def batch(session: Session, reference: str) -> Batch:
    """Fetch a batch; raises BatchNotFound."""
    found = session.scalars(select(Batch).where(Batch.reference == reference)).first()
    if found is None:
        raise BatchNotFound(batch=reference)
    return found


def lock_batch(session: Session, reference: str) -> Batch:
    """Fetch a batch and hold it until the Act ends, so that steps of one batch come one after another."""
    query = select(Batch).where(Batch.reference == reference).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise BatchNotFound(batch=reference)
    return found


def run(session: Session, reference: str) -> EntitlementRun:
    """Fetch a run of entitlements; raises RunNotFound."""
    found = session.scalars(select(EntitlementRun).where(EntitlementRun.reference == reference)).first()
    if found is None:
        raise RunNotFound(run=reference)
    return found


def lock_run(session: Session, reference: str) -> EntitlementRun:
    """Fetch a run and hold it until the Act ends; raises RunNotFound."""
    query = select(EntitlementRun).where(EntitlementRun.reference == reference).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise RunNotFound(run=reference)
    return found


def runs(session: Session, *, before: int | None = None) -> Sequence[EntitlementRun]:
    """List runs, newest first, below an id."""
    query = select(EntitlementRun).order_by(EntitlementRun.id.desc()).limit(PAGE)
    return session.scalars(query if before is None else query.where(EntitlementRun.id < before)).all()


def line(session: Session, batch_id: int, line_no: int) -> BatchLine:
    """Fetch one line; raises LineNotFound."""
    query = select(BatchLine).where(BatchLine.batch_id == batch_id, BatchLine.line_no == line_no)
    found = session.scalars(query).first()
    if found is None:
        raise LineNotFound(line=line_no)
    return found


def lines(session: Session, batch_id: int, *, after: int = 0, state: str | None = None) -> Sequence[BatchLine]:
    """List a page of lines in order, above a line number."""
    query = select(BatchLine).where(BatchLine.batch_id == batch_id, BatchLine.line_no > after)
    if state is not None:
        query = query.where(BatchLine.state == state)
    return session.scalars(query.order_by(BatchLine.line_no).limit(PAGE)).all()


def batches(session: Session, *, states: Sequence[str] = (), before: int | None = None) -> Sequence[Batch]:
    """List batches, newest first, below an id."""
    query = select(Batch).order_by(Batch.id.desc()).limit(PAGE)
    if states:
        query = query.where(Batch.state.in_(states))
    return session.scalars(query if before is None else query.where(Batch.id < before)).all()


def count_batches(session: Session, states: Sequence[str]) -> int:
    """Count batches in these states, for the cards of the first screen."""
    return session.scalar(select(func.count()).select_from(Batch).where(Batch.state.in_(states))) or 0


def states_of_lines(session: Session, batch_id: int) -> dict[str, tuple[int, int]]:
    """Count lines and sum amounts of a batch by state."""
    query = (
        select(BatchLine.state, func.count(), func.sum(BatchLine.amount))
        .where(BatchLine.batch_id == batch_id)
        .group_by(BatchLine.state)
    )
    return {state: (count, int(total)) for state, count, total in session.execute(query)}


def shares(session: Session, batch_id: int) -> list[tuple[Source, int]]:
    """List the sources that pay a batch and how much each."""
    query = (
        select(Source, BatchSource.amount)
        .join(BatchSource, BatchSource.source_id == Source.id)
        .where(BatchSource.batch_id == batch_id)
        .order_by(Source.id)
    )
    return [(source, amount) for source, amount in session.execute(query)]


def entitlement_states(session: Session, run_id: int) -> dict[str, int]:
    """Count a run's entitlements by state."""
    query = select(Entitlement.state, func.count()).where(Entitlement.run_id == run_id).group_by(Entitlement.state)
    return dict(session.execute(query).all())


def left_out_reasons(session: Session, run_id: int) -> dict[str, int]:
    """Count the households a run left out, by reason, most frequent first."""
    query = select(LeftOut.reason, func.count()).where(LeftOut.run_id == run_id).group_by(LeftOut.reason)
    return dict(sorted(session.execute(query).all(), key=lambda pair: (-pair[1], pair[0])))
