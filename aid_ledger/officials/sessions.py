"""Signed-in browsers: opened at sign-in, rotated at every step up, ended when power changes. Only hashes are kept.

These rows are housekeeping: that somebody signed in is the fact SignedIn, and a session proves nothing to a verifier.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from aid_ledger.core.roles import Role
from aid_ledger.officials import passwords, queries, rules
from aid_ledger.officials.models import Official, SignInSession
from aid_ledger.web.guard import CurrentOfficial

TOTP: Final = "totp"
RECOVERY: Final = "recovery"
ENROLMENT: Final = "enrolment"
PASSWORD: Final = "password"  # noqa: S105 - the name of a factor
"""Only the password has been given: this session may enter a code and nothing else."""

LIVES: Final = {
    TOTP: dt.timedelta(hours=10),
    RECOVERY: dt.timedelta(hours=1),
    ENROLMENT: dt.timedelta(minutes=30),
    PASSWORD: dt.timedelta(minutes=5),
}
"""A working day; long enough to ask for a reset; long enough to install an app; long enough to find the telephone."""

IDLE: Final = dt.timedelta(minutes=30)
SEEN_EVERY: Final = dt.timedelta(minutes=2)
"""How stale `seen_at` may be: writing it at each click would make every reader a writer."""


def open_session(session: Session, official_id: int, factor: str, at: dt.datetime) -> str:
    """Open a session and give its token, which is shown to the browser once and kept nowhere."""
    token = passwords.fresh_token()
    session.add(
        SignInSession(
            token_hash=passwords.session_hash(token),
            official_id=official_id,
            factor=factor,
            opened_at=at,
            seen_at=at,
            expires_at=at + LIVES[factor],
        )
    )
    session.flush()
    return token


def end_session(session: Session, token: str) -> None:
    """End one session: sign-out, or the step before a stronger one."""
    session.execute(delete(SignInSession).where(SignInSession.token_hash == passwords.session_hash(token)))


def end_sessions(session: Session, official_id: int) -> None:
    """End all sessions of an official: their power changed (THREATS 19)."""
    session.execute(delete(SignInSession).where(SignInSession.official_id == official_id))


def end_old_sessions(session: Session, at: dt.datetime) -> None:
    """Forget sessions that ran out."""
    session.execute(delete(SignInSession).where(SignInSession.expires_at <= at))


def touch(session: Session, token_hash: bytes, at: dt.datetime) -> None:
    """Note that a session is in use."""
    found = session.get(SignInSession, token_hash)
    if found is not None:
        found.seen_at = at


def current(session: Session, token: str, at: dt.datetime, on: dt.date) -> tuple[CurrentOfficial, bool] | None:
    """Give the official of a session as they are now, and whether `touch` is due; None if the session is no more."""
    token_hash = passwords.session_hash(token)
    query = select(SignInSession, Official).join(Official, Official.id == SignInSession.official_id)
    row = session.execute(query.where(SignInSession.token_hash == token_hash)).first()
    if row is None:
        return None
    held, person = row
    if at >= held.expires_at or at >= held.seen_at + IDLE or person.state != rules.ACTIVE:
        return None
    return describe(session, person, on, session_hash=token_hash, factor=held.factor), at >= held.seen_at + SEEN_EVERY


def describe(session: Session, person: Official, on: dt.date, *, session_hash: bytes, factor: str) -> CurrentOfficial:
    """Describe an official as doors see them on a day; a founder before FoundingClosed counts as ADMIN."""
    office = queries.office_on(session, person.id, on)
    held = queries.roles_on(session, person.id, on)
    roles = {one.role for one in held}
    is_founding = person.founder and queries.founding_open(session)
    if is_founding:
        roles.add(Role.ADMIN)
    areas: dict[Role, tuple[str, ...]] = {
        role: tuple(sorted(one.area for one in held if one.role is role)) or ("",) for role in roles
    }
    return CurrentOfficial(
        official_id=person.id,
        login=person.login,
        name=person.name,
        roles=frozenset(roles),
        # The narrowest area of all roles: a page that asks only for this shows too little, never too much.
        area=max((area for several in areas.values() for area in several), key=len, default=""),
        areas=areas,
        office=office.code if office else "",
        office_title=office.title if office else "",
        office_status=office.status if office else "",
        session_hash=session_hash,
        factor=factor,
        is_founding=is_founding,
    )
