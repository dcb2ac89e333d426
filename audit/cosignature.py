"""Cosignatures (C2SP tlog-cosignature v1.0.1, Ed25519): a witness swears when it saw a checkpoint.

A cosignature commits to a time and to the whole checkpoint body, not to the witness's name: one key under two
names is still one witness. How many are enough is decided by `policy.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.errors import MalformedInput, SignatureFailed
from audit.note import COSIGNATURE, Signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.note import Note, SigningKey, VerifierKey

_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64
_MAX_TIME: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A good cosignature: which key, and the POSIX second at which its holder says it signed."""

    key: VerifierKey
    time_s: int


def message(body: str, time_s: int) -> bytes:
    """Return what a witness signs: a header, the time, and the checkpoint body with its extension lines."""
    return f"cosignature/v1\ntime {time_s}\n{body}".encode()


def sign(body: str, key: SigningKey, *, time_s: int) -> Signature:
    """Cosign a checkpoint body at `time_s`; to persist the state first is the witness's duty.

    Raises:
        MalformedInput: the time is not a POSIX second after the epoch.

    """
    if not 0 < time_s <= _MAX_TIME:
        raise MalformedInput("a cosignature needs a time", rule="cosignature.time")
    raw = time_s.to_bytes(_TIME_BYTES, "big") + key.sign(message(body, time_s))
    return Signature(key.name, key.verifier(COSIGNATURE).key_id, raw)


def verify(note: Note, keys: Iterable[VerifierKey]) -> list[Cosignature]:
    """Return the good cosignatures by `keys`, one per key and its newest; unknown lines are passed over.

    Raises:
        SignatureFailed: a line of a known key is bad.
        MalformedInput: a key is of a type that does not cosign (attack: a log key given as a witness key).

    """
    good: list[Cosignature] = []
    for key in keys:
        if key.algorithm != COSIGNATURE:
            raise MalformedInput(f"the key of {key.name} is for notes, not for cosigning", rule="cosignature.key_type")
        times = [_time(note.text, key, each) for each in note.signatures if each.is_by(key)]
        if times:
            good.append(Cosignature(key, max(times)))
    return good


def _time(body: str, key: VerifierKey, signature: Signature) -> int:
    """Check one cosignature of a known key and return its time."""
    raw_time, raw = signature.raw[:_TIME_BYTES], signature.raw[_TIME_BYTES:]
    time_s = int.from_bytes(raw_time, "big")
    has_form = len(raw) == _SIGNATURE_BYTES and 0 < time_s <= _MAX_TIME
    if not has_form or not key.is_signature_of(message(body, time_s), raw):
        raise SignatureFailed(f"the cosignature of {key.name} is bad", rule="cosignature.signature")
    return time_s
