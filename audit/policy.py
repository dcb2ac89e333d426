"""Whom to believe (C2SP tlog-policy): the log's keys, its witnesses, and which of them must have signed.

A policy comes to the inspector on paper or by a channel the log does not control. Two things are ours to add, because
the format has neither. Freshness: cosignatures from the future are refused, and old ones count only up to an age. And
which of a log's keys signs which sizes, in comment lines that other readers pass over (attack K1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from audit import checkpoint, cosignature, note
from audit.errors import MalformedInput, QuorumMissing, SignatureFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.checkpoint import Checkpoint
    from audit.cosignature import Cosignature
    from audit.note import Note, VerifierKey

MAX_POLICY_BYTES: Final = 65_536
MAX_FUTURE_S: Final = 300
"""House rule: how far a witness's clock may run ahead of the inspector's."""
_CONTROL: Final = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_BLANK: Final = re.compile("[ \t]+")
_NONE: Final = "none"
_QUORUM_WORDS: Final = 2
_KEY_WORDS: Final = {"log": (2, 3), "witness": (3, 4)}
_GROUP_WORDS: Final = 4
_RANGE: Final = "#range"
_RANGE_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of witnesses and groups, of which `threshold` must be satisfied."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A key of the policy with the address its holder is reached at; "" when the policy gives none.

    A log's key signs sizes from `first` to `last`, both included; `last` is None while it is in use.
    """

    key: VerifierKey
    url: str
    first: int = 0
    last: int | None = None

    def signs(self, size: int) -> bool:
        """Say whether a checkpoint of this size is this key's to sign."""
        return self.first <= size and (self.last is None or size <= self.last)


@dataclass(frozen=True, slots=True)
class Policy:
    """The logs to accept, the witnesses by the policy's names for them, the groups, and the quorum's name."""

    logs: tuple[Named, ...]
    witnesses: Mapping[str, Named] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = _NONE

    @classmethod
    def of_log_key(cls, vkey: str) -> Policy:
        """Believe one log key and ask for no witnesses."""
        return cls((Named(_key(vkey, note.ED25519), ""),))

    def of_log(self, vkey: str) -> Policy:
        """Return the same trust in one log only: all its keys if the policy names this one, else this key alone."""
        alone = _key(vkey, note.ED25519)
        same = tuple(each for each in self.logs if each.key.name == alone.name)
        is_named = any(each.key == alone for each in same)
        return replace(self, logs=same if is_named else (Named(alone, ""),))

    def with_keys(self, more: Iterable[Named]) -> Policy:
        """Return the same trust with further keys of the logs it names; a key that it names keeps its own range."""
        names = {each.key.name for each in self.logs}
        known = {each.key for each in self.logs}
        return replace(
            self, logs=(*self.logs, *(each for each in more if each.key.name in names and each.key not in known))
        )

    def is_satisfied_by(self, cosigned: Sequence[Cosignature]) -> bool:
        """Say whether the keys that cosigned fill the quorum; a key counts once, whatever it is called."""
        publics = {each.key.public for each in cosigned}
        return not self.has_quorum or self._counts(self.quorum, publics)

    @property
    def has_quorum(self) -> bool:
        """Say whether anybody beside the log has to vouch for it."""
        return self.quorum != _NONE

    def quorum_time_s(self, cosigned: Sequence[Cosignature]) -> int | None:
        """Tell the POSIX second by which these had filled the quorum; None if they do not, or nobody is asked for."""
        if not self.has_quorum:
            return None
        times = sorted(each.time_s for each in cosigned)
        return next(
            (at for at in times if self.is_satisfied_by([each for each in cosigned if each.time_s <= at])), None
        )

    def _counts(self, name: str, publics: set[bytes]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return self.witnesses[name].key.public in publics
        # Members were defined before the group, so this ends at the witnesses.
        return sum(self._counts(member, publics) for member in group.members) >= group.threshold


@dataclass(frozen=True, slots=True)
class Trust:
    """A checkpoint that satisfies a policy, the log key that signed it, and who has cosigned when."""

    checkpoint: Checkpoint
    log_key: VerifierKey
    cosigned: tuple[Cosignature, ...]


def check(signed: Note, policy: Policy, *, now_s: int, max_age_s: int | None = None) -> Trust:
    """Return the checkpoint in `signed` if the policy's log and enough of its witnesses vouch for it.

    `now_s` is the inspector's clock in POSIX seconds. With `max_age_s`, cosignatures older than that do not
    count, and a policy without a quorum cannot be met: nobody else has sworn when the log looked like this.

    Raises:
        MalformedInput: the text is not a checkpoint.
        SignatureFailed: no log key of that origin has signed, or only one whose sizes end before or begin later, a
            known signature is bad, or a cosignature is postdated.
        QuorumMissing: too few witnesses have cosigned, or too long ago.

    """
    trust = vouched(signed, policy, now_s=now_s)
    cosigned = trust.cosigned
    if max_age_s is not None:
        if not policy.has_quorum:
            raise QuorumMissing("without a quorum of witnesses nobody vouches for its age", rule="policy.age")
        cosigned = tuple(each for each in cosigned if each.time_s >= now_s - max_age_s)
    if not policy.is_satisfied_by(cosigned):
        raise QuorumMissing(f"{len(cosigned)} witnesses do not fill the quorum {policy.quorum}", rule="policy.quorum")
    return replace(trust, cosigned=cosigned)


def vouched(signed: Note, policy: Policy, *, now_s: int) -> Trust:
    """Return the checkpoint in `signed` if the policy's log signed it, with whoever else vouches; perhaps too few.

    Raises:
        MalformedInput: the text is not a checkpoint.
        SignatureFailed: no log key of that origin has signed, a known signature is bad, or one is postdated.

    """
    stated = checkpoint.parse(signed.text)
    log_key = log_signer(signed, stated, policy)
    cosigned = cosignature.verify(signed, [each.key for each in policy.witnesses.values()])
    for each in cosigned:
        if each.time_s > now_s + MAX_FUTURE_S:
            raise SignatureFailed(f"{each.key.name} cosigned in the future", rule="cosignature.future")
    return Trust(stated, log_key, tuple(cosigned))


def log_signer(signed: Note, stated: Checkpoint, policy: Policy) -> VerifierKey:
    """Return the policy's log key that signed this checkpoint and may: a retired key signs nothing new (attack K1).

    Raises:
        SignatureFailed: there is no such key, or a known signature is bad.

    """
    # The key's name is the log's origin: a good checkpoint of another city's log is not ours.
    named = {each.key: each for each in policy.logs if each.key.name == stated.origin}
    if not named:
        raise SignatureFailed(f"no key is trusted for the log {stated.origin}", rule="policy.origin")
    signers = [named[key] for key in note.verify(signed, named)]
    for each in signers:
        if each.signs(stated.size):
            return each.key
    limit = signers[0].last
    index = limit if limit is not None and limit < stated.size else None
    sentence = f"size {stated.size} is not one that {signers[0].key} signs"
    raise SignatureFailed(sentence, rule="policy.range", index=index)


def write_log_line(named: Named) -> str:
    """Write a log's key as the lines of a policy, ending in newlines; a key without limits has no second one."""
    line = f"log {named.key} {named.url}".rstrip(" ") + "\n"
    if named.first == 0 and named.last is None:
        return line
    last = "" if named.last is None else named.last
    return f"{line}{_RANGE} {named.key.key_id.hex()} {named.first}-{last}\n"


def parse(raw: bytes) -> Policy:
    """Read a policy file: lines of words between spaces and tabs, `#` beginning a comment line.

    A policy may name no log; then the inspector says which one. House rules: a public key appears once in the
    whole file, so that no log is its own witness; and a comment `#range <key ID in hex> <first>-<last>` below the
    `log` line of a key says which sizes it signs; without a last one it still does.

    Raises:
        MalformedInput: a line breaks the grammar, a name is used before its definition, twice, or in two
            groups, a key appears twice, a range names no one key above it or has no form, or there is not exactly
            one quorum line.

    """
    if len(raw) > MAX_POLICY_BYTES or _CONTROL.search(raw):
        raise MalformedInput("a policy is short and has no control characters", rule="policy.form")
    reader = _Reader()
    # Octets above 0x7F are opaque: whatever they are, they come back out of the name they went into.
    lines = raw.decode(errors="surrogateescape").split("\n")
    for number, line in enumerate(lines, start=1):
        words = [word for word in _BLANK.split(line) if word]
        if not words or (words[0].startswith("#") and words[0] != _RANGE):
            continue
        try:
            reader.take(words)
        except MalformedInput as error:
            raise MalformedInput(f"line {number}: {error.sentence}", rule=error.rule) from error
    if not reader.quorum:
        raise MalformedInput("a policy has exactly one quorum line", rule="policy.form")
    return Policy(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)


class _Reader:
    """What has been defined so far while a policy is read from the top."""

    def __init__(self) -> None:
        self.logs: list[Named] = []
        self.witnesses: dict[str, Named] = {}
        self.groups: dict[str, Group] = {}
        self.quorum = ""
        self._publics: set[bytes] = set()
        self._grouped: set[str] = set()
        self._limited: set[int] = set()

    def take(self, words: list[str]) -> None:
        """Take one line, refusing what the lines before it do not allow."""
        match words[0]:
            case "log" | "witness" if len(words) in _KEY_WORDS[words[0]]:
                self._take_key(*words)
            case "group" if len(words) >= _GROUP_WORDS:
                self._take_group(words[1], words[2], tuple(words[3:]))
            case "quorum" if len(words) == _QUORUM_WORDS and not self.quorum:
                if words[1] != _NONE:
                    self._check_defined(words[1])
                self.quorum = words[1]
            case "#range" if len(words) == _RANGE_WORDS:
                self._take_range(words[1], words[2])
            case _:
                raise MalformedInput("not a line of a policy", rule="policy.form")

    def _take_key(self, role: str, *words: str) -> None:
        if role == "log":
            named = Named(_key(words[0], note.ED25519), "".join(words[1:]))
        else:
            self._check_new(words[0])
            named = Named(_key(words[1], note.COSIGNATURE), "".join(words[2:]))
        if named.key.public in self._publics:
            raise MalformedInput(f"the key of {named.key.name} appears twice", rule="policy.key_twice")
        self._publics.add(named.key.public)
        if role == "log":
            self.logs.append(named)
        else:
            self.witnesses[words[0]] = named

    def _take_range(self, key_id: str, sizes: str) -> None:
        """Limit a log's key; of two keys with one ID nobody could say which is meant, and of two ranges which holds."""
        meant = [at for at, each in enumerate(self.logs) if each.key.key_id.hex() == key_id]
        if len(meant) != 1 or meant[0] in self._limited:
            raise MalformedInput(f"{key_id} is no one key of a log above, or has its range", rule="policy.range")
        begins, dash, ends = sizes.partition("-")
        first = checkpoint.parse_decimal(begins)
        last = checkpoint.parse_decimal(ends) if ends or not dash else None
        if last is not None and last < first:
            raise MalformedInput(f"a range from {first} to {last} holds nothing", rule="policy.range")
        self._limited.add(meant[0])
        self.logs[meant[0]] = replace(self.logs[meant[0]], first=first, last=last)

    def _take_group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        self._check_new(name)
        for member in members:
            self._check_defined(member)
            if member in self._grouped:
                raise MalformedInput(f"{member} is in a group already", rule="policy.grouped_twice")
            self._grouped.add(member)
        words = {"all": len(members), "any": 1}
        needed = words[threshold] if threshold in words else checkpoint.parse_decimal(threshold)
        if not 1 <= needed <= len(members):
            raise MalformedInput(f"{needed} of {len(members)} cannot be asked for", rule="policy.threshold")
        self.groups[name] = Group(needed, members)

    def _check_new(self, name: str) -> None:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise MalformedInput(f"{name} is defined already", rule="policy.name")

    def _check_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise MalformedInput(f"{name} is not defined above", rule="policy.name")


def _key(vkey: str, algorithm: int) -> VerifierKey:
    """Read a key and keep log keys (type 1) and witness keys (type 4) apart."""
    key = note.parse_vkey(vkey)
    if key.algorithm != algorithm:
        raise MalformedInput(f"the key of {key.name} has type {key.algorithm}, not {algorithm}", rule="policy.key_type")
    return key
