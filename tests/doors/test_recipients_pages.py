"""The pages of recipients: lists through the browser, nobody's NIK in an address, a look that is recorded and ends."""

from __future__ import annotations

import io
import re
import secrets
import time
import zipfile
from collections.abc import Mapping, Sequence

import pytest
import xlsxwriter
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from aid_ledger.core import clock
from aid_ledger.core.jobs import JobState, run_inline
from aid_ledger.core.roles import Role
from aid_ledger.demo import households
from aid_ledger.log.models import LogEntry
from aid_ledger.officials import service as officials
from aid_ledger.recipients import incoming, jobs, privacy, queries
from aid_ledger.recipients.models import BankAccount, Person, RecipientImport
from aid_ledger.recipients.views import lists
from aid_ledger.web import guard
from audit import canonical
from tests.builders import recipients as builders
from tests.builders.officials import SINCE, Founded, accept
from tests.builders.recipients import row
from tests.builders.web import Browser, browse

EVERYBODY = {Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.FIELD, Role.AUDITOR}
DOORS = {
    "index": EVERYBODY,
    "search": EVERYBODY,
    "region": EVERYBODY,
    "person": EVERYBODY,
    "look": EVERYBODY,
    "imports": EVERYBODY,
    "show_import": EVERYBODY,
    "import_progress": EVERYBODY,
    "import_report": EVERYBODY,
    "new_import": {Role.OPERATOR},
    "import_template": {Role.OPERATOR},
    "take_list": {Role.OPERATOR},
    "resume_import": {Role.OPERATOR},
    "new_correction": {Role.OPERATOR},
    "correct": {Role.OPERATOR},
    "new_account": {Role.OPERATOR},
    "change_account": {Role.OPERATOR},
    "new_status": {Role.OPERATOR},
    "record_status": {Role.OPERATOR},
    "new_external": {Role.OPERATOR},
    "load_external": {Role.OPERATOR},
}
FORMULA = '=HYPERLINK("http://contoh.example","x")'
REASON = "Mencocokkan KTP di kantor desa."
CSV_KIND = "text/csv"


def send(browser: Browser, path: str, field: str, content: bytes, name: str, form: Mapping[str, str]) -> TestResponse:
    """Send a form with a file."""
    sent = {"csrf_token": browser.form_token(path), "idempotency_key": secrets.token_urlsafe(12), **form}
    file = FileStorage(io.BytesIO(content), name, field, CSV_KIND)
    # Written out here: the test client would leave a temporary file of a large body open.
    boundary, body = encode_multipart({**sent, field: file})
    return browser.client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def upload(browser: Browser, content: bytes, name: str = "daftar.csv", mode: str = "good_rows") -> TestResponse:
    """Import a file."""
    return send(browser, "/penerima/impor/baru", "daftar", content, name, {"mode": mode})


def csv_of(founded: Founded, *rows: Mapping[str, str]) -> bytes:
    """Write rows as a CSV file."""
    return builders.list_file(founded.bench, rows).read_bytes()


def sheet_of(columns: Sequence[str], *rows: Sequence[object]) -> bytes:
    """Write rows as a workbook, numbers as numbers."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    sheet = book.add_worksheet()
    for place, each in enumerate([columns, *rows]):
        sheet.write_row(place, 0, each)
    book.close()
    return written.getvalue()


def people(founded: Founded) -> list[Person]:
    """List everybody."""
    with founded.bench.reading() as session:
        return list(session.scalars(select(Person).order_by(Person.id)))


@pytest.fixture
def operator(web_app: Flask, founded: Founded) -> Browser:
    """Give an operator's browser."""
    return browse(web_app, founded, "operator")


def test_every_door_is_for_whom_it_says(web_app: Flask) -> None:
    """P5: who may open which page, as one table; a page that is not in it fails here."""
    found = {
        name.removeprefix("recipients."): guard.mark_of(view)
        for name, view in web_app.view_functions.items()
        if name.startswith("recipients.")
    }
    assert {name: set(mark.roles) for name, mark in found.items() if mark is not None} == DOORS


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_goes_in_and_its_faults_come_back(operator: Browser, founded: Founded) -> None:
    """Good rows in, bad ones named on the page and in the report, and the report holds no value and no formula."""
    content = csv_of(founded, row(1), row(2, nik="3216064101"), row(3, nama=FORMULA, kode_desa="32.16.99.2001"))
    answer = upload(operator, content)
    assert answer.status_code == 302, answer.text
    page = operator.get(answer.location).text
    assert "NIK harus tepat 16 angka, tanpa huruf; di sini 10 karakter." in page
    assert "baris tidak masuk" in page
    assert len(people(founded)) == 1
    report = operator.get(f"{answer.location}/laporan.csv")
    lines = report.text.splitlines()
    assert lines[0] == "baris;kolom;kode;pesan"
    assert lines[1].startswith("3;nik;nik.format;")
    assert "3216064101" not in report.text
    assert "HYPERLINK" not in report.text
    assert "attachment" in report.headers["Content-Disposition"]


def test_the_same_file_again_leads_to_the_first_import(operator: Browser, founded: Founded) -> None:
    """P1 at the door: the second upload changes nothing and says so."""
    content = csv_of(founded, row(1), row(2))
    first = upload(operator, content)
    second = upload(operator, content, name="nama lain.csv")
    assert second.location == first.location
    assert "sudah pernah dibaca" in operator.get(second.location).text
    with founded.bench.reading() as session:
        assert session.scalar(select(func.count()).select_from(RecipientImport)) == 1


def test_a_bomb_is_refused_and_nothing_of_it_stays(operator: Browser, founded: Founded) -> None:
    """THREATS 20: a workbook that unpacks to gigabytes is turned away in words, within seconds."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (200 * 2**20))
    began = time.monotonic()
    answer = upload(operator, packed.getvalue(), name="daftar.xlsx")
    assert answer.status_code == 422
    assert "file.archive" in answer.text
    assert time.monotonic() - began < 20
    assert people(founded) == []
    files = operator.client.application.extensions["aid_ledger.office"].kit.files
    assert [path for path in files.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "daftar.csv", "file.empty"),
        (b"%PDF-1.7", "daftar.csv", "file.kind"),
        (b"nik,nama,kode_desa\n", "daftar.csv", "file.no_rows"),
        (b"nik,nama,rahasia\n1,2,3\n", "daftar.csv", "columns.unknown"),
        ("nik,nama,kode_desa\n1,Ren\u00e9,3\n".encode("cp1252"), "../../etc/passwd", "file.encoding"),
    ],
)
def test_files_that_are_no_lists_are_refused_in_words(operator: Browser, content: bytes, name: str, code: str) -> None:
    """Each refusal says what it is, beside the field, and what to do; what was chosen stays chosen."""
    answer = upload(operator, content, name, mode="all_or_nothing")
    assert answer.status_code == 422
    assert code in answer.text
    assert 'value="all_or_nothing" checked' in answer.text


def test_a_nik_excel_kept_as_a_number_is_refused(operator: Browser, founded: Founded) -> None:
    """The sixteenth digit of a number is Excel's invention; the row is refused with its remedy."""
    content = sheet_of(
        ("nik", "nama", "kode_desa"),
        (3216064101900000, "Ani Contoh", builders.VILLAGES[0]),
        (row(2)["nik"], "Budi Contoh", builders.VILLAGES[0]),
    )
    page = operator.get(upload(operator, content, "daftar.xlsx").location).text
    assert "NIK tersimpan sebagai bilangan" in page
    assert len(people(founded)) == 1


def test_the_template_reads_back_as_an_empty_list(operator: Browser) -> None:
    """What we hand out is what we take: sixteen columns, all text, and the codes of the villages beside."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(operator.get("/penerima/impor/templat").data))
    assert book.get_sheet_by_name("Penerima").to_python() == [list(households.COLUMNS)]
    assert [builders.VILLAGES[0], "Lambangsari"] in book.get_sheet_by_name("Kode desa").to_python()
    refused = upload(operator, operator.get("/penerima/impor/templat").data, "templat.xlsx")
    assert "file.no_rows" in refused.text


def test_a_long_list_is_left_to_a_worker_and_shown_while_it_runs(
    operator: Browser, web_app: Flask, founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page answers at once; the job names the list only, takes it in by parts, and leaves nothing behind."""
    monkeypatch.setattr(lists, "AT_ONCE_ROWS", 3)
    monkeypatch.setattr(incoming, "PART_ROWS", 4)
    where = upload(operator, csv_of(founded, *(row(number) for number in range(1, 11)))).location
    assert "0 dari 10 baris" in operator.get(where).text
    assert people(founded) == []
    office = web_app.extensions["aid_ledger.office"]
    with founded.bench.reading() as session:
        record = queries.imports(session)[0]
        job = jobs.newest(session, record.reference)
    assert job is not None
    assert (job.state, job.args) == (JobState.QUEUED, {"intake": record.reference})

    shown: list[str] = []
    result = run_inline(
        jobs.import_kind(office.acts),
        job.args,
        on_progress=lambda _: shown.append(operator.get(f"{where}/kemajuan").text),
    )
    assert result == {"intake": record.reference, "new": 10, "changed": 0}
    assert [re.findall("[0-9]+ dari 10 baris", page)[0] for page in shown[:4]] == [
        f"{done} dari 10 baris" for done in (0, 4, 8, 10)
    ]
    assert len(people(founded)) == 10
    assert "Semua baris masuk." in operator.get(where).text
    assert [path for path in office.kit.files.rglob("*") if path.is_file()] == []
    with founded.bench.reading() as session:
        doors = [
            canonical.parse(raw)["actor"] for raw in session.scalars(select(LogEntry.raw)) if b'"door":"job"' in raw
        ]
    assert doors == [{"type": "official", "id": "operator", "office": "PPTK", "door": "job"}] * 3


# --- people -----------------------------------------------------------------------------------------------------------


def test_no_page_and_no_address_shows_a_nik(operator: Browser, founded: Founded) -> None:
    """P6: lists and pages are masked; searching by NIK leads to an address without it."""
    builders.imported_rows(
        founded.bench, founded, [row(1, nama="Zulaikha Contoh", bank="110", no_rekening="1234567890")]
    )
    nik, reference = row(1)["nik"], people(founded)[0].reference
    village = f"/penerima/wilayah/{builders.VILLAGES[0]}"
    found = operator.post("/penerima/cari", {"sought": f"{nik[:4]} {nik[4:]}"}, page="/penerima/")
    assert found.location == f"/penerima/orang/{reference}"
    for path in ("/penerima/", "/penerima/wilayah/32.16.06", village, f"{village}?rt=1", found.location):
        page = operator.get(path).text
        assert nik not in page
        assert "Zulaikha" not in page
        assert "1234567890" not in page
    assert "3216••••••••••00" in operator.get(village).text
    assert "Z******* C*****" in operator.get(village).text
    assert reference not in operator.get(f"{village}?rt=7").text


def test_a_nik_nobody_has_is_not_found_in_words(operator: Browser) -> None:
    """The search says so beside the field, and no wrong number is repeated in an address."""
    answer = operator.post("/penerima/cari", {"sought": "3216069999990000"}, page="/penerima/")
    assert answer.status_code == 404
    assert "recipients.person_not_found" in answer.text


def test_a_look_opens_once_and_the_501st_does_not(
    operator: Browser, founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """THREATS 15 at the door: a reason, a record, a page that is not stored; at the limit only a sentence."""
    monkeypatch.setattr(privacy, "DAILY_LIMIT", 1)
    builders.imported_rows(founded.bench, founded, [row(1)])
    path = f"/penerima/orang/{people(founded)[0].reference}"
    short = operator.post(f"{path}/lihat", {"reason": "cek"}, page=path)
    assert short.status_code == 422
    assert row(1)["nik"] not in short.text
    opened = operator.post(f"{path}/lihat", {"reason": REASON}, page=path)
    assert row(1)["nik"] in opened.text
    assert opened.headers["Cache-Control"] == "no-store"
    refused = operator.post(f"{path}/lihat", {"reason": REASON}, page=path)
    assert refused.status_code == 429
    assert row(1)["nik"] not in refused.text
    assert "recipients.view_limit" in refused.text
    with founded.bench.reading() as session:
        kinds = list(session.scalars(select(LogEntry.kind).where(LogEntry.kind.like("%View%")).order_by(LogEntry.id)))
    assert kinds == ["PeopleViewed", "ViewRefused"]


def test_a_foreign_area_looks_like_nothing(web_app: Flask, founded: Founded) -> None:
    """THREATS 19: an official of one kecamatan finds nobody of another, by page, by search or by look."""
    builders.imported_rows(founded.bench, founded, [row(1)])
    reference = people(founded)[0].reference
    appoint_within(founded, "jauh", "32.16.01")
    browser = browse(web_app, founded, "jauh")
    assert browser.get(f"/penerima/orang/{reference}").status_code == 404
    assert browser.post("/penerima/cari", {"sought": row(1)["nik"]}, page="/penerima/").status_code == 404
    assert browser.post(f"/penerima/orang/{reference}/lihat", {"reason": REASON}, page="/penerima/").status_code == 404
    assert reference not in browser.get(f"/penerima/wilayah/{builders.VILLAGES[0]}").text
    taken = operator_upload_from_afar(browser, founded)
    assert "Kode desa tidak terdaftar di wilayah kerja ini." in taken


def test_a_correction_by_form(operator: Browser, founded: Founded) -> None:
    """Only what was typed changes; a bad cell is named in the list's own words; a NIK in the reason is refused."""
    builders.imported_rows(founded.bench, founded, [row(1)])
    reference = people(founded)[0].reference
    path = f"/penerima/orang/{reference}/koreksi"
    wrong = operator.post(path, {"tanggal_lahir": "31-02-1990", "reason": REASON}, page=path)
    assert (wrong.status_code, "Tanggal lahir ini tidak ada di kalender." in wrong.text) == (422, True)
    telling = operator.post(path, {"rt": "7", "reason": f"NIK {row(2)['nik']} yang benar"}, page=path)
    assert "recipients.reason_tells_too_much" in telling.text
    assert operator.post(path, {"nama": "-", "reason": REASON}, page=path).status_code == 422
    done = operator.post(path, {"rt": "7", "pekerjaan": "-", "reason": REASON}, page=path)
    assert done.status_code == 302, done.text
    person = people(founded)[0]
    assert (person.rt, person.rw) == ("007", "002")
    page = operator.post(f"/penerima/orang/{reference}/lihat", {"reason": REASON}, page=done.location).text
    assert "Kp. Contoh No. 1" in page
    assert "Buruh harian lepas" not in page


def test_another_account_by_form(operator: Browser, founded: Founded) -> None:
    """The new one is current, the old one stays on the page as old; a number Excel has mangled is refused."""
    builders.imported_rows(founded.bench, founded, [row(1, bank="110", no_rekening="1234567890")])
    reference = people(founded)[0].reference
    path = f"/penerima/orang/{reference}/rekening"
    form = {"bank": "008", "number": "9,87654E+11", "holder": "Ani Contoh", "reason": REASON}
    assert "Nomor rekening tersimpan sebagai bilangan" in operator.post(path, form, page=path).text
    done = operator.post(path, {**form, "number": "9876.5432.10"}, page=path)
    assert done.status_code == 302, done.text
    with founded.bench.reading() as session:
        assert list(session.scalars(select(BankAccount.is_current).order_by(BankAccount.id))) == [False, True]
    assert "••••••3210" in operator.get(f"/penerima/orang/{reference}").text


def test_a_civil_status_by_form(operator: Browser, founded: Founded) -> None:
    """Death stops at once; coming back asks for a paper."""
    builders.imported_rows(founded.bench, founded, [row(1)])
    path = f"/penerima/orang/{people(founded)[0].reference}/status"
    today = clock.today().isoformat()
    assert operator.post(path, {"status": "deceased", "since": today}, page=path).status_code == 302
    assert people(founded)[0].state == "deceased"
    back = operator.post(path, {"status": "active", "since": today}, page=path)
    assert "recipients.proof_missing" in back.text


def test_another_agencys_list_by_form(operator: Browser, founded: Founded) -> None:
    """Loaded as hashes; a line that is no NIK is named by its row, and its digits are not shown."""
    path, form = "/penerima/bantuan-lain", {"program": "PKH", "period": "2021-08"}
    bad = send(operator, path, "nomor", b"nik\n3216064101900000\n32160641\n", "pkh.csv", form)
    assert bad.status_code == 422
    assert "di baris 3" in bad.text
    assert "32160641" not in bad.text
    assert send(operator, path, "nomor", b"nik\n3216064101900000\n", "pkh.csv", form).status_code == 302


def appoint_within(founded: Founded, login: str, area: str) -> None:
    """Appoint an operator of one kecamatan."""
    with founded.act("sekda") as act:
        officials.enrol_official(act, login=login, name="Jauh Contoh", agency_unit="Dinas Sosial")
        officials.open_office(act, code="KECAMATAN_1", title="Operator kecamatan", agency_unit="Dinas Sosial")
        officials.hold_office(
            act,
            login=login,
            office="KECAMATAN_1",
            status="definitif",
            since=SINCE,
            until=None,
            decree="821.2/Kep.77-BKPSDM/2021",
        )
        link = officials.open_enrolment(act, login=login)
    with founded.act("sekda") as act:
        officials.request_role(
            act, login=login, role="operator", area=area, since=SINCE, until=None, decree="800/Kep.77/2021"
        )
    founded.people[login] = accept(founded.bench.acts, login, "KECAMATAN_1", link)


def operator_upload_from_afar(browser: Browser, founded: Founded) -> str:
    """Let an operator of another kecamatan try to import these villages."""
    return browser.get(upload(browser, csv_of(founded, row(5))).location).text
