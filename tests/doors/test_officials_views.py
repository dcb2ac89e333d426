"""The pages about people: route by role, and what an ADMIN sees and does in a browser."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from psycopg.errors import SerializationFailure
from sqlalchemy.exc import OperationalError

from aid_ledger.core.roles import Role
from aid_ledger.officials import queries, service
from aid_ledger.web import guard
from tests.builders.officials import SINCE, Founded, close_founding
from tests.builders.web import Browser, browse

PAGES = {
    "/": set(Role),
    "/akun": set(Role),
    "/pendirian": set(Role),
    "/pejabat/": {Role.ADMIN, Role.AUDITOR},
    "/pejabat/orang/operator": {Role.ADMIN, Role.AUDITOR},
    "/pejabat/jabatan": {Role.ADMIN, Role.AUDITOR},
    "/pejabat/permintaan/": {Role.ADMIN, Role.AUDITOR},
    "/pejabat/baru": {Role.ADMIN},
    "/pejabat/orang/operator/peran": {Role.ADMIN},
    "/pejabat/orang/operator/jabatan": {Role.ADMIN},
}
DEEDS = (
    "/pejabat/baru",
    "/pejabat/jabatan",
    "/pejabat/orang/operator/tautan",
    "/pejabat/orang/operator/peran",
    "/pejabat/orang/operator/jabatan",
    "/pejabat/orang/operator/nonaktif",
    "/pejabat/orang/operator/buka-kunci",
    "/pejabat/orang/operator/atur-ulang",
    "/pejabat/permintaan/peran/GRT-2021-000001-X",
    "/pejabat/permintaan/faktor/RST-2021-000001-X",
)
LOGINS = {role: role.value for role in Role}


@pytest.mark.parametrize("role", list(Role))
def test_every_page_opens_to_its_roles_and_to_nobody_else(web_app: Flask, founded: Founded, role: Role) -> None:
    """THREATS 19: the table of route by role."""
    browser = browse(web_app, founded, LOGINS[role])
    seen = {path: browser.get(path).status_code for path in PAGES}
    assert seen == {path: 200 if role in roles else 403 for path, roles in PAGES.items()}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_no_deed_on_people_is_for_others(web_app: Flask, founded: Founded, role: Role) -> None:
    """Law P5 and THREATS 2: only ADMIN manages people, the auditor included."""
    browser = browse(web_app, founded, LOGINS[role])
    assert {path: browser.post(path, page="/").status_code for path in DEEDS} == dict.fromkeys(DEEDS, 403)


def test_a_view_without_a_mark_stops_the_start(web_app: Flask) -> None:
    """Law: deny by default; a forgotten guard is found before anybody can use it."""
    bare = Flask("bare")
    bare.add_url_rule("/terbuka", "terbuka", lambda: "terbuka")
    with pytest.raises(RuntimeError, match="terbuka"):
        guard.require_marks(bare)
    guard.require_marks(web_app)


def test_a_view_added_after_the_start_answers_nobody(web_app: Flask) -> None:
    """Law: the guard itself refuses a view that says nothing, whoever is signed in."""
    with web_app.test_request_context("/"), pytest.raises(RuntimeError):
        guard.check(lambda: "terbuka")


def test_nobody_is_told_from_somebody_unknown(web_app: Flask, founded: Founded) -> None:
    """An official that does not exist is a 404 in words, not a bug."""
    answer = browse(web_app, founded, "admin").get("/pejabat/orang/tidakada")
    assert answer.status_code == 404
    assert "official.not_found" in answer.text


def test_a_refused_form_comes_back_with_what_was_typed(web_app: Flask, founded: Founded) -> None:
    """UX 3: the summary on top, the sentence beside the field, what was typed is kept."""
    browser = browse(web_app, founded, "admin")
    form = {"login": "Budi Santoso", "name": "Budi Santoso", "agency_unit": ""}
    answer = browser.post("/pejabat/baru", form, page="/pejabat/baru")
    assert answer.status_code == 422
    assert 'value="Budi Santoso"' in answer.text
    assert 'href="#f-agency_unit"' in answer.text
    form["agency_unit"] = "Dinas Sosial"
    answer = browser.post("/pejabat/baru", form, page="/pejabat/baru")
    assert answer.status_code == 422
    assert "official.login_malformed" in answer.text


def test_a_field_nobody_asked_for_is_refused(web_app: Flask, founded: Founded) -> None:
    """Cheat: slip `founder=1` into the form that enrols a person."""
    browser = browse(web_app, founded, "admin")
    form = {"login": "baru", "name": "Baru", "agency_unit": "Dinas", "founder": "1"}
    assert browser.post("/pejabat/baru", form, page="/pejabat/baru").status_code == 422
    assert browser.get("/pejabat/orang/baru").status_code == 404


def test_a_role_goes_through_two_hands_in_the_browser(web_app: Flask, founded: Founded) -> None:
    """The whole way: ask, see who must decide, be refused oneself, be granted by the second, see it all."""
    with founded.act("admin") as act:
        service.enrol_official(act, login="baru", name="Baru Contoh", agency_unit="Dinas Sosial")
    close_founding(founded)
    first = browse(web_app, founded, "admin")
    form = {"role": "field", "area": "32.16.01", "since": "2021-01-04", "until": "", "decree": "800/Kep.77/2021"}
    assert first.post("/pejabat/orang/baru/peran", form, page="/pejabat/orang/baru/peran").status_code == 302
    with founded.bench.reading() as session:
        reference = queries.grants_meeting(session, _id_of(founded, "baru"), SINCE, None)[0].reference
    path = f"/pejabat/permintaan/peran/{reference}"
    page = first.get(path).text
    assert "Menunggu pejabat kedua" in page
    assert "Catat keputusan" not in page
    own = first.post(path, {"decision": "grant"}, page="/pejabat/baru")
    assert own.status_code == 403
    assert "grant.second_official" in own.text

    second = browse(web_app, founded, "admin2")
    assert "Permintaan menunggu keputusan Anda" in second.get("/").text
    nothing = second.post(path, {"decision": "refuse"}, page=path)
    assert nothing.status_code == 422
    assert "Tuliskan alasan penolakan." in nothing.text
    assert second.post(path, {"decision": "grant", "reason": ""}, page=path).status_code == 302
    person = second.get("/pejabat/orang/baru").text
    assert "Peran Petugas Posko diberikan" in person
    assert "Peran Petugas Posko diajukan" in person
    assert "log nomor" in person


def test_an_admin_finds_no_buttons_for_themselves(web_app: Flask, founded: Founded) -> None:
    """THREATS 2: the page says why, the service refuses anyway."""
    browser = browse(web_app, founded, "admin")
    page = browser.get("/pejabat/orang/admin").text
    assert "Anda tidak dapat mengubah" in page
    assert "Nonaktifkan" not in page
    form = {"reason": "coba"}
    assert browser.post("/pejabat/orang/admin/nonaktif", form, page="/pejabat/baru").status_code == 403


def test_both_founders_sign_in_their_own_browsers(web_app: Flask, founded: Founded) -> None:
    """The founding ends on its page."""
    for login, words in (("sekda", "menunggu pendiri kedua"), ("kadinsos", "Masa pendirian ditutup")):
        browser = browse(web_app, founded, login)
        assert browser.post("/pendirian/tanda-tangan", page="/pendirian").status_code == 302
        assert words in browser.get("/pendirian").text


def test_a_term_without_an_end_comes_back_beside_its_field(web_app: Flask, founded: Founded) -> None:
    """A Plt needs an end: the refusal of the rule stands at the date."""
    browser = browse(web_app, founded, "admin")
    form = {"office": "KPA", "status": "plt", "since": "2021-08-01", "decree": "SK.5", "acts_for": "approver"}
    path = "/pejabat/orang/field/jabatan"
    answer = browser.post(path, form, page=path)
    assert answer.status_code == 422
    assert "term.malformed" in answer.text
    form["until"] = (dt.date(2021, 8, 1) + dt.timedelta(days=30)).isoformat()
    assert browser.post(path, form, page=path).status_code == 302
    assert "Plt. untuk Approver Contoh" in browser.get("/pejabat/orang/field").text


def test_programs_get_problems_and_not_pages(web_app: Flask) -> None:
    """RFC 9457: a client that asks for JSON is answered in JSON, at the sign-in too."""
    answer = Browser(web_app).client.get("/pejabat/", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "guard.sign_in_needed"


def test_a_bug_becomes_a_number_and_never_its_text(web_app: Flask) -> None:
    """STYLE, errors: everything else is 500 with a reference; what broke stays in our own log."""

    @guard.public
    def broken() -> str:
        raise ZeroDivisionError("rahasia di dalam")

    web_app.testing = False
    web_app.view_functions["sign_in.ask_code"] = broken
    answer = Browser(web_app).get("/masuk/kode")
    assert answer.status_code == 500
    assert "rahasia di dalam" not in answer.text
    assert "rujukan" in answer.text


def _id_of(founded: Founded, login: str) -> int:
    with founded.bench.reading() as session:
        return queries.official_by_login(session, login).id


def test_a_database_in_use_is_a_busy_page_and_not_a_bug(web_app: Flask, founded: Founded) -> None:
    """Law P7: a sign-in that meets a long writer is told to come back, and nothing was lost."""

    @guard.public
    def busy() -> str:
        raise OperationalError("UPDATE sign_in_sessions", {}, SerializationFailure("could not serialize access"))

    web_app.view_functions["sign_in.ask_code"] = busy
    answer = Browser(web_app).get("/masuk/kode")
    assert (answer.status_code, "database.busy" in answer.text) == (503, True)
