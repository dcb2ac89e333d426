"""What oversight refuses, beside what the rooms it looks at refuse."""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind


class DaysReversed(DomainError):
    """A run of days ends before it begins."""

    kind = Kind.INVALID
    code = "evidence.days_reversed"
