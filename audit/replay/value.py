"""Where value is: every move of every fact, applied in order. Only `world` may go below zero."""

from __future__ import annotations

from collections.abc import Sequence

from audit.facts.money import (
    FundsAllocated,
    FundsReceived,
    GoodsPurchased,
    GoodsReceived,
    HistoryDeclared,
    Move,
    TransferReversed,
)
from audit.facts.paying import FundsReturned
from audit.replay.state import State, Step

WORLD = "world"

FORWARD = frozenset(
    {
        ("world", "received"),
        ("received", "allocated"),
        ("allocated", "received"),
        ("allocated", "spent"),
        ("world", "allocated"),
        ("allocated", "reserved"),
        ("reserved", "allocated"),
        ("reserved", "in_transit"),
        ("in_transit", "delivered"),
        ("in_transit", "allocated"),
        ("allocated", "returned"),
        ("received", "returned"),
        ("allocated", "lost"),
    }
)
"""The ways value moves; anything else is a reversal, which only TransferReversed may make."""

_STATED = {
    FundsReceived: (("world", "received"),),
    HistoryDeclared: (("world", "received"), ("received", "allocated")),
    FundsAllocated: (("received", "allocated"),),
    GoodsPurchased: (("allocated", "spent"),),
    GoodsReceived: (("world", "allocated"),),
    FundsReturned: (("allocated", "returned"), ("received", "returned")),
}
"""Facts that state one amount, and the moves that must add up to it."""


def apply(state: State, step: Step, _act: Sequence[Step]) -> None:
    """Apply a fact's moves to the balances and hold them against what the fact states."""
    moves: tuple[Move, ...] = getattr(step.fact, "moves", ())
    for move in moves:
        _shift(state, step, move)
    _hold_against_statement(state, step, moves)


def stage_of(account: str) -> str:
    """Read the stage off an account key `<source>/<programme>/<stage>`."""
    return account.rpartition("/")[2]


def cell(account: str) -> tuple[str, str]:
    """Read source and programme off an account key."""
    source, _, rest = account.partition("/")
    return source, rest.rpartition("/")[0]


def _shift(state: State, step: Step, move: Move) -> None:
    pair = (stage_of(move.source), stage_of(move.target))
    allowed = pair in FORWARD or (isinstance(step.fact, TransferReversed) and pair[::-1] in FORWARD)
    if not allowed or move.amount == 0:
        state.broken("value.way", step.index, f"{move.amount} {move.commodity} cannot move {pair[0]} → {pair[1]}")
    if cell(move.source)[0] != cell(move.target)[0]:
        state.broken("value.source", step.index, f"value left source {cell(move.source)[0]} for {cell(move.target)[0]}")
    before = state.balances.get((move.source, move.commodity), 0)
    state.balances[move.source, move.commodity] = before - move.amount
    if before < move.amount and pair[0] != WORLD:
        state.broken("value.below_zero", step.index, f"{move.source} held {before} {move.commodity}, not {move.amount}")
    after = state.balances.get((move.target, move.commodity), 0)
    state.balances[move.target, move.commodity] = after + move.amount


def _hold_against_statement(state: State, step: Step, moves: tuple[Move, ...]) -> None:
    pairs = _STATED.get(type(step.fact))
    if pairs is None:
        return
    stated = step.fact.price if isinstance(step.fact, GoodsPurchased) else _amount(step)
    moved = sum(move.amount for move in moves if (stage_of(move.source), stage_of(move.target)) in pairs[:1])
    if len(pairs) > 1 and not moved:
        moved = sum(move.amount for move in moves if (stage_of(move.source), stage_of(move.target)) in pairs)
    if moved != stated:
        state.broken("value.statement", step.index, f"{step.entry.kind} states {stated} but moves {moved}")


def _amount(step: Step) -> int:
    stated: int = getattr(step.fact, "quantity", 0) or getattr(step.fact, "amount", 0)
    return stated
