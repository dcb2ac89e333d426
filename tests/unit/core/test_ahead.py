"""Fetching ahead changes nothing but the time it takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from aid_ledger.core.ahead import ahead


def test_pieces_come_in_order_and_none_is_lost() -> None:
    """Whatever they are: None and falsehoods are pieces too."""
    assert list(ahead([1, None, 0, "", 2])) == [1, None, 0, "", 2]
    assert list(ahead([])) == []


def test_the_next_is_made_while_one_is_worked_on() -> None:
    """The point of it: whoever works on the first need not wait for the second."""
    second_is_made = threading.Event()

    def pieces() -> Iterator[int]:
        yield 1
        second_is_made.set()
        yield 2

    coming = ahead(pieces())
    assert next(coming) == 1
    assert second_is_made.wait(timeout=10)
    assert list(coming) == [2]


def test_an_error_reaches_whoever_takes_the_pieces() -> None:
    """Where it happens, and not as a list that is too short."""

    def pieces() -> Iterator[int]:
        yield 1
        raise RuntimeError("the connection is gone")

    coming = ahead(pieces())
    assert next(coming) == 1
    with pytest.raises(RuntimeError, match="gone"):
        next(coming)
