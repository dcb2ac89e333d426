"""Print files in a real browser: a village officer on a cheap phone chooses, downloads, and has the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright

from aid_ledger.receipts.second_reader import fault_of
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.browsing import PHONE, WCAG, launched, reachable
from tests.builders.officials import Founded

pytestmark = pytest.mark.browser


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


def signed_in(chromium: Browser, site: str, founded: Founded, login: str, *, scripts: bool = True) -> Page:
    """Sign in on a phone."""
    page = chromium.new_context(viewport=PHONE, java_script_enabled=scripts).new_page()
    page.goto(f"{site}/masuk")
    page.fill("[name=login]", login)
    page.fill("[name=password]", founded.people[login].password)
    page.click("main button[type=submit]")
    page.fill("[name=code]", founded.people[login].code())
    page.click("main button[type=submit]")
    return page


def test_a_village_is_downloaded_on_a_phone(founded: Founded, site: str, chromium: Browser, tmp_path: Path) -> None:
    """One village is chosen already; the smallest paper too; what arrives is signed as a whole."""
    sent = builders.delivered(founded, count=3)
    builders.issue(founded, sent.batch)
    page = signed_in(chromium, site, founded, "field")
    page.goto(f"{site}/tanda-terima/paket/{sent.batch}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Unduh berkas cetak").click()
    coming.value.save_as(tmp_path / "desa.pdf")
    assert coming.value.suggested_filename.endswith("-4a6.pdf")
    assert fault_of((tmp_path / "desa.pdf").read_bytes(), [receipt_keys.der_of(receipt_keys.root())]) == ""
    page.reload()
    assert "3 pernah dicetak" in page.content()


def test_whoever_cannot_see_finds_every_choice(founded: Founded, site: str, chromium: Browser) -> None:
    """WCAG 2.2 AA: each choice has its name, and the card its heading."""
    sent = builders.delivered(founded, count=2)
    builders.issue(founded, sent.batch)
    page = signed_in(chromium, site, founded, "field")
    page.goto(f"{site}/tanda-terima/paket/{sent.batch}")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert found.violations_count == 0, found.generate_report()
