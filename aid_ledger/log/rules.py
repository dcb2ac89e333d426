"""What the log room refuses, and the limits of the sequencer."""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind

PASS_ENTRIES = 4_096
"""Entries ordered in one pass: sixteen tiles, some tens of megabytes at worst, well under a second."""

SWEEP_MARGIN = 10_000
"""Ids below the highest ordered one in which a pass still looks for late entries; a full sweep covers the rest."""

MERGE_DELAY_S = 1.0
"""At most this long between an Act's commit and the checkpoint that covers it (house rule)."""

SEQUENCER_LOCK = 0x41494C4F47
"""The advisory lock of the one sequencer (the letters AILOG)."""


class EntryNotFound(DomainError):
    """No entry lies at that position, or the act wrote none."""

    kind = Kind.NOT_FOUND
    code = "log.entry_not_found"


class NotSealed(DomainError):
    """The entries that justify this step do not lie under a signed checkpoint yet."""

    kind = Kind.UNAVAILABLE
    code = "log.not_sealed"


class LogBehind(DomainError):
    """The database holds an older or another log than the checkpoint published outside it: refuse to sign."""

    kind = Kind.CONFLICT
    code = "log.behind_published"


class EntryAltered(DomainError):
    """A pending entry's bytes no longer hash to the leaf hash written with it: refuse to order it."""

    kind = Kind.CONFLICT
    code = "log.entry_altered"
