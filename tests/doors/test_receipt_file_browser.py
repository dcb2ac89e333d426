"""The evidence in a receipt's file, checked by a phone that sends it nowhere: fields, salt, entry, path and seal."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, expect

from aid_ledger.receipts import returning
from audit import canonical, note
from audit.pdf import evidence as attached
from audit.pdf import returns
from tests.builders import receipts as builders
from tests.builders.browsing import PHONE, launched
from tests.builders.officials import Founded
from tests.builders.phones import BAD_FILE, IN_LOG, Site, choose, served, visited, words
from tests.rooms.delivery.test_returning import failed, returned, sts
from tests.unit.receipts.forging import FORGERIES

pytestmark = pytest.mark.browser
Members = dict[str, Any]


@pytest.fixture
def site(web_app: Flask, founded: Founded) -> Iterator[Site]:
    """Serve the application on this machine."""
    with served(web_app, founded) as made:
        yield made


@pytest.fixture
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start the browser."""
    with launched(playwright) as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Open a phone."""
    context = chromium.new_context(viewport=PHONE)
    yield context.new_page()
    context.close()


DRAWN_OVER = ("ISA: page contents", "EAA: free text", "saved again")
"""What only the signature of the PDF betrays: the evidence in the file is genuine, and the page is not."""


def test_a_file_is_checked_without_signal_after_one_visit(site: Site, page: Page) -> None:
    """Fields, salt, entry, path and seal; the signature of the PDF it leaves to others, and says so.

    Of a page that was drawn over it therefore says what the evidence says, and never that the file is proven.
    """
    pdf = site.pdf
    visited(page, site)
    page.goto("about:blank")
    page.goto(f"{site.address}/periksa")
    for drawn in (pdf, *(FORGERIES[name](pdf) for name in DRAWN_OVER)):
        page.evaluate("document.getElementById('answer').hidden = true")
        choose(page, drawn)
        assert words(page) == IN_LOG
        expect(page.locator("#answer-facts")).to_contain_text("tiga ratus ribu rupiah")
        expect(page.locator("#answer-by")).to_contain_text("Tanda tangan PDF-nya belum diperiksa")
        assert page.locator(".trust--proved").count() == 0


def test_the_paper_of_a_return_is_checked_here_as_well(site: Site, page: Page, founded: Founded) -> None:
    """An STS has no salt and hides nobody; one word changed, and its public entry is about another return."""
    batch = failed(founded)
    row = returned(founded, batch, 2 * batch.rate, sts(founded, amount=2 * batch.rate))
    with founded.bench.reading() as session:
        pdf = builders.press().pdf_of_return(session, row.reference)
    visited(page, site)
    choose(page, pdf)
    assert words(page) == IN_LOG
    expect(page.locator("#answer-facts")).to_contain_text("enam ratus ribu rupiah")
    expect(page.locator("#answer-facts")).to_contain_text(batch.batch)
    with founded.bench.reading() as session:
        members: Members = json.loads(returns.write(returning.evidence_of(session, row)))
    for change in ({"in_words": "lima ratus ribu rupiah"}, {"lines": 1}, {"remark": "x"}):
        bent = canonical.encode({**members, "fields": {**members["fields"], **change}})
        page.evaluate("document.getElementById('answer').hidden = true")
        choose(page, exchanged(pdf, bent))
        assert words(page) == BAD_FILE


def reattached(site: Site, change: Callable[[Members], object]) -> bytes:
    """Exchange the evidence inside the receipt's file, as anybody with an editor can."""
    members: Members = json.loads(attached.write(site.evidence))
    change(members)
    return exchanged(site.pdf, canonical.encode(members))


def exchanged(pdf: bytes, evidence: bytes) -> bytes:
    """Put other evidence into a file."""
    packed = zlib.compress(evidence)
    mark = pdf.index(b"/Type /EmbeddedFile") if b"/Type /EmbeddedFile" in pdf else pdf.index(b"/Type/EmbeddedFile")
    begins = pdf.index(b"stream\n", mark) + 7
    ends = pdf.index(b"endstream", begins)
    head = re.sub(rb"/Length \d+", b"/Length %d" % len(packed), pdf[mark:begins])
    return pdf[:mark] + head + packed + b"\n" + pdf[ends:]


def fields(**changes: str) -> Callable[[Members], object]:
    """Change what the receipt says."""
    return lambda members: members["fields"].update(changes)


def in_proof(old: str, new: str) -> Callable[[Members], object]:
    """Change the proof."""

    def change(members: Members) -> None:
        assert re.search(old, members["proof"])
        members["proof"] = re.sub(old, new, members["proof"], count=1)

    return change


FORGED_FILES: dict[str, tuple[Callable[[Members], object], str]] = {
    "another amount": (fields(amount="900000"), "tentang tanda terima lain"),
    "another name": (fields(payee="B*** S*******"), "tentang tanda terima lain"),
    "another number": (fields(number="RCP-2021-000999-X"), "tentang tanda terima lain"),
    "another salt": (lambda members: members.update(salt="A" * 43), "tentang tanda terima lain"),
    "a salt in another spelling": (lambda members: members.update(salt=members["salt"] + "="), "garam bukti"),
    "another path": (in_proof(r"(index \d+\n)\S", r"\1B"), "base64 tidak baku|tidak menuju akar"),
    "a shorter path": (in_proof(r"(index \d+\n)\S+\n", r"\1"), "terlalu pendek|tidak menuju akar"),
    "an index beyond the checkpoint": (in_proof(r"index \d+", "index 999999"), "nomor entri di luar log"),
    "another index": (in_proof(r"index \d+", "index 3"), "tidak menuju akar|terlalu"),
    "another size": (in_proof(r"(aid-ledger\n)\d+\n", r"\g<1>999999\n"), "tidak sah"),
    "another log": (in_proof(r"uji\.example", "other.example"), "dari log lain"),
    "another checkpoint signature": (in_proof(r"(\u2014 \S+ \S{20})\S", r"\1B"), "tidak sah|tidak ditandatangani"),
    "no signature that we know": (in_proof(r"\u2014 \S+ ", "\u2014 other.example "), "tidak ditandatangani kunci log"),
    "another entry": (
        lambda members: members.update(
            entry=note.encode_base64(note.decode_base64(members["entry"]).replace(b'"web"', b'"cli"'))
        ),
        "tidak menuju akar",
    ),
    "another member": (lambda members: members.update(more="x"), "bukan bukti tanda terima"),
}


def test_every_forged_file_is_refused(site: Site, page: Page) -> None:
    """THREATS 20 and the list of attacks: red, with the check that failed, in words."""
    page.goto(f"{site.address}/periksa")
    choose(page, reattached(site, lambda _members: None))
    assert words(page) == IN_LOG
    # The server's word comes later, and would show the honest file's answer once more.
    expect(page.locator("#answer-proofs")).to_contain_text("dijawab baru saja")
    for name, (change, sentence) in FORGED_FILES.items():
        page.evaluate("document.getElementById('answer').hidden = true")
        choose(page, reattached(site, change))
        assert words(page) == BAD_FILE, name
        assert re.search(sentence, page.locator("#answer-by").inner_text()), (
            name,
            page.locator("#answer-by").inner_text(),
        )


def test_what_is_no_receipt_takes_the_page_nowhere(site: Site, page: Page) -> None:
    """THREATS 20: noise, another's PDF, two attachments, a bomb, a file far too large."""
    pdf = site.pdf
    bomb = zlib.compress(b"0" * 50_000_000)
    page.goto(f"{site.address}/periksa")
    for name, raw in {
        "nothing": b"",
        "noise": b"x" * 5_000,
        "no attachment": pdf.replace(b"/EmbeddedFile", b"/EmbeddedFule"),
        "two attachments": pdf + b"9 0 obj\n<</Type /EmbeddedFile>>\nstream\nx",
        "cut off": pdf[: pdf.index(b"/EmbeddedFile") + 40],
        "a bomb": b"%PDF-1.7\n8 0 obj\n<</Type /EmbeddedFile/Filter /FlateDecode/Length "
        + b"%d>>\nstream\n" % len(bomb)
        + bomb,
        "no deflate": b"%PDF-1.7\n8 0 obj\n<</Type /EmbeddedFile/Filter /FlateDecode/Length 5>>\nstream\nxxxxx",
        "too large": b"%PDF-1.7\n" + b"x" * 2_100_000,
        **{name: FORGERIES[name](pdf) for name in ("swapped attachment", "encrypted", "twice")},
    }.items():
        page.evaluate("document.getElementById('answer').hidden = true")
        choose(page, raw)
        assert words(page) == BAD_FILE, name
