"""A file that one person can read: sealed to their key, and written and read in pieces, however long it is.

An ephemeral X25519 key and the reader's give one secret per file (RFC 7748), HKDF-SHA-256 makes it a key (RFC 5869),
and ChaCha20-Poly1305 (RFC 8439) seals pieces of 64 KiB whose nonce counts them and marks the last: a piece that was
changed, moved, left out or added is noticed (STREAM, Hoang et al. 2015, as in age-encryption.org/v1). Who wrote a file
is not said here: its digest in the log says that. What is in it is `openings.py`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from audit import note
from audit.errors import MalformedInput, SignatureFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC: Final = b"aid-ledger sealed v1\n"
PIECE_BYTES: Final = 65_536
KEY_BYTES: Final = 32
TAG_BYTES: Final = 16

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_PUBLIC: Final = "openings"
_PRIVATE: Final = "PRIVATE-openings"


@dataclass(frozen=True, slots=True)
class ReaderKey:
    """Who can read: a name, and the public half of their key, written `openings+name+check+base64`."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key as it is typed from paper.

        Raises:
            MalformedInput: the form is wrong, or a letter was mistyped.

        """
        return cls(*_parse(_PUBLIC, text))

    def __str__(self) -> str:
        return _format(_PUBLIC, self.name, self.public)


@dataclass(frozen=True, slots=True)
class ReaderSecret:
    """The private half of a reader's key, which never leaves the reader's machine."""

    name: str
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key.

        Raises:
            MalformedInput: the name cannot name a key.

        """
        if not _NAME.fullmatch(name):
            raise MalformedInput("a name is short, of a-z, 0-9, dots and hyphens", rule="sealing.key")
        return cls(name, X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a private key; raises MalformedInput."""
        return cls(*_parse(_PRIVATE, text))

    def format(self) -> str:
        """Write the private key, for its file only."""
        return _format(_PRIVATE, self.name, self.secret)

    def reader(self) -> ReaderKey:
        """Return the public half."""
        public = X25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        return ReaderKey(self.name, public)


def seal(pieces: Iterable[bytes], key: ReaderKey) -> Iterator[bytes]:
    """Seal bytes that come in pieces of any length; gives the file in pieces.

    Raises:
        MalformedInput: the key is none that can be sealed to.

    """
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    cipher = _cipher(ephemeral, key.public, public + key.public)
    yield MAGIC + public
    held, count = bytearray(), 0
    for piece in pieces:
        held += piece
        # The last piece is known only when nothing follows, so a full one is kept back.
        while len(held) > PIECE_BYTES:
            yield cipher.encrypt(_nonce(count, is_last=False), bytes(held[:PIECE_BYTES]), None)
            del held[:PIECE_BYTES]
            count += 1
    yield cipher.encrypt(_nonce(count, is_last=True), bytes(held), None)


def unseal(file: IO[bytes], secret: ReaderSecret) -> Iterator[bytes]:
    """Open a sealed file piece by piece; each is authentic when it is given out, and the end when the last is.

    Raises:
        MalformedInput: it is no sealed file.
        SignatureFailed: it is for another reader, or was changed, cut off or lengthened.

    """
    head = file.read(len(MAGIC) + KEY_BYTES)
    if len(head) != len(MAGIC) + KEY_BYTES or not head.startswith(MAGIC):
        raise MalformedInput("not a sealed file", rule="sealing.form")
    public = head[len(MAGIC) :]
    own = X25519PrivateKey.from_private_bytes(secret.secret)
    cipher = _cipher(own, public, public + own.public_key().public_bytes_raw())
    piece, count = file.read(PIECE_BYTES + TAG_BYTES), 0
    while True:
        following = file.read(PIECE_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(count, is_last=not following), piece, None)
        except InvalidTag as error:
            sentence = f"piece {count} does not open with this key: it is another reader's, or was changed"
            raise SignatureFailed(sentence, rule="sealing.tag") from error
        if not following:
            return
        piece, count = following, count + 1


def _cipher(own: X25519PrivateKey, other: bytes, both: bytes) -> ChaCha20Poly1305:
    """Agree on the key of one file; both public keys go into it, so that neither can be exchanged."""
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError as error:
        raise MalformedInput("a key of small order is nobody's", rule="sealing.key") from error
    return ChaCha20Poly1305(HKDF(SHA256(), KEY_BYTES, salt=both, info=MAGIC).derive(shared))


def _nonce(count: int, *, is_last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([is_last])


def _format(prefix: str, name: str, raw: bytes) -> str:
    return f"{prefix}+{name}+{_check(name, raw)}+{note.encode_base64(raw)}"


def _parse(prefix: str, text: str) -> tuple[str, bytes]:
    # The base64 part may hold "+" itself.
    parts = text.split("+", 3)
    if len(parts) != 4 or parts[0] != prefix or not _NAME.fullmatch(parts[1]):  # noqa: PLR2004  # the four named above
        raise MalformedInput(f"a key for openings is {prefix}+name+check+key", rule="sealing.key")
    _prefix, name, check, encoded = parts
    raw = note.decode_base64(encoded)
    if len(raw) != KEY_BYTES or check != _check(name, raw):
        raise MalformedInput(f"the key of {name} was mistyped", rule="sealing.key")
    return name, raw


def _check(name: str, raw: bytes) -> str:
    """Return eight hex digits that catch a mistyped letter."""
    return sha256(MAGIC + name.encode() + b"\n" + raw).hexdigest()[:8]
