"""The pages of oversight: for everybody who moves or inspects aid, not for whoever hands out roles."""

from __future__ import annotations

import io
from zipfile import ZipFile

import pytest
from flask import Flask

from aid_ledger.receipts import queries
from aid_ledger.receipts.models import Receipt
from tests.builders import receipts as builders
from tests.builders.officials import Founded
from tests.builders.web import Browser, browse

SUMMARY = "/pengawasan/ringkasan"
TRACE = "/pengawasan/telusur"


@pytest.fixture
def receipt(founded: Founded) -> Receipt:
    """Issue two receipts and give the first."""
    return builders.issued(founded, count=2)[0]


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("operator", 200),
        ("verifier", 200),
        ("approver", 200),
        ("treasurer", 200),
        ("field", 200),
        ("auditor", 200),
        ("admin", 403),
    ],
)
def test_who_may_oversee(web_app: Flask, founded: Founded, login: str, status: int) -> None:
    """UX: an admin sees no aid data; everybody else may see where it is."""
    browser = browse(web_app, founded, login)
    for path in (SUMMARY, f"{SUMMARY}.xlsx", TRACE):
        assert browser.get(path).status_code == status


def test_strangers_see_no_oversight(web_app: Flask) -> None:
    """What the public may know is on its own page, with small counts hidden."""
    for path in (SUMMARY, f"{SUMMARY}.pdf", TRACE, f"{TRACE}/sumber/BTT"):
        assert Browser(web_app).get(path).status_code == 302


def test_the_summary_on_three_surfaces_says_the_same(web_app: Flask, founded: Founded, receipt: Receipt) -> None:
    """Screen, paper and workbook: the same figure, and none of them names a person."""
    browser = browse(web_app, founded, "auditor")
    page = browser.get(SUMMARY).text
    assert "600.000" in page
    pdf = browser.get(f"{SUMMARY}.pdf")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    book = ZipFile(io.BytesIO(browser.get(f"{SUMMARY}.xlsx").data))
    sheets = "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/"))
    assert "600000" in sheets
    for secret in ("Warga", "321606"):
        assert secret not in page
        assert secret not in book.read("xl/sharedStrings.xml").decode()


def test_the_box_leads_on_and_says_when_it_cannot(web_app: Flask, founded: Founded, receipt: Receipt) -> None:
    """A receipt leads to its household, the household to its source, the source back to every line."""
    browser = browse(web_app, founded, "auditor")
    found = browser.get(f"{TRACE}/cari?nomor={receipt.reference}")
    assert found.status_code == 302
    household = browser.get(found.location).text
    assert receipt.reference in household
    source = household.split(f'href="{TRACE}/sumber/')[1].split('"')[0]
    downstream = browser.get(f"{TRACE}/sumber/{source}").text
    assert receipt.reference in downstream
    missed = browser.get(f"{TRACE}/cari?nomor=tidak-ada")
    assert missed.status_code == 404
    assert "Tidak ada yang bernomor tidak-ada" in missed.text
    assert browser.get(f"{TRACE}/cari?nomor=").status_code == 422


def test_a_batch_shows_its_sources_and_lines(web_app: Flask, founded: Founded, receipt: Receipt) -> None:
    """Both directions from the middle."""
    browser = browse(web_app, founded, "verifier")
    with founded.bench.reading() as session:
        batch = queries.batch_of(session, receipt).reference
    page = browser.get(f"{TRACE}/paket/{batch}").text
    assert receipt.reference in page
    assert f"{TRACE}/sumber/" in page
    assert browser.get(f"{TRACE}/paket/BTC-2021-000999-X").status_code == 404


def test_no_trace_names_a_person(web_app: Flask, founded: Founded, receipt: Receipt) -> None:
    """P6: households are numbers here; names are opened elsewhere, with a reason that is recorded."""
    browser = browse(web_app, founded, "auditor")
    for number in (receipt.reference, receipt.public_id):
        page = browser.get(f"{TRACE}/keluarga/{number}").text
        assert "Warga" not in page
        assert "321606" not in page
