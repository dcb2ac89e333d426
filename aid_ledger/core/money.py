"""Money and goods as whole numbers: `Rupiah`, `Quantity`, their text, their columns, their division into shares.

There are no fractions here and no other currencies: a rupiah or a packet is whole or it is nothing. Writing an amount
for people ("Rp1.234.567") is done in `web/formats.py`; where value is, in `book`.

A float, Decimal or bool to the left of an operator (`0.5 * price`) is out of reach of a subclass of int; the result is
no longer `Rupiah`, and unless it is a plain int every door of this file (construction, text, columns) refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from numbers import Number
from typing import Any, ClassVar, NoReturn, Self, TypeVar, cast

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

from aid_ledger.core.errors import DomainError, Kind

MAX_AMOUNT = 10**18 - 1
"""The largest amount accepted anywhere: far above the state budget, and nine such sums still fit a BIGINT."""

MAX_PARTS = 1_000_000

BIGINT_OID = 20
"""PostgreSQL's own number for the type bigint (pg_type.dat), by which its driver names a column's type."""
"""The most shares one sum is divided into: a whole province of households in one stroke."""

_TEXT_LIMIT = 40
"""Longer than any amount can be written; a page of digits is not read at all."""

_PLAIN = re.compile(r"0|[1-9][0-9]*")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_CURRENCY = re.compile(r"rp\.?\s?", re.IGNORECASE)
_FRACTION = re.compile(r"[0-9]{1,3}(?:\.?[0-9]{3})*(?:,[0-9]+|\.[0-9]{1,2})")


class MoneyMalformed(DomainError):
    """The text is not an amount in rupiah."""

    kind = Kind.INVALID
    code = "money.malformed"


class MoneyFractional(DomainError):
    """The text has a part smaller than one rupiah; aid is paid in whole rupiah."""

    kind = Kind.INVALID
    code = "money.fractional"


class MoneyNegative(DomainError):
    """The text is an amount below zero; a correction is a reversal, never a negative amount."""

    kind = Kind.INVALID
    code = "money.negative"


class MoneyTooLarge(DomainError):
    """The amount is larger than this ledger keeps."""

    kind = Kind.INVALID
    code = "money.too_large"


class Whole(int):
    """A whole number of one thing: adds to its own kind and to plain ints, and to nothing else.

    Negative values exist only as differences for display and as the balance of the world account.
    """

    __slots__ = ()

    def __new__(cls, value: int = 0) -> Self:
        """Take a plain int or the same kind; text goes through a parser, everything else is refused."""
        if type(value) is not int and type(value) is not cls:
            raise TypeError(f"{cls.__name__} is made of an int, not of {type(value).__name__}")
        return int.__new__(cls, value)

    def __repr__(self) -> str:
        """Say the kind too, so that a failing test shows which number was money."""
        return f"{type(self).__name__}({int(self)})"

    def __str__(self) -> str:
        """Write the digits only, as int does."""
        return int.__repr__(self)

    def __add__(self, other: int) -> Self:
        """Add the same kind or a plain int."""
        return self._of(int.__add__(self, other)) if self._accepts(other) else NotImplemented

    def __radd__(self, other: int) -> Self:
        """Add from the right, so that `sum` stays in its kind."""
        return self.__add__(other)

    def __sub__(self, other: int) -> Self:
        """Take away the same kind or a plain int; the difference may be negative."""
        return self._of(int.__sub__(self, other)) if self._accepts(other) else NotImplemented

    def __rsub__(self, other: int) -> Self:
        """Take this from a plain int."""
        return self._of(int.__rsub__(self, other)) if self._accepts(other) else NotImplemented

    def __mul__(self, other: int) -> Self:
        """Multiply by a count; money times money is nothing."""
        return self._of(int.__mul__(self, other)) if self._accepts_count(other) else NotImplemented

    def __rmul__(self, other: int) -> Self:
        """Multiply a count by this."""
        return self.__mul__(other)

    def __floordiv__(self, other: int) -> int:
        """Divide by a count (same kind, rounded down) or by the same kind (how many times it fits, a plain int)."""
        if not self._accepts(other):
            return NotImplemented
        result = int.__floordiv__(self, other)
        return result if type(other) is type(self) else self._of(result)

    def __mod__(self, other: int) -> Self:
        """Tell what a floor division leaves."""
        return self._of(int.__mod__(self, other)) if self._accepts(other) else NotImplemented

    def __divmod__(self, other: int) -> tuple[int, Self]:
        """Divide and tell the rest, as `//` and `%` do."""
        if not self._accepts(other):
            return NotImplemented
        return self // other, self % other

    def __neg__(self) -> Self:
        """Turn a difference round."""
        return self._of(int.__neg__(self))

    def __abs__(self) -> Self:
        """Tell the size of a difference."""
        return self._of(int.__abs__(self))

    def __lt__(self, other: int) -> bool:
        """Compare with the same kind or a plain int."""
        return int.__lt__(self, other) if self._accepts(other) else NotImplemented

    def __le__(self, other: int) -> bool:
        """Compare with the same kind or a plain int."""
        return int.__le__(self, other) if self._accepts(other) else NotImplemented

    def __gt__(self, other: int) -> bool:
        """Compare with the same kind or a plain int."""
        return int.__gt__(self, other) if self._accepts(other) else NotImplemented

    def __ge__(self, other: int) -> bool:
        """Compare with the same kind or a plain int."""
        return int.__ge__(self, other) if self._accepts(other) else NotImplemented

    def __truediv__(self, _other: object) -> NoReturn:
        """Refuse: a share is made by `split_evenly` or `//`."""
        self._refuse("divided into fractions")

    def __rtruediv__(self, _other: object) -> NoReturn:
        """Refuse: a share is made by `split_evenly` or `//`."""
        self._refuse("divided into fractions")

    def __pow__(self, _other: object, _modulus: object = None) -> NoReturn:
        """Refuse: there are no square rupiah."""
        self._refuse("raised to a power")

    def __rpow__(self, _other: object, _modulus: object = None) -> NoReturn:
        """Refuse: money is no exponent."""
        self._refuse("used as an exponent")

    def __float__(self) -> NoReturn:
        """Refuse: above 2**53 a float loses rupiah."""
        self._refuse("made a float")

    @classmethod
    def _of(cls, value: int) -> Self:
        return int.__new__(cls, value)

    def _accepts(self, other: object) -> bool:
        """Tell whether an operand fits; other numbers are refused, and what is no number may answer for itself.

        (A column of a query is no number: `price <= Account.balance` must stay an SQL expression.)
        """
        if type(other) is int or type(other) is type(self):
            return True
        if isinstance(other, Number):
            self._refuse(f"reckoned with {type(other).__name__}")
        return False

    def _accepts_count(self, other: object) -> bool:
        if isinstance(other, Whole):
            self._refuse(f"multiplied by {type(other).__name__}")
        return self._accepts(other)

    def _refuse(self, deed: str) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be {deed}")


class Rupiah(Whole):
    """Whole rupiah."""

    __slots__ = ()

    def _accepts_count(self, other: object) -> bool:
        # Price times quantity is money: the one product of two kinds that means something.
        return type(other) is Quantity or super()._accepts_count(other)


class Quantity(Whole):
    """Whole units of a good: packets, sacks, bottles."""

    __slots__ = ()

    def _accepts_count(self, other: object) -> bool:
        # Left to Rupiah.__rmul__, so that quantity times price is money as well.
        return type(other) is not Rupiah and super()._accepts_count(other)


_W = TypeVar("_W", bound=Whole)


def parse_rupiah(text: str) -> Rupiah:
    """Read an amount as people here write it: `1234567`, `1.234.567`, `Rp1.234.567`.

    Raises:
        MoneyMalformed: no amount, or dots in the wrong places, or leading zeros (an account number, perhaps).
        MoneyFractional: a part smaller than one rupiah, `,00` included: what follows the comma is not ours to judge.
        MoneyNegative: an amount below zero.
        MoneyTooLarge: more than `MAX_AMOUNT`.
    """
    if len(text) > _TEXT_LIMIT:
        raise MoneyMalformed
    digits, is_negative = _strip(text)
    if _FRACTION.fullmatch(digits):
        raise MoneyFractional
    if not (_PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)):
        raise MoneyMalformed
    if is_negative:
        raise MoneyNegative
    value = int(digits.replace(".", ""))
    if value > MAX_AMOUNT:
        raise MoneyTooLarge
    return Rupiah(value)


def _strip(text: str) -> tuple[str, bool]:
    """Take off blanks, the currency, and one minus before or after it; a second minus stays and is malformed."""
    rest = text.strip().replace("\u2212", "-")
    unsigned = rest.removeprefix("-")
    currency = _CURRENCY.match(unsigned)
    digits = unsigned[currency.end() :] if currency else unsigned
    if unsigned != rest or currency is None:
        return digits, unsigned != rest
    return digits.removeprefix("-"), digits.startswith("-")


def amount_text(amount: int) -> str:
    """Write an amount as the log holds it: a decimal string, `0` to `MAX_AMOUNT`.

    Raises:
        TypeError: not a whole number.
        ValueError: negative or too large: a mistake of ours, since rules refuse both earlier.
    """
    _require_whole(amount)
    if not 0 <= amount <= MAX_AMOUNT:
        raise ValueError(f"no amount for the log: {int(amount)}")
    return str(int(amount))


def split_evenly(total: _W, parts: int) -> list[_W]:
    """Divide a sum into shares that differ by at most one and add up to it exactly; the first shares are the larger.

    Raises:
        ValueError: no parts, too many of them, or a negative sum.
    """
    if not isinstance(total, Whole):
        raise TypeError(f"shares are made of Rupiah or Quantity, not of {type(total).__name__}")
    if not 1 <= parts <= MAX_PARTS or total < 0:
        raise ValueError(f"no {parts} shares of {int(total)}")
    share, rest = divmod(int(total), parts)
    kind = type(total)
    return [kind(share + 1)] * rest + [kind(share)] * (parts - rest)


def _require_whole(value: object) -> None:
    if type(value) is not int and not isinstance(value, Whole):
        raise TypeError(f"an amount is a whole number, not {type(value).__name__}")


class AmountType(TypeDecorator[int]):
    """A BIGINT column of whole rupiah or whole units, whichever its row names; gives back a plain int.

    The sign is left to the table's CHECK: the world account and SQL differences go below zero.
    """

    impl = BigInteger
    cache_ok = True
    kind: ClassVar[type[int]] = int

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's shape
        """Refuse what is not whole, is of another kind, or cannot be kept."""
        if value is None:
            return None
        _require_whole(value)
        if self.kind is not int and type(value) not in {int, self.kind}:
            raise TypeError(f"{type(value).__name__} does not belong in a column of {self.kind.__name__}")
        if abs(int(value)) > MAX_AMOUNT:
            raise ValueError(f"an amount out of range: {int(value)}")
        return int(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Leave alone what PostgreSQL itself says is a bigint: lists of 100,000 lines pass here."""
        if self.kind is int and coltype == BIGINT_OID:
            return None
        return super().result_processor(dialect, coltype)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ANN401, ARG002 - driver value
        """Give back the column's kind; PostgreSQL's `sum(bigint)` is a numeric, which must be whole."""
        if value is None:
            return None
        if isinstance(value, Decimal) and value == value.to_integral_value():
            value = int(value)
        _require_whole(value)
        return self.kind(cast("int", value))


class RupiahType(AmountType):
    """A BIGINT column of whole rupiah; gives back `Rupiah`."""

    cache_ok = True
    kind = Rupiah


class QuantityType(AmountType):
    """A BIGINT column of whole units of a good; gives back `Quantity`."""

    cache_ok = True
    kind = Quantity
