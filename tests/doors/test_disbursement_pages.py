"""The pages of entitlements and batches: computed, determined, drafted, looked at once more, submitted, withdrawn."""

from __future__ import annotations

import pytest
from flask import Flask

from aid_ledger.core.roles import Role
from aid_ledger.disbursement import queries
from aid_ledger.disbursement.models import Batch
from aid_ledger.web import guard
from tests.builders import paying as builders
from tests.builders import powers, programs
from tests.builders.officials import Founded
from tests.builders.programs import Paying
from tests.builders.web import Browser, browse

EVERYBODY = {Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.AUDITOR}
MAKERS = {Role.OPERATOR}
DOORS = {
    "disbursement.index": EVERYBODY,
    "disbursement.show": EVERYBODY,
    "disbursement.runs": EVERYBODY,
    "disbursement.run": EVERYBODY,
    "disbursement.new_run": MAKERS,
    "disbursement.compute": MAKERS,
    "disbursement.determine": MAKERS,
    "disbursement.draft": MAKERS,
    "disbursement.set_aside": MAKERS,
    "disbursement.set_aside_unpayable": MAKERS,
    "disbursement.check": MAKERS,
    "disbursement.submit": MAKERS,
    "disbursement.withdrawing": MAKERS,
    "disbursement.cancel": MAKERS,
}
FAMILIES = 3


@pytest.fixture
def payable(founded: Founded) -> Paying:
    """Give a programme that can pay, and three households with accounts."""
    paying = programs.paying_program(founded.bench, founded)
    builders.households(founded.bench, founded, FAMILIES)
    return paying


@pytest.fixture
def drafted(founded: Founded, payable: Paying) -> str:
    """Give a drafted batch."""
    return builders.drafted_batch(founded.bench, founded, payable)


def batch_of(founded: Founded, reference: str) -> Batch:
    """Read a batch."""
    with founded.bench.reading() as session:
        return queries.batch(session, reference)


def shown(founded: Founded, reference: str) -> dict[str, str]:
    """Give what the last look carries."""
    batch = batch_of(founded, reference)
    return {"lines": str(batch.lines), "total": str(batch.total)}


def test_every_door_names_its_roles(web_app: Flask) -> None:
    """Law: each view says whom it is for, and nobody else came in by accident."""
    said = {
        endpoint: set(mark.roles)
        for endpoint, view in web_app.view_functions.items()
        if endpoint.startswith("disbursement.") and (mark := guard.mark_of(view))
    }
    assert said == DOORS


@pytest.mark.parametrize("login", ["admin", "field"])
def test_who_has_no_part_sees_nothing(web_app: Flask, founded: Founded, drafted: str, login: str) -> None:
    """The cheat of an official who is curious: roles decide, not the address."""
    browser = browse(web_app, founded, login)
    for path in ("/penyaluran/", f"/penyaluran/{drafted}", "/penyaluran/hak"):
        assert browser.get(path).status_code == 403


def test_only_the_maker_submits(web_app: Flask, founded: Founded, drafted: str) -> None:
    """The cheat of a verifier who submits what they will verify."""
    verifier = browse(web_app, founded, "verifier")
    answer = verifier.post(f"/penyaluran/{drafted}/ajukan", shown(founded, drafted), page="/")
    assert answer.status_code == 403
    assert batch_of(founded, drafted).state == "draft"


def test_a_batch_of_another_area_looks_like_none(web_app: Flask, founded: Founded, drafted: str) -> None:
    """THREATS 19: what lies outside one's area is not found, whether it is read or touched."""
    powers.another(founded, "operator2", "operator", area="32.16.01")
    operator = browse(web_app, founded, "operator2")
    for path in (f"/penyaluran/{drafted}", f"/penyaluran/{drafted}/ajukan", f"/penyaluran/{drafted}/batalkan"):
        assert operator.get(path).status_code == 404
    form = shown(founded, drafted)
    assert operator.post(f"/penyaluran/{drafted}/ajukan", form, page="/penyaluran/").status_code == 404
    assert drafted not in operator.get("/penyaluran/").text


def test_a_form_of_another_site_is_refused(web_app: Flask, founded: Founded, drafted: str) -> None:
    """The cheat of a page elsewhere that submits in the operator's name."""
    operator = browse(web_app, founded, "operator")
    form = {**shown(founded, drafted), "idempotency_key": "x" * 20}
    assert operator.client.post(f"/penyaluran/{drafted}/ajukan", data=form).status_code == 400
    assert batch_of(founded, drafted).state == "draft"


def test_what_changed_since_the_last_look_is_not_submitted(web_app: Flask, founded: Founded, drafted: str) -> None:
    """The cheat of a second window: the button binds what its page showed."""
    operator = browse(web_app, founded, "operator")
    form = shown(founded, drafted)
    page = f"/penyaluran/{drafted}"
    aside = operator.post(f"{page}/baris/1/sisihkan", {"reason": "payee_doubtful"}, page=page)
    assert aside.status_code == 302
    answer = operator.post(f"{page}/ajukan", form, page=f"{page}/ajukan")
    assert answer.status_code == 409
    assert "batch.changed_since_shown" in answer.text
    assert batch_of(founded, drafted).state == "draft"


def test_no_family_is_named_on_any_page(web_app: Flask, founded: Founded, drafted: str) -> None:
    """UX 7: names are masked, NIKs and accounts are not here at all."""
    text = browse(web_app, founded, "auditor").get(f"/penyaluran/{drafted}").text
    assert "W**** " in text
    assert "Contoh" not in text.split('id="baris"')[1].split("</table>")[0]
    assert "0000<" not in text


def test_a_period_that_is_none_comes_back(web_app: Flask, founded: Founded, payable: Paying) -> None:
    """The form comes back with what was typed and the sentence beside its field."""
    form = {"program": payable.program, "period": "Agustus", "region": builders.REGION}
    page = "/penyaluran/hak/baru"
    answer = browse(web_app, founded, "operator").post(page, form, page=page)
    assert answer.status_code == 422
    assert 'value="Agustus"' in answer.text
    assert 'id="f-period-error"' in answer.text


def test_the_way_from_households_to_a_submitted_batch(web_app: Flask, founded: Founded, payable: Paying) -> None:
    """Computed, determined, drafted, looked at once more, submitted; a double click submits once."""
    operator = browse(web_app, founded, "operator")
    run = computed(operator, payable)
    assert "3 keluarga" in operator.get(run).text
    assert operator.post(f"{run}/tetapkan", {"decree": payable.decree}, page=run).status_code == 302
    batch = operator.post(f"{run}/susun", {"channel": "bank"}, page=run).location
    look = operator.get(f"{batch}/ajukan").text
    assert "Ajukan 3 keluarga, Rp900.000" in look
    assert "sembilan ratus ribu rupiah" in look
    form = {"lines": "3", "total": "900000", "idempotency_key": "satu-kali-saja-cukup"}
    token = {"csrf_token": operator.form_token(f"{batch}/ajukan")}
    for _click in range(2):
        assert operator.client.post(f"{batch}/ajukan", data=form | token).status_code == 302
    page = operator.get(batch).text
    assert "diajukan" in page
    assert "Sidik isi paket" in page
    assert "Verifikator" in page


def test_a_line_stands_aside_with_its_reason_while_the_rest_goes_on(
    web_app: Flask, founded: Founded, drafted: str
) -> None:
    """One doubtful payee stops nobody else."""
    operator = browse(web_app, founded, "operator")
    page = f"/penyaluran/{drafted}"
    assert operator.post(f"{page}/baris/2/sisihkan", {"reason": "apa saja"}, page=page).status_code == 422
    assert operator.post(f"{page}/baris/2/sisihkan", {"reason": "payee_doubtful"}, page=page).status_code == 302
    text = operator.get(f"{page}?keadaan=set_aside").text
    assert "Penerima perlu diperiksa kembali di lapangan." in text
    assert batch_of(founded, drafted).lines == FAMILIES - 1


def test_withdrawing_needs_a_reason(web_app: Flask, founded: Founded, payable: Paying) -> None:
    """A batch goes back into nothing only with a sentence, which its page then shows."""
    batch = builders.submitted_batch(founded.bench, founded, payable)
    operator = browse(web_app, founded, "operator")
    page = f"/penyaluran/{batch}/batalkan"
    assert operator.post(page, {"reason": "salah"}, page=page).status_code == 422
    assert operator.post(page, {"reason": "Daftar desanya keliru."}, page=page).status_code == 302
    text = operator.get(f"/penyaluran/{batch}").text
    assert "dibatalkan" in text
    assert "Daftar desanya keliru." in text


def test_home_says_what_waits_for_the_maker(web_app: Flask, founded: Founded, drafted: str) -> None:
    """A draft that nobody submits helps no family: the first screen says so."""
    assert batch_of(founded, drafted).state == "draft"
    assert "Draf belum diajukan" in browse(web_app, founded, "operator").get("/").text


def computed(operator: Browser, payable: Paying) -> str:
    """Compute through the form and give the run's address."""
    form = {"program": payable.program, "period": builders.PERIOD, "region": builders.REGION}
    answer = operator.post("/penyaluran/hak/baru", form, page="/penyaluran/hak/baru")
    assert answer.status_code == 302, answer.text
    return answer.location
