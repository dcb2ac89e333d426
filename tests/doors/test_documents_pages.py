"""The pages of papers: an upload is what it says, a download is what was uploaded, and a click is one click."""

from __future__ import annotations

import io
import secrets

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from aid_ledger.documents import queries
from tests.builders import funding
from tests.builders.documents import JPEG, PDF, PNG, paper
from tests.builders.officials import Founded
from tests.builders.web import Browser, browse

FORM = {
    "kind": "sk",
    "number": "360/Kep.1/2026",
    "title": "Status tanggap darurat",
    "signer": "Bupati Bekasi",
    "issued_on": "2026-01-05",
}


def upload(
    browser: Browser, content: bytes | None, name: str = "sk.pdf", kind: str = "application/pdf", **change: str
) -> TestResponse:
    """Register a paper with a scan."""
    sent = {
        "csrf_token": browser.form_token("/dokumen/baru"),
        "idempotency_key": secrets.token_urlsafe(12),
        **FORM,
        **change,
    }
    files = {} if content is None else {"scan": FileStorage(io.BytesIO(content), name, "scan", kind)}
    # Written out here: the test client would leave a temporary file of a large body open.
    boundary, body = encode_multipart({**sent, **files})
    return browser.client.post("/dokumen/baru", data=body, content_type=f"multipart/form-data; boundary={boundary}")


@pytest.fixture
def operator(web_app: Flask, founded: Founded) -> Browser:
    """Give an operator's browser."""
    return browse(web_app, founded, "operator")


@pytest.mark.parametrize(
    ("content", "name", "kind", "code"),
    [
        (b"<script>alert(1)</script>", "sk.pdf", "application/pdf", "file_kind_refused"),
        (b"PK\x03\x04" + b"0" * 40, "sk.pdf", "application/pdf", "file_kind_refused"),
        (PNG, "sk.pdf", "application/pdf", "file_disguised"),
        (PDF, "sk.html", "text/html", "file_disguised"),
        (b"", "sk.pdf", "application/pdf", "file_empty"),
        (b"%PDF-" + b"0" * (11 * 1024 * 1024), "sk.pdf", "application/pdf", "file_too_large"),
    ],
)
def test_a_scan_that_is_none_comes_back(operator: Browser, content: bytes, name: str, kind: str, code: str) -> None:
    """Disguises, nothing, and 11 MB: the form comes back with the reason and with what was typed."""
    answer = upload(operator, content, name, kind)
    assert answer.status_code == 422
    assert f"document.{code}" in answer.text
    assert FORM["number"] in answer.text


@pytest.mark.parametrize(
    ("content", "name", "kind", "suffix"),
    [
        (PDF, "../../etc/passwd", "application/pdf", ".pdf"),
        (JPEG, "sk.jpg", "image/jpeg", ".jpg"),
        (PNG, "sk", "application/octet-stream", ".png"),
    ],
)
def test_what_is_downloaded_is_what_was_uploaded(
    operator: Browser, content: bytes, name: str, kind: str, suffix: str
) -> None:
    """Under our name and not the sender's, as a file and never as a page of ours."""
    here = upload(operator, content, name, kind).location
    page = operator.get(here)
    assert "Unduh berkas" in page.text
    answer = operator.get(f"{here}/berkas")
    assert answer.data == content
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{here.rpartition("/")[2]}{suffix}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_double_click_registers_one_paper(operator: Browser, founded: Founded) -> None:
    """P7: the same form sent twice gives the same document; another scan under the same key is a conflict."""
    key = "satu-dokumen"
    first = upload(operator, PDF, idempotency_key=key)
    assert upload(operator, PDF, idempotency_key=key).location == first.location
    assert upload(operator, PDF + b"lain", idempotency_key=key).status_code == 409
    with founded.bench.reading() as session:
        assert queries.counts_by_kind(session) == {"sk": 1}


def test_a_form_without_its_key_registers_nothing(operator: Browser) -> None:
    """A request that could be repeated by accident carries a key, or it is none of ours."""
    answer = upload(operator, None, idempotency_key="")
    assert answer.status_code == 422
    assert "idempotency.key_missing" in answer.text


def test_a_scan_changed_on_the_disk_is_not_handed_over(operator: Browser, founded: Founded) -> None:
    """The log remembers the digest: what does not have it is not shown, and the page says whom to tell."""
    here = upload(operator, PDF).location
    (place,) = [path for path in (founded.bench.folder / "var" / "files").rglob("*") if path.is_file()]
    place.write_bytes(PDF + b"halaman tambahan")
    answer = operator.get(f"{here}/berkas")
    assert answer.status_code == 503
    assert "Inspektorat" in answer.text


def test_a_paper_without_scan_has_nothing_to_download(operator: Browser) -> None:
    """The page says so instead of failing, and so does the address."""
    here = upload(operator, None, valid_until="2026-01-31").location
    page = operator.get(here).text
    assert "tanpa berkas" in page
    assert "sudah berakhir" in page
    assert operator.get(f"{here}/berkas").status_code == 404
    assert operator.get("/dokumen/DOC-2026-999999-0").status_code == 404


def test_the_list_filters_and_pages(operator: Browser, founded: Founded) -> None:
    """Newest first, by kind, from where the page before stopped."""
    with founded.act("operator") as act:
        for _number in range(queries.PAGE_SIZE + 2):
            paper(act, "sk")
        paper(act, "rkb", amount=5)
    assert "Rencana kebutuhan belanja" in operator.get("/dokumen/").text
    first = operator.get("/dokumen/?jenis=sk").text
    assert first.count("<tr>") == queries.PAGE_SIZE + 1
    assert "jenis=sk&amp;sebelum=3" in first
    assert operator.get("/dokumen/?jenis=sk&sebelum=3").text.count("<tr>") == 3
    assert operator.get("/dokumen/?jenis=dukun").status_code == 422


def test_a_paper_names_what_rests_on_it(operator: Browser, founded: Founded) -> None:
    """Upstream and downstream: from the decree to the money."""
    reference = funding.offered(founded, funding.opened(founded, "apbd"), amount=5)
    with founded.bench.reading() as session:
        documents = queries.page(session, kind="sp2d")
    assert reference in operator.get(f"/dokumen/{documents[0].reference}").text
