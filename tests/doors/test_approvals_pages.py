"""The pages that verify and approve: the queues, the page a code signs, refusals in words, what was recorded."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from aid_ledger.approvals import rules
from aid_ledger.approvals.words import REFUSALS
from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.officials.service import codes
from aid_ledger.web import guard
from aid_ledger.web.formats import fingerprint
from tests.builders import paying as builders
from tests.builders import programs
from tests.builders.officials import Founded
from tests.builders.programs import Paying
from tests.builders.web import Browser, browse
from tests.doors.test_disbursement_pages import batch_of

DECIDERS = {Role.VERIFIER, Role.APPROVER}
DOORS = {
    "approvals.index": DECIDERS,
    "approvals.show": DECIDERS,
    "approvals.rejecting": DECIDERS,
    "approvals.reject": DECIDERS,
    "approvals.verify": {Role.VERIFIER},
    "approvals.open_challenge": {Role.APPROVER},
    "approvals.code": {Role.APPROVER},
    "approvals.answer": {Role.APPROVER},
    "approvals.recorded": {Role.APPROVER},
}
QUEUE = "/persetujuan/"


@pytest.fixture
def payable(founded: Founded) -> Paying:
    """Give a programme that can pay, and three households with accounts."""
    paying = programs.paying_program(founded.bench, founded)
    builders.households(founded.bench, founded, 3)
    return paying


@pytest.fixture
def verified(founded: Founded, payable: Paying) -> str:
    """Give a batch that waits for a code."""
    return builders.verified_batch(founded.bench, founded, payable)


def opened(approver: Browser, *batches: str) -> str:
    """Choose batches in the queue and give the address of the page that asks for the code."""
    token = {"csrf_token": approver.form_token(QUEUE), "idempotency_key": f"pilih-{batches[0]}"}
    answer = approver.client.post("/persetujuan/kode", data={**token, "references": list(batches)})
    assert answer.status_code == 302, answer.text
    return answer.location


def wrong_code(founded: Founded, login: str) -> str:
    """Give six digits that are not this official's now."""
    right = founded.people[login].code()
    return f"{(int(right) + 1) % 1_000_000:06d}"


def test_every_door_names_its_roles(web_app: Flask) -> None:
    """Law: each view says whom it is for, and nobody else came in by accident."""
    said = {
        endpoint: set(mark.roles)
        for endpoint, view in web_app.view_functions.items()
        if endpoint.startswith("approvals.") and (mark := guard.mark_of(view))
    }
    assert said == DOORS


def test_every_reason_for_refusing_a_code_has_words() -> None:
    """Law: nothing ever says only that it did not work."""
    states = (rules.ACCEPTED, rules.EXPIRED, rules.EXHAUSTED, rules.REPLACED, rules.VOID)
    of_device = {codes.WRONG, codes.USED, codes.LOCKED, codes.TOO_NEW, codes.NO_DEVICE}
    of_batch = {rules.BATCH_STATE, rules.BATCH_CHANGED, rules.POWER_GONE, rules.NOT_SEPARATE}
    assert set(REFUSALS) == of_device | of_batch | {f"{rules.ENDED}{state}" for state in states}


@pytest.mark.parametrize("login", ["operator", "treasurer", "auditor", "admin"])
def test_who_decides_nothing_sees_no_queue(web_app: Flask, founded: Founded, login: str) -> None:
    """The cheat of a maker who looks for the button."""
    assert browse(web_app, founded, login).get(QUEUE).status_code == 403


def test_a_verifier_cannot_open_the_page_of_codes(web_app: Flask, founded: Founded, verified: str) -> None:
    """The cheat of one person taking two steps."""
    verifier = browse(web_app, founded, "verifier")
    form = {"references": verified}
    assert verifier.post("/persetujuan/kode", form, page=f"/persetujuan/{verified}").status_code == 403


def test_anothers_page_of_codes_is_not_found(web_app: Flask, founded: Founded, verified: str) -> None:
    """THREATS 19: a challenge belongs to one official in one session."""
    page = opened(browse(web_app, founded, "approver"), verified)
    other = browse(web_app, founded, "approver2")
    assert other.get(page).status_code == 404
    assert other.post(page, {"code": founded.code("approver2")}, page=QUEUE).status_code == 404
    assert batch_of(founded, verified).state == "verified"


def test_a_code_without_the_forms_token_is_refused(web_app: Flask, founded: Founded, verified: str) -> None:
    """The cheat of a page elsewhere that sends a phished code."""
    approver = browse(web_app, founded, "approver")
    page = opened(approver, verified)
    assert approver.client.post(page, data={"code": founded.code("approver")}).status_code == 400
    assert batch_of(founded, verified).state == "verified"


def test_a_wrong_code_says_why_and_how_many_tries_are_left(web_app: Flask, founded: Founded, verified: str) -> None:
    """A refusal is told in words, counted, and approves nothing."""
    approver = browse(web_app, founded, "approver")
    page = opened(approver, verified)
    answer = approver.post(page, {"code": wrong_code(founded, "approver")}, page=page)
    assert answer.status_code == 403
    assert REFUSALS[codes.WRONG].sentence in answer.text
    assert "Tersisa 4 kali mencoba" in answer.text
    assert batch_of(founded, verified).state == "verified"


@pytest.mark.parametrize("typed", ["", "12", "1234567", "abcdef", "12345६"])
def test_what_cannot_be_a_code_costs_no_try(web_app: Flask, founded: Founded, verified: str, typed: str) -> None:
    """House rule: five tries are against guessing; a finger that slipped has guessed nothing."""
    approver = browse(web_app, founded, "approver")
    page = opened(approver, verified)
    answer = approver.post(page, {"code": typed}, page=page)
    assert answer.status_code == 422
    assert "Tersisa 5 kali mencoba." in answer.text


def test_a_code_may_be_typed_as_it_is_shown(web_app: Flask, founded: Founded, verified: str) -> None:
    """An authenticator shows `123 456`."""
    approver = browse(web_app, founded, "approver")
    page = opened(approver, verified)
    code = wrong_code(founded, "approver")
    answer = approver.post(page, {"code": f"{code[:3]} {code[3:]}"}, page=page)
    assert "Kode itu bukan kode Anda saat ini." in answer.text
    assert "salah, atau sudah pernah dipakai" not in answer.text


def test_a_page_whose_time_is_over_takes_no_code(web_app: Flask, founded: Founded, verified: str) -> None:
    """Five minutes are for reading; after them the approver reads again."""
    with clock.frozen(clock.now()) as still:
        approver = browse(web_app, founded, "approver")
        page = opened(approver, verified)
        still.advance(minutes=6)
        answer = approver.post(page, {"code": founded.code("approver")}, page=page)
        assert answer.status_code == 409
        assert "Waktu lima menit sudah habis." in answer.text
        assert "Baca lagi" in answer.text
    assert batch_of(founded, verified).state == "verified"


def test_choosing_nothing_is_said(web_app: Flask, founded: Founded, verified: str) -> None:
    """The queue comes back with a sentence."""
    answer = browse(web_app, founded, "approver").post("/persetujuan/kode", {}, page=QUEUE)
    assert answer.status_code == 422
    assert "Pilih sedikitnya satu paket." in answer.text
    assert verified in answer.text


def test_the_page_shows_all_that_the_code_approves(web_app: Flask, founded: Founded, verified: str) -> None:
    """UX 2: programme, number, total in figures and words, balances, who stands for it, three lines, fingerprint."""
    approver = browse(web_app, founded, "approver")
    text = approver.get(opened(approver, verified)).text
    digest = batch_of(founded, verified).digest
    assert digest is not None
    for words in (
        *("Rp900.000", "sembilan ratus ribu rupiah", "3 keluarga", "Saldo sebelum", "Rp1.000.000.000"),
        *("Rp999.100.000", "Operator Contoh", "Verifier Contoh", "Tiga baris acak dari 3"),
        *("Setujui 3 keluarga, Rp900.000", "Tolak dengan alasan", "Tersisa 5 kali mencoba"),
        *fingerprint(digest).split(),
    ):
        assert words in text, words


def test_verified_then_approved_by_a_code(web_app: Flask, founded: Founded, payable: Paying) -> None:
    """The whole way: seen in the queue, found in order, signed by six digits, recorded with a leaf to keep."""
    batch = builders.submitted_batch(founded.bench, founded, payable)
    verifier = browse(web_app, founded, "verifier")
    page = f"/persetujuan/{batch}"
    assert batch in verifier.get(QUEUE).text
    assert "Paket menunggu verifikasi" in verifier.get("/").text
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', verifier.get(page).text)
    assert digest is not None
    assert verifier.post(f"{page}/verifikasi", {"digest": "00"}, page=page).status_code == 409
    assert verifier.post(f"{page}/verifikasi", {"digest": digest[1]}, page=page).status_code == 302
    approver = browse(web_app, founded, "approver")
    assert "Menunggu kode Anda" in approver.get("/").text
    asking = opened(approver, batch)
    done = approver.post(asking, {"code": founded.code("approver")}, page=asking)
    assert done.status_code == 302, done.text
    assert batch_of(founded, batch).state == "approved"
    text = approver.get(done.location).text
    assert "Persetujuan Anda tercatat" in text
    assert "Sidik daun" in text
    assert "Bendahara, mengirim ke bank" in text
    again = approver.get(asking)
    assert again.location == done.location


def test_two_batches_are_read_together_and_signed_by_one_code(
    web_app: Flask, founded: Founded, payable: Paying, verified: str
) -> None:
    """A bundle: both are shown whole, their sum is on the button, both are approved."""
    builders.households(founded.bench, founded, 2)
    second = builders.verified_batch(founded.bench, founded, payable, period="2021-09")
    approver = browse(web_app, founded, "approver")
    page = opened(approver, verified, second)
    text = approver.get(page).text
    assert "Setujui 2 paket dengan satu kode" in text
    assert "Rp2.400.000" in text
    assert approver.post(page, {"code": founded.code("approver")}, page=page).status_code == 302
    assert {batch_of(founded, each).state for each in (verified, second)} == {"approved"}


def test_who_approved_is_not_asked_again(web_app: Flask, founded: Founded) -> None:
    """Two must approve: the first sees nothing waiting any more, the second does."""
    twice = programs.paying_program(founded.bench, founded, limits=((0, 2),))
    builders.households(founded.bench, founded, 1)
    batch = builders.verified_batch(founded.bench, founded, twice)
    approver = browse(web_app, founded, "approver")
    asking = opened(approver, batch)
    done = approver.post(asking, {"code": founded.code("approver")}, page=asking)
    assert "1 penyetuju lagi, orang lain dari Anda" in approver.get(done.location).text
    assert batch_of(founded, batch).state == "verified"
    assert "Menunggu kode Anda" not in approver.get("/").text
    assert "sudah menangani langkah lain" in approver.get(f"/persetujuan/{batch}").text
    assert "Menunggu kode Anda" in browse(web_app, founded, "approver2").get("/").text


def test_what_is_sent_back_tells_its_maker_why(web_app: Flask, founded: Founded, verified: str) -> None:
    """A refusal helps: the reason stands on top of the batch's page, and the first screen leads there."""
    approver = browse(web_app, founded, "approver")
    page = f"/persetujuan/{verified}/tolak"
    form = {"outcome": "send_back", "reason": "Kecamatan Setu belum lengkap."}
    assert approver.post(page, {**form, "reason": "tidak"}, page=page).status_code == 422
    assert approver.post(page, form, page=page).status_code == 302
    operator = browse(web_app, founded, "operator")
    assert "Paket dikembalikan kepada Anda" in operator.get("/").text
    assert "Kecamatan Setu belum lengkap." in operator.get(f"/penyaluran/{verified}").text
