"""The agency of the honest story: founded by two, an official for every role, a policy, and the founding closed."""

from __future__ import annotations

import dataclasses
import datetime as dt

from audit.facts import Fact, founding, money, officials
from tests.audit.small_log import LOG_VKEY, ORIGIN
from tests.audit.told import BEGAN, COMMITMENT, DAY, SINCE, Said, founded

ROLES = {
    "operator": "operator",
    "verifier": "verifier",
    "approver": "approver",
    "approver2": "approver",
    "treasurer": "treasurer",
    "field": "field",
    "admin": "admin",
    "admin2": "admin",
    "auditor": "auditor",
    "verifier2": "verifier",
}
UNITS = {
    "approver": "Dinas Sosial",
    "approver2": "Dinas Sosial",
    "admin": "Kominfo",
    "treasurer": "BPKD",
    "auditor": "Inspektorat",
}
FOUNDERS = ("founder", "founder2")
DEVICES = ("approver", "approver2")


def beginning() -> list[Said]:
    """Found the log: its two founders, each in an office."""
    began = founding.LogFounded(
        vocabulary=0,
        origin=ORIGIN,
        log_vkey=LOG_VKEY,
        receipt_root=COMMITMENT,
        schema=COMMITMENT,
        custody="separate",
        agency="32.16",
        agency_name="Kabupaten",
        practice=0,
    )
    facts: list[Fact] = [began]
    for login in FOUNDERS:
        facts += [officials.OfficialEnrolled(official=login, founder=1), *seat(login)]
    return founded("", *facts)


def seat(login: str, *, acts_for: str = "", until: dt.date | None = None) -> list[Fact]:
    """Open an office and seat an official in it; `acts_for` makes it a Plt."""
    opened = officials.OfficeOpened(
        office=f"OFF-{login}", title="Jabatan", agency_unit=UNITS.get(login, f"Dinas {login}")
    )
    return [opened, term(login, f"OFF-{login}", acts_for=acts_for, until=until)]


def term(
    login: str, office: str, *, acts_for: str = "", since: dt.date = SINCE, until: dt.date | None = None
) -> officials.OfficeHeld:
    """Let an official hold an office, in someone's place if so said."""
    return officials.OfficeHeld(
        official=login,
        office=office,
        status="plt" if acts_for else "definitif",
        since=since,
        until=until,
        decree="SK 2",
        acts_for=acts_for,
    )


def grant_of(login: str, role: str, *, reference: str = "", **changes: object) -> officials.RoleGranted:
    """Grant a role as a founder."""
    fact = officials.RoleGranted(
        grant=reference or f"GRT-{login}",
        official=login,
        role=role,
        area="",
        since=SINCE,
        until=None,
        decree="SK 1",
        requested_by="founder",
        founding=1,
    )
    return dataclasses.replace(fact, **changes)  # type: ignore[arg-type] # fields of a grant


def request_of(grant: officials.RoleGranted) -> officials.RoleRequested:
    """Ask for the role that a grant gives."""
    return officials.RoleRequested(
        grant=grant.grant,
        official=grant.official,
        role=grant.role,
        area=grant.area,
        since=grant.since,
        until=grant.until,
        decree=grant.decree,
    )


def people() -> list[Said]:
    """Found the agency, enrol one official per role, give each approver a device, agree on a policy, and close."""
    story = beginning()
    for login, role in ROLES.items():
        grant = grant_of(login, role)
        enrolled = officials.OfficialEnrolled(official=login, founder=0)
        story += founded("founder", enrolled, *seat(login), request_of(grant), grant)
    for login in DEVICES:
        device = officials.OtpDeviceEnrolled(official=login, device=f"DEV-{login}", usable_from=BEGAN)
        story += founded(login, device)
    policy = policy_changed("POL-1", founding_=1, since=SINCE)
    story += founded("founder", proposal_of(policy), policy)
    story += founded("founder", founding.FoundingSigned(official="founder"))
    closed = founding.FoundingClosed(founders=FOUNDERS)
    return story + founded("founder2", founding.FoundingSigned(official="founder2"), closed)


def policy_changed(
    reference: str,
    *,
    founding_: int = 0,
    approvers: int = 1,
    since: dt.date = DAY,
    program: str = "",
    by: str = "founder",
) -> money.PolicyChanged:
    """Ask for so many approvers from zero."""
    limits = (money.ApprovalLimit(0, approvers),)
    return money.PolicyChanged(
        policy=reference, program=program, limits=limits, since=since, proposed_by=by, founding=founding_
    )


def proposal_of(policy: money.PolicyChanged) -> money.PolicyProposed:
    """Propose the policy that is agreed to."""
    return money.PolicyProposed(policy=policy.policy, program=policy.program, limits=policy.limits)
