"""Whose signature counts: the pinned root's signers, for signing documents, while they are valid."""

from __future__ import annotations

import datetime as dt
import warnings

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import AuditError, MalformedInput, SignatureFailed
from audit.pdf import certificates, cms, der, frame
from audit.pdf.certificates import DOCUMENT_SIGNING
from tests.audit.forge import (
    MONEY,
    SIGNED_AT,
    Chain,
    Wish,
    commanded,
    good_chain,
    make_chain,
    put,
    refused,
    rsa_key,
    sign,
    verify,
)

DAY = dt.timedelta(days=1)
SIGNS = frozenset({"digital_signature", "content_commitment"})

GOOD = {
    "P-256": Wish(),
    "RSA": Wish(key=rsa_key(2)),
    "until the last second": Wish(ends=SIGNED_AT),
    "from the first second": Wish(begins=SIGNED_AT),
}
BAD: dict[str, tuple[Wish, str]] = {
    "expired": (Wish(ends=SIGNED_AT - DAY), "receipt.validity"),
    "not yet valid": (Wish(begins=SIGNED_AT + DAY), "receipt.validity"),
    "root expired": (Wish(root_ends=SIGNED_AT - DAY), "receipt.validity"),
    "signs certificates": (Wish(usage=SIGNS | {"key_cert_sign"}), "receipt.purpose"),
    "signs lists": (Wish(usage=SIGNS | {"crl_sign"}), "receipt.purpose"),
    "does not commit": (Wish(usage=frozenset({"digital_signature"})), "receipt.purpose"),
    "does not sign": (Wish(usage=frozenset({"content_commitment"})), "receipt.purpose"),
    "an authority itself": (Wish(is_authority=True), "receipt.purpose"),
    "for web servers": (Wish(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)), "receipt.purpose"),
    "for anything": (Wish(purposes=(DOCUMENT_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)), "receipt.purpose"),
    "unknown extension": (Wish(extra=(x509.OCSPNoCheck(),)), "receipt.purpose"),
    "usage left open": (Wish(is_critical=False), "receipt.certificate"),
    "usage not said": (Wish(has_usage=False), "receipt.certificate"),
    "another curve": (Wish(key=ec.generate_private_key(ec.SECP384R1())), "receipt.certificate"),
    "issued by another key": (Wish(issuer_key=rsa_key(3)), "receipt.certificate"),
    "names another root": (Wish(issuer_name="Akar Lain"), "receipt.certificate"),
    "signed by an elliptic root": (Wish(issuer_key=ec.generate_private_key(ec.SECP256R1())), "receipt.certificate"),
    "signed with SHA-512": (Wish(hashing=hashes.SHA512()), "receipt.certificate"),
    "root is elliptic": (Wish(root_key=ec.generate_private_key(ec.SECP256R1())), "receipt.root"),
    "root is short": (Wish(root_key=rsa_key(0, 1024)), "receipt.root"),
    "root is no authority": (Wish(root_is_authority=False), "receipt.root"),
    "root may not certify": (Wish(root_usage=frozenset({"digital_signature"})), "receipt.root"),
}


@pytest.mark.parametrize(("wish", "rule"), BAD.values(), ids=BAD.keys())
def test_a_certificate_that_is_not_for_this_is_refused(wish: Wish, rule: str) -> None:
    """Expired, not yet valid, wrong usage, wrong key, wrong root, weak hash: each signs a perfect file in vain."""
    chain = make_chain(wish)
    refused(sign(MONEY, chain), rule, chain.root_pem)


def test_a_certificate_signed_with_sha_1_is_refused() -> None:
    """Two certificates of one SHA-1 digest can be made: whoever had one signed would hold the other."""
    chain = make_chain()
    weak = asn1.Certificate.load(chain.certificate.public_bytes(Encoding.DER))
    for part, name in ((weak["tbs_certificate"], "signature"), (weak, "signature_algorithm")):
        part[name] = asn1.SignedDigestAlgorithm({"algorithm": "sha1_rsa"})
    signed = weak["tbs_certificate"].dump(force=True)
    weak["signature_value"] = rsa_key(0).sign(signed, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - the point
    again = x509.load_der_x509_certificate(weak.dump(force=True))
    refused(sign(MONEY, Chain(chain.root, again, chain.key)), "receipt.certificate", chain.root_pem)


@pytest.mark.parametrize("wish", GOOD.values(), ids=GOOD.keys())
def test_a_good_chain_signs_a_genuine_receipt(wish: Wish) -> None:
    """P-256 by default, RSA for agencies that bring such a key; both ends of the validity count as inside."""
    chain = make_chain(wish)
    report = verify(sign(MONEY, chain), chain.root_pem)
    assert report.signer == "CN=Penerbit Uji"
    assert report.root_fingerprint == chain.root.fingerprint(hashes.SHA256())


def test_the_root_may_be_given_in_either_form() -> None:
    """PEM from the site or DER from a certificate store: the same root."""
    chain = make_chain()
    signed = sign(MONEY, chain)
    raw = chain.root.public_bytes(Encoding.DER)
    assert verify(signed, raw).root_fingerprint == verify(signed, chain.root_pem).root_fingerprint


@pytest.mark.parametrize("raw", [b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\n", b"\x30" * 9_000])
def test_what_is_no_root_is_refused(raw: bytes) -> None:
    """A verifier without a root verifies nothing."""
    with pytest.raises(MalformedInput):
        certificates.load_root(raw)


def test_the_signature_of_another_key_is_refused() -> None:
    """A certificate may be copied by anybody; its key may not."""
    chain, other = make_chain(), make_chain()
    forged = make_chain(Wish(root_key=rsa_key(0)))
    assert chain.certificate.public_key() != other.key.public_key()
    for key in (other.key, rsa_key(5)):
        mixed = type(chain)(chain.root, chain.certificate, key)
        with pytest.raises(AuditError) as refusal:
            verify(sign(MONEY, mixed), chain.root_pem)
        assert refusal.value.rule in {"receipt.signature", "receipt.cms"}
    assert verify(sign(MONEY, forged), forged.root_pem).anchored


def test_a_key_we_have_no_signatures_for_is_refused() -> None:
    """Ed25519 in a PDF is refused by poppler and mutool; a receipt all readers can check does without."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(SIGNED_AT)
        .not_valid_after(SIGNED_AT + DAY)
        .sign(key, None)
    )
    with pytest.raises(SignatureFailed):
        certificates.key_of(certificate)


def test_bytes_that_are_no_signature_are_refused() -> None:
    """An ECDSA signature is two numbers in DER."""
    with pytest.raises(SignatureFailed):
        cms.lower_half(b"no signature")


STRANGER = make_chain(Wish(root_key=rsa_key(1)))
WRITTEN = STRANGER.certificate.public_bytes(Encoding.DER)
PLACES = st.integers(0, len(WRITTEN))


@settings(max_examples=300)
@given(st.lists(st.tuples(PLACES, st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=3))
def test_whatever_the_certificate_holds_is_refused(edits: list[tuple[int, int, bytes]]) -> None:
    """The digest fits and the file is whole: so far a stranger's bytes come into the libraries below."""
    bent = WRITTEN
    for at, length, piece in edits:
        bent = bent[:at] + piece + bent[at + length :]
    begins, ends = frame.locate(MONEY)
    parts = cms.Parts(WRITTEN, frame.digest(MONEY, (begins, ends)), bytes(70))
    written = with_certificate(cms.assemble(parts, STRANGER.key.public_key()), bent)
    with pytest.raises(AuditError):
        verify(put(MONEY, frame.fill(written, ends - begins)), good_chain().root_pem)


def with_certificate(written: bytes, certificate: bytes) -> bytes:
    """Put another certificate into a signature, all lengths around it set right."""
    kind, wrapped = der.members(written)
    version, digests, content, _, signers = der.members(der.inside(wrapped, der.CONTEXT_0))
    held = der.write(der.CONTEXT_0, certificate)
    inner = der.write(der.SEQUENCE, version, digests, content, held, signers)
    return der.write(der.SEQUENCE, kind, der.write(der.CONTEXT_0, inner))


def test_nothing_in_a_certificate_writes_upon_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    """A number below nought, of which the library warns: the inspector reads one refusal and no line besides."""
    number = der.members(der.members(WRITTEN)[0])[1]
    negative = WRITTEN.replace(number, number[:2] + bytes([number[2] | 0x80]) + number[3:], 1)
    begins, ends = frame.locate(MONEY)
    parts = cms.Parts(WRITTEN, frame.digest(MONEY, (begins, ends)), bytes(70))
    written = with_certificate(cms.assemble(parts, STRANGER.key.public_key()), negative)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        told = commanded(put(MONEY, frame.fill(written, ends - begins)))
    assert told.endswith("rule: receipt.unreadable\nreason: unreadable: CryptographyDeprecationWarning\n")
    assert told.count("\n") == 4
    assert capfd.readouterr() == ("", "")
