"""Signed notes (C2SP signed-note v1.0.0): a text, and lines by which named keys vouch for it.

This file knows Ed25519 signatures of the text itself (type 0x01) and how keys are written down. What the text
says is the business of `checkpoint.py`; witnesses' timestamped signatures (type 0x04) are in `cosignature.py`,
and the two types are never accepted for each other.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import MalformedInput, SignatureFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ED25519: Final = 0x01
"""Ed25519 over the text of the note (C2SP signed-note, Signature types)."""
COSIGNATURE: Final = 0x04
"""Ed25519 over a timestamp and a checkpoint (C2SP tlog-cosignature)."""
MAX_NOTE_BYTES: Final = 65_536
"""House rule: a checkpoint with a hundred cosignatures is some 15 kB; nothing we sign comes near this."""
MAX_SIGNATURES: Final = 100
"""As in golang.org/x/mod/sumdb/note: more lines would only make the reader work."""

_KEY_ID_BYTES: Final = 4
_PUBLIC_BYTES: Final = 32
_DASH: Final = "\u2014 "
_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"
_HEX8: Final = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key as people pass it around: a name, an algorithm and 32 bytes."""

    name: str
    algorithm: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes by which signature lines point at this key."""
        return key_id(self.name, bytes([self.algorithm]) + self.public)

    def __str__(self) -> str:
        return format_vkey(self)

    def is_signature_of(self, message: bytes, signature: bytes) -> bool:
        """Say whether the 64 raw Ed25519 bytes sign `message`, whatever the message stands for."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signs(Protocol):
    """What signs notes: a key in a file, or a device that never shows its key."""

    @property
    def name(self) -> str:
        """The name in its signature lines."""
        ...

    def verifier(self) -> VerifierKey:
        """Return the public half, for notes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64 raw Ed25519 bytes over `message`."""
        ...


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key for signing notes; its seed never appears in `repr`."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key from the operating system's randomness."""
        check_name(name)
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    def verifier(self, algorithm: int = ED25519) -> VerifierKey:
        """Return the public half, for notes (ED25519) or for witnessing (COSIGNATURE)."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return VerifierKey(self.name, algorithm, public)

    def sign(self, message: bytes) -> bytes:
        """Return the 64 raw Ed25519 bytes over `message`."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, not yet believed: who it says it is from, and the bytes after the key ID."""

    name: str
    key_id: bytes
    raw: bytes

    def line(self) -> str:
        """Write the line with its final newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.raw)}\n"

    def is_by(self, key: VerifierKey) -> bool:
        """Say whether the line names this key: both the name and the key ID must match."""
        return self.name == key.name and self.key_id == key.key_id


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its signature lines, well-formed but not yet believed."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Write the note as it travels."""
        return (self.text + "\n" + "".join(each.line() for each in self.signatures)).encode()


def key_id(name: str, typed: bytes) -> bytes:
    """Return SHA-256(name || 0x0A || type || public key)[:4] (C2SP signed-note, Signatures)."""
    return sha256(name.encode() + b"\n" + typed).digest()[:_KEY_ID_BYTES]


def parse_vkey(text: str) -> VerifierKey:
    """Read `name+hex8(key ID)+base64(type || public key)` and recompute the key ID.

    Raises:
        MalformedInput: the form is wrong, the type is not 0x01 or 0x04, or the key ID is forged.

    """
    # The base64 part may hold "+" itself, so the text is split at most twice.
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004  # name, key ID, key
        raise MalformedInput("a verifier key is name+id+key", rule="vkey.form")
    name, identity, encoded = parts
    check_name(name)
    typed = decode_base64(encoded)
    if len(typed) != 1 + _PUBLIC_BYTES or typed[0] not in {ED25519, COSIGNATURE}:
        raise MalformedInput("a verifier key is not Ed25519 of type 1 or 4", rule="vkey.type")
    if not _HEX8.fullmatch(identity) or bytes.fromhex(identity) != key_id(name, typed):
        raise MalformedInput(f"the key ID of {name} does not belong to its key", rule="vkey.key_id")
    return VerifierKey(name, typed[0], typed[1:])


def format_vkey(key: VerifierKey) -> str:
    """Write a verifier key."""
    return f"{key.name}+{key.key_id.hex()}+{encode_base64(bytes([key.algorithm]) + key.public)}"


def parse_skey(text: str) -> SigningKey:
    """Read `PRIVATE+KEY+name+hex8+base64(0x01 || seed)`, the convention of Go's note package.

    Raises:
        MalformedInput: the form is wrong or the key ID does not belong to the seed.

    """
    parts = text.split("+", 4)
    if len(parts) != 5 or not text.startswith(_PRIVATE_PREFIX):  # noqa: PLR2004  # PRIVATE, KEY, name, ID, seed
        raise MalformedInput("a signing key is PRIVATE+KEY+name+id+key", rule="skey.form")
    name, identity, encoded = parts[2:]
    check_name(name)
    typed = decode_base64(encoded)
    if len(typed) != 1 + _PUBLIC_BYTES or typed[0] != ED25519:
        raise MalformedInput("a signing key is not Ed25519 of type 1", rule="skey.type")
    key = SigningKey(name, typed[1:])
    if not _HEX8.fullmatch(identity) or bytes.fromhex(identity) != key.verifier().key_id:
        raise MalformedInput(f"the key ID of {name} does not belong to its seed", rule="skey.key_id")
    return key


def format_skey(key: SigningKey) -> str:
    """Write a signing key; the caller sees to it that nobody else reads it."""
    typed = bytes([ED25519]) + key.seed
    return f"{_PRIVATE_PREFIX}{key.name}+{key.verifier().key_id.hex()}+{encode_base64(typed)}"


def parse(raw: bytes) -> Note:
    """Split a note into text and signature lines, strictly: writing it again gives the same bytes.

    Raises:
        MalformedInput: the note breaks the grammar or a limit.

    """
    if len(raw) > MAX_NOTE_BYTES:
        raise MalformedInput(f"a note is at most {MAX_NOTE_BYTES} bytes", rule="note.size")
    try:
        whole = raw.decode()
    except UnicodeError as error:
        raise MalformedInput("a note is UTF-8", rule="note.unicode") from error
    # The text may hold empty lines of its own, so the LAST one ends it.
    text, gap, lines = whole.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise MalformedInput("a note is text, an empty line and signature lines", rule="note.form")
    text += "\n"
    _check_text(text)
    signatures = lines[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise MalformedInput(f"a note has at most {MAX_SIGNATURES} signatures", rule="note.signatures")
    return Note(text, tuple(parse_signature(each) for each in signatures))


def parse_signature(line: str) -> Signature:
    """Read one signature line without its newline.

    Raises:
        MalformedInput: the line breaks the grammar.

    """
    dash, name, encoded = line[: len(_DASH)], *line[len(_DASH) :].partition(" ")[::2]
    if dash != _DASH:
        raise MalformedInput("a signature line begins with an em dash", rule="note.line")
    check_name(name)
    blob = decode_base64(encoded)
    if len(blob) <= _KEY_ID_BYTES:
        raise MalformedInput("a signature line holds no signature", rule="note.line")
    return Signature(name, blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:])


def sign(text: str, *keys: Signs) -> bytes:
    """Write `text` as a note signed by each of `keys`, in their order.

    Raises:
        MalformedInput: the text cannot be the text of a note.

    """
    _check_text(text)
    lines = (Signature(key.name, key.verifier().key_id, key.sign(text.encode())) for key in keys)
    return Note(text, tuple(lines)).encode()


def verify(note: Note, keys: Iterable[VerifierKey]) -> Sequence[VerifierKey]:
    """Return which of `keys` signed the note, each once; unknown lines are passed over.

    Raises:
        SignatureFailed: a line of a known key is bad, or no known key has signed.
        MalformedInput: a key is of a type that does not sign notes (attack: a witness key given as a log key).

    """
    good: list[VerifierKey] = []
    message = note.text.encode()
    for key in keys:
        if key.algorithm != ED25519:
            raise MalformedInput(f"the key of {key.name} is for cosigning, not for notes", rule="note.key_type")
        for signature in note.signatures:
            if not signature.is_by(key):
                continue
            if not key.is_signature_of(message, signature.raw):
                raise SignatureFailed(f"the signature of {key.name} is bad", rule="note.signature")
            if key not in good:
                good.append(key)
    if not good:
        raise SignatureFailed("no key that is trusted has signed", rule="note.unsigned")
    return good


def check_name(name: str) -> None:
    """Refuse what cannot name a key: nothing, spaces of any alphabet, "+" (C2SP signed-note, Format).

    Raises:
        MalformedInput: the name is not one.

    """
    if not name or "+" in name or any(letter.isspace() or letter < " " or _is_half(letter) for letter in name):
        raise MalformedInput("a key name is empty or holds a space, a control character or a plus", rule="note.name")


def encode_base64(raw: bytes) -> str:
    """Write standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(raw).decode()


def decode_base64(text: str) -> bytes:
    """Read base64 that has exactly one spelling; Python alone ignores stray bits and some padding.

    Raises:
        MalformedInput: decoding and encoding again does not give `text`.

    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedInput("not base64", rule="note.base64") from error
    if encode_base64(raw) != text:
        raise MalformedInput("base64 with stray bits", rule="note.base64")
    return raw


def _is_half(letter: str) -> bool:
    """Say whether this is half a surrogate pair, which has no UTF-8 form to sign."""
    return "\ud800" <= letter <= "\udfff"


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any((letter < " " and letter != "\n") or _is_half(letter) for letter in text):
        raise MalformedInput("the text of a note ends its last line and has no control characters", rule="note.text")
