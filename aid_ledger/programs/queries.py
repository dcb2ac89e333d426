"""Reading programmes: rates and ceilings in force, who may pay, which policy holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import Place, Stage
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Source
from aid_ledger.programs.models import Allocation, ApprovalPolicy, Ceiling, Exclusion, Program, ProgramSource, Rate
from aid_ledger.programs.refusals import PolicyMissing, PolicyNotFound, ProgramNotFound, RateMissing
from aid_ledger.programs.rules import approvers_for, read_limits

PROPOSED, AGREED = "proposed", "agreed"
"""The states of a policy."""

COMMITTED = (Stage.RESERVED, Stage.IN_TRANSIT, Stage.DELIVERED)
"""Stages that count against a ceiling."""


def program(session: Session, code: str) -> Program:
    """Fetch a programme; raises ProgramNotFound."""
    found = session.scalars(select(Program).where(Program.code == code)).first()
    if found is None:
        raise ProgramNotFound(program=code[:40])
    return found


def program_by_id(session: Session, program_id: int | None) -> Program | None:
    """Fetch the programme a row points to; None where it points to none."""
    return session.get(Program, program_id) if program_id is not None else None


def programs(session: Session) -> Sequence[Program]:
    """List all programmes by code; there are dozens at most."""
    return session.scalars(select(Program).order_by(Program.code)).all()


def allowed_kinds(session: Session, program_id: int) -> tuple[str, ...]:
    """List the kinds of source a programme may be paid from."""
    query = select(ProgramSource.source_kind).where(ProgramSource.program_id == program_id)
    return tuple(session.scalars(query.order_by(ProgramSource.source_kind)))


def rates(session: Session, program_id: int) -> Sequence[Rate]:
    """List a programme's rates, newest first."""
    return session.scalars(select(Rate).where(Rate.program_id == program_id).order_by(Rate.since.desc())).all()


def rates_on(session: Session, on: dt.date) -> dict[int, int]:
    """Tell what one payment of each programme is on a day, by the programme's row; without those that have none."""
    query = select(Rate.program_id, Rate.amount).where(Rate.since <= on).order_by(Rate.since)
    return {program_id: amount for program_id, amount in session.execute(query)}  # noqa: C416 - rows, the newest last


def rate_on(session: Session, chosen: Program, on: dt.date) -> int:
    """Tell what one payment is on a day; raises RateMissing."""
    query = select(Rate.amount).where(Rate.program_id == chosen.id, Rate.since <= on).order_by(Rate.since.desc())
    amount = session.scalar(query.limit(1))
    if amount is None:
        raise RateMissing(program=chosen.code, on=on.isoformat())
    return amount


def ceiling(session: Session, program_id: int, source_id: int) -> Ceiling | None:
    """Find the ceiling in force of a programme and a source; None if none is set."""
    query = select(Ceiling).where(Ceiling.program_id == program_id, Ceiling.source_id == source_id)
    return session.scalars(query.order_by(Ceiling.id.desc()).limit(1)).first()


@dataclass(frozen=True, slots=True)
class CeilingInForce:
    """The ceiling of a programme and a source that holds now, and what of it is committed already."""

    ceiling: Ceiling
    source: Source
    committed: int

    @property
    def left(self) -> int:
        """Tell what may still be committed."""
        return max(0, self.ceiling.amount - self.committed)


def ceilings(session: Session, chosen: Program) -> list[CeilingInForce]:
    """List a programme's ceilings in force, by source."""
    newest = select(func.max(Ceiling.id)).where(Ceiling.program_id == chosen.id).group_by(Ceiling.source_id)
    query = (
        select(Ceiling, Source)
        .join(Source, Source.id == Ceiling.source_id)
        .where(Ceiling.id.in_(newest))
        .order_by(Source.code)
    )
    return [CeilingInForce(row, source, committed(session, chosen, source)) for row, source in session.execute(query)]


def papers(session: Session, ids: Collection[int]) -> dict[int, Document]:
    """Fetch the documents that rates, ceilings and allocations rest on, by their rows."""
    return {row.id: row for row in session.scalars(select(Document).where(Document.id.in_(ids)))}


def exclusions(session: Session, program_id: int) -> Sequence[Exclusion]:
    """List what a household may not receive beside a programme."""
    query = select(Exclusion).where(Exclusion.program_id == program_id)
    return session.scalars(query.order_by(Exclusion.other_code)).all()


def committed(session: Session, chosen: Program, source: Source) -> int:
    """Tell how much of a source a programme has reserved, sent or delivered, in its own commodity."""
    places = [Place(source.code, stage, chosen.code) for stage in COMMITTED]
    return sum(book.balance(session, place, chosen.commodity) for place in places)


def paying_sources(session: Session, chosen: Program) -> list[tuple[Source, int, int | None]]:
    """List the sources allocated to a programme, oldest allocation first.

    Each with what is allocated and not reserved yet, and what is left under its ceiling (None: no ceiling).
    """
    first = func.min(Allocation.id)
    query = (
        select(Source)
        .join(Allocation, Allocation.source_id == Source.id)
        .where(Allocation.program_id == chosen.id)
        .group_by(Source.id)
        .order_by(first)
    )
    paying = []
    for source in session.scalars(query):
        held = book.balance(session, Place(source.code, Stage.ALLOCATED, chosen.code), chosen.commodity)
        limit = ceiling(session, chosen.id, source.id)
        left = None if limit is None else max(0, limit.amount - committed(session, chosen, source))
        paying.append((source, held, left))
    return paying


def allocations(session: Session, program_id: int) -> Sequence[tuple[Allocation, Source]]:
    """List a programme's allocations, newest first."""
    query = select(Allocation, Source).join(Source, Source.id == Allocation.source_id)
    rows = session.execute(query.where(Allocation.program_id == program_id).order_by(Allocation.id.desc()))
    return [(allocation, source) for allocation, source in rows]


def policy(session: Session, reference: str, *, lock: bool = False) -> ApprovalPolicy:
    """Fetch a policy, held for this Act if asked; raises PolicyNotFound."""
    query = select(ApprovalPolicy).where(ApprovalPolicy.reference == reference)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).first()
    if found is None:
        raise PolicyNotFound(policy=reference[:40])
    return found


def policies(session: Session) -> Sequence[ApprovalPolicy]:
    """List all policies, newest first."""
    return session.scalars(select(ApprovalPolicy).order_by(ApprovalPolicy.id.desc())).all()


def proposed_policies(session: Session) -> Sequence[ApprovalPolicy]:
    """List the policies that wait for a second person, oldest first."""
    query = select(ApprovalPolicy).where(ApprovalPolicy.state == PROPOSED)
    return session.scalars(query.order_by(ApprovalPolicy.id)).all()


def policy_for(session: Session, chosen: Program, on: dt.date) -> ApprovalPolicy:
    """Find the policy in force for a programme on a day: its own before the general one; raises PolicyMissing."""
    found = policy_or_none(session, chosen, on)
    if found is None:
        raise PolicyMissing(program=chosen.code, on=on.isoformat())
    return found


def policy_or_none(session: Session, chosen: Program, on: dt.date) -> ApprovalPolicy | None:
    """Find the policy in force for a programme on a day: its own before the general one; None: nobody could approve."""
    own = session.scalars(_in_force(on).where(ApprovalPolicy.program_id == chosen.id)).first()
    return own or session.scalars(_in_force(on).where(ApprovalPolicy.program_id.is_(None))).first()


def has_general_policy(session: Session, on: dt.date) -> bool:
    """Tell whether a policy without a programme is in force on a day."""
    return session.scalars(_in_force(on).where(ApprovalPolicy.program_id.is_(None))).first() is not None


def policies_in_force(session: Session, on: dt.date) -> set[int]:
    """Tell which policies hold on a day: the newest agreed one of each programme, and of none."""
    newest: dict[int | None, int] = {}
    for found in session.scalars(_in_force(on)):
        newest.setdefault(found.program_id, found.id)
    return set(newest.values())


def _in_force(on: dt.date) -> Select[ApprovalPolicy]:
    agreed = select(ApprovalPolicy).where(ApprovalPolicy.state == AGREED, ApprovalPolicy.since <= on)
    return agreed.order_by(ApprovalPolicy.since.desc(), ApprovalPolicy.id.desc())


def approvers_needed(chosen: ApprovalPolicy, total: int) -> int:
    """Tell how many approvers a total needs under a policy."""
    return approvers_for(read_limits(chosen.limits), total)
