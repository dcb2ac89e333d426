"""An absent witness never stops aid: two people of two offices open a way, capped, recorded, closed by its time."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.delivery import service as delivery
from aid_ledger.leaving import queries, rules, service
from aid_ledger.leaving.models import UnwitnessedUse
from aid_ledger.log.models import LogEntry
from aid_ledger.log.rules import NotSealed, NotWitnessed
from aid_ledger.officials import service as officials
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.receipts import service as receipts
from tests.builders import delivering, leaving, powers
from tests.builders import receipts as papers
from tests.builders import witnesses as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.rooms.delivery.test_handing import handed
from tests.rooms.delivery.test_instructing import unsealed
from tests.rooms.receipts.test_printfiles import printed


def approved(founded: Founded, *, count: int = 2, channel: str = "bank") -> tuple[str, int]:
    """Bring a batch to its approval; gives its reference and its total."""
    batch, paid = delivering.approved(founded.bench, founded, count=count, channel=channel)
    founded.bench.sequencer.run_once()
    return batch, paid.rate * count


def instruct(founded: Founded, batch: str) -> str:
    """Hand a batch to its channel."""
    with founded.act("treasurer") as act:
        return delivery.instruct(act, batch).reference


def left(founded: Founded, reference: str) -> tuple[int, int]:
    """Read what is left of a way."""
    with founded.bench.reading() as session:
        found = queries.way(session, reference)
    return found.amount_left, found.lines_left


def charged(founded: Founded) -> list[tuple[str, int, int]]:
    """List what was charged: what, rupiah, lines."""
    with founded.bench.reading() as session:
        rows = session.scalars(select(UnwitnessedUse).order_by(UnwitnessedUse.used_at, UnwitnessedUse.what))
        return [(row.what, row.amount, row.lines) for row in rows]


# --- opening one ----------------------------------------------------------------------------------------------------


def test_nobody_goes_on_without_witnesses_alone(founded: Founded, policy: str) -> None:
    """THREATS 4: who makes lists or hands out roles opens nothing; nor does a proposer, or their stand-in."""
    for login in ("operator", "verifier", "field", "auditor", "admin"):
        with pytest.raises(RoleMissing):
            leaving.proposed(founded, by=login)
    reference = leaving.proposed(founded, by="approver")
    with pytest.raises(rules.WayNotSecondPerson), founded.act("approver") as act:
        service.open_way(act, reference)
    with pytest.raises(RoleMissing), founded.act("admin") as act:
        service.open_way(act, reference)
    batch, _total = approved(founded)
    with pytest.raises(NotWitnessed):
        instruct(founded, batch)
    with founded.act("sekda") as act:
        officials.hold_office(
            act,
            login="approver2",
            office="KPA",
            status="plh",
            since=founded.on,
            until=founded.on + dt.timedelta(days=9),
            decree="821.2/Kep.90-BKPSDM/2021",
            acts_for="approver",
        )
    with pytest.raises(rules.WayNotSecondPerson), founded.act("approver2") as act:
        service.open_way(act, reference)


def test_two_of_one_office_are_not_two(founded: Founded, policy: str) -> None:
    """A second pair of eyes works elsewhere."""
    powers.also(founded, "operator", "treasurer")
    reference = leaving.proposed(founded, by="operator")
    with pytest.raises(rules.WaySameOffice), founded.act("approver") as act:
        service.open_way(act, reference)
    with founded.act("approver2") as act:
        service.open_way(act, reference)
    assert_log_agrees(founded.bench)


@pytest.mark.parametrize("how", [{"cap": -1}, {"lines": 0}, {"hours": 0}, {"hours": 25}, {"lines": 1_000_001}])
def test_a_way_is_narrow(founded: Founded, policy: str, how: dict[str, int]) -> None:
    """House rule: a cap in rupiah, a cap of lines, at most a day."""
    with pytest.raises(rules.WayRefused):
        leaving.proposed(founded, **how)  # type: ignore[arg-type] # one number each


def test_a_way_has_a_reason_and_the_settings_hours(founded: Founded, policy: str) -> None:
    """The reason is read by everybody; an agency may allow fewer hours than a day."""
    with pytest.raises(rules.WayRefused), founded.act("treasurer") as act:
        service.propose_way(act, reason="putus", cap=1, lines=1, hours=1)
    service.set_longest_way(3)
    try:
        with pytest.raises(rules.WayRefused):
            leaving.proposed(founded, hours=4)
    finally:
        service.set_longest_way(rules.HOURS_LIMIT)


def test_no_way_is_opened_while_witnesses_are_there(founded: Founded, policy: str) -> None:
    """A way in reserve is a way round the witnesses: they must have been missing for ten minutes."""
    bench = founded.bench
    leaving.cosign(bench, *leaving.QUORUM)
    with pytest.raises(rules.WayNotNeeded):
        leaving.proposed(founded)
    approved(founded)
    with pytest.raises(rules.WayNotNeeded):
        leaving.proposed(founded)
    with clock.frozen(clock.now() + dt.timedelta(minutes=11)):
        reference = leaving.proposed(founded)
    leaving.cosign(bench, *leaving.QUORUM)
    with pytest.raises(rules.WayNotNeeded), founded.act("approver") as act:
        service.open_way(act, reference)


def test_without_a_policy_no_way_is_needed(founded: Founded, four: list[builders.Watching]) -> None:
    """Where nobody is waited for, nobody is missed."""
    with pytest.raises(rules.WayNotNeeded):
        leaving.proposed(founded)
    with pytest.raises(rules.WayNotFound), founded.act("approver") as act:
        service.open_way(act, "UNW-2021-000001-X")


def test_one_way_at_a_time_and_each_opened_once(founded: Founded, policy: str) -> None:
    """Two ways would add up their caps; yesterday's reason opens nothing today."""
    first, second = leaving.proposed(founded), leaving.proposed(founded)
    with founded.act("approver") as act:
        service.open_way(act, first)
    for reference, refusal in ((first, rules.WayNotProposed), (second, rules.WayOpen)):
        with pytest.raises(refusal), founded.act("approver2") as act:
            service.open_way(act, reference)
    with pytest.raises(rules.WayOpen):
        leaving.proposed(founded)
    with clock.frozen(clock.now() + dt.timedelta(hours=25)):
        with pytest.raises(rules.WayNotProposed), founded.act("approver2") as act:
            service.open_way(act, second)
        leaving.opened(founded)
        assert_log_agrees(founded.bench)


# --- going by it ----------------------------------------------------------------------------------------------------


def test_money_goes_on_without_witnesses_up_to_the_cap(founded: Founded, policy: str) -> None:
    """THREATS 4: charged once and whole in the deed's own act, refused over the cap, needless once they are back."""
    bench = founded.bench
    first, total = approved(founded)
    second, _total = approved(founded)
    with pytest.raises(NotWitnessed):
        instruct(founded, first)
    way = leaving.opened(founded, cap=total)
    instruction = instruct(founded, first)
    with founded.act("treasurer") as act:
        delivery.collect(act, instruction)
    assert (charged(founded), left(founded, way)) == ([(first, total, 2)], (0, 98))
    with pytest.raises(rules.WaySpent) as refusal:
        instruct(founded, second)
    assert refusal.value.facts == {"way": way, "amount_left": 0, "lines_left": 98}
    leaving.cosign(bench, *leaving.QUORUM)
    instruct(founded, second)
    assert charged(founded) == [(first, total, 2)]
    with bench.reading() as session:
        [used] = session.scalars(select(LogEntry).where(LogEntry.kind == "UnwitnessedUsed"))
        told = session.scalars(select(LogEntry.kind).where(LogEntry.act == used.act).order_by(LogEntry.ordinal)).all()
    assert told == ["UnwitnessedUsed", "PaymentInstructed"]
    assert_log_agrees(bench)


def test_a_print_file_counts_each_of_its_receipts(founded: Founded, policy: str) -> None:
    """THREATS 4: an outage is no way to carry a village's papers out uncounted, nor the same papers twice."""
    bench = founded.bench
    approved_batch, _total = approved(founded, count=3, channel="goods")
    way = leaving.opened(founded, cap=0, lines=8)
    batch = delivering.Sent(approved_batch, instruct(founded, approved_batch), None, 3)  # type: ignore[arg-type]
    handed(founded, batch, [1, 2, 3])
    papers.issue(founded, approved_batch, by="field")
    bench.sequencer.run_once()
    printed(founded, approved_batch)
    assert [(amount, lines) for _what, amount, lines in charged(founded)] == [(0, 3), (0, 3)]
    assert left(founded, way) == (0, 2)
    with pytest.raises(rules.WaySpent):
        printed(founded, approved_batch)
    assert {receipt.copies for receipt in papers.receipts(bench)} == {1}
    assert_log_agrees(bench)


def test_goods_and_papers_count_by_their_lines(founded: Founded, policy: str) -> None:
    """No rupiah moves when a packet or a paper is handed over; each is still a line of the cap."""
    bench = founded.bench
    approved_batch, _total = approved(founded, count=3, channel="goods")
    way = leaving.opened(founded, cap=0, lines=4)
    batch = delivering.Sent(approved_batch, instruct(founded, approved_batch), None, 3)  # type: ignore[arg-type]
    handed(founded, batch, [1, 2])
    handed(founded, batch, [3])
    assert charged(founded) == [(approved_batch, 0, 3)]
    papers.issue(founded, approved_batch, by="field")
    bench.sequencer.run_once()
    one, two, _three = papers.receipts(bench)
    with founded.act("field") as act:
        receipts.record_print(act, one.reference, copy=1)
    with founded.act("field") as act:
        assert receipts.record_print(act, one.reference, copy=2)
    with pytest.raises(rules.WaySpent), founded.act("field") as act:
        receipts.record_print(act, two.reference, copy=1)
    assert charged(founded) == [(approved_batch, 0, 3), (one.public_id, 0, 1)]
    assert left(founded, way) == (0, 0)
    assert_log_agrees(bench)


def test_a_way_ends_by_its_time(founded: Founded, policy: str) -> None:
    """After `until` nothing leaves by it, not even what was charged to it."""
    batch, total = approved(founded)
    leaving.opened(founded, cap=total, hours=1)
    instruction = instruct(founded, batch)
    with clock.frozen(clock.now() + dt.timedelta(minutes=59)), founded.act("treasurer") as act:
        delivery.collect(act, instruction)
    with clock.frozen(clock.now() + dt.timedelta(minutes=61)):
        with pytest.raises(NotWitnessed), founded.act("treasurer") as act:
            delivery.collect(act, instruction)
        leaving.opened(founded, cap=total)
        with founded.act("treasurer") as act:
            delivery.collect(act, instruction)
        assert_log_agrees(founded.bench)
    assert [what for what, _amount, _lines in charged(founded)] == [batch, batch]


def test_no_way_leads_round_the_seal(founded: Founded, policy: str) -> None:
    """THREATS 4: without witnesses the log's own signature is still waited for."""
    batch, total = approved(founded)
    leaving.opened(founded, cap=total)
    with unsealed(founded).open(founded.actor("treasurer")) as act:
        instruction = delivery.instruct(act, batch).reference
    with pytest.raises(NotSealed), unsealed(founded).open(founded.actor("treasurer")) as act:
        delivery.collect(act, instruction)


def test_two_at_once_do_not_slip_under_one_cap(founded: Founded, policy: str) -> None:
    """P1: the cap holds under concurrency; one of two that fit alone is refused."""
    batches = [approved(founded)[0] for _ in range(2)]
    leaving.opened(founded, cap=900_000)

    def try_it(batch: str) -> bool:
        try:
            instruct(founded, batch)
        except rules.WaySpent:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_it, batches)) == [False, True]
    assert len(charged(founded)) == 1
    assert_log_agrees(founded.bench)
