"""Buying: money leaves an allocation under a contract, goods come in against a BAST, tied to each other."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, InsufficientFunds, Place, Stage
from aid_ledger.officials import service as officials
from aid_ledger.procurement import queries, rules, service
from aid_ledger.programs import service as programs
from aid_ledger.programs.refusals import CommodityMismatch
from tests.builders.documents import paper
from tests.builders.funding import counted, received
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.programmes import defined

BUYER, RECEIVER = "operator", "treasurer"
BUDGET = 1_800_000_000
PACKAGES, PRICE = 6_300, 6_300 * 270_000
"""Kabupaten Bekasi 2021: Rp1.8 billion, some 6,300 packages of some Rp270,000 (okezone, 23 July 2021)."""


@dataclass(frozen=True)
class Shop:
    """What a purchase needs: a source with an allocation, a vendor, a contract."""

    source: str
    vendor: str
    contract: str


@pytest.fixture
def shop(founded: Founded) -> Shop:
    """Give a programme of packages with rupiah allocated to buy them."""
    source = received(founded.bench, founded, "btt", amount=BUDGET)
    with founded.act(BUYER) as act:
        defined(act, "JPS_A", public_name="Bansos JPS", commodity="PAKET_A")
        budget = paper(act, "dpa").reference
        programs.allocate(act, source=source, program="JPS_A", commodity=IDR, amount=BUDGET, document=budget)
        vendor = service.register_vendor(act, name="Perum Contoh", deed_on=dt.date(2003, 1, 20), business_number="912")
        return Shop(source, vendor.reference, paper(act, "perjanjian").reference)


def bought(founded: Founded, shop: Shop, **changes: object) -> str:
    """Buy the packages and give the purchase's reference."""
    order = {
        "vendor": shop.vendor,
        "source": shop.source,
        "program": "JPS_A",
        "commodity": "PAKET_A",
        "quantity": PACKAGES,
        "price": PRICE,
        "contract": shop.contract,
    }
    with founded.act(BUYER) as act:
        return service.purchase_goods(act, **order | changes).reference  # type: ignore[arg-type] # the test's own words


def arrived(founded: Founded, purchase: str, quantity: int, *, kind: str = "bast", by: str = RECEIVER) -> str:
    """Take goods in against a paper of their own and give the paper's reference."""
    with founded.act(BUYER) as act:
        bast = paper(act, kind).reference
    with founded.act(by) as act:
        service.receive_goods(act, purchase, quantity=quantity, bast=bast)
    return bast


def held(founded: Founded, shop: Shop, stage: Stage, commodity: str) -> int:
    """Tell what the programme holds in a stage."""
    with founded.bench.reading() as session:
        return book.balance(session, Place(shop.source, stage, "JPS_A"), commodity)


def test_money_becomes_goods_only_by_a_purchase(founded: Founded, shop: Shop) -> None:
    """P1: the rupiah are spent, the packages are there, and what was budgeted and not spent stays in sight."""
    purchase = bought(founded, shop)
    assert held(founded, shop, Stage.SPENT, IDR) == PRICE
    assert held(founded, shop, Stage.ALLOCATED, IDR) == 99_000_000
    assert held(founded, shop, Stage.ALLOCATED, "PAKET_A") == 0
    arrived(founded, purchase, 4_000)
    arrived(founded, purchase, 2_300)
    assert held(founded, shop, Stage.ALLOCATED, "PAKET_A") == PACKAGES
    with founded.bench.reading() as session:
        found = queries.purchase(session, purchase)
        assert (found.received, found.state) == (PACKAGES, "received")
        assert [arrival.quantity for arrival in queries.arrivals(session, found.id)] == [4_000, 2_300]
    assert_log_agrees(founded.bench)


def test_more_goods_than_ordered_are_not_taken_in(founded: Founded, shop: Shop) -> None:
    """RF-60 the other way round: a gift hidden in a delivery has no contract and no donor."""
    purchase = bought(founded, shop)
    with pytest.raises(rules.DeliveredMoreThanOrdered):
        arrived(founded, purchase, PACKAGES + 1)
    arrived(founded, purchase, PACKAGES)
    with pytest.raises(rules.DeliveredMoreThanOrdered):
        arrived(founded, purchase, 1)
    assert held(founded, shop, Stage.ALLOCATED, "PAKET_A") == PACKAGES


def test_the_buyer_does_not_sign_for_the_arrival(founded: Founded, shop: Shop) -> None:
    """P2: who paid for the goods cannot also say that they came; nor can who holds their place."""
    purchase = bought(founded, shop)
    with pytest.raises(rules.ReceiverIsBuyer):
        arrived(founded, purchase, 1, by=BUYER)
    with founded.act("sekda") as act:
        officials.hold_office(
            act,
            login=RECEIVER,
            office="PPTK",
            status="plh",
            since=act.on,
            until=act.on + dt.timedelta(days=7),
            decree="821.2/Plh.03-BKPSDM/2021",
            acts_for=BUYER,
        )
    with pytest.raises(rules.ReceiverIsBuyer):
        arrived(founded, purchase, 1)
    arrived(founded, purchase, 1, by="field")


@pytest.mark.parametrize("kind", ["sk", "perjanjian", "surat_penawaran"])
def test_goods_come_in_against_a_bast_and_nothing_else(founded: Founded, shop: Shop, kind: str) -> None:
    """P1: a letter is no proof that goods were counted."""
    purchase = bought(founded, shop)
    with pytest.raises(rules.HandoverRecordNeeded):
        arrived(founded, purchase, 1, kind=kind)


def test_one_bast_takes_goods_in_once(founded: Founded, shop: Shop) -> None:
    """The cheat of one paper for two deliveries of which one came."""
    purchase = bought(founded, shop)
    bast = arrived(founded, purchase, 10)
    with pytest.raises(rules.HandoverRecordUsed), founded.act(RECEIVER) as act:
        service.receive_goods(act, purchase, quantity=10, bast=bast)


@pytest.mark.parametrize("kind", ["sk", "bast", "dpa"])
def test_money_leaves_under_a_contract_and_nothing_else(founded: Founded, shop: Shop, kind: str) -> None:
    """P1: a vendor is paid by agreement, and the purchase names it."""
    with founded.act(BUYER) as act:
        other = paper(act, kind).reference
    with pytest.raises(rules.ContractNeeded):
        bought(founded, shop, contract=other)


def test_a_purchase_spends_no_more_than_its_allocation(founded: Founded, shop: Shop) -> None:
    """P1: the money of another programme or source does not help out."""
    with pytest.raises(InsufficientFunds):
        bought(founded, shop, price=BUDGET + 1)
    assert held(founded, shop, Stage.SPENT, IDR) == 0


@pytest.mark.parametrize("changes", [{"quantity": 0}, {"price": 0}, {"commodity": IDR}])
def test_money_is_not_bought_nor_nothing(founded: Founded, shop: Shop, changes: dict[str, object]) -> None:
    """P1: a purchase buys goods, some, for some money."""
    with pytest.raises(rules.PurchaseRefused):
        bought(founded, shop, **changes)


@pytest.mark.parametrize("changes", [{"quantity": 1.5}, {"price": 0.5}])
def test_half_a_packet_is_never_bought(founded: Founded, shop: Shop, changes: dict[str, object]) -> None:
    """P1: a float is our own bug, and nothing of the deed stays."""
    with pytest.raises(TypeError):
        bought(founded, shop, **changes)
    with pytest.raises(TypeError):
        arrived(founded, bought(founded, shop), 0.5)  # type: ignore[arg-type] # the cheat


def test_a_programme_buys_what_it_hands_out(founded: Founded, shop: Shop) -> None:
    """RF: goods that the programme cannot hand out would lie in its stock for ever."""
    with founded.act(BUYER) as act:
        counted(act, "KULKAS")
    with pytest.raises(CommodityMismatch):
        bought(founded, shop, commodity="KULKAS")


def test_a_vendor_has_one_name(founded: Founded, shop: Shop) -> None:
    """RF: one company under two names hides how much it sells."""
    with pytest.raises(rules.VendorTaken), founded.act(BUYER) as act:
        service.register_vendor(act, name="Perum Lain", deed_on=dt.date(2021, 1, 1), business_number="912")
    with pytest.raises(rules.VendorRefused), founded.act(BUYER) as act:
        service.register_vendor(act, name="Besok", deed_on=act.on + dt.timedelta(days=1), business_number="913")


def test_what_is_not_there_is_not_found(founded: Founded, shop: Shop) -> None:
    """Every reference is looked up before anything is written."""
    with pytest.raises(rules.VendorNotFound):
        bought(founded, shop, vendor="VND-2021-999999-0")
    with pytest.raises(rules.PurchaseNotFound):
        arrived(founded, "PUR-2021-999999-0", 1)
