"""Asking the witnesses themselves (C2SP tlog-witness, monitoring): does the log show us what it has shown them?

A log that holds its head still, shows us an older one, or another history than theirs, cannot make its witnesses
forget (attacks W3, T3, F3). What a witness shows is signed by the log, so a lying witness can accuse nobody; it can
only be silent, and then a line says so. Which witnesses must have cosigned is decided by `policy.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit import merkle, note, policy
from audit.errors import AuditError, Finding, SignatureFailed
from audit.shown import ask_again
from audit.source import Absent, URLSource
from audit.tiles import TileReader
from audit.witness.rules import shown_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.checkpoint import Checkpoint
    from audit.policy import Policy, Trust
    from audit.shown import Shown
    from audit.source import Source

TIMEOUT_S: Final = 10
"""How long a witness may be silent; it has one small file to send."""
DEADLINE_S: Final = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What one witness said: what it last cosigned, or why nothing can be made of its answer.

    `has_forgotten` says that it shows less than it has cosigned for us: its word is worth nothing (attack W2).
    """

    name: str
    seen: Checkpoint | None = None
    time_s: int = 0
    silence: str = ""
    has_forgotten: bool = False


def ask_witnesses(believed: Policy, trust: Trust, *, now_s: int) -> list[Answer]:
    """Ask every witness of the policy that has an address what it last cosigned of the log in `trust`."""
    return [_ask(name, believed, trust, now_s=now_s) for name in believed.witnesses]


def contradictions(
    source: Source,
    believed: Policy,
    shown: Shown,
    answers: Sequence[Answer],
    *,
    now_s: int,
) -> list[Finding]:
    """Hold what the witnesses have seen against what the log shows us.

    A witness that has seen more gives the log the time of a cache to show it, too; whatever it then shows must
    continue what was verified.
    """
    verified = shown.newest.checkpoint
    findings = _forgetful(believed, shown.trust, answers)
    seen = [(each.name, each.seen) for each in answers if each.seen]
    largest = max((stated.size for _, stated in seen), default=0)
    try:
        newest = ask_again(source, believed, shown.newest, largest, now_s=now_s).checkpoint
        reader = TileReader(source, newest.size, newest.root)
        if _root_at(reader, verified.size) != verified.root:
            sentence = f"the log has grown to {newest.size} entries out of other ones than were verified"
            return [*findings, Finding("log.rewritten", None, sentence)]
        findings += [found for name, stated in seen if (found := _contradiction(reader, name, stated))]
    except AuditError as error:
        findings.append(Finding(error.rule, error.index, error.sentence))
    return findings


def _ask(name: str, believed: Policy, trust: Trust, *, now_s: int) -> Answer:
    witness = believed.witnesses[name]
    if not witness.url:
        return Answer(name, silence="the policy has no address for it")
    sworn = [each for each in trust.cosigned if each.key == witness.key]
    try:
        place = URLSource(witness.url, timeout_s=TIMEOUT_S, deadline_s=DEADLINE_S)
        raw = place.fetch(shown_at(trust.checkpoint.origin), note.MAX_NOTE_BYTES)
        shown = policy.vouched(note.parse(raw), believed, now_s=now_s)
        if shown.checkpoint.origin != trust.checkpoint.origin:
            raise SignatureFailed(f"it shows the log {shown.checkpoint.origin}", rule="policy.origin")
        times = [each.time_s for each in shown.cosigned if each.key == witness.key]
        if not times:
            raise SignatureFailed("it shows what it has not cosigned")
    except Absent:
        return Answer(name, silence="it has cosigned nothing of this log", has_forgotten=bool(sworn))
    except AuditError as error:
        return Answer(name, silence=error.sentence)
    is_less = shown.checkpoint.size < trust.checkpoint.size
    return Answer(name, shown.checkpoint, times[0], has_forgotten=bool(sworn) and is_less)


def _forgetful(believed: Policy, trust: Trust, answers: Sequence[Answer]) -> list[Finding]:
    """Count the quorum again without those who have forgotten what they swore to."""
    forgot = {believed.witnesses[each.name].key for each in answers if each.has_forgotten}
    if not forgot or believed.is_satisfied_by([each for each in trust.cosigned if each.key not in forgot]):
        return []
    names = ", ".join(each.name for each in answers if each.has_forgotten)
    sentence = f"the quorum rests on {names}, whose memory does not hold what was cosigned for this checkpoint"
    return [Finding("witness.forgot", None, sentence)]


def _contradiction(reader: TileReader, name: str, seen: Checkpoint) -> Finding | None:
    """Say how what a witness has seen contradicts the log; None if the log continues it."""
    if seen.size > reader.size:
        sentence = f"{name} has cosigned {seen.size} entries of this log, which shows {reader.size}"
        return Finding("witness.ahead", reader.size, sentence)
    if _root_at(reader, seen.size) != seen.root:
        sentence = f"{name} has cosigned another history: signed by the same log, of {seen.size} entries"
        return Finding("witness.fork", None, sentence)
    return None


def _root_at(reader: TileReader, size: int) -> bytes:
    """Return the root that the log had at a size, out of authenticated tiles."""
    if size == reader.size:
        return reader.root
    return reader.range_root(0, size) if size else merkle.EMPTY_ROOT
