"""The doors of print files: the page of a batch and the command line hand over what was counted, to whoever may."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from aid_ledger.cli.main import main
from aid_ledger.core.roles import Role
from aid_ledger.receipts import queries, views
from aid_ledger.receipts.imposing import LAYOUTS
from aid_ledger.receipts.second_reader import fault_of
from tests.builders import paying, receipt_keys
from tests.builders import receipts as builders
from tests.builders.officials import PEOPLE, Founded
from tests.builders.web import browse, shell_of

HOME = "/tanda-terima/paket/"
ROLES = {login: Role(role) for login, (role, *_rest) in PEOPLE.items()}
FORM = {"village": paying.VILLAGE, "layout": "4a6"}
ROOT = receipt_keys.der_of(receipt_keys.root())


def issued(founded: Founded, *, count: int = 2) -> str:
    """Issue a batch's receipts and give its page."""
    [receipt, *_] = builders.issued(founded, count=count)
    with founded.bench.reading() as session:
        return queries.batch_of(session, receipt).reference


def copies(founded: Founded) -> set[int]:
    """Tell how often receipts were printed."""
    return {receipt.copies for receipt in builders.receipts(founded.bench)}


@pytest.mark.parametrize("login", ["operator", "verifier", "approver", "treasurer", "field", "auditor", "admin"])
def test_only_who_prints_one_prints_a_village(web_app: Flask, founded: Founded, login: str) -> None:
    """Whoever may not print one receipt is offered no file of many, and gets none by typing its address."""
    page = HOME + issued(founded)
    browser, may = browse(web_app, founded, login), ROLES[login] in views.PRINTERS
    token = browser.form_token("/akun")
    assert ("Unduh berkas cetak" in browser.get(page).text) is may
    with browser.client.post(f"{page}/cetak", data={"csrf_token": token, **FORM}) as answer:
        status = answer.status_code
    assert (status, copies(founded)) == ((200, {1}) if may else (403, {0}))


def test_the_page_hands_over_the_whole_signed_file_and_counts(web_app: Flask, founded: Founded) -> None:
    """It says how many stand and how many were printed; the second file is a second print."""
    batch = issued(founded)
    browser, page = browse(web_app, founded, "field"), HOME + batch
    assert "(2 tanda terima)" in browser.get(page).text
    for layout in LAYOUTS:
        with browser.post(f"{page}/cetak", FORM | {"layout": layout}, page=page) as answer:
            assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
            assert f"{batch}-{paying.VILLAGE}-{layout}.pdf" in answer.headers["Content-Disposition"]
            assert answer.content_length == len(answer.data)
            assert fault_of(answer.data, [ROOT]) == ""
    assert copies(founded) == {3}
    assert "(2 tanda terima, 2 pernah dicetak)" in browser.get(page).text


def test_a_refusal_is_said_on_the_page(web_app: Flask, founded: Founded) -> None:
    """Another village, no village, no paper: a sentence, no file, nothing counted."""
    page = HOME + issued(founded)
    browser = browse(web_app, founded, "field")
    for status, form in (
        (404, FORM | {"village": "99.99.99.9999"}),
        (404, FORM | {"village": ""}),
        (422, FORM | {"layout": "a3"}),
    ):
        answer = browser.post(f"{page}/cetak", form, page=page)
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert copies(founded) == {0}


def test_a_programme_of_isolation_is_offered_whole(web_app: Flask, founded: Founded) -> None:
    """THREATS 14: there is no village to choose, neither on the page nor in the file's name."""
    batch = builders.isolation_batch(founded)
    browser, page = browse(web_app, founded, "field"), HOME + batch
    shown = browser.get(page).text
    assert "Berkas ini tidak menyebut wilayah" in shown
    assert 'name="village"' not in shown
    with browser.post(f"{page}/cetak", {"layout": "a5"}, page=page) as answer:
        assert f"filename={batch}-a5.pdf" in answer.headers["Content-Disposition"]


def run(founded: Founded, login: str, *arguments: str) -> Result:
    """Print a village as somebody at the command line."""
    person = founded.people[login]
    typed = f"{person.password}\n{person.code()}\n"
    return CliRunner().invoke(main, ["receipts", "print", *arguments, "--as", login], input=typed)


def test_the_command_line_writes_the_file_or_nothing(
    founded: Founded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file under its name was counted; what was refused leaves none, nor a part of one."""
    shell_of(founded, monkeypatch)
    batch, folder = issued(founded), tmp_path / "cetak"
    folder.mkdir()
    out = folder / "desa.pdf"
    founded.bench.sequencer.run_once()
    assert run(founded, "verifier", batch, "--village", paying.VILLAGE, "--out", str(out)).exit_code == 4
    assert run(founded, "field", batch, "--village", "99.99.99.9999", "--out", str(out)).exit_code == 3
    assert (list(folder.iterdir()), copies(founded)) == ([], {0})
    printed = run(founded, "field", batch, "--village", paying.VILLAGE, "--layout", "2a5", "--out", str(out))
    assert (printed.exit_code, "receipts: 2\ncopy: 1\namount: " in printed.output) == (0, True), printed.output
    assert (list(folder.iterdir()), copies(founded)) == ([out], {1})
    assert fault_of(out.read_bytes(), [ROOT]) == ""
