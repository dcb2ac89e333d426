"""The public pages through the web: no cookie, no stranger's server, small, and nothing but the promised answers."""

from __future__ import annotations

import gzip
import html
import re
import socket

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from aid_ledger.custody import stamps
from aid_ledger.public import limits, reading, views
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.proving import evidence_of
from aid_ledger.web import hurry, onefile
from aid_ledger.web.assets import VENDOR_FOLDER, read_manifest
from audit import note, stamp, stampkeys
from audit.pdf.impressions import ENGLISH, Impression
from audit.policy import Policy
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.officials import Founded
from tests.unit.receipts.forging import FORGERIES

WEIGHT_MAX_BYTES = 100_000
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')
ELSEWHERE = re.compile(r'(?:href|src|action)="(?:https?:)?//')


@pytest.fixture
def app(web_app: Flask) -> Flask:
    """Give the application under the name this file uses most."""
    return web_app


@pytest.fixture
def receipt(founded: Founded) -> Receipt:
    """Issue a receipt."""
    return builders.issued(founded, count=1)[0]


def post_code(app: Flask, code: str) -> TestResponse:
    """Send a code as the form does."""
    return app.test_client().post("/periksa", data={"code": code})


def post_file(app: Flask, pdf: bytes, name: str = "tanda-terima.pdf") -> TestResponse:
    """Send a file as the form does."""
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = b"".join((head, pdf, b"\r\n--x--\r\n"))
    return app.test_client().post("/periksa/berkas", data=body, content_type="multipart/form-data; boundary=x")


def headline(answer: TestResponse) -> str:
    """Read the answer's headline."""
    found = re.search(r'class="trust__words">([^<]+)<', answer.text)
    assert found, answer.text
    return found[1]


def test_wrong_codes_get_one_body(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """THREATS 16: unknown, malformed, foreign, a receipt's number, a near miss: byte for byte one page."""
    real = builders.code_of(founded.bench, receipt)
    near = real[:-1] + ("A" if real[-1] != "A" else "B")
    answers = [post_code(app, code) for code in (near, "x", "JBSWY3DPEHPK3PXP", receipt.reference, "A" * 4_000)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1
    assert headline(answers[0]) == "Tidak asli"


def ask(app: Flask, code: str) -> TestResponse:
    """Ask as the page itself does once it has checked a stamp."""
    return app.test_client().post("/periksa", data={"code": code}, headers={"Accept": "application/json"})


def test_wrong_codes_get_one_answer_for_the_page_as_well(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """THREATS 16: what a script is told apart by tells a guesser as much."""
    real = builders.code_of(founded.bench, receipt)
    near = real[:-1] + ("A" if real[-1] != "A" else "B")
    answers = [ask(app, code) for code in (near, "x", "JBSWY3DPEHPK3PXP", receipt.reference, "A" * 4_000)]
    assert len({answer.data for answer in answers}) == 1
    assert (answers[0].json or {})["verdict"] == "FALSE"
    assert (answers[0].json or {})["stamp"] == ""


def test_the_page_is_told_what_the_stamp_must_say(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """The server states what it would stamp, and whether it stands; it is never told what is on the paper."""
    bench, code = founded.bench, builders.code_of(founded.bench, receipt)
    with bench.reading() as session:
        made = stamp.read(receipt_keys.stamp_key().stamp(evidence_of(session, bench.kit.keys, receipt)))
    answer = ask(app, code).json or {}
    assert (answer["verdict"], answer["stamp"]) == ("GENUINE", note.encode_base64(made.body))
    assert code not in ask(app, code).text
    builders.cancel(founded, receipt, reason="Keluarga sudah pindah")
    ended = ask(app, code).json or {}
    assert (ended["verdict"], ended["words"]) == ("CANCELLED", "Asli, tetapi sudah dibatalkan")
    assert (ended["why"], ended["stamp"]) == ("Keluarga sudah pindah", answer["stamp"])
    assert ended["ended_at"].endswith("WIB")


def test_the_keys_that_are_handed_out_convince_an_inspector(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """The list under the log's key and the root's certificate; without a standing key there is none."""
    raw = app.test_client().get("/periksa/kunci-cap.json").data
    trusted = Policy.of_log_key(str(founded.bench.key.verifier()))
    read = stampkeys.parse(raw)
    keys = stampkeys.check(read, trusted, root_cert=receipt_keys.root_pem(), now_s=2_000_000_000)
    assert keys.keys == (receipt_keys.stamp_key().public,)
    with founded.act("admin") as act:
        stamps.withdraw_stamp_key(act, receipt_keys.stamp_key().named, reason="Kuncinya tersalin")
    gone = app.test_client().get("/periksa/kunci-cap.json")
    assert (headline(gone), gone.status_code) == ("Tidak dapat diperiksa", 404)
    assert '"stamps": null' in app.test_client().get("/periksa").text


def test_the_one_file_may_run_nothing_but_what_is_in_it(app: Flask) -> None:
    """Its policy names its own style and script by their hashes, in the file and in the answer."""
    answer = app.test_client().get("/periksa.html")
    policy = answer.headers["Content-Security-Policy"]
    for tag in ("script", "style"):
        text = answer.text.split(f"<{tag}>")[1].split(f"</{tag}>")[0]
        assert f"{tag}-src '{onefile.hash_of(text)}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert policy.endswith("; frame-ancestors 'none'")
    stated = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', answer.text)
    assert stated is not None
    assert f"{html.unescape(stated[1])}; frame-ancestors 'none'" == policy
    assert not ELSEWHERE.search(answer.text.split("<script>")[0])
    assert len(answer.data) <= WEIGHT_MAX_BYTES


def test_the_libraries_that_check_signatures_are_small() -> None:
    """Ten kilobytes on a cheap phone's credit."""
    noble = VENDOR_FOLDER / read_manifest()["noble.js"]["file"]
    assert len(gzip.compress(noble.read_bytes())) <= 10_000


def test_the_script_is_kept_and_the_worker_is_not(app: Flask) -> None:
    """An address with its digest never changes; a worker is looked for anew, and may serve one page only."""
    client = app.test_client()
    address = re.search(r'src="(/periksa/periksa.js\?v=[^"]+)"', client.get("/periksa").text)
    assert address is not None
    assert client.get(address[1]).headers["Cache-Control"].endswith("immutable")
    assert client.get("/periksa/periksa.js").headers["Cache-Control"] == "public, max-age=300"
    worker = client.get("/periksa/luring.js")
    assert (worker.headers["Cache-Control"], worker.headers["Service-Worker-Allowed"]) == ("no-cache", "/periksa")
    assert "VERSION" not in worker.text


def test_a_genuine_code_shows_what_the_paper_must_say(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """Proven by the log's entry; grey where only the server says so; never the code itself."""
    code = builders.code_of(founded.bench, receipt)
    answer = post_code(app, code)
    assert headline(answer) == "Asli"
    assert receipt.reference in answer.text
    assert "tercatat di log nomor" in answer.text
    assert "Menurut server ini saja" in answer.text
    assert "Belum disaksikan" in answer.text
    assert code not in answer.text


def test_the_page_reports_what_another_reader_found(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """Beside our own verdict, for who wants a second opinion: intact, ours, whole, unchanged. A code has no file."""
    code, pdf = builders.code_of(founded.bench, receipt), builders.pdf_of(founded.bench, receipt)
    shown = post_file(app, pdf).text.partition("Laporan pembaca lain (pyHanko)")[2].partition("</details>")[0]
    assert re.findall(r"<dd>([^<]+)</dd>", shown) == ["ya", "ya", "seluruh berkas", "tidak ada", "tidak ada yang salah"]
    assert "pyHanko" not in post_code(app, code).text


def test_a_paper_in_english_is_the_same_receipt(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """Genuine by its file, by the code on it, and to the second reader; the answer says how its copies are marked."""
    for copy in (1, 2):
        assert builders.printed(founded, receipt, copy=copy)
    english = builders.pdf_of(founded.bench, receipt, Impression(2, ENGLISH))
    for answer in (post_file(app, english), post_code(app, builders.code_of(founded.bench, receipt))):
        assert headline(answer) == "Asli"
        assert "sudah dicetak 2 kali" in answer.text
        assert "kertas berbahasa Inggris “Print no. … (copy)”" in answer.text
    shown = post_file(app, english).text.partition("Laporan pembaca lain (pyHanko)")[2].partition("</details>")[0]
    assert "tidak ada yang salah" in shown
    assert headline(post_file(app, english.replace(b"/Lang (en)", b"/Lang (id)"))) == "Tidak asli"


def test_cancelled_is_said_after_code_and_after_signature(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """The whole chain: issued, printed, genuine; cancelled, and both ways of asking say so with the reason."""
    code, pdf = builders.code_of(founded.bench, receipt), builders.pdf_of(founded.bench, receipt)
    assert headline(post_file(app, pdf)) == "Asli"
    builders.cancel(founded, receipt, reason="Keluarga sudah pindah")
    for answer in (post_code(app, code), post_file(app, pdf)):
        assert headline(answer) == "Asli, tetapi sudah dibatalkan"
        assert "Keluarga sudah pindah" in answer.text
        assert "trust--proved" not in answer.text
    for name in ("revision of nothing", "ISA: page contents"):
        assert headline(post_file(app, FORGERIES[name](pdf))) == "Tidak asli"


@pytest.mark.parametrize(
    ("pdf", "words", "status"),
    [
        (b"", "Tidak dapat diperiksa", 200),
        (b"bukan pdf", "Tidak dapat diperiksa", 200),
        (b"%PDF-1.7\n" + b"<<" * 400_000, "Tidak asli", 200),
        (b"x" * (reading.UPLOAD_MAX_BYTES + 1), "Tidak dapat diperiksa", 200),
        (b"x" * (views.FORM_MAX_BYTES + 1), "Tidak dapat diperiksa", 413),
    ],
)
def test_hostile_uploads_end_in_a_promised_answer(app: Flask, pdf: bytes, words: str, status: int) -> None:
    """THREATS 20: bombs, disguises and floods; what is far too large is not even read."""
    answer = post_file(app, pdf, "../../etc/passwd")
    assert (headline(answer), answer.status_code) == (words, status)


@pytest.mark.parametrize("path", ["/periksa", "/periksa/berkas"])
def test_who_sends_without_end_holds_nobody_up(app: Flask, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """THREATS 20: half a body and then silence; the thread that reads it is free again, and the sender is answered."""
    monkeypatch.setattr(hurry, "SEND_S", 0.2)
    here, there = socket.socketpair()
    with here, there, here.makefile("rb") as body:
        there.sendall(b"--x\r\nContent-Disposition: form-data; ")
        # What gunicorn says of itself: its body ends by itself, and the connection is at hand.
        server = {"wsgi.input": body, "wsgi.input_terminated": True, "gunicorn.socket": here, "CONTENT_LENGTH": "1000"}
        answer = app.test_client().post(path, content_type="multipart/form-data; boundary=x", environ_overrides=server)
    assert (headline(answer), answer.status_code) == ("Tidak dapat diperiksa", 408)


def test_an_empty_form_is_no_verdict(app: Flask) -> None:
    """Nothing given, nothing said."""
    assert headline(post_code(app, "  ")) == "Tidak dapat diperiksa"
    assert headline(app.test_client().post("/periksa/berkas")) == "Tidak dapat diperiksa"


def test_a_bug_is_no_verdict_and_no_traceback(app: Flask, founded: Founded) -> None:
    """Whatever breaks behind the check, a citizen reads that it is our fault and that nothing is decided."""
    with founded.bench.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE receipts RENAME TO elsewhere")
    answer = post_code(app, "JBSWY3DPEHPK3PXP")
    assert (headline(answer), answer.status_code) == ("Tidak dapat diperiksa", 500)
    assert "Traceback" not in answer.text
    assert "receipts" not in answer.text


def test_too_many_checks_are_told_to_come_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that asks without end is stopped, by code and by file alike."""
    monkeypatch.setattr(limits, "BUDGET", 1)
    assert post_code(app, "JBSWY3DPEHPK3PXP").status_code == 200
    for answer in (post_code(app, "JBSWY3DPEHPK3PXP"), post_file(app, b"x")):
        assert (headline(answer), answer.status_code) == ("Tidak dapat diperiksa", 429)


@pytest.mark.parametrize("path", ["/periksa", "/transparansi"])
def test_a_citizens_page_is_light_and_alone(app: Flask, path: str) -> None:
    """No cookie, no third party, no inline script, at most 100 kB with everything it loads; no sign-in asked."""
    client = app.test_client()
    page = client.get(path)
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert not ELSEWHERE.search(page.text)
    assert not re.search(r"<script>|style=|onclick=|csrf", page.text)
    weight = len(page.data)
    for address in ASSET.findall(page.text):
        with client.get(address.replace("&amp;", "&")) as asset:
            weight += len(asset.data)
    assert weight <= WEIGHT_MAX_BYTES, weight


def test_an_answer_sets_no_cookie_and_is_not_kept(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """A phone that is lent to a neighbour must not show the last answer again."""
    answer = post_code(app, builders.code_of(founded.bench, receipt))
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_code_is_taken_from_the_body_only(app: Flask, receipt: Receipt, founded: Founded) -> None:
    """A code in an address ends in logs and histories: the page does not take it from there."""
    code = builders.code_of(founded.bench, receipt)
    for answer in (app.test_client().get(f"/periksa?code={code}"), app.test_client().post(f"/periksa?code={code}")):
        assert receipt.reference not in answer.text


def test_what_is_needed_offline_can_be_taken_along(app: Flask, founded: Founded) -> None:
    """The root certificate and the log's key, both named on the page with what to compare them with."""
    client = app.test_client()
    page = client.get("/periksa").text
    assert client.get("/periksa/akar.pem").data.startswith(b"-----BEGIN CERTIFICATE-----")
    assert str(founded.bench.key.verifier()) in page
    app.extensions["aid_ledger.office"].settings.receipt_root_certificate_file.unlink()
    assert client.get("/periksa/akar.pem").status_code == 404
    assert "akar.pem" not in client.get("/periksa").text


def test_totals_name_programmes_and_hide_the_few(app: Flask, receipt: Receipt) -> None:
    """One household in one kecamatan: its count, its amount and the sum are hidden."""
    page = app.test_client().get("/transparansi").text
    assert "tertutup" in page
    assert "300.000" not in page
    assert receipt.reference not in page


def test_totals_show_what_is_large_enough(app: Flask, founded: Founded) -> None:
    """Five households are shown, with what reached them."""
    builders.delivered(founded, count=5)
    page = app.test_client().get("/transparansi").text
    assert "1.500.000" in page
    assert "tertutup" not in page
