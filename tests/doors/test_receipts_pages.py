"""The pages of receipts: who sees which, one button for all that is missing, paper once sealed, an end with reason."""

from __future__ import annotations

import subprocess

import pytest
from flask import Flask
from sqlalchemy import update

from aid_ledger.core.act import Acts
from aid_ledger.core.jobs.tables import job_progress
from aid_ledger.core.roles import Role
from aid_ledger.log.pen import LogPen
from aid_ledger.receipts import jobs, queries, rules, service, views
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.signing import KeySigner
from aid_ledger.receipts.views import within
from audit.pdf import verify_receipt
from audit.pdf.impressions import FIRST, Impression
from tests.builders import delivering, powers, receipt_keys
from tests.builders import receipts as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import PEOPLE, Founded
from tests.builders.web import Browser, browse

HOME = "/tanda-terima/"
ROLES = {login: Role(role) for login, (role, *_rest) in PEOPLE.items()}


def path(receipt: Receipt) -> str:
    """Give a receipt's page."""
    return f"/tanda-terima/{receipt.reference}"


@pytest.mark.parametrize("login", ["operator", "verifier", "approver", "treasurer", "field", "auditor", "admin"])
def test_each_role_finds_its_own_doors(web_app: Flask, founded: Founded, login: str) -> None:
    """Readers read, printers print, issuers issue, treasurers cancel; an admin sees no aid."""
    [receipt] = builders.issued(founded, count=1)
    with founded.bench.reading() as session:
        batch = queries.batch_of(session, receipt).reference
    browser, role = browse(web_app, founded, login), ROLES[login]
    token = browser.form_token("/akun")
    reads = 200 if role in views.READERS else 403
    assert {browser.get(each).status_code for each in (HOME, path(receipt), f"{HOME}paket/{batch}")} == {reads}

    def answers(address: str, **form: str) -> int:
        return browser.client.post(address, data={"csrf_token": token, **form}).status_code

    assert answers(f"{HOME}paket/{batch}/terbitkan") == (302 if role in views.ISSUERS else 403)
    assert answers(f"{path(receipt)}/ganti", replace_reason="Uji") == (409 if role is Role.TREASURER else 403)
    assert answers(f"{path(receipt)}/cetak") == (200 if role in views.PRINTERS else 403)
    assert answers(f"{path(receipt)}/batalkan", reason="Uji") == (302 if role is Role.TREASURER else 403)


def test_who_may_read_everywhere_prints_only_where_they_may_print(web_app: Flask, founded: Founded) -> None:
    """The cheat of a second role: a verifier of all receipts, field officer of one district, prints none elsewhere."""
    [receipt] = builders.issued(founded, count=1)
    powers.another(founded, "posko2", "verifier")
    powers.also(founded, "posko2", "field", area="32.16.09")
    browser = browse(web_app, founded, "posko2")
    assert browser.get(path(receipt)).status_code == 200
    assert browser.post(f"{path(receipt)}/cetak", page="/akun").status_code == 404
    assert builders.receipts(founded.bench)[0].copies == 0


def test_strangers_are_sent_to_the_sign_in(web_app: Flask) -> None:
    """An officer's page is no citizen's page."""
    assert Browser(web_app).get(HOME).status_code == 302


def test_one_button_issues_all_that_is_missing(web_app: Flask, founded: Founded) -> None:
    """The list says how many are missing, the button carries the number, and a second click issues nothing."""
    sent = builders.delivered(founded, count=3)
    browser = browse(web_app, founded, "treasurer")
    page = f"{HOME}paket/{sent.batch}"
    assert "Terbitkan 3 tanda terima" in browser.get(page).text
    assert "Bantuan sampai tanpa tanda terima" in browser.get("/").text
    for _ in range(2):
        assert browser.post(f"{page}/terbitkan", page=page).location == page
    assert len(builders.receipts(founded.bench)) == 3
    after = browser.get(page).text
    assert "Semua baris yang sampai sudah memiliki tanda terima" in after
    assert "Terbitkan" not in after


def test_a_long_batch_is_a_workers_and_can_be_stopped(
    web_app: Flask, founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over what one Act issues, the button asks for the work; the page shows how far it is, and calls it off."""
    monkeypatch.setattr(rules, "ISSUE_LIMIT", 2)
    sent = builders.delivered(founded, count=3)
    browser = browse(web_app, founded, "treasurer")
    page = f"{HOME}paket/{sent.batch}"
    for _ in range(2):
        assert browser.post(f"{page}/terbitkan", page=page).location == page
    shown = browser.get(page).text
    for words in ("Menunggu giliran", "0 dari 3 tanda terima", "Belum ada pekerja latar", "Hentikan"):
        assert words in shown
    assert "Terbitkan 3" not in shown
    assert "0 dari 3 tanda terima" in browser.get(f"{page}/kemajuan").text
    assert "Hentikan" not in browse(web_app, founded, "auditor").get(page).text
    assert browser.post(f"{page}/hentikan", page=page).location == page
    stopped = browser.get(page).text
    for words in ("Dihentikan. Yang sudah terbit tetap berlaku", "Terbitkan 3 tanda terima"):
        assert words in stopped
    assert browser.post(f"{page}/hentikan", page=page).status_code == 409
    assert browser.get(f"{HOME}paket/BTC-2021-000404-X/kemajuan").status_code == 404


ENDS: dict[str, tuple[dict[str, object], str]] = {
    "good": ({"state": "done", "result": '{"sampled": 3}'}, "3 contoh berkasnya diperiksa pembaca PDF lain dan lulus"),
    "unread": ({"state": "done", "result": '{"sampled": 0}'}, "Contoh berkasnya belum diperiksa"),
    "broken": ({"state": "failed", "error_code": "job.broke", "error_facts": "{}"}, "Pekerjaan berhenti"),
    "refused": (
        {"state": "failed", "error_code": "receipt.sample_refused", "error_facts": '{"receipt": "RCP-1"}'},
        "berkas RCP-1 ditolak pembaca PDF lain. Jangan cetak paket ini dahulu",
    ),
}


@pytest.mark.parametrize(("values", "words"), ENDS.values(), ids=ENDS.keys())
def test_the_end_of_the_work_says_what_the_other_reader_found(
    web_app: Flask, founded: Founded, values: dict[str, object], words: str
) -> None:
    """Whoever is about to print a hundred thousand sheets reads first whether a sample was good."""
    sent = builders.delivered(founded, count=1)
    with founded.act("treasurer") as act:
        jobs.ask(act, sent.batch)
    with founded.bench.engine.begin() as connection:
        connection.execute(update(job_progress).values(started_at_ms=1, ended_at_ms=2, total=1, done=1, **values))
    builders.issue(founded, sent.batch)
    shown = browse(web_app, founded, "treasurer").get(f"{HOME}paket/{sent.batch}").text
    assert words in shown


@pytest.mark.parametrize("address", ["/pengiriman/paket/{batch}", "/penyaluran/{batch}"])
def test_pages_of_a_batch_offer_its_receipts(web_app: Flask, founded: Founded, address: str) -> None:
    """Whoever has just confirmed arrivals, or looks at the batch, finds the next step there."""
    sent = builders.delivered(founded, count=2)
    shown = browse(web_app, founded, "treasurer").get(address.format(batch=sent.batch)).text
    assert "Terbitkan 2 tanda terima" in shown
    assert "Terbitkan 2" not in browse(web_app, founded, "auditor").get(address.format(batch=sent.batch)).text


def test_the_report_of_a_result_file_offers_receipts(web_app: Flask, founded: Founded) -> None:
    """The page that confirms arrivals leads straight on."""
    sent = delivering.sent(founded.bench, founded, count=2)
    content = delivering.answered(delivering.file_of(founded.bench, sent))
    result = delivering.imported(founded, sent, content).reference
    shown = browse(web_app, founded, "treasurer").get(f"/pengiriman/hasil/{result}").text
    assert "Terbitkan 2 tanda terima" in shown


def test_a_batch_of_which_nothing_arrived_has_no_page(web_app: Flask, founded: Founded) -> None:
    """There is nothing to confirm yet."""
    sent = delivering.sent(founded.bench, founded, count=1)
    browser = browse(web_app, founded, "treasurer")
    assert browser.get(f"{HOME}paket/{sent.batch}").status_code == 404
    assert "Belum ada bantuan yang sampai" in browser.get(HOME).text


def test_the_printed_file_proves_itself_and_is_counted(web_app: Flask, founded: Founded) -> None:
    """What the button hands over is what our verifier accepts, and the page counts the copy."""
    [receipt] = builders.issued(founded, count=1)
    browser = browse(web_app, founded, "field")
    answer = browser.post(f"{path(receipt)}/cetak", page=path(receipt))
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{receipt.reference}.pdf"'
    vkey = str(founded.bench.key.verifier())
    report = verify_receipt(answer.data, root_cert=receipt_keys.root_pem(), log_key=vkey)
    assert report.number == receipt.reference
    assert (report.impression, "1 kali" in browser.get(path(receipt)).text) == (FIRST, True)
    assert "Cetakan ke-2 (salinan)" in browser.get(path(receipt)).text
    again = verify_receipt(
        browser.post(f"{path(receipt)}/cetak", page=path(receipt)).data, root_cert=receipt_keys.root_pem(), log_key=vkey
    )
    assert again.impression == Impression(2)
    assert "Cetak dalam bahasa Inggris" in browser.get(path(receipt)).text
    english = browser.post(f"{path(receipt)}/cetak?bahasa=en", page=path(receipt)).data
    told = verify_receipt(english, root_cert=receipt_keys.root_pem(), log_key=vkey)
    assert (told.impression, told.fields) == (Impression(3, "en"), again.fields)
    assert browser.post(f"{path(receipt)}/cetak?bahasa=fr", page=path(receipt)).status_code == 422
    assert builders.receipts(founded.bench)[0].copies == 3


class SlowToken:
    """A token that takes so long over each of some signatures that another officer prints the receipt meanwhile."""

    def __init__(self, founded: Founded, receipt: Receipt, *, slow: int) -> None:
        self._key, self.certificate = receipt_keys.signing()
        self._founded, self._receipt, self._slow = founded, receipt, slow

    def sign(self, message: bytes) -> bytes:
        """Sign, late."""
        if self._slow:
            self._slow -= 1
            [now] = builders.receipts(self._founded.bench)
            assert builders.printed(self._founded, self._receipt, copy=now.copies + 1, by="operator")
        return KeySigner(self.certificate, self._key).sign(message)


@pytest.mark.parametrize("slow", [1, rules.PRINT_TRIES - 1])
def test_a_number_taken_meanwhile_has_the_paper_made_again(web_app: Flask, founded: Founded, slow: int) -> None:
    """What stands on the paper is what was recorded for it, whoever else prints at the same time."""
    [receipt] = builders.issued(founded, count=1)
    web_app.extensions[views.PRESS] = builders.press(SlowToken(founded, receipt, slow=slow))
    answer = browse(web_app, founded, "field").post(f"{path(receipt)}/cetak", page=path(receipt))
    vkey = str(founded.bench.key.verifier())
    report = verify_receipt(answer.data, root_cert=receipt_keys.root_pem(), log_key=vkey)
    assert report.impression.copy == builders.receipts(founded.bench)[0].copies == slow + 1
    assert_log_agrees(founded.bench)


def test_whoever_is_always_late_gets_a_sentence_and_no_paper(web_app: Flask, founded: Founded) -> None:
    """There is an end to trying, and nothing is counted for the one who got nothing."""
    [receipt] = builders.issued(founded, count=1)
    web_app.extensions[views.PRESS] = builders.press(SlowToken(founded, receipt, slow=rules.PRINT_TRIES))
    answer = browse(web_app, founded, "field").post(f"{path(receipt)}/cetak", page=path(receipt))
    assert answer.status_code == 409
    assert "sedang dicetak orang lain" in answer.text
    assert builders.receipts(founded.bench)[0].copies == rules.PRINT_TRIES


class BrokenToken(SlowToken):
    """A token that was pulled out."""

    def sign(self, message: bytes) -> bytes:
        """Sign nothing."""
        raise rules.SigningUnavailable(f"no token for {len(message)} bytes")


def test_a_paper_that_could_not_be_made_is_not_counted(web_app: Flask, founded: Founded) -> None:
    """A failed press claims no paper: the log counts what left."""
    [receipt] = builders.issued(founded, count=1)
    web_app.extensions[views.PRESS] = builders.press(BrokenToken(founded, receipt, slow=0))
    answer = browse(web_app, founded, "field").post(f"{path(receipt)}/cetak", page=path(receipt))
    assert answer.status_code == 503
    assert builders.receipts(founded.bench)[0].copies == 0


def test_an_ended_receipt_is_not_printed(web_app: Flask, founded: Founded) -> None:
    """Not offered, and refused to whoever asks anyway."""
    [receipt] = builders.issued(founded, count=1)
    browser = browse(web_app, founded, "treasurer")
    builders.cancel(founded, receipt)
    assert "Unduh PDF" not in browser.get(path(receipt)).text
    assert browser.post(f"{path(receipt)}/cetak", page="/akun").status_code == 409


def test_nothing_is_printed_and_nothing_counted_before_the_seal(web_app: Flask, founded: Founded) -> None:
    """THREATS 4: the page offers no file, and whoever asks anyway is told to wait; no print is recorded."""
    sent = builders.delivered(founded, count=1)
    browser = browse(web_app, founded, "treasurer")
    with Acts(founded.bench.engine, LogPen(), founded.bench.kit).open(founded.actor("treasurer")) as act:
        service.issue_receipts(act, sent.batch)
    [receipt] = builders.receipts(founded.bench)
    page = browser.get(path(receipt))
    assert page.status_code == 200
    assert "Menunggu disegel" in page.text
    assert "Unduh PDF" not in page.text
    assert browser.post(f"{path(receipt)}/cetak", page=path(receipt)).status_code == 503
    assert builders.receipts(founded.bench)[0].copies == 0


def test_cancelling_needs_a_reason_and_happens_once(web_app: Flask, founded: Founded) -> None:
    """The reason stands on the page and in the log; a second cancellation is refused in words."""
    [receipt] = builders.issued(founded, count=1)
    browser = browse(web_app, founded, "treasurer")
    cancel = f"{path(receipt)}/batalkan"
    refused = browser.post(cancel, {"reason": " "}, page=path(receipt))
    assert refused.status_code == 422
    assert "Bagian ini harus diisi" in refused.text
    assert browser.post(cancel, {"reason": "Salah keluarga"}, page=path(receipt)).status_code == 302
    page = browser.get(path(receipt)).text
    assert "dibatalkan" in page
    assert "Salah keluarga" in page
    again = browser.post(cancel, {"reason": "Lagi"}, page="/akun")
    assert again.status_code == 409


def test_replacing_leads_from_the_old_paper_to_the_new(web_app: Flask, founded: Founded) -> None:
    """A treasurer says what was wrong; each of the two pages leads to the other, and the old one is printed no more."""
    [old] = builders.issued(founded, count=1)
    browser = browse(web_app, founded, "treasurer")
    replace = f"{path(old)}/ganti"
    refused = browser.post(replace, {"replace_reason": " "}, page=path(old))
    assert (refused.status_code, "Bagian ini harus diisi" in refused.text) == (422, True)
    unchanged = browser.post(replace, {"replace_reason": "Nama salah"}, page=path(old))
    assert (unchanged.status_code, "sudah sama dengan catatan sekarang" in unchanged.text) == (409, True)
    builders.correct_name(founded, old, "Maimunah Betul")
    answer = browser.post(replace, {"replace_reason": "Nama salah"}, page=path(old))
    _ended, new = builders.receipts(founded.bench)
    assert answer.location == path(new)
    page = browser.get(path(new)).text
    assert "M******* B****" in page
    assert f'Menggantikan <a href="{path(old)}">' in page
    ended = browser.get(path(old)).text
    assert f'<a href="{path(new)}">{new.reference}</a>' in ended
    for words in ("Diganti", "Nama salah", "Tanda terima diganti"):
        assert words in ended
    for words in ("Unduh PDF", "Ganti tanda terima ini", "Batalkan tanda terima ini", "Tanda terima dibatalkan"):
        assert words not in ended
    assert browser.post(f"{path(old)}/cetak", page="/akun").status_code == 409
    assert browser.post(replace, {"replace_reason": "Lagi"}, page="/akun").status_code == 409
    batch = browser.get(f"{HOME}paket/{_batch_of(founded, old)}").text
    assert "Semua baris yang sampai sudah memiliki tanda terima" in batch
    founded.bench.sequencer.run_once()
    printed = browser.post(f"{path(new)}/cetak", page=path(new))
    vkey = str(founded.bench.key.verifier())
    report = verify_receipt(printed.data, root_cert=receipt_keys.root_pem(), log_key=vkey)
    assert (report.number, report.fields.line, report.impression) == (new.reference, new.public_id, FIRST)


def test_page_list_and_paper_say_that_a_stamp_is_due(web_app: Flask, founded: Founded) -> None:
    """By the agency's own rule; a rule that nobody can read is told, and no paper is made as if there were none."""
    [receipt] = builders.issued(founded, count=1)
    browser, batch = browse(web_app, founded, "treasurer"), f"{HOME}paket/{_batch_of(founded, receipt)}"
    with web_app.app_context():
        rule = within.settings_here().stamp_duty_file
    for page in (path(receipt), batch):
        assert "Meterai" not in browser.get(page).text
    rule.write_text("above_idr = 100000\nexempt = []\n")
    for page in (path(receipt), batch):
        assert "Meterai Rp10.000" in browser.get(page).text.replace("meterai", "Meterai")
    pdf = browser.post(f"{path(receipt)}/cetak", page=path(receipt)).data
    shown = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert "Meterai Rp10.000" in shown
    rule.write_text("above = 1\n")
    answer = browser.get(path(receipt))
    assert (answer.status_code, "Berkas stamp-duty.toml tidak dapat dipahami" in answer.text) == (503, True)


def _batch_of(founded: Founded, receipt: Receipt) -> str:
    with founded.bench.reading() as session:
        return queries.batch_of(session, receipt).reference


def test_an_officials_page_never_shows_the_code(web_app: Flask, founded: Founded) -> None:
    """The code belongs to whoever holds the paper."""
    [receipt] = builders.issued(founded, count=1)
    code = builders.code_of(founded.bench, receipt)
    page = browse(web_app, founded, "auditor").get(path(receipt)).text
    assert code not in page.replace("-", "")


def test_a_number_leads_to_its_page(web_app: Flask, founded: Founded) -> None:
    """Typed in any way; a wrong check character is told, not guessed."""
    [receipt] = builders.issued(founded, count=1)
    browser = browse(web_app, founded, "auditor")
    found = browser.get(f"{HOME}cari?nomor={receipt.reference.lower().replace('-', ' ')}")
    assert found.location == path(receipt)
    wrong = browser.get(f"{HOME}cari?nomor={receipt.reference[:-1]}{'A' if receipt.reference[-1] != 'A' else 'B'}")
    assert wrong.status_code == 422
    assert "salah ketik" in wrong.text
