"""What the log room refuses, and the limits of the sequencer."""

from __future__ import annotations

import datetime as dt

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

LATE = dt.timedelta(seconds=15)
"""How old an unsealed entry looks late to a page: it tells when its Act began, and the longest Acts take seconds."""

SEQUENCER_LOCK = 0x41494C4F47
"""The advisory lock of one pass (the letters AILOG): no two are ever made at once, whoever makes them."""

DUTY_LOCK = SEQUENCER_LOCK + 1
"""The advisory lock of the one sequencer's place, held while its process lives; says who sequences."""

HEARTBEAT = dt.timedelta(minutes=10)
"""How often a witness cosigns a log that did not grow, so that a log held still shows (attack T3)."""

AFTER_A_FAULT = dt.timedelta(minutes=1)
"""How long a witness that could not be reached is left alone."""

HISTORY_STEP = dt.timedelta(hours=1)
"""At most one checkpoint an hour enters the history: an expired office is a matter of days."""

HISTORY_LAG = dt.timedelta(minutes=10)
"""No checkpoint enters the history while an entry waits longer: it would look backdated to whoever verifies."""

HISTORY_LIMIT = 10_000
"""Checkpoints in the history: four years of working hours; a verifier reads so many even if 32 witnesses sign each."""

STAMP_QUIET = dt.timedelta(minutes=1)
"""An authority of time is asked once no receipt has come for so long: then a round has one token, not one a step."""

STAMP_LATEST = dt.timedelta(hours=1)
"""How long a receipt waits for a token at most, where more of them never stop coming."""

STAMP_AGAIN = (dt.timedelta(minutes=1), dt.timedelta(hours=6))
"""How soon an authority that gave no token is asked again: twice as late each time, up to the second."""

WITNESS_LIMIT = 32
"""As many as every reader of a policy must support (C2SP tlog-policy)."""

URL_LIMIT = 300


def is_due(
    *, is_behind: bool, has_fault: bool, asked_at: dt.datetime | None, cosigned_at: dt.datetime | None, at: dt.datetime
) -> bool:
    """Tell whether a witness is asked now: at growth at once, otherwise as a heartbeat, after a fault later."""
    if has_fault and asked_at is not None and at - asked_at < AFTER_A_FAULT:
        return False
    return is_behind or cosigned_at is None or at - cosigned_at >= HEARTBEAT


def stamp_pause(misses: int) -> dt.timedelta:
    """Give how long an authority of time is left alone after so many answers that were none, one or more."""
    soonest, latest = STAMP_AGAIN
    # The exponent is bounded first: a year of silence must not make a number that no timedelta holds.
    return min(soonest * (1 << min(misses - 1, 16)), latest)


def quorum_of(witnesses: int) -> int:
    """Give how many of so many witnesses leave no room for two histories when a third of them lies (attack W1).

    Two quorums of k share 2k - n witnesses, one of whom must be honest: 3 of 3, 3 of 4, 4 of 5.
    """
    return witnesses - max(0, witnesses - 1) // 3


class EntryNotFound(DomainError):
    """No entry lies at that position, or the act wrote none."""

    kind = Kind.NOT_FOUND
    code = "log.entry_not_found"


class NotSealed(DomainError):
    """The entries that justify this step do not lie under a signed checkpoint yet."""

    kind = Kind.UNAVAILABLE
    code = "log.not_sealed"


class NotWitnessed(DomainError):
    """The log is sealed so far, but the quorum of the policy in force has cosigned no checkpoint that covers it."""

    kind = Kind.UNAVAILABLE
    code = "log.not_witnessed"


class NoTimeAuthority(DomainError):
    """No authority of time is set, or its certificate cannot be read."""

    kind = Kind.UNAVAILABLE
    code = "log.no_time_authority"


class LogBehind(DomainError):
    """The database holds an older or another log than the checkpoint published outside it: refuse to sign."""

    kind = Kind.CONFLICT
    code = "log.behind_published"


class SequencerBusy(DomainError):
    """Another sequencer is at work: this one orders and signs nothing."""

    kind = Kind.CONFLICT
    code = "log.sequencer_busy"


class SourceRefused(DomainError):
    """What should be recovered from is not this log, not all of it, or another history; `reason` says which."""

    kind = Kind.CONFLICT
    code = "log.source_refused"


class NothingLost(DomainError):
    """The database holds all that the source does: there is nothing to recover."""

    kind = Kind.CONFLICT
    code = "log.nothing_lost"


class NotTwoPeople(DomainError):
    """A restore is declared by two officials of different offices."""

    kind = Kind.NOT_ALLOWED
    code = "log.not_two_people"


class RecoveryContradicted(DomainError):
    """Something was done in the restored database that contradicts what it had forgotten."""

    kind = Kind.CONFLICT
    code = "log.recovery_contradicted"


class PayeesForgotten(DomainError):
    """A batch was sent to payees of whom the restored database knows nothing: a later backup is needed."""

    kind = Kind.CONFLICT
    code = "log.payees_forgotten"


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


class FolderOfAnotherLog(DomainError):
    """The folder to export into holds another log, or more of this one than the database: nothing is mixed there."""

    kind = Kind.CONFLICT
    code = "log.folder_of_another_log"


class EntryAltered(DomainError):
    """A pending entry's bytes no longer hash to the leaf hash written with it: refuse to order it."""

    kind = Kind.CONFLICT
    code = "log.entry_altered"


class WitnessMalformed(DomainError):
    """A witness's key is not one that cosigns, or its address is not one of the web."""

    kind = Kind.INVALID
    code = "log.witness_malformed"


class WitnessKnown(DomainError):
    """There is a witness of that name or with that key, or there are as many as a policy holds."""

    kind = Kind.CONFLICT
    code = "log.witness_known"


class WitnessNotFound(DomainError):
    """No witness has that name."""

    kind = Kind.NOT_FOUND
    code = "log.witness_not_found"


class KeyMissing(DomainError):
    """The key that signs the next checkpoint is not on this host: nothing is signed with another."""

    kind = Kind.UNAVAILABLE
    code = "log.key_missing"
