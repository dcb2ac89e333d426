"""Personal data at rest: encryption bound to its place, lookups without plaintext, commitments that cannot be guessed.

A ciphertext opens only in the table, column and row it was made for, so that a superuser cannot give one household
the account of another by copying cells. Log and receipt signatures are not made here; only the care of private files
is shared. Keys live in a file outside the database and outside its backups.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT: Final = 1
"""The first byte of every ciphertext: format, length of the key id, key id, nonce, ciphertext and tag."""

KEY_BYTES: Final = 32
SALT_BYTES: Final = 32
"""A kabupaten's NIKs can all be tried in half a minute; 256 fresh bits per commitment cannot (THREATS 13)."""

_NONCE_BYTES: Final = 12
"""Random 96-bit nonces are safe for 2**32 ciphertexts per key; rotate long before that."""

_TAG_BYTES: Final = 16
_KEY_ID_LIMIT: Final = 32
_FIELD_DOMAIN: Final = b"aid-field-v1\n"
_LOOKUP_DOMAIN: Final = b"aid-lookup-v1\n"
_COMMITMENT_DOMAIN: Final = b"aid-commitment-v1\n"


class IntegrityFailed(RuntimeError):
    """A ciphertext does not open here: moved from its place, altered, or made under a key this host lacks.

    It is never shown to people and never means "wrong input": somebody touched the database, or restored it without
    its keys.
    """


class FieldKeys:
    """The keys for personal data: by id, one of them current, and the root of the lookup keys.

    Ciphers and derived keys are built once and kept; an object may be shared by threads.
    """

    __slots__ = ("_ciphers", "_keys", "_lookup", "_lookup_keys", "current")

    def __init__(self, *, current: str, keys: Mapping[str, bytes], lookup: bytes) -> None:
        """Take keys of 32 bytes under ASCII ids; `current` names the one that encrypts."""
        for key_id, key in keys.items():
            _require_key(key_id, key)
        _require_key("lookup", lookup)
        if current not in keys:
            raise ValueError(f"the current key {current!r} is not among the keys")
        self.current = current
        self._keys = dict(keys)
        self._lookup = lookup
        self._ciphers = {key_id: AESGCM(key) for key_id, key in self._keys.items()}
        self._lookup_keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        """Show ids only: reprs end in logs."""
        return f"FieldKeys(current={self.current!r}, ids={sorted(self._keys)!r})"

    @classmethod
    def fresh(cls) -> Self:
        """Make a first set of random keys, kept nowhere."""
        return cls(current="k1", keys={"k1": secrets.token_bytes(KEY_BYTES)}, lookup=secrets.token_bytes(KEY_BYTES))

    def with_next(self) -> FieldKeys:
        """Add a random key and make it current; the older ones stay, to decrypt.

        The lookup key stays too: hashes under another one would find nobody.
        """
        key_id = f"k{len(self._keys) + 1}"
        keys = {**self._keys, key_id: secrets.token_bytes(KEY_BYTES)}
        return FieldKeys(current=key_id, keys=keys, lookup=self._lookup)

    @property
    def ids(self) -> tuple[str, ...]:
        """List the key ids, oldest first."""
        return tuple(self._keys)

    def export(self) -> tuple[dict[str, bytes], bytes]:
        """Hand out the raw keys and the lookup root, for the key file only."""
        return dict(self._keys), self._lookup

    def cipher(self, key_id: str) -> AESGCM:
        """Give the cipher of a key.

        Raises:
            IntegrityFailed: this host has no such key.
        """
        try:
            return self._ciphers[key_id]
        except KeyError:
            raise IntegrityFailed(
                f"no field key {key_id!r} on this host; it has {', '.join(sorted(self._keys))}"
            ) from None

    def lookup_key(self, field: str) -> bytes:
        """Derive the lookup key of one field (HKDF-SHA-256), so that equal values in two fields hash apart."""
        key = self._lookup_keys.get(field)
        if key is None:
            hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_LOOKUP_DOMAIN + field.encode())
            key = self._lookup_keys[field] = hkdf.derive(self._lookup)
        return key


def encrypt(keys: FieldKeys, plaintext: str, *, table: str, column: str, row: str) -> bytes:
    """Encrypt one field for one place (AES-256-GCM, current key); equal plaintexts never look alike.

    `row` is whatever names the row for good: its primary key, or a random seal stored beside the ciphertext.
    """
    key_id = keys.current
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = keys.cipher(key_id).encrypt(nonce, plaintext.encode(), _place(table, column, row, key_id))
    return b"".join((bytes((FORMAT, len(key_id))), key_id.encode(), nonce, sealed))


def decrypt(keys: FieldKeys, ciphertext: bytes, *, table: str, column: str, row: str) -> str:
    """Open a ciphertext in its place.

    Raises:
        IntegrityFailed: it was moved from another table, column or row, altered, or its key is not on this host.
    """
    key_id, nonce, sealed = _take_apart(ciphertext)
    cipher = keys.cipher(key_id)
    try:
        return cipher.decrypt(nonce, sealed, _place(table, column, row, key_id)).decode()
    except InvalidTag:
        raise IntegrityFailed(
            f"a ciphertext in {table}.{column} was not made for its place or was altered (key {key_id})"
        ) from None


class Opener:
    """Opens many ciphertexts of one column; what all their places share is written once."""

    def __init__(self, keys: FieldKeys, *, table: str, column: str) -> None:
        self._keys = keys
        self._name = f"{table}.{column}"
        self._head = _FIELD_DOMAIN + _prefixed(table) + _prefixed(column)
        self._tails: dict[str, bytes] = {}

    def open(self, ciphertext: bytes, row: str) -> str:
        """Open one ciphertext in its row; raises IntegrityFailed as `decrypt` does."""
        key_id, nonce, sealed = _take_apart(ciphertext)
        tail = self._tails.get(key_id)
        if tail is None:
            tail = self._tails[key_id] = _prefixed(key_id)
        try:
            return self._keys.cipher(key_id).decrypt(nonce, sealed, self._head + _prefixed(row) + tail).decode()
        except InvalidTag:
            raise IntegrityFailed(
                f"a ciphertext in {self._name} was not made for its place or was altered (key {key_id})"
            ) from None


def key_id_of(ciphertext: bytes) -> str:
    """Tell which key a ciphertext needs, so that re-encryption finds the old ones without opening any.

    Raises:
        IntegrityFailed: it is no ciphertext of this product.
    """
    return _take_apart(ciphertext)[0]


def lookup_hash(keys: FieldKeys, field: str, value: str) -> bytes:
    """Hash a value for finding and comparing without plaintext (HMAC-SHA-256 under the field's own key, 32 bytes).

    The caller normalises the value first: a NIK without blanks, a phone as +62.
    """
    return hmac.digest(keys.lookup_key(field), value.encode(), "sha256")


def new_salt() -> bytes:
    """Make the salt of one commitment; a salt is used once and lies outside the log."""
    return secrets.token_bytes(SALT_BYTES)


def salted_commitment(domain: str, salt: bytes, canonical: bytes) -> bytes:
    r"""Commit to bytes: SHA-256("aid-commitment-v1\n" + len32(domain) + domain + salt + canonical), 32 bytes.

    An auditor who is given salt and bytes recomputes it; without the salt there is nothing to try.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(b"".join((commitment_head(domain), salt, canonical))).digest()


def secret_salt(keys: FieldKeys, field: str, salt: bytes) -> bytes:
    """Derive the salt of a commitment that lies beside its row: a stolen database holds `salt`, but not this.

    With the stored salt alone, whoever knows a name could try the NIKs of a village. An auditor is handed the derived
    salt with the plaintext, and needs no key.
    """
    return hmac.digest(keys.lookup_key(field), salt, "sha256")


def commitment_head(domain: str) -> bytes:
    """Write what precedes the salt in every commitment of a domain, for databases that hash many rows themselves."""
    return _COMMITMENT_DOMAIN + _prefixed(domain)


def _take_apart(ciphertext: bytes) -> tuple[str, bytes, bytes]:
    """Split a ciphertext into key id, nonce, and sealed bytes."""
    raw = bytes(ciphertext)
    id_length = raw[1] if len(raw) > 1 else 0
    start = 2 + id_length
    is_whole = len(raw) >= start + _NONCE_BYTES + _TAG_BYTES
    key_id = raw[2:start]
    if not is_whole or raw[0] != FORMAT or not key_id or not key_id.isascii():
        raise IntegrityFailed("these bytes are no ciphertext of a field")
    return key_id.decode("ascii"), raw[start : start + _NONCE_BYTES], raw[start + _NONCE_BYTES :]


def _place(table: str, column: str, row: str, key_id: str) -> bytes:
    """Write a place so that no two places share their bytes: every part carries its length."""
    return _FIELD_DOMAIN + b"".join(map(_prefixed, (table, column, row, key_id)))


def _prefixed(part: str) -> bytes:
    raw = part.encode()
    return len(raw).to_bytes(4, "big") + raw


def _require_key(key_id: str, key: bytes) -> None:
    is_named = 0 < len(key_id) <= _KEY_ID_LIMIT and key_id.isascii() and key_id.isalnum()
    if not is_named or len(key) != KEY_BYTES:
        raise ValueError(f"key {key_id!r} needs a short ASCII name and {KEY_BYTES} bytes")
