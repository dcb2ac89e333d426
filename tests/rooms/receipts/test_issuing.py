"""Receipts: only for what arrived, once, masked, under a digest in the log; cancelled by a treasurer with a reason."""

from __future__ import annotations

import base64
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from aid_ledger.core.errors import UnrecordedChange
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.models import Handover
from aid_ledger.disbursement.rules import BatchNotFound
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.receipts import agreement, fields, rules, service
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.proving import evidence_of
from audit import stamp
from audit.entry import parse_entry
from audit.replay import Replay
from audit.replay.state import Stated
from tests.builders import delivering, receipt_keys
from tests.builders import receipts as builders
from tests.builders.handovers import SEEN
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded, appoint


def replayed(founded: Founded) -> Replay:
    """Replay the whole log."""
    replay = Replay()
    with founded.bench.reading() as session:
        for index, raw in enumerate(session.scalars(select(LogEntry.raw).order_by(LogEntry.id))):
            replay.apply(index, parse_entry(bytes(raw)))
    replay.finish()
    return replay


def test_what_is_under_way_or_failed_has_no_receipt(founded: Founded) -> None:
    """P2: a receipt confirms an arrival; line 1 failed, so three lines give two receipts."""
    bench = founded.bench
    sent = delivering.sent(bench, founded, count=3)
    assert builders.issue(founded, sent.batch) == 0
    failing = delivering.first_line_says(channel_status="FAILED", channel_code="4031801")
    delivering.imported(founded, sent, delivering.answered(delivering.file_of(bench, sent), failing))
    states = delivering.states(bench, sent.batch)
    assert builders.issue(founded, sent.batch) == sum(state == "delivered" for state in states.values()) == 2


def test_no_batch_no_receipts(founded: Founded) -> None:
    """A number that is nobody's is refused."""
    with pytest.raises(BatchNotFound):
        builders.issue(founded, "BTC-2021-000999-X")


def test_issuing_again_issues_nothing(founded: Founded) -> None:
    """A second click, or a second officer: every line has one receipt and one only."""
    sent = builders.delivered(founded)
    assert [builders.issue(founded, sent.batch) for _ in range(3)] == [3, 0, 0]


def test_two_who_issue_at_once_share_the_work(founded: Founded) -> None:
    """The batch's row is the queue: together they issue each receipt once."""
    sent = builders.delivered(founded, count=4)
    with ThreadPoolExecutor(2) as both:
        counts = list(both.map(lambda login: builders.issue(founded, sent.batch, by=login), ("treasurer", "operator")))
    assert sorted(counts) == [0, 4]
    assert len(builders.receipts(founded.bench)) == 4


def test_a_limit_cuts_the_work_into_acts(founded: Founded) -> None:
    """A district's batch is issued in many Acts of some seconds, each of which stands alone."""
    sent = builders.delivered(founded, count=3)
    counts = []
    for _ in range(3):
        with founded.act("treasurer") as act:
            counts.append(service.issue_receipts(act, sent.batch, limit=2))
    assert counts == [2, 1, 0]


def test_a_receipt_says_what_arrived(founded: Founded) -> None:
    """The paper names amount, day, source, decree and who verified and approved, and the payee behind a mask."""
    [receipt] = builders.issued(founded, count=1)
    stated = service.open_receipt(founded.bench.kit.keys, receipt).fields
    assert (stated.number, stated.line, stated.amount) == (receipt.reference, receipt.public_id, 300_000)
    assert stated.in_words == "tiga ratus ribu rupiah"
    assert [source.amount for source in stated.sources] == [300_000]
    assert all(set(word[1:]) == {"*"} for word in stated.payee.split())
    assert stated.nik == "\u2022" * 14 + "00"
    assert stated.period == "Agustus 2021"
    assert [each.step for each in stated.approvers] == ["Diverifikasi", "Disetujui dengan OTP"]
    assert [each.name for each in stated.approvers] == ["Verifier Contoh", "Approver Contoh"]


def test_the_log_holds_a_salted_digest_and_nothing_of_the_person(founded: Founded) -> None:
    """THREATS 13 and 14: fields and salt give the digest; the entry alone gives nobody."""
    [receipt] = builders.issued(founded, count=1)
    opened = service.open_receipt(founded.bench.kit.keys, receipt)
    with founded.bench.reading() as session:
        raw = session.scalars(select(LogEntry.raw).where(LogEntry.kind == "ReceiptIssued")).one()
    entry = parse_entry(bytes(raw))
    assert entry.body["digest"] == fields.log_digest(opened.fields, opened.salt)
    assert base64.urlsafe_b64encode(receipt.digest).rstrip(b"=").decode() == entry.body["digest"]
    assert list(entry.rows) == ["receipts"]
    for secret in (opened.fields.code, opened.fields.payee, opened.fields.village, receipt.reference):
        assert secret.encode() not in bytes(raw)


def test_the_database_alone_opens_nothing(founded: Founded) -> None:
    """A stolen database holds neither codes nor names: both are ciphertext or keyed hashes."""
    [receipt] = builders.issued(founded, count=1)
    code = builders.code_of(founded.bench, receipt)
    stored = [getattr(receipt, column.name) for column in Receipt.__table__.columns]
    assert not any(code.encode() in bytes(value) for value in stored if isinstance(value, bytes))
    assert code not in [value for value in stored if isinstance(value, str)]


def test_an_unknown_receipt_is_not_cancelled(founded: Founded) -> None:
    """Neither is it printed."""
    with pytest.raises(rules.ReceiptNotFound), founded.act("treasurer") as act:
        service.cancel_receipt(act, "RCP-2021-000999-X", reason="Tidak ada")
    with pytest.raises(rules.ReceiptNotFound), founded.act("treasurer") as act:
        service.record_print(act, "RCP-2021-000999-X", copy=1)


@pytest.mark.parametrize("login", ["operator", "verifier", "approver", "field", "auditor", "admin"])
def test_only_a_treasurer_cancels(founded: Founded, login: str) -> None:
    """Whoever could cancel quietly could make a household's proof worthless."""
    [receipt] = builders.issued(founded, count=1)
    with pytest.raises(RoleMissing):
        builders.cancel(founded, receipt, by=login)


def test_a_receipt_is_cancelled_once(founded: Founded) -> None:
    """The reason and the Act stay; a second cancellation would write over them."""
    [receipt] = builders.issued(founded, count=1)
    builders.cancel(founded, receipt)
    with pytest.raises(rules.ReceiptNotStanding):
        builders.cancel(founded, receipt, reason="Lagi")
    [after] = builders.receipts(founded.bench)
    assert (after.state, after.reason) == ("cancelled", "Salah keluarga")
    assert after.end_act is not None


def test_every_print_is_counted(founded: Founded) -> None:
    """A receipt printed forty times is worth a question; the log holds each under its number."""
    [receipt] = builders.issued(founded, count=1)
    for copy in (1, 2):
        assert builders.printed(founded, receipt, copy=copy)
    [after] = builders.receipts(founded.bench)
    assert after.copies == 2
    with founded.bench.reading() as session:
        raws = session.scalars(select(LogEntry.raw).where(LogEntry.kind == "ReceiptPrinted").order_by(LogEntry.id))
        assert [parse_entry(bytes(raw)).body["copy"] for raw in raws] == [1, 2]


@pytest.mark.parametrize("copy", [0, 1, 3])
def test_a_number_that_is_not_the_next_is_not_recorded(founded: Founded, copy: int) -> None:
    """The paper bears its number before it is recorded: a number twice, or one left out, is made again."""
    [receipt] = builders.issued(founded, count=1)
    assert builders.printed(founded, receipt, copy=1)
    assert not builders.printed(founded, receipt, copy=copy)
    assert builders.receipts(founded.bench)[0].copies == 1
    assert_log_agrees(founded.bench)


def test_two_who_print_at_once_get_two_numbers(founded: Founded) -> None:
    """Both made paper number 1; one of them may hand it out, the other makes number 2."""
    [receipt] = builders.issued(founded, count=1)
    with ThreadPoolExecutor(2) as both:
        printed = list(
            both.map(lambda login: builders.printed(founded, receipt, copy=1, by=login), ("field", "operator"))
        )
    assert sorted(printed) == [False, True]
    assert builders.receipts(founded.bench)[0].copies == 1


def test_what_was_cancelled_is_printed_no_more(founded: Founded) -> None:
    """Nobody hands out a fresh paper of a receipt that does not stand."""
    [receipt] = builders.issued(founded, count=1)
    builders.cancel(founded, receipt)
    with pytest.raises(rules.ReceiptNotStanding):
        builders.printed(founded, receipt, copy=1)


def test_a_receipt_cannot_be_changed_without_a_fact(founded: Founded) -> None:
    """THREATS 5: an Act that records nothing about receipts may not touch one."""
    [receipt] = builders.issued(founded, count=1)
    with pytest.raises(UnrecordedChange), founded.act("treasurer") as act:
        act.session.get_one(Receipt, receipt.id).copies = 9


def test_replay_and_rows_agree_on_every_receipt(founded: Founded) -> None:
    """Issued, printed and cancelled: the log replays without a violation and explains every stored row."""
    [first, second, _third] = builders.issued(founded)
    builders.cancel(founded, first)
    with founded.act("field") as act:
        service.record_print(act, second.reference, copy=1)
    assert_log_agrees(founded.bench)


def test_an_invented_and_a_deleted_receipt_are_found(founded: Founded) -> None:
    """A superuser adds a receipt or removes one: the comparison names both."""
    stored = builders.issued(founded, count=2)
    state = replayed(founded).state
    state.receipts.pop(stored[0].public_id)
    state.receipts["0" * 20] = Stated("BTC-1", 1)
    with founded.bench.reading() as session:
        found = [(each.key, each.sentence.split()[1]) for each in agreement.agree(session, state)]
    assert found == [(str(stored[0].id), stored[0].public_id), ("0" * 20, "0" * 20)]


def handed_over(founded: Founded, batch: str, *, by: str = "field") -> fields.ReceiptFields:
    """Hand a packet over at the door and read what its record says."""
    with founded.act(by) as act:
        delivery.hand_over(act, batch, [1], SEEN)
    assert builders.issue(founded, batch, by=by) == 1
    [receipt] = builders.receipts(founded.bench)
    return service.open_receipt(founded.bench.kit.keys, receipt).fields


def test_goods_are_receipted_by_a_handover_record(founded: Founded) -> None:
    """A packet at the door: who gave what, where, before whom, with their offices, and no rupiah anywhere."""
    stated = handed_over(founded, delivering.sent(founded.bench, founded, count=1, channel="goods").batch)
    assert (stated.kind, stated.amount, stated.in_words) == (fields.GOODS, 2, f"dua {stated.unit}")
    assert stated.contents
    [record] = stated.handovers
    assert (record.giver, record.giver_office) == ("Field Contoh", "Petugas Posko Isoman")
    assert record.place == "Balai RW 01"
    assert [(each.name, each.office) for each in record.witnesses] == [
        ("Ujang Saksi", "Ketua RT 003"),
        ("Neneng Saksi", "Bhabinkamtibmas"),
    ]
    with founded.bench.reading() as session:
        row = session.scalars(select(Handover)).one()
        assert (record.number, record.at) == (row.reference, row.handed_at)
    [receipt] = builders.receipts(founded.bench)
    paper = builders.pdf_of(founded.bench, receipt)
    shown = subprocess.run(["pdftotext", "-layout", "-", "-"], input=paper, capture_output=True, check=True).stdout
    for words in ("Berita Acara Serah Terima", receipt.reference, "Ujang Saksi, Ketua RT 003", "Balai RW 01"):
        assert words in shown.decode()


def test_a_handover_record_of_isolation_tells_no_place(founded: Founded) -> None:
    """THREATS 14: neither the post nor the offices of giver and neighbours say where somebody was ill, or of what."""
    sent = builders.to_one_who_isolates(founded, "goods")
    # Whoever took in the isolation hands nothing over: a second officer does.
    second = appoint(founded, "pengantar", "field", "Dinas Sosial", "POSKO2", "Petugas Posko Isoman", number=90)
    founded.people["pengantar"] = second
    stated = handed_over(founded, sent.batch, by="pengantar")
    [record] = stated.handovers
    assert (stated.village, stated.district, record.place, record.giver_office) == ("", "", "", "")
    assert [each.office for each in record.witnesses] == ["", ""]
    assert record.giver == "Pengantar Contoh"
    [receipt] = builders.receipts(founded.bench)
    paper = builders.pdf_of(founded.bench, receipt)
    shown = subprocess.run(["pdftotext", "-", "-"], input=paper, capture_output=True, check=True).stdout.decode()
    assert "Pengantar Contoh" in shown
    for word in ("Balai", "RT 003", "Bhabin", "Isoman", "Lambangsari"):
        assert word not in shown


def test_isolation_receipts_name_no_place_and_no_illness(founded: Founded) -> None:
    """THREATS 14: neither paper nor log tells a neighbour who was ill where; the programme goes by its neutral name."""
    bench = founded.bench
    sent = builders.to_one_who_isolates(founded, "bank")
    delivering.imported(founded, sent, delivering.answered(delivering.file_of(bench, sent)))
    assert builders.issue(founded, sent.batch) == 1
    [receipt] = builders.receipts(bench)
    stated = service.open_receipt(bench.kit.keys, receipt).fields
    assert (stated.village, stated.district) == ("", "")
    assert stated.program_name == "Bantuan Sosial"
    paper = builders.pdf_of(bench, receipt)
    shown = (
        subprocess.run(["pdftotext", "-", "-"], input=paper, capture_output=True, check=True).stdout.decode().lower()
    )
    assert "rp300.000" in shown
    with bench.reading() as session:
        evidence = evidence_of(session, bench.kit.keys, receipt)
    stamped = str(stamp.read(receipt_keys.stamp_key().stamp(evidence)).stamp).lower()
    assert "program='bantuan sosial'" in stamped
    for word in ("isoman", "isolasi", "covid", "sakit", "lambangsari", "tambun"):
        assert word not in shown
        assert word not in stamped
