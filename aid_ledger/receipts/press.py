"""The press: a receipt's PDF, made when somebody asks for it, once its entry lies under a signed checkpoint.

The same receipt asked for again under the same checkpoint gives the same statement; nothing is stored. The signing keys
are loaded once and held in memory; the root that the log names for that checkpoint decides which of them signs. Making
keys and certificates is `aid-ledger init`. Load this file by `layout.load`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.custody.queries import Root, receipt_roots, stamp_keys
from aid_ledger.receipts import queries
from aid_ledger.receipts.layout import LAYOUT
from aid_ledger.receipts.proving import evidence_of
from aid_ledger.receipts.rendering import Issuer, ReceiptPrinter
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signers import choosing
from aid_ledger.receipts.signers.files import load_pem
from aid_ledger.receipts.signing import Signer, sign
from aid_ledger.receipts.stamping import StampKey
from audit import checkpoint, proof


class Press:
    """Makes signed PDFs for one agency."""

    def __init__(
        self, *, signers: Sequence[Signer], first_root: bytes, base_url: str, stamp_key: StampKey | None = None
    ) -> None:
        self._signers = signers
        self._first_root = first_root
        self._stamp_key = stamp_key
        self._printer = lru_cache(maxsize=2)(lambda root, key: ReceiptPrinter(Issuer(base_url, root, key)))

    def pdf_of(self, session: Session, keys: FieldKeys, reference: str) -> bytes:
        """Make the signed PDF of a receipt.

        Raises:
            ReceiptNotFound: there is no such receipt.
            NotSealed: its entry does not lie under a checkpoint yet.
            SigningUnavailable: no signing certificate here is of the root in force, or it had ended when the receipt
                was issued.

        """
        receipt = queries.receipt(session, reference)
        evidence = evidence_of(session, keys, receipt)
        size = checkpoint.parse(proof.parse(evidence.proof).signed.text).size
        root, signer = self._signer_for(size, receipt_roots(session, self._first_root))
        signed_at = _signed_at(signer, receipt.issued_at)
        with LAYOUT:
            return sign(self._printer(root, self._stamper(session)).render(evidence, signed_at=signed_at), signer)

    def _stamper(self, session: Session) -> StampKey | None:
        """Give the key that stamps, if the log lists it: nobody could check another's stamp."""
        key = self._stamp_key
        return key if key and any(each.key == key.named for each in stamp_keys(session)) else None

    def _signer_for(self, size: int, roots: Sequence[Root]) -> tuple[bytes, Signer]:
        """Choose who signs under a checkpoint of this size: a root signs neither before it is taken nor afterwards."""
        for root in roots:
            if root.is_for(size) and root.certificate:
                issuer = x509.load_der_x509_certificate(root.certificate)
                for signer in self._signers:
                    if _is_issued_by(signer.certificate, issuer):
                        return issuer.fingerprint(hashes.SHA256()), signer
        raise SigningUnavailable("no signing certificate here is of the root in force")


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, InvalidSignature):
        return False
    return True


def _signed_at(signer: Signer, issued_at: dt.datetime) -> dt.datetime:
    """Sign as of the issue, so that the same receipt gives the same bytes; never before the certificate begins.

    A renewed certificate begins after older receipts were issued: those are signed as of its beginning.
    """
    signed_at = max(issued_at, signer.certificate.not_valid_before_utc)
    if signed_at > signer.certificate.not_valid_after_utc:
        raise SigningUnavailable("the signing certificate has ended")
    return signed_at


def load_press(
    *,
    signing_file: Path,
    next_signing_file: Path,
    stamp_file: Path,
    root_certificate_file: Path,
    base_url: str,
    crl_file: Path | None = None,
) -> Press:
    """Load what signs and stamps, each from its private file, and the first root's public certificate.

    The next signing file is there while a root that follows is waited for; the stamp file where there are stamps.

    Raises:
        SigningUnavailable: a file is missing, the token or service does not sign, or the list of what the root has
            taken back cannot be read.
        KeyFileFault: a private file is open to others.
        SignerMismatch: key and certificate do not belong together.

    """
    if not choosing.is_there(signing_file.parent, signing_file) or not root_certificate_file.exists():
        raise SigningUnavailable("the receipts' keys are not on this machine")
    signers = [choosing.open_signer(signing_file.parent, signing_file)]
    if next_signing_file.exists():
        signers.append(load_pem(next_signing_file))
    crl = crl_file.read_bytes() if crl_file is not None and crl_file.exists() else b""
    first_root = root_certificate_file.read_bytes()
    signers = [each for each in signers if not _is_revoked(each, crl)]
    stamp_key = StampKey.load(stamp_file) if stamp_file.exists() else None
    return Press(signers=signers, first_root=first_root, base_url=base_url, stamp_key=stamp_key)


def _is_revoked(signer: Signer, crl: bytes) -> bool:
    """Tell whether the list takes a certificate back: with a key that somebody else has nothing is signed any more."""
    if not crl:
        return False
    try:
        found = x509.load_der_x509_crl(crl)
    except ValueError as error:
        raise SigningUnavailable("the list of revoked certificates cannot be read") from error
    return found.get_revoked_certificate_by_serial_number(signer.certificate.serial_number) is not None
