"""Signing in: a password at the first step, a code at the second; failures slow down and are counted.

Wrong passwords are nobody's deed: they become housekeeping counts per name and place, and one fact an hour. Only a
right password reaches the device, so that a stranger can neither lock an approver nor fill the log (THREATS 15, 19).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.act import Act, keeping_house
from aid_ledger.core.crypto import FieldKeys, lookup_hash
from aid_ledger.core.db import reading
from aid_ledger.core.references import CodeMalformed, parse_code
from aid_ledger.officials import passwords, queries, refusals, rules, sessions
from aid_ledger.officials.models import Credential, Official, SignInAttempt
from aid_ledger.officials.service.codes import LOCKED, spend_code
from aid_ledger.officials.service.enrolling import confirm_device, set_password
from audit.facts.officials import SignedIn, SignInFailures, SignInRefused

HOUR: Final = dt.timedelta(hours=1)
_LOGIN_SHOWN: Final = 64


@dataclass(frozen=True, slots=True)
class PasswordOutcome:
    """What the first step found: the official, or None and how long this place must wait for this name.

    `needs_device` says that there is no device to ask for a code: the second step is enrolling one.
    """

    official: Official | None
    needs_device: bool = False
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class SignInOutcome:
    """What the second step found; `token` opens the browser's session when accepted, and is "" otherwise."""

    accepted: bool
    reason: str
    factor: str
    token: str = ""
    wait_s: int = 0


def check_password(engine: Engine, keys: FieldKeys, *, login: str, password: str, place: str) -> PasswordOutcome:
    """Compare a password, slowing down this place for this name after failures; unknown names cost the same time.

    `place` is the network address of the browser, or "cli". No Act: nothing was done yet, by nobody known.
    """
    name_hash = lookup_hash(keys, "sign_in_attempts.name_hash", f"{login.lower()[:_LOGIN_SHOWN]}|{place}")
    at = clock.now()
    with reading(engine) as session:
        wait_s = _wait(session, name_hash, at)
        person, credential = _found(session, login) if not wait_s else (None, None)
        needs_device = person is not None and queries.active_device(session, person.id) is None
    if wait_s:
        return PasswordOutcome(None, wait_s=wait_s)
    is_right = passwords.is_password(credential.password_hash if credential else "", password)
    if person is not None and is_right and person.state == rules.ACTIVE:
        return PasswordOutcome(person, needs_device=needs_device)
    with keeping_house(engine) as session:
        return PasswordOutcome(None, wait_s=_count_failure(session, name_hash, at))


def prove(act: Act, *, official_id: int, code: str) -> SignInOutcome:
    """Prove the second factor after a right password: a TOTP code or a recovery code; records which, or the refusal.

    Raises:
        SignInDelayed: the device waits after failures; nothing is recorded for knocking at it.
    """
    person = queries.official(act.session, official_id)
    if _spend_recovery_code(act, official_id, code):
        act.record(SignedIn(official=person.login, factor=sessions.RECOVERY, device="", step=0))
        return SignInOutcome(accepted=True, reason="", factor=sessions.RECOVERY)
    outcome = spend_code(act, official_id=official_id, code=code, purpose=rules.SIGN_IN)
    if outcome.reason == LOCKED:
        raise refusals.SignInDelayed(seconds=outcome.wait_s)
    if outcome.accepted and outcome.device is not None:
        act.record(
            SignedIn(official=person.login, factor=sessions.TOTP, device=outcome.device.reference, step=outcome.step)
        )
        return SignInOutcome(accepted=True, reason="", factor=sessions.TOTP)
    act.record(SignInRefused(official=person.login, reason=outcome.reason, fails=outcome.fails))
    return SignInOutcome(accepted=False, reason=outcome.reason, factor="", wait_s=outcome.wait_s)


def sign_in(act: Act, *, official_id: int, code: str) -> SignInOutcome:
    """Prove the second factor and open a browser's session; raises SignInDelayed, OfficialNotActive."""
    if queries.official(act.session, official_id).state != rules.ACTIVE:
        raise refusals.OfficialNotActive
    proof = prove(act, official_id=official_id, code=code)
    if not proof.accepted:
        return proof
    token = sessions.open_session(act.session, official_id, proof.factor, act.at)
    return SignInOutcome(accepted=True, reason="", factor=proof.factor, token=token)


def sign_in_to_enrol(act: Act, *, official_id: int) -> str:
    """Open the session of an official who has a password and no device: it can enrol one and do nothing else.

    Raises:
        DeviceExists, OfficialNotActive.
    """
    person = queries.official(act.session, official_id)
    if person.state != rules.ACTIVE:
        raise refusals.OfficialNotActive
    if queries.active_device(act.session, official_id, lock=True) is not None:
        raise refusals.DeviceExists
    act.record(SignedIn(official=person.login, factor=sessions.ENROLMENT, device="", step=0))
    return sessions.open_session(act.session, official_id, sessions.ENROLMENT, act.at)


def sign_in_with_new_device(act: Act, *, official_id: int, sealed: str, code: str) -> tuple[str, tuple[str, ...]]:
    """Enrol the offered device and go on signed in by it: gives the new session's token and the recovery codes.

    Raises:
        DeviceExists, OfferStale, CodeWrong, OfficialNotActive.
    """
    confirmed = confirm_device(act, official_id=official_id, sealed=sealed, code=code)
    person = queries.official(act.session, official_id)
    sessions.end_sessions(act.session, official_id)
    act.record(
        SignedIn(official=person.login, factor=sessions.TOTP, device=confirmed.device.reference, step=confirmed.step)
    )
    return sessions.open_session(act.session, official_id, sessions.TOTP, act.at), confirmed.recovery_codes


def accept_enrolment(act: Act, *, token: str, password: str, code: str = "") -> SignInOutcome:
    """Set a password through a one-time link; who has a device must prove it too, so that the link alone is worthless.

    Gives a session: to enrol a device, or signed in by the device or recovery code proven.

    Raises:
        LinkInvalid, PasswordWeak, SignInDelayed.
    """
    person = queries.by_link(act.session, token, act.at)
    rules.check_password(password, person.login)
    if queries.active_device(act.session, person.id) is None:
        set_password(act, official_id=person.id, password=password)
        session = sign_in_to_enrol(act, official_id=person.id)
        return SignInOutcome(accepted=True, reason="", factor=sessions.ENROLMENT, token=session)
    proof = prove(act, official_id=person.id, code=code)
    if not proof.accepted:
        return proof
    set_password(act, official_id=person.id, password=password)
    session = sessions.open_session(act.session, person.id, proof.factor, act.at)
    return SignInOutcome(accepted=True, reason="", factor=proof.factor, token=session)


def count_failures(act: Act, hour: dt.datetime) -> int:
    """Turn the counts of an hour that is over into one fact, without any name, and forget them; returns the count."""
    if hour + HOUR > act.at:
        raise RuntimeError("an hour is counted when it is over")
    of_hour = SignInAttempt.hour == hour
    held = select(SignInAttempt.fails).where(of_hour).order_by(SignInAttempt.id).with_for_update()
    count = sum(act.session.scalars(held))
    if not count:
        return 0
    # Rows that still delay somebody stay, emptied, so that counting does not free an attacker.
    is_over = SignInAttempt.blocked_until.is_(None) | (SignInAttempt.blocked_until <= act.at)
    act.session.execute(delete(SignInAttempt).where(of_hour, is_over))
    act.session.execute(update(SignInAttempt).where(of_hour).values(fails=0))
    act.record(SignInFailures(hour=hour, count=count))
    return count


def hours_to_count(session: Session, at: dt.datetime) -> list[dt.datetime]:
    """List the hours that are over and still have failures to count, oldest first."""
    query = select(SignInAttempt.hour).where(SignInAttempt.fails > 0, SignInAttempt.hour <= at - HOUR)
    return sorted(set(session.scalars(query)))


def _spend_recovery_code(act: Act, official_id: int, code: str) -> bool:
    """Spend a recovery code; False if it is none, which `spend_code` then counts as a failure of the device."""
    try:
        typed = parse_code(code)
    except CodeMalformed:
        return False
    for row in queries.unspent_recovery_codes(act.session, official_id):
        if passwords.same(row.code_hash, passwords.recovery_hash(row.salt, typed)):
            row.spent_at = act.at
            act.session.flush()
            return True
    return False


def _found(session: Session, login: str) -> tuple[Official | None, Credential | None]:
    row = session.execute(
        select(Official, Credential)
        .join(Credential, Credential.official_id == Official.id)
        .where(Official.login == login.lower())
    ).first()
    return (row[0], row[1]) if row else (None, None)


def _wait(session: Session, name_hash: bytes, at: dt.datetime) -> int:
    query = select(func.max(SignInAttempt.blocked_until)).where(SignInAttempt.name_hash == name_hash)
    until = session.scalar(query)
    return int((until - at).total_seconds()) + 1 if until is not None and at < until else 0


def _count_failure(session: Session, name_hash: bytes, at: dt.datetime) -> int:
    """Count one failure; returns the seconds this place now waits for this name."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    rows = session.scalars(
        select(SignInAttempt)
        .where(SignInAttempt.name_hash == name_hash, SignInAttempt.hour >= hour - HOUR)
        .with_for_update()
    ).all()
    row = next((one for one in rows if one.hour == hour), None)
    if row is None:
        row = SignInAttempt(name_hash=name_hash, hour=hour, fails=0, blocked_until=None)
        session.add(row)
    row.fails += 1
    delay = rules.password_delay_after(sum(one.fails for one in rows if one is not row) + row.fails)
    row.blocked_until = at + delay if delay else None
    return int(delay.total_seconds())
