"""Whose tokens of time are believed: a clock for nothing else, certified by whoever the inspector pinned."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit import timestamp
from audit.errors import AuditError
from tests.audit import time_authority as made
from tests.audit.test_timestamp import opened, refused
from tests.audit.time_authority import AT, CA, TIME_STAMPING, Forger, Pair, certified, p256

PURPOSE = "timestamp.purpose"
OTHER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING])


@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        (certified("Jam", p256(2), by=CA), "the certificate says no purpose"),
        (
            certified("Jam", p256(2), by=CA, purpose=TIME_STAMPING, is_critical=False),
            "the certificate is not one for stamping times",
        ),
        (certified("Jam", p256(2), by=CA, purpose=OTHER), "the certificate is not one for stamping times"),
        (
            certified("Jam", p256(2), by=CA, purpose=x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])),
            "the certificate is not one for stamping times",
        ),
    ],
)
def test_a_key_for_something_else_stamps_no_time(certificate: x509.Certificate, sentence: str) -> None:
    """RFC 3161 2.3: one purpose, and critical; a web server's certificate by the same authority is none."""
    assert refused(Forger(clock=Pair(certificate, p256(2))).token()) == (PURPOSE, sentence)


@pytest.mark.parametrize(
    "pinned",
    [
        Pair(certified("Otoritas Waktu Contoh", p256(6), is_authority=True), p256(6)),
        Pair(certified("Nama lain", p256(1), is_authority=True), p256(1)),
        Pair(certified("Otoritas Waktu Contoh", p256(1), is_authority=False), p256(1)),
        Pair(certified("Otoritas Waktu Contoh", p256(1)), p256(1)),
    ],
)
def test_only_the_pinned_authority_is_believed(pinned: Pair) -> None:
    """Another key under the same name, another name for the key, a certificate that issues none: all strangers."""
    sentence = "no pinned certificate stands behind the token"
    assert refused(Forger().token(), pinned.pinned) == ("timestamp.authority", sentence)


def test_a_certificate_signed_with_sha1_is_no_certificate(tmp_path: Path) -> None:
    """Whoever can make two certificates of one hash has the authority's signature on both."""
    weak = Pair(made.weakly_certified(tmp_path, by=CA, key=p256(2)), p256(2))
    assert refused(Forger(clock=weak).token())[0] == "timestamp.authority"
    # Pinned itself it needs nobody's signature; it begins today only.
    assert refused(Forger(clock=weak).token(), weak.pinned)[0] == "timestamp.validity"


def test_one_of_several_pinned_is_enough() -> None:
    """An authority and the one before it; the order does not matter."""
    other = Pair(certified("Lain", p256(6), is_authority=True), p256(6))
    for pem in (other.pem + CA.pem, CA.pem + other.pem):
        assert opened(Forger().token(), timestamp.load_authority(pem)).at == AT


@pytest.mark.parametrize(
    ("pem", "sentence"),
    [
        (b"", "not a certificate (PEM)"),
        (CA.der, "not a certificate (PEM)"),
        (CA.pem * 17, "an authority is pinned by 1 to 16 certificates"),
        (CA.pem + b"\n" * 65_536, "an authority is pinned by 1 to 16 certificates"),
    ],
)
def test_a_pin_is_some_certificates(pem: bytes, sentence: str) -> None:
    """No empty file, no list of everybody."""
    with pytest.raises(AuditError) as caught:
        timestamp.load_authority(pem)
    assert (caught.value.rule, caught.value.sentence) == ("timestamp.pinned", sentence)
    assert len(timestamp.load_authority(CA.pem * 16).certificates) == 16
