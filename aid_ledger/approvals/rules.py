"""What stands between a batch and its approval: four eyes, the challenge's life, and what each refusal is called."""

from __future__ import annotations

import datetime as dt
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

CHALLENGE_LIFE: Final = dt.timedelta(minutes=5)
"""A challenge waits this long for its code (THREATS; the code itself lives 30 seconds)."""

TRIES: Final = 5
"""Wrong codes after which a challenge is dead."""

BUNDLE_LIMIT: Final = 20
"""Batches one code may approve: as many as fit on a page that a person still reads."""

OPEN: Final = "open"
"""A challenge that waits for its code; the other states are accepted, expired, exhausted, replaced, void."""


class SelfApproval(DomainError):
    """The same person, or one who holds office in their place, already stands for another step of this batch."""

    kind = Kind.NOT_ALLOWED
    code = "approval.same_person"


class ShapedTheBatch(DomainError):
    """Whoever shaped the recipients, accounts, rates or rules of a batch cannot verify, approve or pay it."""

    kind = Kind.NOT_ALLOWED
    code = "approval.shaped_the_batch"


class NoOffice(DomainError):
    """An official who holds no office on the day cannot stand for a batch."""

    kind = Kind.NOT_ALLOWED
    code = "approval.no_office"


class RoleMissing(DomainError):
    """The official does not hold the role for this step on this day."""

    kind = Kind.NOT_ALLOWED
    code = "approval.role_missing"


class DeviceNotUsable(DomainError):
    """The official has no device, or one too new to approve with."""

    kind = Kind.NOT_ALLOWED
    code = "approval.device_not_usable"


class ChallengeNotFound(DomainError):
    """No such challenge of this official in this session."""

    kind = Kind.NOT_FOUND
    code = "approval.challenge_not_found"


class BundleRefused(DomainError):
    """A challenge lists at least one batch, none twice, and not too many."""

    kind = Kind.INVALID
    code = "approval.bundle_refused"


class CodeRefused(DomainError):
    """Raised by doors after the Act that recorded the refusal has closed."""

    kind = Kind.NOT_ALLOWED
    code = "approval.code_refused"


def check_bundle(references: list[str]) -> None:
    """Refuse an empty, repeated or oversized list; raises BundleRefused."""
    if not references or len(set(references)) != len(references) or len(references) > BUNDLE_LIMIT:
        raise BundleRefused(batches=len(references), limit=BUNDLE_LIMIT)
