"""Whether a signing certificate may be believed: issued by the pinned root, for signing documents, at that time.

Trust comes from the root certificate the verifier was given, byte for byte, never from a name in it. What the root has
taken back is in `revocation.py`, for whoever has its list.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from audit.errors import AuditError, MalformedInput, SignatureFailed
from audit.pdf import der
from audit.pdf.cms import MIN_RSA_BITS, RSA_SHA256, PublicKey

MAX_CERTIFICATE_BYTES: Final = 8_192
SURPRISES: Final = (
    *(ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError, Warning),
    *(InternalError, InvalidSignature, UnsupportedAlgorithm),
    *(x509.DuplicateExtension, x509.ExtensionNotFound, x509.InvalidVersion, x509.UnsupportedGeneralNameType),
)
"""What a hostile file might still provoke in the libraries below us. It is a refusal too, never a crash."""
DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""id-kp-documentSigning (RFC 9336); poppler trusts it only together with emailProtection."""
_PURPOSES: Final = {DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION}
_KNOWN_EXTENSIONS: Final = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
    x509.CRLDistributionPoints,
)

Validity = tuple[dt.datetime, dt.datetime]
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Root:
    """The pinned root: its key, its name as bytes, when it is valid, and the fingerprint people compare."""

    key: rsa.RSAPublicKey
    subject: bytes
    validity: Validity
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: a key, a name for people, a number, and the times in which certificate and root are valid."""

    key: PublicKey
    name: str
    serial: int
    validities: tuple[Validity, Validity]


def load_root(raw: bytes) -> Root:
    """Read a root certificate, PEM or DER.

    Raises:
        AuditError: it is no self-signed RSA authority of at least 2048 bits that may sign nothing but certificates.

    """
    certificate = _load(raw)
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_RSA_BITS:
        raise AuditError("the root certificate has no RSA key of at least 2048 bits", rule="receipt.root")
    _check_issued(certificate, key)
    limits = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if certificate.issuer != certificate.subject or not limits.ca or not usage.key_cert_sign:
        raise AuditError("the root certificate is no authority of its own", rule="receipt.root")
    return Root(
        key,
        certificate.subject.public_bytes(),
        (certificate.not_valid_before_utc, certificate.not_valid_after_utc),
        certificate.fingerprint(hashes.SHA256()),
    )


def signer_of(raw: bytes, root: Root) -> Signer:
    """Read a signing certificate the root stands behind; whether it was valid is asked later, of `check_time`.

    Raises:
        AuditError: it is no certificate, the root did not issue it, or it is not for signing documents.

    """
    certificate = _load(raw)
    if certificate.issuer.public_bytes() != root.subject:
        raise SignatureFailed("the signing certificate names another root", rule="receipt.certificate")
    _check_issued(certificate, root.key)
    _check_purpose(certificate)
    validity = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    name, number = certificate.subject.rfc4514_string(), certificate.serial_number
    return Signer(key_of(certificate), name, number, (validity, root.validity))


def check_time(signer: Signer, signed_at: dt.datetime) -> None:
    """Check that the signing certificate and its root were valid when the receipt was signed.

    Raises:
        SignatureFailed: one of them was not valid yet, or no longer.

    """
    for begins, ends in signer.validities:
        if not begins <= signed_at <= ends:
            raise SignatureFailed("a certificate was not valid when this was signed", rule="receipt.validity")


def key_of(certificate: x509.Certificate) -> PublicKey:
    """Return the key of a certificate if this profile has signatures of its kind: P-256, or RSA from 2048 bits.

    Raises:
        SignatureFailed: it has another kind of key.

    """
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return key
    raise SignatureFailed("the signing certificate has neither a P-256 nor an RSA key", rule="receipt.certificate")


def _load(raw: bytes) -> x509.Certificate:
    if len(raw) > MAX_CERTIFICATE_BYTES:
        raise MalformedInput(f"a certificate is at most {MAX_CERTIFICATE_BYTES} bytes", rule="receipt.certificate")
    try:
        if raw.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(raw)
        return x509.load_der_x509_certificate(raw)
    except (ValueError, x509.InvalidVersion) as error:
        raise MalformedInput("not a certificate", rule="receipt.certificate") from error


def _check_issued(certificate: x509.Certificate, key: rsa.RSAPublicKey) -> None:
    """Check that `key` signed the certificate with RSA and SHA-256, and that its outer bytes say only that."""
    _, algorithm, _ = der.members(certificate.public_bytes(Encoding.DER))
    if algorithm != RSA_SHA256:
        raise SignatureFailed("a certificate is not signed with RSA and SHA-256", rule="receipt.certificate")
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise SignatureFailed("the pinned root did not issue this certificate", rule="receipt.certificate") from error


def _check_purpose(certificate: x509.Certificate) -> None:
    """Check that the certificate is for signing documents and for nothing else."""
    unknown = [each for each in certificate.extensions if not isinstance(each.value, _KNOWN_EXTENSIONS)]
    usage = _extension(certificate, x509.KeyUsage)
    purposes = set(_extension(certificate, x509.ExtendedKeyUsage))
    signs_only = usage.digital_signature and usage.content_commitment and not usage.key_cert_sign and not usage.crl_sign
    if unknown or not signs_only or purposes != _PURPOSES or _extension(certificate, x509.BasicConstraints).ca:
        raise SignatureFailed("the certificate is not one for signing documents", rule="receipt.purpose")


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension:
    """Return an extension that must be there; for what limits a key, it must be critical as well."""
    try:
        found = certificate.extensions.get_extension_for_class(kind)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError) as error:
        raise SignatureFailed(f"a certificate has no single {kind.__name__}", rule="receipt.certificate") from error
    if kind is not x509.ExtendedKeyUsage and not found.critical:
        raise SignatureFailed(f"{kind.__name__} is not critical in a certificate", rule="receipt.certificate")
    return found.value
