"""What may be in the matter of people, offices, roles and factors, and what this room refuses. Pure: no rows, no clock.

Which roles may never meet is in `core/roles.py`; whose deeds in a batch bar them is in `approvals`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from typing import Final

from aid_ledger.core.roles import NEVER_TOGETHER, Role, clashes
from aid_ledger.officials.refusals import (
    AreaMalformed,
    DecreeMissing,
    LoginMalformed,
    PasswordWeak,
    RolesClash,
    RoleUnknown,
    SecondOfficialNeeded,
    SelfGrant,
    TermMalformed,
)

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
REQUESTED: Final = "requested"
GRANTED: Final = "granted"
REFUSED: Final = "refused"
ENDED: Final = "ended"
REVOKED: Final = "revoked"

DEFINITIF: Final = "definitif"
STATUSES: Final = (DEFINITIF, "pj", "plt", "plh")
"""How an office is held (Permendagri 74/2016 and SE BKN 1/SE/I/2021 use the same words)."""

PASSWORD: Final = "password"  # noqa: S105 - the name of a factor, not a password
DEVICE: Final = "device"
FACTORS: Final = (PASSWORD, DEVICE)

SIGN_IN: Final = "sign_in"
"""The purpose of a code that is spent on signing in; every other purpose approves something."""

FOUNDERS: Final = 2

FREE_FAILURES: Final = 2
"""Wrong codes that cost nothing: a mistyped digit, a code that ran out."""
FIRST_DELAY: Final = dt.timedelta(seconds=30)
LONGEST_DELAY: Final = dt.timedelta(hours=1)
FIRST_PASSWORD_DELAY: Final = dt.timedelta(seconds=2)
LONGEST_PASSWORD_DELAY: Final = dt.timedelta(minutes=15)

PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 128
"""A longer one would only make the hash slow (NIST SP 800-63B-4 section 3.1.1.2 asks for at least 64)."""
PASSWORD_DISTINCT: Final = 6

LINK_LIFE: Final = dt.timedelta(days=7)
OFFER_LIFE: Final = dt.timedelta(minutes=15)
RECOVERY_CODES: Final = 10
INHERITED_BAR: Final = dt.timedelta(days=90)
"""House rule: who stood in for somebody within a quarter counts as that somebody; batches do not live longer."""

LOGIN: Final = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
LOGIN_MAX: Final = 40
OFFICE_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}")
AREA: Final = re.compile(r"([0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?)?")


def check_login(login: str) -> None:
    """Refuse a login that the log could not carry or a person could mistake; raises LoginMalformed."""
    if len(login) > LOGIN_MAX or LOGIN.fullmatch(login) is None:
        raise LoginMalformed


def check_decree(decree: str) -> None:
    """Refuse power without its paper; raises DecreeMissing."""
    if not decree.strip():
        raise DecreeMissing


def check_term(status: str, since: dt.date, until: dt.date | None) -> None:
    """Refuse a term that no decree could mean; raises TermMalformed.

    Who stands in (Pj, Plt, Plh) does so for a stated time (SE BKN 1/SE/I/2021 number 3).
    """
    if status not in STATUSES:
        raise TermMalformed("the status is unknown", status=status)
    if until is None and status != DEFINITIF:
        raise TermMalformed("an acting official's term has an end", status=status)
    check_span(since, until)


def check_span(since: dt.date, until: dt.date | None) -> None:
    """Refuse a span that ends before it begins; raises TermMalformed."""
    if until is not None and until < since:
        raise TermMalformed("a term ends before it begins")


def check_area(area: str) -> None:
    """Refuse an area that is no region's code; raises AreaMalformed. Doors ask whether it exists."""
    if AREA.fullmatch(area) is None:
        raise AreaMalformed(area=area[:20])


def read_role(name: str) -> Role:
    """Read a role's name; raises RoleUnknown."""
    try:
        return Role(name)
    except ValueError as error:
        raise RoleUnknown(role=name[:20]) from error


def check_roles_meet(
    wanted: Role, held: Iterable[Role], never_together: Collection[frozenset[Role]] = NEVER_TOGETHER
) -> None:
    """Refuse a role beside others that it may never meet; raises RolesClash."""
    for pair in sorted(clashes({wanted, *held}, never_together), key=lambda pair: sorted(role.value for role in pair)):
        if wanted in pair:
            other = next(iter(pair - {wanted}))
            raise RolesClash(role=wanted.label, other=other.label)


def check_second_official(*, decider: int, requester: int, owner: int, barred: frozenset[int]) -> None:
    """Refuse a decision by the one it is for, by the one who asked, or by whoever stands in for either.

    `barred` are the ids that count as the decider's own person. Raises SelfGrant, SecondOfficialNeeded.
    """
    if owner == decider or owner in barred:
        raise SelfGrant
    if requester == decider or requester in barred:
        raise SecondOfficialNeeded


def check_password(password: str, login: str) -> None:
    """Refuse a password that is guessed first; raises PasswordWeak.

    Length decides (NIST SP 800-63B-4 section 3.1.1.2); mixtures of signs are not asked for.
    """
    is_long = PASSWORD_MIN <= len(password) <= PASSWORD_MAX
    is_varied = len(set(password.lower())) >= PASSWORD_DISTINCT
    if not is_long or not is_varied or login.lower() in password.lower():
        raise PasswordWeak(minimum=PASSWORD_MIN)


def delay_after(fails: int) -> dt.timedelta:
    """Tell how long a device waits after so many failures in a row: nothing, then 30 s doubling up to an hour."""
    return _doubling(fails - FREE_FAILURES, FIRST_DELAY, LONGEST_DELAY)


def password_delay_after(fails: int) -> dt.timedelta:
    """Tell how long one place waits for one name after so many wrong passwords: nothing, then 2 s up to 15 minutes."""
    return _doubling(fails - FREE_FAILURES, FIRST_PASSWORD_DELAY, LONGEST_PASSWORD_DELAY)


def _doubling(beyond: int, first: dt.timedelta, longest: dt.timedelta) -> dt.timedelta:
    if beyond <= 0:
        return dt.timedelta(0)
    # 2**20 first delays are longer than any limit here; more would overflow a timedelta.
    return min(first * (1 << min(beyond - 1, 20)), longest)
