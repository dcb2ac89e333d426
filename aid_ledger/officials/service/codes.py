"""Spending six digits: once, in time, by their device; and lifting the delay of a device after failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import update

from aid_ledger.core import crypto
from aid_ledger.core.act import Act
from aid_ledger.officials import queries, refusals, rules
from aid_ledger.officials.models import OtpDevice, OtpUse
from aid_ledger.officials.service.people import active_official, refuse_self, require_admin
from audit.facts.officials import OtpUnlocked

WINDOW: Final = 1
"""Steps of 30 s accepted before and after now: a telephone's clock runs a little wrong (RFC 6238 section 5.2)."""

WRONG: Final = "wrong_code"
USED: Final = "used_code"
LOCKED: Final = "locked"
TOO_NEW: Final = "too_new"
NO_DEVICE: Final = "no_device"


@dataclass(frozen=True, slots=True)
class CodeOutcome:
    """What became of a code. `reason` is "" when accepted, `step` the time step spent (0 if none).

    `wait_s` says how long the device waits now; `fails` how many failures in a row brought it there.
    """

    accepted: bool
    reason: str
    device: OtpDevice | None
    step: int
    wait_s: int = 0
    fails: int = 0


def spend_code(act: Act, *, official_id: int, code: str, purpose: str) -> CodeOutcome:
    """Spend six digits for a purpose; the caller records the fact, whichever way it went.

    The step of a device only rises and is spent once, for signing in or for one approval: two requests with one code
    meet on the device's row, and the second finds the step taken. A failure counts, and brings a growing delay. It
    touches otp_devices and otp_uses; the caller's fact declares both. Recovery codes are not known here at all.
    """
    device = queries.active_device(act.session, official_id, lock=True)
    if device is None:
        return CodeOutcome(accepted=False, reason=NO_DEVICE, device=None, step=0)
    if device.locked_until is not None and act.at < device.locked_until:
        wait_s = int((device.locked_until - act.at).total_seconds()) + 1
        return CodeOutcome(accepted=False, reason=LOCKED, device=device, step=0, wait_s=wait_s, fails=device.fails)
    if purpose != rules.SIGN_IN and act.at < device.usable_from:
        return CodeOutcome(accepted=False, reason=TOO_NEW, device=device, step=0)

    step = step_of(secret_of(act, device), code, act)
    if step is None:
        return _refuse(act, device, WRONG)
    if not _take_step(act, device, step):
        return _refuse(act, device, USED)
    act.session.add(OtpUse(device_id=device.id, step=step, purpose=purpose, spent_at=act.at))
    act.session.flush()
    return CodeOutcome(accepted=True, reason="", device=device, step=step)


def secret_of(act: Act, device: OtpDevice) -> str:
    """Open a device's secret; it leaves this room only to be compared."""
    return crypto.decrypt(act.kit.keys, device.secret, table="otp_devices", column="secret", row=device.seal)


def step_of(secret: str, code: str, act: Act) -> int | None:
    """Find the time step a code belongs to, at most one step from the Act's; None if it belongs to none."""
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=act.at, valid_window=WINDOW)
    except OTPVerificationError:
        return None


def unlock_device(act: Act, *, login: str) -> OtpDevice:
    """Lift the delay of another official's device.

    Raises:
        AdminNeeded, SelfAdministration, OfficialNotFound, OfficialNotActive, DeviceNotFound.
    """
    require_admin(act)
    person = active_official(act.session, login)
    refuse_self(act, person.id)
    device = queries.active_device(act.session, person.id, lock=True)
    if device is None:
        raise refusals.DeviceNotFound(login=login)

    device.fails = 0
    device.locked_until = None
    act.session.flush()

    act.record(OtpUnlocked(official=login, device=device.reference))
    return device


def _take_step(act: Act, device: OtpDevice, step: int) -> bool:
    """Raise the device's last step in one statement, so that the database itself refuses the second taker."""
    statement = (
        update(OtpDevice)
        .where(OtpDevice.id == device.id, OtpDevice.last_step < step, OtpDevice.state == rules.ACTIVE)
        .values(last_step=step, fails=0, locked_until=None)
        .returning(OtpDevice.id)
    )
    taken = act.session.scalars(statement).one_or_none() is not None
    if taken:
        act.wrote(OtpDevice.__table__, [device.id])  # type: ignore[arg-type] # typed as FromClause; it is a Table
        act.session.refresh(device)
    return taken


def _refuse(act: Act, device: OtpDevice, reason: str) -> CodeOutcome:
    device.fails += 1
    delay = rules.delay_after(device.fails)
    device.locked_until = act.at + delay if delay else None
    act.session.flush()
    return CodeOutcome(
        accepted=False, reason=reason, device=device, step=0, wait_s=int(delay.total_seconds()), fails=device.fails
    )
