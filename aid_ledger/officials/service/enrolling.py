"""How an official gets a password, a device and recovery codes, each seen by nobody else.

A first link, a reset and a sign-in without a device all end here. Who may come here is decided in `signing_in.py`
and `resets.py`; that a device is new and may not approve yet is written into the device itself.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pyotp

from aid_ledger.core import crypto, numbering
from aid_ledger.core.act import Act
from aid_ledger.core.clock import instant_text, parse_instant
from aid_ledger.core.columns import fresh_salt
from aid_ledger.core.crypto import FieldKeys, IntegrityFailed
from aid_ledger.core.references import random_code
from aid_ledger.officials import passwords, queries, refusals, rules, sessions
from aid_ledger.officials.models import Credential, Official, OtpDevice, RecoveryCode
from aid_ledger.officials.service.codes import step_of
from aid_ledger.officials.service.people import active_official, require_admin
from aid_ledger.settings import NEW_FACTOR_WAIT
from audit.facts.officials import EnrolmentOpened, OtpDeviceEnrolled, PasswordSet, RecoveryCodesIssued

ISSUER: Final = "Buku Bantuan Sosial"
"""The name an authenticator app shows above the code."""

SEAL_BYTES: Final = 16
"""A seal is 32 hex characters."""

_OFFER_TABLE: Final = "otp_devices"
_OFFER_COLUMN: Final = "offer"


@dataclass(slots=True)
class _Waiting:
    span: dt.timedelta


_waiting = _Waiting(NEW_FACTOR_WAIT)


@dataclass(frozen=True, slots=True)
class OfferedDevice:
    """A secret offered to its owner: `uri` for the QR code, `secret` for typing, `sealed` to bring back."""

    secret: str
    uri: str
    sealed: str


@dataclass(frozen=True, slots=True)
class ConfirmedDevice:
    """A device that proved itself, the step its proof spent, and recovery codes to be shown once."""

    device: OtpDevice
    step: int
    recovery_codes: tuple[str, ...]


def set_new_factor_wait(span: dt.timedelta) -> None:
    """Set how long a new factor may not approve, for this process; `app` does it once from the settings."""
    _waiting.span = span


@contextmanager
def waiting_for(span: dt.timedelta) -> Iterator[None]:
    """Set another wait for a while."""
    former = _waiting.span
    set_new_factor_wait(span)
    try:
        yield
    finally:
        set_new_factor_wait(former)


def open_enrolment(act: Act, *, login: str) -> str:
    """Make a one-time link for an official who never had a password, and give its token; an older link dies.

    Raises:
        AdminNeeded, OfficialNotFound, OfficialNotActive, AlreadyEnrolled.
    """
    require_admin(act)
    person = active_official(act.session, login)
    credential = act.session.get(Credential, person.id, with_for_update=True)
    has_device = queries.active_device(act.session, person.id) is not None
    if has_device or (credential is not None and credential.password_hash):
        raise refusals.AlreadyEnrolled(login=login)
    return make_link(act, person)


def make_link(act: Act, person: Official) -> str:
    """Write a one-time link over whatever password there was; for `open_enrolment` and a granted password reset."""
    token = passwords.fresh_token()
    credential = _credential(act, person)
    credential.password_hash = ""
    credential.is_temporary = True
    credential.changed_at = act.at
    credential.enrolment_token_hash = passwords.link_hash(token)
    act.session.flush()
    act.record(EnrolmentOpened(official=person.login, valid_until=act.at + rules.LINK_LIFE))
    return token


def set_password(act: Act, *, official_id: int, password: str, present: str | None = None) -> None:
    """Set an official's own password. `present` is the one to be replaced; None where a one-time link was shown.

    Other signed-in browsers of the official are signed out.

    Raises:
        PasswordWeak, PasswordWrong.
    """
    person = queries.official(act.session, official_id)
    rules.check_password(password, person.login)
    credential = _credential(act, person)
    if present is not None and not passwords.is_password(credential.password_hash, present):
        raise refusals.PasswordWrong

    credential.password_hash = passwords.hash_password(password)
    credential.is_temporary = False
    credential.changed_at = act.at
    credential.enrolment_token_hash = None
    sessions.end_sessions(act.session, official_id)
    act.session.flush()

    act.record(PasswordSet(official=person.login, temporary=0))


def begin_device(keys: FieldKeys, *, official_id: int, login: str, at: dt.datetime, sealed: str = "") -> OfferedDevice:
    """Offer a secret. Nothing is stored: the owner's page carries it back, encrypted for that owner.

    `sealed` is an earlier offer, given again for a page shown again after a mistyped code; a stale one is replaced.
    """
    secret = _opened_offer(keys, official_id, sealed, at) if sealed else None
    if secret is None:
        secret = pyotp.random_base32()
        text = f"{instant_text(at)} {secret}"
        sealed = crypto.encrypt(keys, text, table=_OFFER_TABLE, column=_OFFER_COLUMN, row=str(official_id)).hex()
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)
    return OfferedDevice(secret, uri, sealed)


def confirm_device(act: Act, *, official_id: int, sealed: str, code: str) -> ConfirmedDevice:
    """Enrol the offered device once its first code is right, with fresh recovery codes.

    The first code is spent by it. Before `usable_from` the device signs in and does not approve: 72 hours from now,
    or at once while the founding is open.

    Raises:
        DeviceExists, OfferStale, CodeWrong, OfficialNotActive.
    """
    person = queries.official(act.session, official_id)
    active_official(act.session, person.login)
    secret = _opened_offer(act.kit.keys, official_id, sealed, act.at)
    if secret is None:
        raise refusals.OfferStale
    _lock_credential(act, person)
    if queries.active_device(act.session, official_id) is not None:
        raise refusals.DeviceExists
    step = step_of(secret, code, act)
    if step is None:
        raise refusals.CodeWrong

    device = _add_device(act, official_id, secret, step)
    act.record(OtpDeviceEnrolled(official=person.login, device=device.reference, usable_from=device.usable_from))
    return ConfirmedDevice(device, step, issue_recovery_codes(act, official_id=official_id))


def issue_recovery_codes(act: Act, *, official_id: int) -> tuple[str, ...]:
    """Replace an official's recovery codes and give the new ones, which are shown once and kept as hashes."""
    person = queries.official(act.session, official_id)
    spend_recovery_codes(act, official_id)

    codes = tuple(random_code() for _ in range(rules.RECOVERY_CODES))
    for code in codes:
        salt = fresh_salt()
        act.session.add(
            RecoveryCode(
                official_id=official_id, code_hash=passwords.recovery_hash(salt, code), spent_at=None, salt=salt
            )
        )
    act.session.flush()

    act.record(RecoveryCodesIssued(official=person.login, count=len(codes)))
    return codes


def spend_recovery_codes(act: Act, official_id: int) -> None:
    """Make all remaining recovery codes useless."""
    for row in queries.unspent_recovery_codes(act.session, official_id):
        row.spent_at = act.at


def _add_device(act: Act, official_id: int, secret: str, step: int) -> OtpDevice:
    seal = secrets.token_hex(SEAL_BYTES)
    is_founding = queries.founding_open(act.session)
    device = OtpDevice(
        reference=numbering.next_reference(act, "DEV"),
        official_id=official_id,
        seal=seal,
        secret=crypto.encrypt(act.kit.keys, secret, table="otp_devices", column="secret", row=seal),
        state=rules.ACTIVE,
        enrolled_at=act.at,
        usable_from=act.at if is_founding else act.at + _waiting.span,
        last_step=step,
        fails=0,
        locked_until=None,
    )
    act.session.add(device)
    act.session.flush()
    return device


def _opened_offer(keys: FieldKeys, official_id: int, sealed: str, at: dt.datetime) -> str | None:
    """Open what a page carried; whatever a browser sends instead, or too late, is None and no alarm."""
    try:
        text = crypto.decrypt(
            keys, bytes.fromhex(sealed), table=_OFFER_TABLE, column=_OFFER_COLUMN, row=str(official_id)
        )
    except (ValueError, IntegrityFailed):
        return None
    offered_at, _, secret = text.partition(" ")
    return secret if at < parse_instant(offered_at) + rules.OFFER_LIFE else None


def _credential(act: Act, person: Official) -> Credential:
    credential = _lock_credential(act, person)
    if credential is None:
        credential = Credential(
            official_id=person.id, password_hash="", is_temporary=True, changed_at=act.at, enrolment_token_hash=None
        )
        act.session.add(credential)
    return credential


def _lock_credential(act: Act, person: Official) -> Credential | None:
    """Hold the official's credential, so that two browsers cannot enrol two devices at once."""
    return act.session.get(Credential, person.id, with_for_update=True, populate_existing=True)
