"""Whether the root has taken a signing certificate back: a list it has signed (RFC 5280 section 5), if there is one.

What was signed before the day of revocation still counts, because that time is not the signer's word alone: a receipt
is held between its log entry and the checkpoint over it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from audit.errors import AuditError, MalformedInput, SignatureFailed

if TYPE_CHECKING:
    from audit.pdf.certificates import Root

MAX_LIST_BYTES: Final = 262_144
"""House rule: some 6,000 certificates taken back, where an agency has had ten."""
RULE: Final = "receipt.crl"


def revoked_since(raw: bytes, root: Root, serial: int) -> dt.datetime | None:
    """Tell since when a list (PEM or DER) has taken the certificate with this serial number back; None if it has not.

    Raises:
        AuditError: it is no list, or not one by this root.

    """
    found = _load(raw, root).get_revoked_certificate_by_serial_number(serial)
    return found.revocation_date_utc if found is not None else None


def is_by(raw: bytes, root: Root) -> bool:
    """Tell whether a list is this root's: an agency that changed its root has a list of each."""
    try:
        _load(raw, root)
    except AuditError:
        return False
    return True


def check(raw: bytes, root: Root, serial: int, signed_at: dt.datetime) -> None:
    """Check that a certificate had not been taken back when something was signed with it.

    Raises:
        AuditError: it had, or the list is none of this root's.

    """
    since = revoked_since(raw, root, serial)
    if since is not None and since <= signed_at:
        raise SignatureFailed("the signing certificate had been revoked when this was signed", rule="receipt.revoked")


def _load(raw: bytes, root: Root) -> x509.CertificateRevocationList:
    if len(raw) > MAX_LIST_BYTES:
        raise MalformedInput(f"a revocation list is at most {MAX_LIST_BYTES} bytes", rule=RULE)
    try:
        load = x509.load_pem_x509_crl if raw.startswith(b"-----BEGIN") else x509.load_der_x509_crl
        found = load(raw)
        algorithm = found.signature_hash_algorithm
    except ValueError as error:
        raise MalformedInput("not a revocation list", rule=RULE) from error
    if found.issuer.public_bytes() != root.subject or not isinstance(algorithm, hashes.SHA256):
        raise SignatureFailed("the revocation list is not by the pinned root", rule=RULE)
    try:
        root.key.verify(found.signature, found.tbs_certlist_bytes, padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise SignatureFailed("the pinned root did not sign this revocation list", rule=RULE) from error
    return found
