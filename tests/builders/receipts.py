"""Receipts of delivered batches, and the keys that sign them: a root made once per process, as `init` does."""

from __future__ import annotations

import base64
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from sqlalchemy import select

from aid_ledger.core import clock, keyfiles
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.receipts import certificates, service
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.press import Press
from aid_ledger.receipts.signing import KeySigner
from aid_ledger.settings import Settings
from tests.benches import Bench
from tests.builders import delivering
from tests.builders.officials import FOUNDED_AT, Founded

AGENCY = "Pemerintah Kabupaten Bekasi (contoh)"
BASE_URL = "https://bansos.bekasikab.example"


@cache
def root() -> certificates.Root:
    """Make the root of this process; a root key takes a second to find."""
    return certificates.make_root(AGENCY, FOUNDED_AT)


def root_pem() -> bytes:
    """Give the root's certificate as it is handed out."""
    return pem_of(root().certificate)


def pem_of(certificate: x509.Certificate) -> bytes:
    """Write a certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def root_digest() -> str:
    """Give the digest of the root as the log's first entry pins it."""
    return base64.urlsafe_b64encode(root().certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


def write_keys(settings: Settings) -> None:
    """Write the receipts' key files, with a signing certificate that begins now."""
    key, certificate = certificates.make_signing_certificate(root(), AGENCY, clock.now())
    keyfiles.write_private(settings.receipt_signing_file, certificates.to_pem(key) + pem_of(certificate))
    settings.receipt_root_certificate_file.write_bytes(root_pem())


def press() -> Press:
    """Give a press whose signing certificate begins now."""
    key, certificate = certificates.make_signing_certificate(root(), AGENCY, clock.now())
    return Press(signer=KeySigner(certificate, key), root=root().certificate, base_url=BASE_URL)


def delivered(founded: Founded, *, count: int = 3, channel: str = "bank") -> delivering.Sent:
    """Bring a batch of new households all the way to them."""
    bench = founded.bench
    sent = delivering.sent(bench, founded, count=count, channel=channel)
    delivering.imported(founded, sent, delivering.answered(delivering.file_of(bench, sent)))
    return sent


def issue(founded: Founded, batch: str, *, by: str = "treasurer") -> int:
    """Issue what is missing of a batch's receipts."""
    with founded.act(by) as act:
        return service.issue_receipts(act, batch)


def issued(founded: Founded, *, count: int = 3) -> list[Receipt]:
    """Bring a batch to its households and give their receipts, in order of lines."""
    sent = delivered(founded, count=count)
    assert issue(founded, sent.batch) == count
    return receipts(founded.bench)


def receipts(bench: Bench) -> list[Receipt]:
    """List every receipt, in order of lines."""
    with bench.reading() as session:
        query = select(Receipt).join(BatchLine, BatchLine.id == Receipt.line_id).order_by(Receipt.id)
        return list(session.scalars(query))


def code_of(bench: Bench, receipt: Receipt) -> str:
    """Read the code that stands on a receipt's paper."""
    return service.open_receipt(bench.kit.keys, receipt).fields.code


def pdf_of(bench: Bench, receipt: Receipt) -> bytes:
    """Print a receipt."""
    with bench.reading() as session:
        return press().pdf_of(session, bench.kit.keys, receipt.reference)


def cancel(founded: Founded, receipt: Receipt, *, reason: str = "Salah keluarga", by: str = "treasurer") -> None:
    """Cancel a receipt."""
    with founded.act(by) as act:
        service.cancel_receipt(act, receipt.reference, reason=reason)
