"""What stands between a batch and its approval: four eyes, the challenge's life, and what each refusal is called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

CHALLENGE_LIFE: Final = dt.timedelta(minutes=5)
"""A challenge waits this long for its code: long enough to read a page; the code itself lives 30 seconds."""

TRIES: Final = 5
"""Wrong codes after which a challenge is dead."""

BUNDLE_LIMIT: Final = 20
"""Batches one code may approve: as many as fit on a page that a person still reads."""

OPEN: Final = "open"
ACCEPTED: Final = "accepted"
EXPIRED: Final = "expired"
EXHAUSTED: Final = "exhausted"
REPLACED: Final = "replaced"
VOID: Final = "void"
"""The states of a challenge: only an open one takes a code; a void one showed what is no longer so."""

BATCH_STATE: Final = "batch_state"
BATCH_CHANGED: Final = "batch_changed"
POWER_GONE: Final = "power_gone"
NOT_SEPARATE: Final = "not_separate"
ENDED: Final = "challenge_"
"""Why a code was refused before it was looked at; the device's own reasons are in `officials`."""


class SelfApproval(DomainError):
    """The same person, or one who holds office in their place, already stands for another step of this batch."""

    kind = Kind.NOT_ALLOWED
    code = "approval.same_person"


class ShapedTheBatch(DomainError):
    """Whoever shaped the recipients, accounts, rates or rules of a batch cannot verify, approve or pay it."""

    kind = Kind.NOT_ALLOWED
    code = "approval.shaped_the_batch"


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
    """A code was refused; raised by doors after the Act that recorded the refusal has closed."""

    kind = Kind.NOT_ALLOWED
    code = "approval.code_refused"


class CodeTooOften(DomainError):
    """Too many wrong codes: the challenge is dead or the device waits; raised by doors like CodeRefused."""

    kind = Kind.EXHAUSTED
    code = "approval.code_too_often"


class ChallengeEnded(DomainError):
    """The challenge takes no code any more; raised by doors like CodeRefused."""

    kind = Kind.CONFLICT
    code = "approval.challenge_ended"


class ShownHasChanged(DomainError):
    """What the challenge showed is no longer so, and nothing was approved; raised by doors like CodeRefused."""

    kind = Kind.CONFLICT
    code = "approval.shown_has_changed"


def check_bundle(references: Sequence[str]) -> None:
    """Refuse an empty, repeated or oversized list; raises BundleRefused."""
    if not references or len(set(references)) != len(references) or len(references) > BUNDLE_LIMIT:
        raise BundleRefused(batches=len(references), limit=BUNDLE_LIMIT)


def why_ended(state: str, *, at: dt.datetime, expires_at: dt.datetime) -> str:
    """Say why a challenge takes no code any more; "" if it does. It may still be answered at its last instant."""
    if state != OPEN:
        return f"{ENDED}{state}"
    return f"{ENDED}{EXPIRED}" if at > expires_at else ""


def check_outcome(reason: str, *, tries_left: int, wait_s: int) -> None:
    """Raise what a refused code means to the one who typed it; nothing for an accepted one ("")."""
    if not reason:
        return
    if reason.startswith(ENDED):
        raise ChallengeEnded(reason=reason)
    if reason in {BATCH_STATE, BATCH_CHANGED, POWER_GONE, NOT_SEPARATE}:
        raise ShownHasChanged(reason=reason)
    if tries_left == 0 or wait_s:
        raise CodeTooOften(tries_left=tries_left, wait_s=wait_s)
    raise CodeRefused(reason=reason, tries_left=tries_left)
