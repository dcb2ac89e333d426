"""Signers whose key is a file: PEM, as `aid-ledger init` makes it, or PKCS#12, as authorities hand it out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import pkcs12

from aid_ledger.core.keyfiles import read_private
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signing import KeySigner, SignerMismatch

_KEY: Final = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.+?-----END (?:[A-Z]+ )?PRIVATE KEY-----\n?", re.DOTALL
)


def load_pem(file: Path) -> KeySigner:
    """Load a key and its certificate from one private file.

    Raises:
        KeyFileFault: the file is missing or open to others.
        SigningUnavailable: it holds no private key.
        SignerMismatch: key and certificate do not belong together.

    """
    pem = read_private(file)
    key = _KEY.search(pem)
    if key is None:
        raise SigningUnavailable("the signing file holds no private key")
    return KeySigner.load(key.group(), _KEY.sub(b"", pem))


def load_pkcs12(file: Path, password: bytes) -> KeySigner:
    """Load a key and its certificate from a PKCS#12 container (RFC 7292); other certificates in it are not needed.

    Raises:
        KeyFileFault: the file is missing or open to others.
        SignerMismatch: the password is wrong, or what is in it is no pair that signs receipts.

    """
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(read_private(file), password)
    except ValueError as error:
        # The cause is not quoted: it may say how far a wrong password came.
        raise SignerMismatch("the PKCS#12 file does not open with this password, or is none") from error
    if key is None or certificate is None:
        raise SignerMismatch("the PKCS#12 file holds no key, or no certificate for it")
    return KeySigner.of(key, certificate)
