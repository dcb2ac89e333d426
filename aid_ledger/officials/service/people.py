"""Enrolling people, opening offices, and who holds which office from when to when."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from aid_ledger.core.act import Act, on_constraint
from aid_ledger.officials import queries, refusals, rules, sessions
from aid_ledger.officials.models import Office, OfficeTerm, Official
from audit.facts.officials import OfficeHeld, OfficeOpened, OfficialEnrolled, OfficialSuspended

on_constraint("uq_officials_login", refusals.LoginTaken)
on_constraint("uq_offices_code", refusals.OfficeTaken)


def require_admin(act: Act) -> None:
    """Refuse whoever does not manage people today; the founding itself may, as long as it is open.

    Raises:
        AdminNeeded: the actor holds no ADMIN and is no founder of an open founding.
    """
    if act.actor.type == "system" and act.actor.door == "init" and queries.founding_open(act.session):
        return
    if act.actor.official_id is None or not queries.is_admin(act.session, act.actor.official_id, act.on):
        raise refusals.AdminNeeded


def refuse_self(act: Act, official_id: int) -> None:
    """Refuse a deed on the actor's own powers, or of one whose place they hold; raises SelfAdministration."""
    actor_id = act.actor.official_id
    if actor_id is not None and official_id in queries.barred_with(act.session, actor_id, act.on):
        raise refusals.SelfAdministration


def active_official(session: Session, login: str) -> Official:
    """Give an official who is not suspended; raises OfficialNotFound, OfficialNotActive."""
    person = queries.official_by_login(session, login)
    if person.state != rules.ACTIVE:
        raise refusals.OfficialNotActive(login=login)
    return person


def enrol_official(act: Act, *, login: str, name: str, agency_unit: str, founder: bool = False) -> Official:
    """Make a person known to the system; alone this gives no power.

    Raises:
        AdminNeeded, LoginMalformed, LoginTaken.
    """
    require_admin(act)
    rules.check_login(login)

    person = Official(
        login=login,
        name=name.strip(),
        agency_unit=agency_unit.strip(),
        state=rules.ACTIVE,
        founder=founder,
        enrolled_at=act.at,
    )
    act.session.add(person)
    act.session.flush()

    act.record(OfficialEnrolled(official=login, founder=int(founder)))
    return person


def suspend_official(act: Act, *, login: str, reason: str) -> Official:
    """End an official's power to sign in, at once; their sessions die with it.

    Raises:
        AdminNeeded, SelfAdministration, OfficialNotFound, OfficialNotActive.
    """
    require_admin(act)
    person = active_official(act.session, login)
    refuse_self(act, person.id)

    person.state = rules.SUSPENDED
    sessions.end_sessions(act.session, person.id)

    act.record(OfficialSuspended(official=login, reason=reason))
    return person


def open_office(act: Act, *, code: str, title: str, agency_unit: str) -> Office:
    """Make an office that can be held.

    Raises:
        AdminNeeded, OfficeMalformed, OfficeTaken.
    """
    require_admin(act)
    if rules.OFFICE_CODE.fullmatch(code) is None or not title.strip():
        raise refusals.OfficeMalformed

    office = Office(code=code, title=title.strip(), agency_unit=agency_unit.strip())
    act.session.add(office)
    act.session.flush()

    act.record(OfficeOpened(office=code, title=office.title, agency_unit=office.agency_unit))
    return office


def hold_office(  # noqa: PLR0913 - the particulars of one decree, all by keyword
    act: Act,
    *,
    login: str,
    office: str,
    status: str,
    since: dt.date,
    until: dt.date | None,
    decree: str,
    acts_for: str | None = None,
) -> OfficeTerm:
    """Let an official hold an office for a time; `acts_for` is the login of whose place they hold.

    Raises:
        AdminNeeded, SelfAdministration, OfficialNotFound, OfficialNotActive, OfficeNotFound, TermMalformed,
        DecreeMissing.
    """
    require_admin(act)
    rules.check_term(status, since, until)
    rules.check_decree(decree)
    person = active_official(act.session, login)
    refuse_self(act, person.id)
    place = queries.office_by_code(act.session, office)
    absent = queries.official_by_login(act.session, acts_for) if acts_for else None
    if absent is not None and (absent.id == person.id or status == rules.DEFINITIF):
        raise refusals.TermMalformed("only an acting official holds the place of another")

    term = OfficeTerm(
        official_id=person.id,
        office_id=place.id,
        status=status,
        since=since,
        until=until,
        decree=decree.strip(),
        acts_for_id=absent.id if absent else None,
    )
    act.session.add(term)
    sessions.end_sessions(act.session, person.id)
    act.session.flush()

    act.record(
        OfficeHeld(
            official=login,
            office=office,
            status=status,
            since=since,
            until=until,
            decree=term.decree,
            acts_for=absent.login if absent else "",
        )
    )
    return term
