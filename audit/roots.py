"""The root that receipts hang from, and how another follows it: what the outgoing root signs, and how that is checked.

The first entry of a log names the first root by its fingerprint, the SHA-256 of its certificate (DER). That two people
agreed and waited is `replay/roots.py`'s to check. Unlike a log's key a root signs nothing that the log rests on, so the
witnesses of the log vouch for its rotation, too.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from audit.errors import AuditError, MalformedInput, SignatureFailed
from audit.pdf.certificates import SURPRISES, Root, load_root

HEADER: Final = "aid-ledger receipt root rotation v1"
"""The first line of what the old root signs. Certificates, which it signs as well, are DER and begin otherwise."""


def fingerprint(certificate: bytes) -> str:
    """Digest a certificate (DER) as the log spells it: base64url without padding."""
    return spelled(hashlib.sha256(certificate).digest())


def spelled(digest: bytes) -> str:
    """Write a digest as the log spells it."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def statement(origin: str, old: bytes, new: bytes) -> bytes:
    """Write what the old root signs when the new one follows it in this log; both are certificates (DER)."""
    return f"{HEADER}\n{origin}\n{hashlib.sha256(old).hexdigest()}\n{hashlib.sha256(new).hexdigest()}\n".encode()


def check_statement(origin: str, old: bytes, new: bytes, signature: bytes) -> None:
    """Check that the old root has signed (RSA PKCS#1 v1.5, SHA-256) that the new one follows it.

    Raises:
        AuditError: one of them is no root of receipts, or both have one key.
        SignatureFailed: the old one has not signed that.

    """
    if read_root(old).key.public_numbers() == read_root(new).key.public_numbers():
        raise AuditError("the new root has the key of the old one", rule="roots.same")
    if not check_word(old, statement(origin, old, new), signature):
        raise SignatureFailed("the old root has not signed the rotation", rule="roots.signature")


def check_word(certificate: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the root with this certificate (DER) has signed a message (RSA PKCS#1 v1.5, SHA-256).

    Raises:
        AuditError: it is the certificate of no root of receipts.

    """
    try:
        read_root(certificate).key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def read_root(certificate: bytes) -> Root:
    """Read the certificate of a root of receipts (PEM or DER).

    Raises:
        AuditError: it is none.

    """
    try:
        return load_root(certificate)
    except AuditError:
        raise
    except SURPRISES as error:
        raise MalformedInput(f"unreadable: {type(error).__name__}", rule="roots.unreadable") from error
