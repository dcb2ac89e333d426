"""The posko's pages: a report, four checks, an end; no address says who is ill, and no stranger sees the list."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.roles import Role
from aid_ledger.isolation import queries
from aid_ledger.isolation.models import IsolationCheck, IsolationEpisode
from aid_ledger.recipients import queries as recipient_queries
from aid_ledger.recipients.models import Person
from aid_ledger.web import guard
from tests.builders import isolation as builders
from tests.builders import recipients
from tests.builders.officials import Founded
from tests.builders.recipients import row
from tests.builders.web import Browser, browse

READERS = {Role.FIELD, Role.OPERATOR, Role.VERIFIER, Role.AUDITOR}
DOORS = {
    "index": READERS,
    "show": READERS,
    "new": {Role.FIELD},
    "search": {Role.FIELD},
    "report": {Role.FIELD},
    "check": {Role.FIELD},
    "end": {Role.FIELD},
}
CHECK = {"outcome": "approved", "checker_name": "Petugas Contoh", "note": ""}


def today() -> str:
    """Give today as a form sends it."""
    return clock.today().isoformat()


def reference_of(founded: Founded, number: int) -> str:
    """Give the reference of a row's person."""
    with founded.bench.reading() as session:
        return recipient_queries.person_by_nik(session, founded.bench.kit.keys, row(number)["nik"]).reference


@pytest.fixture
def posko(web_app: Flask, founded: Founded) -> Browser:
    """Give the browser of the posko, where three people are registered in two RTs."""
    rows = [row(1, rt="1"), row(2, rt="2"), row(3, rt="1")]
    recipients.imported_rows(founded.bench, founded, rows)
    return browse(web_app, founded, "field")


def report(posko: Browser, founded: Founded, number: int) -> str:
    """Report an isolation through the pages; give the episode's address."""
    found = posko.post("/isoman/baru/cari", {"sought": row(number)["nik"]}, page="/isoman/baru")
    assert found.status_code == 200, found.text
    assert row(number)["nik"] not in found.text
    form = {
        "person": reference_of(founded, number),
        "origin": "tracer_rtrw",
        "place": "home",
        "started_on": today(),
        "health_centre": "Puskesmas Contoh",
        "tested_on": "",
    }
    assert form["person"] in found.text
    done = posko.post("/isoman/baru", form, page="/isoman/baru")
    assert done.status_code == 302, done.text
    return done.location


def test_every_door_is_for_whom_it_says(web_app: Flask) -> None:
    """P5 and THREATS 14: the treasurer and the approver have no business with who is ill."""
    found = {
        name.removeprefix("isolation."): guard.mark_of(view)
        for name, view in web_app.view_functions.items()
        if name.startswith("isolation.")
    }
    assert {name: set(mark.roles) for name, mark in found.items() if mark is not None} == DOORS


def test_a_report_its_checks_and_its_end(posko: Browser, founded: Founded) -> None:
    """The whole way on a phone: found by NIK, reported, checked by three, verified, checked by the fourth, ended."""
    where = report(posko, founded, 1)
    assert reference_of(founded, 1) not in where
    for pillar in ("puskesmas", "lurah_kades", "babinsa"):
        form = {**CHECK, "pillar": pillar, "checked_on": today()}
        assert posko.post(f"{where}/periksa", form, page=where).status_code == 302
    page = posko.get(where).text
    assert "diverifikasi" in page
    assert "Bhabinkamtibmas" in page
    again = posko.post(f"{where}/periksa", {**CHECK, "pillar": "puskesmas", "checked_on": today()}, page=where)
    assert again.status_code == 409
    assert "Puskesmas sudah memeriksa isolasi ini." in again.text
    assert posko.post(f"{where}/selesai", {"ends_on": today()}, page=where).status_code == 302
    assert "masih berjalan" not in posko.get(where).text
    late = posko.post(f"{where}/periksa", {**CHECK, "pillar": "bhabinkamtibmas", "checked_on": today()}, page="/akun")
    assert late.status_code == 409
    with founded.bench.reading() as session:
        assert len(session.scalars(select(IsolationCheck)).all()) == 3


def test_a_wrong_report_keeps_what_was_typed(posko: Browser, founded: Founded) -> None:
    """A day to come is named; person and words stay in the form."""
    form = {
        "person": reference_of(founded, 1),
        "origin": "puskesmas",
        "place": "home",
        "started_on": "2999-01-01",
        "health_centre": "Puskesmas Kenanga",
        "tested_on": "",
    }
    answer = posko.post("/isoman/baru", form, page="/isoman/baru")
    assert answer.status_code == 422
    assert "isolation.malformed" in answer.text
    assert "Puskesmas Kenanga" in answer.text
    assert form["person"] in answer.text


def test_the_list_goes_by_neighbourhood_and_masks_names(
    posko: Browser, founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One walks RT by RT; the next page begins after the last, nobody twice, nobody left out."""
    for number in (1, 2, 3):
        report(posko, founded, number)
    page = posko.get("/isoman/").text
    assert page.index("RT 001 RW 002") < page.index("RT 002 RW 002")
    assert page.count("RT 001 RW 002") == 2  # The heading and its label: both of that RT stand under one.
    assert row(1)["nama"] not in page
    monkeypatch.setattr(queries, "PAGE", 2)
    first = posko.get("/isoman/").text
    with founded.bench.reading() as session:
        last = session.execute(
            select(Person, IsolationEpisode.id)
            .join(IsolationEpisode, IsolationEpisode.person_id == Person.id)
            .order_by(Person.rt, IsolationEpisode.id)
        ).all()[1]
        references = list(session.scalars(select(IsolationEpisode.reference)))
    after = f"{last[0].village_code}/{last[0].rw}/{last[0].rt}/{last[1]}"
    second = posko.get(f"/isoman/?sesudah={after}").text
    shown = [[each for each in references if each in text] for text in (first, second)]
    assert [len(each) for each in shown] == [2, 1]
    assert set(shown[0]).isdisjoint(shown[1])
    assert posko.get("/isoman/?sesudah=x/y").status_code == 200


def test_strangers_and_foreign_areas_see_no_patient(posko: Browser, web_app: Flask, founded: Founded) -> None:
    """THREATS 14: neither the list nor the person's page tells a treasurer that somebody is ill."""
    where = report(posko, founded, 1)
    treasurer = browse(web_app, founded, "treasurer")
    assert treasurer.get("/isoman/").status_code == 403
    assert treasurer.get(where).status_code == 403
    person = f"/penerima/orang/{reference_of(founded, 1)}"
    assert "ISO-" not in treasurer.get(person).text
    assert "ISO-" in posko.get(person).text
    assert posko.get("/isoman/ISO-2026-000099-X").status_code == 404


def test_the_first_screen_counts_what_waits(posko: Browser, founded: Founded) -> None:
    """UX: my list for today; a verified one does not wait."""
    assert "Isolasi menunggu pemeriksaan" not in posko.get("/").text
    where = report(posko, founded, 1)
    assert "Isolasi menunggu pemeriksaan" in posko.get("/").text
    builders.checked(founded, where.rpartition("/")[2])
    assert "Isolasi menunggu pemeriksaan" not in posko.get("/").text
