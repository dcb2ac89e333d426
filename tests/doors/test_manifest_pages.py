"""The page of a batch's manifest: a treasurer asks once, an unknown outcome warns, and nothing typed comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.builders import certifier
from tests.builders import receipts as builders
from tests.builders.certifier import CODE, Certifier
from tests.builders.officials import Founded
from tests.builders.web import browse, settings_of


@pytest.fixture
def service(founded: Founded) -> Iterator[Certifier]:
    """Run the certifier, with an account of this installation."""
    with certifier.certifying() as running:
        certifier.write_account(settings_of(founded).keys_folder, running.address)
        yield running


def test_a_treasurer_asks_once_and_an_unknown_outcome_warns(
    web_app: Flask, founded: Founded, service: Certifier
) -> None:
    """No second asking without the tick; what came of each is listed; the sealed file is handed out."""
    sent = builders.delivered(founded, count=2)
    treasurer, auditor = (browse(web_app, founded, login) for login in ("treasurer", "auditor"))
    page = f"/tanda-terima/manifes/{sent.batch}"
    assert "dapat disusun setelah tanda terima terbit" in treasurer.get(page).text
    builders.issue(founded, sent.batch)
    founded.bench.sequencer.run_once()
    assert "Kode TOTP BSrE" in treasurer.get(page).text
    assert "Kode TOTP BSrE" not in auditor.get(page).text
    assert page in treasurer.get(f"/tanda-terima/paket/{sent.batch}").text

    def ask(**form: str) -> str:
        answer = treasurer.post(page, {"secret": CODE, **form}, page=page)
        shown = treasurer.get(page).text if answer.status_code == 302 else answer.text
        assert CODE not in shown
        return shown

    service.status = 500
    shown = ask()
    assert "belum pasti. Tanyakan kepada BSrE" in shown
    assert "menanggung kemungkinan dua segel" in shown
    left = shown.split('name="after" value="')[1].split('"')[0]
    service.status = 200
    assert "manifest.open" in ask()
    assert len(service.asked) == 1
    assert "sudah disegel BSrE" in ask(after=left)
    shown = auditor.get(page).text
    assert ("Minta segel BSrE" in treasurer.get(page).text, "disegel" in shown) == (False, True)
    files = [part.split('"')[0] for part in shown.split('href="') if part.split('"')[0].endswith(".pdf")]
    sealed, unsealed = (auditor.get(each).data for each in files)
    assert (sealed[:5], unsealed[:5], b"/ByteRange" in sealed, b"/ByteRange" in unsealed) == (
        b"%PDF-",
        b"%PDF-",
        True,
        False,
    )
    token = auditor.form_token("/akun")
    assert auditor.client.post(page, data={"csrf_token": token, "secret": CODE}).status_code == 403
    assert auditor.get(f"{page}/MAN-2026-000009-X.pdf").status_code == 404
    other = builders.delivered(founded, count=1)
    assert auditor.get(files[0].replace(sent.batch, other.batch)).status_code == 404


def test_without_an_account_the_page_says_so(web_app: Flask, founded: Founded) -> None:
    """An account that cannot be read is none; what is missing from the form is named."""
    builders.issued(founded, count=1)
    founded.bench.sequencer.run_once()
    browser = browse(web_app, founded, "treasurer")
    listed = browser.get("/tanda-terima/").text
    batch = listed.split("/tanda-terima/paket/")[1].split('"')[0]
    page = f"/tanda-terima/manifes/{batch}"
    assert "Akun BSrE belum dipasang" in browser.get(page).text
    answer = browser.post(page, {"secret": CODE}, page="/akun")
    assert (answer.status_code, "manifest.sealing_unavailable" in answer.text) == (503, True)
    with certifier.certifying() as running:
        certifier.write_account(settings_of(founded).keys_folder, running.address, subscriber="")
        assert "NIK atau surel BSrE Anda" in browser.get(page).text
        answer = browser.post(page, {"secret": CODE, "who": "3216010101010001"}, page=page)
        assert answer.status_code == 302
        assert b'"nik": "3216010101010001"' in running.asked[0][2]
