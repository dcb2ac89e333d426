"""Lists for pages: everybody with what they hold today, what waits for a decision, and one person's facts.

Rules about what may be done are not here; see `rules.py`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from aid_ledger.core.roles import Role
from aid_ledger.log.mentions import about
from aid_ledger.log.models import LogEntry, LogMention, LogPosition
from aid_ledger.officials import queries, rules
from aid_ledger.officials.models import FactorReset, Office, OfficeTerm, Official, OtpDevice, RoleGrant
from aid_ledger.officials.queries import HeldOffice, HeldRole

TIMELINE_MAX: Final = 60
SOON: Final = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Listed:
    """An official as a list shows them today."""

    official: Official
    office: HeldOffice | None
    roles: tuple[HeldRole, ...]
    has_device: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits for a second official."""

    reference: str
    official: Official
    requester: Official
    what: str
    """A role's value, or a factor."""
    area: str
    since: dt.date | None
    until: dt.date | None
    decree: str
    state: str
    decider: Official | None
    reason: str


@dataclass(frozen=True, slots=True)
class PersonFact:
    """A fact about one official; `position` is None until it is sealed."""

    kind: str
    body: dict[str, Any]
    actor: str
    office: str
    at: dt.datetime
    position: int | None


def everybody(session: Session, on: dt.date) -> list[Listed]:
    """List all officials, those who may act first, by name."""
    with_device = set(session.scalars(select(OtpDevice.official_id).where(OtpDevice.state == rules.ACTIVE)))
    people = session.scalars(select(Official).order_by(Official.state, Official.name, Official.login))
    return [
        Listed(
            person,
            queries.office_on(session, person.id, on),
            queries.roles_on(session, person.id, on),
            person.id in with_device,
        )
        for person in people
    ]


def offices(session: Session) -> Sequence[Office]:
    """List all offices by code."""
    return session.scalars(select(Office).order_by(Office.code)).all()


def terms_of(session: Session, official_id: int) -> list[tuple[OfficeTerm, Office, Official | None]]:
    """List an official's terms, newest first, with whose place they hold."""
    absent = aliased(Official)
    query = (
        select(OfficeTerm, Office, absent)
        .join(Office, Office.id == OfficeTerm.office_id)
        .outerjoin(absent, absent.id == OfficeTerm.acts_for_id)
        .where(OfficeTerm.official_id == official_id)
        .order_by(OfficeTerm.since.desc(), OfficeTerm.id.desc())
    )
    return [(term, office, person) for term, office, person in session.execute(query)]


def grants_of(session: Session, official_id: int) -> Sequence[RoleGrant]:
    """List an official's requests and grants, newest first."""
    return session.scalars(
        select(RoleGrant).where(RoleGrant.official_id == official_id).order_by(RoleGrant.id.desc())
    ).all()


def waiting_grants(session: Session) -> list[Waiting]:
    """List the roles that wait for a second official, oldest first."""
    query = select(RoleGrant).where(RoleGrant.state == rules.REQUESTED).order_by(RoleGrant.id)
    return [of_grant(session, grant) for grant in session.scalars(query)]


def waiting_resets(session: Session) -> list[Waiting]:
    """List the resets that wait for a second official, oldest first."""
    query = select(FactorReset).where(FactorReset.state == rules.REQUESTED).order_by(FactorReset.id)
    return [of_reset(session, reset) for reset in session.scalars(query)]


def of_grant(session: Session, grant: RoleGrant) -> Waiting:
    """Describe a request or grant of a role."""
    return Waiting(
        reference=grant.reference,
        official=queries.official(session, grant.official_id),
        requester=queries.official(session, grant.requested_by_id),
        what=grant.role,
        area=grant.area,
        since=grant.since,
        until=grant.until,
        decree=grant.decree,
        state=grant.state,
        decider=queries.official(session, grant.decided_by_id) if grant.decided_by_id else None,
        reason=grant.reason,
    )


def of_reset(session: Session, reset: FactorReset) -> Waiting:
    """Describe a reset."""
    return Waiting(
        reference=reset.reference,
        official=queries.official(session, reset.official_id),
        requester=queries.official(session, reset.requested_by_id),
        what=reset.factor,
        area="",
        since=None,
        until=None,
        decree=reset.decree,
        state=reset.state,
        decider=queries.official(session, reset.decided_by_id) if reset.decided_by_id else None,
        reason="",
    )


def ending_terms(session: Session, on: dt.date) -> int:
    """Count the offices and roles in force that end within SOON."""
    count = 0
    for table, extra in ((OfficeTerm, None), (RoleGrant, RoleGrant.state == rules.GRANTED)):
        query = select(func.count()).select_from(table).where(table.until >= on, table.until <= on + SOON)
        count += session.scalar(query if extra is None else query.where(extra)) or 0
    return count


def locked_devices(session: Session, at: dt.datetime) -> int:
    """Count the devices that wait after failures."""
    query = select(func.count()).select_from(OtpDevice).where(OtpDevice.state == rules.ACTIVE)
    return session.scalar(query.where(OtpDevice.locked_until > at)) or 0


def without_device(session: Session) -> int:
    """Count the officials who may act and have no device yet."""
    held = select(OtpDevice.official_id).where(OtpDevice.state == rules.ACTIVE)
    query = select(func.count()).select_from(Official)
    return session.scalar(query.where(Official.state == rules.ACTIVE, Official.id.not_in(held))) or 0


def admin_units(session: Session, on: dt.date) -> set[str]:
    """Name the units in which an ADMIN with a device works."""
    units = set()
    for admin in queries.admins_on(session, on):
        office = queries.office_on(session, admin.id, on)
        units.add(office.agency_unit if office else admin.agency_unit)
    return units


def timeline(session: Session, person: Official) -> list[PersonFact]:
    """List the newest facts about an official, newest first, as they lie in the log."""
    mentions = {about("official", person.login), *(grant.reference for grant in grants_of(session, person.id))}
    mentions |= set(session.scalars(select(FactorReset.reference).where(FactorReset.official_id == person.id)))
    mentioning = select(LogMention.entry_id).where(LogMention.reference.in_(mentions))
    query = (
        select(LogEntry.kind, LogEntry.raw, LogEntry.recorded_at, LogPosition.position)
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogEntry.id.in_(mentioning))
        .order_by(LogEntry.id.desc())
        .limit(TIMELINE_MAX)
    )
    found: list[PersonFact] = []
    for kind, raw, at, position in session.execute(query):
        entry = json.loads(raw)
        actor = entry["actor"]
        found.append(PersonFact(kind, entry["body"], actor["id"], actor["office"], at, position))
    return found


def role_label(value: str) -> str:
    """Name a role as officials here know it."""
    return Role(value).label
