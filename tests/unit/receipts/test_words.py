"""Terbilang, held against num2words, which is right but for one word."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from aid_ledger.receipts import words


@pytest.mark.parametrize("number", [-1, words.LARGEST + 1])
def test_numbers_without_words_are_refused(number: int) -> None:
    """No receipt is for less than nothing or for more than a fact can hold."""
    with pytest.raises(ValueError, match="no words"):
        words.spell(number)


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        (0, "nol"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (19, "sembilan belas"),
        (100, "seratus"),
        (115, "seratus lima belas"),
        (1_000, "seribu"),
        (1_999, "seribu sembilan ratus sembilan puluh sembilan"),
        (11_000, "sebelas ribu"),
        (101_000, "seratus satu ribu"),
        (201_000, "dua ratus satu ribu"),
        (270_000, "dua ratus tujuh puluh ribu"),
        (1_000_000, "satu juta"),
        (1_001_000, "satu juta seribu"),
        (10**15, "satu kuadriliun"),
    ],
)
def test_amounts_are_written_as_treasurers_write_them(number: int, spelled: str) -> None:
    """The cases other packages get wrong, and the edges of each group."""
    assert words.spell(number) == spelled


def as_banks_write(spelled: str) -> str:
    """Mend the one thing num2words does otherwise: a single thousand after larger groups."""
    return re.sub(r"(juta|miliar|triliun) satu ribu\b", r"\1 seribu", spelled)


@given(st.integers(0, 10**15 - 1) | st.integers(0, 2_100_000))
def test_words_are_those_of_an_independent_speller(number: int) -> None:
    """Oracle: num2words, up to where it has words."""
    assert words.spell(number) == as_banks_write(num2words(number, lang="id"))  # type: ignore[no-untyped-call]
