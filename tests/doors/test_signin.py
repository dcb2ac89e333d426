"""Signing in through the web: what each step proves, and what nobody can do with half of it."""

from __future__ import annotations

import re

import pyotp
from flask import Flask

from aid_ledger.officials import service
from tests.builders.officials import PASSWORD, Founded, close_founding
from tests.builders.web import Browser, browse

SECRET = re.compile(r'id="device-secret">([A-Z2-7 ]+)<')
SEALED = re.compile(r'name="sealed" value="([0-9a-f]+)"')
LINK = re.compile(r"token=([A-Za-z0-9_-]+)")


def cookie(browser: Browser) -> str:
    """Read the session cookie of a browser."""
    found = browser.client.get_cookie("buku")
    return found.value if found else ""


def plant(browser: Browser, value: str) -> None:
    """Set the session cookie of a browser."""
    browser.client.set_cookie("buku", value)


def test_strangers_are_sent_to_the_sign_in_and_back(web_app: Flask, founded: Founded) -> None:
    """Law: nothing is shown before, and afterwards one is where one wanted to be."""
    browser = Browser(web_app)
    answer = browser.get("/pejabat/")
    assert (answer.status_code, answer.location) == (302, "/masuk?next=/pejabat/")
    browser.get(answer.location)
    assert browser.sign_in(founded, "admin").location == "/pejabat/"


def test_no_one_is_sent_to_another_site(web_app: Flask, founded: Founded) -> None:
    """Cheat: half of a phish is a link to our own sign-in that leads on to theirs."""
    targets = ("https://jahat.example/", "//jahat.example/", "/\\jahat.example", "javascript:alert(1)")
    for login, target in zip(("operator", "verifier", "field", "auditor"), targets, strict=True):
        browser = Browser(web_app)
        browser.client.get("/masuk", query_string={"next": target})
        assert browser.sign_in(founded, login).location == "/"


def test_a_password_alone_opens_nothing(web_app: Flask, founded: Founded) -> None:
    """Law: the second step has its own session, which can enter a code and nothing else."""
    browser = Browser(web_app)
    answer = browser.post("/masuk", {"login": "admin", "password": PASSWORD})
    assert answer.location == "/masuk/kode"
    for path in ("/", "/pejabat/", "/akun", "/masuk/perangkat"):
        assert browser.get(path).status_code == 302
    assert browser.post("/pejabat/baru", {"login": "x"}, page="/masuk/kode").status_code == 401


def test_the_code_step_without_a_password_leads_back(web_app: Flask) -> None:
    """Cheat: begin at the second step."""
    browser = Browser(web_app)
    assert browser.get("/masuk/kode").location == "/masuk"
    assert browser.post("/masuk/kode", {"code": "123456"}).location == "/masuk"


def test_wrong_password_and_unknown_name_read_the_same(web_app: Flask) -> None:
    """THREATS 16: nothing to enumerate, and what was typed is kept but the password."""
    pages = []
    for login in ("operator", "tidakada"):
        answer = Browser(web_app).post("/masuk", {"login": login, "password": "salah sama sekali"})
        assert answer.status_code == 403
        assert "salah sama sekali" not in answer.text
        pages.append(re.sub(r'value="[^"]*"|content="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.text))
    assert pages[0] == pages[1]


def test_a_planted_session_is_worth_nothing_after_the_sign_in(web_app: Flask, founded: Founded) -> None:
    """THREATS 19, fixation: the attacker's cookie, planted before, is not the victim's afterwards."""
    attacker = Browser(web_app)
    attacker.get("/masuk")
    planted = cookie(attacker)
    victim = Browser(web_app)
    plant(victim, planted)
    victim.sign_in(founded, "operator")
    assert cookie(victim) != planted
    plant(attacker, planted)
    assert attacker.get("/").status_code == 302


def test_the_half_way_session_dies_at_the_code(web_app: Flask, founded: Founded) -> None:
    """THREATS 19: sessions rotate at each step; the cookie of the first step opens nothing after the second."""
    browser = Browser(web_app)
    browser.post("/masuk", {"login": "operator", "password": PASSWORD})
    half = cookie(browser)
    browser.post("/masuk/kode", {"code": founded.code("operator")}, page="/masuk/kode")
    assert browser.get("/").status_code == 200
    thief = Browser(web_app)
    plant(thief, half)
    assert thief.get("/").status_code == 302
    assert thief.get("/masuk/kode").location == "/masuk"


def test_a_cookie_kept_after_signing_out_is_dead(web_app: Flask, founded: Founded) -> None:
    """Law: signing out ends the session on the server, not only in the browser."""
    browser = browse(web_app, founded, "operator")
    kept = cookie(browser)
    browser.post("/keluar", page="/")
    plant(browser, kept)
    assert browser.get("/").status_code == 302


def test_power_that_changes_ends_sessions(web_app: Flask, founded: Founded) -> None:
    """THREATS 19: sessions die on role change and suspension."""
    browser = browse(web_app, founded, "operator")
    with founded.act("sekda") as act:
        service.suspend_official(act, login="operator", reason="Diperiksa")
    assert browser.get("/").status_code == 302


def test_a_code_signs_in_once(web_app: Flask, founded: Founded) -> None:
    """Cheat: the code read over the shoulder, used in another browser in the same half minute."""
    code = founded.code("operator")
    statuses = []
    for _ in range(2):
        browser = Browser(web_app)
        browser.post("/masuk", {"login": "operator", "password": PASSWORD})
        statuses.append(browser.post("/masuk/kode", {"code": code}, page="/masuk/kode").status_code)
    assert statuses == [302, 422]


def test_a_form_from_elsewhere_is_refused(web_app: Flask, founded: Founded) -> None:
    """Cheat: a page of another site posts in the official's name."""
    browser = browse(web_app, founded, "admin")
    answer = browser.client.post("/pejabat/baru", data={"login": "x", "name": "X", "agency_unit": "Y"})
    assert answer.status_code == 400
    assert "form.stale" in answer.text


def test_cookies_and_pages_are_closed_to_scripts_and_caches(web_app: Flask, founded: Founded) -> None:
    """Law: the session is for this site only, pages are kept by nobody and framed by nobody."""
    browser = Browser(web_app)
    answer = browser.get("/masuk")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_new_official_walks_from_the_link_to_a_device(web_app: Flask, founded: Founded) -> None:
    """The whole way in a browser: link, password, secret, code, recovery codes; the secret is never shown again."""
    close_founding(founded)
    admin = browse(web_app, founded, "admin")
    form = {"login": "baru", "name": "Baru Contoh", "agency_unit": "Dinas Sosial"}
    assert admin.post("/pejabat/baru", form, page="/pejabat/baru").status_code == 302
    made = admin.post("/pejabat/orang/baru/tautan", page="/pejabat/baru")
    token = LINK.search(made.text)
    assert token

    owner = Browser(web_app)
    assert owner.get(f"/masuk/mulai?token={token[1]}").location == "/masuk/mulai"
    password = "tiga ekor kambing hijau"
    answer = owner.post("/masuk/mulai", {"password": password, "again": password}, page="/masuk/mulai")
    assert answer.location == "/masuk/perangkat"
    assert owner.get("/akun").status_code == 302
    page = owner.get("/masuk/perangkat").text
    secret, sealed = SECRET.search(page), SEALED.search(page)
    assert secret
    assert sealed

    wrong = owner.post("/masuk/perangkat", {"sealed": sealed[1], "code": "000000"}, page="/masuk/perangkat")
    assert wrong.status_code == 422
    assert secret[1] in wrong.text
    code = pyotp.TOTP(secret[1].replace(" ", "")).now()
    done = owner.post("/masuk/perangkat", {"sealed": sealed[1], "code": code}, page="/masuk/perangkat")
    assert done.status_code == 200
    assert len(re.findall(r'<li class="code">', done.text)) == 10
    assert "Menunggu sebelum dapat menyetujui" in done.text
    assert owner.get("/masuk/perangkat").status_code == 302
    assert secret[1] not in owner.get("/akun").text
    assert "Menunggu peran" in owner.get("/").text
    assert Browser(web_app).post("/masuk", {"login": "baru", "password": password}).location == "/masuk/kode"


def test_a_used_link_says_only_that_it_is_no_good(web_app: Flask) -> None:
    """THREATS 16: used, replaced, late and invented links read the same."""
    browser = Browser(web_app)
    browser.get("/masuk/mulai?token=" + "A" * 43)
    answer = browser.get("/masuk/mulai")
    assert answer.status_code == 403
    assert "enrolment.link_invalid" in answer.text


def test_a_recovery_session_says_what_it_is(web_app: Flask, founded: Founded) -> None:
    """Law: it signs in, warns, and can ask for the reset of its own device."""
    person = founded.people["operator"]
    browser = Browser(web_app)
    browser.post("/masuk", {"login": "operator", "password": PASSWORD})
    answer = browser.post("/masuk/kode", {"code": person.recovery_codes[0]}, page="/masuk/kode")
    assert answer.status_code == 302
    assert "tidak dapat menyetujui apa pun" in browser.get("/").text
    form = {"factor": "device", "decree": "094/1/2021"}
    assert browser.post("/akun/atur-ulang", form, page="/akun").status_code == 302
