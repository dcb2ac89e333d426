"""What a witness remembers: one small file, on the disk before any answer leaves, held by one process at a time.

A witness that forgot would swear to a second history (attack W2), so it never begins anew by itself: without its file
it refuses to start unless its operator says that it is new. A crash leaves the old file or the new one; of the new one
nobody was told yet, and the log is answered from it.
"""

from __future__ import annotations

import importlib
import os
import stat
import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from audit import checkpoint, cosignature, note
from audit.errors import MalformedInput, SourceFailed
from audit.note import COSIGNATURE
from audit.source import read_file
from audit.witness.rules import NOT_NOW, Answer, Cosigned, decide, newest_signer, shown_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from audit.note import SigningKey, VerifierKey

HEADER: Final = "aid-audit witness v1"
MAX_EVIDENCE: Final = 16
"""Contradicting checkpoints that are kept; one is proof enough, and a thief of the log's key could sign thousands."""
_MAX_BYTES: Final = note.MAX_NOTE_BYTES + 4_096
_HEAD_LINES: Final = 3
"""The header, the witness's key and at least one of the log's."""
_PRIVATE_MODE: Final = 0o600
_OTHERS: Final = 0o077


class Memory:
    """The file in which one witness keeps what it last cosigned of one log.

    It names the witness's key and the log's keys, oldest first, so that none is changed or left out under it; newer
    ones may be added behind them.
    """

    def __init__(self, path: Path, *, log_keys: Sequence[VerifierKey], witness: VerifierKey) -> None:
        self._path = path
        self._log_keys = log_keys
        self._witness = witness
        self._head = "".join(f"{line}\n" for line in (HEADER, witness, *log_keys, ""))
        self._lock = _hold(path.with_name(f"{path.name}.lock"))

    def make(self) -> None:
        """Make the file of a witness that has never cosigned anything.

        Raises:
            SourceFailed: there is a file already.

        """
        if self._path.exists():
            raise SourceFailed(f"{self._path} is there already: this witness is not new", rule="witness.not_new")
        _write(self._path, self._head.encode())

    def load(self) -> Cosigned | None:
        """Read what was last cosigned; None if nothing ever was.

        Raises:
            SourceFailed: the file is missing: this witness has lost its memory, or is new and was not told so.
            MalformedInput: it belongs to another key or log, knows a key of the log that was not given, or is damaged.
            SignatureFailed: what it holds was not signed by both.

        """
        raw = read_file(self._path, _MAX_BYTES)
        head, gap, rest = raw.partition(b"\n\n")
        known = head + b"\n"
        if not gap or known.count(b"\n") < _HEAD_LINES or not self._head.encode().startswith(known):
            sentence = f"{self._path} is not the memory of this key and of this log's keys, the oldest first"
            raise MalformedInput(sentence, rule="witness.memory")
        if not rest:
            return None
        signed = note.parse(rest)
        log_key = newest_signer(signed, self._log_keys)
        sworn = cosignature.verify(signed, [self._witness])
        if not sworn:
            raise MalformedInput(f"{self._path} holds a checkpoint it never cosigned", rule="witness.memory")
        return Cosigned(checkpoint.parse(signed.text), signed, sworn[0].time_s, log_key)

    def save(self, cosigned: Cosigned) -> None:
        """Put what is about to be sworn on the disk; only then may it be said.

        Raises:
            OSError: the disk did not take it.

        """
        _write(self._path, self._head.encode() + cosigned.signed.encode())

    def keep_evidence(self, raw: bytes) -> None:
        """Keep a request in which the log contradicts itself, as it came.

        Raises:
            OSError: the disk did not take it.

        """
        folder = self._path.with_name(f"{self._path.name}.forks")
        folder.mkdir(mode=0o700, exist_ok=True)
        place = folder / sha256(raw).hexdigest()
        if not place.exists() and sum(1 for _ in folder.iterdir()) < MAX_EVIDENCE:
            _write(place, raw)

    def close(self) -> None:
        """Let another process hold the file."""
        os.close(self._lock)


class Witness:
    """One key that watches one log; decides and remembers in one step, whoever asks at the same time."""

    def __init__(
        self, memory: Memory, *, log_keys: Sequence[VerifierKey], key: SigningKey, now_s: Callable[[], int]
    ) -> None:
        self._memory = memory
        self._log_keys = log_keys
        self._key = key
        self._now_s = now_s
        self._lock = threading.Lock()
        self.last = memory.load()
        """What was last cosigned and is on the disk; None if nothing ever was."""
        self.address = f"/{shown_at(log_keys[0].name)}"
        """The path at which everybody may see it."""

    def add_checkpoint(self, raw: bytes) -> Answer:
        """Answer one request; when this returns 200 the disk has it."""
        with self._lock:
            answer = decide(raw, self.last, log_keys=self._log_keys, key=self._key, now_s=self._now_s())
            try:
                if answer.is_fork:
                    self._memory.keep_evidence(raw)
                if answer.memory is not None:
                    self._memory.save(answer.memory)
                    self.last = answer.memory
            except OSError:
                if answer.memory is None:
                    return answer
                return Answer(NOT_NOW, b"this witness cannot write, and swears to nothing it may forget\n")
            return answer


def read_key(path: Path) -> SigningKey:
    """Read a signing key, after checking on the open file that nobody but its owner can.

    Raises:
        SourceFailed: it is missing, no plain file, or readable by others.
        MalformedInput: it holds no key.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise SourceFailed(f"key file {path} cannot be opened: {error.strerror}", rule="witness.key") from error
    try:
        mode = os.fstat(descriptor).st_mode
        raw = os.read(descriptor, _MAX_BYTES) if stat.S_ISREG(mode) else b""
    finally:
        os.close(descriptor)
    if mode & _OTHERS:
        raise SourceFailed(f"key file {path} can be read by others: chmod 600 it", rule="witness.key")
    try:
        return note.parse_skey(raw.decode().strip())
    except UnicodeError as error:
        raise MalformedInput(f"key file {path} holds no key", rule="witness.key") from error


def make_key(path: Path, name: str) -> VerifierKey:
    """Make a witness's key in a new file with mode 0600, and return the public half.

    Raises:
        SourceFailed: the file exists; a key is never written over.
        MalformedInput: the name cannot name a key.

    """
    key = note.SigningKey.generate(name)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{note.format_skey(key)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        _flush_folder(path.parent)
    except OSError as error:
        raise SourceFailed(f"key file {path} cannot be made: {error.strerror}", rule="witness.key") from error
    return key.verifier(COSIGNATURE)


def _hold(path: Path) -> int:
    """Hold a file so that a second process with the same memory refuses to start; a kill lets go of it."""
    # Asked for here alone: the verifier beside this witness also runs where there is no such module.
    fcntl = importlib.import_module("fcntl")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_MODE)
    except OSError as error:
        raise SourceFailed(f"{path} cannot be opened: {error.strerror}", rule="witness.memory") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise SourceFailed("another witness is using this memory", rule="witness.held") from error
    return descriptor


def _write(path: Path, raw: bytes) -> None:
    """Write beside, flush, rename over, flush the folder: a crash leaves the old file or the new one."""
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
