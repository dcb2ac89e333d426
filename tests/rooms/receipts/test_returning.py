"""The paper of a return (STS): only once its entry is sealed, recorded before it leaves, and proven by that entry."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select, text

from aid_ledger.core import clock
from aid_ledger.core.act import Acts
from aid_ledger.delivery import rules
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.log.models import LogEntry
from aid_ledger.log.pen import LogPen
from aid_ledger.log.rules import NotSealed
from aid_ledger.receipts import returning
from audit.entry import parse_entry
from audit.errors import AuditError
from audit.note import format_vkey
from audit.pdf import ReturnReport, returns, verify_paper
from tests.benches import Bench
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.documents import paper
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.rooms.delivery.test_returning import failed, returned, sts


def pdf_of(bench: Bench, row: TreasuryReturn) -> bytes:
    """Make the paper of a return."""
    with bench.reading() as session:
        return builders.press().pdf_of_return(session, row.reference)


def verified(bench: Bench, pdf: bytes) -> ReturnReport:
    """Check a file as a stranger does who has the root and the log's key on paper."""
    vkey = format_vkey(bench.key.verifier())
    now_s = int(clock.now().timestamp())
    report = verify_paper(pdf, root_cert=receipt_keys.root_pem(), log_key=vkey, now_s=now_s)
    assert isinstance(report, ReturnReport)
    return report


def test_a_return_has_no_paper_before_it_is_sealed(founded: Founded) -> None:
    """THREATS 4: neither is the paper made nor its print recorded until the log is signed over its entry."""
    bench = founded.bench
    batch = failed(founded)
    document = sts(founded, amount=2 * batch.rate)
    unsealed = Acts(bench.engine, LogPen(), bench.kit)
    with unsealed.open(founded.actor("treasurer")) as act:
        row = delivery.return_to_treasury(
            act,
            batch=batch.batch,
            source=batch.source,
            program=batch.program,
            commodity="IDR",
            amount=2 * batch.rate,
            document=document,
        )
    with pytest.raises(NotSealed):
        pdf_of(bench, row)
    with pytest.raises(NotSealed), unsealed.open(founded.actor("treasurer")) as act:
        returning.record_print(act, row.reference)
    bench.sequencer.run_once()
    assert verified(bench, pdf_of(bench, row)).fields.number == row.reference


def test_from_a_failed_line_to_a_paper_that_proves_itself(founded: Founded, tmp_path: Path) -> None:
    """Failed, returned, sealed, printed: words, count and names of that day, proven by the public entry alone."""
    bench = founded.bench
    batch = failed(founded)
    row = returned(founded, batch, 2 * batch.rate, sts(founded, amount=2 * batch.rate))
    with founded.act("treasurer") as act:
        returning.record_print(act, row.reference)
    press = builders.press()
    with bench.reading() as session:
        pdf, again = (press.pdf_of_return(session, row.reference) for _ in range(2))
    assert pdf == again
    said = verified(bench, pdf).fields
    assert (said.number, said.amount, said.in_words) == (row.reference, 600_000, "enam ratus ribu rupiah")
    assert (said.batch, said.lines, said.source, said.program) == (batch.batch, 2, batch.source, batch.program)
    assert (said.returned_by, said.office) == ("Treasurer Contoh", "Bendahara Pengeluaran")
    assert (said.document_signer, said.registered_by) == ("Pejabat Contoh", "Treasurer Contoh")
    with bench.reading() as session:
        raw = session.scalars(select(LogEntry.raw).where(LogEntry.kind == "FundsReturned")).one()
        assert session.scalars(select(LogEntry.id).where(LogEntry.kind == "ReturnPrinted")).one()
    assert parse_entry(bytes(raw)).body["statement"] == returns.statement(said)
    shown = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    for words in ("Surat Tanda Setoran", "Rp600.000", f"2 baris gagal dari berkas {batch.batch}", "Treasurer Contoh"):
        assert words in shown.decode()
    path = tmp_path / "sts.pdf"
    path.write_bytes(pdf)
    signature = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, check=True).stdout
    assert b"Total document signed" in signature
    assert_log_agrees(bench)


def test_what_a_programme_had_left_goes_back_without_lines(founded: Founded) -> None:
    """No batch, no lines, and a paper all the same."""
    bench = founded.bench
    batch = failed(founded)
    with founded.act("treasurer") as act:
        document = paper(act, "sts", amount=1_000).reference
        row = delivery.return_to_treasury(
            act,
            batch=None,
            source=batch.source,
            program=batch.program,
            commodity="IDR",
            amount=1_000,
            document=document,
        )
    said = verified(bench, pdf_of(bench, row)).fields
    assert (said.batch, said.lines, said.in_words) == ("", 0, "seribu rupiah")
    assert_log_agrees(bench)


@pytest.mark.parametrize("change", [{"amount": "500000"}, {"document_signer": "Seseorang"}])
def test_a_statement_that_the_log_does_not_hold_proves_nothing(founded: Founded, change: dict[str, str]) -> None:
    """A superuser rewrites what the paper says, behind the trigger: the entry's digest is of other words."""
    bench = founded.bench
    batch = failed(founded)
    row = returned(founded, batch, 2 * batch.rate, sts(founded, amount=2 * batch.rate))
    forged = json.dumps({**json.loads(row.statement), **change})
    with bench.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE treasury_returns DISABLE TRIGGER USER"))
        else:
            connection.execute(text("DROP TRIGGER treasury_returns_no_update"))
        connection.execute(text("UPDATE treasury_returns SET statement = :forged"), {"forged": forged})
    with pytest.raises(AuditError, match="another return"):
        verified(bench, pdf_of(bench, row))


def test_an_unknown_return_is_not_printed(founded: Founded) -> None:
    """Neither the press nor the deed knows it."""
    with founded.bench.reading() as session, pytest.raises(rules.ReturnNotFound):
        builders.press().pdf_of_return(session, "STS-2021-000999-X")
    with pytest.raises(rules.ReturnNotFound), founded.act("treasurer") as act:
        returning.record_print(act, "STS-2021-000999-X")
