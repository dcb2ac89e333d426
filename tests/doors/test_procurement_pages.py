"""The pages of buying: the buyer pays, another official signs for the arrival, and each sees it once more before."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask import Flask

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.procurement import service
from aid_ledger.procurement.views import unit_price
from aid_ledger.programs import service as programs
from tests.builders.documents import paper
from tests.builders.funding import received
from tests.builders.officials import Founded
from tests.builders.programmes import defined
from tests.builders.web import browse

BUDGET, PRICE, PACKAGES = 1_800_000_000, 1_701_000_000, 6_300
KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')
VENDOR = {"name": "Perum Contoh", "business_number": "9120001", "deed_on": "2003-01-20"}


@pytest.fixture
def purse(founded: Founded) -> str:
    """Give a goods programme with rupiah allocated, as the form names it."""
    source = received(founded.bench, founded, "btt", amount=BUDGET)
    with founded.act("operator") as act:
        defined(act, "JPS_A", public_name="Bansos JPS", commodity="PAKET_A")
        budget = paper(act, "dpa").reference
        programs.allocate(act, source=source, program="JPS_A", commodity=IDR, amount=BUDGET, document=budget)
    return f"{source}/JPS_A"


def file_paper(founded: Founded, kind: str) -> str:
    """Register a paper and give its reference."""
    with founded.act("operator") as act:
        return paper(act, kind).reference


def held(founded: Founded, purse: str, stage: Stage, commodity: str) -> int:
    """Tell what the programme holds."""
    source, _, program = purse.partition("/")
    with founded.bench.reading() as session:
        return book.balance(session, Place(source, stage, program), commodity)


def test_packages_are_bought_and_taken_in_by_pages(web_app: Flask, founded: Founded, purse: str) -> None:
    """P1, P2: money leaves under a contract, goods come against a BAST, by two people, each step once."""
    buyer = browse(web_app, founded, "operator")
    assert buyer.post("/pengadaan/penyedia", VENDOR, page="/pengadaan/penyedia").status_code == 302
    vendor = re.search(r"VND-\d{4}-\d{6}-\w", buyer.get("/pengadaan/penyedia").text)
    assert vendor is not None
    contract, bast = file_paper(founded, "perjanjian"), file_paper(founded, "bast")
    wish = {
        "purse": purse,
        "vendor": vendor[0],
        "quantity": "6.300",
        "price": "1.701.000.000",
        "contract": contract,
    }
    look = buyer.client.get("/pengadaan/beli/periksa", query_string=wish)
    assert "Beli 6.300 paket, Rp1.701.000.000" in look.text
    assert "Rp270.000" in look.text
    assert "Rp99.000.000" in look.text
    key = KEY.search(look.text)
    assert key is not None
    sent = {**wish, "idempotency_key": key[1]}
    page = buyer.post("/pengadaan/beli", sent, page="/pengadaan/beli/periksa?x=1").location
    assert buyer.post("/pengadaan/beli", sent, page="/pengadaan/penyedia").location == page
    assert held(founded, purse, Stage.SPENT, IDR) == PRICE
    assert "Menunggu pejabat lain" in buyer.get(page).text
    arrival = {"quantity": "6.300", "bast": bast}
    assert buyer.post(f"{page}/datang", arrival, page="/pengadaan/penyedia").status_code == 403
    receiver = browse(web_app, founded, "field")
    assert "Barang yang dibeli belum datang lengkap" in receiver.get("/").text
    look = receiver.client.get(f"{page}/datang", query_string=arrival)
    assert "Terima 6.300 paket" in look.text
    assert receiver.post(f"{page}/datang", arrival, page=f"{page}/datang?quantity=6300&bast={bast}").status_code == 302
    assert held(founded, purse, Stage.ALLOCATED, "PAKET_A") == PACKAGES
    shown = receiver.get(page).text
    for words in ("barang lengkap", "Barang dibeli", "Barang diterima", "Field Contoh"):
        assert words in shown
    assert 'href="/program/' in buyer.get(page).text
    assert 'href="/program/' not in shown  # No link may lead where the guard turns its reader away.


def test_a_price_above_the_allocation_cannot_be_confirmed(web_app: Flask, founded: Founded, purse: str) -> None:
    """P1: the look before says so, and has no button."""
    with founded.act("operator") as act:
        vendor = service.register_vendor(act, name="X", deed_on=dt.date(2003, 1, 1), business_number="1").reference
    wish = {
        "purse": purse,
        "vendor": vendor,
        "quantity": "1",
        "price": str(BUDGET + 1),
        "contract": file_paper(founded, "perjanjian"),
    }
    buyer = browse(web_app, founded, "operator")
    look = buyer.client.get("/pengadaan/beli/periksa", query_string=wish)
    assert "Dana tidak cukup" in look.text
    assert 'action="/pengadaan/beli"' not in look.text
    assert buyer.post("/pengadaan/beli", wish, page="/pengadaan/penyedia").status_code == 409


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Bagian ini harus diisi"),
        ({"deed_on": "2999-01-01"}, "tanggal akta yang sudah lewat"),
        ({"business_number": "x" * 61}, "Paling banyak 60 huruf"),
    ],
)
def test_a_refused_vendor_comes_back_as_it_was_typed(
    web_app: Flask, founded: Founded, changes: dict[str, str], words: str
) -> None:
    """UX 3: the sentence says what to do, what was typed is kept."""
    buyer = browse(web_app, founded, "operator")
    refused = buyer.post("/pengadaan/penyedia", VENDOR | changes, page="/pengadaan/penyedia")
    assert refused.status_code == 422
    assert words in refused.text
    assert 'value="9120001"' in refused.text or "business_number" in changes


@pytest.mark.parametrize(
    ("login", "reads", "receives"),
    [
        ("verifier", True, False),
        ("approver", True, False),
        ("auditor", True, False),
        ("treasurer", True, True),
        ("field", True, True),
        ("admin", False, False),
    ],
)
def test_only_operators_buy(web_app: Flask, founded: Founded, login: str, reads: bool, receives: bool) -> None:
    """P2, P5: verifiers, approvers and auditors read; treasurer and posko take goods in; nobody else buys."""
    browser = browse(web_app, founded, login)
    assert browser.get("/pengadaan/").status_code == (200 if reads else 403)
    assert browser.get("/pengadaan/penyedia").status_code == (200 if reads else 403)
    for path in ("/pengadaan/beli", "/pengadaan/penyedia"):
        assert browser.post(path, VENDOR, page="/").status_code == 403
    arrival = browser.post("/pengadaan/PUR-2021-999999-0/datang", {"quantity": "1", "bast": "x"}, page="/")
    assert arrival.status_code == (404 if receives else 403)


def test_a_price_that_does_not_divide_says_so() -> None:
    """UX 9: a figure people read is exact, or says that it is not."""
    assert unit_price(PRICE, PACKAGES) == "Rp270.000"
    assert unit_price(1_800_000_000, 6_300) == "sekitar Rp285.714"
