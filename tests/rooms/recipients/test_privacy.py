"""Looking is recorded and ends at five hundred; ciphertexts open only where they belong; nobody stands in the log."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from aid_ledger.book.agreement import agree
from aid_ledger.core import clock, logs
from aid_ledger.core.crypto import IntegrityFailed
from aid_ledger.log.diff import Difference, diff
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.recipients import privacy, refusals, service
from aid_ledger.recipients.models import BankAccount, Person, PersonalView
from aid_ledger.recipients.payees import open_payees
from aid_ledger.recipients.privacy import DAILY_LIMIT, View
from aid_ledger.tables import METADATA
from audit import canonical
from audit.note import format_vkey
from tests.builders import recipients as builders
from tests.builders.documents import paper
from tests.builders.officials import Founded
from tests.rooms.log.forging import by_hand

PURPOSE = "Mencocokkan KTP di posko."


def references(founded: Founded) -> list[str]:
    """List everybody's reference."""
    with founded.bench.reading() as session:
        return list(session.scalars(select(Person.reference).order_by(Person.id)))


def look(founded: Founded, *people: str, by: str = "auditor") -> View:
    """Ask to see people."""
    with founded.act(by) as act:
        return service.view_people(act, people, purpose=PURPOSE)


def bodies(founded: Founded, kind: str) -> list[Any]:
    """Give the bodies of all entries of a kind."""
    with founded.bench.reading() as session:
        rows = session.scalars(select(LogEntry.raw).where(LogEntry.kind == kind).order_by(LogEntry.id))
        return [canonical.parse(raw)["body"] for raw in rows]


def differences(founded: Founded) -> list[Difference]:
    """Run the diff as an auditor would."""
    bench = founded.bench
    published = (bench.folder / "published-checkpoint").read_bytes()
    with bench.reading() as session:
        vkey = format_vkey(bench.key.verifier())
        return diff(session, vkey=vkey, published=published, agreements=[agree])


# --- looking ----------------------------------------------------------------------------------------------------------


def test_a_look_is_recorded_without_saying_at_whom(founded: Founded) -> None:
    """THREATS 15: the log learns that somebody looked at one person; whom and why are under a salted commitment."""
    builders.imported(founded.bench, founded, 3)
    wanted = references(founded)[1]
    view = look(founded, wanted)
    assert view.accepted
    assert view.person.reference == wanted
    assert view.person.nik.endswith("0000")
    (body,) = bodies(founded, "PeopleViewed")
    assert body["count"] == 1
    assert PURPOSE not in json.dumps(body)
    with founded.bench.reading() as session:
        kept = session.scalars(select(PersonalView)).one()
        assert (json.loads(kept.people), kept.purpose) == ([wanted], PURPOSE)
        assert privacy.view_root(kept) == body["root"]
        assert not any(wanted.encode() in raw for raw in session.scalars(select(LogEntry.raw)))


def test_the_501st_look_of_a_day_is_refused(founded: Founded) -> None:
    """THREATS 15: five hundred people a day for one official; the refusal is a fact, and tomorrow begins anew."""
    builders.imported(founded.bench, founded, 20)
    people = references(founded)
    for _ in range(DAILY_LIMIT // 20):
        assert look(founded, *people).accepted
    refused = look(founded, people[0])
    assert (refused.accepted, refused.people, refused.seen_today) == (False, (), DAILY_LIMIT)
    assert bodies(founded, "ViewRefused") == [{"today": DAILY_LIMIT}]
    assert look(founded, people[0], by="verifier").accepted
    with clock.frozen(clock.now()) as still:
        still.advance(hours=24)
        assert look(founded, people[0]).accepted


def test_two_looks_at_once_do_not_slip_under_the_limit(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten clicks at the last free place: one of them sees somebody."""
    monkeypatch.setattr(privacy, "DAILY_LIMIT", 3)
    builders.imported(founded.bench, founded, 3)
    people = references(founded)
    assert look(founded, *people[:2]).accepted
    with ThreadPoolExecutor(10) as crowd:
        views = list(crowd.map(lambda _number: look(founded, people[2]).accepted, range(10)))
    assert views.count(True) == 1


@pytest.mark.parametrize("purpose", ["", "cek", "x" * 201])
def test_a_look_without_a_reason_is_refused(founded: Founded, purpose: str) -> None:
    """The page asks why; an answer nobody could judge is none."""
    builders.imported(founded.bench, founded, 1)
    with pytest.raises(refusals.ReasonMissing), founded.act("auditor") as act:
        service.view_person(act, references(founded)[0], purpose=purpose)
    assert bodies(founded, "PeopleViewed") == []


def test_an_admin_sees_nobody(founded: Founded) -> None:
    """Who hands out roles has no aid data, and what they may not see looks like a missing role."""
    builders.imported(founded.bench, founded, 1)
    with pytest.raises(RoleMissing):
        look(founded, references(founded)[0], by="admin")


# --- changing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reason",
    [
        "NIK yang benar 3216064101900000 sesuai KTP",
        "rekening 1234 5678 9012 milik istri",
        "Nama {name} keliru di daftar",
        "salah",
    ],
)
def test_a_reason_that_tells_too_much_or_nothing_is_refused(founded: Founded, reason: str) -> None:
    """THREATS 13: reasons stand in the log for ever; a number, or the person's own name, does not."""
    builders.imported_rows(founded.bench, founded, [builders.row(1)])
    told = reason.format(name=builders.row(1)["nama"].upper())
    wanted = refusals.ReasonMissing if reason == "salah" else refusals.ReasonTellsTooMuch
    with pytest.raises(wanted), founded.act("operator") as act:
        service.correct_person(act, references(founded)[0], reason=told, values={"alamat": "Kp. Baru No. 1"})


def test_a_correction_says_why_and_who(founded: Founded) -> None:
    """Particulars, name and household change; the fact names the person's reference, the reason, and nothing else."""
    builders.imported_rows(founded.bench, founded, [builders.row(1)])
    reference = references(founded)[0]
    reason = "Disamakan dengan kartu keluarga asli."
    values = {"nama": "Ani Lestari Contoh", "no_kk": "3216060101150009", "pekerjaan": "PNS", "no_hp": None, "rt": "009"}
    with founded.act("operator") as act:
        service.correct_person(act, reference, reason=reason, values=values)
    assert bodies(founded, "PersonCorrected") == [{"person": reference, "reason": reason}]
    person = look(founded, reference).person
    assert (person.name, person.card, person.particulars.occupation) == ("Ani Lestari Contoh", values["no_kk"], "PNS")
    with founded.bench.reading() as session:
        stored = session.scalars(select(Person)).one()
    assert (stored.excluded_occupation, stored.rt, stored.rw, stored.changed_by) == (True, "009", "002", "operator")
    with pytest.raises(refusals.NothingChanged), founded.act("operator") as act:
        service.correct_person(act, reference, reason=reason, values=values)


def test_only_the_keeper_of_the_register_corrects(founded: Founded) -> None:
    """The verifier checks lists; whoever checks them does not write them."""
    builders.imported(founded.bench, founded, 1)
    with pytest.raises(RoleMissing), founded.act("verifier") as act:
        service.correct_person(act, references(founded)[0], reason="Disamakan dengan KTP.", values={"rt": "009"})


def test_death_stops_aid_at_once_and_only_a_paper_brings_it_back(founded: Founded) -> None:
    """A report is enough to stop; to begin again takes a document, so that the dead are not revived to be paid."""
    builders.imported(founded.bench, founded, 1)
    reference = references(founded)[0]
    with founded.act("operator") as act:
        service.record_civil_status(act, reference, status="deceased", since=act.on)
    with pytest.raises(refusals.ProofMissing), founded.act("operator") as act:
        service.record_civil_status(act, reference, status="active", since=act.on)
    with founded.act("operator") as act:
        proof = paper(act, "lainnya").reference
        service.record_civil_status(act, reference, status="active", since=act.on, document=proof)
    assert [body["document"] for body in bodies(founded, "CivilStatusRecorded")] == ["", proof]


def test_the_dead_are_doubted_when_a_list_brings_them(founded: Founded) -> None:
    """A list that names a dead person does not revive them, and says so."""
    builders.imported_rows(founded.bench, founded, [builders.row(1)])
    with founded.act("operator") as act:
        service.record_civil_status(act, references(founded)[0], status="deceased", since=act.on)
    record = builders.imported_rows(founded.bench, founded, [builders.row(1, alamat="Kp. Baru No. 8")])
    assert record.warnings == 1
    with founded.bench.reading() as session:
        assert session.scalars(select(Person.state)).one() == "deceased"


def test_another_agencys_list_is_kept_as_hashes(founded: Founded) -> None:
    """Double aid is found by hash; loading twice adds nothing, a broken number is named by row and not repeated."""
    niks = [builders.row(number)["nik"] for number in range(3)]
    for expected in (3, 0):
        with founded.act("operator") as act:
            assert service.load_external_aid(act, program="PKH", period="2021-08", niks=niks) == expected
    with pytest.raises(refusals.ExternalAidMalformed) as refusal, founded.act("operator") as act:
        service.load_external_aid(act, program="PKH", period="2021-08", niks=[niks[0], "32160641019"])
    assert refusal.value.facts == {"row": 2}
    assert service.niks_in(b"nik\r\n" + niks[0].encode() + b"\r\n\r\n") == niks[:1]
    assert len({body["file"] for body in bodies(founded, "ExternalAidLoaded")}) == 1


# --- at rest ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["nik", "name"])
def test_ciphertexts_swapped_between_people_do_not_open(founded: Founded, column: str) -> None:
    """THREATS 6: a superuser who exchanges two cells gives nobody another's name; the diff names the row."""
    builders.imported(founded.bench, founded, 2)
    one, two = people_ids(founded)
    by_hand(
        founded.bench,
        f"UPDATE people SET {column} = (SELECT o.{column} FROM people o WHERE o.id = {one}) WHERE id = {two}",
    )
    with founded.bench.reading() as session, pytest.raises(IntegrityFailed):
        open_payees(session, founded.bench.kit.keys, [one, two])
    with founded.bench.reading() as session:
        shown = privacy.masked(
            session, founded.bench.kit.keys, session.scalars(select(Person).order_by(Person.id)).all()
        )
    assert [each.name == privacy.UNREADABLE for each in shown] == [False, True]
    assert [(each.table, each.key) for each in differences(founded)] == [("people", str(two))]


def test_accounts_swapped_between_people_do_not_open(founded: Founded) -> None:
    """THREATS 6: the account of a friend under a poor man's number."""
    builders.imported_rows(
        founded.bench,
        founded,
        [builders.row(number, bank="110", no_rekening=f"123456789{number}") for number in (1, 2)],
    )
    with founded.bench.reading() as session:
        one, two = session.scalars(select(BankAccount.id).order_by(BankAccount.id)).all()
    by_hand(
        founded.bench,
        f"UPDATE bank_accounts SET number = (SELECT o.number FROM bank_accounts o WHERE o.id = {one}) WHERE id = {two}",
    )
    with founded.bench.reading() as session, pytest.raises(IntegrityFailed):
        open_payees(session, founded.bench.kit.keys, people_ids(founded))
    with founded.bench.reading() as session:
        shown = privacy.masked_accounts(session, founded.bench.kit.keys, people_ids(founded)[1])
    assert [each.account.holder for each in shown] == [privacy.UNREADABLE]


def test_an_import_agrees_with_the_log_and_an_edit_does_not(founded: Founded) -> None:
    """P3: every row that came in in bulk is covered; one edited by hand is named."""
    builders.imported(founded.bench, founded, 30, with_faults=True)
    assert differences(founded) == []
    person = people_ids(founded)[0]
    by_hand(founded.bench, f"UPDATE people SET state = 'deceased' WHERE id = {person}")
    assert [(each.table, each.key) for each in differences(founded)] == [("people", str(person))]


def test_nothing_personal_leaves_the_encrypted_columns(founded: Founded) -> None:
    """P6: after importing, looking and correcting, no entry, log line or row holds a NIK, a KK, a name or a phone."""
    lines = io.StringIO()
    logs.configure(is_production=True, stream=lines)
    people = [
        builders.row(
            number,
            nama=f"Zulaikha Contoh{'abcdefgh'[number]}",
            no_kk=f"32160601011500{number:02d}",
            no_hp="081234567890",
        )
        for number in range(1, 6)
    ]
    builders.imported_rows(founded.bench, founded, people)
    look(founded, *references(founded))
    with founded.act("operator") as act:
        service.correct_person(
            act, references(founded)[0], reason="Disamakan dengan KTP asli.", values={"alamat": "Kp. Zamrud 77"}
        )
    with founded.bench.reading() as session:
        written = b"\n".join(session.scalars(select(LogEntry.raw)))
    for words in (b"Zulaikha", b"Zamrud", b"81234567890", b"Kp. Contoh"):
        assert words not in written
        assert words.decode() not in lines.getvalue()
    assert not re.search(rb"(?<![0-9A-Za-z_-])[0-9]{16}(?![0-9A-Za-z_-])", written)
    assert not re.search(r"\b[0-9]{16}\b", lines.getvalue())
    with founded.bench.reading() as session:
        for table in METADATA.sorted_tables:
            stored = repr(session.execute(select(table)).all())
            assert "Zulaikha" not in stored, table.name
            assert people[0]["nik"] not in stored, table.name


def people_ids(founded: Founded) -> list[int]:
    """List everybody's number."""
    with founded.bench.reading() as session:
        return list(session.scalars(select(Person.id).order_by(Person.id)))
