"""The treasurer's and the field officer's pages: who may open them, the way through them, what they refuse."""

from __future__ import annotations

import io
import secrets

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from aid_ledger.approvals import service as approvals
from aid_ledger.core.roles import Role
from aid_ledger.delivery import service
from aid_ledger.delivery.models import Handover, Instruction, ResultFile
from aid_ledger.log.models import LogEntry
from aid_ledger.recipients.models import PersonalView
from aid_ledger.web import guard
from tests.builders import delivering, paying, programs
from tests.builders.documents import JPEG, paper
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.web import Browser, browse
from tests.rooms.delivery.test_answering import CLOSED, SILENT
from tests.rooms.delivery.test_handing import narrow
from tests.rooms.delivery.test_instructing import superuser, unsealed

READERS = {Role.TREASURER, Role.AUDITOR}
HANDERS = {Role.FIELD, Role.TREASURER}
DOORS = {
    "delivery.index": READERS,
    "delivery.show": READERS | {Role.OPERATOR, Role.VERIFIER, Role.APPROVER},
    "delivery.check": {Role.TREASURER},
    "delivery.send": {Role.TREASURER},
    "delivery.resend": {Role.TREASURER},
    "delivery.instruction": READERS,
    "delivery.download": {Role.TREASURER},
    "delivery.new_answer": {Role.TREASURER},
    "delivery.import_answer": {Role.TREASURER},
    "delivery.result": READERS,
    "delivery.uncertain": READERS,
    "delivery.returns": READERS,
    "delivery.show_return": READERS,
    "delivery.new_return": {Role.TREASURER},
    "delivery.check_return": {Role.TREASURER},
    "delivery.give_back": {Role.TREASURER},
    "delivery.rounds": HANDERS,
    "delivery.round": HANDERS,
    "delivery.street": HANDERS,
    "delivery.look": HANDERS,
    "delivery.check_handover": HANDERS,
    "delivery.hand_over": HANDERS,
    "delivery.not_handed": HANDERS,
    "delivery.leave": HANDERS,
    "delivery.print_list": HANDERS,
}
STREET = "32.16.06.2002/002/001"


def upload(browser: Browser, path: str, content: bytes, *, field: str = "answer", **form: object) -> TestResponse:
    """Send a form with a file."""
    token = browser.form_token(path)
    words = {"csrf_token": token, "idempotency_key": secrets.token_urlsafe(12), **form}
    return browser.client.post(path, data={**words, field: (io.BytesIO(content), "berkas.csv")})


def sealed(founded: Founded) -> None:
    """Let the sequencer run, as it does in its own process on PostgreSQL."""
    founded.bench.sequencer.run_once()


def test_every_door_is_for_whom_the_table_says(web_app: Flask) -> None:
    """THREATS 19: a door added or opened wider is noticed here; auditors move nothing (P5)."""
    found = {
        endpoint: guard.mark_of(view).roles  # type: ignore[union-attr] # an unmarked view stops the start
        for endpoint, view in web_app.view_functions.items()
        if endpoint.partition(".")[0] == "delivery"
    }
    assert found == DOORS


def test_a_batch_is_paid_through_the_pages(web_app: Flask, founded: Founded) -> None:
    """From the first screen to the last line: sent once, file taken, answered, asked, returned, and the log agrees."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded, count=3)
    treasurer = browse(web_app, founded, "treasurer")
    assert "Paket siap dikirim" in treasurer.get("/").text
    here = f"/pengiriman/paket/{batch}"
    look = treasurer.get(f"{here}/kirim").text
    assert "Kirim 3 keluarga, Rp900.000" in look
    assert "sembilan ratus ribu rupiah" in look
    assert "sama dengan yang tersegel di log" in look

    sent = treasurer.post(f"{here}/kirim", page=f"{here}/kirim")
    order = sent.location
    assert order.startswith("/pengiriman/perintah/INS-")
    sealed(founded)
    with bench.reading() as session:
        instruction = session.scalars(select(Instruction)).one()
    page = treasurer.get(order).text
    digits = instruction.file_sha256.hex()
    assert " ".join(digits[start : start + 8] for start in range(0, 64, 8)) in page
    file = treasurer.post(f"{order}/berkas", page=order)
    assert file.mimetype == "text/csv"
    assert "attachment" in file.headers["Content-Disposition"]

    says = {"1": SILENT, "2": CLOSED}
    answer = delivering.answered(file.data, lambda paid: says.get(paid["line_no"], {}), echo=False)
    told = upload(treasurer, f"{order}/hasil", answer)
    report = treasurer.get(told.location).text
    assert "rekening tidak dikonfirmasi bank" in report
    assert "Nomor rekening tidak ada." in treasurer.get(here).text
    assert "rekening tidak dikonfirmasi bank" in treasurer.get(f"{here}?keadaan=delivered").text
    assert "Saluran tidak memberi kepastian." in treasurer.get("/pengiriman/belum-pasti").text
    asked = delivering.answered(file.data, delivering.only_first_line())
    upload(treasurer, f"{order}/hasil", asked, is_inquiry="yes")
    assert delivering.states(bench, batch) == {1: "delivered", 2: "failed", 3: "delivered"}

    returned(treasurer, founded, batch)
    assert delivering.states(bench, batch)[2] == "returned"
    auditor = browse(web_app, founded, "auditor")
    for path in ("/pengiriman/", here, order, told.location, "/pengiriman/belum-pasti", "/pengiriman/kembali"):
        assert auditor.get(path).status_code == 200
    assert_log_agrees(bench)


def returned(treasurer: Browser, founded: Founded, batch: str) -> None:
    """Return the failed line of a batch through the pages."""
    with founded.act("treasurer") as act:
        document = paper(act, "sts", amount=300_000).reference
    page = treasurer.get("/pengiriman/kembali").text
    source = page.split("source=", 1)[1].split('"', 1)[0].partition("&")[0]
    query = f"batch={batch}&source={source}"
    assert "Kembalikan Rp300.000" in treasurer.get(f"/pengiriman/kembali/baru?{query}").text
    forgotten = treasurer.get(f"/pengiriman/kembali/periksa?{query}&document=")
    assert forgotten.status_code == 422
    assert 'id="f-document-error"' in forgotten.text
    check = f"/pengiriman/kembali/periksa?{query}&document={document}"
    assert "tiga ratus ribu rupiah" in treasurer.get(check).text
    form = {"batch": batch, "source": source, "document": document}
    assert treasurer.post("/pengiriman/kembali", form, page=check).status_code == 302
    again = treasurer.post("/pengiriman/kembali", form, page="/akun")
    assert again.status_code == 409


def test_a_double_click_on_pay_is_one_instruction(web_app: Flask, founded: Founded) -> None:
    """The same form twice leads to the same instruction; a fresh form is refused, and the wish is recorded."""
    batch, _paid = delivering.approved(founded.bench, founded, count=1)
    treasurer = browse(web_app, founded, "treasurer")
    here = f"/pengiriman/paket/{batch}/kirim"
    form = {"idempotency_key": "satu-klik-dua-kali"}
    first, second = treasurer.post(here, form, page=here), treasurer.post(here, form, page="/akun")
    assert first.location == second.location
    third = treasurer.post(here, page="/akun")
    assert third.status_code == 403
    assert "delivery.resend_not_allowed" in third.text
    with founded.bench.reading() as session:
        assert len(session.scalars(select(Instruction)).all()) == 1
        refused = session.scalars(select(LogEntry).where(LogEntry.kind == "ResendRefused")).all()
    assert len(refused) == 1


def test_a_line_is_not_sent_again_through_any_page(web_app: Flask, founded: Founded) -> None:
    """A treasurer who posts the address by hand: 403 and a fact, for a line under way; a hint for a failed one."""
    sent = delivering.sent(founded.bench, founded, count=2)
    content = delivering.answered(
        delivering.file_of(founded.bench, sent), lambda paid: CLOSED if paid["line_no"] == "2" else SILENT
    )
    delivering.imported(founded, sent, content)
    treasurer = browse(web_app, founded, "treasurer")
    here = f"/pengiriman/paket/{sent.batch}"
    refused = treasurer.post(f"{here}/baris/1/kirim-ulang", page="/akun")
    assert refused.status_code == 403
    assert "delivery.resend_not_allowed" in refused.text
    failed = treasurer.post(f"{here}/baris/2/kirim-ulang", page="/akun")
    assert failed.status_code == 302
    assert treasurer.post(f"{here}/baris/9/kirim-ulang", page="/akun").status_code == 404


def test_a_refused_file_is_explained_where_it_was_chosen(web_app: Flask, founded: Founded) -> None:
    """Errors help: the form stands again with the sentence beside its field, and nothing has changed."""
    sent = delivering.sent(founded.bench, founded, count=2)
    good = delivering.answered(delivering.file_of(founded.bench, sent))
    treasurer = browse(web_app, founded, "treasurer")
    path = f"/pengiriman/perintah/{sent.instruction}/hasil"
    cases = {
        b"": "Pilih berkas hasil dari bank.",
        b"kosong": "delivery.answer_malformed",
        good.replace(b"#TOTAL,2", b"#TOTAL,3"): "delivery.control_total_wrong",
        delivering.answered(delivering.file_of(founded.bench, sent), delivering.only_first_line()): (
            "delivery.answer_set_wrong"
        ),
    }
    for content, words in cases.items():
        answer = upload(treasurer, path, content) if content else treasurer.post(path, page=path)
        assert answer.status_code == 422
        assert words in answer.text
    with founded.bench.reading() as session:
        assert session.scalars(select(ResultFile)).all() == []
    first, second = upload(treasurer, path, good), upload(treasurer, path, good)
    assert first.location == second.location


def test_the_last_look_says_how_the_batch_stands_in_the_log(web_app: Flask, founded: Founded) -> None:
    """Trust marks are earned: waiting while unsealed, sealed after, and red when the rows say something else."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    paying.households(bench, founded, 1)
    batch = paying.verified_batch(bench, founded, paid)
    treasurer = browse(web_app, founded, "treasurer")
    here = f"/pengiriman/paket/{batch}/kirim"
    assert "belum disetujui" in treasurer.get(here).text
    challenge = paying.challenge(founded, [batch])
    with unsealed(founded).open(founded.actor("approver")) as act:
        approvals.answer_challenge(act, challenge, founded.code("approver"), session_hash=paying.SESSION)
    assert "belum tersegel di log" in treasurer.get(here).text
    refused = treasurer.post(here, page=here)
    assert refused.status_code == 503
    sealed(founded)
    assert "sama dengan yang tersegel di log" in treasurer.get(here).text
    superuser(founded, "UPDATE batches SET total = total + 1")
    page = treasurer.get(here).text
    assert "Log tidak membenarkan persetujuan paket ini" in page
    told = treasurer.post(here, page=here)
    assert told.status_code == 409
    assert "Laporkan kepada Inspektorat" in told.text


def test_a_batchs_own_page_tells_of_its_delivery(web_app: Flask, founded: Founded) -> None:
    """Related objects: the operator's page of a batch leads to its delivery, the treasurer's to the last look."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded, count=1)
    page = f"/penyaluran/{batch}"
    treasurer = browse(web_app, founded, "treasurer")
    assert "Periksa dan kirim" in treasurer.get(page).text
    operator = browse(web_app, founded, "operator")
    assert "Menunggu dikirim oleh Bendahara" in operator.get(page).text
    with founded.act("treasurer") as act:
        service.instruct(act, batch)
    assert f"/pengiriman/paket/{batch}" in operator.get(page).text


def test_a_batch_outside_the_area_looks_like_none(web_app: Flask, founded: Founded) -> None:
    """THREATS 19: foreign objects answer 404, not 403."""
    sent = delivering.sent(founded.bench, founded, count=1)
    with founded.bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE role_grants SET area = '32.16.01' WHERE role = 'treasurer'")
    treasurer = browse(web_app, founded, "treasurer")
    for path in (f"/pengiriman/paket/{sent.batch}", f"/pengiriman/perintah/{sent.instruction}"):
        assert treasurer.get(path).status_code == 404
    assert sent.batch not in treasurer.get("/pengiriman/").text
    assert treasurer.post(f"/pengiriman/paket/{sent.batch}/baris/1/kirim-ulang", page="/akun").status_code == 404


# --- in the field ---------------------------------------------------------------------------------------------------


def test_goods_are_handed_over_on_a_phone(web_app: Flask, founded: Founded) -> None:
    """My list by RT, names masked, names for a reason, a last look, two witnesses, a photo; one house left."""
    bench = founded.bench
    sent = delivering.sent(bench, founded, count=3, channel="goods")
    officer = browse(web_app, founded, "field")
    assert "Keluarga menunggu serah terima" in officer.get("/").text
    assert sent.batch in officer.get("/pengiriman/serah").text
    here = f"/pengiriman/serah/{sent.batch}"
    assert "RT 001 / RW 002" in officer.get(here).text

    street = officer.get(f"{here}/{STREET}").text
    assert "Hadir, akan menerima" in street
    open_street = officer.post(
        f"{here}/{STREET}/lihat", {"reason": "Penyerahan paket hari ini"}, page=f"{here}/{STREET}"
    )
    assert open_street.status_code == 200
    with bench.reading() as session:
        assert session.scalars(select(PersonalView.count)).one() == 3

    check = f"{here}/periksa?lines=1&lines=2"
    assert "Serahkan 4 paket kepada 2 keluarga" in officer.get(check).text
    seen: dict[str, object] = {"lines": ["1", "2"], "place": "Balai RW", "witness_one": "Siti", "witness_two": "Siti"}
    seen |= {"office_one": "Ketua RT 001", "office_two": "Kader PKK"}
    token = officer.form_token(check)
    words = {"csrf_token": token, "idempotency_key": secrets.token_urlsafe(12)}
    refused = officer.client.post(f"{here}/serahkan", data={**words, **seen})
    assert refused.status_code == 403
    assert "delivery.witness_refused" in refused.text
    assert "Balai RW" in refused.text
    words["idempotency_key"] = secrets.token_urlsafe(12)
    photo = {"photo": (io.BytesIO(JPEG), "foto.jpg")}
    done = officer.client.post(f"{here}/serahkan", data={**words, **seen, "witness_two": "Budi", **photo})
    assert done.status_code == 302
    assert delivering.states(bench, sent.batch) == {1: "delivered", 2: "delivered", 3: "sent"}
    with bench.reading() as session:
        assert session.scalars(select(Handover.photo_sha256)).one() is not None

    left = f"{here}/baris/3/tidak"
    assert "Penerima pindah." in officer.get(left).text
    assert officer.post(left, {"outcome": "SUCCESS"}, page=left).status_code == 422
    assert officer.post(left, {"outcome": "RECIPIENT_MOVED"}, page=left).status_code == 302
    assert delivering.state_of(bench, sent.batch) == "delivered"
    assert_log_agrees(bench)


def test_the_printed_list_has_names_and_boxes_to_sign(web_app: Flask, founded: Founded) -> None:
    """A village's print is one deed of its own; the page on the screen keeps names masked."""
    bench = founded.bench
    sent = delivering.sent(bench, founded, count=2, channel="goods")
    sealed(founded)
    officer = browse(web_app, founded, "field")
    here = f"/pengiriman/serah/{sent.batch}"
    printed = officer.post(f"{here}/desa/32.16.06.2002/daftar", page=here)
    assert printed.status_code == 200
    assert "Tanda tangan" in printed.text
    assert "Saksi kedua" in printed.text
    with founded.act("field") as act:
        names = [one.name for one in service.collect(act, sent.instruction, village="32.16.06.2002").receivers]
    masked = officer.get(f"{here}/{STREET}").text
    assert all(name in printed.text for name in names)
    assert not any(name in masked for name in names)
    with bench.reading() as session:
        assert len(session.scalars(select(LogEntry).where(LogEntry.kind == "FileCollected")).all()) == 2
    assert officer.post(f"{here}/desa/32.16.01.2001/daftar", page=here).status_code == 404


def test_an_officer_sees_nothing_of_another_area(web_app: Flask, founded: Founded) -> None:
    """Not the batch's numbers, not its streets, not its lines."""
    sent = delivering.sent(founded.bench, founded, count=2, channel="goods")
    narrow(founded, "32.16.01")
    officer = browse(web_app, founded, "field")
    here = f"/pengiriman/serah/{sent.batch}"
    assert sent.batch not in officer.get("/pengiriman/serah").text
    assert "0 keluarga menunggu" in officer.get(here).text
    for path in (f"{here}/{STREET}", f"{here}/periksa?lines=1", f"{here}/baris/1/tidak"):
        assert officer.get(path).status_code == 404


def test_a_bank_batch_is_no_round(web_app: Flask, founded: Founded) -> None:
    """Money at the bank cannot be handed over a second time from a page; nor goods by the treasurer."""
    bank = delivering.sent(founded.bench, founded, count=1)
    assert browse(web_app, founded, "field").get(f"/pengiriman/serah/{bank.batch}").status_code == 404
    goods = delivering.sent(founded.bench, founded, count=1, channel="goods")
    assert browse(web_app, founded, "treasurer").get(f"/pengiriman/serah/{goods.batch}").status_code == 404


@pytest.mark.parametrize("path", ["/pengiriman/", "/pengiriman/serah", "/pengiriman/kembali"])
def test_the_wrong_role_is_told_so(web_app: Flask, founded: Founded, path: str) -> None:
    """An operator follows a batch, and opens nothing else here."""
    sent = delivering.sent(founded.bench, founded, count=1)
    operator = browse(web_app, founded, "operator")
    assert operator.get(path).status_code == 403
    assert operator.get(f"/pengiriman/paket/{sent.batch}").status_code == 200
    assert paying.VILLAGE.startswith(paying.REGION)
