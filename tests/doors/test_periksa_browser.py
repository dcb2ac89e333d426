"""The public check in a real browser: the QR's address becomes an answer without leaving a trace of the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Playwright, Request, expect

from tests.builders import receipts as builders
from tests.builders.browsing import PHONE, WCAG, launched, reachable
from tests.builders.officials import Founded

pytestmark = pytest.mark.browser
DETECTOR = """code => {
  window.createImageBitmap = async file => file;
  window.BarcodeDetector = class {
    async detect(picture) { return picture.size > 10 ? [{rawValue: "https://a.example/periksa#" + code}] : []; }
  };
}"""
"""Stands for the phone's own reader of QR codes, which the browser on this machine does not have."""


@pytest.fixture
def site(web_app: Flask) -> Iterator[str]:
    """Serve the application on this machine."""
    with reachable(web_app) as address:
        yield address


@pytest.fixture
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start the browser."""
    with launched(playwright) as browser:
        yield browser


def test_the_qr_code_answers_and_leaves_no_code_behind(founded: Founded, site: str, chromium: Browser) -> None:
    """The fragment is sent in a body; no address, history or cookie holds it, and nobody else is asked."""
    [receipt] = builders.issued(founded, count=1)
    code = builders.code_of(founded.bench, receipt)
    context = chromium.new_context(viewport=PHONE)
    page, asked = context.new_page(), list[Request]()
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - the browser asks for a function
    page.goto(f"{site}/periksa#{code}")
    expect(page.locator(".trust__words")).to_have_text("Asli")
    assert code not in page.url
    assert all(request.url.startswith(site) and code not in request.url for request in asked)
    assert context.cookies() == []
    page.go_back()
    assert code not in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()


def test_the_pages_can_be_used_by_everybody(founded: Founded, site: str, chromium: Browser) -> None:
    """WCAG 2.2 AA in both lights: the form, a genuine and a false answer, the totals."""
    [receipt] = builders.issued(founded, count=1)
    code = builders.code_of(founded.bench, receipt)
    for scheme in ("light", "dark"):
        page = chromium.new_page(viewport=PHONE, color_scheme=scheme)
        for address in ("/periksa", f"/periksa#{code}", "/periksa#ABCDEFGHIJKLMNOP", "/transparansi"):
            page.goto("about:blank")
            page.goto(site + address)
            if "#" in address:
                expect(page.locator(".trust__words")).to_be_visible()
            found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
            assert found.violations_count == 0, found.generate_report()
        page.close()


def test_a_photo_of_the_code_is_read_on_the_phone(
    founded: Founded, site: str, chromium: Browser, tmp_path: Path
) -> None:
    """Where the browser can read QR codes, a photo does; it is not sent. One without a code says what to do."""
    [receipt] = builders.issued(founded, count=1)
    page, sent = chromium.new_page(viewport=PHONE), list[Request]()
    page.add_init_script(f"({DETECTOR})('{builders.code_of(founded.bench, receipt)}')")
    page.on("request", lambda request: sent.append(request))  # noqa: PLW0108 - the browser asks for a function
    page.goto(f"{site}/periksa")
    blank, photo = tmp_path / "blank.png", tmp_path / "photo.png"
    blank.write_bytes(b"x")
    photo.write_bytes(b"x" * 100)
    page.set_input_files("#f-photo", blank)
    expect(page.get_by_text("Gambar QR tidak terbaca")).to_be_visible()
    page.set_input_files("#f-photo", photo)
    expect(page.locator(".trust__words")).to_have_text("Asli")
    assert all(b"x" * 100 not in (request.post_data_buffer or b"") for request in sent)
    page.close()


def test_the_page_is_whole_without_scripts(founded: Founded, site: str, chromium: Browser) -> None:
    """The cheapest phone: typed code, pressed button, the same answer; no camera button that would do nothing."""
    [receipt] = builders.issued(founded, count=1)
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/periksa")
    assert not page.locator("#scan").is_visible()
    assert not page.locator("#scan-failed").is_visible()
    page.fill("#f-code", builders.code_of(founded.bench, receipt))
    page.get_by_role("button", name="Periksa kode").click()
    expect(page.locator(".trust__words")).to_have_text("Asli")
    context.close()
