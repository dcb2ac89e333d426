"""A phone before the page "Periksa tanda terima": a real browser, 360 pixels wide, and a receipt to check with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from playwright.sync_api import Page, expect

from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.proving import evidence_of
from audit.pdf.evidence import Evidence
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.browsing import reachable
from tests.builders.officials import Founded

UNASKED = "Cap sah, keadaannya belum diketahui"
BAD_STAMP = "Cap QR tidak sah"
IN_LOG = "Isinya tercatat di log"
BAD_FILE = "Bukti di dalam berkas tidak sah"


@dataclass(frozen=True)
class Site:
    """The application where a browser reaches it, and one receipt of it."""

    address: str
    founded: Founded
    receipt: Receipt
    evidence: Evidence

    @property
    def stamp(self) -> str:
        """The digits on the receipt's paper."""
        return receipt_keys.stamp_key().stamp(self.evidence)

    @property
    def pdf(self) -> bytes:
        """The receipt's file."""
        return builders.pdf_of(self.founded.bench, self.receipt)


@contextmanager
def served(app: Flask, founded: Founded) -> Iterator[Site]:
    """Serve an application on this machine, with one receipt issued."""
    [receipt] = builders.issued(founded, count=1)
    with founded.bench.reading() as session:
        evidence = evidence_of(session, founded.bench.kit.keys, receipt)
    with reachable(app) as address:
        yield Site(address, founded, receipt, evidence)


def words(page: Page) -> str:
    """Read the verdict once it stands."""
    expect(page.locator("#answer-mark")).to_be_visible()
    return page.locator("#answer-words").inner_text()


def choose(page: Page, pdf: bytes) -> None:
    """Choose a file and have it checked on the phone."""
    page.set_input_files("#f-file", {"name": "r.pdf", "mimeType": "application/pdf", "buffer": pdf})
    page.click("#check-here")


def visited(page: Page, site: Site) -> None:
    """Open the page once with signal, until it is kept, and lose the signal."""
    page.goto(f"{site.address}/periksa")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("caches.keys().then(names => names.length === 1)")
    page.context.set_offline(True)
