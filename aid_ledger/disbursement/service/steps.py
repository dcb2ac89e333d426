"""What every step of a batch needs: the batch held, its decree in force, and the step written down."""

from __future__ import annotations

from aid_ledger.core.act import Act
from aid_ledger.disbursement import queries, rules
from aid_ledger.disbursement.models import Batch, BatchStep
from aid_ledger.documents.models import Document
from aid_ledger.officials.queries import HeldOffice


def lock_batch(act: Act, reference: str) -> Batch:
    """Fetch a batch and hold it until the Act ends; raises BatchNotFound."""
    return queries.lock_batch(act.session, reference)


def check_decree(act: Act, document: Document) -> None:
    """Demand that a document is an SK in force on the day of the Act; raises DecreeRefused."""
    rules.check_decree(
        kind=document.kind,
        number=document.number,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        on=act.on,
    )


def add_step(act: Act, batch: Batch, step: str, official_id: int, office: HeldOffice, *, reason: str = "") -> BatchStep:
    """Write down a step of a batch as it is frozen now, by an official in their office of the day."""
    taken = BatchStep(
        batch_id=batch.id,
        digest=batch.digest or b"",
        step=step,
        official_id=official_id,
        office_code=office.code,
        office_title=office.title,
        office_status=office.status,
        reason=reason,
        act=act.id,
        taken_at=act.at,
    )
    act.session.add(taken)
    return taken
