"""A token of time: what a real authority gives is good, and whatever a lying one writes is refused by its rule."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from audit import timestamp
from audit.errors import AuditError
from audit.pdf import der
from audit.timestamp import Authority, Stamped
from tests.audit import time_authority as made
from tests.audit.time_authority import (
    AT,
    CA,
    CLOCK,
    NONCE,
    NOW_S,
    NULL,
    OIDS,
    TEXT,
    TIME_STAMPING,
    YEAR,
    Forger,
    Pair,
    PrivateKey,
    algorithm,
    attribute,
    certified,
    integer,
    octets,
    p256,
    rsa_key,
    sequence,
)

DIGEST = hashlib.sha256(TEXT.encode()).digest()
HASHED = octets(hashlib.sha256(CLOCK.der).digest())


def opened(token: bytes, authority: Authority = CA.pinned, now_s: int = NOW_S) -> Stamped:
    """Open a token."""
    return timestamp.open_token(token, authority, now_s=now_s)


def refused(token: bytes, authority: Authority = CA.pinned, now_s: int = NOW_S) -> tuple[str, str]:
    """Open a token in vain; give rule and sentence."""
    with pytest.raises(AuditError) as caught:
        opened(token, authority, now_s)
    return caught.value.rule, caught.value.sentence


def answered(answer: bytes, *, text: str = TEXT, nonce: int = NONCE) -> tuple[bytes, Stamped]:
    """Check an answer."""
    return timestamp.check_answer(answer, CA.pinned, text=text, nonce=nonce, now_s=NOW_S)


def refused_answer(answer: bytes, *, text: str = TEXT, nonce: int = NONCE) -> tuple[str, str]:
    """Check an answer in vain; give rule and sentence."""
    with pytest.raises(AuditError) as caught:
        answered(answer, text=text, nonce=nonce)
    return caught.value.rule, caught.value.sentence


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("key", [p256(4), rsa_key(), ec.generate_private_key(ec.SECP384R1())])
def test_a_real_authority_is_asked_and_believed(tmp_path: Path, key: PrivateKey, digest: str) -> None:
    """What `openssl ts` answers to our question is a token it verifies itself, and it says its own clock and nonce."""
    authority = made.openssl(tmp_path, key, digest=digest)
    pinned = timestamp.load_authority((tmp_path / "ca.pem").read_bytes())
    asked_s = int(time.time())
    answer = authority.answer(timestamp.request(TEXT, NONCE))
    token, stated = timestamp.check_answer(answer, pinned, text=TEXT, nonce=NONCE, now_s=asked_s + 5)
    assert authority.verifies(token, TEXT)
    assert (stated.nonce, stated.authority, stated.accuracy_s, stated.serial) == (NONCE, "CN=Jam", 3, 2)
    assert asked_s - 1 <= stated.at.timestamp() <= time.time()
    assert stated.latest == stated.at + dt.timedelta(seconds=3)
    assert opened(token, authority.clock.pinned, asked_s + 5) == stated
    assert refused(token, CA.pinned, asked_s + 5)[0] == "timestamp.authority"


def said(token: bytes) -> Stamped | None:
    """Give what a token says; None if it is refused."""
    try:
        return opened(token)
    except AuditError:
        return None


def test_no_changed_byte_makes_a_token_say_something_else() -> None:
    """Which hashes are announced, and what lies between the parts, nobody looks at; all that is said is signed."""
    token = Forger().token()
    bent = [said(token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]) for at in range(len(token))]
    assert [each for each in bent if each is not None] == [opened(token)] * sum(each is not None for each in bent)
    assert sum(each is None for each in bent) > 0.9 * len(token)


def test_a_question_is_as_others_write_it() -> None:
    """RFC 3161 2.4.1: version, imprint, nonce as a positive number, and the wish for the certificate."""
    imprint = sequence(algorithm("sha256"), octets(DIGEST))
    asked = sequence(integer(1), imprint, integer(NONCE), b"\x01\x01\xff")
    assert timestamp.request(TEXT, NONCE) == asked
    assert timestamp.request(TEXT, 1)[-6:] == b"\x02\x01\x01\x01\x01\xff"


def test_a_good_token_says_what_it_says() -> None:
    """The whole of it, and whether it is over a text."""
    stated = opened(Forger().token())
    assert stated.imprint == DIGEST
    assert (stated.at, stated.latest, stated.accuracy_s, stated.serial, stated.nonce) == (AT, AT, 0, 77, NONCE)
    assert stated.authority == "CN=Jam Contoh"
    assert (stated.covers(TEXT), stated.covers(TEXT + "\n")) == (True, False)
    timestamp.check_text(stated, TEXT)
    assert opened(Forger(nonce=None).token()).nonce is None
    token = Forger().token()
    assert opened(token + b"") == stated
    assert answered(Forger().answer(1))[1] == stated


def test_an_answer_is_to_this_question() -> None:
    """Another nonce is yesterday's answer, another imprint somebody else's; a refusal is no token."""
    token, _ = answered(Forger().answer())
    assert token[:2] == b"\x30\x82"
    assert refused_answer(Forger(nonce=7).answer()) == ("timestamp.nonce", "the token answers to another question")
    assert refused_answer(Forger(nonce=None).answer())[0] == "timestamp.nonce"
    other = "the token is over another checkpoint"
    assert refused_answer(Forger(text="other\n").answer()) == ("timestamp.imprint", other)
    assert refused_answer(sequence(sequence(integer(2)))) == (
        "timestamp.status",
        "the authority gives no token, status 2",
    )
    assert refused_answer(Forger().answer(-1))[1] == "the authority gives no token, status -1"
    assert refused_answer(Forger().answer(2))[0] == "timestamp.status"
    assert refused_answer(sequence(sequence(integer(0))))[0] == "timestamp.status"
    twice = sequence(sequence(integer(0)), Forger().token(), Forger().token())
    assert refused_answer(twice)[0] == "timestamp.status"


@pytest.mark.parametrize("answer", [b"", b"<html>", sequence(), sequence(sequence()), sequence(NULL), b"0" * 99])
def test_noise_is_no_answer(answer: bytes) -> None:
    """Whatever a server sends under status 200."""
    assert refused_answer(answer) == ("timestamp.form", "no answer of an authority of time")


SMALL = Pair(certified("Jam", rsa_key(1024), by=CA, purpose=TIME_STAMPING), rsa_key(1024))
CURVE = ec.derive_private_key(9, ec.SECP224R1())
NARROW = Pair(certified("Jam", CURVE, by=CA, purpose=TIME_STAMPING), CURVE)
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(b"e" * 32)
STRANGE = Pair(certified("Jam", EDWARDS, by=CA, purpose=TIME_STAMPING), EDWARDS)
RSA = Pair(certified("Jam RSA", rsa_key(), by=CA, purpose=TIME_STAMPING), rsa_key())
SHA384 = hashes.SHA384()
SHA1 = hashes.SHA1()  # noqa: S303 - what must be refused


@pytest.mark.parametrize(
    "forger",
    [
        Forger(clock=RSA),
        Forger(clock=RSA, signature_algorithm=algorithm("rsa-sha256", NULL)),
        Forger(clock=RSA, hashed=SHA384, signature_algorithm=algorithm("rsa-sha384")),
        Forger(clock=RSA, hashed=hashes.SHA512(), signature_algorithm=algorithm("rsa-sha512", NULL)),
        Forger(hashed=SHA384, parameters=(NULL,)),
        Forger(hashed=hashes.SHA512()),
        Forger(certificates=(CA.der, CLOCK.der)),
        Forger(between=(der.write(0xA1),)),
        Forger(named=attribute("certificate", sequence(sequence(sequence(algorithm("sha256"), HASHED))))),
        Forger(
            named=attribute(
                "certificate",
                sequence(sequence(sequence(algorithm("sha384"), octets(hashlib.sha384(CLOCK.der).digest())))),
            )
        ),
        Forger(imprint=sequence(algorithm("sha512"), octets(hashlib.sha512(TEXT.encode()).digest()))),
    ],
)
def test_authorities_have_their_own_taste(forger: Forger) -> None:
    """Two kinds of keys, three hashes, spare certificates and lists: nothing of it is ours to refuse."""
    assert opened(forger.token()).covers(TEXT)


FORM = "timestamp.form"
SIGNATURE = "timestamp.signature"
ROOM = (FORM, "a value holds more or less than it has room for")
UNCARRIED = (SIGNATURE, "what is signed is not what is carried")
WEAK = (SIGNATURE, "signed by a kind or size of key that is not believed")
HASHLESS = (FORM, "another hash than SHA-256, SHA-384 and SHA-512")
VERSIONLESS = (FORM, "no signed data of the version there is")
KNOWN = (
    attribute("content-type", der.object_id(OIDS["tst-info"])),
    attribute("digest", octets(hashlib.sha256(Forger().info()).digest())),
    attribute("certificate", sequence(sequence(sequence(HASHED)))),
)


@pytest.mark.parametrize(
    ("bent", "refusal"),
    [
        ({"kind": "tst-info"}, VERSIONLESS),
        ({"versions": (1, 1)}, VERSIONLESS),
        ({"versions": (3, 3)}, VERSIONLESS),
        ({"content_type": "policy"}, UNCARRIED),
        ({"said_type": "policy"}, UNCARRIED),
        ({"content_type": "policy", "said_type": "policy"}, UNCARRIED),
        ({"digested": b"d" * 32}, UNCARRIED),
        ({"attributes": KNOWN[1:]}, UNCARRIED),
        ({"attributes": (KNOWN[0], KNOWN[2])}, UNCARRIED),
        ({"attributes": (*KNOWN, KNOWN[0])}, (FORM, "a signed attribute is there twice")),
        ({"attributes": (*KNOWN, attribute("policy"))}, ROOM),
        ({"attributes": (*KNOWN, attribute("policy", NULL, NULL))}, ROOM),
        ({"attributes": (*KNOWN, sequence(der.object_id(OIDS["policy"])))}, ROOM),
        ({"signers": 0}, ROOM),
        ({"signers": 2}, ROOM),
        ({"signer_parts": (der.write(0xA1),)}, ROOM),
        ({"hashed": SHA1, "signature": b"s", "signature_algorithm": algorithm("ec-sha256")}, HASHLESS),
        ({"parameters": (octets(b""),)}, (FORM, "an algorithm has parameters")),
        ({"parameters": (NULL, NULL)}, (FORM, "an algorithm has parameters")),
        ({"attributes": KNOWN[:2]}, (SIGNATURE, "the signature names its certificate by no SHA-2 hash")),
        (
            {"named": attribute("certificate-v1", sequence(sequence(sequence(octets(b"h" * 20)))))},
            (SIGNATURE, "the signature names its certificate by no SHA-2 hash"),
        ),
        (
            {"named": attribute("certificate", sequence(sequence(sequence(algorithm("sha1"), octets(b"h" * 20)))))},
            HASHLESS,
        ),
        ({"certificates": ()}, (SIGNATURE, "the signing certificate is not carried")),
        ({"certificates": (CA.der,)}, (SIGNATURE, "the signing certificate is not carried")),
        ({"certificates": (CLOCK.der, CLOCK.der)}, (SIGNATURE, "the signing certificate is not carried")),
        (
            {"signer_name": sequence(CA.certificate.issuer.public_bytes(), integer(9))},
            (SIGNATURE, "the signature names two certificates"),
        ),
        ({"signature": b"s" * 70}, (SIGNATURE, "the signature is not by the key of its certificate")),
        (
            {"clock": Pair(CLOCK.certificate, p256(9))},
            (SIGNATURE, "the signature is not by the key of its certificate"),
        ),
        (
            {"clock": Pair(RSA.certificate, rsa_key(2048, 1))},
            (SIGNATURE, "the signature is not by the key of its certificate"),
        ),
        ({"clock": SMALL}, WEAK),
        ({"clock": NARROW}, WEAK),
        ({"clock": STRANGE, "signature_algorithm": algorithm("ec-sha256")}, WEAK),
        ({"signature_algorithm": algorithm("ec-sha384")}, WEAK),
        ({"clock": RSA, "signature_algorithm": algorithm("rsa-sha384")}, WEAK),
        ({"clock": RSA, "signature_algorithm": algorithm("ec-sha256")}, WEAK),
        ({"signature_algorithm": algorithm("rsa")}, WEAK),
        ({"signature_algorithm": algorithm("ec-sha256", octets(b""))}, (FORM, "an algorithm has parameters")),
        ({"version": integer(2)}, (FORM, "a token says something that is not known")),
        ({"options": (integer(NONCE), sequence())}, (FORM, "a token says something that is not known")),
        ({"options": (integer(NONCE), integer(NONCE))}, (FORM, "a token says something that is not known")),
        ({"options": (octets(b""),)}, (FORM, "a token says something that is not known")),
        (
            {"options": (der.write(0xA1, sequence(der.object_id("1.2.3"), b"\x01\x01\xff", octets(b""))),)},
            (FORM, "a token says something critical that is not known"),
        ),
        ({"imprint": sequence(algorithm("sha1"), octets(b"h" * 20))}, HASHLESS),
        ({"imprint": sequence(algorithm("sha256"))}, ROOM),
        ({"imprint": sequence(algorithm("sha256"), integer(1))}, (FORM, "a DER value has another tag or length")),
        ({"options": (sequence(integer(61)),)}, (FORM, "a clock that is right within 61 s is no authority of time")),
        (
            {"options": (sequence(integer(60), der.write(0x80, b"\x01")),)},
            (FORM, "a clock that is right within 61 s is no authority of time"),
        ),
        ({"options": (sequence(integer(-1)),)}, (FORM, "a clock that is right within -1 s is no authority of time")),
    ],
)
def test_a_bent_token_is_refused(bent: dict[str, Any], refusal: tuple[str, str]) -> None:
    """Every part that could say something else than a good token."""
    assert refused(Forger(**bent).token()) == refusal


@pytest.mark.parametrize(
    ("spelled", "at"),
    [
        (b"20261122060000Z", AT),
        (b"20261122060000.5Z", AT + dt.timedelta(microseconds=500_000)),
        (b"20261122060000.000001Z", AT + dt.timedelta(microseconds=1)),
        (b"20261122060000.0000019Z", AT + dt.timedelta(microseconds=1)),
    ],
)
def test_times_are_read(spelled: bytes, at: dt.datetime) -> None:
    """GeneralizedTime as DER writes it; what is finer than a microsecond is cut."""
    assert opened(Forger(at=spelled).token()).at == at


@pytest.mark.parametrize(
    "spelled",
    [b"", b"20261122060000", b"20261122060000.50Z", b"20261122060000.Z", b"202611220600Z", b"20261122060000+0700"],
)
def test_times_have_one_spelling(spelled: bytes) -> None:
    """X.690 11.7: UTC, seconds, no trailing zeros."""
    assert refused(Forger(at=spelled).token()) == (FORM, "a token's time is not spelled as times are")


def test_impossible_times_are_refused() -> None:
    """No thirteenth month; not of the future, by more than clocks differ; not beyond either certificate."""
    assert refused(Forger(at=b"20261322060000Z").token()) == (FORM, "unreadable: ValueError")
    assert opened(Forger().token(), now_s=NOW_S - 300).at == AT
    assert refused(Forger().token(), now_s=NOW_S - 301) == ("timestamp.future", "the token is of the future")
    sentence = "a certificate was not valid when this was stamped"
    late = Pair(certified("Jam", p256(2), by=CA, purpose=TIME_STAMPING, begins=AT + YEAR / 2), p256(2))
    assert refused(Forger(clock=late).token()) == ("timestamp.validity", sentence)
    over = Pair(certified("Otoritas", p256(5), is_authority=True, ends=AT - YEAR / 2), p256(5))
    clock = Pair(certified("Jam", p256(2), by=over, purpose=TIME_STAMPING), p256(2))
    assert refused(Forger(clock=clock).token(), over.pinned) == ("timestamp.validity", sentence)
    edge = Pair(certified("Jam", p256(2), by=CA, purpose=TIME_STAMPING, begins=AT, ends=AT), p256(2))
    assert opened(Forger(clock=edge).token()).at == AT


def test_options_are_read_in_their_order() -> None:
    """Accuracy, ordering, nonce, the authority's name, extensions that nobody calls critical."""
    options = (
        sequence(integer(59), der.write(0x81, b"\x01")),
        b"\x01\x01\xff",
        integer(5),
        der.write(der.CONTEXT_0, octets(b"")),
        der.write(0xA1, sequence(der.object_id("1.2.3"), octets(b""))),
    )
    stated = opened(Forger(options=options).token())
    assert (stated.accuracy_s, stated.nonce) == (60, 5)
    assert opened(Forger(options=(sequence(),)).token()).accuracy_s == 0


def test_a_token_is_short_and_whole() -> None:
    """Not longer than any is, nothing after it, nothing missing."""
    token = Forger().token()
    assert refused(token + b"\0") == (FORM, "a DER value has another tag or length")
    assert refused(token[:-1]) == (FORM, "a DER value is cut off")
    assert refused(b"") == (FORM, "a DER value has another tag or length")
    spare = 32_768 - len(Forger(clock=RSA, certificates=(RSA.der, octets(b"x" * 30_000))).token()) + 30_000
    longest = Forger(clock=RSA, certificates=(RSA.der, octets(b"x" * spare))).token()
    assert (len(longest), opened(longest).at) == (32_768, AT)
    longer = Forger(clock=RSA, certificates=(RSA.der, octets(b"x" * (spare + 1)))).token()
    assert refused(longer) == (FORM, "a token is at most 32768 bytes")


@pytest.mark.parametrize("raw", [b"\x30\x00", sequence(NULL, NULL), sequence(der.object_id("1.2"), der.write(0xA0))])
def test_rubble_is_refused(raw: bytes) -> None:
    """A shape that ends too early surprises a library below, and is refused like the rest."""
    assert refused(raw)[0] == FORM
