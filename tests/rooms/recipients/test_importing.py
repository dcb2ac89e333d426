"""Lists come in once and change only what they say: the same file, the next list, shared cards, lists refused whole."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import func, select

from aid_ledger.core.crypto import IntegrityFailed
from aid_ledger.core.db import Base
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.recipients import incoming, privacy, queries, service
from aid_ledger.recipients.models import Household, ImportProblem, Person, RecipientImport
from aid_ledger.recipients.privacy import OpenedPerson
from aid_ledger.recipients.refusals import ImportModeUnknown, ImportPartMissing
from tests.builders import recipients as builders
from tests.builders.officials import Founded
from tests.builders.recipients import row


def count(founded: Founded, rows_of: type[Base]) -> int:
    """Count the rows of a table."""
    with founded.bench.reading() as session:
        return session.scalar(select(func.count()).select_from(rows_of)) or 0


def take(founded: Founded, *rows: Mapping[str, str], mode: str = "good_rows") -> RecipientImport:
    """Import these rows."""
    return builders.imported_rows(founded.bench, founded, rows, mode=mode)


def opened(founded: Founded, nik: str) -> OpenedPerson:
    """Open a person, as the holder of the keys."""
    keys = founded.bench.kit.keys
    with founded.bench.reading() as session:
        return privacy.open_person(session, keys, queries.person_by_nik(session, keys, nik))


def homes(founded: Founded) -> dict[str, int]:
    """Give the household of every person, by NIK."""
    with founded.bench.reading() as session:
        people = session.scalars(select(Person)).all()
        return {
            privacy.open_person(session, founded.bench.kit.keys, person).nik: person.household_id for person in people
        }


def problems(founded: Founded, record: RecipientImport) -> list[tuple[int, str, str]]:
    """List a list's problems as (row, column, code)."""
    with founded.bench.reading() as session:
        return [(each.row, each.column, each.code) for each in queries.problems(session, record.id)]


# --- once ------------------------------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(founded: Founded) -> None:
    """A second click on the same file gives the first import: no second person, no second entry."""
    first = builders.imported(founded.bench, founded, 20, seed=7)
    entries = count(founded, LogEntry)
    second = builders.imported(founded.bench, founded, 20, seed=7)
    assert (second.id, second.reference) == (first.id, first.reference)
    assert count(founded, LogEntry) == entries
    assert (count(founded, RecipientImport), count(founded, Person)) == (1, 20)


def test_the_same_people_in_another_file_stay_as_they_are(founded: Founded) -> None:
    """The list saved again in another order is another file, but it says nothing new: no row is touched."""
    rows = [row(1), row(2), row(3)]
    take(founded, *rows)
    with founded.bench.reading() as session:
        before = session.execute(select(Person.id, Person.particulars, Person.salt, Person.content_hash)).all()
    again = take(founded, *reversed(rows))
    assert (again.state, again.people_new, again.people_changed) == ("kept", 0, 0)
    with founded.bench.reading() as session:
        after = session.execute(select(Person.id, Person.particulars, Person.salt, Person.content_hash)).all()
    assert before == after


def test_a_nik_of_an_earlier_list_is_the_same_person(founded: Founded) -> None:
    """No second person under one NIK: the newer list changes the one who is there."""
    take(founded, row(1, alamat="Kp. Melati No. 1"))
    again = take(founded, row(1, alamat="Kp. Kenanga No. 2", pekerjaan="PNS"))
    assert (again.people_new, again.people_changed, count(founded, Person)) == (0, 1, 1)
    assert opened(founded, row(1)["nik"]).particulars.address == "Kp. Kenanga No. 2"
    with founded.bench.reading() as session:
        person = session.scalars(select(Person)).one()
    assert person.excluded_occupation
    assert person.changed_by == builders.IMPORTER


def test_an_empty_cell_takes_nothing_away(founded: Founded) -> None:
    """A list without a phone column is silent about phones; it does not delete them, nor the account."""
    take(founded, row(1, no_hp="081234567890", bank="110", no_rekening="1234567890"))
    take(founded, row(1, no_hp="", bank="", no_rekening="", alamat="Kp. Rawa No. 3"))
    person = opened(founded, row(1)["nik"])
    assert person.particulars.phone == "+6281234567890"
    assert [each.account.number for each in person.accounts if each.is_current] == ["1234567890"]


def test_another_account_is_another_row(founded: Founded) -> None:
    """The old account is kept, and no longer current; the same account again is no change."""
    take(founded, row(1, bank="110", no_rekening="1234567890"))
    take(founded, row(1, bank="008", no_rekening="9876543210"))
    take(founded, row(1, bank="008", no_rekening="9876543210", alamat="Kp. Utan No. 5"))
    accounts = opened(founded, row(1)["nik"]).accounts
    assert [(each.account.number, each.is_current) for each in accounts] == [
        ("9876543210", True),
        ("1234567890", False),
    ]


def test_what_was_corrected_survives_the_next_list(founded: Founded) -> None:
    """A list that repeats an old mistake word by word does not bring the mistake back, whatever else it changes."""
    take(founded, row(1, bank="110", no_rekening="1234567890"))
    with founded.bench.reading() as session:
        reference = session.scalars(select(Person.reference)).one()
    with founded.act("operator") as act:
        service.change_account(
            act, reference, bank="008", number="5555566666", holder="Ani Contoh", reason="Buku tabungan diganti bank."
        )
    take(founded, row(1, bank="110", no_rekening="1234567890"), row(2))
    take(founded, row(1, bank="110", no_rekening="1234567890", alamat="Kp. Utan No. 9"))
    current = [each.account.number for each in opened(founded, row(1)["nik"]).accounts if each.is_current]
    assert current == ["5555566666"]


# --- households -------------------------------------------------------------------------------------------------------


def test_one_card_one_household(founded: Founded) -> None:
    """People of one family card share a household, within a list and across lists; without a card each has one."""
    card = "3216060101150001"
    take(founded, row(1, no_kk=card), row(2, no_kk=card), row(3), row(4))
    take(founded, row(5, no_kk=card))
    found = homes(founded)
    assert len({found[row(number)["nik"]] for number in (1, 2, 5)}) == 1
    assert len(set(found.values())) == 3


def test_a_card_shown_later_keeps_the_household(founded: Founded) -> None:
    """Who was listed alone and then with a card keeps the household aid was counted for; the family joins it."""
    card = "3216060101150002"
    take(founded, row(1))
    before = homes(founded)
    take(founded, row(2, no_kk=card), row(1, no_kk=card))
    assert homes(founded) == {**before, row(2)["nik"]: before[row(1)["nik"]]}
    assert opened(founded, row(1)["nik"]).card == card


def test_one_card_in_two_villages_is_doubted(founded: Founded) -> None:
    """A card used in two villages: kept, and named with row and column, within a list and against earlier ones."""
    card = "3216060101150003"
    here, there = builders.VILLAGES[:2]
    first = take(founded, row(1, no_kk=card, kode_desa=here), row(2, no_kk=card, kode_desa=there))
    assert problems(founded, first) == [(3, "no_kk", "no_kk.beda_desa")]
    assert first.warnings == 1
    second = take(founded, row(3, no_kk=card, kode_desa=there))
    assert problems(founded, second) == [(2, "no_kk", "no_kk.beda_desa")]


# --- what is wrong ----------------------------------------------------------------------------------------------------


def test_all_or_nothing_keeps_nothing_but_the_problems(founded: Founded) -> None:
    """One bad row, and nobody of the list is taken in; what is wrong is on record, and the mended list passes."""
    bad = row(2, nik="3216")
    refused = take(founded, row(1), bad, mode="all_or_nothing")
    assert (refused.state, refused.good, refused.bad, refused.people_new) == ("rejected", 1, 1, 0)
    assert count(founded, Person) == count(founded, Household) == 0
    assert problems(founded, refused) == [(3, "nik", "nik.format")]
    assert take(founded, row(1), bad, mode="all_or_nothing").id == refused.id
    kept = take(founded, row(1), bad)
    assert (kept.state, kept.good, count(founded, Person)) == ("kept", 1, 1)


def test_bad_rows_are_left_and_named(founded: Founded) -> None:
    """Good rows are kept, each bad one has its row, column and code, and never its value."""
    record = take(
        founded, row(1), row(2, nik="321606410190000x"), row(3, nama=""), row(1), row(4, kode_desa="32.75.01.1001")
    )
    assert (record.good, record.bad, count(founded, Person)) == (1, 4, 1)
    assert problems(founded, record) == [
        (3, "nik", "nik.format"),
        (4, "nama", "nama.kosong"),
        (5, "nik", "nik.ganda"),
        (6, "kode_desa", "kode_desa.tidak_dikenal"),
    ]
    with founded.bench.reading() as session:
        assert all(len(each.message) <= 300 for each in session.scalars(select(ImportProblem)))


def test_an_invented_mode_is_refused(founded: Founded) -> None:
    """There are two ways to treat a list, and no third."""
    with pytest.raises(ImportModeUnknown):
        take(founded, row(1), mode="everything")


def test_only_who_keeps_these_villages_imports_them(founded: Founded) -> None:
    """The guard is in the service: a verifier, whatever door he found, brings nobody in."""
    path = builders.list_file(founded.bench, [row(1)])
    checked = builders.check(founded.bench, path)
    with pytest.raises(RoleMissing), founded.act("verifier") as act:
        service.import_recipients(act, checked, file_name="x.csv", file_sha256=bytes(32), mode="good_rows")
    assert count(founded, Person) == 0


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        ("PNS", True),
        ("Pegawai Negeri Sipil (PNS)", True),
        ("anggota tni-ad", True),
        ("Perangkat Desa", True),
        ("Wakil Bupati", True),
        ("Sopir Bupati", False),
        ("Pensiunan PNS", False),
        ("Buruh harian lepas", False),
        ("", False),
    ],
)
def test_those_the_state_pays_are_marked(founded: Founded, work: str, expected: bool) -> None:
    """RF-12: an excluded occupation is marked at the door, so that no entitlement is ever computed for it."""
    take(founded, row(1, pekerjaan=work))
    with founded.bench.reading() as session:
        person = session.scalars(select(Person)).one()
    assert person.excluded_occupation is expected
    assert (person.birth_year, person.list_source, person.rt, person.rw) == (1990, "DTKS", "001", "002")


# --- part by part -----------------------------------------------------------------------------------------------------


def test_a_large_list_comes_in_by_parts_and_a_repeated_part_changes_nothing(
    founded: Founded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7: a job killed after a part runs it again; parts lie encrypted meanwhile, and the counts add up once."""
    monkeypatch.setattr(incoming, "PART_ROWS", 4)
    path = builders.list_file(founded.bench, [row(number) for number in range(1, 11)])
    checked = builders.check(founded.bench, path)
    with founded.act("operator") as act:
        record = service.receive_list(
            act, checked, file_name=path.name, file_sha256=builders.sha256_of(path), mode="good_rows"
        )
    assert (record.state, record.good, service.parts_of(record)) == ("waiting", 0, 3)
    parts = sorted((founded.bench.kit.files / "incoming" / record.reference).iterdir())
    assert [part.stat().st_mode & 0o777 for part in parts] == [0o600] * 3
    assert not any(row(1)["nik"].encode() in part.read_bytes() for part in parts)

    for number in (0, 0, 1, 2, 2):
        with founded.act("operator") as act:
            record = service.take_part(act, record.reference, number)
    assert (record.state, record.good, record.people_new, count(founded, Person)) == ("kept", 10, 10, 10)


def test_a_part_of_another_list_does_not_open(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who swaps the waiting parts of two lists swaps nothing: a part opens only in its own place."""
    monkeypatch.setattr(incoming, "PART_ROWS", 4)
    references = []
    for first in (1, 11):
        path = builders.list_file(founded.bench, [row(number) for number in range(first, first + 5)])
        checked = builders.check(founded.bench, path)
        with founded.act("operator") as act:
            record = service.receive_list(
                act, checked, file_name=path.name, file_sha256=builders.sha256_of(path), mode="good_rows"
            )
        references.append(record.reference)
    folder = founded.bench.kit.files / "incoming"
    one, other = (folder / reference / "part-00000" for reference in references)
    one.write_bytes(other.read_bytes())
    with pytest.raises(IntegrityFailed), founded.act("operator") as act:
        service.take_part(act, references[0], 0)
    other.unlink()
    with pytest.raises(ImportPartMissing), founded.act("operator") as act:
        service.take_part(act, references[1], 0)
