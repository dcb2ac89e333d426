"""The press: a receipt's PDF, made when somebody asks for it, once its entry lies under a signed checkpoint.

The same receipt asked for again under the same checkpoint gives the same statement; nothing is stored. The signing key
is loaded once and held in memory. Making keys and certificates is `aid-ledger init`. Load this file by `layout.load`.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.keyfiles import read_private
from aid_ledger.receipts import queries
from aid_ledger.receipts.layout import LAYOUT
from aid_ledger.receipts.proving import evidence_of
from aid_ledger.receipts.rendering import Issuer, ReceiptPrinter
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signing import KeySigner, Signer, sign

_KEY: Final = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.+?-----END (?:[A-Z]+ )?PRIVATE KEY-----\n?", re.DOTALL
)


class Press:
    """Makes signed PDFs for one agency."""

    def __init__(self, *, signer: Signer, root: x509.Certificate, base_url: str) -> None:
        self._signer = signer
        self._printer = ReceiptPrinter(Issuer(base_url, root.fingerprint(hashes.SHA256())))

    def pdf_of(self, session: Session, keys: FieldKeys, reference: str) -> bytes:
        """Make the signed PDF of a receipt.

        Raises:
            ReceiptNotFound: there is no such receipt.
            NotSealed: its entry does not lie under a checkpoint yet.
            SigningUnavailable: the signing certificate had ended when the receipt was issued.

        """
        receipt = queries.receipt(session, reference)
        signed_at = self._signed_at(receipt.issued_at)
        evidence = evidence_of(session, keys, receipt)
        with LAYOUT:
            return sign(self._printer.render(evidence, signed_at=signed_at), self._signer)

    def _signed_at(self, issued_at: dt.datetime) -> dt.datetime:
        """Sign as of the issue, so that the same receipt gives the same bytes; never before the certificate begins.

        A renewed certificate begins after older receipts were issued: those are signed as of its beginning.
        """
        signed_at = max(issued_at, self._signer.certificate.not_valid_before_utc)
        if signed_at > self._signer.certificate.not_valid_after_utc:
            raise SigningUnavailable("the signing certificate has ended")
        return signed_at


def load_press(*, signing_file: Path, root_certificate_file: Path, base_url: str) -> Press:
    """Load the signing key with its certificate, which share a private file, and the root's public certificate.

    Raises:
        SigningUnavailable: a file is missing.
        KeyFileFault: the private file is open to others.
        SignerMismatch: key and certificate do not belong together.

    """
    if not signing_file.exists() or not root_certificate_file.exists():
        raise SigningUnavailable("the receipts' keys are not on this machine")
    pem = read_private(signing_file)
    key = _KEY.search(pem)
    if key is None:
        raise SigningUnavailable("the signing file holds no private key")
    signer = KeySigner.load(key.group(), _KEY.sub(b"", pem))
    root = x509.load_pem_x509_certificate(root_certificate_file.read_bytes())
    return Press(signer=signer, root=root, base_url=base_url)
