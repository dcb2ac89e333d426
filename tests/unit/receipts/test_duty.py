"""Stamp duty: due above five million rupiah of money, not for exempt programmes, by a file that can be understood."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aid_ledger.receipts.duty import DutyUnreadable, StampDuty
from aid_ledger.receipts.fields import SourceShare, amount_in_words
from aid_ledger.receipts.page import page_of
from tests.unit.receipts.example import evidence_of, goods, money, office


@pytest.mark.parametrize(
    ("amount", "commodity", "program", "is_due"),
    [
        (5_000_000, "IDR", "HIBAH", False),
        (5_000_001, "IDR", "HIBAH", True),
        (5_000_001, "BERAS", "HIBAH", False),
        (5_000_001, "IDR", "BST", False),
        (5_000_001, "IDR", "BLT", False),
        (5_000_001, "IDR", "BLT_DESA", False),
    ],
)
def test_the_laws_own_rule(amount: int, commodity: str, program: str, is_due: bool) -> None:
    """UU 10/2020 Ps. 3: more than five million rupiah, of money; the state's cash aid is exempt."""
    assert StampDuty().is_due(amount=amount, commodity=commodity, program=program) is is_due


def test_a_file_sets_the_threshold_and_the_exempt(tmp_path: Path) -> None:
    """Either alone leaves the other as the law has it; no file leaves both."""
    file = tmp_path / "stamp-duty.toml"
    assert StampDuty.load(file) == StampDuty()
    file.write_text("above_idr = 1000000\n")
    assert StampDuty.load(file) == replace(StampDuty(), above_idr=1_000_000)
    file.write_text('exempt = ["JPS", "HIBAH"]\n')
    assert StampDuty.load(file) == replace(StampDuty(), exempt=frozenset({"JPS", "HIBAH"}))


@pytest.mark.parametrize(
    "written",
    [
        "above_idr =",
        "above_idr = -1",
        "above_idr = 5.5",
        "above_idr = true",
        'exempt = "BST"',
        "exempt = [1]",
        "over_idr = 1",
    ],
)
def test_a_file_that_says_nothing_clear_is_refused(tmp_path: Path, written: str) -> None:
    """A misspelt rule is no rule: nobody prints as if there were none."""
    file = tmp_path / "stamp-duty.toml"
    file.write_text(written)
    with pytest.raises(DutyUnreadable):
        StampDuty.load(file)


def test_the_paper_keeps_a_place_for_the_stamp_and_states_nothing_of_it() -> None:
    """The place follows the rule of the day; fields, digest and entry are the same with it and without."""
    amount = 6_000_000
    large = money(amount=amount, in_words=amount_in_words(amount), sources=(SourceShare(name="Hibah", amount=amount),))
    issuer = office().issuer
    exempt = replace(issuer, duty=StampDuty(exempt=frozenset({large.program})))
    assert page_of(evidence_of(large), issuer).duty == "Meterai Rp10.000"
    assert [page_of(evidence_of(each), issuer).duty for each in (money(), goods())] == ["", ""]
    assert page_of(evidence_of(large), exempt).duty == ""
    assert page_of(evidence_of(large), exempt).shape() != page_of(evidence_of(large), issuer).shape()
