"""Receipts of delivered batches, issued, printed and cancelled by those who may."""

from __future__ import annotations

from sqlalchemy import select

from aid_ledger.delivery import service as delivery
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.receipts import service
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.press import Press
from aid_ledger.receipts.signing import KeySigner, Signer
from aid_ledger.recipients.models import Person
from aid_ledger.recipients.service import corrections as recipients
from audit.pdf.impressions import FIRST, Impression
from tests.benches import Bench
from tests.builders import delivering, isolation, paying, programs, receipt_keys
from tests.builders.officials import Founded

BASE_URL = "https://bansos.bekasikab.example"


def press(signer: Signer | None = None) -> Press:
    """Give a press whose signing certificate begins now, unless it is given whom to sign by."""
    key, certificate = receipt_keys.signing()
    return Press(
        signers=[signer or KeySigner(certificate, key)],
        first_root=receipt_keys.root_pem(),
        base_url=BASE_URL,
        stamp_key=receipt_keys.stamp_key(),
    )


def delivered(founded: Founded, *, count: int = 3, channel: str = "bank") -> delivering.Sent:
    """Bring a batch of new households all the way to them."""
    return founded.once(("delivered", count, channel), lambda: _delivered(founded, count=count, channel=channel))


def _delivered(founded: Founded, *, count: int, channel: str) -> delivering.Sent:
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
    founded.once(("issued", count), lambda: _issued(founded, count=count))
    return receipts(founded.bench)


def _issued(founded: Founded, *, count: int) -> None:
    assert issue(founded, delivered(founded, count=count).batch) == count


def to_one_who_isolates(founded: Founded, channel: str) -> delivering.Sent:
    """Send something to somebody who isolates."""
    bench = founded.bench
    homes = paying.households(bench, founded, 1)
    with bench.reading() as session:
        person = session.get_one(Person, homes[0].person_id).reference
    isolation.isolated(founded, person)
    if channel == "goods":
        paid = programs.paying_program(
            bench, founded, needs_isolation=True, commodity="PAKET_A", rate=2, source_kind="csr"
        )
    else:
        paid = programs.paying_program(bench, founded, needs_isolation=True)
    batch = paying.approved_batch(bench, founded, paid, channel=channel)
    with founded.act("treasurer") as act:
        instruction = delivery.instruct(act, batch).reference
    return delivering.Sent(batch, instruction, paid, 1)


def isolation_batch(founded: Founded) -> str:
    """Bring money of a programme for people in isolation to one household, and issue its receipt."""
    sent = to_one_who_isolates(founded, "bank")
    delivering.imported(founded, sent, delivering.answered(delivering.file_of(founded.bench, sent)))
    assert issue(founded, sent.batch) == 1
    return sent.batch


def receipts(bench: Bench) -> list[Receipt]:
    """List every receipt, in order of lines."""
    with bench.reading() as session:
        query = select(Receipt).join(BatchLine, BatchLine.id == Receipt.line_id).order_by(Receipt.id)
        return list(session.scalars(query))


def code_of(bench: Bench, receipt: Receipt) -> str:
    """Read the code that stands on a receipt's paper."""
    return service.open_receipt(bench.kit.keys, receipt).fields.code


def pdf_of(bench: Bench, receipt: Receipt, impression: Impression = FIRST) -> bytes:
    """Make one print of a receipt."""
    with bench.reading() as session:
        return press().pdf_of(session, bench.kit.keys, receipt.reference, impression)


def correct_name(founded: Founded, receipt: Receipt, name: str) -> None:
    """Correct the name of the person that a receipt is for, as whoever keeps the register does."""
    with founded.bench.reading() as session:
        query = select(Person.reference).join(BatchLine, BatchLine.person_id == Person.id)
        person = session.scalars(query.where(BatchLine.id == receipt.line_id)).one()
    with founded.act("operator") as act:
        recipients.correct_person(act, person, reason="Salah ketik di daftar", values={"nama": name})


def replace(founded: Founded, receipt: Receipt, *, reason: str = "Nama salah", by: str = "treasurer") -> Receipt:
    """Replace a receipt by one that states what is on record now."""
    with founded.act(by) as act:
        return service.replace_receipt(act, receipt.reference, reason=reason)


def printed(founded: Founded, receipt: Receipt, *, copy: int, by: str = "field") -> bool:
    """Record that a receipt's paper of some number leaves."""
    with founded.act(by) as act:
        return service.record_print(act, receipt.reference, copy=copy)


def cancel(founded: Founded, receipt: Receipt, *, reason: str = "Salah keluarga", by: str = "treasurer") -> None:
    """Cancel a receipt."""
    with founded.act(by) as act:
        service.cancel_receipt(act, receipt.reference, reason=reason)
