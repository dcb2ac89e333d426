"""Reading who stood for a batch and who shaped it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from aid_ledger.approvals.models import BatchStep, Challenge, ChallengeBatch
from aid_ledger.approvals.rules import ChallengeNotFound
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement, EntitlementRun
from aid_ledger.officials.models import Official
from aid_ledger.programs.models import ApprovalPolicy, Ceiling, Program, Rate
from aid_ledger.recipients.models import BankAccount, Person, RecipientImport

STANDING = ("verified", "approved")
"""Steps by which an official stands for a batch."""


def steps(session: Session, batch: Batch) -> Sequence[BatchStep]:
    """List the steps taken on the batch as it is frozen now, in order; steps of an earlier freezing do not count."""
    if batch.digest is None:
        return []
    query = select(BatchStep).where(BatchStep.batch_id == batch.id, BatchStep.digest == batch.digest)
    return session.scalars(query.order_by(BatchStep.id)).all()


def history(session: Session, batch_id: int) -> Sequence[tuple[BatchStep, Official]]:
    """List every step ever taken on a batch with who took it, in order."""
    query = select(BatchStep, Official).join(Official, Official.id == BatchStep.official_id)
    rows = session.execute(query.where(BatchStep.batch_id == batch_id).order_by(BatchStep.id))
    return [(step, official) for step, official in rows]


def standing(session: Session, batch: Batch) -> dict[int, str]:
    """Tell who stands for which step of a batch: maker, submitter, verifier, approvers, as official id to step."""
    people = {batch.made_by_id: "made"}
    if batch.submitted_by_id is not None:
        people[batch.submitted_by_id] = "submitted"
    people.update({step.official_id: step.step for step in steps(session, batch) if step.step in STANDING})
    return people


def shapers(session: Session, batch: Batch) -> set[int]:
    """Find who shaped what a batch pays: its lists, accounts, entitlements, rate, ceiling, programme and policy."""
    lines = select(BatchLine.person_id).where(BatchLine.batch_id == batch.id)
    runs = (
        select(Entitlement.run_id)
        .join(BatchLine, BatchLine.entitlement_id == Entitlement.id)
        .where(BatchLine.batch_id == batch.id)
    )
    logins = union(
        select(RecipientImport.imported_by)
        .join(Person, Person.import_id == RecipientImport.id)
        .where(Person.id.in_(lines)),
        select(BankAccount.changed_by)
        .join(BatchLine, BatchLine.bank_account_id == BankAccount.id)
        .where(BatchLine.batch_id == batch.id),
        select(EntitlementRun.computed_by).where(EntitlementRun.id.in_(runs)),
        select(EntitlementRun.determined_by).where(EntitlementRun.id.in_(runs)),
        select(Rate.set_by).where(Rate.program_id == batch.program_id),
        select(Ceiling.set_by).where(Ceiling.program_id == batch.program_id),
        select(Program.defined_by).where(Program.id == batch.program_id),
        select(ApprovalPolicy.proposed_by).where(ApprovalPolicy.id == batch.policy_id),
        select(ApprovalPolicy.agreed_by).where(ApprovalPolicy.id == batch.policy_id),
    ).subquery()
    return set(session.scalars(select(Official.id).where(Official.login.in_(select(logins)))))


def challenge(session: Session, reference: str, *, official_id: int, session_hash: bytes) -> Challenge:
    """Fetch and hold a challenge of this official in this session; anybody else's looks like none."""
    query = select(Challenge).where(
        Challenge.reference == reference,
        Challenge.official_id == official_id,
        Challenge.session_hash == session_hash,
    )
    found = session.scalars(query.with_for_update().execution_options(populate_existing=True)).first()
    if found is None:
        raise ChallengeNotFound(challenge=reference)
    return found


def shown(session: Session, challenge_id: int) -> list[tuple[ChallengeBatch, Batch]]:
    """List what a challenge showed, with the batches as they are now, in order of batches."""
    query = (
        select(ChallengeBatch, Batch)
        .join(Batch, Batch.id == ChallengeBatch.batch_id)
        .where(ChallengeBatch.challenge_id == challenge_id)
        .order_by(Batch.id)
    )
    return [(bound, batch) for bound, batch in session.execute(query)]


def open_challenges(session: Session, official_id: int) -> Sequence[Challenge]:
    """List challenges of an official that still wait for a code."""
    query = select(Challenge).where(Challenge.official_id == official_id, Challenge.state == "open")
    return session.scalars(query.with_for_update()).all()
