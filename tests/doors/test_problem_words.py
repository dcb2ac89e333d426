"""Every refusal has words: an Indonesian sentence and what to do next, for pages and for the command line."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import aid_ledger
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.web import problems


def refusals() -> set[type[DomainError]]:
    """Find every refusal of the product by importing all of it."""
    for module in pkgutil.walk_packages(aid_ledger.__path__, "aid_ledger."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: set[type[DomainError]] = set()
    waiting: list[type[DomainError]] = [DomainError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind.__module__.startswith("aid_ledger.") and kind not in found:
                found.add(kind)
                waiting.append(kind)
    return {kind for kind in found if "code" in vars(kind)}


def test_every_refusal_has_a_sentence_and_a_remedy() -> None:
    """Law: nothing ever says only that something went wrong."""
    messages = problems.read_messages()
    assert sorted(kind.code for kind in refusals() if kind.code not in messages) == []
    assert sorted(code for code, message in messages.items() if not message.sentence or not message.remedy) == []


def test_no_words_are_left_over() -> None:
    """Law: a message nobody raises is a lie about what can happen."""
    codes = {kind.code for kind in refusals()}
    assert sorted(code for code in problems.read_messages() if code not in codes) == []


def test_every_kind_has_a_status() -> None:
    """STYLE: one table from kind to status."""
    assert set(problems.STATUS) == set(Kind)


@pytest.mark.parametrize(
    ("sentence", "filled"),
    [
        ("Sisa {left:rupiah}.", "Sisa Rp1.000."),
        ("Paket {batch}.", "Paket …."),
        ("Sisa {missing:rupiah}.", "Sisa …."),
    ],
)
def test_facts_fill_the_sentence_and_a_missing_one_leaves_a_hole(sentence: str, filled: str) -> None:
    """Law: a page with a hole beats no page."""

    class Refusal(DomainError):
        code = "uji.uji"

    assert problems.fill({"uji.uji": problems.Message(sentence)}, Refusal(left=1_000)).sentence == filled
