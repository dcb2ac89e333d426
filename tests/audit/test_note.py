"""Signed notes: strict lines, keys bound to their names, and no signature believed by accident (N1, N3, N4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import note
from audit.errors import MalformedInput, SignatureFailed
from audit.note import COSIGNATURE, Note, Signature, SigningKey, VerifierKey

ALICE = SigningKey("alice.example", b"a" * 32)
BOB = SigningKey("bob.example", b"b" * 32)
TEXT = "one\n\nthree\n"
SIGNED = note.sign(TEXT, ALICE, BOB)
LINE = SIGNED.decode().split("\n")[4]


def check(raw: bytes, *keys: SigningKey) -> list[str]:
    """Return the names of those who signed."""
    return [key.name for key in note.verify(note.parse(raw), [each.verifier() for each in keys])]


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "note.form"),
        (b"one\n", "note.form"),
        (b"one\n\n", "note.form"),
        (TEXT.encode(), "note.line"),
        (SIGNED[:-1], "note.form"),
        (SIGNED + b"\n", "note.form"),
        (SIGNED.replace(b"\n", b"\r\n"), "note.form"),
        (SIGNED.replace(b"one\n", b"one\r\n"), "note.text"),
        (SIGNED.replace(b"one", b"o\tne"), "note.text"),
        (SIGNED.replace(b"one", b"\xff"), "note.unicode"),
        (SIGNED + b"x\n", "note.line"),
        (SIGNED.replace("\u2014".encode(), b"-"), "note.line"),
        (SIGNED.replace("\u2014 bob".encode(), "\u2014  bob".encode()), "note.name"),
        (SIGNED.replace(b"bob.example", b"bob+example"), "note.name"),
        (SIGNED.replace(b"bob.example", "bob\u00a0x".encode()), "note.name"),
        (SIGNED.replace(b"bob.example ", b"bob.example  "), "note.base64"),
        (SIGNED.replace(b"bob.example ", b"bob.example"), "note.name"),
        (SIGNED.replace(b"bob.example ", b"bob.example *"), "note.base64"),
        (b"one\n\n\xe2\x80\x94 bob AAAA\n", "note.line"),
        (b"one\n\n\xe2\x80\x94 bob AAAAAB==\n", "note.base64"),
        (b"one\n\n" + (LINE + "\n").encode() * 101, "note.signatures"),
        (b"x" * 65_537, "note.size"),
    ],
)
def test_other_forms_are_refused(raw: bytes, rule: str) -> None:
    """N1: line ends, control characters, spaces, signs, spare bits, too many lines, too many bytes."""
    with pytest.raises(MalformedInput) as refusal:
        note.parse(raw)
    assert refusal.value.rule == rule


@pytest.mark.parametrize("text", ["", "one", "one\r\n", "o\x00\n", "\ud800\n"])
def test_what_is_no_text_is_not_signed(text: str) -> None:
    """The signer refuses what every reader would."""
    with pytest.raises(MalformedInput):
        note.sign(text, ALICE)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "\ud800", chr(0xDFFF), "a\x7f\x01"])
def test_what_is_no_name_names_no_key(name: str) -> None:
    """Empty, with spaces of any alphabet, with a plus, or without a UTF-8 form."""
    with pytest.raises(MalformedInput):
        SigningKey.generate(name)


def test_a_note_says_who_signed() -> None:
    """Known keys are reported once each, in the order they were asked for; strangers' lines are passed over."""
    assert check(SIGNED, ALICE) == ["alice.example"]
    assert check(SIGNED, BOB, ALICE, BOB) == ["bob.example", "alice.example"]
    assert note.parse(SIGNED).encode() == SIGNED
    assert note.parse(SIGNED).text == TEXT


def test_nobody_known_is_nobody() -> None:
    """A note without a line of a trusted key is unsigned."""
    with pytest.raises(SignatureFailed) as refusal:
        check(SIGNED, SigningKey("carol.example", b"c" * 32))
    assert refusal.value.rule == "note.unsigned"


def test_a_namesake_is_a_stranger() -> None:
    """N3: another key under the same name has another key ID."""
    with pytest.raises(SignatureFailed):
        check(SIGNED, SigningKey("alice.example", b"z" * 32))


def test_one_bad_line_of_a_known_key_spoils_the_note() -> None:
    """C2SP signed-note, Signatures: a known key's bad signature rejects the note, whoever else signed."""
    parsed = note.parse(SIGNED)
    good, other = parsed.signatures
    spoiled = replace(parsed, signatures=(good, replace(other, raw=good.raw)))
    with pytest.raises(SignatureFailed) as refusal:
        check(spoiled.encode(), ALICE, BOB)
    assert refusal.value.rule == "note.signature"
    repeated = replace(parsed, signatures=(good, replace(good, raw=other.raw)))
    with pytest.raises(SignatureFailed):
        check(repeated.encode(), ALICE)
    assert check(replace(parsed, signatures=(good, good)).encode(), ALICE) == ["alice.example"]


def test_a_short_signature_is_bad() -> None:
    """One byte is enough for the grammar, and never for a signature."""
    short = Note("x\n", (Signature("alice.example", ALICE.verifier().key_id, b"1"),))
    with pytest.raises(SignatureFailed):
        check(short.encode(), ALICE)


def test_a_witness_key_signs_no_notes() -> None:
    """N4: type 0x04 is never accepted where type 0x01 is asked for, though the key be the same."""
    with pytest.raises(MalformedInput) as refusal:
        note.verify(note.parse(SIGNED), [ALICE.verifier(COSIGNATURE)])
    assert refusal.value.rule == "note.key_type"


def test_every_flipped_bit_is_seen() -> None:
    """Text, names, key IDs, signatures: a note with one bit flipped is not signed by both any more."""
    for bit in range(len(SIGNED) * 8):
        bent = bytearray(SIGNED)
        bent[bit // 8] ^= 1 << bit % 8
        try:
            signers = check(bytes(bent), ALICE, BOB)
        except (MalformedInput, SignatureFailed):
            continue
        assert len(signers) == 1, "one line became a stranger's; the other still signs the same text"
        assert note.parse(bytes(bent)).text == TEXT


def test_keys_survive_being_written() -> None:
    """A key whose base64 holds a plus is read back, because the text is split at most twice."""
    keys = [SigningKey("a/b-c", bytes([number]) * 32) for number in range(60)]
    assert any("+" in note.format_vkey(key.verifier()).split("+", 2)[2] for key in keys)
    for key in keys:
        assert note.parse_vkey(str(key.verifier())) == key.verifier()
        assert note.parse_skey(note.format_skey(key)) == key
    assert SigningKey.generate("x") != SigningKey.generate("x")
    assert "seed" not in repr(keys[0])


VKEY = note.format_vkey(ALICE.verifier())
SKEY = note.format_skey(ALICE)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "vkey.form"),
        ("alice.example", "vkey.form"),
        (VKEY.replace("alice", "malory"), "vkey.key_id"),
        (VKEY.replace("+", "+0", 1), "vkey.key_id"),
        (VKEY.replace(VKEY.split("+")[1], VKEY.split("+")[1].upper()), "vkey.key_id"),
        ("+" + VKEY.split("+", 1)[1], "note.name"),
        (VKEY + "A", "note.base64"),
        (VKEY + "\n", "note.base64"),
        (VKEY[:-4], "vkey.type"),
        (note.format_vkey(VerifierKey("x", 2, b"k" * 32)), "vkey.type"),
        (note.format_vkey(VerifierKey("x", 1, b"k" * 31)), "vkey.type"),
    ],
)
def test_forged_verifier_keys_are_refused(text: str, rule: str) -> None:
    """N3: the key ID is recomputed from the name and the key."""
    with pytest.raises(MalformedInput) as refusal:
        note.parse_vkey(text)
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("PRIVATE+KEY+alice.example", "skey.form"),
        (VKEY + "+x+y", "skey.form"),
        (SKEY.replace("alice", "malory"), "skey.key_id"),
        (SKEY.replace(SKEY.split("+")[3], "zzzzzzzz"), "skey.key_id"),
        (SKEY.rsplit("+", 1)[0] + "+" + note.encode_base64(b"\x04" + b"a" * 32), "skey.type"),
        (SKEY.rsplit("+", 1)[0] + "+" + note.encode_base64(b"\x01a"), "skey.type"),
    ],
)
def test_forged_signing_keys_are_refused(text: str, rule: str) -> None:
    """A signing key whose parts do not belong together signs nothing."""
    with pytest.raises(MalformedInput) as refusal:
        note.parse_skey(text)
    assert refusal.value.rule == rule


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1), st.integers(1, 3))
def test_every_text_can_be_signed(text: str, lines: int) -> None:
    """Any text of printable characters, with empty lines of its own, comes back as it was signed."""
    text = (text + "\n") * lines
    assert note.parse(note.sign(text, ALICE)).text == text
    assert check(note.sign(text, ALICE), ALICE) == ["alice.example"]
