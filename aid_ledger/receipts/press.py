"""The press: a receipt's PDF, made when somebody asks for it, once its entry lies under a signed checkpoint.

The same receipt asked for again under the same checkpoint gives the same statement; nothing is stored. The signing key
is loaded once and held in memory.
"""

from __future__ import annotations

import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.keyfiles import read_private
from aid_ledger.log import queries as log
from aid_ledger.log.queries import PlacedEntry
from aid_ledger.log.rules import EntryNotFound
from aid_ledger.receipts import queries, service
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.rendering import Issuer, ReceiptPrinter
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signing import KeySigner, Signer, sign
from audit.entry import parse_entry
from audit.facts.paying import ReceiptIssued
from audit.pdf.evidence import Evidence


class Press:
    """Makes signed PDFs for one agency; one at a time, because the layout engine's font map is shared."""

    def __init__(self, *, signer: Signer, root: x509.Certificate, base_url: str) -> None:
        self._signer = signer
        self._printer = ReceiptPrinter(Issuer(base_url, root.fingerprint(hashes.SHA256())))
        self._lock = threading.Lock()

    def pdf_of(self, session: Session, keys: FieldKeys, reference: str) -> bytes:
        """Make the signed PDF of a receipt.

        Raises:
            ReceiptNotFound: there is no such receipt.
            NotSealed: its entry does not lie under a checkpoint yet.

        """
        receipt = queries.receipt(session, reference)
        evidence = evidence_of(session, keys, receipt)
        with self._lock:
            unsigned = self._printer.render(evidence, signed_at=receipt.issued_at)
            return sign(unsigned, self._signer)


def evidence_of(session: Session, keys: FieldKeys, receipt: Receipt) -> Evidence:
    """Gather what a receipt proves itself with: fields, salt, the entry and its proof. Raises NotSealed."""
    opened = service.open_receipt(keys, receipt)
    entry = entry_of(session, receipt)
    proof = log.proof_text(session, entry.position if entry.position is not None else -1)
    return Evidence(fields=opened.fields, salt=opened.salt, entry=entry.raw, proof=proof.encode())


def entry_of(session: Session, receipt: Receipt) -> PlacedEntry:
    """Find the sealed entry that issued a receipt. Raises NotSealed or EntryNotFound."""
    for entry in log.require_sealed(session, receipt.issue_act):
        # An Act may have issued a thousand receipts: only the entry that names this one is read in full.
        if receipt.public_id.encode() not in entry.raw or entry.kind != ReceiptIssued.KIND:
            continue
        if parse_entry(entry.raw).body["receipt"] == receipt.public_id:
            return entry
    raise EntryNotFound(act=receipt.issue_act)


def load_press(*, signing_file: Path, root_file: Path, base_url: str) -> Press:
    """Load the signing key with its certificate, and the root's certificate, from their files.

    Raises:
        SigningUnavailable: a file is missing.

    """
    if not signing_file.exists() or not root_file.exists():
        raise SigningUnavailable(file=signing_file.name)
    pem = read_private(signing_file)
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SigningUnavailable(file=signing_file.name)
    signer = KeySigner(x509.load_pem_x509_certificate(pem), key)
    return Press(signer=signer, root=x509.load_pem_x509_certificate(root_file.read_bytes()), base_url=base_url)
