"""The shapes of fields: what is refused is refused with the same words whether it is written or read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from audit.errors import MalformedInput, UnknownKind
from audit.facts import codec, decode
from audit.facts.money import Move
from audit.facts.paying import PaymentsConfirmed

ZONED = dt.datetime(2021, 8, 5, 9, tzinfo=dt.timezone(dt.timedelta(hours=7)))
MOVE = Move("A/-/received", "A/BST/allocated", "IDR", 5)
CONFIRMED = PaymentsConfirmed(batch="BTC-1", result="RES-1", confirmed=(), moves=(MOVE,))


def shape_of(hint: Any) -> codec.Shape:  # noqa: ANN401 - an annotated type
    """Take the shape out of a field's type."""
    shape: codec.Shape = hint.__metadata__[0]
    return shape


AMOUNT = "an amount is a whole number of at least zero"
DECIMAL = "an amount is a decimal string without leading zeros"
COUNT = "a count is an integer from 0 to 2^53-1"
FLAG = "a yes or no is true or false"
DAY = "a day is YYYY-MM-DD or empty"
INSTANT = "an instant is UTC with six fraction digits"
UNWRITTEN: list[tuple[Any, Any, str]] = [
    *((codec.Amount, value, AMOUNT) for value in (True, "5", -1, codec.MAX_AMOUNT + 1)),
    *((codec.Count, value, COUNT) for value in (True, "5", -1, codec.MAX_COUNT + 1)),
    *((codec.Flag, value, FLAG) for value in (0, 1, "true", None)),
    *((codec.Day, value, "a day is a date") for value in ("2021-08-05", ZONED)),
    *((codec.Moment, value, "an instant is an aware datetime") for value in ("x", dt.datetime(2021, 8, 5))),  # noqa: DTZ001 - the fault itself
    *((codec.Line, value, "a text of at most 300 characters") for value in (5, None, "x" * 301)),
    (codec.Code, "a b", "text 'a b' does not have the form of its field"),
    (codec.Code, "", "text '' does not have the form of its field"),
    (codec.MaybeCode, " ", "text ' ' does not have the form of its field"),
    (codec.Digest, "A" * 42 + "B", f"text {'A' * 40!r} does not have the form of its field"),
]
UNREAD: list[tuple[Any, Any, str]] = [
    *((codec.Amount, value, DECIMAL) for value in (5, "05", "-1", "", "1" * 19, "\u0665")),
    *((codec.Count, value, COUNT) for value in (True, "5", -1, codec.MAX_COUNT + 1)),
    *((codec.Flag, value, FLAG) for value in (0, "true")),
    *((codec.Day, value, DAY) for value in (None, "20210805", "2021-W31-4", "2021-02-30", 5)),
    *((codec.Moment, value, INSTANT) for value in (None, "2021-08-05T09:00:00Z", "2021-08-05T09:00:00.000000+00:00")),
    (codec.Moment, "2021-02-30T09:00:00.000000Z", "an instant is a real time"),
]
GOOD: list[tuple[Any, Any, Any]] = [
    (codec.Amount, codec.MAX_AMOUNT, "9" * 18),
    (codec.Amount, 0, "0"),
    (codec.Count, codec.MAX_COUNT, codec.MAX_COUNT),
    (codec.Flag, False, False),
    (codec.Day, None, ""),
    (codec.Day, dt.date(2021, 8, 5), "2021-08-05"),
    (codec.Moment, ZONED, "2021-08-05T02:00:00.000000Z"),
    (codec.Line, "x" * 300, "x" * 300),
    (codec.MaybeDigest, "", ""),
]


@pytest.mark.parametrize(("hint", "value", "sentence"), UNWRITTEN)
def test_what_does_not_fit_is_not_written(hint: Any, value: Any, sentence: str) -> None:  # noqa: ANN401 - of any shape
    """C9: an honest writer fails before anything is signed."""
    with pytest.raises(MalformedInput) as refusal:
        shape_of(hint).write(value)
    assert refusal.value.sentence == f"fact field: {sentence}"


@pytest.mark.parametrize(("hint", "value", "sentence"), UNREAD)
def test_what_does_not_fit_is_not_read(hint: Any, value: Any, sentence: str) -> None:  # noqa: ANN401 - of any shape
    """C4, C9: one meaning has one spelling."""
    with pytest.raises(MalformedInput) as refusal:
        shape_of(hint).read(value)
    assert refusal.value.sentence == f"fact field: {sentence}"


@pytest.mark.parametrize(("hint", "value", "written"), GOOD)
def test_what_fits_is_read_as_it_was_written(hint: Any, value: Any, written: Any) -> None:  # noqa: ANN401 - of any shape
    """The limits themselves are within the limits, and an instant is the same in every zone."""
    shape = shape_of(hint)
    assert shape.write(value) == written
    assert shape.read(written) == value


LISTS: list[tuple[Any, str]] = [
    ({"moves": [MOVE]}, "a tuple of at most 500"),
    ({"moves": (MOVE,) * 501}, "a tuple of at most 500"),
    ({"moves": ("x",)}, "a Move"),
]


@pytest.mark.parametrize(("fields", "sentence"), LISTS)
def test_a_list_of_something_else_is_not_written(fields: Any, sentence: str) -> None:  # noqa: ANN401 - fields of a fact
    """A longer list is several facts, and a row is a row of its own class."""
    bent = PaymentsConfirmed(**{"batch": "BTC-1", "result": "RES-1", "confirmed": (), **fields})
    with pytest.raises(MalformedInput) as refusal:
        bent.body()
    assert refusal.value.sentence == f"fact field: {sentence}"


BODIES: list[tuple[Any, str]] = [
    ([], "PaymentsConfirmed has exactly the members batch, result, confirmed, moves"),
    (CONFIRMED.body() | {"more": 1}, "PaymentsConfirmed has exactly the members batch, result, confirmed, moves"),
    (CONFIRMED.body() | {"moves": {}}, "a list of at most 500"),
    (CONFIRMED.body() | {"moves": [MOVE] * 501}, "a list of at most 500"),
    (CONFIRMED.body() | {"moves": ["x"]}, "a Move has 4 members"),
    (CONFIRMED.body() | {"moves": [["A", "B", "IDR"]]}, "a Move has 4 members"),
]


@pytest.mark.parametrize(("body", "sentence"), BODIES)
def test_a_body_of_another_shape_is_not_read(body: Any, sentence: str) -> None:  # noqa: ANN401 - parsed JSON
    """C9: members and rows are as many as their kind has."""
    with pytest.raises(MalformedInput) as refusal:
        decode("PaymentsConfirmed", 1, body)
    assert refusal.value.sentence == f"fact field: {sentence}"


def test_a_kind_of_another_version_is_newer() -> None:
    """C9: not bad, but beyond this verifier."""
    with pytest.raises(UnknownKind) as refusal:
        decode("PaymentsConfirmed", 2, CONFIRMED.body())
    assert refusal.value.sentence == "kind PaymentsConfirmed version 2 is newer than this verifier"
    assert decode("PaymentsConfirmed", 1, CONFIRMED.body()) == CONFIRMED
