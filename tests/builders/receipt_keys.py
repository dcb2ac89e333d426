"""The keys that sign receipts in tests: a root made once per process, and signing certificates under it."""

from __future__ import annotations

import base64
import datetime as dt
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from aid_ledger.core import clock, keyfiles
from aid_ledger.receipts import certificates
from aid_ledger.receipts.certificates import SigningPrivateKey
from aid_ledger.settings import Settings

SINCE = dt.datetime(2021, 1, 4, 1, 0, tzinfo=dt.UTC)
AGENCY = "Pemerintah Kabupaten Bekasi (contoh)"


@cache
def root() -> certificates.Root:
    """Make the root of this process; a root key takes a second to find."""
    return certificates.make_root(AGENCY, SINCE)


def root_pem() -> bytes:
    """Give the root's certificate as it is handed out."""
    return pem_of(root().certificate)


def pem_of(certificate: x509.Certificate) -> bytes:
    """Write a certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def root_digest() -> str:
    """Give the digest of the root as the log's first entry pins it."""
    return base64.urlsafe_b64encode(root().certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


def signing() -> tuple[SigningPrivateKey, x509.Certificate]:
    """Issue a signing certificate that begins now."""
    return certificates.make_signing_certificate(root(), AGENCY, clock.now())


def write_keys(settings: Settings) -> None:
    """Write the receipts' key files, the root's private key left out, as on a host where it was put away."""
    key, certificate = signing()
    keyfiles.write_private(settings.receipt_signing_file, certificates.to_pem(key) + pem_of(certificate))
    settings.receipt_root_certificate_file.write_bytes(root_pem())
