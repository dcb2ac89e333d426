"""An evidence bundle: a whole log and the proofs of chosen entries, in one zip file that is carried away.

The bundle is a source like any other, so `verify.py` checks its log. Here is what a bundle adds: the manifest names
every member with its digest, both ways; the entries that were asked for are all there, chosen again by `choice.py`;
and each has its proof. Nothing in the manifest is believed for itself, because whoever made the bundle made it too.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from audit import canonical, history, merkle, note, proof
from audit.archive import Archive
from audit.choice import Choice, Wish
from audit.errors import AuditError, Finding, MalformedInput, ProofFailed
from audit.shown import CHECKPOINT_PATH
from audit.source import open_source
from audit.verify import Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.checkpoint import Checkpoint
    from audit.source import Source
    from audit.verify import Checker

FORMAT: Final = "aid-ledger evidence v1"
MANIFEST_PATH: Final = "manifest.json"
MAX_MANIFEST_BYTES: Final = 32 * 1024 * 1024
MAX_MEMBER_BYTES: Final = history.MAX_HISTORY_BYTES
"""The longest file of a log is its history; a bundle of entries is a quarter of that."""
MAX_PROVEN: Final = 20_000
"""House rule: so many chosen entries have a file and a proof each; the log proves more of them as well without."""

_PROVEN: Final = re.compile(r"entries/(?P<index>0|[1-9][0-9]{0,18})\.json")
# The one spelling of a manifest is read without a JSON parser: nothing in it can be nested, or grow when it is read.
_HEAD: Final = re.compile(
    rb'\{"chosen":\{"count":([0-9]{1,18}),"digest":"([0-9a-f]{64})","program":"([A-Za-z0-9][A-Za-z0-9._:/@+-]{0,79})",'
    rb'"since":"([0-9]{4}-[0-9]{2}-[0-9]{2})","until":"([0-9]{4}-[0-9]{2}-[0-9]{2})"\},"files":\{'
)
_FILE: Final = re.compile(
    rb'(?:,|(?<=\{))"(?P<path>[A-Za-z0-9._/-]{1,120})":\["(?P<digest>[0-9a-f]{64})",(?P<size>[0-9]{1,18})\]'
)
_TAIL: Final = re.compile(
    rb'\},"format":"aid-ledger evidence v1","sealed_at":"([0-9T:.Z-]{0,40})","version":"([0-9A-Za-z.+-]{0,40})"\}'
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself: its members with digest and size, what was asked for, and what was chosen.

    `count` and `digest` are those of `Choice`. `sealed_at` is when the checkpoint was signed, as the maker says, and
    `version` the maker's own.
    """

    files: Mapping[str, tuple[str, int]]
    wish: Wish
    count: int
    digest: str
    sealed_at: str
    version: str

    def encode(self) -> bytes:
        """Write the manifest: JSON with sorted members and without spaces, all of it ASCII."""
        chosen = {
            "count": self.count,
            "digest": self.digest,
            "program": self.wish.program,
            "since": self.wish.since,
            "until": self.wish.until,
        }
        files = {path: list(stated) for path, stated in self.files.items()}
        members = {
            "chosen": chosen,
            "files": files,
            "format": FORMAT,
            "sealed_at": self.sealed_at,
            "version": self.version,
        }
        return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()


class Bundle:
    """A zip file that holds a log, read within limits."""

    def __init__(self, path: Path) -> None:
        self._archive = Archive(path)

    def fetch(self, path: str, limit: int) -> bytes:
        """Unpack one member."""
        return self._archive.read(path, limit)

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest, which every member but itself is held against.

        Raises:
            SourceFailed: it cannot be read.
            MalformedInput: the file is not a zip file as evidence is written, or the manifest is not one.

        """
        return parse_manifest(self.fetch(MANIFEST_PATH, MAX_MANIFEST_BYTES))

    def judge_members(self) -> list[Finding]:
        """Name every member that is missing, that nobody announced, or that is not what was announced."""
        names = self._archive.members.keys() - {MANIFEST_PATH}
        stated = self.manifest.files
        findings = [
            _finding("bundle.extra", f"{name} is not in the manifest") for name in sorted(names - stated.keys())
        ]
        findings += [_finding("bundle.missing", f"{name} is missing") for name in sorted(stated.keys() - names)]
        for name in self._archive.members.keys() & stated.keys():
            try:
                raw = self.fetch(name, MAX_MEMBER_BYTES)
            except AuditError as error:
                findings.append(_finding(error.rule, error.sentence))
                continue
            if stated[name] != (hashlib.sha256(raw).hexdigest(), len(raw)):
                findings.append(_finding("bundle.changed", f"{name} is not what the manifest says"))
        return findings

    def judge_choice(self, choice: Choice) -> list[Finding]:
        """Hold what was chosen again from the log against what the maker chose."""
        stated = self.manifest
        if (choice.count, choice.digest) == (stated.count, stated.digest):
            return []
        sentence = f"{stated.count} entries were chosen, but what was asked for are {choice.count}"
        return [_finding("bundle.choice", sentence)]

    def judge_proofs(self, choice: Choice, stated: Checkpoint) -> list[Finding]:
        """Run the proof of every entry that has one, and name those that have none and ought to."""
        due = {0, *choice.indexes} if choice.count <= MAX_PROVEN else {0}
        shown = {int(match["index"]) for name in self._archive.members if (match := _PROVEN.fullmatch(name))}
        signed = self.fetch(CHECKPOINT_PATH, note.MAX_NOTE_BYTES)
        findings = []
        for index in sorted(due | shown):
            try:
                self._run_proof(index, signed, stated)
            except AuditError as error:
                findings.append(Finding(error.rule, index, error.sentence))
        return findings

    def _run_proof(self, index: int, signed: bytes, stated: Checkpoint) -> None:
        """Lead one entry to the root: the root is signed, so what leads to it is the log's own entry."""
        entry = self.fetch(f"entries/{index}.json", canonical.MAX_BYTES)
        read = proof.parse(self.fetch(f"proofs/{index}.tlog-proof", proof.MAX_PROOF_BYTES))
        if read.index != index or read.signed.encode() != signed:
            raise ProofFailed("the proof is of another entry or another checkpoint", rule="bundle.proof")
        merkle.verify_inclusion(index, stated.size, merkle.leaf_hash(entry), read.hashes, stated.root)


def open_place(place: str) -> Source:
    """Choose how to read the log at `place`: an address, a folder or an evidence bundle.

    Raises:
        SourceFailed: there is none of them.

    """
    path = Path(place)
    return Bundle(path) if path.is_file() else open_source(place)


class Verify(Protocol):
    """Verifies the log of a place by what an inspector asked for (`verify_log` but for its checkers)."""

    def __call__(self, *, checkers: Sequence[Checker]) -> Report:
        """Check everything there is to check about the log, these rules included."""
        ...


def verify_place(source: Source, verify: Verify, *, checkers: Sequence[Checker] = ()) -> Report:
    """Check what `open_place` opened: its log, and if it is a bundle all that a bundle adds to one."""
    if not isinstance(source, Bundle):
        return verify(checkers=checkers)
    try:
        findings = source.judge_members()
        choice = Choice(source.manifest.wish, keep=MAX_PROVEN)
    except AuditError as error:
        unread = _finding(error.rule, error.sentence)
        report = verify(checkers=checkers)
        return replace(report, findings=(unread, *(each for each in report.findings if each != unread)))
    report = verify(checkers=[*checkers, choice])
    if report.shown is not None and report.is_good:
        # Only now is the choice known, and the root worth leading anything to.
        findings += source.judge_choice(choice) + source.judge_proofs(choice, report.shown.newest.checkpoint)
    return replace(report, findings=(*report.findings, *findings))


def parse_manifest(raw: bytes) -> Manifest:
    """Read a manifest in its one spelling.

    Raises:
        MalformedInput: it is not one.

    """
    head = _HEAD.match(raw)
    files: dict[str, tuple[str, int]] = {}
    at = head.end() if head else 0
    while match := _FILE.match(raw, at):
        files[match["path"].decode()] = (match["digest"].decode(), int(match["size"]))
        at = match.end()
    tail = _TAIL.fullmatch(raw, at)
    if head is None or tail is None:
        raise MalformedInput("manifest.json is not the manifest of a bundle", rule="bundle.manifest")
    count, digest, program, since, until = (text.decode() for text in head.groups())
    sealed_at, version = (text.decode() for text in tail.groups())
    read = Manifest(files, Wish(program, since, until), int(count), digest, sealed_at, version)
    # Repeated or unsorted names are not written again as they were read.
    if read.encode() != raw:
        raise MalformedInput("manifest.json is not spelled as a manifest is", rule="bundle.manifest")
    return read


def _finding(rule: str, sentence: str) -> Finding:
    return Finding(rule, None, sentence)
