"""Reading where aid comes from: sources, donors, contributions, emergency statuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys, decrypt
from aid_ledger.documents.models import Document
from aid_ledger.funding.models import Contribution, Donor, EmergencyStatus, Source
from aid_ledger.funding.refusals import ContributionNotFound, DonorNotFound, SourceNotFound
from aid_ledger.funding.rules import IN_CUSTODY, ContributionState, SourceKind
from aid_ledger.officials.models import Office
from aid_ledger.regions.models import Agency

PAGE_SIZE = 50
"""Rows of one page of a list."""

CHOICES_LIMIT = 500
"""Donors offered in a form; an agency has tens of them in a year."""

_IN_CUSTODY = [state.value for state in IN_CUSTODY]
_DONATED = [kind.value for kind in SourceKind if kind.is_donated]


@dataclass(frozen=True, slots=True)
class FiledContribution:
    """A contribution with what it points to; None where it points to nothing."""

    contribution: Contribution
    source: Source
    donor: Donor | None
    document: Document
    need_plan: Document | None
    emergency: EmergencyStatus | None


def source(session: Session, code: str, *, lock: bool = False) -> Source:
    """Fetch a source by its code, locked for this Act if asked; raises SourceNotFound."""
    query = select(Source).where(Source.code == code)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise SourceNotFound(source=code[:40])
    return found


def sources(session: Session) -> list[Source]:
    """List all sources, newest year first."""
    return list(session.scalars(select(Source).order_by(Source.year.desc(), Source.in_rkud.desc(), Source.code)))


def donor(session: Session, reference: str) -> Donor:
    """Fetch a donor; raises DonorNotFound."""
    found = session.scalars(select(Donor).where(Donor.reference == reference)).one_or_none()
    if found is None:
        raise DonorNotFound(donor=reference[:40])
    return found


def donors(session: Session) -> list[Donor]:
    """List donors, newest first."""
    return list(session.scalars(select(Donor).order_by(Donor.id.desc()).limit(CHOICES_LIMIT)))


def name_of(keys: FieldKeys, donor: Donor) -> str:
    """Open a donor's name; an individual's is personal data, so a page shows it masked."""
    if donor.private_name is None:
        return donor.name
    return decrypt(keys, donor.private_name, table=Donor.__tablename__, column="private_name", row=donor.seal)


def contribution(session: Session, reference: str, *, lock: bool = False) -> Contribution:
    """Fetch a contribution, locked for this Act if asked; raises ContributionNotFound."""
    query = select(Contribution).where(Contribution.reference == reference)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise ContributionNotFound(contribution=reference[:40])
    return found


def filed(session: Session, reference: str) -> FiledContribution:
    """Fetch a contribution with all it points to; raises ContributionNotFound."""
    found = contribution(session, reference)
    return FiledContribution(
        found,
        session.get_one(Source, found.source_id),
        session.get(Donor, found.donor_id) if found.donor_id else None,
        session.get_one(Document, found.document_id),
        session.get(Document, found.need_plan_id) if found.need_plan_id else None,
        session.get(EmergencyStatus, found.emergency_id) if found.emergency_id else None,
    )


def contributions_of(session: Session, source_id: int, *, before: int = 0) -> list[tuple[Contribution, Donor | None]]:
    """List a source's contributions with their donors, newest first, one more than a page; `before` as last shown."""
    query = (
        select(Contribution, Donor)
        .outerjoin(Donor, Donor.id == Contribution.donor_id)
        .where(Contribution.source_id == source_id)
        .order_by(Contribution.id.desc())
        .limit(PAGE_SIZE + 1)
    )
    if before:
        query = query.where(Contribution.id < before)
    return [(row, donor) for row, donor in session.execute(query)]


def waiting(
    session: Session, state: ContributionState, *, donated: bool | None = None
) -> Sequence[tuple[Contribution, Source]]:
    """List contributions in a state, oldest first, of gifts only, of budget money only, or (None) of both."""
    query = (
        select(Contribution, Source)
        .join(Source, Source.id == Contribution.source_id)
        .where(Contribution.state == state.value)
        .order_by(Contribution.id)
        .limit(PAGE_SIZE)
    )
    if donated is not None:
        query = query.where(Source.kind.in_(_DONATED) if donated else Source.kind.not_in(_DONATED))
    return [(row, origin) for row, origin in session.execute(query)]


def received_under(session: Session, need_plan_id: int) -> int:
    """Sum what was received under a need plan."""
    query = select(func.sum(Contribution.amount)).where(
        Contribution.need_plan_id == need_plan_id, Contribution.state.in_(_IN_CUSTODY)
    )
    return int(session.scalar(query) or 0)


def is_paper_used(session: Session, source_id: int, commodity: str, paper: Document) -> bool:
    """Tell whether a paper of this kind and number, registered once or twice, stands behind a contribution already."""
    query = (
        select(Contribution.id)
        .join(Document, Document.id == Contribution.document_id)
        .where(
            Contribution.source_id == source_id,
            Contribution.commodity == commodity,
            Contribution.state != ContributionState.REFUSED.value,
            Document.kind == paper.kind,
            func.upper(Document.number) == paper.number.upper(),
            Document.issued_on == paper.issued_on,
        )
    )
    return session.scalar(query.limit(1)) is not None


def emergency_covering(session: Session, first: dt.date, last: dt.date) -> EmergencyStatus | None:
    """Give the newest emergency status in force on both days and between; None if there is none."""
    query = (
        select(EmergencyStatus)
        .where(
            EmergencyStatus.since <= first,
            or_(EmergencyStatus.until.is_(None), EmergencyStatus.until >= last),
        )
        .order_by(EmergencyStatus.since.desc(), EmergencyStatus.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def emergencies(session: Session) -> list[tuple[EmergencyStatus, Document]]:
    """List emergency statuses with their decrees, newest first."""
    query = (
        select(EmergencyStatus, Document)
        .join(Document, Document.id == EmergencyStatus.decree_id)
        .order_by(EmergencyStatus.since.desc(), EmergencyStatus.id.desc())
        .limit(PAGE_SIZE)
    )
    return [(status, decree) for status, decree in session.execute(query)]


def published(session: Session) -> Sequence[tuple[Contribution, Source]]:
    """List the gifts published last, newest first."""
    query = (
        select(Contribution, Source)
        .join(Source, Source.id == Contribution.source_id)
        .where(Contribution.state == ContributionState.PUBLISHED.value)
        .order_by(Contribution.published_at.desc(), Contribution.id.desc())
        .limit(PAGE_SIZE)
    )
    return [(row, origin) for row, origin in session.execute(query)]


def resting_on(session: Session, document_id: int) -> list[tuple[Contribution, Source]]:
    """List the contributions that rest on a document, as their paper or as their need plan."""
    query = (
        select(Contribution, Source)
        .join(Source, Source.id == Contribution.source_id)
        .where(or_(Contribution.document_id == document_id, Contribution.need_plan_id == document_id))
        .order_by(Contribution.id)
        .limit(PAGE_SIZE)
    )
    return [(row, origin) for row, origin in session.execute(query)]


def donors_by_ids(session: Session, ids: Collection[int]) -> dict[int, Donor]:
    """Fetch donors by their row numbers."""
    return {row.id: row for row in session.scalars(select(Donor).where(Donor.id.in_(ids)))}


def offices(session: Session) -> list[Office]:
    """List the offices that may keep a source."""
    return list(session.scalars(select(Office).order_by(Office.agency_unit, Office.title)))


def office_title(session: Session, code: str) -> str:
    """Name an office."""
    return session.scalars(select(Office.title).where(Office.code == code)).one()


def is_founding(session: Session) -> bool:
    """Tell whether opening balances may still be declared."""
    agency = session.get(Agency, 1)
    return agency is not None and agency.founding_open
