"""Every rupiah is whole: what money refuses to be made of, added to, read from and stored as."""

from __future__ import annotations

import operator
import pickle
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, func, insert, select, text, update
from sqlalchemy.dialects import sqlite

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.money import (
    MAX_AMOUNT,
    MAX_PARTS,
    AmountType,
    MoneyFractional,
    MoneyMalformed,
    MoneyNegative,
    MoneyTooLarge,
    Quantity,
    QuantityType,
    Rupiah,
    RupiahType,
    amount_text,
    parse_rupiah,
    split_evenly,
)

DIALECT = sqlite.dialect()
amounts = st.integers(min_value=0, max_value=MAX_AMOUNT)
differences = st.integers(min_value=-MAX_AMOUNT, max_value=MAX_AMOUNT)
NOT_WHOLE = [0.5, 1.0, True, Decimal(1), Fraction(1, 2), 1j]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.truediv, operator.pow]
ORDERINGS = [operator.lt, operator.le, operator.gt, operator.ge]

metadata = MetaData()
ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("total", RupiahType),
    Column("packets", QuantityType),
    Column("amount", AmountType),
)


@pytest.fixture
def engine() -> Engine:
    """Give an empty table with one column of each kind."""
    made = create_engine("sqlite://")
    metadata.create_all(made)
    return made


@pytest.mark.parametrize("value", [*NOT_WHOLE, "5", None, Quantity(6)])
def test_money_is_not_made_of_anything_but_an_int(value: Any) -> None:  # noqa: ANN401 - the wrong type is the test
    """Law: money is whole; a float, a bool or text becomes money nowhere in silence."""
    with pytest.raises(TypeError):
        Rupiah(value)


@pytest.mark.parametrize("other", NOT_WHOLE)
@pytest.mark.parametrize("reckon", [*OPERATORS, divmod, *ORDERINGS])
def test_money_is_not_reckoned_with_fractions(reckon: Callable[[Any, Any], Any], other: Any) -> None:  # noqa: ANN401 - the wrong type is the test
    """Law: 0.1 + 0.2 is not money; every operator refuses floats, Decimals and truth values."""
    with pytest.raises(TypeError):
        reckon(Rupiah(7), other)


@pytest.mark.parametrize("reckon", [operator.add, operator.sub, operator.floordiv, operator.mod, divmod, *ORDERINGS])
def test_money_is_not_mixed_with_goods(reckon: Callable[[Any, Any], Any]) -> None:
    """Cheat: 100 packets booked as 100 rupiah."""
    with pytest.raises(TypeError):
        reckon(Rupiah(7), Quantity(7))
    with pytest.raises(TypeError):
        reckon(Quantity(7), Rupiah(7))


def test_some_sums_mean_nothing() -> None:
    """Law: no share but by split_evenly or //, no squares, no floats, no text."""
    senseless: list[Callable[[], object]] = [
        lambda: Rupiah(6) / 2,
        lambda: 6 / Rupiah(2),
        lambda: 2 ** Rupiah(2),
        lambda: Rupiah(2) ** 2,
        lambda: Rupiah(2) * Rupiah(2),
        lambda: Quantity(2) * Quantity(2),
        lambda: float(Rupiah(2)),
        lambda: f"{Rupiah(2):.1f}",
        lambda: Rupiah(2) + "2",  # type: ignore[operator]
        lambda: Rupiah(2) < "2",  # type: ignore[operator]
        lambda: Rupiah(2) // "2",  # type: ignore[operator]
        lambda: divmod(Rupiah(2), "2"),  # type: ignore[operator]
    ]

    for reckon in senseless:
        with pytest.raises(TypeError):
            reckon()


@pytest.mark.parametrize("left", [0.5, Decimal("0.5")])
def test_a_fraction_on_the_left_gets_no_further(left: Any) -> None:  # noqa: ANN401 - the wrong type is the test
    """Cheat: a float to the left slips past the operator; the next door refuses what came out."""
    leaked = left * Rupiah(3)

    for door in (Rupiah, amount_text, lambda value: RupiahType().process_bind_param(value, DIALECT)):
        with pytest.raises(TypeError):
            door(leaked)


@given(differences, differences)
def test_reckoning_is_exact_and_stays_money(one: int, other: int) -> None:
    """Law P1: sums and differences are those of whole numbers, and are money again."""
    for got, expected in (
        (Rupiah(one) + Rupiah(other), one + other),
        (Rupiah(one) + other, one + other),
        (one + Rupiah(other), one + other),
        (Rupiah(one) - Rupiah(other), one - other),
        (one - Rupiah(other), one - other),
        (Rupiah(one) * other, one * other),
        (one * Rupiah(other), one * other),
        (-Rupiah(one), -one),
        (abs(Rupiah(one)), abs(one)),
        (sum([Rupiah(one), Rupiah(other)]), one + other),
    ):
        assert type(got) is Rupiah
        assert int(got) == expected
    assert (Rupiah(one) < Rupiah(other), Rupiah(one) <= other) == (one < other, one <= other)
    assert (Rupiah(one) > Rupiah(other), Rupiah(one) >= other) == (one > other, one >= other)
    assert (Rupiah(one) == other) == (one == other)
    assert hash(Rupiah(one)) == hash(one)


@given(differences, st.integers(min_value=1, max_value=MAX_AMOUNT))
def test_division_leaves_nothing_behind(total: int, count: int) -> None:
    """Law P1: quotient times count plus rest is the sum again."""
    share, rest = divmod(Rupiah(total), count)

    assert share == Rupiah(total) // count
    assert rest == Rupiah(total) % count
    assert (type(share), type(rest)) == (Rupiah, Rupiah)
    assert share * count + rest == total
    assert type(Rupiah(total) // Rupiah(count)) is int


def test_price_times_quantity_is_money() -> None:
    """Law: the one product of two kinds is what a purchase costs, in either order."""
    assert repr(Rupiah(65_000) * Quantity(12)) == "Rupiah(780000)"
    assert repr(Quantity(12) * Rupiah(65_000)) == "Rupiah(780000)"
    assert repr(Quantity(12) * 2) == "Quantity(24)"


def test_money_travels_as_a_number() -> None:
    """Law: text, pickles and JSON hold the digits; only a repr says what kind it was."""
    assert (str(Rupiah(5)), f"{Rupiah(5)}", f"{Rupiah(5000):,}") == ("5", "5", "5,000")
    assert repr(pickle.loads(pickle.dumps(Rupiah(5)))) == "Rupiah(5)"  # noqa: S301 - our own bytes


def test_money_leaves_a_column_its_own_answer() -> None:
    """Law: a number beside a column is still an SQL expression, not a TypeError."""
    assert str(Rupiah(5) <= ledger.c.total) == "ledger.total >= :total_1"
    assert str(Rupiah(5) + ledger.c.total) == ":total_1 + ledger.total"
    assert "//" not in str(Rupiah(5) * ledger.c.total)
    assert str(Rupiah(5) % ledger.c.total) == ":total_1 % ledger.total"
    assert str(Rupiah(5) - ledger.c.total) == ":total_1 - ledger.total"


@pytest.mark.parametrize(
    ("written", "refusal"),
    [
        ("", MoneyMalformed),
        ("Rp", MoneyMalformed),
        ("sejuta", MoneyMalformed),
        ("1.23.456", MoneyMalformed),
        ("12.3456", MoneyMalformed),
        ("0.123", MoneyMalformed),
        ("007", MoneyMalformed),
        ("1,234,567", MoneyMalformed),
        ("1 234", MoneyMalformed),
        ("1e6", MoneyMalformed),
        ("\u0661\u0662\u0663", MoneyMalformed),
        ("USD 5", MoneyMalformed),
        ("--5", MoneyMalformed),
        ("9" * 41, MoneyMalformed),
        ("1.5", MoneyFractional),
        ("1234.50", MoneyFractional),
        ("0,5", MoneyFractional),
        ("Rp1.234.567,00", MoneyFractional),
        ("-0,5", MoneyFractional),
        ("-5", MoneyNegative),
        ("\u22125.000", MoneyNegative),
        ("Rp-5.000", MoneyNegative),
        ("-Rp5.000", MoneyNegative),
        (str(MAX_AMOUNT + 1), MoneyTooLarge),
    ],
)
def test_text_that_is_no_amount_is_refused(written: str, refusal: type[DomainError]) -> None:
    """Law: nobody guesses what a clerk meant by a comma."""
    with pytest.raises(refusal) as refused:
        parse_rupiah(written)

    assert refused.value.kind is Kind.INVALID
    assert refused.value.code.startswith("money.")


@given(st.text(max_size=50))
def test_any_text_is_read_or_refused(written: str) -> None:
    """Law P7: no input but an amount or a refusal."""
    try:
        assert 0 <= parse_rupiah(written) <= MAX_AMOUNT
    except DomainError as refusal:
        assert refusal.code.startswith("money.")  # noqa: PT017 - either end is lawful


@given(amounts)
def test_every_way_of_writing_an_amount_is_read(amount: int) -> None:
    """Law: `1234567`, `1.234.567` and `Rp1.234.567` are one amount."""
    grouped = f"{amount:,}".replace(",", ".")

    for written in (str(amount), grouped, f"Rp{grouped}", f"rp. {amount}", f" Rp {grouped} "):
        assert repr(parse_rupiah(written)) == f"Rupiah({amount})"


@pytest.mark.parametrize("amount", [1.0, True, Decimal(1), "12"])
def test_the_log_holds_no_fraction(amount: Any) -> None:  # noqa: ANN401 - the wrong type is the test
    """Law: amounts in facts are decimal strings of whole numbers."""
    with pytest.raises(TypeError):
        amount_text(amount)


@pytest.mark.parametrize("amount", [-1, MAX_AMOUNT + 1])
def test_the_log_holds_no_amount_out_of_range(amount: int) -> None:
    """Law: below zero or above the largest amount nothing is written."""
    with pytest.raises(ValueError, match="no amount for the log"):
        amount_text(Rupiah(amount))


@given(amounts)
def test_an_amount_survives_the_log(amount: int) -> None:
    """Law: what the log holds reads back as the same amount, written one way only."""
    assert amount_text(Rupiah(amount)) == amount_text(amount) == str(amount)
    assert parse_rupiah(amount_text(amount)) == amount


@pytest.mark.parametrize(("total", "parts"), [(Rupiah(1), 0), (Rupiah(1), MAX_PARTS + 1), (Rupiah(-1), 2)])
def test_shares_of_nothing_are_refused(total: Rupiah, parts: int) -> None:
    """Law: no division by nobody, and none of a debt."""
    with pytest.raises(ValueError, match="shares of"):
        split_evenly(total, parts)


def test_shares_are_of_a_kind() -> None:
    """Law: a bare number is not divided; nobody would know whether it was money."""
    with pytest.raises(TypeError):
        split_evenly(7, 2)  # type: ignore[type-var]
    assert repr(split_evenly(Quantity(7), 2)) == "[Quantity(4), Quantity(3)]"


@given(amounts, st.integers(min_value=1, max_value=500))
def test_shares_add_up(total: int, parts: int) -> None:
    """Law P1: dividing loses and makes no rupiah, and no share is more than one rupiah better."""
    shares = split_evenly(Rupiah(total), parts)

    assert sum(shares) == total
    assert len(shares) == parts
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("column", [AmountType(), RupiahType(), QuantityType()], ids=["amount", "rupiah", "quantity"])
@pytest.mark.parametrize("value", [1.0, True, Decimal(1), "12"])
def test_a_column_takes_no_fraction(column: AmountType, value: Any) -> None:  # noqa: ANN401 - the wrong type is the test
    """Law: what is not whole is refused before the database could round it."""
    with pytest.raises(TypeError):
        column.process_bind_param(value, DIALECT)


def test_a_column_takes_only_its_kind() -> None:
    """Cheat: packets bound as rupiah."""
    with pytest.raises(TypeError):
        RupiahType().process_bind_param(Quantity(1), DIALECT)
    with pytest.raises(TypeError):
        QuantityType().process_bind_param(Rupiah(1), DIALECT)
    assert AmountType().process_bind_param(Quantity(1), DIALECT) == 1


@pytest.mark.parametrize("value", [MAX_AMOUNT + 1, -MAX_AMOUNT - 1])
def test_a_column_takes_nothing_out_of_range(value: int) -> None:
    """Law: a BIGINT never meets a number it could wrap."""
    with pytest.raises(ValueError, match="out of range"):
        RupiahType().process_bind_param(value, DIALECT)


def test_columns_give_back_their_kind(engine: Engine) -> None:
    """Law: money that went in as money comes out as money, sums and changes made by the database included."""
    with engine.begin() as connection:
        connection.execute(insert(ledger).values(total=Rupiah(5), packets=Quantity(2), amount=Rupiah(3)))
        connection.execute(insert(ledger).values(total=None, packets=None, amount=None))
        connection.execute(update(ledger).where(ledger.c.id == 1).values(total=ledger.c.total - 8))
        rows = connection.execute(select(ledger.c.total, ledger.c.packets, ledger.c.amount)).all()
        total = connection.execute(select(func.sum(ledger.c.total))).scalar_one()

    assert repr(rows[0]) == "(Rupiah(-3), Quantity(2), 3)"
    assert type(rows[0].amount) is int
    assert tuple(rows[1]) == (None, None, None)
    assert repr(total) == "Rupiah(-3)"


def test_a_fraction_put_in_by_hand_is_noticed(engine: Engine) -> None:
    """Cheat: a superuser stores half a rupiah; reading it fails instead of rounding it."""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO ledger (total) VALUES (1.5)"))
        with pytest.raises(TypeError):
            connection.execute(select(ledger.c.total)).all()


def test_a_numeric_sum_must_be_whole() -> None:
    """Law: PostgreSQL sums BIGINT as numeric; whole ones are money, others a fault."""
    assert repr(RupiahType().process_result_value(Decimal(7), DIALECT)) == "Rupiah(7)"
    with pytest.raises(TypeError):
        RupiahType().process_result_value(Decimal("7.5"), DIALECT)
