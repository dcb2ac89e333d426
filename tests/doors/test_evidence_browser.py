"""`periksa.html` in a real browser, opened from a disk: a genuine bundle, forged ones, 100,000 entries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, Request, expect

from aid_ledger.oversight.evidence import CHECK_PAGE, PAGES
from aid_ledger.oversight.page import write_page
from audit.bundle import MANIFEST_PATH, parse_manifest
from audit.entry import encode_entry
from audit.facts.money import RateSet
from audit.note import SigningKey
from tests.audit.small_bundle import make_bundle, manifest_of, pack
from tests.audit.small_log import (
    LOG_VKEY,
    WITNESSES,
    Files,
    make_checkpoint,
    make_entries,
    make_entry,
    make_policy,
    root_of,
)
from tests.builders import browsing
from tests.builders.browsing import PHONE, WCAG

pytestmark = pytest.mark.browser
MANY = 100_000
BLINK_MS = 300
"""A page that does not answer for longer than this is frozen, to whoever sits before it."""

RATE = RateSet(program="BST", commodity="IDR", amount=300_000, since=None, document="DOC-1")
ENTRIES = make_entries(300)
for _place in (5, 270):
    ENTRIES[_place] = encode_entry(replace(make_entry(_place), kind="RateSet", body=RATE.body()))

GENUINE = "Utuh, menurut kunci dari kertas Anda"
FORGED = "Tidak lolos pemeriksaan"


@pytest.fixture
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start the browser."""
    with browsing.launched(playwright) as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """Open the page from a disk, and see that it asks nobody for anything."""
    (tmp_path / CHECK_PAGE).write_bytes(write_page(PAGES / CHECK_PAGE))
    opened, asked = chromium.new_page(viewport=PHONE), list[Request]()
    opened.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - the browser asks for a function
    opened.goto((tmp_path / CHECK_PAGE).as_uri())
    yield opened
    assert [request.url for request in asked] == [(tmp_path / CHECK_PAGE).as_uri()]
    opened.close()


def bundle(path: Path, bend: Callable[[Files], object] | None = None, *, announce: bool = True) -> Path:
    """Write a bundle, bent before or after its manifest was made."""
    files = make_bundle(ENTRIES)
    manifest = manifest_of(files, ENTRIES)
    if bend is not None:
        bend(files)
    return pack(path, {**files, MANIFEST_PATH: manifest_of(files, ENTRIES) if announce else manifest})


def check(page: Page, file: Path, paper: str = LOG_VKEY) -> str:
    """Choose a file, type what is on paper, and read the verdict."""
    page.set_input_files("#file", file)
    page.fill("#paper", paper)
    page.get_by_role("button", name="Periksa").click()
    expect(page.locator("#mark")).to_be_visible(timeout=120_000)
    return page.locator("#words").inner_text()


def reason(page: Page) -> str:
    """Read why."""
    return page.locator("#by").inner_text()


def test_a_genuine_bundle_is_whole_by_the_key_from_paper(page: Page, tmp_path: Path) -> None:
    """By keyboard alone; green says by what, and what it did not look at stands beside it."""
    page.set_input_files("#file", bundle(tmp_path / "F.zip"))
    page.focus("#paper")
    page.keyboard.type(LOG_VKEY)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#words")).to_have_text(GENUINE)
    assert page.evaluate("document.activeElement.id") == "mark"
    assert "ledger.example/log, 300 entri" in reason(page)
    assert "2 entri program BST" in reason(page)
    expect(page.get_by_text("Yang hanya diperiksa aid-audit")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_page_asks_before_it_works(page: Page) -> None:
    """Nothing is red before something is wrong; without a file it says so, beside the field that is meant."""
    for quiet in ("#too-old", "#missing", "#progress", "#result"):
        expect(page.locator(quiet)).to_be_hidden()
    page.get_by_role("button", name="Periksa").click()
    expect(page.get_by_text("Pilih berkas ZIP bukti lebih dahulu.")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "file"
    expect(page.locator("#result")).to_be_hidden()


def test_without_a_key_from_paper_nothing_is_green(page: Page, tmp_path: Path) -> None:
    """THREATS 10: whoever forges a log forges log.vkey as well."""
    assert check(page, bundle(tmp_path / "F.zip"), "") == "Tidak berpatokan"
    assert page.locator(".trust--proved").count() == 0


def test_witnesses_count_when_a_policy_is_typed(page: Page, tmp_path: Path) -> None:
    """F3: three have sworn, two have, one line is bad."""
    now_s = int(time.time())
    paper = make_policy().decode()

    def sworn(count: int) -> Callable[[Files], object]:
        signed = make_checkpoint(300, root_of(ENTRIES), *WITNESSES[:count], time_s=now_s)
        return lambda files: resealed(files, signed)

    assert check(page, bundle(tmp_path / "F.zip", sworn(3)), paper) == GENUINE
    assert "Disaksikan menurut kebijakan Anda oleh w1" in reason(page)
    assert check(page, bundle(tmp_path / "F.zip", sworn(2)), paper) == FORGED
    assert "baru 2 saksi" in reason(page)
    late = make_checkpoint(300, root_of(ENTRIES), *WITNESSES[:3], time_s=now_s + 4_000)
    assert check(page, bundle(tmp_path / "F.zip", lambda files: resealed(files, late)), paper) == FORGED


def resealed(files: Files, signed: bytes) -> None:
    """Exchange the checkpoint, under the proofs too."""
    before = files["checkpoint"]
    for name in files:
        files[name] = files[name].replace(before, signed)


def changed(name: str, old: bytes, new: bytes) -> Callable[[Files], object]:
    """Make a change in one member."""

    def bend(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new)

    return bend


FORGERIES: dict[str, tuple[Callable[[Files], object], bool, str]] = {
    "an entry changed, and announced": (
        changed("tile/entries/000", b"repair 7", b"repair 8"),
        True,
        "tidak menuju akar yang ditandatangani",
    ),
    "a member changed": (changed("README.txt", b"dahulu", b"nanti!"), False, "README.txt telah diubah"),
    "a member added": (lambda files: files.update({"x": b""}), False, "x tidak disebut dalam manifest"),
    "a member gone": (lambda files: files.pop("README.txt"), False, "README.txt tidak ada"),
    "another checkpoint's signature": (
        lambda files: resealed(files, make_bundle(ENTRIES[:299])["checkpoint"].replace(b"299", b"300")),
        True,
        "tidak sah",
    ),
    "a proof of another entry": (
        lambda files: files.update({"proofs/5.tlog-proof": files["proofs/270.tlog-proof"]}),
        True,
        "bukti entri 5 milik entri atau segel lain",
    ),
    "a proven entry exchanged": (
        lambda files: files.update({"entries/5.json": ENTRIES[6]}),
        True,
        "bukti entri 5 tidak menuju akar",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_bundle_is_told_why(page: Page, tmp_path: Path, name: str) -> None:
    """Red, with the member or entry that gives it away, and what to do with the file."""
    bend, announce, sentence = FORGERIES[name]
    assert check(page, bundle(tmp_path / "F.zip", bend, announce=announce)) == FORGED
    assert sentence in reason(page)
    assert "laporkan kepada Inspektorat" in reason(page)


def test_what_was_asked_for_cannot_be_left_out(page: Page, tmp_path: Path) -> None:
    """The manifest says that fewer were chosen than there are."""
    files = make_bundle(ENTRIES)
    lie = replace(parse_manifest(manifest_of(files, ENTRIES)), count=1)
    assert check(page, pack(tmp_path / "F.zip", {**files, MANIFEST_PATH: lie.encode()})) == FORGED
    assert "ada entri yang diminta" in reason(page)


@pytest.mark.parametrize(
    ("paper", "sentence"),
    [
        ("x", "berbentuk nama+sidik+kunci"),
        (LOG_VKEY.replace("ledger", "lodger"), "salah ketik"),
        (str(SigningKey("other.example", b"o" * 32).verifier()), "bukan kunci log ledger.example/log"),
        (str(WITNESSES[0].verifier(4)), "bukan untuk peran ini"),
        (f"log {LOG_VKEY}\nquorum tiga", "tiga belum didefinisikan"),
    ],
)
def test_a_wrong_key_is_nobodys(page: Page, tmp_path: Path, paper: str, sentence: str) -> None:
    """Mistyped, another log's, a witness's, a policy with a hole."""
    assert check(page, bundle(tmp_path / "F.zip"), paper) == FORGED
    assert sentence in reason(page)


@pytest.mark.parametrize("cut", [0, 10, -1, -30])
def test_what_is_no_bundle_is_said(page: Page, tmp_path: Path, cut: int) -> None:
    """Truncated, or nothing at all: a sentence, and no frozen page."""
    path = bundle(tmp_path / "F.zip")
    path.write_bytes(path.read_bytes()[:cut])
    assert check(page, path) == FORGED
    assert "bukan ZIP bukti" in reason(page)


def test_a_hundred_thousand_entries_do_not_freeze_the_page(page: Page, tmp_path: Path) -> None:
    """The browser gets its turns while it works."""
    entries = make_entries(MANY)
    files = make_bundle(entries, proven=[])
    path = pack(tmp_path / "F.zip", {**files, MANIFEST_PATH: manifest_of(files, entries)})
    page.evaluate("""() => {
        window.longest = 0; let last = performance.now();
        setInterval(() => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; }, 10);
    }""")
    assert check(page, path) == GENUINE
    assert page.evaluate("window.longest") < BLINK_MS


def test_everybody_can_use_it(page: Page, tmp_path: Path) -> None:
    """WCAG 2.2 AA before and after, in both lights."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for paper in (LOG_VKEY, "", "x"):
            check(page, bundle(tmp_path / "F.zip"), paper)
            found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
            assert found.violations_count == 0, found.generate_report()
