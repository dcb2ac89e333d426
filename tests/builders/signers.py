"""Folders of key files that describe where the key that signs receipts lies."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from aid_ledger.core import clock, keyfiles
from aid_ledger.receipts import certificates
from aid_ledger.receipts.signers import choosing
from aid_ledger.receipts.signing import Signer
from tests.builders import receipt_keys


def describe(folder: Path, **words: str) -> None:
    """Write receipt-signer.toml."""
    text = "".join(f"{name} = {json.dumps(word)}\n" for name, word in words.items())
    keyfiles.write_private(folder / choosing.FILE, text.encode(), replace=True)


def opened(folder: Path) -> Signer:
    """Open what the folder describes."""
    return choosing.open_signer(folder, folder / "receipt-signing.pem")


def certified(folder: Path, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> x509.Certificate:
    """Certify a key that lies elsewhere, and put the certificate into the folder."""
    made = certificates.certify(receipt_keys.root(), receipt_keys.AGENCY, clock.now(), key)
    (folder / "signing.crt").write_bytes(receipt_keys.pem_of(made))
    return made
