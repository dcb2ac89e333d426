"""Signing: keys that do not belong are refused, the same receipt gives the same bytes, and strangers' readers agree."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from aid_ledger.receipts import certificates, signing, varying
from audit.errors import MalformedInput, SignatureFailed
from audit.pdf import verify_receipt
from tests.audit.small_log import LOG_VKEY
from tests.unit.receipts.example import AGENCY, FOUNDED_AT, SIGNED_AT, WAYS, laid_out, money, office

RSA_BITS = 2_048


@cache
def example() -> bytes:
    """Lay the example out once."""
    return laid_out(money())


def pem(certificate: x509.Certificate) -> bytes:
    """Write a certificate."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def test_a_key_of_another_certificate_is_refused() -> None:
    """A wrong pair is found when it is loaded, not when a family's receipt fails."""
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(signing.SignerMismatch):
        signing.KeySigner.load(certificates.to_pem(other), pem(office().signer.certificate))


def test_a_key_of_another_kind_is_refused() -> None:
    """Ed25519 signs the log; readers of PDF refuse it."""
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(signing.SignerMismatch):
        signing.KeySigner.load(key, pem(office().signer.certificate))


def test_a_signer_whose_curve_we_do_not_sign_with_is_refused() -> None:
    """P-384 would be verified by nobody's copy of the verifier."""
    key, certificate = certificates.make_signing_certificate(
        office().root, AGENCY, FOUNDED_AT, key=ec.generate_private_key(ec.SECP384R1())
    )
    with pytest.raises(SignatureFailed):
        signing.sign(example(), signing.KeySigner(certificate, key))


class Verbose:
    """A token that answers with more than any key of ours would."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
        _, self.certificate = certificates.make_signing_certificate(office().root, AGENCY, FOUNDED_AT, key=key)

    def sign(self, message: bytes) -> bytes:
        """Answer at length."""
        return message * varying.SIGNATURE_BYTES


def test_a_gap_too_small_is_refused() -> None:
    """Better no receipt than half a signature."""
    with pytest.raises(MalformedInput, match="does not fit"):
        signing.sign(example(), Verbose())


def test_what_was_not_laid_out_here_is_not_signed() -> None:
    """The key signs receipts of our profile, and nothing a caller hands it by mistake."""
    for other in (b"%PDF-1.7\n", example() + example()):
        with pytest.raises(MalformedInput):
            signing.sign(other, office().signer)


def test_a_file_with_another_place_for_a_signature_is_refused() -> None:
    """A field cannot smuggle a second gap in: the writer stops before anything is signed."""
    gap = b"/ByteRange [" + b" " * 40 + b"]\n/Contents <00>"
    for written in (b"", gap + gap):
        with pytest.raises(ValueError, match="single place"):
            varying.fill_range(written)


def test_the_same_receipt_gives_the_same_bytes() -> None:
    """Receipts need not be stored: laid out and signed again they are the same file."""
    assert signing.sign(laid_out(money()), office().signer) == signing.sign(example(), office().signer)


def test_an_rsa_key_signs_too() -> None:
    """An agency may bring an RSA key; the verifier takes both kinds."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    made, certificate = certificates.make_signing_certificate(office().root, AGENCY, FOUNDED_AT, key=key)
    signer = signing.KeySigner.load(certificates.to_pem(made), pem(certificate))
    pdf = signing.sign(example(), signer)
    assert verify_receipt(pdf, root_cert=office().root_pem, log_key=LOG_VKEY).amount == money().amount
    assert "Signature is Valid." in pdfsig(pdf)


@pytest.mark.parametrize("way", WAYS)
def test_pyhanko_finds_the_signature_good(way: str) -> None:
    """A strict reader by others: intact, valid, trusted, the entire file, no modification allowed or made."""
    reader = PdfFileReader(io.BytesIO(WAYS[way](money())))
    (embedded,) = reader.embedded_signatures
    root = Certificate.load(office().root.certificate.public_bytes(serialization.Encoding.DER))
    context = ValidationContext(trust_roots=[root], moment=SIGNED_AT, allow_fetching=False)
    # In a thread of its own: it runs an event loop, and a browser test of the same process may keep one in this one.
    with ThreadPoolExecutor(1) as apart:
        status = apart.submit(validate_pdf_signature, embedded, signer_validation_context=context).result()
    assert status.bottom_line
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert status.modification_level == ModificationLevel.NONE
    assert status.docmdp_ok
    assert reader.xrefs.total_revisions == 1


def pdfsig(pdf: bytes) -> str:
    """Ask poppler."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        return subprocess.run(["pdfsig", "-nocert", file.name], capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("way", WAYS)
def test_poppler_finds_the_signature_good(way: str) -> None:
    """What a desktop reader says: valid, and the total document signed."""
    answer = pdfsig(WAYS[way](money()))
    assert "Signature is Valid." in answer
    assert "Total document signed" in answer
    assert answer.count("Signature #") == 1
    assert "ETSI.CAdES.detached" in answer


def test_the_root_certifies_and_nothing_else() -> None:
    """Ten years, no further authorities, certificates and lists only; the signer two years, documents only."""
    root = office().root.certificate
    limits = root.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage).value
    assert limits.critical
    assert (limits.value.ca, limits.value.path_length) == (True, 0)
    assert usage.key_cert_sign
    assert usage.crl_sign
    assert not usage.digital_signature
    assert dt.timedelta(days=3_650) < root.not_valid_after_utc - root.not_valid_before_utc < dt.timedelta(days=3_654)
    signer = office().signer.certificate
    assert signer.not_valid_after_utc - FOUNDED_AT == certificates.SIGNING_LIFE
    signer.verify_directly_issued_by(root)
