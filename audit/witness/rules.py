"""What a witness answers: request bytes and what it last cosigned in, status, body and new memory out.

Pure: no clock, no files and no network. Nothing may be sent before what is to be remembered is on the disk; that is
the duty of `memory.py`. The order of the checks and their statuses are those of C2SP tlog-witness.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from audit import checkpoint, cosignature, merkle, note
from audit.errors import AuditError, MalformedInput, SignatureFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.checkpoint import Checkpoint
    from audit.note import Note, SigningKey, VerifierKey

MAX_REQUEST_BYTES: Final = 16_384 + 1_024
"""House rule: 63 hashes of 45 bytes and a checkpoint with its log's signature are a quarter of this."""
MAX_HASHES: Final = 63
"""A log has at most 2^63-1 entries, and a proof that it grew a hash for each doubling."""
PLAIN: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"
"""The type of a 409 that names the size last cosigned."""

OK: Final = 200
MALFORMED: Final = 400
UNSIGNED: Final = 403
UNKNOWN: Final = 404
OTHER_SIZE: Final = 409
INCONSISTENT: Final = 422
NOT_NOW: Final = 503

_SIZE_PREFIX: Final = "old "


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness last cosigned: the note with the log's signature and its own, and the second it signed at.

    `log_key` is the newest of the log's keys that had signed it.
    """

    stated: Checkpoint
    signed: Note
    time_s: int
    log_key: VerifierKey


@dataclass(frozen=True, slots=True)
class Request:
    """An `add-checkpoint`, well-formed but not yet believed."""

    old_size: int
    proof: tuple[bytes, ...]
    signed: Note
    stated: Checkpoint


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send, and what to remember before sending it.

    `memory` is None when nothing changes. `is_fork` says that the request holds a checkpoint by the log that
    contradicts the one last cosigned: with it, anybody can be shown that the log has two histories.
    """

    status: int
    body: bytes
    kind: str = PLAIN
    memory: Cosigned | None = None
    is_fork: bool = False


def shown_at(origin: str) -> str:
    """Return where a witness shows what it last cosigned of a log, below its address."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"


def decide(
    raw: bytes, last: Cosigned | None, *, log_keys: Sequence[VerifierKey], key: SigningKey, now_s: int
) -> Answer:
    """Answer one `add-checkpoint`; `last` is None if nothing was ever cosigned.

    `log_keys` are keys of one log in the order they follow each other. Once a newer one has signed, an older one signs
    nothing more (attack K1).
    """
    try:
        request = parse_request(raw)
    except MalformedInput as error:
        return _refuse(MALFORMED, error.sentence)
    if request.stated.origin != log_keys[0].name:
        return _refuse(UNKNOWN, "this witness does not know that log")
    try:
        log_key = newest_signer(request.signed, log_keys)
    except SignatureFailed as error:
        return _refuse(UNSIGNED, error.sentence)
    if last is not None and log_keys.index(log_key) < log_keys.index(last.log_key):
        return _refuse(UNSIGNED, "a newer key of the log has signed since: this one signs nothing more")
    return _decide_growth(request, last, log_key=log_key, key=key, now_s=now_s)


def newest_signer(signed: Note, log_keys: Sequence[VerifierKey]) -> VerifierKey:
    """Return the last of the log's keys that signed a note.

    Raises:
        SignatureFailed: none of them did, or one of their signatures is bad.

    """
    return max(note.verify(signed, log_keys), key=log_keys.index)


def parse_request(raw: bytes) -> Request:
    """Read the body of an `add-checkpoint`: the old size, the proof, an empty line, the signed checkpoint.

    Raises:
        MalformedInput: the body breaks the grammar or a limit, or the old size exceeds the new.

    """
    if len(raw) > MAX_REQUEST_BYTES:
        raise MalformedInput(f"a request is at most {MAX_REQUEST_BYTES} bytes", rule="witness.size")
    # Neither the size nor the hashes have an empty line, so the FIRST one ends them.
    head, gap, signed = raw.partition(b"\n\n")
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeError as error:
        raise MalformedInput("the head of a request is ASCII", rule="witness.form") from error
    if not gap or not first.startswith(_SIZE_PREFIX):
        raise MalformedInput("a request is an old size, a proof, an empty line and a checkpoint", rule="witness.form")
    if len(hashes) > MAX_HASHES:
        raise MalformedInput(f"a proof has at most {MAX_HASHES} hashes", rule="witness.length")
    old_size = checkpoint.parse_decimal(first.removeprefix(_SIZE_PREFIX))
    parsed = note.parse(signed)
    stated = checkpoint.parse_shape(parsed.text)
    if old_size > stated.size:
        raise MalformedInput("the old size is larger than the checkpoint's", rule="witness.old_size")
    return Request(old_size, tuple(note.decode_base64(each) for each in hashes), parsed, stated)


def _decide_growth(
    request: Request, last: Cosigned | None, *, log_key: VerifierKey, key: SigningKey, now_s: int
) -> Answer:
    """Answer a checkpoint that the log has signed by what was cosigned before it."""
    is_fork = last is not None and _contradicts(request.stated, last.stated)
    size = last.stated.size if last else 0
    if request.old_size != size:
        return Answer(OTHER_SIZE, f"{size}\n".encode(), SIZE, is_fork=is_fork)
    try:
        _check_growth(request, last)
    except AuditError as error:
        return _refuse(INCONSISTENT, error.sentence, is_fork=is_fork)
    if last is not None and now_s < last.time_s:
        # A time that the clock does not show is never sworn to, nor one before the last.
        return _refuse(NOT_NOW, "the clock of this witness is behind what it last swore to")
    return _cosign(request, log_key=log_key, key=key, now_s=now_s)


def _check_growth(request: Request, last: Cosigned | None) -> None:
    """Check that the log only grew since `last`; at first contact there is nothing it could contradict.

    Raises:
        AuditError: it did not, or the proof does not show it.

    """
    checkpoint.check_empty(request.stated)
    if last is None or last.stated.size == 0:
        # From a log of nothing every log has grown; there is no proof of it, so there must be none.
        if request.proof:
            raise MalformedInput("there is no proof from size 0", rule="witness.proof")
        return
    merkle.verify_consistency(
        last.stated.size, request.stated.size, last.stated.root, request.stated.root, request.proof
    )


def _contradicts(stated: Checkpoint, last: Checkpoint) -> bool:
    return stated.size == last.size and stated.root != last.root


def _cosign(request: Request, *, log_key: VerifierKey, key: SigningKey, now_s: int) -> Answer:
    """Swear to the checkpoint; of the lines it came with only the log's are kept, which are the ones checked."""
    line = cosignature.sign(request.signed.text, key, time_s=now_s)
    by_log = tuple(each for each in request.signed.signatures if each.is_by(log_key))
    signed = note.Note(request.signed.text, (by_log[0], line))
    return Answer(OK, line.line().encode(), memory=Cosigned(request.stated, signed, now_s, log_key))


def _refuse(status: int, sentence: str, *, is_fork: bool = False) -> Answer:
    return Answer(status, f"{sentence}\n".encode(), is_fork=is_fork)
