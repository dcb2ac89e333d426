"""Rules of buying: whole goods for whole rupiah, and never more goods than were ordered."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.money import MAX_AMOUNT
from aid_ledger.procurement import rules

TODAY = dt.date(2021, 8, 5)


@pytest.mark.parametrize(
    ("commodity", "quantity", "price"),
    [("IDR", 1, 1), ("PAKET_A", 0, 1), ("PAKET_A", 1, 0), ("PAKET_A", -1, 1), ("PAKET_A", 1, MAX_AMOUNT + 1)],
)
def test_money_for_money_or_for_nothing_is_no_purchase(commodity: str, quantity: int, price: int) -> None:
    """P1: money becomes goods only by a purchase, and a purchase buys something for something."""
    with pytest.raises(rules.PurchaseRefused):
        rules.check_purchase(commodity=commodity, quantity=quantity, price=price)


@pytest.mark.parametrize("number", [1.5, True, "10"])
def test_half_a_packet_is_our_mistake(number: object) -> None:
    """P1: goods and money are whole; a float is no refusal but a bug."""
    with pytest.raises(TypeError):
        rules.check_purchase(commodity="PAKET_A", quantity=number, price=1)  # type: ignore[arg-type] # the cheat
    with pytest.raises(TypeError):
        rules.check_purchase(commodity="PAKET_A", quantity=1, price=number)  # type: ignore[arg-type] # the cheat
    with pytest.raises(TypeError):
        rules.check_arrival(ordered=2, received=0, arriving=number)  # type: ignore[arg-type] # the cheat


@given(st.integers(1, 10**9), st.lists(st.integers(-3, 10**9), max_size=30))
def test_arrivals_never_add_up_to_more_than_the_order(ordered: int, arriving: list[int]) -> None:
    """RF-60 the other way round: however deliveries are cut, what is taken in stays within the contract."""
    received = 0
    for goods in arriving:
        if goods <= 0:
            with pytest.raises(rules.PurchaseRefused):
                rules.check_arrival(ordered=ordered, received=received, arriving=goods)
        elif received + goods > ordered:
            with pytest.raises(rules.DeliveredMoreThanOrdered):
                rules.check_arrival(ordered=ordered, received=received, arriving=goods)
        else:
            rules.check_arrival(ordered=ordered, received=received, arriving=goods)
            received += goods
    assert received <= ordered


@pytest.mark.parametrize(
    "changes",
    [{"name": " "}, {"business_number": ""}, {"business_number": "9" * 61}, {"deed_on": dt.date(2021, 8, 6)}],
)
def test_a_vendor_founded_tomorrow_is_refused(changes: dict[str, object]) -> None:
    """RF: a company made for one contract has a deed, a number and a day."""
    whole: dict[str, object] = {"name": "Perum Contoh", "business_number": "9120001", "deed_on": TODAY}
    rules.check_vendor(today=TODAY, **whole)  # type: ignore[arg-type] # one dictionary for the good and the bad
    with pytest.raises(rules.VendorRefused):
        rules.check_vendor(today=TODAY, **whole | changes)  # type: ignore[arg-type] # as above
