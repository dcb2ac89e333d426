"""The pages of the book: what every account holds, how it came to it, and where the proof lies."""

from __future__ import annotations

from flask import Flask

from aid_ledger.book import queries, service
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from audit.facts.money import FundsAllocated
from tests.builders import funding as builders
from tests.builders.officials import Founded
from tests.builders.web import browse


def shuffle(founded: Founded, source: str, times: int) -> None:
    """Allocate one rupiah so often, each in an Act of its own."""
    received, allocated = Place(source, Stage.RECEIVED), Place(source, Stage.ALLOCATED, "BST")
    for number in range(times):
        with founded.act("operator") as act:
            moves = service.move(act, [Movement(received, allocated, IDR, 1)])
            fact = FundsAllocated(
                allocation=f"ALC-{number}",
                source=source,
                program="BST",
                commodity=IDR,
                amount=1,
                document="DOC-1",
                moves=moves,
            )
            act.record(fact)


def test_the_book_shows_every_account_once(web_app: Flask, founded: Founded) -> None:
    """P1: a rupiah is in one row; goods are counted apart from money."""
    source = builders.received(founded.bench, founded, "btt", amount=1_000_000)
    goods = builders.received(founded.bench, founded, "csr", amount=77, commodity="PAKET_A")
    shuffle(founded, source, 1)
    auditor = browse(web_app, founded, "auditor")
    money = auditor.get("/buku/").text
    assert "999.999" in money
    assert goods not in money
    assert "77" in auditor.get("/buku/?barang=PAKET_A").text
    assert auditor.get("/buku/?barang=EMAS").status_code == 404


def test_an_account_pages_through_its_transfers(web_app: Flask, founded: Founded) -> None:
    """The next page begins after the last row shown; none is shown twice, none is left out; each leads to the log."""
    source = builders.received(founded.bench, founded, "apbd", amount=1_000)
    shuffle(founded, source, queries.PAGE_SIZE + 3)
    auditor = browse(web_app, founded, "auditor")
    here = f"/buku/rekening/{source}/-/received/IDR"
    first = auditor.get(here).text
    assert first.count("/log/entri/") == queries.PAGE_SIZE
    with founded.bench.reading() as session:
        account = queries.account(session, Place(source, Stage.RECEIVED), IDR)
        assert account is not None
        legs = queries.statement(session, account.id)
    after = f"{here}?sebelum={legs[queries.PAGE_SIZE - 1].transfer.id}"
    assert after in first
    assert auditor.get(after).text.count("/log/entri/") == 4
    assert legs[0].amount == -1


def test_accounts_that_never_were_are_not_found(web_app: Flask, founded: Founded) -> None:
    """An address nobody moved value to, an invented stage, and a page number no row has."""
    source = builders.received(founded.bench, founded, "apbd", amount=5)
    auditor = browse(web_app, founded, "auditor")
    for path in (f"{source}/-/delivered/IDR", f"{source}/-/surga/IDR", f"{source}/BST/received/IDR"):
        assert auditor.get(f"/buku/rekening/{path}").status_code == 404
    here = f"/buku/rekening/{source}/-/received/IDR"
    for number in ("9999999999999999999", "-1", "abc"):
        assert auditor.get(f"{here}?sebelum={number}").status_code == 422


def test_goods_are_defined_once_and_properly(web_app: Flask, founded: Founded) -> None:
    """A code that could not stand in a fact is refused with a sentence; a second one with the same code too."""
    operator = browse(web_app, founded, "operator")
    form = {"code": "BERAS_KG", "unit": "kg", "name": "Beras", "public_name": "Beras"}
    assert operator.post("/buku/barang", {**form, "code": "beras kg"}, page="/buku/barang").status_code == 422
    assert operator.post("/buku/barang", form, page="/buku/barang").status_code == 302
    assert "BERAS_KG" in operator.get("/buku/barang").text
    assert operator.post("/buku/barang", form, page="/buku/barang").status_code == 409
