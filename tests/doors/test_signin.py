"""Signing in through the web: what each step proves, and what nobody can do with half of it."""

from __future__ import annotations

from flask import Flask

from tests.builders.officials import Founded
from tests.builders.web import Browser, browse


def test_pages_send_strangers_to_the_sign_in(web_app: Flask) -> None:
    answer = Browser(web_app).get("/pejabat/")
    assert answer.status_code == 302
    assert answer.location == "/masuk?next=/pejabat/"


def test_sign_in_works(web_app: Flask, founded: Founded) -> None:
    browser = browse(web_app, founded, "admin")
    for path in ("/", "/pejabat/", "/pejabat/orang/operator", "/pejabat/permintaan/", "/pejabat/jabatan", "/akun", "/pendirian", "/pejabat/baru", "/pejabat/orang/operator/peran", "/pejabat/orang/operator/jabatan"):
        answer = browser.get(path)
        assert answer.status_code == 200, (path, answer.text)
