"""The press: from a sealed receipt to a signed file that strangers' readers and our own verifier accept."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select, text

from aid_ledger.core import clock, keyfiles
from aid_ledger.core.act import Acts
from aid_ledger.core.crypto import IntegrityFailed
from aid_ledger.log.pen import LogPen
from aid_ledger.log.rules import EntryNotFound, NotSealed
from aid_ledger.receipts import certificates, layout, press, rules, service, signing
from aid_ledger.receipts.models import Receipt
from aid_ledger.settings import Settings
from audit.errors import AuditError
from audit.note import format_vkey
from audit.pdf import ReceiptReport, verify_receipt
from tests.benches import Bench
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.officials import Founded


def verified(bench: Bench, pdf: bytes) -> ReceiptReport:
    """Check a file as a stranger does who has the root and the log's key on paper."""
    vkey = format_vkey(bench.key.verifier())
    now_s = int(clock.now().timestamp())
    return verify_receipt(pdf, root_cert=receipt_keys.root_pem(), log_key=vkey, now_s=now_s)


def superuser(bench: Bench, statement: str, **values: object) -> None:
    """Do what a database administrator can."""
    with bench.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_nothing_is_printed_before_it_is_sealed(founded: Founded) -> None:
    """THREATS 4: without a signed checkpoint over its entry a receipt has no paper."""
    bench = founded.bench
    sent = builders.delivered(founded, count=1)
    unsealed = Acts(bench.engine, LogPen(), bench.kit)
    with unsealed.open(founded.actor("treasurer")) as act:
        service.issue_receipts(act, sent.batch)
    [receipt] = builders.receipts(bench)
    with pytest.raises(NotSealed):
        builders.pdf_of(bench, receipt)
    bench.sequencer.run_once()
    assert verified(bench, builders.pdf_of(bench, receipt)).number == receipt.reference


def test_from_arrival_to_a_file_that_proves_itself(founded: Founded, tmp_path: Path) -> None:
    """The whole chain: paid, issued, sealed, printed; pdfsig sees the total document signed; our verifier agrees."""
    bench = founded.bench
    receipt = builders.issued(founded)[1]
    pdf = builders.pdf_of(bench, receipt)
    report = verified(bench, pdf)
    assert (report.number, report.amount, report.fields.line) == (receipt.reference, 300_000, receipt.public_id)
    assert report.origin == bench.key.name
    path = tmp_path / "receipt.pdf"
    path.write_bytes(pdf)
    seen = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid" in seen
    assert "Total document signed" in seen
    shown = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    assert receipt.reference in shown
    assert "Rp300.000" in shown


def test_the_same_receipt_gives_the_same_bytes(founded: Founded) -> None:
    """Nothing is stored, so a second print under the same checkpoint and certificate must be the first one."""
    [receipt] = builders.issued(founded, count=1)
    one = builders.press()
    with founded.bench.reading() as session:
        pdfs = {one.pdf_of(session, founded.bench.kit.keys, receipt.reference) for _ in range(2)}
    assert len(pdfs) == 1


def test_many_are_pressed_as_one_by_one(founded: Founded) -> None:
    """A worker that prints a village hands out the very files that a counter would, in the order it was asked."""
    bench = founded.bench
    receipts = builders.issued(founded)
    one = builders.press()
    numbers = [receipt.reference for receipt in reversed(receipts)]
    with bench.reading() as session:
        many = list(one.press_many(session, bench.kit.keys, numbers))
        assert many == [one.pdf_of(session, bench.kit.keys, number) for number in numbers]
    assert [verified(bench, pdf).number for pdf in many] == numbers
    with bench.reading() as session, pytest.raises(rules.ReceiptNotFound):
        list(one.press_many(session, bench.kit.keys, [*numbers, "RCP-2021-000999-X"]))


def test_a_renewed_certificate_prints_older_receipts(founded: Founded) -> None:
    """A receipt of last year is signed as of the certificate's beginning, never before it."""
    [receipt] = builders.issued(founded, count=1)
    with clock.frozen(clock.now() + dt.timedelta(days=400)):
        report = verified(founded.bench, builders.pdf_of(founded.bench, receipt))
        assert report.signed_at > receipt.issued_at + dt.timedelta(days=399)


def test_an_ended_certificate_prints_nothing(founded: Founded) -> None:
    """Better no paper than one every verifier refuses."""
    with clock.frozen(clock.now() - dt.timedelta(days=800)):
        old = builders.press()
    [receipt] = builders.issued(founded, count=1)
    with founded.bench.reading() as session, pytest.raises(rules.SigningUnavailable):
        old.pdf_of(session, founded.bench.kit.keys, receipt.reference)


def test_fields_moved_between_receipts_do_not_open(founded: Founded) -> None:
    """THREATS 6: a superuser gives one household the other's statement; the ciphertext is bound to its row."""
    first, second = builders.issued(founded, count=2)
    superuser(founded.bench, "UPDATE receipts SET fields = :fields WHERE id = :id", fields=second.fields, id=first.id)
    with pytest.raises(IntegrityFailed):
        builders.pdf_of(founded.bench, first)


def test_a_receipt_that_no_entry_issued_has_no_paper(founded: Founded) -> None:
    """A row written by hand has no entry, so there is nothing to prove it with."""
    [receipt] = builders.issued(founded, count=1)
    superuser(founded.bench, "UPDATE receipts SET public_id = :name WHERE id = :id", name="f" * 20, id=receipt.id)
    with pytest.raises(EntryNotFound):
        builders.pdf_of(founded.bench, receipt)


def test_a_statement_that_the_log_does_not_hold_is_refused(founded: Founded) -> None:
    """Whoever has the field keys and rewrites the amount still cannot rewrite the entry's digest."""
    bench = founded.bench
    [receipt] = builders.issued(founded, count=1)
    opened = service.open_receipt(bench.kit.keys, receipt)
    forged = service.seal_fields(bench.kit.keys, service.Opened(opened.fields, b"\x01" * 32), receipt.seal)
    superuser(bench, "UPDATE receipts SET fields = :fields WHERE id = :id", fields=forged, id=receipt.id)
    with pytest.raises(AuditError, match="another receipt"):
        verified(bench, builders.pdf_of(bench, receipt))


def test_the_press_needs_its_keys(tmp_path: Path) -> None:
    """A machine without the signing key says so; a key readable by others is refused; so is a stranger's pair."""
    settings = Settings(var=tmp_path)
    signing_file, root_file = settings.receipt_signing_file, settings.receipt_root_certificate_file
    signing_file.parent.mkdir()

    def load() -> press.Press:
        return press.load_press(settings)

    with pytest.raises(rules.SigningUnavailable):
        load()
    root_file.write_bytes(receipt_keys.root_pem())
    signing_file.write_bytes(b"")
    with pytest.raises(keyfiles.KeyFileFault):
        load()
    signing_file.chmod(0o600)
    with pytest.raises(rules.SigningUnavailable):
        load()
    key, certificate = receipt_keys.signing()
    _other, stranger = receipt_keys.signing()
    signing_file.write_bytes(certificates.to_pem(key) + receipt_keys.pem_of(stranger))
    with pytest.raises(signing.SignerMismatch):
        load()
    signing_file.write_bytes(certificates.to_pem(key) + receipt_keys.pem_of(certificate))
    assert load() is not None
    settings.receipt_crl_file.write_bytes(b"no list")
    with pytest.raises(rules.SigningUnavailable):
        load()


def test_what_was_taken_back_signs_no_receipt(founded: Founded, tmp_path: Path) -> None:
    """THREATS 11: a signing key that somebody else has signs nothing here any more, not even for old entries."""
    bench, receipt = founded.bench, builders.issued(founded)[0]
    key, certificate = receipt_keys.signing()
    crl = certificates.revoke(receipt_keys.root(), certificate, clock.now())
    settings = Settings(var=tmp_path)
    pem = certificates.to_pem(key) + receipt_keys.pem_of(certificate)
    keyfiles.write_private(settings.receipt_signing_file, pem)
    settings.receipt_root_certificate_file.write_bytes(receipt_keys.root_pem())
    settings.receipt_crl_file.write_bytes(crl.public_bytes(Encoding.DER))
    loaded = press.load_press(settings)
    with bench.reading() as session, pytest.raises(rules.SigningUnavailable):
        loaded.pdf_of(session, bench.kit.keys, receipt.reference)


def test_a_machine_without_the_layout_libraries_says_so() -> None:
    """Everything but paper works without Pango; asking for paper gives a sentence, not a traceback."""
    assert layout.load("aid_ledger.receipts.press") is press
    with pytest.raises(layout.LayoutUnavailable):
        layout.load("tests.rooms.receipts.no_libraries")


def test_the_application_starts_without_the_layout_engine() -> None:
    """Importing the web application must not load it, or a machine without Pango could not start."""
    asked = "import sys, aid_ledger.app; sys.exit('weasyprint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_an_unknown_receipt_is_not_printed(founded: Founded) -> None:
    """The press refuses a number that is nobody's."""
    with founded.bench.reading() as session, pytest.raises(rules.ReceiptNotFound):
        builders.press().pdf_of(session, founded.bench.kit.keys, "RCP-2021-000999-X")
    with founded.bench.reading() as session:
        assert session.scalars(select(Receipt.id)).first() is None
