"""Aid on its way in: nobody lets it in alone, gifts and budget money never mix, BTT has its emergency and its plan."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, CommodityUnknown, Place, Stage
from aid_ledger.core.act import Actor, AlreadyThere
from aid_ledger.core.errors import DomainError
from aid_ledger.documents.rules import DocumentNotFound
from aid_ledger.funding import queries, refusals, service
from aid_ledger.funding.models import Contribution
from aid_ledger.funding.rules import Addressee
from aid_ledger.log.models import LogEntry
from aid_ledger.officials import service as officials
from audit import canonical
from tests.builders import funding as builders
from tests.builders.documents import paper
from tests.builders.officials import Founded

REASON = "Ditujukan kepada pemerintah daerah, tanpa imbalan."


def balance(founded: Founded, source: str, commodity: str = IDR) -> int:
    """Tell what a source holds in custody."""
    with founded.bench.reading() as session:
        return book.balance(session, Place(source, Stage.RECEIVED), commodity)


def screen(founded: Founded, reference: str, by: str = builders.SCREENER, *, accept: bool = True) -> None:
    """Screen a gift."""
    with founded.act(by) as act:
        service.screen_contribution(act, reference, accept=accept, reason=REASON)


def receive(founded: Founded, reference: str, by: str = builders.RECEIVER, plan: str | None = None) -> None:
    """Receive today."""
    with founded.act(by) as act:
        service.receive_contribution(act, reference, received_on=act.on, need_plan=plan)


def bodies(founded: Founded, kind: str) -> list[Any]:
    """Give the bodies of all entries of a kind."""
    with founded.bench.reading() as session:
        rows = session.scalars(select(LogEntry.raw).where(LogEntry.kind == kind).order_by(LogEntry.id))
        return [canonical.parse(raw)["body"] for raw in rows]


# --- receiving -------------------------------------------------------------------------------------------------------


def test_nothing_is_received_twice(founded: Founded) -> None:
    """P1: one contribution, one movement; the second receipt is refused and moves nothing."""
    source = builders.opened(founded, "apbd")
    reference = builders.offered(founded, source, amount=700)
    receive(founded, reference)
    with pytest.raises(refusals.ContributionElsewhere) as refusal:
        receive(founded, reference)
    assert refusal.value.facts["state"] == "received"
    assert balance(founded, source) == 700


def test_ten_receivers_at_once_receive_once(founded: Founded) -> None:
    """P1 under concurrency: ten treasurers' clicks, one movement."""
    source = builders.opened(founded, "apbd")
    reference = builders.offered(founded, source, amount=700)

    def click(_number: int) -> bool:
        try:
            receive(founded, reference)
        except refusals.ContributionElsewhere:
            return False
        return True

    with ThreadPoolExecutor(10) as crowd:
        assert sorted(crowd.map(click, range(10))) == [False] * 9 + [True]
    assert balance(founded, source) == 700


def test_one_paper_brings_money_once(founded: Founded) -> None:
    """The same SP2D entered again, as the same document or registered anew in other letters, brings nothing."""
    source = builders.opened(founded, "apbd")
    with founded.act("operator") as act:
        first = paper(act, "sp2d")
        service.offer_contribution(act, source=source, donor=None, commodity=IDR, amount=5, document=first.reference)
    with pytest.raises(refusals.PaperUsedTwice), founded.act("operator") as act:
        service.offer_contribution(act, source=source, donor=None, commodity=IDR, amount=6, document=first.reference)
    with pytest.raises(refusals.PaperUsedTwice), founded.act("operator") as act:  # noqa: PT012 - an Act is one deed
        again = paper(act, "sp2d", number=f" {first.number.lower()}")
        service.offer_contribution(act, source=source, donor=None, commodity=IDR, amount=6, document=again.reference)


def test_the_database_knows_that_law_too(founded: Founded) -> None:
    """Should the rule be passed by, the partial index refuses with the same words."""
    source = builders.opened(founded, "apbd")
    builders.offered(founded, source, amount=5)
    with pytest.raises(DomainError) as refusal, founded.act("operator") as act:  # noqa: PT012 - an Act is one deed
        row = act.session.scalars(select(Contribution)).one()
        copied = {name: getattr(row, name) for name in ("source_id", "commodity", "document_id", "offered_at")}
        act.session.add(
            Contribution(reference="CTB-X", amount=5, state="offered", screening="", offered_by="operator", **copied)
        )
        act.session.flush()
    assert isinstance(refusal.value, refusals.PaperUsedTwice)
    assert not isinstance(refusal.value, AlreadyThere)


def test_who_offers_does_not_receive(founded: Founded) -> None:
    """P2: the maker of a transaction is not its treasurer, even with both roles."""
    source = builders.opened(founded, "apbd")
    with founded.act("treasurer") as act:
        document = paper(act, "sp2d")
        offered = service.offer_contribution(
            act, source=source, donor=None, commodity=IDR, amount=5, document=document.reference
        )
    with pytest.raises(refusals.SelfReceipt):
        receive(founded, offered.reference)


def test_who_holds_the_treasurers_place_does_not_receive_what_the_treasurer_offered(founded: Founded) -> None:
    """THREATS 3: a Plh inherits the bar of the one whose place is held."""
    source = builders.opened(founded, "apbd")
    with founded.act("treasurer") as act:
        document = paper(act, "sp2d")
        offered = service.offer_contribution(
            act, source=source, donor=None, commodity=IDR, amount=5, document=document.reference
        )
    with founded.act("admin") as act:
        officials.hold_office(
            act,
            login="approver2",
            office=builders.CUSTODIAN,
            status="plh",
            since=act.on,
            until=act.on + dt.timedelta(days=5),
            decree="821.2/Plh.1/2026",
            acts_for="treasurer",
        )
    founded.people["approver2"].office = builders.CUSTODIAN
    with pytest.raises(refusals.SelfReceipt):
        receive(founded, offered.reference, by="approver2")


def test_a_name_alone_is_the_same_person(founded: Founded) -> None:
    """An actor whose official is not known to the database is held by the name in the log."""
    source = builders.opened(founded, "csr")
    reference = builders.offered(founded, source, amount=5)
    nameless = Actor(type="official", id="verifier", office="PPK_SKPD", door="cli")
    with founded.bench.act(nameless) as act:
        service.screen_contribution(act, reference, accept=True, reason=REASON)
    forged = Actor(type="official", id=builders.OFFERER, office=builders.CUSTODIAN, door="cli")
    with pytest.raises(refusals.SelfReceipt), founded.bench.act(forged) as act:
        service.receive_contribution(act, reference, received_on=act.on)


@pytest.mark.parametrize("login", ["verifier", "approver2", "field"])
def test_only_the_custodian_receives(founded: Founded, login: str) -> None:
    """Each source has one custodian: another office does not take its money in."""
    source = builders.opened(founded, "apbd")
    reference = builders.offered(founded, source, amount=5)
    with pytest.raises(refusals.NotCustodian) as refusal:
        receive(founded, reference, by=login)
    assert refusal.value.facts["custodian"] == builders.CUSTODIAN


def test_nothing_is_received_tomorrow(founded: Founded) -> None:
    """Money that will come is not money that came."""
    reference = builders.offered(founded, builders.opened(founded, "apbd"), amount=5)
    with pytest.raises(refusals.ReceivedInFuture), founded.act("treasurer") as act:
        service.receive_contribution(act, reference, received_on=act.on + dt.timedelta(days=1))


@pytest.mark.parametrize("kind", ["apbd", "btt", "dana_desa", "csr", "asn_peduli"])
def test_each_kind_of_source_can_be_received(founded: Founded, kind: str) -> None:
    """The good case of every kind: the balance is the amount, the fact tells its move."""
    source = builders.received(founded.bench, founded, kind, amount=12_345)
    assert balance(founded, source) == 12_345
    (body,) = bodies(founded, "FundsReceived")
    assert body["moves"] == [[f"{source}/-/world", f"{source}/-/received", "IDR", "12345"]]
    assert bool(body["donor"]) is (kind in {"csr", "asn_peduli"})
    assert bool(body["emergency"]) is bool(body["need_plan"]) is (kind == "btt")
    with founded.bench.reading() as session:
        assert book.unbalanced(session) == []


def test_gifts_of_goods_are_counted_in_goods(founded: Founded) -> None:
    """A thousand packets from a company are a thousand packets, and no rupiah."""
    source = builders.received(founded.bench, founded, "csr", amount=1_000, commodity="PAKET_A")
    assert balance(founded, source, "PAKET_A") == 1_000
    assert balance(founded, source) == 0


# --- offers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0, -1, -1_000_000])
def test_nothing_and_less_is_no_offer(founded: Founded, amount: int) -> None:
    """A negative contribution would be a payment without approval."""
    with pytest.raises(refusals.AmountNotPositive):
        builders.offered(founded, builders.opened(founded, "apbd"), amount=amount)


@pytest.mark.parametrize("amount", [1.5, 2.0, True, "5"])
def test_an_amount_is_a_whole_number(founded: Founded, amount: int) -> None:
    """Money is integers; a float is our mistake and never becomes a row."""
    source = builders.opened(founded, "apbd")
    with pytest.raises(TypeError):
        builders.offered(founded, source, amount=amount)


@pytest.mark.parametrize(("kind", "gives"), [("csr", False), ("asn_peduli", False), ("apbd", True), ("btt", True)])
def test_gifts_have_donors_and_the_budget_has_none(founded: Founded, kind: str, gives: bool) -> None:
    """KPK B/1939: who gave is known; and a gift does not enter the budget's figures by the back door."""
    source = builders.opened(founded, kind)
    refusal = refusals.DonorUnexpected if gives else refusals.DonorMissing
    with pytest.raises(refusal), founded.act("operator") as act:  # noqa: PT012 - an Act is one deed
        donor = service.register_donor(act, kind="company", name="PT Contoh").reference if gives else None
        document = paper(act, "surat_penawaran").reference
        service.offer_contribution(act, source=source, donor=donor, commodity=IDR, amount=5, document=document)


@pytest.mark.parametrize("kind", ["apbd", "btt", "dana_desa"])
def test_goods_do_not_appear_in_the_budget(founded: Founded, kind: str) -> None:
    """P1: budget money becomes goods only by a recorded purchase."""
    with pytest.raises(refusals.GoodsOutsidePurchase):
        builders.offered(founded, builders.opened(founded, kind), amount=5, commodity="PAKET_A")


def test_what_an_offer_names_exists(founded: Founded) -> None:
    """Unknown source, donor, good, paper or contribution: each its refusal."""
    source = builders.opened(founded, "csr")
    with founded.act("operator") as act:
        document = paper(act, "surat_penawaran").reference
        donor = service.register_donor(act, kind="baznas", name="Baznas Contoh").reference
    good: dict[str, Any] = {"source": source, "donor": donor, "commodity": IDR, "amount": 5, "document": document}
    for change, refusal in (
        ({"source": "TIDAK-ADA"}, refusals.SourceNotFound),
        ({"donor": "DON-2026-999999-0"}, refusals.DonorNotFound),
        ({"commodity": "EMAS"}, CommodityUnknown),
        ({"document": "DOC-2026-999999-0"}, DocumentNotFound),
    ):
        with pytest.raises(refusal), founded.act("operator") as act:
            service.offer_contribution(act, **{**good, **change})
    with pytest.raises(refusals.ContributionNotFound):
        receive(founded, "CTB-2026-999999-0")


# --- gifts -----------------------------------------------------------------------------------------------------------


def test_a_gift_is_not_received_before_it_is_screened(founded: Founded) -> None:
    """Gratification screening comes before the money, not after it."""
    reference = builders.offered(founded, builders.opened(founded, "csr"), amount=5)
    with pytest.raises(refusals.ContributionElsewhere) as refusal:
        receive(founded, reference)
    assert refusal.value.facts["due"] == "accepted"


def test_nobody_screens_the_own_offer(founded: Founded) -> None:
    """Gratification is screened by a second official."""
    reference = builders.offered(founded, builders.opened(founded, "csr"), amount=5)
    with pytest.raises(refusals.SelfScreening):
        screen(founded, reference, by=builders.OFFERER)
    assert bodies(founded, "GratificationScreened") == []


def test_a_gift_to_a_person_is_gratification(founded: Founded) -> None:
    """Art. 12B of UU 20/2001: what is addressed to an official is refused, never accepted."""
    source = builders.opened(founded, "csr")
    reference = builders.offered(founded, source, amount=5)
    with pytest.raises(refusals.GiftToPerson), founded.act("verifier") as act:
        service.screen_contribution(act, reference, accept=True, reason=REASON, addressee=Addressee.PERSON)
    with founded.act("verifier") as act:
        service.screen_contribution(
            act, reference, accept=False, reason="Ditujukan pribadi.", addressee=Addressee.PERSON
        )
    with pytest.raises(refusals.ContributionElsewhere):
        receive(founded, reference)
    assert balance(founded, source) == 0
    assert [body["outcome"] for body in bodies(founded, "GratificationScreened")] == ["refused"]


def test_a_screening_has_its_reason(founded: Founded) -> None:
    """A decision nobody can read is no decision."""
    reference = builders.offered(founded, builders.opened(founded, "csr"), amount=5)
    for reason in ("", "   ", "x" * 1_001):
        with pytest.raises(refusals.ReasonMissing), founded.act("verifier") as act:
            service.screen_contribution(act, reference, accept=True, reason=reason)


def test_a_screening_is_not_changed(founded: Founded) -> None:
    """A refused gift is not accepted by asking again, nor an accepted one refused."""
    for accept in (True, False):
        reference = builders.offered(founded, builders.opened(founded, "csr"), amount=5)
        screen(founded, reference, accept=accept)
        for again in (True, False):
            with pytest.raises(refusals.ContributionElsewhere):
                screen(founded, reference, by="treasurer", accept=again)


def test_budget_money_is_not_screened(founded: Founded) -> None:
    """A screening of what is no gift would only look like care."""
    reference = builders.offered(founded, builders.opened(founded, "apbd"), amount=5)
    with pytest.raises(refusals.ScreeningNotNeeded):
        screen(founded, reference)


def test_a_refused_letter_may_be_offered_again(founded: Founded) -> None:
    """A gift refused for its address may come back addressed to the institution."""
    source = builders.opened(founded, "csr")
    reference = builders.offered(founded, source, amount=5)
    screen(founded, reference, accept=False)
    with founded.act("operator") as act:
        former = queries.filed(act.session, reference)
        assert former.donor is not None
        service.offer_contribution(
            act,
            source=source,
            donor=former.donor.reference,
            commodity=IDR,
            amount=5,
            document=former.document.reference,
        )


def test_a_gift_is_published_once_and_only_after_it_came(founded: Founded) -> None:
    """KPK B/1939 asks for publication of what was received: not of promises, not of the budget, not twice."""
    source = builders.opened(founded, "csr")
    reference = builders.offered(founded, source, amount=5)
    with pytest.raises(refusals.ContributionElsewhere), founded.act("operator") as act:
        service.publish_contribution(act, reference)
    screen(founded, reference)
    receive(founded, reference)
    with founded.act("operator") as act:
        assert service.publish_contribution(act, reference).published_at == act.at
    with pytest.raises(refusals.ContributionElsewhere), founded.act("operator") as act:
        service.publish_contribution(act, reference)
    budget = builders.offered(founded, builders.opened(founded, "apbd"), amount=5)
    receive(founded, budget)
    with pytest.raises(refusals.PublicationNotNeeded), founded.act("operator") as act:
        service.publish_contribution(act, budget)
