"""The gallery in a real browser: it fits, it can be read, reached by keyboard, and used without JavaScript."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.builders import browsing
from tests.builders.browsing import WCAG
from tests.doors.look_gallery import make_gallery, received

pytestmark = pytest.mark.browser
PAGES = (
    "home?flash=1",
    "sources",
    "forms?errors=1",
    "approval?errors=1",
    "people",
    "flags?nobody=1",
    "problem/403",
    "problem/500?public=1",
    "public",
)
DESKTOP, PHONE, ZOOMED = 1280, 360, 640
MANY_TABS = 120
A4_POINTS = [595, 842]
# 44 by 44 on citizens' pages (UX), 24 by 24 elsewhere (WCAG 2.2, 2.5.8); a field counts with its label's row.
SMALL_TARGETS = """limit => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
  .map(e => [e, (e.closest('.form-check') || e).getBoundingClientRect()])
  .filter(([e, box]) => box.width && !e.matches('p a, li a, td a, th a, .skip, .top a') && box.height < limit)
  .map(([e, box]) => e.outerHTML.slice(0, 80) + ' ' + box.height)"""
RING = """() => {
  const e = document.activeElement;
  const shown = e.closest('.otp__box') || e;
  const style = getComputedStyle(shown);
  e.dataset.reached = "yes";
  return [e.outerHTML.slice(0, 80), e === document.body, parseFloat(style.outlineWidth), style.outlineStyle];
}"""
UNREACHED = """() => [...document.querySelectorAll('a[href], button, select, summary, input, textarea')]
  .filter(e => e.checkVisibility() && e.type !== 'hidden' && e.type !== 'radio' && !e.dataset.reached)
  .map(e => e.outerHTML.slice(0, 80))"""


@dataclass(frozen=True)
class Gallery:
    """The running gallery."""

    app: Flask
    url: str


@pytest.fixture(scope="module")
def gallery() -> Iterator[Gallery]:
    """Serve the gallery on this machine."""
    app = make_gallery()
    with browsing.reachable(app) as url:
        yield Gallery(app, f"{url}/")


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start Debian's own browser."""
    with browsing.launched(playwright) as browser:
        yield browser


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Page]:
    """Open a page as an officer does."""
    context = chromium.new_context(viewport={"width": DESKTOP, "height": 900}, locale="id-ID")
    yield context.new_page()
    context.close()


@pytest.fixture
def bare(chromium: Browser) -> Iterator[Page]:
    """Open a page where JavaScript is off."""
    context = chromium.new_context(viewport={"width": PHONE, "height": 740}, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_can_be_read_by_everyone(
    gallery: Gallery, chromium: Browser, path: str, width: int, scheme: str
) -> None:
    """Law: WCAG 2.2 AA, no sideways scrolling, nothing that the content security policy had to stop."""
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(gallery.url + path)
    page.evaluate("document.querySelectorAll('details.as-table').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    report = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert report.violations_count == 0, report.generate_report()
    assert [line for line in complaints if "the server responded with a status of" not in line] == []
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_at_two_hundred_percent(gallery: Gallery, chromium: Browser, path: str) -> None:
    """Law: WCAG 1.4.10; a desk screen at 200 % is 640 points wide."""
    context = chromium.new_context(viewport={"width": ZOOMED, "height": 450}, device_scale_factor=2)
    page = context.new_page()
    page.goto(gallery.url + path)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


@pytest.mark.parametrize(("path", "limit"), [("public", 44), ("forms", 24), ("approval", 24), ("home", 24)])
def test_targets_are_large_enough_for_a_thumb(gallery: Gallery, chromium: Browser, path: str, limit: int) -> None:
    """Law: WCAG 2.5.8; house rule of 44 on citizens' pages."""
    context = chromium.new_context(viewport={"width": PHONE, "height": 740})
    page = context.new_page()
    page.goto(gallery.url + path)
    assert page.evaluate(SMALL_TARGETS, limit) == []
    context.close()


@pytest.mark.parametrize("path", ["forms", "approval", "home", "public"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(gallery: Gallery, desk: Page, path: str) -> None:
    """Law: WCAG 2.4.7; an approval can be given without a mouse."""
    desk.goto(gallery.url + path)
    for _ in range(MANY_TABS):
        desk.keyboard.press("Tab")
        element, is_at_end, width, style = desk.evaluate(RING)
        if is_at_end:
            break
        assert style != "none", element
        assert width >= 2, element
    assert is_at_end
    assert desk.evaluate(UNREACHED) == []


def test_the_skip_link_leads_past_the_menu(gallery: Gallery, desk: Page) -> None:
    """The first Tab offers it, Enter takes it."""
    desk.goto(gallery.url + "home")
    desk.keyboard.press("Tab")
    expect(desk.get_by_text("Langsung ke isi halaman")).to_be_in_viewport()
    desk.keyboard.press("Enter")
    assert desk.evaluate("document.activeElement.id") == "main"


def test_errors_are_read_first_and_lead_to_their_fields(gallery: Gallery, desk: Page) -> None:
    """What was typed is kept, the summary has the focus, each line leads to its field."""
    desk.goto(gallery.url + "forms?errors=1")
    assert "notice--danger" in desk.evaluate("document.activeElement.className")
    expect(desk.locator("#f-total")).to_have_value("12,5")
    desk.get_by_role("link", name="Pilih satu sumber dana.").click()
    expect(desk.locator("#f-source")).to_be_focused()
    expect(desk.locator("#f-total")).to_have_accessible_description(
        "Rupiah bulat, misalnya 1.500.000. Kesalahan: Jumlah harus rupiah bulat tanpa koma. money.not_whole"
    )


def test_an_approval_needs_no_javascript(gallery: Gallery, bare: Page) -> None:
    """Law: every officer's step works without scripts, and carries what binds the code to the content."""
    bare.goto(gallery.url + "approval")
    bare.locator("details.side-phone summary").click()
    expect(bare.locator("details.side-phone").get_by_role("link", name="Persetujuan")).to_be_visible()
    bare.locator("#f-code").fill("123456")
    bare.get_by_role("button", name="Setujui Rp372.900.000").click()
    expect(bare.get_by_text("diterima")).to_be_visible()
    sent = received(gallery.app)[-1]
    assert sent["code"] == "123456"
    assert sent["idempotency_key"] == "abc"
    assert sent["csrf_token"] == "token-of-the-gallery"
    assert str(sent["digest"]).startswith("9f2c01ab")


def test_long_work_can_be_followed_without_javascript(gallery: Gallery, bare: Page) -> None:
    """The bar, the count and a way to look again are there."""
    bare.goto(gallery.url + "forms")
    expect(bare.locator("progress").first).to_have_js_property("value", 61_500)
    expect(bare.get_by_role("link", name="Muat ulang").first).to_be_visible()


def test_a_double_click_sends_one_form(gallery: Gallery, desk: Page) -> None:
    """Cheat: two deeds from one nervous finger."""
    desk.goto(gallery.url + "approval")
    before = len(received(gallery.app))
    desk.locator("#f-code").fill("654321")
    desk.get_by_role("button", name="Setujui Rp372.900.000").dblclick(no_wait_after=True)
    expect(desk.get_by_text("diterima")).to_be_visible()
    assert len(received(gallery.app)) == before + 1


def test_six_digits_are_all_the_code_takes(gallery: Gallery, desk: Page) -> None:
    """The seventh digit has no cell; a phone offers digits and the code of its own application."""
    desk.goto(gallery.url + "approval")
    code = desk.locator("#f-code")
    code.press_sequentially("1234567")
    expect(code).to_have_value("123456")
    expect(code).to_have_attribute("inputmode", "numeric")
    expect(code).to_have_attribute("autocomplete", "one-time-code")
    expect(desk.locator("[data-countdown]")).to_contain_text("Berlaku 2.")


def test_money_gets_its_dots_and_nothing_is_guessed(gallery: Gallery, desk: Page) -> None:
    """What is not a whole amount stays as typed, for the server to refuse."""
    desk.goto(gallery.url + "forms")
    field = desk.locator("#f-total")
    for typed, kept in (("1500000", "1.500.000"), ("12,5", "12,5"), ("1.5", "1.5")):
        field.fill(typed)
        field.blur()
        expect(field).to_have_value(kept)


def test_a_selection_survives_paging(gallery: Gallery, desk: Page) -> None:
    """A line ticked on the first page is sent from the second, and then forgotten."""
    desk.goto(gallery.url + "forms")
    desk.get_by_label("Pilih BTC-2021-000123-7").check()
    desk.goto(gallery.url + "forms?after=4")
    expect(desk.locator("[data-kept]")).to_have_text("1 dipilih")
    expect(desk.get_by_label("Pilih BTC-2021-000123-7")).to_have_count(0)
    desk.get_by_label("Pilih BTC-2021-000119-2").check()
    desk.get_by_role("button", name="Gabungkan yang dipilih").click()
    expect(desk.get_by_text("diterima")).to_be_visible()
    assert received(gallery.app)[-1]["batch"] == ["BTC-2021-000119-2", "BTC-2021-000123-7"]
    desk.goto(gallery.url + "forms")
    expect(desk.locator("[data-kept]")).to_have_text("0 dipilih")


def test_a_bar_ends_by_itself(gallery: Gallery, desk: Page) -> None:
    """The page asks, the answer replaces the bar, the asking stops."""
    desk.goto(gallery.url + "forms")
    expect(desk.locator("#progress")).to_contain_text("Selesai.", timeout=6_000)
    expect(desk.locator("#progress")).not_to_have_attribute("hx-trigger", "every 2s")


def test_a_refusal_is_shown_where_it_was_asked(gallery: Gallery, desk: Page) -> None:
    """An enhanced POST carries the CSRF token, and a 422 is shown rather than swallowed."""
    desk.goto(gallery.url + "forms")
    desk.get_by_role("button", name="Hitung ulang").click()
    expect(desk.locator("#refusal")).to_have_text("Sisa dana tidak cukup.")
    assert received(gallery.app)[-1] == {"csrf_header": "token-of-the-gallery"}


def test_paper_gets_the_address_and_no_buttons(gallery: Gallery, desk: Page, tmp_path: Path) -> None:
    """A printed page says where it came from; what can only be pressed is left out."""
    desk.goto(gallery.url + "approval")
    desk.emulate_media(media="print")
    expect(desk.locator(".foot__address")).to_have_text(f"Alamat halaman ini: {gallery.url}approval")
    expect(desk.locator(".side")).to_be_hidden()
    expect(desk.locator(".otp")).to_be_hidden()
    expect(desk.get_by_role("button", name="Keluar")).to_be_hidden()
    desk.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    with pikepdf.open(tmp_path / "page.pdf") as paper:
        assert [round(side) for side in paper.pages[0].MediaBox.as_list()[2:]] == A4_POINTS
