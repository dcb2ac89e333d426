"""Moving value. The book creates accounts as they are needed, keeps balances beside, and never lets one go below zero.

A service downstream says what moves and records the fact; the book returns the fact's `moves`. Balances are locked in
the order of account numbers, whatever the order of the movements, so that two Acts never wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from aid_ledger.book import queries
from aid_ledger.book.models import Account, Balance, Commodity, Transfer
from aid_ledger.book.rules import (
    MOVEMENTS_LIMIT,
    AlreadyReversed,
    CommodityTaken,
    InsufficientFunds,
    Movement,
    MovementRefused,
    Place,
    ReversalNotSecondPerson,
    Stage,
    check_commodity,
    check_movement,
)
from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.bulk import insert_unless_there
from audit.facts.money import CommodityDefined, Move, TransferReversed

on_constraint("pk_commodities", CommodityTaken)


def define_commodity(act: Act, *, code: str, unit: str, name: str, public_name: str) -> Commodity:
    """Define what may be counted; its public name must not tell what a household has (an illness, say).

    Raises:
        CommodityMalformed: code, unit or names cannot be.
        CommodityTaken: another commodity has this code.

    """
    check_commodity(code=code, unit=unit, name=name, public_name=public_name)

    commodity = Commodity(code=code, unit=unit, name=name, public_name=public_name)
    act.session.add(commodity)
    act.session.flush()

    act.record(CommodityDefined(commodity=code, unit=unit, public_name=public_name))
    return commodity


def move(act: Act, movements: Sequence[Movement], *, batch: str | None = None) -> tuple[Move, ...]:
    """Move value in the given order and return the moves for the fact that explains them.

    The caller records a fact that declares `accounts` and `transfers`. Locks the balances of all accounts touched.

    Raises:
        MovementRefused: a movement the grid does not allow.
        InsufficientFunds: an account would go below zero at any step.

    """
    for movement in movements:
        check_movement(movement)
    return _apply(act, movements, batch=batch)


def reverse(act: Act, act_id: str, *, reason: str, proposed_by: str) -> tuple[Move, ...]:
    """Undo every movement of an earlier Act by its mirror image, last first; needs a second person.

    Raises:
        MovementRefused: that Act moved nothing.
        AlreadyReversed: it was undone before.
        ReversalNotSecondPerson: the one who proposed it undoes it.
        InsufficientFunds: the value has moved on.

    """
    if act.actor.id == proposed_by:
        raise ReversalNotSecondPerson(official=proposed_by)
    originals = queries.transfers_of_act(act.session, act_id)
    if not originals:
        raise MovementRefused(act=act_id)
    if act.session.scalar(select(Transfer.id).where(Transfer.reverses_id.in_([row.id for row in originals])).limit(1)):
        raise AlreadyReversed(act=act_id)

    undone = [queries.movement_of(act.session, row) for row in reversed(originals)]
    mirrored = [Movement(each.target, each.origin, each.commodity, each.amount) for each in undone]
    for movement in mirrored:
        check_movement(movement, reversal=True)
    moves = _apply(act, mirrored, reverses=[row.id for row in reversed(originals)])

    act.record(TransferReversed(reversed_act=act_id, reason=reason, proposed_by=proposed_by, moves=moves))
    return moves


def _apply(
    act: Act, movements: Sequence[Movement], *, batch: str | None = None, reverses: Sequence[int] = ()
) -> tuple[Move, ...]:
    if len(movements) > MOVEMENTS_LIMIT:
        raise MovementRefused(movements=len(movements))
    accounts = _accounts(act, movements)
    balances = _lock_balances(act, sorted({account.id for account in accounts.values()}))
    before = queries.moves_so_far(act)
    moves = []
    for place, movement in enumerate(movements):
        origin = accounts[movement.origin, movement.commodity]
        target = accounts[movement.target, movement.commodity]
        _shift(balances[origin.id], -movement.amount, movement)
        _shift(balances[target.id], movement.amount, movement)
        act.session.add(
            Transfer(
                act=act.id,
                from_account_id=origin.id,
                to_account_id=target.id,
                commodity=movement.commodity,
                amount=movement.amount,
                batch=batch,
                reverses_id=reverses[place] if reverses else None,
                at=act.at,
                order_in_act=before + place,
            )
        )
        moves.append(Move(movement.origin.key(), movement.target.key(), movement.commodity, movement.amount))
    act.session.flush()
    return tuple(moves)


def _shift(balance: Balance, change: int, movement: Movement) -> None:
    after = balance.amount + change
    if after < 0 and not balance.is_world:
        raise InsufficientFunds(
            account=movement.origin.key(), commodity=movement.commodity, held=balance.amount, wanted=movement.amount
        )
    balance.amount = after


def _accounts(act: Act, movements: Sequence[Movement]) -> dict[tuple[Place, str], Account]:
    """Find or open the accounts of these movements, in one order for everyone."""
    cells = {(each, movement.commodity) for movement in movements for each in (movement.origin, movement.target)}
    ordered = sorted(cells, key=lambda cell: (cell[0].key(), cell[1]))
    return {cell: _account(act, *cell) for cell in ordered}


def _account(act: Act, place: Place, commodity: str) -> Account:
    found = queries.account(act.session, place, commodity)
    if found is not None:
        return found
    # Another Act may be opening the same account: the second waits for the first and then finds it.
    cell = {"source": place.source, "program": place.program, "stage": place.stage.value, "commodity": commodity}
    insert_unless_there(act, Account, cell, by=tuple(cell))
    account = queries.account(act.session, place, commodity)
    if account is None:
        message = f"account {place.key()} could be neither opened nor found"
        raise RuntimeError(message)
    is_world = place.stage is Stage.WORLD
    insert_unless_there(act, Balance, {"account_id": account.id, "is_world": is_world, "amount": 0}, by=("account_id",))
    return account


def _lock_balances(act: Act, account_ids: list[int]) -> dict[int, Balance]:
    query = select(Balance).where(Balance.account_id.in_(account_ids)).order_by(Balance.account_id)
    locked = act.session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return {balance.account_id: balance for balance in locked}
