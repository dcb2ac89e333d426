"""The keys that sign receipts in tests: a root made once per process, and signing certificates under it."""

from __future__ import annotations

import datetime as dt
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aid_ledger.core import clock, keyfiles
from aid_ledger.custody.handed import RootStatement
from aid_ledger.receipts import certificates
from aid_ledger.receipts.certificates import SigningPrivateKey
from aid_ledger.receipts.stamping import StampKey, word_on
from aid_ledger.settings import Settings
from audit import roots

SINCE = dt.datetime(2021, 1, 4, 1, 0, tzinfo=dt.UTC)
AGENCY = "Pemerintah Kabupaten Bekasi (contoh)"


@cache
def root() -> certificates.Root:
    """Make the root of this process; a root key takes a second to find."""
    return certificates.make_root(AGENCY, SINCE)


@cache
def next_root() -> certificates.Root:
    """Make the root that follows it."""
    return certificates.make_root(AGENCY, SINCE)


def read_root(settings: Settings) -> certificates.Root:
    """Read the root that `init` made, as long as nobody has put its key away."""
    pem = keyfiles.read_private(settings.receipt_root_file)
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return certificates.Root(key, x509.load_pem_x509_certificate(pem))


def der_of(root: certificates.Root) -> bytes:
    """Give a root's certificate as it is digested."""
    return root.certificate.public_bytes(serialization.Encoding.DER)


def handed(
    origin: str,
    *,
    old: certificates.Root | None = None,
    new: certificates.Root | None = None,
    by: certificates.Root | None = None,
) -> bytes:
    """Write what comes from where the old root's key lies; `by` is whose key really signs."""
    old, new = old or root(), new or next_root()
    message = roots.statement(origin, der_of(old), der_of(new))
    signature = (by or old).key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return RootStatement(origin, der_of(old), der_of(new), signature).write()


def root_pem() -> bytes:
    """Give the root's certificate as it is handed out."""
    return pem_of(root().certificate)


def pem_of(certificate: x509.Certificate) -> bytes:
    """Write a certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def digest_of(root: certificates.Root) -> str:
    """Give the digest of a root as facts spell it."""
    return roots.fingerprint(der_of(root))


def root_digest() -> str:
    """Give the digest of the root as the log's first entry pins it."""
    return digest_of(root())


def signing(under: certificates.Root | None = None) -> tuple[SigningPrivateKey, x509.Certificate]:
    """Issue a signing certificate that begins now."""
    return certificates.make_signing_certificate(under or root(), AGENCY, clock.now())


def stamp_key() -> StampKey:
    """Give the key that stamps receipts; the same in every process, so that a database made before knows it."""
    return StampKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def stamp_word(origin: str, *, key: StampKey | None = None, by: certificates.Root | None = None) -> bytes:
    """Write the root's word on a stamp key."""
    return word_on((key or stamp_key()).public, origin, by or root()).write()


def write_keys(settings: Settings) -> None:
    """Write the receipts' key files, the root's private key left out, as on a host where it was put away."""
    key, certificate = signing()
    keyfiles.write_private(settings.receipt_signing_file, certificates.to_pem(key) + pem_of(certificate))
    keyfiles.write_private(settings.receipt_stamp_file, stamp_key().to_pem())
    settings.receipt_root_certificate_file.write_bytes(root_pem())
