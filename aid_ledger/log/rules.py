"""What the log room refuses, and the limits of the sequencer."""

from __future__ import annotations

from aid_ledger.core.errors import DomainError, Kind

PASS_ENTRIES = 4_096
"""Entries ordered in one pass: sixteen tiles, some tens of megabytes at worst, well under a second."""

SWEEP_MARGIN = 10_000
"""Ids below the newest one in which a pass still looks for entries that committed late; a sweep covers the rest."""

SWEEP_EVERY_S = 3_600
"""How often a running sequencer looks through all entries: an Act so slow has not been seen, and costs an hour."""

PAUSE_S = 0.2
"""Pause of a sequencer with nothing to do; a fifth of MERGE_DELAY_S."""

LONGEST_PAUSE_S = 30.0
"""Pause of a sequencer whose database cannot be reached, after doubling from PAUSE_S."""

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


class PublishedAltered(DomainError):
    """The checkpoint outside the database cannot be read or is not signed by this log's key: refuse to go on."""

    kind = Kind.CONFLICT
    code = "log.published_altered"


class TreeAltered(DomainError):
    """Stored tiles do not continue the tree that was signed last: refuse to sign over it."""

    kind = Kind.CONFLICT
    code = "log.tree_altered"


class LogIncomplete(DomainError):
    """A tile or an entry that the newest checkpoint covers is not in the database: nothing is exported in its place."""

    kind = Kind.CONFLICT
    code = "log.incomplete"


class EntryAltered(DomainError):
    """A pending entry's bytes no longer hash to the leaf hash written with it: refuse to order it."""

    kind = Kind.CONFLICT
    code = "log.entry_altered"
