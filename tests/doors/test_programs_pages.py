"""The pages of programmes and policies: who shapes what, one more look before value moves, and no name that tells."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.core import clock
from aid_ledger.programs import queries, service
from tests.builders.documents import paper
from tests.builders.funding import counted, received
from tests.builders.officials import Founded, close_founding
from tests.builders.programmes import defined
from tests.builders.web import Browser, browse

GIVEN = 1_000_000
PROGRAM = {
    "code": "JPS_A",
    "name": "JPS BERANI isolasi mandiri",
    "public_name": "Bansos JPS",
    "aliases": "",
    "pillar": "pemulihan",
    "commodity": IDR,
    "allowed_sources": "btt",
    "needs_isolation": "yes",
    "is_managed": "yes",
    "starts_on": "2021-07-01",
    "ends_on": "",
    "legal_basis": "",
}
KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')


def file_decree(founded: Founded) -> str:
    """Register a decree and count rupiah; give the decree's reference."""
    with founded.act("operator") as act:
        counted(act, IDR)
        return paper(act, "sk").reference


def held(founded: Founded, source: str, stage: Stage, program: str = "-") -> int:
    """Tell what an account holds."""
    with founded.bench.reading() as session:
        return book.balance(session, Place(source, stage, program), IDR)


def test_a_programme_goes_from_definition_to_allocation_by_pages(web_app: Flask, founded: Founded) -> None:
    """UX 1: every step has a page, the one that moves value shows exactly what it will record."""
    source, decree = received(founded.bench, founded, "btt", amount=GIVEN), file_decree(founded)
    operator = browse(web_app, founded, "operator")
    made = operator.post("/program/baru", PROGRAM, page="/program/baru")
    assert made.location == "/program/JPS_A", made.text
    assert "Besaran belum ditetapkan" in operator.get("/program/JPS_A").text
    rate = {"amount": "300.000", "since": clock.today().isoformat(), "document": decree}
    assert operator.post("/program/JPS_A/besaran", rate, page="/program/JPS_A/besaran").status_code == 302
    ceiling = {"source": source, "amount": "600.000", "document": decree}
    assert operator.post("/program/JPS_A/pagu", ceiling, page="/program/JPS_A/pagu").status_code == 302
    excluded = operator.post("/program/JPS_A/larangan", {"other": "DTKS"}, page="/program/JPS_A/larangan")
    assert excluded.status_code == 302
    wish = {"source": source, "commodity": IDR, "amount": "750.000", "document": decree}
    look = operator.client.get("/program/JPS_A/alokasi/periksa", query_string=wish)
    assert "Alokasikan Rp750.000 ke JPS_A" in look.text
    assert "tujuh ratus lima puluh ribu rupiah" in look.text.lower()
    assert "Rp250.000" in look.text
    sent = {**wish, "amount": "750000", "idempotency_key": KEY.search(look.text)[1]}  # type: ignore[index] # or fails
    first = operator.post("/program/JPS_A/alokasi", sent, page="/program/JPS_A")
    again = operator.post("/program/JPS_A/alokasi", sent, page="/program/JPS_A")
    assert (first.status_code, again.status_code) == (302, 302)
    assert held(founded, source, Stage.ALLOCATED, "JPS_A") == 750_000
    shown = operator.get("/program/JPS_A").text
    for words in ("Rp300.000", "berlaku hari ini", "DTKS", "Dialokasikan", "Rp750.000", "Rp600.000"):
        assert words in shown


def test_more_than_was_received_cannot_be_confirmed(web_app: Flask, founded: Founded) -> None:
    """P1: the page before says that it is not enough, and the deed is refused all the same."""
    source, decree = received(founded.bench, founded, "btt", amount=GIVEN), file_decree(founded)
    with founded.act("operator") as act:
        defined(act, "BST")
    operator = browse(web_app, founded, "operator")
    wish = {"source": source, "commodity": IDR, "amount": str(GIVEN + 1), "document": decree}
    look = operator.client.get("/program/BST/alokasi/periksa", query_string=wish)
    assert "Dana tidak cukup" in look.text
    assert 'action="/program/BST/alokasi"' not in look.text
    refused = operator.post("/program/BST/alokasi", wish, page="/program/BST")
    assert refused.status_code == 409
    assert "Saldo tidak cukup" in refused.text
    assert held(founded, source, Stage.RECEIVED) == GIVEN


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"public_name": "Bansos Isoman"}, "Pakai nama yang netral"),
        ({"code": "COVID_A"}, "Pakai nama yang netral"),
        ({"code": "jps a"}, "Kode diawali huruf besar"),
        ({"allowed_sources": "kas"}, "Pilih salah satu yang tersedia"),
        ({"name": ""}, "Bagian ini harus diisi"),
        ({"starts_on": "1 Juli"}, "Tanggal tidak dapat dibaca"),
        ({"ends_on": "2021-06-30"}, "Program belum lengkap"),
    ],
)
def test_a_refused_programme_comes_back_as_it_was_typed(
    web_app: Flask, founded: Founded, changes: dict[str, str], words: str
) -> None:
    """UX 3, THREATS 14: the sentence says what to do, and nothing that was typed is lost."""
    file_decree(founded)
    refused = browse(web_app, founded, "operator").post("/program/baru", PROGRAM | changes, page="/program/baru")
    assert refused.status_code == 422
    assert words in refused.text
    assert 'value="JPS BERANI isolasi mandiri"' in refused.text or "name" in changes
    with founded.bench.reading() as session:
        assert queries.programs(session) == []


@pytest.mark.parametrize("login", ["verifier", "approver", "treasurer", "auditor", "admin", "field"])
def test_only_operators_shape_programmes(web_app: Flask, founded: Founded, login: str) -> None:
    """P5: oversight sees everything and moves nothing; who approves and pays shapes nothing either."""
    decree = file_decree(founded)
    with founded.act("operator") as act:
        defined(act, "BST")
    browser = browse(web_app, founded, login)
    reads = login not in {"admin", "field"}
    for path in ("/program/", "/program/BST"):
        assert browser.get(path).status_code == (200 if reads else 403)
    rate = {"amount": "1", "since": "2021-01-01", "document": decree}
    for path, form in (
        ("/program/baru", PROGRAM),
        ("/program/BST/besaran", rate),
        ("/program/BST/pagu", rate),
        ("/program/BST/larangan", {"other": "PKH"}),
        ("/program/BST/alokasi", rate),
    ):
        assert browser.get(path).status_code == 403, path
        assert browser.post(path, form, page="/").status_code == 403, path
    assert ("Tetapkan program" in browser.get("/program/").text) is False


def propose(browser: Browser, **changes: str) -> TestResponse:
    """Send the form of a policy."""
    form = {"program": "", "since": "", "approvers_1": "1", "from_2": "500.000.000", "approvers_2": "2"}
    empty = {f"{name}_{step}": "" for step in (3, 4) for name in ("from", "approvers")}
    return browser.post("/program/kebijakan/baru", form | empty | changes, page="/program/kebijakan/baru")


def test_a_policy_is_proposed_and_agreed_to_by_two(web_app: Flask, founded: Founded) -> None:
    """P2: the proposer's page has no button, the second admin's has; it holds from tomorrow."""
    close_founding(founded)
    one, two = browse(web_app, founded, "admin"), browse(web_app, founded, "admin2")
    page = propose(one).location
    assert page.startswith("/program/kebijakan/POL-")
    assert "Sepakati kebijakan ini" not in one.get(page).text
    assert "Menunggu pejabat kedua" in one.get(page).text
    assert "Kebijakan persetujuan menunggu pejabat kedua" in two.get("/").text
    assert "Sepakati kebijakan ini" in two.get(page).text
    alone = one.post(f"{page}/sepakati", page=page)
    assert alone.status_code == 403
    assert "Anda yang mengusulkan kebijakan ini" in alone.text
    assert two.post(f"{page}/sepakati", page=page).status_code == 302
    assert "Mulai Rp500.000.000: 2 penyetuju" in one.get("/program/kebijakan").text
    assert "berlaku kemudian" in one.get("/program/kebijakan").text


def test_a_founders_policy_says_that_it_holds_at_once(web_app: Flask, founded: Founded) -> None:
    """THREATS 3: only before the founding is closed."""
    founder = browse(web_app, founded, "sekda")
    assert "berlaku seketika" in founder.get("/program/kebijakan/baru").text
    page = propose(founder).location
    with founded.bench.reading() as session:
        reference = page.rpartition("/")[2]
        assert queries.policies_in_force(session, clock.today()) == {queries.policy(session, reference).id}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"approvers_1": "0"}, "penyetujunya satu sampai 5 orang"),
        ({"approvers_1": "6"}, "Penyetuju paling banyak 5 orang"),
        ({"approvers_2": ""}, "Isi keduanya"),
        ({"from_2": "0"}, "berikutnya harus naik"),
        ({"from_2": "setengah"}, "rupiah bulat"),
    ],
)
def test_a_policy_with_a_hole_is_sent_back(
    web_app: Flask, founded: Founded, changes: dict[str, str], words: str
) -> None:
    """P2: half a step, nobody, or a fall is no policy."""
    refused = propose(browse(web_app, founded, "admin"), **changes)
    assert refused.status_code == 422
    assert words in refused.text
    with founded.bench.reading() as session:
        assert queries.policies(session) == []


@pytest.mark.parametrize("login", ["operator", "approver", "auditor"])
def test_whom_a_policy_binds_only_reads_it(web_app: Flask, founded: Founded, login: str) -> None:
    """THREATS 3: the pages of a policy are open to those it binds, its buttons are not."""
    with founded.act("admin") as act:
        reference = service.propose_policy(act, limits=((0, 1),)).reference
    browser = browse(web_app, founded, login)
    page = f"/program/kebijakan/{reference}"
    assert browser.get(page).status_code == 200
    assert "Sepakati" not in browser.get(page).text
    assert browser.get("/program/kebijakan").status_code == 200
    assert browser.get("/program/kebijakan/baru").status_code == 403
    assert browser.post(f"{page}/sepakati", page="/").status_code == 403


def test_what_is_not_there_is_not_found(web_app: Flask, founded: Founded) -> None:
    """An address made up leads nowhere, with a sentence."""
    operator = browse(web_app, founded, "operator")
    assert operator.get("/program/TIDAK_ADA").status_code == 404
    assert operator.get("/program/kebijakan/POL-2021-999999-0").status_code == 404
