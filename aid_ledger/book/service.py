"""Moving value. The book creates accounts as they are needed, keeps balances beside, and never lets one go below zero.

A service downstream says what moves and records the fact; the book returns the fact's `moves`. Balances are locked in
the order of account numbers, whatever the order of the movements, so that two Acts never wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from aid_ledger.book import posting, queries
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
    place_of,
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


def repost(act: Act, moves: Sequence[Move], *, batch: str | None) -> None:
    """Move again what a restored database had forgotten, as its fact said; the way was checked then, and by replay.

    Raises:
        InsufficientFunds: the restored book is not what the log says it was.

    """
    _apply(
        act,
        [Movement(place_of(each.source), place_of(each.target), each.commodity, each.amount) for each in moves],
        batch=batch,
    )


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
    if not movements:
        return ()
    act.session.flush()
    cells = [(_cell(each.origin, each), _cell(each.target, each)) for each in movements]
    held = _locked(act, {cell for pair in cells for cell in pair})

    amounts = {cell: account.amount for cell, account in held.items()}
    for movement, (origin, target) in zip(movements, cells, strict=True):
        _take(held[origin], amounts, origin, movement)
        amounts[target] += movement.amount

    before = act.count_written(Transfer)
    lines = [
        posting.Line(
            origin=held[origin].account_id,
            target=held[target].account_id,
            commodity=movement.commodity,
            amount=movement.amount,
            order_in_act=before + place,
            reverses=reverses[place] if reverses else None,
        )
        for place, (movement, (origin, target)) in enumerate(zip(movements, cells, strict=True))
    ]
    posting.post(act, lines, {held[cell].account_id: amount for cell, amount in amounts.items()}, batch=batch)
    return tuple(Move(each.origin.key(), each.target.key(), each.commodity, each.amount) for each in movements)


def _take(account: posting.Held, amounts: dict[posting.Cell, int], origin: posting.Cell, movement: Movement) -> None:
    """Take a movement's amount from its origin, as far as earlier movements have left enough there."""
    after = amounts[origin] - movement.amount
    if after < 0 and not account.is_world:
        raise InsufficientFunds(
            account=movement.origin.key(), commodity=movement.commodity, held=amounts[origin], wanted=movement.amount
        )
    amounts[origin] = after


def _cell(place: Place, movement: Movement) -> posting.Cell:
    return place.source, place.program, place.stage.value, movement.commodity


def _locked(act: Act, cells: set[posting.Cell]) -> dict[posting.Cell, posting.Held]:
    """Lock the balances of these cells, opening those where nothing has ever moved, in one order for everyone."""
    held = posting.lock(act.session, cells)
    if not held:
        for cell in sorted(cells):
            _open(act, cell)
        held = posting.lock(act.session, cells)
    if len(held) != len(cells):
        message = f"accounts {sorted(cells - held.keys())} could be neither opened nor found"
        raise RuntimeError(message)
    return held


def _open(act: Act, cell: posting.Cell) -> None:
    """Open an account and its balance. Another Act may be doing so: the second waits for the first and finds them."""
    source, program, stage, commodity = cell
    values = {"source": source, "program": program, "stage": stage, "commodity": commodity}
    if not insert_unless_there(act, Account, values, by=tuple(values)):
        return
    account_id = act.session.scalars(select(Account.id).filter_by(**values)).one()
    is_world = stage == Stage.WORLD.value
    insert_unless_there(act, Balance, {"account_id": account_id, "is_world": is_world, "amount": 0}, by=("account_id",))
