"""BTT: only inside an emergency status and on a need plan (RF-25, RF-26); opening balances only at the founding."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, Place, Stage
from aid_ledger.core import clock
from aid_ledger.core.act import Actor
from aid_ledger.funding import refusals, service
from aid_ledger.funding.rules import EmergencyLevel
from tests.benches import Bench
from tests.builders import funding as builders
from tests.builders.documents import PDF, paper
from tests.builders.officials import Founded, close_founding

DAY = dt.timedelta(days=1)


def status(founded: Founded, since: dt.date, until: dt.date | None) -> str:
    """Declare an emergency over a period."""
    with founded.act("operator") as act:
        decree = paper(act, "sk", issued_on=min(since, act.on))
        made = service.declare_emergency(
            act, level="tanggap_darurat", decree=decree.reference, since=since, until=until
        )
        return made.reference


def plan(founded: Founded, amount: int | None = 1_000, *, kind: str = "rkb", until: dt.date | None = None) -> str:
    """Register a need plan."""
    with founded.act("operator") as act:
        return paper(act, kind, amount=amount, valid_until=until).reference


def receive(founded: Founded, reference: str, need_plan: str | None, days_ago: int = 0) -> str:
    """Receive BTT and give the status it was received under."""
    with founded.act("treasurer") as act:
        day = act.on - days_ago * DAY
        made = service.receive_contribution(act, reference, received_on=day, need_plan=need_plan)
        assert made.emergency_id is not None
        return made.reference


@pytest.fixture
def offer(founded: Founded) -> str:
    """Give a BTT contribution of 600 that waits for its receipt."""
    return builders.offered(founded, builders.opened(founded, "btt"), amount=600)


def test_btt_without_any_status_is_refused(founded: Founded, offer: str) -> None:
    """RF-25: no decree, no emergency money."""
    with pytest.raises(refusals.NoEmergency):
        receive(founded, offer, plan(founded))


@pytest.mark.parametrize(
    ("begins", "ends", "days_ago"),
    [
        (-60, -1, 0),  # Over since yesterday.
        (1, 60, 0),  # Begins tomorrow.
        (-10, 10, 11),  # The money came before the status.
        (-60, -5, 10),  # The money came inside, the status is over today: no backdating.
    ],
)
def test_btt_outside_the_status_is_refused(founded: Founded, offer: str, begins: int, ends: int, days_ago: int) -> None:
    """RF-25: the status covers the day the money came and the day it is recorded."""
    today = clock.today()
    status(founded, today + begins * DAY, today + ends * DAY)
    with pytest.raises(refusals.NoEmergency):
        receive(founded, offer, plan(founded), days_ago)


@pytest.mark.parametrize(("begins", "ends"), [(0, 0), (-5, None), (-5, 0), (0, 5)])
def test_btt_inside_the_status_is_received(founded: Founded, offer: str, begins: int, ends: int | None) -> None:
    """The first and the last day count; a status without an end lasts."""
    today = clock.today()
    status(founded, today + begins * DAY, None if ends is None else today + ends * DAY)
    assert receive(founded, offer, plan(founded)) == offer


def test_btt_without_a_need_plan_is_refused(founded: Founded, offer: str) -> None:
    """RF-26: no RKB, or another paper in its place, or one whose time is over or has not come: no money."""
    today = clock.today()
    status(founded, today - 30 * DAY, None)
    with pytest.raises(refusals.NeedPlanMissing):
        receive(founded, offer, None)
    with pytest.raises(refusals.NeedPlanMissing):
        receive(founded, offer, plan(founded, kind="surat_penawaran"))
    with pytest.raises(refusals.NeedPlanMissing):
        receive(founded, offer, plan(founded, until=today - DAY))
    with founded.act("operator") as act:
        late = paper(act, "rkb", issued_on=today).reference
    with pytest.raises(refusals.NeedPlanMissing):
        receive(founded, offer, late, days_ago=1)


def test_a_need_plan_carries_what_it_states_and_no_more(founded: Founded, offer: str) -> None:
    """One RKB of 1,000 does not carry 600 twice; a plan that states no amount carries what the status allows."""
    status(founded, clock.today() - DAY, None)
    shared = plan(founded, 1_000)
    receive(founded, offer, shared)
    second = builders.offered(founded, builders.opened(founded, "btt"), amount=401)
    with pytest.raises(refusals.NeedPlanExceeded) as refusal:
        receive(founded, second, shared)
    assert (refusal.value.facts["stated"], refusal.value.facts["received"]) == (1_000, 600)
    receive(founded, second, plan(founded, None))


def test_other_sources_have_no_need_plan(founded: Founded) -> None:
    """An RKB beside a gift or the ordinary budget explains nothing."""
    reference = builders.offered(founded, builders.opened(founded, "apbd"), amount=5)
    shared = plan(founded)
    with pytest.raises(refusals.NeedPlanUnexpected), founded.act("treasurer") as act:
        service.receive_contribution(act, reference, received_on=act.on, need_plan=shared)


def test_an_emergency_rests_on_its_decree(founded: Founded) -> None:
    """No status without an SK, of an invented level, the wrong way round, or longer than its decree."""
    today = clock.today()
    with founded.act("operator") as act:
        decree = paper(act, "sk", issued_on=today, valid_until=today + 10 * DAY).reference
        letter = paper(act, "surat_penawaran").reference
    good: dict[str, Any] = {"level": "siaga_darurat", "decree": decree, "since": today, "until": today + 10 * DAY}
    for change, field in (
        ({"level": "gawat"}, "level"),
        ({"decree": letter}, "decree"),
        ({"until": today - DAY}, "until"),
        ({"since": today - DAY}, "decree"),
        ({"until": today + 11 * DAY}, "decree"),
        ({"until": None}, "decree"),
    ):
        with pytest.raises(refusals.EmergencyMalformed) as refusal, founded.act("operator") as act:
            service.declare_emergency(act, **{**good, **change})
        assert refusal.value.facts["field"] == field
    with founded.act("operator") as act:
        assert service.declare_emergency(act, **good).level == EmergencyLevel.ALERT.value


# --- opening balances ------------------------------------------------------------------------------------------------


def history(founded: Founded, amount: int = 900, content: bytes | None = PDF) -> str:
    """Declare what lay in a new source."""
    source = builders.opened(founded, "apbd")
    with founded.act("operator") as act:
        document = paper(act, "lainnya", content=content)
    with founded.act("sekda") as act:
        service.declare_history(act, source=source, commodity=IDR, amount=amount, document=document.reference)
    return source


def test_an_opening_balance_needs_its_evidence(founded: Founded) -> None:
    """What was there before is proven by a scan, not by a number; and it is not nothing."""
    with pytest.raises(refusals.EvidenceMissing):
        history(founded, content=None)
    with pytest.raises(refusals.AmountNotPositive):
        history(founded, amount=0)


def test_an_opening_balance_is_in_the_book(founded: Founded) -> None:
    """P1: it moves from the world into custody like anything else."""
    source = history(founded)
    with founded.bench.reading() as session:
        assert book.balance(session, Place(source, Stage.RECEIVED), IDR) == 900
        assert book.unbalanced(session) == []


def test_no_opening_balance_after_the_founding(founded: Founded) -> None:
    """When both founders have signed, nothing appears from the past any more."""
    close_founding(founded)
    with pytest.raises(refusals.HistoryClosed):
        history(founded)


def test_no_opening_balance_without_an_agency(bench: Bench, anyone: Actor) -> None:
    """A database without a founding has no past."""
    with pytest.raises(refusals.HistoryClosed), bench.act(anyone) as act:
        service.declare_history(act, source="APBD-1", commodity=IDR, amount=5, document="DOC-1")


def test_an_opening_balance_is_declared_once(founded: Founded) -> None:
    """One paper, one balance."""
    source = builders.opened(founded, "apbd")
    with founded.act("operator") as act:
        document = paper(act, "lainnya", content=PDF).reference
    with founded.act("sekda") as act:
        service.declare_history(act, source=source, commodity=IDR, amount=5, document=document)
    with pytest.raises(refusals.PaperUsedTwice), founded.act("sekda") as act:
        service.declare_history(act, source=source, commodity=IDR, amount=5, document=document)
