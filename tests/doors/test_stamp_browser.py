"""A receipt's stamp checked by a phone: genuine ones without signal after one visit, and every forgery refused.

The phone is a real browser, 360 pixels wide. What it was never given it cannot believe, and what only the server knows
it never claims.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, Request, expect

from aid_ledger.receipts.stamping import StampKey
from audit import note, stamp
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.browsing import CHROMIUM, FLAGS, PHONE, WCAG, launched
from tests.builders.officials import Founded
from tests.builders.phones import BAD_STAMP, IN_LOG, UNASKED, Site, choose, served, visited, words

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


def test_a_stamp_is_checked_without_signal_after_one_visit(site: Site, page: Page) -> None:
    """P4: the neighbour's phone; nothing is sent, nothing stays in the address, and no more is said than is known."""
    visited(page, site)
    asked = list[Request]()
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - the browser asks for a function
    page.goto("about:blank")
    page.goto(f"{site.address}/periksa#{site.stamp}")
    assert words(page) == UNASKED
    expect(page.locator("#answer-facts")).to_contain_text("Rp300.000")
    expect(page.locator("#answer-facts")).to_contain_text(site.receipt.reference)
    assert page.locator(".trust--proved").count() == 0
    expect(page.locator("#answer-proofs")).to_contain_text("Server tidak dapat dihubungi")
    assert page.url == f"{site.address}/periksa"
    assert [each.url for each in asked if site.stamp in each.url or (each.post_data or "").find(site.stamp) >= 0] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.context.cookies() == []


def test_signal_that_comes_back_is_used(site: Site, page: Page) -> None:
    """The same page asks again, and only then is anything green."""
    visited(page, site)
    page.goto("about:blank")
    page.goto(f"{site.address}/periksa#{site.stamp}")
    assert words(page) == UNASKED
    page.context.set_offline(False)
    page.get_by_role("button", name="Tanya server sekali lagi").click()
    expect(page.locator("#answer-words")).to_have_text("Asli")
    expect(page.locator("#answer-proofs")).to_contain_text("belum dibatalkan atau diganti, dijawab baru saja")


def test_with_signal_the_server_is_asked_for_the_state_alone(site: Site, page: Page) -> None:
    """THREATS 16: it is sent the code, in a body, and never the stamp."""
    asked = list[Request]()
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - the browser asks for a function
    page.goto(f"{site.address}/periksa#{site.stamp}")
    expect(page.locator("#answer-words")).to_have_text("Asli")
    [sent] = [each for each in asked if each.method == "POST"]
    assert (sent.url, sent.post_data) == (f"{site.address}/periksa", f"code={site.evidence.fields.code}")
    assert not any(site.stamp in each.url for each in asked)
    page.go_back()
    assert site.stamp not in page.url


def test_a_cancelled_receipt_is_never_plainly_genuine(site: Site, page: Page) -> None:
    """A hostile recipient shows what was cancelled: grey, with the reason, by stamp and by file."""
    pdf = site.pdf
    builders.cancel(site.founded, site.receipt, reason="Keluarga sudah pindah")
    page.goto(f"{site.address}/periksa#{site.stamp}")
    expect(page.locator("#answer-words")).to_have_text("Asli, tetapi sudah dibatalkan")
    expect(page.locator("#answer-proofs")).to_contain_text("Keluarga sudah pindah")
    choose(page, pdf)
    expect(page.locator("#answer-words")).to_have_text("Asli, tetapi sudah dibatalkan")
    assert page.locator(".trust--proved").count() == 0


def stamped(site: Site, *, by: Ed25519PrivateKey | None = None, origin: str = "", **changes: object) -> str:
    """Stamp something else than the receipt says, by our key, another's, or for another log."""
    body = stamp.write(replace(stamp.read(site.stamp).stamp, **changes))  # type: ignore[arg-type] # a field each
    key = by or receipt_keys.stamp_key().key
    return stamp.to_digits(body, key.sign(stamp.message(origin or site.founded.bench.key.name, body)))


def moved(site: Site, **changes: object) -> str:
    """Put the receipt's own signature under another statement."""
    signed = stamp.read(site.stamp)
    return stamp.to_digits(stamp.write(replace(signed.stamp, **changes)), signed.signature)  # type: ignore[arg-type]


FORGED_STAMPS: dict[str, Callable[[Site], str]] = {
    "another amount": lambda site: moved(site, amount=900_000),
    "another name": lambda site: moved(site, payee="B*** S*******"),
    "another number": lambda site: moved(site, number="RCP-2021-000999-X"),
    "another place in the log": lambda site: moved(site, index=5),
    "another receipt's signature": lambda site: moved(site, code="JBSWY3DPEHPK3PXP", number="RCP-2021-000002-A"),
    "another key": lambda site: stamped(site, by=Ed25519PrivateKey.from_private_bytes(b"x" * 32)),
    "another log": lambda site: stamped(site, origin="other.example/log"),
    "one digit less": lambda site: site.stamp[:-1],
    "half of it": lambda site: site.stamp[: len(site.stamp) // 2],
    "one digit more": lambda site: f"{site.stamp}0",
    "a zero in front": lambda site: f"0{site.stamp}",
    "huge": lambda _site: "9" * 200_000,
    "Arabic digits": lambda site: "".join(chr(0x660 + int(digit)) for digit in site.stamp),
    "letters between": lambda site: f"{site.stamp[:40]}e{site.stamp[40:]}",
    "a text that turns": lambda site: sealed_with(site, "A\u202e*** S*******"),
}


def sealed_with(site: Site, payee: str) -> str:
    """Have our own key stamp a name that no press of ours would write."""
    signed = stamp.read(site.stamp)
    old, new = signed.stamp.payee.encode(), payee.encode()
    body = signed.body.replace(bytes([len(old)]) + old, bytes([len(new)]) + new)
    key = receipt_keys.stamp_key().key
    return stamp.to_digits(body, key.sign(stamp.message(site.founded.bench.key.name, body)))


def test_every_forged_stamp_is_refused(site: Site, page: Page) -> None:
    """THREATS 16: red, whatever was changed, and never taken to the server as if it were a code."""
    sent = list[str]()
    page.on("request", lambda request: sent.append(request.method))
    page.goto(f"{site.address}/periksa")
    for name, forge in FORGED_STAMPS.items():
        page.evaluate("text => { document.getElementById('answer').hidden = true; location.hash = text; }", forge(site))
        assert words(page) == BAD_STAMP, name
        assert "trust--broken" in (page.locator("#answer-mark").get_attribute("class") or ""), name
        expect(page.locator("#answer-stated")).to_be_hidden()
        assert page.url == f"{site.address}/periksa"
    assert "POST" not in sent


def test_what_a_thief_of_the_stamp_key_makes_is_unmasked_with_signal(site: Site, page: Page) -> None:
    """Another amount under a true code; a receipt that never was. Without signal both would pass: hence the words."""
    page.goto(f"{site.address}/periksa#{stamped(site, amount=900_000)}")
    expect(page.locator("#answer-words")).to_have_text("Cap sah, tetapi catatan server berbeda")
    page.goto("about:blank")
    page.goto(f"{site.address}/periksa#{stamped(site, code='JBSWY3DPEHPK3PXP')}")
    expect(page.locator("#answer-words")).to_have_text("Cap sah, tetapi tidak ada dalam catatan server")
    assert page.locator(".trust--broken").count() == 1


def test_a_page_with_a_forged_list_of_keys_believes_nothing(site: Site, chromium: Browser) -> None:
    """On the way somebody puts their own stamp key, or their own seal, into the page."""
    page = chromium.new_page(viewport=PHONE, service_workers="block")
    stranger = StampKey(Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    forged = stamped(site, by=stranger.key)

    def other_key(given: Members) -> None:
        listed = given["stamps"]["keys"][0]
        entry = note.decode_base64(listed["entry"]).decode()
        ours = receipt_keys.stamp_key().named
        listed["entry"] = note.encode_base64(entry.replace(ours, stranger.named).encode())

    def other_seal(given: Members) -> None:
        head, mark, tail = given["stamps"]["checkpoint"].rpartition("\n\n")
        given["stamps"]["checkpoint"] = head.replace("\n", "\n1", 1) + mark + tail

    def beyond(given: Members) -> None:
        given["stamps"]["keys"][0]["index"] = 10**6

    def other_entry(given: Members) -> None:
        given["stamps"]["keys"][0]["entry"] = note.encode_base64(site.evidence.entry)

    for bend in (other_key, other_seal, beyond, other_entry):
        with_anchors(page, bend)
        for text in (forged, site.stamp):
            page.goto("about:blank")
            page.goto(f"{site.address}/periksa#{text}")
            assert words(page) == BAD_STAMP, bend.__name__
            expect(page.locator("#answer-by")).to_contain_text("daftar kunci cap di halaman ini tidak dapat dipercaya")
        page.unroute_all(behavior="wait")
    page.close()


def with_anchors(page: Page, bend: Callable[[Members], object]) -> None:
    """Change, on the way, what the page is given to believe."""

    def change(route: Any) -> None:  # noqa: ANN401 - playwright's own
        answer = route.fetch()
        text = answer.text()
        found = re.search(r'(<script type="application/json" id="anchors">)(.*?)(</script>)', text)
        assert found is not None
        given: Members = json.loads(found[2])
        bend(given)
        route.fulfill(response=answer, body=text.replace(found[2], json.dumps(given)))

    page.route("**/periksa", change)


def test_the_one_file_checks_from_a_disk(site: Site, page: Page, tmp_path: Path) -> None:
    """By keyboard, asking nobody for anything; a bare code it cannot answer, and says where to ask."""
    page.goto(f"{site.address}/periksa")
    with page.expect_download() as started:
        page.get_by_role("link", name="Unduh halaman pemeriksa").click()
    started.value.save_as(tmp_path / "periksa.html")
    asked = list[Request]()
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - the browser asks for a function
    page.goto((tmp_path / "periksa.html").as_uri())
    page.focus("#f-stamp")
    page.keyboard.insert_text(f"https://bansos.example/periksa#{site.stamp}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert words(page) == UNASKED
    assert page.evaluate("document.activeElement.id") == "answer-mark"
    expect(page.locator("#answer-proofs")).to_contain_text("Halaman ini tidak bertanya kepada siapa pun")
    choose(page, site.pdf)
    expect(page.locator("#answer-words")).to_have_text(IN_LOG)
    page.fill("#f-stamp", moved(site, amount=900_000))
    page.get_by_role("button", name="Periksa cap").click()
    expect(page.locator("#answer-words")).to_have_text(BAD_STAMP)
    page.fill("#f-stamp", site.evidence.fields.code)
    page.get_by_role("button", name="Periksa cap").click()
    expect(page.locator("#answer-words")).to_have_text("Tidak dapat diperiksa di sini")
    assert [each.url for each in asked if not each.url.startswith("file://")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_plain_http_is_enough(site: Site, playwright: Playwright) -> None:
    """Where nothing is encrypted on the way a browser offers no cryptography of its own; ours needs none of it."""
    rules = "--host-resolver-rules=MAP bansos.test 127.0.0.1"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rules])
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{site.address.replace('127.0.0.1', 'bansos.test')}/periksa#{site.stamp}")
    expect(page.locator("#answer-words")).to_have_text("Asli")
    assert page.evaluate("[isSecureContext, typeof crypto.subtle]") == [False, "undefined"]
    browser.close()


def test_a_browser_without_large_numbers_still_asks_the_server(site: Site, page: Page) -> None:
    """An old phone takes the code out of the stamp and sends it, as it always sent the code."""
    page.route("**/periksa/periksa.js*", lambda route: route.abort())
    page.goto(f"{site.address}/periksa#{site.stamp}")
    expect(page.locator(".trust__words").first).to_have_text("Asli")
    assert site.stamp not in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(site: Site, chromium: Browser, scheme: Any) -> None:  # noqa: ANN401 - playwright's own
    """WCAG 2.2 AA: genuine, forged, cancelled, and the one file."""
    page = chromium.new_page(viewport=PHONE, color_scheme=scheme)
    for address in (f"/periksa#{site.stamp}", f"/periksa#{site.stamp[:-1]}", "/periksa.html"):
        page.goto("about:blank")
        page.goto(site.address + address)
        if "#" in address:
            words(page)
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert found.violations_count == 0, found.generate_report()
    page.close()
