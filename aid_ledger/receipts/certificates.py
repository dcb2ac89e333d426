"""The agency's own certificates: a root that is exported and put away, and the certificate receipts are signed with.

This is the embedded default ("tanda tangan elektronik tidak tersertifikasi"). An agency with a certificate of its own
brings it as a `signing.Signer`. Where the keys lie is `settings` and `init`; this file only makes them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from audit.pdf.certificates import DOCUMENT_SIGNING
from audit.pdf.cms import PublicKey

ROOT_BITS: Final = 3_072
"""128 bits of security (NIST SP 800-57 part 1, table 2); poppler and mutool read it, Ed25519 they refuse."""
ROOT_LIFE: Final = dt.timedelta(days=3_652)
SIGNING_LIFE: Final = dt.timedelta(days=730)
WARNING_DAYS: Final = 60
"""Long enough to open the safe with two people, make a certificate, and bring it here."""
CLOCK_SLACK: Final = dt.timedelta(minutes=5)
"""A certificate begins a little early, so that a slow clock does not make the first receipts invalid."""
_PUBLIC_EXPONENT: Final = 65_537

SigningPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Root:
    """The root: its key leaves the machine after `init`; its certificate is printed and pinned."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


def make_root(agency: str, now: dt.datetime) -> Root:
    """Make a root that can do nothing but issue signing certificates, for ten years.

    Takes a second or so: RSA keys are slow to find.
    """
    key = rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=ROOT_BITS)
    name = _name(agency, "Akar Tanda Terima")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Root(key, builder.sign(key, hashes.SHA256()))


def make_signing_certificate(
    root: Root, agency: str, now: dt.datetime, *, key: SigningPrivateKey | None = None
) -> tuple[SigningPrivateKey, x509.Certificate]:
    """Issue a certificate for signing receipts, for two years; a P-256 key is made unless one is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    return key, certify(root, agency, now, key.public_key())


def certify(root: Root, agency: str, now: dt.datetime, key: PublicKey, *, crl_url: str = "") -> x509.Certificate:
    """Issue a certificate for signing receipts, for two years, to a key that may lie elsewhere: on a token, say.

    `crl_url` tells readers of PDF where the root's list of revoked certificates lies; empty leaves it unsaid.
    """
    issuer_key = root.key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(agency, "Penerbit Tanda Terima"))
        .issuer_name(root.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(min(now + SIGNING_LIFE, root.certificate.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        # documentSigning alone is refused by poppler; with emailProtection it is trusted.
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )
    if crl_url:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
    return builder.sign(root.key, hashes.SHA256())


def revoke(
    root: Root, certificate: x509.Certificate, now: dt.datetime, *, former: x509.CertificateRevocationList | None = None
) -> x509.CertificateRevocationList:
    """Take a signing certificate back from now on, and say again what was taken back before (RFC 5280 section 5)."""
    numbers = former.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number if former else 0
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(now)
        .next_update(root.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(numbers + 1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), critical=False)
    )
    for each in former or ():
        builder = builder.add_revoked_certificate(each)
    if former is None or former.get_revoked_certificate_by_serial_number(certificate.serial_number) is None:
        revoked = x509.RevokedCertificateBuilder(serial_number=certificate.serial_number, revocation_date=now)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(root.key, hashes.SHA256())


def days_left(certificate: x509.Certificate, now: dt.datetime) -> int:
    """Tell for how many whole days a certificate may still sign; negative once it has ended."""
    return (certificate.not_valid_after_utc - now).days


def to_pem(key: SigningPrivateKey) -> bytes:
    """Write a private key as PKCS#8 without a password; whoever stores it sees to its file mode."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(agency: str, role: str) -> x509.Name:
    # A common name and an organization hold at most 64 characters (RFC 5280 appendix A.1, ub-common-name).
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, agency[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{role} {agency}"[:64]),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
