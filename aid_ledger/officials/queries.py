"""Reading officials: who they are, what they hold on a day, and who counts as the same person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from aid_ledger.core.roles import Role
from aid_ledger.officials import passwords, refusals, rules
from aid_ledger.officials.models import (
    Credential,
    FactorReset,
    FoundingSignature,
    Office,
    OfficeTerm,
    Official,
    OtpDevice,
    RecoveryCode,
    RoleGrant,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HeldOffice:
    """The office an official holds on a day; `acts_for_id` is whose place they hold, None if it is their own."""

    code: str
    title: str
    status: str
    acts_for_id: int | None
    agency_unit: str


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that is granted and in force; `area` is a region's code, "" for the whole agency."""

    role: Role
    area: str


def official(session: Session, official_id: int) -> Official:
    """Give an official by id; raises OfficialNotFound."""
    found = session.get(Official, official_id)
    if found is None:
        raise refusals.OfficialNotFound
    return found


def official_by_login(session: Session, login: str) -> Official:
    """Give an official by login; raises OfficialNotFound."""
    found = session.scalars(select(Official).where(Official.login == login)).one_or_none()
    if found is None:
        raise refusals.OfficialNotFound(login=login[: rules.LOGIN_MAX])
    return found


def names_by_login(session: Session) -> dict[str, str]:
    """Name every official by login, for timelines: facts hold logins only."""
    return {login: name for login, name in session.execute(select(Official.login, Official.name))}  # noqa: C416 - rows


def office_by_code(session: Session, code: str) -> Office:
    """Give an office by its code; raises OfficeNotFound."""
    found = session.scalars(select(Office).where(Office.code == code)).one_or_none()
    if found is None:
        raise refusals.OfficeNotFound(office=code[:40])
    return found


def office_on(session: Session, official_id: int, on: dt.date) -> HeldOffice | None:
    """Give the office an official holds on a day, the last one taken up if there are two; None without any."""
    query = (
        select(OfficeTerm, Office)
        .join(Office, Office.id == OfficeTerm.office_id)
        .where(OfficeTerm.official_id == official_id, _covers(OfficeTerm.since, OfficeTerm.until, on))
        .order_by(OfficeTerm.since.desc(), OfficeTerm.id.desc())
    )
    row = session.execute(query.limit(1)).first()
    if row is None:
        return None
    term, office = row
    return HeldOffice(office.code, office.title, term.status, term.acts_for_id, office.agency_unit)


def roles_on(session: Session, official_id: int, on: dt.date) -> tuple[HeldRole, ...]:
    """List the roles an official holds on a day by grant; a suspended one holds none.

    A founder's power before FoundingClosed is not a role: ask `is_admin`.
    """
    query = (
        select(RoleGrant.role, RoleGrant.area)
        .join(Official, Official.id == RoleGrant.official_id)
        .where(
            RoleGrant.official_id == official_id,
            RoleGrant.state == rules.GRANTED,
            Official.state == rules.ACTIVE,
            _covers(RoleGrant.since, RoleGrant.until, on),
        )
        .order_by(RoleGrant.role, RoleGrant.area)
    )
    return tuple(dict.fromkeys(HeldRole(Role(role), area) for role, area in session.execute(query)))


def is_admin(session: Session, official_id: int, on: dt.date) -> bool:
    """Tell whether an official manages people on a day: ADMIN, or a founder before FoundingClosed."""
    if any(held.role is Role.ADMIN for held in roles_on(session, official_id, on)):
        return True
    found = session.get(Official, official_id)
    return found is not None and found.founder and found.state == rules.ACTIVE and founding_open(session)


def founding_open(session: Session) -> bool:
    """Tell whether the founders have not both signed: then enrolments and policies take effect at once."""
    return (session.scalar(select(func.count()).select_from(FoundingSignature)) or 0) < rules.FOUNDERS


def barred_with(session: Session, official_id: int, on: dt.date) -> frozenset[int]:
    """List who counts as one person with an official where steps must be separate, themselves included.

    Who holds another's place inherits the bar of that other, and the other way round, while it lasts and for
    INHERITED_BAR after; through several hands (THREATS 3).
    """
    recent = on - rules.INHERITED_BAR
    query = select(OfficeTerm.official_id, OfficeTerm.acts_for_id).where(
        OfficeTerm.acts_for_id.is_not(None),
        OfficeTerm.since <= on,
        or_(OfficeTerm.until.is_(None), OfficeTerm.until >= recent),
    )
    pairs = [(one, other) for one, other in session.execute(query) if other is not None]
    same = {official_id}
    grown = True
    while grown:
        found = {id_ for pair in pairs if same & set(pair) for id_ in pair}
        grown = not found <= same
        same |= found
    return frozenset(same)


def active_device(session: Session, official_id: int, *, lock: bool = False) -> OtpDevice | None:
    """Give the device an official proves themselves with, locked for this Act if asked; None if there is none."""
    query = select(OtpDevice).where(OtpDevice.official_id == official_id, OtpDevice.state == rules.ACTIVE)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def unspent_recovery_codes(session: Session, official_id: int) -> Sequence[RecoveryCode]:
    """List the recovery codes that still sign in, locked for this Act."""
    query = select(RecoveryCode).where(RecoveryCode.official_id == official_id, RecoveryCode.spent_at.is_(None))
    return session.scalars(query.order_by(RecoveryCode.id).with_for_update()).all()


def recovery_codes_left(session: Session, official_id: int) -> int:
    """Count the recovery codes that still sign in."""
    query = select(func.count()).select_from(RecoveryCode)
    return session.scalar(query.where(RecoveryCode.official_id == official_id, RecoveryCode.spent_at.is_(None))) or 0


def by_link(session: Session, token: str, at: dt.datetime) -> Official:
    """Give the official whose one-time link this is; raises LinkInvalid whatever is wrong with it."""
    query = (
        select(Official, Credential)
        .join(Credential, Credential.official_id == Official.id)
        .where(Credential.enrolment_token_hash == passwords.link_hash(token))
    )
    row = session.execute(query).first()
    if row is None:
        raise refusals.LinkInvalid
    person, credential = row
    if person.state != rules.ACTIVE or at >= credential.changed_at + rules.LINK_LIFE:
        raise refusals.LinkInvalid
    return person


def grant(session: Session, reference: str, *, lock: bool = False) -> RoleGrant:
    """Give a request or grant of a role; raises GrantNotFound."""
    query = select(RoleGrant).where(RoleGrant.reference == reference)
    found = session.scalars(_locking(query, lock=lock)).one_or_none()
    if found is None:
        raise refusals.GrantNotFound(grant=reference[:40])
    return found


def reset(session: Session, reference: str, *, lock: bool = False) -> FactorReset:
    """Give a reset; raises ResetNotFound."""
    query = select(FactorReset).where(FactorReset.reference == reference)
    found = session.scalars(_locking(query, lock=lock)).one_or_none()
    if found is None:
        raise refusals.ResetNotFound(reset=reference[:40])
    return found


def grants_meeting(session: Session, official_id: int, since: dt.date, until: dt.date | None) -> Sequence[RoleGrant]:
    """List an official's grants and open requests that share a day with a span."""
    query = select(RoleGrant).where(
        RoleGrant.official_id == official_id,
        RoleGrant.state.in_((rules.REQUESTED, rules.GRANTED)),
        or_(RoleGrant.until.is_(None), RoleGrant.until >= since),
    )
    if until is not None:
        query = query.where(RoleGrant.since <= until)
    return session.scalars(query).all()


def admins_on(session: Session, on: dt.date) -> Sequence[Official]:
    """List the officials who hold ADMIN by grant on a day and have a device."""
    query = (
        select(Official)
        .join(RoleGrant, RoleGrant.official_id == Official.id)
        .join(OtpDevice, and_(OtpDevice.official_id == Official.id, OtpDevice.state == rules.ACTIVE))
        .where(
            RoleGrant.role == Role.ADMIN.value,
            RoleGrant.state == rules.GRANTED,
            Official.state == rules.ACTIVE,
            _covers(RoleGrant.since, RoleGrant.until, on),
        )
        .distinct()
        .order_by(Official.id)
    )
    return session.scalars(query).all()


def _covers(
    since: InstrumentedAttribute[dt.date], until: InstrumentedAttribute[dt.date | None], on: dt.date
) -> ColumnElement[bool]:
    return and_(since <= on, or_(until.is_(None), until >= on))


def _locking(query: Select[T], *, lock: bool) -> Select[T]:
    return query.with_for_update().execution_options(populate_existing=True) if lock else query
