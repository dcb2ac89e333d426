"""Which key signs which sizes of a log, as the log itself says it: from its first entry through every rotation.

Whoever pinned a key on paper can follow the log past it, but only along entries that the pinned key's own holder, the
witnesses and 72 hours stand behind; a thief of the key alone has none of the last two. That two officials agreed is
`replay/custody.py`'s to check, and that the log is one tree is `verify.py`'s, which asks here who may sign it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from audit import checkpoint, cosignature, facts, note
from audit.errors import AuditError, Finding, MalformedInput, ProofFailed, QuorumMissing, SignatureFailed
from audit.facts.custody import LogKeyAnnounced, LogKeyTaken, LogKeyWithdrawn
from audit.facts.founding import LogFounded
from audit.note import ED25519
from audit.policy import MAX_FUTURE_S, Named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.checkpoint import Checkpoint
    from audit.cosignature import Cosignature
    from audit.entry import Entry
    from audit.note import Signs, VerifierKey
    from audit.policy import Policy, Trust

WAIT: Final = timedelta(hours=72)
"""House rule (THREATS 11): so long an announced key lies in the open before it signs, and can be withdrawn."""
HEADER: Final = "aid-ledger log key rotation v1"
"""The first line of what both keys sign. The second line of a checkpoint is a number, of this it is a key."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A root that the entry at `index` says the log had at an earlier size."""

    index: int
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class _Announced:
    key: VerifierKey
    index: int
    usable_from: datetime


def statement(old: VerifierKey, new: VerifierKey) -> str:
    """Write what both keys sign when one follows the other; the origin is in both their names."""
    return f"{HEADER}\n{old}\n{new}\n"


def sign_statement(old: Signs, new: Signs) -> tuple[str, str]:
    """Sign a rotation with both keys and return the signatures, old first, in base64."""
    message = statement(old.verifier(), new.verifier()).encode()
    return note.encode_base64(old.sign(message)), note.encode_base64(new.sign(message))


def check_statement(old: VerifierKey, new: VerifierKey, old_signature: str, new_signature: str) -> None:
    """Check that both keys have signed that one follows the other.

    Raises:
        MalformedInput: a signature is not base64.
        SignatureFailed: one of them is bad, or the keys are of two logs, or no two keys.

    """
    if new.name != old.name or new.public == old.public or new.algorithm != ED25519:
        raise SignatureFailed(f"{new} is no other log key of {old.name}", rule="keys.statement")
    message = statement(old, new).encode()
    for key, signature in ((old, old_signature), (new, new_signature)):
        if not key.is_signature_of(message, note.decode_base64(signature)):
            raise SignatureFailed(f"{key} has not signed the rotation", rule="keys.statement")


class KeyHistory:
    """Reads the entries of a log in order and knows which key signs which size.

    `trusted` is whom the inspector believes: its log keys are where following begins, and its quorum is asked for
    wherever the log passes from a key it may believe to one the policy does not name. After the first fault nothing
    more is believed.
    """

    def __init__(self, trusted: Policy) -> None:
        self._trusted = trusted
        self._believed = {each.key for each in trusted.logs}
        self._used: set[bytes] = set()
        self._announced: _Announced | None = None
        self._ranges: list[Named] = []
        self._claims: list[_Claim] = []
        self.violations: list[Finding] = []
        """The first thing wrong with a rotation, if there is one."""

    @property
    def ranges(self) -> tuple[Named, ...]:
        """The keys so far with the sizes they sign, oldest first; none before the log's first entry."""
        return tuple(self._ranges)

    def apply(self, index: int, entry: Entry) -> None:
        """Take an entry of any kind; all but the few on keys are passed over."""
        if entry.kind not in _KINDS or self.violations:
            return
        try:
            self._take(index, entry)
        except AuditError as error:
            self.violations.append(Finding(error.rule, index, error.sentence))

    def finish(self) -> None:
        """Nothing of the entries themselves waits for the end; who signed is for `judge`."""

    def signer(self, size: int) -> VerifierKey | None:
        """Return the key that signs a size; None when the log does not say."""
        for each in self._ranges:
            if each.signs(size):
                return each.key
        return None

    def check(self, stated: Checkpoint, key: VerifierKey) -> None:
        """Check that `key` may have signed this checkpoint of the log read so far.

        Raises:
            SignatureFailed: by the log's own entries, another key signs this size (attack K1).

        """
        signs = self.signer(stated.size)
        if signs is None or signs == key:
            return
        # Laid on the entry that ended the signer's range, or on the one that its range begins with.
        bounds = [
            each.last if each.first <= stated.size else each.first - 1 for each in self._ranges if each.key == key
        ]
        sentence = f"size {stated.size} is signed by {key}, where the log's key is {signs}"
        raise SignatureFailed(sentence, rule="keys.range", index=bounds[0] if bounds else None)

    def judge(self, newest: Trust, others: Sequence[Trust], root_at: Callable[[int], bytes]) -> None:
        """Check, after the last entry, who signed the newest checkpoint and the others that are at hand.

        `root_at` gives the root of the log at a size that the newest checkpoint covers.

        Raises:
            ProofFailed: a rotation rests on another history than this one (attack K2).
            SignatureFailed: a key signed what is another's, or no believed rotation leads to the newest one's key.

        """
        if self.violations:
            return
        for claim in self._claims:
            if root_at(claim.size) != claim.root:
                sentence = f"the rotation rests on another history: its {claim.size} entries are not the first of these"
                raise ProofFailed(sentence, rule="keys.history", index=claim.index)
        for each in (newest, *others):
            self.check(each.checkpoint, each.log_key)
        if newest.log_key not in self._believed:
            sentence = f"no rotation that can be believed leads to {newest.log_key}"
            raise SignatureFailed(sentence, rule="keys.unreached")

    def _take(self, index: int, entry: Entry) -> None:
        at = datetime.fromisoformat(entry.recorded_at)
        match facts.decode(entry.kind, entry.v, entry.body):
            case LogFounded() as fact if index == 0:
                self._begin(fact)
            case LogKeyAnnounced() as fact:
                self._announce(index, fact, at)
            case LogKeyWithdrawn() as fact:
                self._withdraw(fact)
            case LogKeyTaken() as fact:
                self._pass_on(index, fact, at)

    def _begin(self, fact: LogFounded) -> None:
        key = note.parse_vkey(fact.log_vkey)
        if key.name != fact.origin or key.algorithm != ED25519:
            raise MalformedInput(f"{key} is no log key of {fact.origin}", rule="keys.founded")
        self._used.add(key.public)
        self._ranges.append(Named(key, ""))

    def _in_use(self, stated: str) -> VerifierKey:
        """Return the key in use, if it is the one an entry calls the old one."""
        if not self._ranges or str(self._ranges[-1].key) != stated:
            raise SignatureFailed(f"{stated} is not the key in use", rule="keys.in_use")
        return self._ranges[-1].key

    def _announce(self, index: int, fact: LogKeyAnnounced, at: datetime) -> None:
        old, new = self._in_use(fact.old), note.parse_vkey(fact.new)
        if self._announced is not None or new.public in self._used:
            raise SignatureFailed(f"{new} was used or withdrawn before, or another key waits", rule="keys.used")
        check_statement(old, new, fact.old_signature, fact.new_signature)
        if fact.usable_from < at + WAIT:
            raise SignatureFailed(f"{new} would be used before it was announced for 72 hours", rule="keys.wait")
        self._used.add(new.public)
        self._announced = _Announced(new, index, fact.usable_from)

    def _withdraw(self, fact: LogKeyWithdrawn) -> None:
        # A key that was only proposed may be withdrawn too; it can then no longer be announced.
        self._used.add(note.parse_vkey(fact.new).public)
        if self._announced is not None and str(self._announced.key) == fact.new:
            self._announced = None

    def _pass_on(self, index: int, fact: LogKeyTaken, at: datetime) -> None:
        old, announced = self._in_use(fact.old), self._announced
        if announced is None or str(announced.key) != fact.new:
            raise SignatureFailed(f"{fact.new} was not announced, or was withdrawn", rule="keys.announced")
        if at < announced.usable_from:
            raise SignatureFailed(f"{fact.new} was taken before its time", rule="keys.wait")
        latest_s = int(at.timestamp()) + MAX_FUTURE_S
        seen, kept = (_Sealed.of(each, old, self._trusted, latest_s) for each in (fact.seen, fact.kept))
        if not announced.index < seen.stated.size <= kept.stated.size <= index:
            raise ProofFailed("the checkpoints of a rotation lie between announcement and taking", rule="keys.sealed")
        if old in self._believed and announced.key not in self._believed:
            _check_waited(seen, kept, self._trusted)
            self._believed.add(announced.key)
        self._claims += [_Claim(index, each.stated.size, each.stated.root) for each in (seen, kept)]
        self._ranges[-1] = replace(self._ranges[-1], last=index)
        self._ranges.append(Named(announced.key, "", first=index + 1))
        self._announced = None


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A checkpoint that a rotation rests on, signed by the old key, with the good cosignatures of known witnesses.

    Those from after the taking, by a clock that runs ahead, do not count.
    """

    stated: Checkpoint
    cosigned: tuple[Cosignature, ...]

    @classmethod
    def of(cls, text: str, old: VerifierKey, trusted: Policy, latest_s: int) -> _Sealed:
        signed = note.parse(text.encode())
        stated = checkpoint.parse(signed.text)
        note.verify(signed, [old])
        if stated.origin != old.name:
            raise SignatureFailed(f"a rotation of {old.name} rests on {stated.origin}", rule="keys.sealed")
        witnesses = [each.key for each in trusted.witnesses.values()]
        cosigned = cosignature.verify(signed, witnesses)
        return cls(stated, tuple(each for each in cosigned if each.time_s <= latest_s))


def _check_waited(seen: _Sealed, kept: _Sealed, trusted: Policy) -> None:
    """Check that the outgoing quorum saw the announcement, and 72 hours later still the old key at work.

    Without a quorum there are only the times that the entries claim.

    Raises:
        QuorumMissing: too few witnesses saw it, or not for so long.

    """
    if not trusted.has_quorum:
        return
    seen_s = trusted.quorum_time_s(seen.cosigned)
    if seen_s is None:
        raise QuorumMissing("the witnesses' quorum has not seen the announcement", rule="keys.quorum")
    ripe_s = seen_s + int(WAIT.total_seconds())
    if not trusted.is_satisfied_by([each for each in kept.cosigned if each.time_s >= ripe_s]):
        raise QuorumMissing("the witnesses' quorum has not seen the announcement for 72 hours", rule="keys.quorum")


_KINDS: Final = frozenset(each.KIND for each in (LogFounded, LogKeyAnnounced, LogKeyWithdrawn, LogKeyTaken))
