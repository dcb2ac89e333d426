"""The founding: the first entry, two people, and an end that both sign and nobody opens again."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from aid_ledger.founding import rules
from aid_ledger.founding import service as founding
from aid_ledger.log.models import LogEntry
from aid_ledger.log.queries import entry_at
from aid_ledger.officials import queries, service
from aid_ledger.officials.models import OtpDevice
from aid_ledger.regions import queries as regions
from tests.benches import Bench
from tests.builders.officials import FOUNDERS, PEOPLE, Founded, close_founding

PLAN = founding.Founding(
    agency="32.16",
    name="Pemerintah Kabupaten Contoh",
    zone="Asia/Jakarta",
    origin="uji.example/aid-ledger",
    log_vkey="uji",
    receipt_root="A" * 43,
    schema="A" * 43,
    custody=founding.SINGLE_HOST,
    is_practice=True,
)


def test_the_first_entry_is_what_a_verifier_pins(founded: Founded) -> None:
    """Law: a log begins with its origin, its key and where its keys are."""
    with founded.bench.reading() as session:
        entry = json.loads(entry_at(session, 0).raw)
    assert entry["kind"] == "LogFounded"
    assert entry["actor"] == {"type": "system", "id": "", "office": "", "door": "init"}
    assert entry["body"]["log_vkey"] == str(founded.bench.key.verifier())
    assert entry["body"]["custody"] == "single-host"


def test_a_log_begins_once(founded: Founded) -> None:
    """Cheat: found the agency again, with other founders."""
    with pytest.raises(rules.AgencyExists), founded.bench.acts.open(founding.INIT) as act:
        founding.found_agency(act, PLAN, FOUNDERS)


def test_a_founding_needs_two_people(bench: Bench) -> None:
    """Cheat: one person under one name as both founders; and one office for two."""
    with pytest.raises(rules.FoundingMalformed), bench.acts.open(founding.INIT) as act:
        founding.found_agency(act, PLAN, (FOUNDERS[0], FOUNDERS[0]))


def test_nobody_but_a_founder_signs_the_end(founded: Founded) -> None:
    """Law: the founders end their own power."""
    with pytest.raises(rules.NotFounder), founded.act("admin") as act:
        founding.sign_founding(act)


def test_one_signature_ends_nothing_and_counts_once(founded: Founded) -> None:
    """Cheat: one founder signs twice."""
    with founded.act("sekda") as act:
        assert founding.sign_founding(act) is False
    with pytest.raises(rules.FoundingSignedAlready), founded.act("sekda") as act:
        founding.sign_founding(act)
    with founded.bench.reading() as session:
        assert regions.agency(session).founding_open
        assert queries.founding_open(session)


def test_both_signatures_end_it_for_good(founded: Founded) -> None:
    """Law: FoundingClosed names both; afterwards there is nothing to sign."""
    close_founding(founded)
    with founded.bench.reading() as session:
        assert not regions.agency(session).founding_open
        assert not queries.founding_open(session)
        newest = select(LogEntry).order_by(LogEntry.id.desc()).limit(1)
        closing = json.loads(session.scalars(newest).one().raw)
    assert (closing["kind"], closing["body"]) == ("FoundingClosed", {"founders": ["kadinsos", "sekda"]})
    with pytest.raises(rules.FoundingIsClosed), founded.act("sekda") as act:
        founding.sign_founding(act)


def test_the_only_door_to_roles_is_not_closed_behind_oneself(founded: Founded) -> None:
    """Law P7: without two ADMIN in two units nobody could ever grant a role again."""
    with founded.act("admin") as act:
        service.suspend_official(act, login="admin2", reason="Pensiun")
    with pytest.raises(rules.FoundingTooEarly), founded.act("sekda") as act:
        founding.sign_founding(act)


def test_everybody_of_the_builder_can_act_at_once(founded: Founded) -> None:
    """The control for every other test: one official per role, each with an office and a device usable now."""
    with founded.bench.reading() as session:
        for login, (role, _unit, office, _title) in PEOPLE.items():
            person = founded.people[login]
            roles = queries.roles_on(session, person.official_id, founded.on)
            held = queries.office_on(session, person.official_id, founded.on)
            assert [one.role.value for one in roles] == [role]
            assert held is not None
            assert held.code == office == person.office
        devices = session.scalars(select(OtpDevice)).all()
        assert all(device.usable_from <= device.enrolled_at for device in devices)
        assert len(devices) == len(PEOPLE) + len(FOUNDERS)


def test_the_codes_of_the_region_are_there(founded: Founded) -> None:
    """Kabupaten Bekasi: 23 kecamatan, 187 desa and kelurahan; an area holds its own parts and no others."""
    with founded.bench.reading() as session:
        assert len(regions.parts_of(session, "32.16")) == 23
        assert len(regions.codes_within(session, "32.16", level="village")) == 187
        assert regions.codes_within(session, "32.1", level="village") == []
        names = [region.name for region in regions.path_to(session, "32.16.01")]
    assert names == ["Jawa Barat", "Kabupaten Bekasi", "Tarumajaya"]
