"""What the book refuses, and the stages value passes through. Pure: no database, no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

NO_PROGRAM: Final = "-"
"""The programme part of an account whose value is not allocated to a programme yet."""

IDR: Final = "IDR"
"""The commodity code of whole rupiah."""

WORDS_LIMIT = 300
"""As long as one line of public text may be in the log."""

_COMMODITY = re.compile(r"[A-Z0-9][A-Z0-9_]{1,39}")

MOVEMENTS_LIMIT = 500
"""Movements in one Act: a batch moves once per source, so hundreds already mean a mistake (and a fact holds 500)."""


class Stage(Enum):
    """Where value is on its way from the world to a household, or back."""

    WORLD = "world"
    RECEIVED = "received"
    ALLOCATED = "allocated"
    RESERVED = "reserved"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    RETURNED = "returned"
    SPENT = "spent"
    LOST = "lost"


ALLOWED_MOVES: Final = frozenset(
    {
        (Stage.WORLD, Stage.RECEIVED),
        (Stage.RECEIVED, Stage.ALLOCATED),
        (Stage.ALLOCATED, Stage.RECEIVED),
        (Stage.ALLOCATED, Stage.SPENT),
        (Stage.WORLD, Stage.ALLOCATED),
        (Stage.ALLOCATED, Stage.RESERVED),
        (Stage.RESERVED, Stage.ALLOCATED),
        (Stage.RESERVED, Stage.IN_TRANSIT),
        (Stage.IN_TRANSIT, Stage.DELIVERED),
        (Stage.IN_TRANSIT, Stage.ALLOCATED),
        (Stage.ALLOCATED, Stage.RETURNED),
        (Stage.RECEIVED, Stage.RETURNED),
        (Stage.ALLOCATED, Stage.LOST),
    }
)
"""The only ways value moves forward or back in the ordinary course; corrections are reversals of one of these."""

BEFORE_ALLOCATION: Final = frozenset({Stage.WORLD, Stage.RECEIVED, Stage.RETURNED})
"""Stages in which value may belong to no programme."""


@dataclass(frozen=True, slots=True)
class Place:
    """One account of the grid but for its commodity: a source, a programme or none, a stage."""

    source: str
    stage: Stage
    program: str = NO_PROGRAM

    def key(self) -> str:
        """Write the account as facts do: `<source>/<programme or ->/<stage>`."""
        return account_key(self.source, self.program, self.stage.value)


def account_key(source: str, program: str, stage: str) -> str:
    """Write an account as facts do, even one of a stage that does not exist: somebody's hand may have been in it."""
    return f"{source}/{program}/{stage}"


@dataclass(frozen=True, slots=True)
class Movement:
    """So much of a commodity from one place to another; whole rupiah or whole units."""

    origin: Place
    target: Place
    commodity: str
    amount: int


def place_of(key: str) -> Place:
    """Read an account as facts write it."""
    source, _, rest = key.partition("/")
    program, _, stage = rest.rpartition("/")
    return Place(source, Stage(stage), program)


class InsufficientFunds(DomainError):
    """An account holds less than should leave it."""

    kind = Kind.CONFLICT
    code = "book.insufficient_funds"


class MovementRefused(DomainError):
    """Value does not move that way, or not in that amount."""

    kind = Kind.INVALID
    code = "book.movement_refused"


class CommodityUnknown(DomainError):
    """No such commodity is defined."""

    kind = Kind.NOT_FOUND
    code = "book.commodity_unknown"


class AccountNotFound(DomainError):
    """Nothing has ever moved in that cell of the grid."""

    kind = Kind.NOT_FOUND
    code = "book.account_not_found"


class CommodityMalformed(DomainError):
    """Code, unit or names of a commodity cannot be."""

    kind = Kind.INVALID
    code = "book.commodity_malformed"


class CommodityTaken(DomainError):
    """Another commodity has this code."""

    kind = Kind.CONFLICT
    code = "book.commodity_taken"


class AlreadyReversed(DomainError):
    """That movement was undone before."""

    kind = Kind.CONFLICT
    code = "book.already_reversed"


class ReversalNotSecondPerson(DomainError):
    """The one who moved the value cannot be the one who undoes it."""

    kind = Kind.NOT_ALLOWED
    code = "book.reversal_same_person"


def check_commodity(*, code: str, unit: str, name: str, public_name: str) -> None:
    """Refuse a code that could not stand in a fact, and words that are none.

    Raises:
        CommodityMalformed: one of them cannot be.

    """
    if _COMMODITY.fullmatch(code) is None:
        raise CommodityMalformed(field="code")
    for field, words in (("unit", unit), ("name", name), ("public_name", public_name)):
        if not 0 < len(words) <= WORDS_LIMIT:
            raise CommodityMalformed(field=field)


def check_movement(movement: Movement, *, reversal: bool = False) -> None:
    """Refuse what the grid does not allow; amounts are positive whole numbers (a float is a TypeError).

    Raises:
        MovementRefused: amount of zero or less, the same place twice, or stages that do not follow each other.

    """
    if isinstance(movement.amount, bool) or not isinstance(movement.amount, int):
        message = f"an amount is a whole number, not {type(movement.amount).__name__}"
        raise TypeError(message)
    stages = (movement.origin.stage, movement.target.stage)
    expected = (stages[1], stages[0]) if reversal else stages
    if movement.amount <= 0 or expected not in ALLOWED_MOVES:
        raise MovementRefused(origin=movement.origin.key(), target=movement.target.key(), amount=movement.amount)
