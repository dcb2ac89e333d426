"""Roles asked for, granted by a second official, and ended."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from aid_ledger.core import numbering
from aid_ledger.core.act import Act
from aid_ledger.core.roles import Role
from aid_ledger.officials import queries, refusals, rules, sessions
from aid_ledger.officials.models import Official, RoleGrant
from aid_ledger.officials.service.people import active_official, refuse_self, require_admin
from audit.facts.officials import RoleGranted, RoleRefused, RoleRequested, RoleRevoked


def request_role(  # noqa: PLR0913 - the particulars of one decree, all by keyword
    act: Act, *, login: str, role: str, area: str = "", since: dt.date, until: dt.date | None, decree: str
) -> RoleGrant:
    """Ask that a role be granted; before FoundingClosed a founder's request is granted at once.

    Raises:
        AdminNeeded, SelfGrant, OfficialNotFound, OfficialNotActive, RoleUnknown, RolesClash, AreaMalformed,
        TermMalformed, DecreeMissing.
    """
    require_admin(act)
    requester_id = _actor_id(act)
    wanted = rules.read_role(role)
    rules.check_decree(decree)
    rules.check_area(area)
    rules.check_span(since, until)
    person = _locked(act, active_official(act.session, login))
    if person.id in queries.barred_with(act.session, requester_id, act.on):
        raise refusals.SelfGrant
    _check_roles_meet(act, person, wanted, since, until)

    grant = RoleGrant(
        reference=numbering.next_reference(act, "GRT"),
        official_id=person.id,
        role=wanted.value,
        area=area,
        since=since,
        until=until,
        decree=decree.strip(),
        state=rules.REQUESTED,
        requested_by_id=requester_id,
        decided_by_id=None,
        decided_at=None,
        reason="",
    )
    act.session.add(grant)
    act.session.flush()

    act.record(
        RoleRequested(
            grant=grant.reference,
            official=login,
            role=grant.role,
            area=area,
            since=since,
            until=until,
            decree=grant.decree,
        )
    )
    if queries.founding_open(act.session) and queries.official(act.session, requester_id).founder:
        _grant(act, grant, person, founding=True)
    return grant


def decide_role(act: Act, reference: str, *, grant: bool, reason: str = "") -> RoleGrant:
    """Grant or refuse a requested role, as a second official.

    Raises:
        AdminNeeded, SelfGrant, SecondOfficialNeeded, GrantNotFound, GrantNotPending, OfficialNotActive, RolesClash.
    """
    require_admin(act)
    decider_id = _actor_id(act)
    person = _locked(act, queries.official(act.session, queries.grant(act.session, reference).official_id))
    request = queries.grant(act.session, reference, lock=True)
    if request.state != rules.REQUESTED:
        raise refusals.GrantNotPending(grant=reference)
    rules.check_second_official(
        decider=decider_id,
        requester=request.requested_by_id,
        owner=person.id,
        barred=queries.barred_with(act.session, decider_id, act.on),
    )
    if not grant:
        _decide(act, request, rules.REFUSED, reason)
        act.record(RoleRefused(grant=reference, reason=reason))
        return request

    active_official(act.session, person.login)
    _check_roles_meet(act, person, Role(request.role), request.since, request.until, besides=request.id)
    request.reason = reason
    _grant(act, request, person, founding=False)
    return request


def revoke_role(act: Act, reference: str, *, reason: str) -> RoleGrant:
    """End a granted role before its term, at once; the official's sessions die with it. Less power needs one official.

    Raises:
        AdminNeeded, SelfAdministration, GrantNotFound, GrantNotPending.
    """
    require_admin(act)
    grant = queries.grant(act.session, reference, lock=True)
    if grant.state != rules.GRANTED:
        raise refusals.GrantNotPending(grant=reference)
    refuse_self(act, grant.official_id)

    _decide(act, grant, rules.REVOKED, reason)
    sessions.end_sessions(act.session, grant.official_id)
    act.session.flush()

    owner = queries.official(act.session, grant.official_id)
    act.record(RoleRevoked(grant=reference, official=owner.login, role=grant.role, reason=reason))
    return grant


def _grant(act: Act, grant: RoleGrant, person: Official, *, founding: bool) -> None:
    _decide(act, grant, rules.GRANTED, grant.reason)
    sessions.end_sessions(act.session, person.id)
    act.session.flush()

    requester = queries.official(act.session, grant.requested_by_id)
    act.record(
        RoleGranted(
            grant=grant.reference,
            official=person.login,
            role=grant.role,
            area=grant.area,
            since=grant.since,
            until=grant.until,
            decree=grant.decree,
            requested_by=requester.login,
            founding=int(founding),
        )
    )


def _decide(act: Act, grant: RoleGrant, state: str, reason: str) -> None:
    grant.state = state
    grant.reason = reason
    grant.decided_by_id = act.actor.official_id
    grant.decided_at = act.at


def _check_roles_meet(
    act: Act, person: Official, wanted: Role, since: dt.date, until: dt.date | None, *, besides: int = 0
) -> None:
    """Compare with every role granted or asked for on any day of the span; a founder counts as ADMIN until the end."""
    meeting = queries.grants_meeting(act.session, person.id, since, until)
    held = {Role(grant.role) for grant in meeting if grant.id != besides}
    if person.founder and queries.founding_open(act.session):
        held.add(Role.ADMIN)
    rules.check_roles_meet(wanted, held)


def _locked(act: Act, person: Official) -> Official:
    """Hold the official's row, so that two requests at once cannot both find the other one missing."""
    query = select(Official).where(Official.id == person.id).with_for_update()
    return act.session.scalars(query.execution_options(populate_existing=True)).one()


def _actor_id(act: Act) -> int:
    if act.actor.official_id is None:
        raise refusals.AdminNeeded
    return act.actor.official_id
