"""Personal data at rest: nothing opens but in its own place, and nothing is found without its key."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.crypto import (
    FieldKeys,
    IntegrityFailed,
    decrypt,
    encrypt,
    key_id_of,
    lookup_hash,
    new_salt,
    salted_commitment,
)

KEYS = FieldKeys(current="k1", keys={"k1": bytes(range(32))}, lookup=bytes(range(32, 64)))
HOME = {"table": "recipients_people", "column": "account", "row": "41"}
NIK = "3216070101900000"
names = st.text(max_size=20)


@pytest.mark.parametrize("part", ["table", "column", "row"])
def test_a_ciphertext_moved_elsewhere_does_not_open(part: str) -> None:
    """Cheat 6: a superuser copies one household's account over another's, changes it, and changes it back."""
    sealed = encrypt(KEYS, "1234567890", **HOME)

    with pytest.raises(IntegrityFailed, match="not made for its place"):
        decrypt(KEYS, sealed, **{**HOME, part: "other"})
    assert decrypt(KEYS, sealed, **HOME) == "1234567890"


@given(st.tuples(names, names, names), st.tuples(names, names, names))
def test_no_two_places_are_one(left: tuple[str, str, str], right: tuple[str, str, str]) -> None:
    """Cheat 6: ("ab", "c") and ("a", "bc") are two places; every part carries its length."""
    one = dict(zip(("table", "column", "row"), left, strict=True))
    other = dict(zip(("table", "column", "row"), right, strict=True))
    shifted = {"table": one["table"] + one["column"], "column": "", "row": one["row"]}
    sealed = encrypt(KEYS, NIK, **one)

    if shifted != one:
        with pytest.raises(IntegrityFailed):
            decrypt(KEYS, sealed, **shifted)
    if one == other:
        assert decrypt(KEYS, sealed, **other) == NIK
        return
    with pytest.raises(IntegrityFailed):
        decrypt(KEYS, sealed, **other)


def test_every_flipped_bit_is_noticed() -> None:
    """Cheat 6: no bit of a ciphertext is free, its header included."""
    sealed = encrypt(KEYS, NIK, **HOME)

    for place in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(IntegrityFailed):
            decrypt(KEYS, bytes(changed), **HOME)


def test_no_shortened_ciphertext_opens() -> None:
    """Cheat 6: cut anywhere, or lengthened, it is no ciphertext."""
    sealed = encrypt(KEYS, NIK, **HOME)

    for length in range(len(sealed)):
        with pytest.raises(IntegrityFailed):
            decrypt(KEYS, sealed[:length], **HOME)
    with pytest.raises(IntegrityFailed):
        decrypt(KEYS, sealed + b"\0", **HOME)


@pytest.mark.parametrize("key_id", [b"", b"\xff\xfe"])
def test_a_ciphertext_without_a_named_key_is_none(key_id: bytes) -> None:
    """Law: the header is checked before any key is looked for."""
    with pytest.raises(IntegrityFailed, match="no ciphertext"):
        decrypt(KEYS, bytes((1, len(key_id))) + key_id + bytes(28), **HOME)


def test_a_ciphertext_of_another_key_does_not_open() -> None:
    """Cheat: a ciphertext made under a key of the cheat's own, or relabelled to a known key."""
    foreign = FieldKeys.fresh()
    sealed = encrypt(foreign, NIK, **HOME)
    unknown = encrypt(foreign.with_next(), NIK, **HOME)

    with pytest.raises(IntegrityFailed, match="not made for its place"):
        decrypt(KEYS, sealed, **HOME)
    with pytest.raises(IntegrityFailed, match="no field key 'k2' on this host; it has k1"):
        decrypt(KEYS, unknown, **HOME)


def test_a_relabelled_key_id_is_noticed() -> None:
    """Cheat: the same key bytes under two ids; the id is part of the place."""
    key = bytes(32)
    keys = FieldKeys(current="k1", keys={"k1": key, "k2": key}, lookup=bytes(32))
    sealed = encrypt(keys, NIK, **HOME)

    with pytest.raises(IntegrityFailed):
        decrypt(keys, sealed.replace(b"k1", b"k2", 1), **HOME)


def test_refusals_and_reprs_say_nothing_secret() -> None:
    """Law P6: what ends in logs holds no key and no plaintext."""
    with pytest.raises(IntegrityFailed) as refused:
        decrypt(KEYS, encrypt(KEYS, NIK, **HOME), **{**HOME, "row": "42"})

    assert NIK not in str(refused.value)
    assert repr(KEYS) == "FieldKeys(current='k1', ids=['k1'])"


@given(st.text(max_size=200), names, names, names)
def test_what_was_encrypted_opens_in_its_place(plaintext: str, table: str, column: str, row: str) -> None:
    """Law: encryption loses nothing, and equal plaintexts never look alike."""
    one = encrypt(KEYS, plaintext, table=table, column=column, row=row)
    other = encrypt(KEYS, plaintext, table=table, column=column, row=row)

    assert decrypt(KEYS, one, table=table, column=column, row=row) == plaintext
    assert one != other
    assert plaintext.encode() not in one or len(plaintext) < 4


def test_the_format_is_as_written_down() -> None:
    """Law: version, key id, nonce, AES-256-GCM with the length-prefixed place as associated data."""
    sealed = encrypt(KEYS, "rahasia", table="t", column="c", row="r")
    place = b"aid-field-v1\n" + b"".join(len(p).to_bytes(4, "big") + p for p in (b"t", b"c", b"r", b"k1"))

    assert sealed[:4] == b"\x01\x02k1"
    assert AESGCM(bytes(range(32))).decrypt(sealed[4:16], sealed[16:], place) == b"rahasia"


def test_older_keys_open_and_the_newest_seals() -> None:
    """Law: rotation makes nothing unreadable, and finds what is still to be re-encrypted."""
    old = encrypt(KEYS, NIK, **HOME)
    rotated = KEYS.with_next()
    new = encrypt(rotated, NIK, **HOME)

    assert decrypt(rotated, old, **HOME) == decrypt(rotated, new, **HOME) == NIK
    assert (key_id_of(old), key_id_of(new), rotated.ids) == ("k1", "k2", ("k1", "k2"))
    assert lookup_hash(KEYS, "nik", NIK) == lookup_hash(rotated, "nik", NIK)
    with pytest.raises(IntegrityFailed):
        decrypt(KEYS, new, **HOME)


@pytest.mark.parametrize(
    ("current", "keys", "lookup"),
    [
        ("k2", {"k1": bytes(32)}, bytes(32)),
        ("k1", {"k1": bytes(31)}, bytes(32)),
        ("k1", {"k1": bytes(32)}, bytes(16)),
        ("", {"": bytes(32)}, bytes(32)),
        ("k/1", {"k/1": bytes(32)}, bytes(32)),
        ("k" * 33, {"k" * 33: bytes(32)}, bytes(32)),
        ("\u0663", {"\u0663": bytes(32)}, bytes(32)),
    ],
    ids=["unknown current", "short key", "short lookup", "no id", "sign in id", "long id", "foreign digits"],
)
def test_bad_keys_are_refused(current: str, keys: dict[str, bytes], lookup: bytes) -> None:
    """Law: no key weaker than 256 bits, no id that a header cannot hold."""
    with pytest.raises(ValueError, match="key"):
        FieldKeys(current=current, keys=keys, lookup=lookup)


def test_a_lookup_needs_its_field_and_its_key() -> None:
    """Cheat 13: one table of hashes opens neither another field nor another agency, nor anything without the key."""
    ours = lookup_hash(KEYS, "nik", NIK)

    assert ours == lookup_hash(KEYS, "nik", NIK)
    assert len(ours) == 32
    assert ours != lookup_hash(KEYS, "kk", NIK)
    assert ours != lookup_hash(KEYS, "nik", NIK[:-1] + "1")
    assert ours != lookup_hash(FieldKeys.fresh(), "nik", NIK)
    assert ours != hashlib.sha256(NIK.encode()).digest()
    assert ours != hmac.digest(bytes(range(32, 64)), NIK.encode(), "sha256")


def test_a_commitment_tells_nothing_without_its_salt() -> None:
    """Cheat 13: all NIKs of a kabupaten are tried in half a minute; a fresh salt per fact ends that."""
    salts = new_salt(), new_salt()
    one, other = (salted_commitment("recipient", salt, NIK.encode()) for salt in salts)

    assert salts[0] != salts[1]
    assert [len(salt) for salt in salts] == [32, 32]
    assert one != other
    assert one != salted_commitment("account", salts[0], NIK.encode())
    assert one == salted_commitment("recipient", salts[0], NIK.encode())


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_commitment_takes_no_weaker_salt(length: int) -> None:
    """Law 13: 256 bits, neither fewer nor a longer text that shifts into the content."""
    with pytest.raises(ValueError, match="salt"):
        salted_commitment("recipient", bytes(length), NIK.encode())


def test_a_commitment_is_recomputed_from_its_description() -> None:
    """Law: an auditor needs a hash function, a salt and the bytes; golden."""
    by_hand = hashlib.sha256(b"aid-commitment-v1\n" + b"\0\0\0\x09recipient" + bytes(32) + b"{}").hexdigest()

    assert salted_commitment("recipient", bytes(32), b"{}").hex() == by_hand
