"""The log's page in a real browser: whole without JavaScript, one click to copy with it, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Playwright, ViewportSize, expect

from aid_ledger.log import witnessing
from tests.builders import witnesses as builders
from tests.builders.browsing import PHONE, WCAG, launched, reachable
from tests.builders.officials import Founded

DESK: ViewportSize = {"width": 1280, "height": 900}
pytestmark = pytest.mark.browser


@pytest.fixture
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start Debian's chromium."""
    with launched(playwright) as browser:
        yield browser


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
def test_key_and_commands_are_copied_by_one_click(
    chromium: Browser, web_app: Flask, founded: Founded, viewport: ViewportSize
) -> None:
    """THREATS 10: nobody types a key; the page is whole without JavaScript and never wider than its window."""
    with builders.watching(founded.bench) as kpk, reachable(web_app) as site:
        builders.add(founded, kpk)
        witnessing.submit(founded.bench.engine)
        context = chromium.new_context(viewport=viewport, permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(f"{site}/log/")
        vkey = str(founded.bench.key.verifier())
        page.locator("dd", has_text=vkey).get_by_role("button").click()
        expect(page.get_by_role("button", name="Tersalin")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == vkey
        page.locator("li", has=page.locator("pre", has_text="aid-audit verify")).get_by_role("button").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == f"aid-audit verify {site}/log --log-key '{vkey}'"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert found.violations_count == 0, found.generate_report()
        context.close()
        plain = chromium.new_context(viewport=viewport, java_script_enabled=False).new_page()
        plain.goto(f"{site}/log/")
        assert plain.get_by_role("button", name="Salin").count() == 0
        assert plain.locator("pre").count() == 3
