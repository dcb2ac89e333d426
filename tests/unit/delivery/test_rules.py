"""References, witnesses and what an officer in the field may say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.references import make_reference
from aid_ledger.delivery import rules
from aid_ledger.delivery.outcomes import Outcome
from aid_ledger.delivery.rules import Witness

BATCH = make_reference("BTC", 2026, 123)


@given(st.integers(1, 200_000))
def test_a_reference_is_read_back_as_its_line(line_no: int) -> None:
    """THREATS 8: references derive from batch, line and attempt, so a restored database gives the same again."""
    reference = rules.partner_reference(BATCH, line_no)
    assert len(reference) <= 64
    assert rules.line_of(BATCH, reference) == line_no
    assert rules.line_of(make_reference("BTC", 2026, 124), reference) is None


@pytest.mark.parametrize(
    "reference",
    ["", BATCH, f"{BATCH}.42.1", f"{BATCH}.00042", f"{BATCH}.00042.2", f"{BATCH}.00042.1.1", f"{BATCH}.٤٢.1", "x.1.1"],
)
def test_only_the_exact_reference_names_a_line(reference: str) -> None:
    """The cheat of answering for line 42 under a second spelling of its name."""
    assert rules.line_of(BATCH, reference) is None


@pytest.mark.parametrize(
    ("one", "two", "fault"),
    [
        ("Siti Aminah", "Budi Santoso", ""),
        ("Siti", "siti ", "same"),
        ("Petugas-Posko", "Siti", "giver"),
        ("Siti", "\u00c0sep S.", "receiver"),
        ("Siti", "Asep", ""),
    ],
)
def test_two_witnesses_are_two_other_people(one: str, two: str, fault: str) -> None:
    """The cheat of a handover that nobody but its two sides has seen."""
    witnesses = [Witness(one, "Ketua RT"), Witness(two, "Kader")]
    assert rules.witness_fault(witnesses, giver="Petugas Posko", receivers=["Ani", "Asep S"]) == fault


def test_witnesses_are_kept_in_one_line_each() -> None:
    """Names as people write them."""
    told = [Witness(" Siti  Aminah", "Ketua\nRT"), Witness("Budi\nSantoso", "Kader")]
    assert rules.check_witnesses(told) == (Witness("Siti Aminah", "Ketua RT"), Witness("Budi Santoso", "Kader"))


@pytest.mark.parametrize("numbers", [[], [1, 1], list(range(1, rules.HANDOVER_LINES + 2))])
def test_a_handover_names_a_few_lines_once(numbers: list[int]) -> None:
    """Two witnesses cannot have seen a whole kecamatan receive."""
    with pytest.raises(rules.HandoverEmpty):
        rules.check_handed(numbers)


@pytest.mark.parametrize("word", ["SUCCESS", "UNKNOWN", "ACCOUNT_INVALID", "", "recipient_moved"])
def test_the_field_says_only_what_it_can_see(word: str) -> None:
    """An officer cannot deliver a line by saying that it failed with SUCCESS."""
    with pytest.raises(rules.OutcomeRefused):
        rules.field_outcomes({3: word})


def test_the_field_says_why_a_house_was_left() -> None:
    """One reason for each line."""
    told = {2: "RECIPIENT_MOVED", 1: "RECIPIENT_ABSENT"}
    assert rules.field_outcomes(told) == {1: Outcome.RECIPIENT_ABSENT, 2: Outcome.RECIPIENT_MOVED}


def test_a_refusal_names_a_few_lines_and_counts_the_rest() -> None:
    """Enough to find the place in the file, never a page of numbers."""
    assert rules.shown([3, 1]) == "1, 3"
    assert rules.shown(range(1, 10)) == "1, 2, 3, 4, 5 dan 4 lainnya"
