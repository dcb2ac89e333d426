"""The way on without witnesses in a real browser: on a cheap phone, without scripts, readable by everybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, expect

from aid_ledger.delivery import service as delivery
from aid_ledger.leaving import rules
from tests.builders import delivering, leaving
from tests.builders import witnesses as builders
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


@pytest.fixture
def policy(founded: Founded) -> Iterator[str]:
    """Run the four witnesses, with the recommended policy in force."""
    with builders.recommended(founded) as four:
        yield leaving.set_policy(founded, leaving.policy_text(founded, four))


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


def test_two_offices_open_a_way_on_a_phone_without_scripts(
    founded: Founded, site: str, chromium: Browser, policy: str
) -> None:
    """UX 1, 11: write, look once more, propose; read, open; every page says so afterwards."""
    treasurer = signed_in(chromium, site, founded, "treasurer", scripts=False)
    treasurer.goto(f"{site}/tanpa-saksi/")
    treasurer.click("text=Usulkan jalan tanpa saksi")
    for name, typed in (("reason", leaving.REASON), ("cap", "10.000.000"), ("lines", "100"), ("hours", "4")):
        treasurer.fill(f"[name={name}]", typed)
    treasurer.click("text=Periksa sekali lagi")
    treasurer.click("text=Usulkan jalan sampai Rp10.000.000")
    address = treasurer.url
    approver = signed_in(chromium, site, founded, "approver", scripts=False)
    approver.goto(address)
    approver.click("text=Buka sampai Rp10.000.000, 4 jam")
    expect(approver.locator("text=Berjalan tanpa saksi")).to_be_visible()


def test_the_pages_can_be_used_by_everybody(
    founded: Founded, site: str, chromium: Browser, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WCAG 2.2 AA, and nothing wider than a phone: who is missed, the form, the way, the marks, the leaves to keep."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded, count=2)
    leaving.cosign(bench, *leaving.QUORUM)
    with founded.act("treasurer") as act:
        instruction = delivery.instruct(act, batch).reference
    leaving.cosign(bench, *leaving.QUORUM)
    treasurer = signed_in(chromium, site, founded, "treasurer")
    green = f"/pengiriman/perintah/{instruction}"
    _hold_usable(treasurer, site, green, f"/pengiriman/paket/{batch}", f"/log/perbuatan/{act.id}", "/log/")
    monkeypatch.setattr(rules, "PATIENCE", dt.timedelta())
    second, _paid = delivering.approved(bench, founded, count=2)
    bench.sequencer.run_once()
    typed = "reason=Saksi+tidak+dapat+dihubungi&cap=10.000.000&lines=100&hours=4"
    check = f"/pengiriman/paket/{second}/kirim"
    _hold_usable(treasurer, site, "/", "/tanpa-saksi/", "/tanpa-saksi/baru", f"/tanpa-saksi/periksa?{typed}", check)
    way = leaving.opened(founded)
    with founded.act("treasurer") as act:
        delivery.instruct(act, second)
    _hold_usable(treasurer, site, f"/tanpa-saksi/{way}", "/tanpa-saksi/", "/log/")


def _hold_usable(page: Page, site: str, *paths: str) -> None:
    for path in paths:
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
