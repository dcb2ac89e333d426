"""Reading who stood for a batch, who shaped it, and what a challenge showed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from aid_ledger.approvals.models import BatchStep, Challenge, ChallengeBatch
from aid_ledger.approvals.rules import OPEN, ChallengeNotFound
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement, EntitlementRun
from aid_ledger.disbursement.rules import RESERVING
from aid_ledger.isolation.models import IsolationCheck, IsolationEpisode
from aid_ledger.officials.models import Official
from aid_ledger.programs.models import ApprovalPolicy, Ceiling, Program, Rate
from aid_ledger.recipients.models import BankAccount, Person, RecipientImport

STANDING = ("verified", "approved")
"""Steps by which somebody other than the maker stands for a batch."""


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
    """Tell who stands for which step of a batch: makers, verifier, approvers, as official id to step.

    Whoever ever drafted or submitted it is its maker; verifiers and approvers count as it is frozen now.
    """
    made = select(BatchStep.official_id, BatchStep.step).where(
        BatchStep.batch_id == batch.id, BatchStep.step.in_(("drafted", "submitted"))
    )
    people = {batch.made_by_id: "drafted"}
    people |= dict(session.execute(made.order_by(BatchStep.id)).all())
    people |= {step.official_id: step.step for step in steps(session, batch) if step.step in STANDING}
    return people


def has_a_hand_in_waiting(session: Session, official_id: int) -> bool:
    """Tell whether an official took a step of a batch that waits for another step or for its money."""
    query = (
        select(BatchStep.id)
        .join(Batch, Batch.id == BatchStep.batch_id)
        .where(BatchStep.official_id == official_id, Batch.state.in_(RESERVING))
    )
    return session.scalars(query.limit(1)).first() is not None


def shapers(session: Session, batch: Batch) -> set[int]:
    """Find who shaped what a batch pays: its lists, accounts, entitlements, isolations, rate, ceiling and policy."""
    logins = union(*_of_lists(batch), *_of_rules(batch)).subquery()
    return set(session.scalars(select(Official.id).where(Official.login.in_(select(logins)))))


def _of_lists(batch: Batch) -> list[Select[Any]]:
    """Select who brought the people, their accounts and their isolations, and who worked out what they are due."""
    people = select(BatchLine.person_id).where(BatchLine.batch_id == batch.id)
    due = select(BatchLine.entitlement_id).where(BatchLine.batch_id == batch.id)
    runs = select(Entitlement.run_id).where(Entitlement.id.in_(due))
    episodes = select(Entitlement.episode_id).where(Entitlement.id.in_(due), Entitlement.episode_id.is_not(None))
    imports = select(Person.import_id).where(Person.id.in_(people))
    correctors = select(Person.changed_by).where(Person.id.in_(people))
    accounts = BankAccount.person_id.in_(people), BankAccount.is_current.is_(True)
    return [
        select(RecipientImport.imported_by).where(RecipientImport.id.in_(imports)),
        select(Person.changed_by).where(Person.id.in_(people)),
        correctors,
        select(BankAccount.changed_by).where(*accounts),
        select(EntitlementRun.computed_by).where(EntitlementRun.id.in_(runs)),
        select(EntitlementRun.determined_by).where(EntitlementRun.id.in_(runs)),
        select(IsolationEpisode.reported_by).where(IsolationEpisode.id.in_(episodes)),
        select(IsolationCheck.recorded_by).where(IsolationCheck.episode_id.in_(episodes)),
    ]


def _of_rules(batch: Batch) -> list[Select[Any]]:
    """Select who set what the programme pays and who must approve it."""
    return [
        select(Rate.set_by).where(Rate.program_id == batch.program_id),
        select(Ceiling.set_by).where(Ceiling.program_id == batch.program_id),
        select(Program.defined_by).where(Program.id == batch.program_id),
        select(ApprovalPolicy.proposed_by).where(ApprovalPolicy.id == batch.policy_id),
        select(ApprovalPolicy.agreed_by).where(ApprovalPolicy.id == batch.policy_id),
    ]


def challenge(
    session: Session, reference: str, *, official_id: int, session_hash: bytes, lock: bool = False
) -> Challenge:
    """Fetch a challenge of this official in this session; anybody else's looks like none.

    Raises:
        ChallengeNotFound: there is none.

    """
    query = select(Challenge).where(
        Challenge.reference == reference,
        Challenge.official_id == official_id,
        Challenge.session_hash == session_hash,
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).first()
    if found is None:
        raise ChallengeNotFound(challenge=reference[:40])
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


def lock_open_challenges(session: Session, official_id: int) -> Sequence[Challenge]:
    """List and hold the challenges of an official that still wait for a code."""
    query = select(Challenge).where(Challenge.official_id == official_id, Challenge.state == OPEN)
    return session.scalars(query.order_by(Challenge.id).with_for_update()).all()
