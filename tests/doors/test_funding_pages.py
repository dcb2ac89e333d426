"""The pages of sources: who may open which door, a gift's whole way through the web, and clicks that cheat."""

from __future__ import annotations

import pytest
from flask import Flask

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.funding import queries, service
from aid_ledger.web import guard
from tests.builders import funding as builders
from tests.builders.documents import PDF, paper
from tests.builders.officials import Founded
from tests.builders.web import Browser, browse

EVERYBODY = {Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR}
DOORS = {
    "funding.index": EVERYBODY,
    "funding.show": EVERYBODY,
    "funding.new": {Role.OPERATOR},
    "funding.create": {Role.OPERATOR},
    "funding.new_offer": {Role.OPERATOR},
    "funding.offer": {Role.OPERATOR},
    "funding.new_history": {Role.OPERATOR},
    "funding.check_history": {Role.OPERATOR},
    "funding.declare_history": {Role.OPERATOR},
    "funding.contribution": EVERYBODY,
    "funding.new_screening": {Role.VERIFIER, Role.TREASURER},
    "funding.screen": {Role.VERIFIER, Role.TREASURER},
    "funding.new_receipt": {Role.TREASURER},
    "funding.check_receipt": {Role.TREASURER},
    "funding.receive": {Role.TREASURER},
    "funding.publications": EVERYBODY,
    "funding.publish": {Role.OPERATOR},
    "funding.donors": EVERYBODY,
    "funding.register_donor": {Role.OPERATOR},
    "funding.emergencies": EVERYBODY,
    "funding.declare_emergency": {Role.OPERATOR},
    "documents.index": EVERYBODY,
    "documents.show": EVERYBODY,
    "documents.download": EVERYBODY,
    "documents.new": {Role.OPERATOR, Role.VERIFIER, Role.TREASURER},
    "documents.register": {Role.OPERATOR, Role.VERIFIER, Role.TREASURER},
    "book.index": EVERYBODY,
    "book.account": EVERYBODY,
    "book.commodities": EVERYBODY,
    "book.define": {Role.OPERATOR},
}


def held(founded: Founded, source: str) -> int:
    """Tell what is in custody."""
    with founded.bench.reading() as session:
        return book.balance(session, Place(source, Stage.RECEIVED), IDR)


@pytest.fixture
def gift(founded: Founded) -> tuple[str, str]:
    """Give a CSR source and an offer of 250 million into it."""
    source = builders.opened(founded, "csr")
    return source, builders.offered(founded, source, amount=250_000_000)


def test_every_door_is_for_whom_the_table_says(web_app: Flask) -> None:
    """THREATS 19: a door added or opened wider is noticed here; auditors read all and write nothing (P5)."""
    found = {
        endpoint: guard.mark_of(view).roles  # type: ignore[union-attr] # an unmarked view stops the start
        for endpoint, view in web_app.view_functions.items()
        if endpoint.partition(".")[0] in {"funding", "documents", "book"}
    }
    assert found == DOORS


@pytest.mark.parametrize(
    ("login", "path"), [("auditor", "/sumber/baru"), ("field", "/sumber/"), ("admin", "/dokumen/")]
)
def test_the_wrong_role_is_told_so(web_app: Flask, founded: Founded, login: str, path: str) -> None:
    """A refusal says who may; it does not pretend that nothing is there."""
    answer = browse(web_app, founded, login).get(path)
    assert answer.status_code == 403
    assert "guard.role_needed" in answer.text


def test_the_wrong_role_posts_in_vain(web_app: Flask, founded: Founded, gift: tuple[str, str]) -> None:
    """An operator who knows the treasurer's address receives nothing, an auditor publishes nothing."""
    source, reference = gift
    for login, path in (("operator", "terima"), ("auditor", "umumkan"), ("approver", "penapisan")):
        answer = browse(web_app, founded, login).post(f"/sumber/kontribusi/{reference}/{path}", page="/akun")
        assert answer.status_code == 403
    assert held(founded, source) == 0


def test_a_gift_walks_from_offer_to_publication(web_app: Flask, founded: Founded) -> None:
    """The whole way by three people through the pages, as it is meant."""
    with founded.act("operator") as act:
        builders.counted(act, IDR)
        document = paper(act, "surat_penawaran", content=PDF).reference
    operator = browse(web_app, founded, "operator")
    form = {"kind": "csr", "name": "CSR 2026", "code": "CSR-2026", "year": "2026", "custodian_office": "BENDAHARA"}
    assert operator.post("/sumber/baru", form, page="/sumber/baru").location == "/sumber/CSR-2026"
    operator.post(
        "/sumber/donatur", {"kind": "company", "name": "PT Contoh", "show_name": "yes"}, page="/sumber/donatur"
    )
    offer = {"commodity": IDR, "amount": "250.000.000", "document": document}
    with founded.bench.reading() as session:
        offer["donor"] = queries.donors(session)[0].reference
    shown = operator.post("/sumber/CSR-2026/tawaran", offer, page="/sumber/CSR-2026/tawaran")
    here = shown.location
    assert "Tapis terhadap gratifikasi" in operator.get(here).text

    verifier = browse(web_app, founded, "verifier")
    assert "Sumbangan menunggu penapisan" in verifier.get("/").text
    screening = {"addressee": "institution", "decision": "accept", "reason": "Ditujukan kepada pemerintah daerah."}
    assert verifier.post(f"{here}/penapisan", screening, page=f"{here}/penapisan").status_code == 302

    treasurer = browse(web_app, founded, "treasurer")
    assert "Kontribusi menunggu diterima" in treasurer.get("/").text
    day = clock.today().isoformat()
    look = treasurer.get(f"{here}/terima/periksa?received_on={day}")
    assert "Terima Rp250.000.000 ke CSR-2026" in look.text
    assert "dua ratus lima puluh juta rupiah" in look.text
    assert treasurer.post(f"{here}/terima", {"received_on": day}, page=f"{here}/terima").status_code == 302
    assert held(founded, "CSR-2026") == 250_000_000

    assert "Sumbangan belum diumumkan" in operator.get("/").text
    assert operator.post(f"{here}/umumkan", page="/sumber/kontribusi/umumkan").status_code == 302
    auditor = browse(web_app, founded, "auditor")
    founded.bench.sequencer.run_once()  # On PostgreSQL the web process does not order the log.
    page = auditor.get(here)
    assert "diumumkan" in page.text
    assert page.text.count("Bukti di log nomor") == 4
    assert "Rp250.000.000" in auditor.get("/sumber/").text
    source = auditor.get("/sumber/CSR-2026").text
    assert "PT Contoh" in source
    assert "Daftarkan tawaran" not in source
    assert "Belum ada yang ditawarkan" in auditor.get("/sumber/CSR-2026?sebelum=1").text


def test_a_double_click_receives_once(web_app: Flask, founded: Founded) -> None:
    """P7: the same form sent twice gives the same contribution; a changed one under its key is a conflict."""
    source = builders.opened(founded, "apbd")
    reference = builders.offered(founded, source, amount=900)
    here = f"/sumber/kontribusi/{reference}"
    treasurer = browse(web_app, founded, "treasurer")
    sent = {"received_on": clock.today().isoformat(), "idempotency_key": "satu-kali-saja"}
    for _click in range(2):
        answer = treasurer.post(f"{here}/terima", sent, page=f"{here}/terima")
        assert (answer.status_code, answer.location) == (302, here)
    changed = {**sent, "received_on": "2026-01-02"}
    assert treasurer.post(f"{here}/terima", changed, page=f"{here}/terima").status_code == 409
    assert held(founded, source) == 900
    again = treasurer.post(f"{here}/terima", {"received_on": sent["received_on"]}, page=f"{here}/terima")
    assert again.status_code == 409
    assert "funding.contribution_elsewhere" in again.text
    assert held(founded, source) == 900


def test_who_offered_is_not_offered_the_screening(web_app: Flask, founded: Founded) -> None:
    """The page does not show what is refused, and the refusal keeps what was typed and says who may."""
    source = builders.opened(founded, "csr")
    with founded.act("treasurer") as act:
        builders.counted(act, IDR)
        donor = service.register_donor(act, kind="company", name="PT Contoh").reference
        document = paper(act, "surat_penawaran").reference
        offer = service.offer_contribution(
            act, source=source, donor=donor, commodity=IDR, amount=5, document=document
        ).reference
    treasurer = browse(web_app, founded, "treasurer")
    here = f"/sumber/kontribusi/{offer}"
    assert f'href="{here}/penapisan"' not in treasurer.get(here).text
    form = {"addressee": "institution", "decision": "accept", "reason": "Alasan yang sudah diketik."}
    answer = treasurer.post(f"{here}/penapisan", form, page=f"{here}/penapisan")
    assert answer.status_code == 403
    assert "funding.self_screening" in answer.text
    assert "Alasan yang sudah diketik." in answer.text


def test_a_gift_to_a_person_is_refused_in_words(web_app: Flask, founded: Founded, gift: tuple[str, str]) -> None:
    """The page names the law's consequence beside the field."""
    here = f"/sumber/kontribusi/{gift[1]}"
    form = {"addressee": "person", "decision": "accept", "reason": "Untuk Kepala Dinas."}
    answer = browse(web_app, founded, "verifier").post(f"{here}/penapisan", form, page=f"{here}/penapisan")
    assert answer.status_code == 403
    assert "30 hari kerja" in answer.text


def test_a_refused_gift_ends_there(web_app: Flask, founded: Founded, gift: tuple[str, str]) -> None:
    """No further step is offered to anyone, and the page reminds of the report to UPG or KPK."""
    here = f"/sumber/kontribusi/{gift[1]}"
    verifier = browse(web_app, founded, "verifier")
    form = {"addressee": "person", "decision": "refuse", "reason": "Ditujukan pribadi."}
    assert verifier.post(f"{here}/penapisan", form, page=f"{here}/penapisan").status_code == 302
    page = verifier.get(here).text
    assert "UPG" in page
    assert "Langkah berikutnya" not in page
    assert "Sumbangan menunggu penapisan" not in verifier.get("/").text


def test_received_budget_money_goes_on_to_programmes(web_app: Flask, founded: Founded) -> None:
    """The page says what is next and that it is another's page; nothing waits for the treasurer any more."""
    source = builders.received(founded.bench, founded, "apbd", amount=5)
    with founded.bench.reading() as session:
        reference = queries.contributions_of(session, queries.source(session, source).id)[0][0].reference
    treasurer = browse(web_app, founded, "treasurer")
    assert "Alokasikan ke program" in treasurer.get(f"/sumber/kontribusi/{reference}").text
    assert "Kontribusi menunggu diterima" not in treasurer.get("/").text
    assert "Sumbangan belum diumumkan" not in browse(web_app, founded, "operator").get("/").text


def test_a_source_is_opened_with_what_is_offered(web_app: Flask, founded: Founded) -> None:
    """A code taken before and an office that is none come back beside what was typed."""
    operator = browse(web_app, founded, "operator")
    form = {"kind": "apbd", "name": "APBD", "code": "APBD-2026", "year": "2026", "custodian_office": "BENDAHARA"}
    assert operator.post("/sumber/baru", form, page="/sumber/baru").status_code == 302
    taken = operator.post("/sumber/baru", form, page="/sumber/baru")
    assert taken.status_code == 409
    assert 'id="f-code-error"' in taken.text
    nobody = operator.post("/sumber/baru", {**form, "custodian_office": "KASIR"}, page="/sumber/baru")
    assert nobody.status_code == 404
    assert operator.post("/sumber/baru", {**form, "mystery": "1"}, page="/sumber/baru").status_code == 422


def test_btt_shows_what_is_missing_before_the_last_click(web_app: Flask, founded: Founded) -> None:
    """RF-25 and RF-26 on the page of the last look: no button, and the posted form is refused all the same."""
    source = builders.opened(founded, "btt")
    here = f"/sumber/kontribusi/{builders.offered(founded, source, amount=900)}"
    treasurer = browse(web_app, founded, "treasurer")
    day = clock.today().isoformat()
    look = treasurer.get(f"{here}/terima/periksa?received_on={day}")
    assert "Belum lengkap" in look.text
    assert "Terima Rp900 ke" not in look.text
    answer = treasurer.post(f"{here}/terima", {"received_on": day}, page=f"{here}/terima")
    assert answer.status_code == 422
    assert "funding.need_plan_missing" in answer.text
    plan = builders.need_plan(founded, 900)
    whole = treasurer.get(f"{here}/terima/periksa?received_on={day}&need_plan={plan}")
    assert "Sisa RKB sebelum ini" in whole.text
    assert "Tanggap darurat" in whole.text


@pytest.mark.parametrize("amount", ["-5", "0", "1,5", "1.5", "5e9", "99999999999999999999", "9999999999999999999"])
def test_amounts_that_are_none_come_back_with_a_sentence(web_app: Flask, founded: Founded, amount: str) -> None:
    """Money is whole and positive: the form comes back with what was typed, and nothing is registered."""
    source = builders.opened(founded, "apbd")
    with founded.act("operator") as act:
        document = paper(act, "sp2d").reference
    form = {"commodity": IDR, "amount": amount, "document": document}
    page = f"/sumber/{source}/tawaran"
    answer = browse(web_app, founded, "operator").post(page, form, page=page)
    assert answer.status_code == 422
    assert f'value="{amount}"' in answer.text
    assert 'id="f-amount-error"' in answer.text


def test_a_last_look_with_a_wrong_day_asks_again(web_app: Flask, founded: Founded, gift: tuple[str, str]) -> None:
    """What was typed by GET is kept as well."""
    here = f"/sumber/kontribusi/{gift[1]}/terima/periksa"
    answer = browse(web_app, founded, "treasurer").get(f"{here}?received_on=kemarin")
    assert answer.status_code == 422
    assert 'value="kemarin"' in answer.text


def test_strangers_objects_are_not_found(web_app: Flask, founded: Founded) -> None:
    """Nothing is guessed from an address."""
    operator = browse(web_app, founded, "operator")
    for path in ("/sumber/TIDAK-ADA", "/sumber/kontribusi/CTB-2026-999999-0", "/sumber/TIDAK-ADA/tawaran"):
        answer = operator.get(path)
        assert answer.status_code == 404
        assert "_not_found" in answer.text


def test_an_opening_balance_is_looked_at_then_declared_once(web_app: Flask, founded: Founded) -> None:
    """The form, the last look, one button; a second paper of the same number brings nothing."""
    source = builders.opened(founded, "apbd")
    with founded.act("operator") as act:
        document = paper(act, "lainnya", content=PDF).reference
    operator = browse(web_app, founded, "operator")
    page = f"/sumber/{source}/saldo-awal"
    look = operator.get(f"{page}/periksa?commodity=IDR&amount=1.500&document={document}")
    assert "Catat saldo awal Rp1.500" in look.text
    form = {"commodity": IDR, "amount": "1500", "document": document}
    done = operator.post(page, form, page=page)
    assert "saldo awal" in operator.get(done.location).text
    assert held(founded, source) == 1_500
    assert operator.post(page, form, page=page).status_code == 409


def test_emergencies_and_donors_are_kept_on_their_pages(web_app: Flask, founded: Founded) -> None:
    """A status needs its decree; a private donor is masked from the first moment."""
    with founded.act("operator") as act:
        decree = paper(act, "sk").reference
    operator = browse(web_app, founded, "operator")
    page = "/sumber/kedaruratan"
    day = clock.today().isoformat()
    form = {"level": "tanggap_darurat", "decree": decree, "since": day, "until": "2026-01-01"}
    assert operator.post(page, form, page=page).status_code == 422
    assert operator.post(page, {**form, "until": ""}, page=page).status_code == 302
    assert "Tanggap darurat" in operator.get(page).text
    operator.post("/sumber/donatur", {"kind": "individual", "name": "Siti Contoh"}, page="/sumber/donatur")
    listed = operator.get("/sumber/donatur").text
    assert "S*** C*****" in listed
    assert "Siti" not in listed


def test_a_stranger_is_sent_to_sign_in(web_app: Flask) -> None:
    """No page of money without a signed-in official."""
    for path in ("/sumber/", "/dokumen/", "/buku/", "/sumber/kontribusi/umumkan"):
        assert Browser(web_app).get(path).status_code == 302
