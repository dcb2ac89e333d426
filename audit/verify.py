"""Verify a whole log: from the signature over its checkpoint down to every byte of every entry.

The tree is recomputed from the entries alone; stored hash tiles are compared with it and used only to say which
entry is the first bad one. Rules about what the entries say come in as checkers (`replay/` is one). Proofs of
single entries are in `proof.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from audit import brackets, checkpoint, history, merkle, note, policy, shown, tiles
from audit.brackets import Brackets
from audit.entry import parse_entry
from audit.errors import AuditError, Finding, MalformedInput, ProofFailed, UnknownKind
from audit.keys import KeyHistory
from audit.order import Order
from audit.policy import Policy, Trust
from audit.shown import WITNESSED_PATH, Shown
from audit.source import Absent
from audit.tiles import Edge, Tile, TileReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from audit.checkpoint import Checkpoint
    from audit.entry import Entry
    from audit.history import Mark
    from audit.policy import Named
    from audit.source import Source

VKEY_PATH: Final = "log.vkey"
MAX_ENTRIES: Final = 2**32
"""House rule: a kabupaten writes a million a year, and reading this many takes a day. A log that claims more is made to
keep its reader busy."""
MAX_VKEY_BYTES: Final = 16_384
"""Some hundred keys, the newest first: a log that changes its key every year lives that long."""


class Checker(Protocol):
    """Rules over the entries of a log, which it is given in order."""

    def apply(self, index: int, entry: Entry) -> None:
        """Take one well-formed entry."""
        ...

    def finish(self) -> None:
        """Judge what can only be judged at the end."""
        ...

    @property
    def violations(self) -> Sequence[Finding]:
        """What was found so far."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What the verifier can say of a log.

    `shown` is None when not even the checkpoint could be believed. `is_anchored` says whether the inspector
    named the key: without that the log is only shown to agree with itself. `newer` is the first entry this
    package is too old to judge; nothing after it has been judged either, only hashed. `bracketed` says how far the
    times of entries lie between those at which witnesses swore: `yes`, `no`, or `until <index>`. `keys` is which key
    signs which sizes, as the entries say it.
    """

    shown: Shown | None
    is_anchored: bool
    findings: tuple[Finding, ...] = ()
    newer: Finding | None = None
    bracketed: str = brackets.NO
    keys: tuple[Named, ...] = ()

    @property
    def trust(self) -> Trust | None:
        """The checkpoint that may be relied on; all entries of a newer one were checked as well."""
        return self.shown.trust if self.shown else None

    @property
    def is_good(self) -> bool:
        """Say whether everything was checked and nothing was found."""
        return not self.findings and self.newer is None


def verify_log(  # noqa: PLR0913 - what an inspector may ask for, each by its name
    source: Source,
    *,
    now_s: int,
    trusted: Policy | None = None,
    old_checkpoint: bytes | None = None,
    max_age_s: int | None = None,
    checkers: Sequence[Checker] = (),
    kept: Iterable[bytes] = (),
    hashes_only: bool = False,
    tell_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check everything there is to check about the log at `source`; faults of the log are findings, not errors.

    Args:
        source: where the log's files are.
        now_s: the inspector's clock, in POSIX seconds.
        trusted: whom the inspector believes; None takes the key that lies beside the log (not anchored).
        old_checkpoint: a signed checkpoint the inspector kept; the log must have grown out of it.
        max_age_s: how old cosignatures may be to count towards the quorum.
        checkers: rules about what the entries say.
        kept: leaf hashes that people who acted have kept; the log must hold each of them (attack U4).
        hashes_only: hash the entries to the root and look at nothing else: not at what they say, not at stored tiles.
        tell_progress: called after every bundle with the entries read so far and the size of the log.

    """
    is_anchored = trusted is not None
    try:
        believed = trusted or _policy_beside(source)
        known = _with_keys_beside(source, believed)
        # Keys beside the log are believed only where entries lead to them, and a quick look reads no entries.
        found = shown.read(source, believed if hashes_only else known, now_s=now_s, max_age_s=max_age_s)
        stated = found.newest.checkpoint
        if stated.size > MAX_ENTRIES:
            raise MalformedInput(f"a log of {stated.size} entries is not believed", rule="log.size")
        old = None if old_checkpoint is None else _older(old_checkpoint, known, stated)
    except AuditError as error:
        return Report(None, is_anchored, (_finding(error),))
    marks, findings = _marks(source, known, stated, now_s=now_s)
    timed = _brackets(believed, found.trust, marks)
    keys = KeyHistory(believed)
    checkers = () if hashes_only else (*checkers, timed, keys)
    reading = _Reading(source, stated, _known(found, old, marks), checkers, set(kept))
    try:
        reading.run(hashes_only=hashes_only, tell_progress=tell_progress)
        if reading.newer is None and not hashes_only:
            others = [found.trust, *([old] if old else []), *(each.trust for each in marks)]
            _judge_signers(keys, source, found.newest, others)
    except AuditError as error:
        findings.append(_finding(error))
    else:
        # Before the last entry was read, a leaf that was not met yet is not known to be missing.
        findings += [_missing(leaf) for leaf in sorted(reading.kept)]
    findings += reading.repeats()
    findings += [each for checker in checkers for each in checker.violations]
    # A fault of the whole log comes before the faults of its entries.
    findings.sort(key=lambda each: -1 if each.index is None else each.index)
    bracketed = brackets.NO if hashes_only else timed.verdict()
    return Report(found, is_anchored, tuple(findings), reading.newer, bracketed, keys.ranges)


@dataclass(frozen=True, slots=True)
class _Known:
    """A root that somebody kept: what the first `size` entries hash to, or else a rule is broken."""

    size: int
    root: bytes
    rule: str
    whose: str


class _Reading:
    """One pass over all bundles of a log."""

    def __init__(
        self,
        source: Source,
        stated: Checkpoint,
        known: Sequence[_Known],
        checkers: Sequence[Checker],
        kept: set[bytes],
    ) -> None:
        self.kept = kept
        self._source = source
        self._stated = stated
        self._known = sorted(known, key=lambda each: each.size, reverse=True)
        self._agreed = 0
        self._checkers = checkers
        self._edge = Edge()
        self._order = Order()
        self.newer: Finding | None = None

    def run(self, *, hashes_only: bool, tell_progress: Callable[[int, int], None] | None) -> None:
        """Read all entries, then close the tree and compare its root with the signed one.

        Raises:
            AuditError: the first fault that makes reading on pointless.

        """
        for bundle in tiles.tiles_of_level(tiles.ENTRIES, self._stated.size):
            hashes = self._hash(bundle) if hashes_only else self._judge(bundle)
            for tile, completed in self._grow(hashes):
                if not hashes_only:
                    self._compare_above(tile, completed)
            if tell_progress is not None:
                tell_progress(self._edge.size, self._stated.size)
        if not hashes_only:
            for tile, unfinished in self._edge.partials():
                self._compare_above(tile, unfinished)
        if self._edge.root() != self._stated.root:
            known = "only a full check names the first bad one" if hashes_only else "every stored tile agrees with them"
            sentence = f"the entries from {self._agreed} on do not hash to the signed root; {known}"
            raise ProofFailed(sentence, rule="log.root")
        if self.newer is None:
            for checker in self._checkers:
                checker.finish()

    def repeats(self) -> list[Finding]:
        """Name, among all that was read, what had been there before."""
        try:
            return self._order.repeats()
        except AuditError as error:
            return [_finding(error)]

    def _hash(self, bundle: Tile) -> list[bytes]:
        """Hash the entries of a bundle and look at nothing else."""
        try:
            hashes = tiles.read_bundle_hashes(self._source, bundle.index, bundle.width)
        except AuditError as error:
            raise error.at(bundle.first_entry) from error
        if self.kept:
            self.kept.difference_update(hashes)
        return hashes

    def _judge(self, bundle: Tile) -> list[bytes]:
        """Hash the entries of a bundle, hold the hashes against the stored ones, then judge what each entry says."""
        try:
            entries = tiles.read_bundle(self._source, bundle.index, bundle.width)
        except AuditError as error:
            raise error.at(bundle.first_entry) from error
        hashes = merkle.leaf_hashes(entries)
        # Hashes come first: a changed entry is reported as changed, not as the nonsense it was changed into.
        self._compare(Tile(0, bundle.index, bundle.width), hashes)
        self.kept.difference_update(hashes)
        for index, raw in enumerate(entries, start=bundle.first_entry):
            self._take(index, raw)
        return hashes

    def _grow(self, hashes: list[bytes]) -> list[tuple[Tile, list[bytes]]]:
        """Add a bundle's hashes to the tree, stopping wherever somebody kept a root; returns the completed tiles."""
        completed: list[tuple[Tile, list[bytes]]] = []
        while self._known and self._known[-1].size <= self._edge.size + len(hashes):
            known = self._known.pop()
            stop = known.size - self._edge.size
            completed += self._edge.append(hashes[:stop])
            hashes = hashes[stop:]
            if self._edge.root() != known.root:
                raise ProofFailed(f"the first {known.size} entries are not those of {known.whose}", rule=known.rule)
            self._agreed = known.size
        return completed + self._edge.append(hashes)

    def _compare_above(self, tile: Tile, ours: list[bytes]) -> None:
        """Hold a stored tile against ours; those of level 0 were held when their entries were read."""
        if tile.level:
            self._compare(tile, ours)

    def _take(self, index: int, raw: bytes) -> None:
        """Judge one entry, unless an earlier one showed that this package is too old to."""
        if self.newer is not None:
            return
        try:
            entry = parse_entry(raw)
            self._order.take(index, entry)
        except UnknownKind as error:
            self.newer = _finding(error.at(index))
            return
        except AuditError as error:
            raise error.at(index) from error
        for checker in self._checkers:
            checker.apply(index, entry)

    def _compare(self, tile: Tile, ours: list[bytes]) -> None:
        """Hold a stored hash tile against the hashes recomputed from the entries, and say who is wrong."""
        try:
            stored = tiles.read_tile(self._source, tile)
        except AuditError as error:
            raise error.at(tile.first_entry) from error
        if stored == ours:
            return
        place = next(at for at, pair in enumerate(zip(stored, ours, strict=True)) if pair[0] != pair[1])
        covered = tiles.entries_under(tile.level)
        first = tile.first_entry + place * covered
        which = f"entry {first}" if covered == 1 else f"an entry from {first} to {first + covered - 1}"
        try:
            TileReader(self._source, self._stated.size, self._stated.root).hashes(tile)
        except AuditError as error:
            sentence = f"{tile.path} is not of the signed tree, and it does not fit {which}"
            raise ProofFailed(sentence, rule="tile.hash", index=first) from error
        raise ProofFailed(f"{which} is not what was signed", rule="entry.hash", index=first)


def _policy_beside(source: Source) -> Policy:
    """Believe the newest key that lies beside the log, which shows only that the log agrees with itself."""
    return Policy.of_log_key(_keys_beside(source)[0])


def _with_keys_beside(source: Source, believed: Policy) -> Policy:
    """Add the other keys of the log that lie beside it, to be believed only as far as its entries lead to them.

    A file that cannot be read, or holds something else, leaves the inspector with the keys they brought.
    """
    try:
        beside = [Policy.of_log_key(each).logs[0] for each in _keys_beside(source)]
    except AuditError:
        return believed
    return believed.with_keys(beside)


def _keys_beside(source: Source) -> list[str]:
    try:
        return source.fetch(VKEY_PATH, MAX_VKEY_BYTES).decode().removesuffix("\n").split("\n")
    except UnicodeError as error:
        raise MalformedInput(f"{VKEY_PATH} is not text", rule="vkey.form") from error


def _marks(source: Source, believed: Policy, stated: Checkpoint, *, now_s: int) -> tuple[list[Mark], list[Finding]]:
    """Read the history beside the log; larger checkpoints than the one shown were added while it was read."""
    mine = replace(believed, logs=tuple(each for each in believed.logs if each.key.name == stated.origin))
    try:
        raw = source.fetch(history.PATH, history.MAX_HISTORY_BYTES)
        marks = list(history.read(raw, mine, now_s=now_s))
    except Absent:
        return [], []
    except AuditError as error:
        return [], [_finding(error)]
    return [each for each in marks if each.trust.checkpoint.size <= stated.size], []


def _brackets(believed: Policy, trust: Trust, marks: Sequence[Mark]) -> Brackets:
    """Give the brackets that a quorum has sworn to, of which the checkpoint relied on is one."""
    timed = {each.trust.checkpoint.size: each.time_s for each in marks if each.time_s is not None}
    newest_s = believed.quorum_time_s(trust.cosigned)
    if newest_s is not None:
        timed.setdefault(trust.checkpoint.size, newest_s)
    timed.pop(0, None)
    return Brackets(sorted(timed.items()))


def _known(found: Shown, old: Trust | None, marks: Sequence[Mark]) -> list[_Known]:
    """Gather the roots that must be met on the way; the newest checkpoint's is met at the end."""
    known = []
    if found.unwitnessed:
        vouched = found.trust.checkpoint
        known.append(_Known(vouched.size, vouched.root, "witnessed.root", WITNESSED_PATH))
    if old is not None:
        known.append(_Known(old.checkpoint.size, old.checkpoint.root, "log.rewritten", "the old checkpoint"))
    return known + [
        _Known(each.size, each.root, "history.root", f"the checkpoint of size {each.size} in the history")
        for each in (mark.trust.checkpoint for mark in marks)
    ]


def _judge_signers(keys: KeyHistory, source: Source, newest: Trust, others: Sequence[Trust]) -> None:
    """Check who signed the checkpoints at hand, now that the entries have said who may."""
    reader = TileReader(source, newest.checkpoint.size, newest.checkpoint.root)
    keys.judge(newest, others, lambda size: reader.range_root(0, size))


def _older(raw: bytes, known: Policy, stated: Checkpoint) -> Trust:
    """Read a checkpoint the inspector kept; witnesses need not have seen it, but the log must have signed it."""
    signed = note.parse(raw)
    old = checkpoint.parse(signed.text)
    key = policy.log_signer(signed, old, known)
    if old.origin != stated.origin:
        raise ProofFailed(f"the old checkpoint is of {old.origin}", rule="log.origin")
    if old.size > stated.size:
        sentence = f"the log had {old.size} entries and shows {stated.size}"
        raise ProofFailed(sentence, rule="log.truncated", index=stated.size)
    if old.size == stated.size:
        merkle.verify_consistency(old.size, stated.size, old.root, stated.root, [])
    return Trust(old, key, ())


def _missing(leaf: bytes) -> Finding:
    return Finding("leaf.missing", None, f"no entry of the log has the kept leaf {note.encode_base64(leaf)}")


def _finding(error: AuditError) -> Finding:
    return Finding(error.rule, error.index, error.sentence)
