"""What this room refuses, and how narrow the way on without witnesses is. Pure: no database, no clock."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Final

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.money import MAX_AMOUNT
from audit import checkpoint, note, policy
from audit.errors import AuditError
from audit.note import Note
from audit.policy import Policy

POLICY_LIMIT: Final = 16_384
"""Characters: as long as the fact may be; all 32 witnesses a policy may name need some 10,000."""

HOURS_LIMIT: Final = 24
"""A way is for one outage. A longer one is a change of the policy, which takes two others and a day (house rule)."""

PROPOSAL_KEPT: Final = dt.timedelta(days=1)
"""How long a proposal may wait for its second official: afterwards its reason is another day's."""

PATIENCE: Final = dt.timedelta(minutes=10)
"""As long as a present witness may leave a log alone; before that nobody is missing."""

LINES_LIMIT: Final = 1_000_000
"""More lines than any agency pays in a day."""

REASON_LEAST: Final = 10
REASON_LIMIT: Final = 2_000
"""As long as an official's words may be in the log."""

RECEIPT_LINES: Final = 1
"""A receipt moves no money and counts as one line."""


class PolicyMalformed(DomainError):
    """The file is no tlog-policy, or is not written in the plain form that the log keeps."""

    kind = Kind.INVALID
    code = "leaving.policy_malformed"


class PolicyOfAnotherLog(DomainError):
    """The policy does not name the key of this log, or names another one beside it."""

    kind = Kind.INVALID
    code = "leaving.policy_of_another_log"


class PolicyNamesStranger(DomainError):
    """The policy waits for a witness that this log does not ask."""

    kind = Kind.INVALID
    code = "leaving.policy_names_stranger"


class PolicyNotFound(DomainError):
    """No witness policy has that reference."""

    kind = Kind.NOT_FOUND
    code = "leaving.policy_not_found"


class PolicyAgreed(DomainError):
    """The policy was agreed to already."""

    kind = Kind.CONFLICT
    code = "leaving.policy_agreed"


class PolicyNotSecondPerson(DomainError):
    """A policy needs two people: who proposed it, or acts in their place, cannot agree to it."""

    kind = Kind.NOT_ALLOWED
    code = "leaving.policy_second_person"


class WayRefused(DomainError):
    """A way has a reason, a cap in rupiah, a cap of lines, and no more hours than allowed."""

    kind = Kind.INVALID
    code = "leaving.way_refused"


class WayNotNeeded(DomainError):
    """The quorum is not missing, or not for long enough."""

    kind = Kind.CONFLICT
    code = "leaving.way_not_needed"


class WayNotFound(DomainError):
    """No way has that reference."""

    kind = Kind.NOT_FOUND
    code = "leaving.way_not_found"


class WayNotProposed(DomainError):
    """The way was opened already, or proposed so long ago that its reason is another day's."""

    kind = Kind.CONFLICT
    code = "leaving.way_not_proposed"


class WayOpen(DomainError):
    """A way is open; a second one would add its caps to the first."""

    kind = Kind.CONFLICT
    code = "leaving.way_open"


class WayNotSecondPerson(DomainError):
    """A way needs two people: who proposed it, or acts in their place, cannot open it."""

    kind = Kind.NOT_ALLOWED
    code = "leaving.way_second_person"


class WaySameOffice(DomainError):
    """The second person works in the office of the first."""

    kind = Kind.NOT_ALLOWED
    code = "leaving.way_same_office"


class WaySpent(DomainError):
    """What would leave is more than the open way still has."""

    kind = Kind.CONFLICT
    code = "leaving.way_spent"


def read_policy(text: str, *, newest: str, witnesses: frozenset[str]) -> Policy:
    """Read a policy for the log whose newest checkpoint is `newest`, and whose witnesses' keys are `witnesses`.

    Raises: PolicyMalformed, PolicyOfAnotherLog, PolicyNamesStranger.
    """
    if len(text) > POLICY_LIMIT or unicodedata.normalize("NFC", text) != text:
        raise PolicyMalformed(why="policy.form")
    try:
        found = policy.parse(text.encode())
    except AuditError as error:
        raise PolicyMalformed(why=error.sentence) from error
    if not _is_of_log(found, note.parse(newest.encode())):
        raise PolicyOfAnotherLog
    strangers = sorted(name for name, each in found.witnesses.items() if str(each.key) not in witnesses)
    if strangers:
        raise PolicyNamesStranger(name=strangers[0])
    return found


def _is_of_log(found: Policy, signed: Note) -> bool:
    """Tell whether a policy names the key that signs now, and keys of no other log."""
    origin = checkpoint.parse(signed.text).origin
    try:
        note.verify(signed, [each.key for each in found.logs])
    except AuditError:
        return False
    return all(each.key.name == origin for each in found.logs)


def check_way(*, reason: str, cap: int, lines: int, hours: int, most_hours: int) -> None:
    """Refuse a way that is not narrow or has no reason; raises WayRefused."""
    has_reason = REASON_LEAST <= len(reason) <= REASON_LIMIT
    if not has_reason or not 0 <= cap <= MAX_AMOUNT or not 0 < lines <= LINES_LIMIT or not 0 < hours <= most_hours:
        raise WayRefused(hours=most_hours)
