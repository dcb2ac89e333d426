"""Where value is: every move of every fact, applied in order. Only `world` may go below zero.

Each fact that moves value says what it moves; the files of its family say what it may move, and `carry` holds the one
against the other: exactly that and nothing else.
"""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from audit.facts import money
from audit.facts.money import Move
from audit.replay.authority import one_person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audit.replay.state import State, Step

WORLD: Final = "world"

CORRECTABLE: Final = frozenset({money.FundsReceived, money.HistoryDeclared, money.FundsAllocated})
"""Facts whose moves a reversal may undo; what belongs to a batch or a purchase is undone by facts of its own."""


SHOWN: Final = 3
"""Moves named in a sentence."""


def account(source: str, program: str, stage: str) -> str:
    """Write an account's key; before it is allocated, value belongs to no programme."""
    return f"{source}/{program or '-'}/{stage}"


def between(
    source: str, commodity: str, amount: int, *, origin: tuple[str, str], target: tuple[str, str]
) -> tuple[Move, ...]:
    """Write one move within a source; ends are a programme ("" for none) and a stage."""
    return (_move(source, commodity, amount, origin, target),)


# Every household of a batch is paid by the same move.
@functools.lru_cache(maxsize=1024)
def _move(source: str, commodity: str, amount: int, origin: tuple[str, str], target: tuple[str, str]) -> Move:
    return Move(account(source, *origin), account(source, *target), commodity, amount)


def shares(program: str, commodity: str, by_source: Mapping[str, int], origin: str, target: str) -> tuple[Move, ...]:
    """Write a programme's moves from one stage to another, one of each source that has a share."""
    ends = (program, origin), (program, target)
    return tuple([_move(source, commodity, amount, *ends) for source, amount in by_source.items() if amount])


def carry(state: State, step: Step, moves: tuple[Move, ...], due: tuple[Move, ...]) -> None:
    """Apply the moves of a fact, which must be those that are due, in whatever order."""
    if moves != due and Counter(map(_key, moves)) != Counter(map(_key, due)):
        state.broken("value.moves", step.index, f"{step.entry.kind} moves {_told(moves)}; due is {_told(due)}")
    for move in moves:
        _shift(state, step, move)
    if type(step.fact) in CORRECTABLE:
        state.reversible[step.entry.act] = (*state.reversible.get(step.entry.act, ()), *moves)


def _shift(state: State, step: Step, move: Move) -> None:
    held = state.balances
    before = held.get((move.source, move.commodity), 0)
    held[move.source, move.commodity] = before - move.amount
    if before < move.amount and not move.source.endswith(f"/{WORLD}"):
        state.broken("value.below_zero", step.index, f"{move.source} held {before} {move.commodity}, not {move.amount}")
    held[move.target, move.commodity] = held.get((move.target, move.commodity), 0) + move.amount


def _reversed(state: State, step: Step, fact: money.TransferReversed) -> None:
    """Hold a reversal against the act it undoes: its mirror image, once, by a second person."""
    if fact.proposed_by in one_person(state, step.who, step.entry.on):
        state.broken("value.reversal_alone", step.index, f"{step.who} reversed what they proposed to reverse")
    undone = state.reversible.pop(fact.reversed_act, None)
    if undone is None:
        state.broken("value.reversal", step.index, f"act {fact.reversed_act} has nothing left that could be reversed")
        undone = tuple(_mirrored(each) for each in fact.moves)
    carry(state, step, fact.moves, tuple(_mirrored(each) for each in undone))


def _mirrored(move: Move) -> Move:
    return Move(move.target, move.source, move.commodity, move.amount)


def _key(move: Move) -> tuple[str, str, str, int]:
    return move.source, move.target, move.commodity, move.amount


def _told(moves: tuple[Move, ...]) -> str:
    told = [f"{each.amount} {each.commodity} {each.source} → {each.target}" for each in moves[:SHOWN]]
    more = len(moves) - len(told)
    return ", ".join([*told, *([f"{more} more"] if more else [])]) or "nothing"


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {money.TransferReversed: _reversed}
