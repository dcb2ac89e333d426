"""What a log shows of itself: its newest checkpoint, and beside it the newest that a quorum of witnesses has cosigned.

Cosignatures come a moment after a checkpoint, and a busy log has another by then. So when the newest lacks them the
older one is relied on, and the newer one must have grown out of it; that they are of one tree is `verify.py`'s to
check, which reads the entries of both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit import note, policy
from audit.errors import AuditError, ProofFailed, QuorumMissing
from audit.source import Absent

if TYPE_CHECKING:
    from audit.note import Note
    from audit.policy import Policy, Trust
    from audit.source import Source

CHECKPOINT_PATH: Final = "checkpoint"
WITNESSED_PATH: Final = "checkpoint.witnessed"
CACHED_S: Final = 5
"""House rule: a log's checkpoint may lie in a cache for a few seconds (C2SP tlog-tiles), and is asked for again after
so many before the log is said to be behind its witnesses."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The newest checkpoint, and the one that fills the policy's quorum: the same one, or an older one."""

    newest: Trust
    trust: Trust

    @property
    def unwitnessed(self) -> int:
        """Count the entries that came after the witnesses' word."""
        return self.newest.checkpoint.size - self.trust.checkpoint.size


def read(source: Source, believed: Policy, *, now_s: int, max_age_s: int | None) -> Shown:
    """Read which checkpoint the log shows, and which one may be relied on.

    Raises:
        SourceFailed: a file cannot be read.
        MalformedInput: one of them is no checkpoint.
        SignatureFailed: the policy's log has not signed one of them, or a known signature is bad or postdated.
        QuorumMissing: neither fills the quorum, or not lately enough.
        ProofFailed: the older one is of another log, a larger one, or another one of the same size.

    """
    signed = _fetch(source, CHECKPOINT_PATH)
    newest = policy.vouched(signed, believed, now_s=now_s)
    try:
        trust = policy.check(signed, believed, now_s=now_s, max_age_s=max_age_s)
    except QuorumMissing as missing:
        if not believed.has_quorum:
            raise
        trust = _witnessed(source, believed, missing, now_s=now_s, max_age_s=max_age_s)
        newest = ask_again(source, believed, newest, trust.checkpoint.size, now_s=now_s)
        _check_older(trust, newest)
    return Shown(newest, trust)


def ask_again(source: Source, believed: Policy, newest: Trust, seen: int, *, now_s: int) -> Trust:
    """Ask the log for its checkpoint again if somebody has seen more of it; it may have grown while we read."""
    for pause_s in (0, CACHED_S):
        if newest.checkpoint.size >= seen:
            break
        time.sleep(pause_s)
        again = policy.vouched(_fetch(source, CHECKPOINT_PATH), believed, now_s=now_s)
        newest = max(newest, again, key=lambda each: each.checkpoint.size)
    return newest


def _witnessed(source: Source, believed: Policy, missing: QuorumMissing, *, now_s: int, max_age_s: int | None) -> Trust:
    """Take the checkpoint that the log says is witnessed; without one, the newest must have been."""
    try:
        signed = _fetch(source, WITNESSED_PATH)
        return policy.check(signed, believed, now_s=now_s, max_age_s=max_age_s)
    except Absent:
        raise missing from None
    except AuditError as error:
        raise type(error)(f"{WITNESSED_PATH}: {error.sentence}", rule=error.rule, index=error.index) from error


def _check_older(trust: Trust, newest: Trust) -> None:
    older, stated = trust.checkpoint, newest.checkpoint
    if older.origin != stated.origin:
        raise ProofFailed(f"{WITNESSED_PATH} is of {older.origin}", rule="witnessed.origin")
    if older.size > stated.size:
        sentence = f"witnesses have cosigned {older.size} entries, and the log shows {stated.size}"
        raise ProofFailed(sentence, rule="witnessed.ahead", index=stated.size)
    # Where the newest one ends no entry is left to read that would tell the two apart.
    if older.size == stated.size and older.root != stated.root:
        raise ProofFailed(f"{WITNESSED_PATH} is another one of {older.size} entries", rule="witnessed.root")


def _fetch(source: Source, path: str) -> Note:
    return note.parse(source.fetch(path, note.MAX_NOTE_BYTES))
