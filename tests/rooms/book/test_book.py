"""The book: every rupiah is in exactly one place, and no account goes below zero, whoever asks at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from psycopg.errors import SerializationFailure
from sqlalchemy import select

from aid_ledger.book import queries, service
from aid_ledger.book.models import Transfer
from aid_ledger.book.rules import (
    IDR,
    AlreadyReversed,
    InsufficientFunds,
    Movement,
    MovementRefused,
    Place,
    ReversalNotSecondPerson,
    Stage,
)
from aid_ledger.core.act import Act, Actor
from audit.facts.money import FundsAllocated, Move
from tests.benches import Bench

WORLD = Place("BTT-2021", Stage.WORLD)
RECEIVED = Place("BTT-2021", Stage.RECEIVED)
ALLOCATED = Place("BTT-2021", Stage.ALLOCATED, "BST")
RESERVED = Place("BTT-2021", Stage.RESERVED, "BST")


def record(act: Act, moves: tuple[Move, ...]) -> None:
    """Record a fact that may explain the book's tables."""
    act.record(
        FundsAllocated(
            allocation="ALC-1",
            source="BTT-2021",
            program="BST",
            commodity=IDR,
            amount=moves[0].amount,
            document="DOC-1",
            moves=moves,
        )
    )


def receive(act: Act, amount: int) -> None:
    """Bring rupiah into custody."""
    record(act, service.move(act, [Movement(WORLD, RECEIVED, IDR, amount)]))


@pytest.fixture
def money(bench: Bench, anyone: Actor) -> Bench:
    """Give a book with a million rupiah received."""
    with bench.act(anyone) as act:
        service.define_commodity(act, code=IDR, unit="rupiah", name="Rupiah", public_name="Rupiah")
        receive(act, 1_000_000)
    return bench


def test_no_account_goes_below_zero(money: Bench, anyone: Actor) -> None:
    """P1: what is not there cannot be moved, and the refusal leaves no trace."""
    with pytest.raises(InsufficientFunds) as refusal, money.act(anyone) as act:
        record(act, service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, 1_000_001)]))
    assert refusal.value.facts["held"] == 1_000_000
    with money.reading() as session:
        assert queries.balance(session, RECEIVED, IDR) == 1_000_000
        assert queries.unbalanced(session) == []


def test_value_must_be_there_before_it_moves_on_even_within_one_act(money: Bench, anyone: Actor) -> None:
    """A later movement of the same Act cannot pay for an earlier one: replay would see the account below zero."""
    steps = [Movement(ALLOCATED, RESERVED, IDR, 5), Movement(RECEIVED, ALLOCATED, IDR, 5)]
    with pytest.raises(InsufficientFunds), money.act(anyone) as act:
        service.move(act, steps)


@pytest.mark.parametrize("amount", [0, -1])
def test_only_positive_amounts_move(money: Bench, anyone: Actor, amount: int) -> None:
    """A negative movement would be a movement the other way without its fact."""
    with pytest.raises(MovementRefused), money.act(anyone) as act:
        service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, amount)])


def test_a_float_is_a_type_error(money: Bench, anyone: Actor) -> None:
    """Money is integers."""
    with pytest.raises(TypeError), money.act(anyone) as act:
        service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, 1.5)])  # type: ignore[arg-type] # the cheat itself


def test_value_cannot_skip_its_way(money: Bench, anyone: Actor) -> None:
    """P1: received money reaches no household without allocation, reservation and a channel."""
    delivered = Place("BTT-2021", Stage.DELIVERED, "BST")
    with pytest.raises(MovementRefused), money.act(anyone) as act:
        service.move(act, [Movement(RECEIVED, delivered, IDR, 1)])


def test_twenty_at_once_cannot_overspend(money: Bench, anyone: Actor) -> None:
    """P1 under concurrency: 20 Acts each want a tenth; ten get it, ten are refused, nothing is lost."""

    def spend(_number: int) -> bool:
        try:
            with money.act(anyone) as act:
                record(act, service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, 100_000)]))
        except InsufficientFunds:
            return False
        return True

    with ThreadPoolExecutor(20) as crowd:
        outcomes = list(crowd.map(spend, range(20)))
    assert outcomes.count(True) == 10
    with money.reading() as session:
        assert queries.balance(session, ALLOCATED, IDR) == 1_000_000
        assert queries.balance(session, RECEIVED, IDR) == 0
        assert queries.unbalanced(session) == []


def orders_of(bench: Bench, act_id: str) -> list[tuple[int, int]]:
    """List what an Act moved, in the order of row numbers: place in the Act, and amount."""
    with bench.reading() as session:
        rows = session.scalars(select(Transfer).where(Transfer.act == act_id).order_by(Transfer.id))
        return [(row.order_in_act, row.amount) for row in rows]


def test_two_moves_of_one_act_keep_their_order(money: Bench, anyone: Actor) -> None:
    """Replay walks an Act's transfers in order, so a second call of the book goes on where the first one stopped."""
    with money.act(anyone) as act:
        first = service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, amount) for amount in (5, 3, 4)])
        record(act, first + service.move(act, [Movement(ALLOCATED, RESERVED, IDR, amount) for amount in (2, 1)]))
    assert orders_of(money, act.id) == [(0, 5), (1, 3), (2, 4), (3, 2), (4, 1)]
    with money.reading() as session:
        assert [queries.balance(session, place, IDR) for place in (RECEIVED, ALLOCATED, RESERVED)] == [999_988, 9, 3]
        assert queries.unbalanced(session) == []


def test_an_act_that_runs_again_counts_its_moves_anew(money: Bench, anyone: Actor) -> None:
    """What a transaction moved that the database undid is forgotten with it."""
    tries: list[str] = []

    def deed(act: Act) -> None:
        tries.append(act.id)
        record(act, service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, 7)]))
        if len(tries) == 1:
            raise SerializationFailure

    money.acts.run(anyone, deed)
    assert [orders_of(money, act_id) for act_id in tries] == [[], [(0, 7)]]


def test_who_waits_for_an_account_to_open_keeps_no_other_waiting(money: Bench, anyone: Actor) -> None:
    """A balance held while another Act opens the account beside it would be half of a ring of two that wait."""

    def spend() -> None:
        with money.act(anyone) as act:
            record(act, service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, 1)]))

    with ThreadPoolExecutor(1) as other:
        with money.act(anyone) as act:
            opening = service.move(act, [Movement(WORLD, ALLOCATED, IDR, 10)])
            waiting = other.submit(spend)
            wait([waiting], timeout=0.5)
            record(act, opening + service.move(act, [Movement(WORLD, RECEIVED, IDR, 10)]))
        waiting.result(timeout=30)
    with money.reading() as session:
        assert [queries.balance(session, place, IDR) for place in (RECEIVED, ALLOCATED)] == [1_000_009, 11]


def test_opposite_movements_at_once_do_not_wait_in_a_ring(money: Bench, anyone: Actor) -> None:
    """Balances are locked in the order of account numbers, whichever way value goes."""
    with money.act(anyone) as act:
        record(act, service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, 500_000)]))

    def shuttle(number: int) -> None:
        ends = (RECEIVED, ALLOCATED) if number % 2 else (ALLOCATED, RECEIVED)
        with money.act(anyone) as act:
            record(act, service.move(act, [Movement(*ends, IDR, 1)]))

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(shuttle, range(40)))
    with money.reading() as session:
        assert queries.balance(session, ALLOCATED, IDR) == 500_000
        assert queries.unbalanced(session) == []


def test_an_account_without_its_balance_is_not_given_a_new_one(money: Bench, anyone: Actor) -> None:
    """Somebody's hand took the row: nothing moves until `audit diff` and people have looked."""
    with money.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM balances WHERE amount > 0")
    with pytest.raises(RuntimeError, match="neither opened nor found"), money.act(anyone) as act:
        service.move(act, [Movement(WORLD, RECEIVED, IDR, 1)])


def test_a_reversal_needs_a_second_person_and_happens_once(money: Bench, anyone: Actor) -> None:
    """Corrections are linked reversals with a reason and a second person."""
    with money.act(anyone) as act:
        record(act, service.move(act, [Movement(RECEIVED, ALLOCATED, IDR, 10)]))
        undone = act.id
    with pytest.raises(ReversalNotSecondPerson), money.act(anyone) as act:
        service.reverse(act, undone, reason="salah program", proposed_by=anyone.id)
    with money.act(anyone) as act:
        service.reverse(act, undone, reason="salah program", proposed_by="orang.lain")
    with pytest.raises(AlreadyReversed), money.act(anyone) as act:
        service.reverse(act, undone, reason="lagi", proposed_by="orang.lain")
    with money.reading() as session:
        assert queries.balance(session, RECEIVED, IDR) == 1_000_000


def test_a_balance_edited_by_hand_is_named(money: Bench) -> None:
    """`book check` compares what is kept with the sum of transfers."""
    with money.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE balances SET amount = amount + 1 WHERE amount > 0")
    with money.reading() as session:
        assert [(each.account, each.kept, each.summed) for each in queries.unbalanced(session)] == [
            ("BTT-2021/-/received", 1_000_001, 1_000_000)
        ]
