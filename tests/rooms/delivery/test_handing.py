"""Given by hand: before two witnesses, in one's own area, once; or not at all, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from aid_ledger.core.crypto import IntegrityFailed
from aid_ledger.delivery import rules, service
from aid_ledger.delivery.models import Handover, LineResult
from aid_ledger.delivery.rules import Scene, Witness
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.disbursement.rules import LineNotFound
from aid_ledger.documents.rules import FileKindRefused
from aid_ledger.log.models import LogEntry
from aid_ledger.log.rules import NotSealed
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.recipients import payees
from audit.entry import parse_entry
from tests.builders import delivering, paying
from tests.builders.delivering import Sent
from tests.builders.documents import JPEG, PDF
from tests.builders.handovers import SEEN
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.rooms.delivery.test_instructing import unsealed


def handed(founded: Founded, batch: Sent, lines: list[int], *, by: str = "field", photo: bytes | None = None) -> str:
    """Hand lines over; gives the handover's reference."""
    with founded.act(by) as act:
        return service.hand_over(act, batch.batch, lines, replace(SEEN, photo=photo)).reference


def seen_by(one: str, two: str) -> Scene:
    """Name two witnesses."""
    return Scene("Posko", (Witness(one, "Ketua RT 001"), Witness(two, "Kader PKK")))


def test_goods_are_handed_over_before_witnesses(founded: Founded) -> None:
    """Packets leave the posko one RT at a time; the last one closes the batch; the log replays."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=4, channel="goods")
    reference = handed(founded, batch, [2, 1])
    assert delivering.states(bench, batch.batch) == {1: "delivered", 2: "delivered", 3: "sent", 4: "sent"}
    stages = delivering.stages(bench, batch, commodity="PAKET_A")
    assert stages == {"in_transit": 2 * batch.rate, "delivered": 2 * batch.rate}
    with founded.act("field") as act:
        service.fail_lines(act, batch.batch, {3: "RECIPIENT_MOVED"})
    handed(founded, batch, [4])
    assert delivering.states(bench, batch.batch)[3] == "failed"
    assert delivering.stages(bench, batch, commodity="PAKET_A") == {"delivered": 3 * batch.rate}
    assert delivering.state_of(bench, batch.batch) == "delivered"
    with bench.reading() as session:
        first = session.scalars(select(Handover).where(Handover.reference == reference)).one()
        assert (first.witness_one, first.office_one) == ("Ujang Saksi", "Ketua RT 003")
        assert (first.witness_two, first.office_two) == ("Neneng Saksi", "Bhabinkamtibmas")
        outcomes = session.execute(select(LineResult.outcome, LineResult.handover_id).order_by(LineResult.id)).all()
    assert [(row.outcome, row.handover_id is not None) for row in outcomes] == [
        ("SUCCESS", True),
        ("SUCCESS", True),
        ("RECIPIENT_MOVED", False),
        ("SUCCESS", True),
    ]
    assert_log_agrees(bench)


def test_a_packet_is_given_once(founded: Founded) -> None:
    """A line that was handed over, or left with a reason, is not handed over again; nor is half a list."""
    batch = delivering.sent(founded.bench, founded, count=3, channel="goods")
    handed(founded, batch, [1])
    with pytest.raises(rules.LineNotOpen):
        handed(founded, batch, [2, 1])
    with pytest.raises(rules.LineNotOpen), founded.act("field") as act:
        service.fail_lines(act, batch.batch, {1: "RECIPIENT_REFUSED"})
    assert delivering.states(founded.bench, batch.batch) == {1: "delivered", 2: "sent", 3: "sent"}


@pytest.mark.parametrize(
    "witnesses",
    [
        (),
        (Witness("Siti", "Ketua RT"),),
        (Witness("Siti", "Ketua RT"), Witness("Budi", "Kader"), Witness("Ani", "Kader")),
        (Witness("", "Ketua RT"), Witness("Budi", "Kader")),
        (Witness("Siti", "Ketua RT"), Witness("Budi", " ")),
        (Witness("...", "Ketua RT"), Witness("Budi", "Kader")),
        (Witness("Siti", "Ketua RT"), Witness("\u202eBudi", "Kader")),
        (Witness("Siti", "Ketua RT"), Witness("B" * 201, "Kader")),
    ],
)
def test_no_handover_without_two_witnesses(founded: Founded, witnesses: tuple[Witness, ...]) -> None:
    """RT or posko: false handovers that nobody else has seen, or whose witnesses no paper could name."""
    batch = delivering.sent(founded.bench, founded, count=1, channel="goods")
    with pytest.raises(rules.WitnessMissing), founded.act("field") as act:
        service.hand_over(act, batch.batch, [1], replace(SEEN, witnesses=witnesses))
    assert delivering.states(founded.bench, batch.batch) == {1: "sent"}


def test_no_handover_in_no_place(founded: Founded) -> None:
    """A BAST says where."""
    batch = delivering.sent(founded.bench, founded, count=1, channel="goods")
    with pytest.raises(rules.PlaceMissing), founded.act("field") as act:
        service.hand_over(act, batch.batch, [1], replace(SEEN, place=" "))


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        ("Siti Aminah", "siti  AMINAH", "same"),
        ("Siti Aminah", "S\u00edti-Aminah.", "same"),
        ("Field Contoh", "Budi", "giver"),
        ("Siti", "FIELD CONTOH", "giver"),
        ("{receiver}", "Budi", "receiver"),
        ("Siti", "{receiver}.", "receiver"),
    ],
)
def test_giver_and_receiver_are_no_witnesses(founded: Founded, one: str, two: str, reason: str) -> None:
    """BAST: an officer signs for a witness too, a household vouches for its own packet; it is refused and recorded."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2, channel="goods")
    receiver = receiver_of(founded, batch, 2).upper()
    scene = seen_by(one.format(receiver=receiver), two.format(receiver=receiver))
    with pytest.raises(rules.WitnessRefused), founded.act("field") as act:
        service.hand_over(act, batch.batch, [1, 2], scene)
    with founded.act("field") as act:
        assert service.hand_over_or_refuse(act, batch.batch, [1, 2], scene) == ""
    assert delivering.states(bench, batch.batch) == {1: "sent", 2: "sent"}
    with bench.reading() as session:
        raw = session.scalars(select(LogEntry.raw).where(LogEntry.kind == "HandoverRefused")).one()
        assert session.scalars(select(Handover.id)).first() is None
    assert parse_entry(bytes(raw)).body == {"batch": batch.batch, "lines": 2, "reason": reason}
    assert receiver.encode() not in bytes(raw).upper()
    assert_log_agrees(bench)


def receiver_of(founded: Founded, batch: Sent, line_no: int) -> str:
    """Read the name of the person a line is for."""
    with founded.bench.reading() as session:
        query = select(BatchLine.person_id).join(Batch, Batch.id == BatchLine.batch_id)
        person = session.scalars(query.where(Batch.reference == batch.batch, BatchLine.line_no == line_no)).one()
        return payees.open_payees(session, founded.bench.kit.keys, [person])[person].name


def test_whoever_receives_elsewhere_may_be_a_witness(founded: Founded) -> None:
    """A neighbour on the same list has seen it: only who receives in this very handover has not."""
    batch = delivering.sent(founded.bench, founded, count=2, channel="goods")
    scene = seen_by(receiver_of(founded, batch, 2), "Budi")
    with founded.act("field") as act:
        assert service.hand_over_or_refuse(act, batch.batch, [1], scene).startswith("HND-")


@pytest.mark.parametrize(
    ("column", "value"),
    [("witness_two", ""), ("witness_two", "UJANG SAKSI"), ("office_one", ""), ("office_two", ""), ("place", "")],
)
def test_the_database_keeps_no_handover_with_one_witness(founded: Founded, column: str, value: str) -> None:
    """Behind the rule stands the table: a row by hand is refused too."""
    batch = delivering.sent(founded.bench, founded, count=2, channel="goods")
    handed(founded, batch, [1])
    with founded.bench.reading() as session:
        row = session.execute(select(*Handover.__table__.columns)).mappings().one()
    forged = {**row, "id": row["id"] + 1, "reference": "HND-2021-000999-X", column: value}
    with pytest.raises(IntegrityError), founded.bench.engine.begin() as connection:
        connection.execute(insert(Handover), forged)


def test_an_officer_sees_their_own_area_only(founded: Founded) -> None:
    """A line of another kecamatan looks like no line at all (404, not 403), whatever else is on the list."""
    bench = founded.bench
    paying.households(bench, founded, 1, village="32.16.01.2001")
    batch = delivering.sent(bench, founded, count=1, channel="goods")
    narrow(founded, "32.16.01")
    with bench.reading() as session:
        query = select(BatchLine.line_no, Entitlement.village_code)
        query = query.join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        mine, other = (row.line_no for row in session.execute(query.order_by(Entitlement.village_code)))
    for lines in ([other], [mine, other]):
        with pytest.raises(LineNotFound):
            handed(founded, batch, lines)
    with pytest.raises(LineNotFound), founded.act("field") as act:
        service.fail_lines(act, batch.batch, {other: "RECIPIENT_ABSENT"})
    with pytest.raises(RoleMissing), founded.act("field") as act:
        service.collect(act, batch.instruction, village="32.16.06.2002")
    handed(founded, batch, [mine])


def narrow(founded: Founded, area: str) -> None:
    """Let the field officer's role reach over one area only."""
    with founded.bench.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE role_grants SET area = '{area}' WHERE role = 'field'")


@pytest.mark.parametrize("login", ["operator", "verifier", "approver", "auditor", "treasurer"])
def test_only_a_field_officer_hands_goods_over(founded: Founded, login: str) -> None:
    """Goods are the posko's; a treasurer pays cash only."""
    batch = delivering.sent(founded.bench, founded, count=1, channel="goods")
    with pytest.raises(RoleMissing):
        handed(founded, batch, [1], by=login)


def test_cash_is_paid_by_treasurer_or_field(founded: Founded) -> None:
    """Cash by the treasurer with two witnesses, or carried by the posko."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2, channel="cash")
    handed(founded, batch, [1], by="treasurer")
    handed(founded, batch, [2])
    assert delivering.stages(bench, batch) == {"delivered": batch.total}
    assert_log_agrees(bench)


def test_a_bank_batch_is_not_handed_over(founded: Founded) -> None:
    """Money that went to the bank is not paid a second time in cash."""
    batch = delivering.sent(founded.bench, founded, count=1)
    with pytest.raises(rules.ChannelRefused):
        handed(founded, batch, [1])
    with pytest.raises(rules.ChannelRefused), founded.act("field") as act:
        service.fail_lines(act, batch.batch, {1: "RECIPIENT_ABSENT"})


def test_nothing_is_handed_over_before_it_is_sealed(founded: Founded) -> None:
    """THREATS 4: handover lists wait as bank files do."""
    bench = founded.bench
    approved, _paid = delivering.approved(bench, founded, count=1, channel="goods")
    with pytest.raises(rules.InstructionNotFound), founded.act("field") as act:
        service.hand_over(act, approved, [1], SEEN)
    with unsealed(founded).open(founded.actor("treasurer")) as act:
        service.instruct(act, approved)
    with pytest.raises(NotSealed), unsealed(founded).open(founded.actor("field")) as act:
        service.hand_over(act, approved, [1], SEEN)


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        ({}, rules.HandoverEmpty),
        ({1: "SUCCESS"}, rules.OutcomeRefused),
        ({1: "UNKNOWN"}, rules.OutcomeRefused),
        ({9: "RECIPIENT_ABSENT"}, LineNotFound),
    ],
)
def test_an_officer_reports_only_what_was_seen(
    founded: Founded, told: dict[int, str], refusal: type[Exception]
) -> None:
    """No SUCCESS by the back door, no line that is not there."""
    batch = delivering.sent(founded.bench, founded, count=1, channel="goods")
    with pytest.raises(refusal), founded.act("field") as act:
        service.fail_lines(act, batch.batch, told)
    assert delivering.states(founded.bench, batch.batch) == {1: "sent"}


def test_a_handover_names_lines_that_are_there(founded: Founded) -> None:
    """Nobody, or somebody who is not on the list."""
    batch = delivering.sent(founded.bench, founded, count=1, channel="goods")
    with pytest.raises(rules.HandoverEmpty):
        handed(founded, batch, [])
    with pytest.raises(LineNotFound):
        handed(founded, batch, [9])


def test_a_photo_is_kept_encrypted_and_bound_to_its_handover(founded: Founded) -> None:
    """P6: a face with a packet is personal; the file on the disk is no picture, and opens for its handover only."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2, channel="goods")
    first, second = handed(founded, batch, [1], photo=JPEG), handed(founded, batch, [2])
    with bench.reading() as session:
        with_photo, without = (
            session.scalars(select(Handover).where(Handover.reference == one)).one() for one in (first, second)
        )
        assert service.open_photo(bench.kit, with_photo) == JPEG
        assert service.open_photo(bench.kit, without) is None
        without.photo_sha256 = with_photo.photo_sha256
        with pytest.raises(IntegrityFailed):
            service.open_photo(bench.kit, without)
    assert JPEG not in b"".join(path.read_bytes() for path in bench.kit.files.rglob("*") if path.is_file())
    with pytest.raises(FileKindRefused):
        handed(founded, delivering.sent(bench, founded, count=1, channel="goods"), [1], photo=PDF)


def test_a_village_list_is_taken_by_the_officer_of_that_village(founded: Founded) -> None:
    """The printed list: names in full, NIK masked, recorded with how many were on it."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=3, channel="goods")
    village = "32.16.06.2002"
    with founded.act("field") as act:
        taken = service.collect(act, batch.instruction, village=village)
    assert [receiver.line_no for receiver in taken.receivers] == [1, 2, 3]
    assert all("•" in receiver.nik_masked for receiver in taken.receivers)
    with pytest.raises(rules.VillageNotInBatch), founded.act("field") as act:
        service.collect(act, batch.instruction, village="32.16.01.2001")
    with pytest.raises(RoleMissing), founded.act("field") as act:
        service.collect(act, batch.instruction)
