"""References that notice a slip of the finger, codes that cannot be guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.errors import DomainError
from aid_ledger.core.references import (
    ALPHABET,
    CHECKS,
    MAX_NUMBER,
    CodeMalformed,
    Reference,
    ReferenceMalformed,
    ReferenceWrongCheck,
    check_reference,
    make_reference,
    parse_code,
    random_code,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
prefixes = st.text(LETTERS, min_size=3, max_size=3)
years = st.integers(min_value=1, max_value=9999)
numbers = st.integers(min_value=1, max_value=MAX_NUMBER)


def _changes_of_one_character(reference: str) -> set[str]:
    """All texts that differ from this one in one character, whatever its place."""
    changed = {
        reference[:place] + other + reference[place + 1 :]
        for place, character in enumerate(reference)
        if character != "-"
        for other in LETTERS + DIGITS
    }
    return changed - {reference}


def _exchanges_of_neighbours(reference: str) -> set[str]:
    """All texts in which two neighbours changed places, hyphens overlooked."""
    compact = reference.replace("-", "")
    exchanged = {
        compact[:place] + compact[place + 1] + compact[place] + compact[place + 2 :]
        for place in range(len(compact) - 1)
    }
    return exchanged - {compact}


@given(prefixes, years, numbers)
def test_every_single_slip_is_refused(prefix: str, year: int, number: int) -> None:
    """Cheat and accident: one changed character, or two exchanged, never names another batch."""
    reference = make_reference(prefix, year, number)

    for slip in _changes_of_one_character(reference) | _exchanges_of_neighbours(reference):
        with pytest.raises((ReferenceMalformed, ReferenceWrongCheck)):
            check_reference(slip)


def test_the_weighted_sum_proves_it_for_every_reference() -> None:
    """Law: the proof in arithmetic: weights 2**k are invertible modulo 31, and so are their neighbours' gaps."""
    weights = [2**place % 31 for place in range(20)]

    assert len(CHECKS) == 31
    assert all(weight * change % 31 for weight in weights for change in range(1, 31))
    assert all(
        (one - other) * (left - right) % 31
        for one, other in zip(weights[1:], weights, strict=False)
        for left in range(26)
        for right in range(26)
        if left != right
    )
    # A check that is a digit counts as that digit, so exchanging it with the last digit is caught as well.
    assert CHECKS[:10] == DIGITS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BTC",
        "BTC-2026-000123",
        "B-2026-000123-K",
        "BT-2026-000123-K",
        "BTCH-2026-000123-K",
        "BTC-26-000123-K",
        "BTC-0000-000123-K",
        "BTC-2026-000000-K",
        "BTC-2026-123-K",
        "BTC-2026-0000123-K",
        "BTC-2026-000123-I",
        "BTC_2026_000123_K",
        "BTC-2026-000\u0661\u0662\u0663-K",
        "BTC-2026-000123-K' OR 1=1",
        "B" * 65,
    ],
)
def test_what_has_not_the_shape_is_refused(text: str) -> None:
    """Law: only the shape of a reference is looked up at all."""
    with pytest.raises(ReferenceMalformed) as refused:
        check_reference(text)

    assert refused.value.code == "reference.malformed"


def test_a_wrong_check_says_so() -> None:
    """Law: the person learns that a character is wrong, not that the batch is unknown."""
    right = make_reference("BTC", 2026, 123)
    others = [right[:-1] + check for check in CHECKS if check != right[-1]]

    assert len(others) == 30
    for wrong in others:
        with pytest.raises(ReferenceWrongCheck) as refused:
            check_reference(wrong)
        assert refused.value.code == "reference.wrong_check"


@given(prefixes, years, numbers, st.sampled_from(["-", " ", "", "\u2013", " - "]))
def test_a_reference_is_read_however_it_was_typed(prefix: str, year: int, number: int, separator: str) -> None:
    """Law: small letters, blanks and a word processor's dashes do not matter."""
    reference = make_reference(prefix, year, number)
    read = check_reference(f" {reference.lower().replace('-', separator)} ")

    assert read == Reference(prefix, year, number)
    assert str(read) == reference


def test_a_known_reference_stays_as_it_was_printed() -> None:
    """Law: paper outlives programs; these never change."""
    assert make_reference("BTC", 2026, 123) == "BTC-2026-000123-3"
    assert make_reference("RCP", 2026, 1_234_567) == "RCP-2026-1234567-4"


@pytest.mark.parametrize(
    ("prefix", "year", "number"),
    [
        ("BT", 2026, 1),
        ("BTCH", 2026, 1),
        ("btc", 2026, 1),
        ("BT1", 2026, 1),
        ("BT\u00c9", 2026, 1),
        ("BTC", 0, 1),
        ("BTC", 10_000, 1),
        ("BTC", 2026, 0),
        ("BTC", 2026, MAX_NUMBER + 1),
    ],
)
def test_parts_that_make_no_reference_are_our_mistake(prefix: str, year: int, number: int) -> None:
    """Law: misuse is no DomainError."""
    with pytest.raises(ValueError, match="no reference"):
        make_reference(prefix, year, number)


@pytest.mark.parametrize("text", ["", "7H2K", "U" * 16, "7H2K-9XQM-0TRD-5ZW!", "0" * 17, "0" * 65, "\uff10" * 16])
def test_what_is_no_code_is_refused(text: str) -> None:
    """Law: 16: nothing but the shape of a code is looked up."""
    with pytest.raises(CodeMalformed) as refused:
        parse_code(text)

    assert refused.value.code == "code.malformed"


@given(st.text(max_size=30))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    """Law P7: no input breaks the public check."""
    try:
        assert len(parse_code(text)) == 19
    except DomainError as refusal:
        assert refusal.code == "code.malformed"  # noqa: PT017 - either end is lawful


@pytest.mark.parametrize("bits", [0, -5, 81])
def test_a_code_fills_its_characters(bits: int) -> None:
    """Law: no code has fewer bits than it says."""
    with pytest.raises(ValueError, match="bits"):
        random_code(bits)


def test_codes_are_readable_and_never_repeat() -> None:
    """Law 16: 80 bits in four groups of four, from the whole alphabet, without letters that look like digits."""
    codes = {random_code() for _ in range(2_000)}

    assert len(codes) == 2_000
    assert set("".join(codes)) == set(ALPHABET) | {"-"}
    assert not set("ILOU") & set(ALPHABET)
    assert {tuple(map(len, code.split("-"))) for code in codes} == {(4, 4, 4, 4)}
    assert len(random_code(40)) == 9


@given(st.text(ALPHABET, min_size=16, max_size=16))
def test_a_code_is_read_however_it_was_typed(compact: str) -> None:
    """Law: o for 0, l and i for 1, any case and grouping, all name one code, written one way."""
    code = parse_code(compact)

    assert code.replace("-", "") == compact
    assert parse_code(code) == code
    assert parse_code(compact.lower().replace("0", "o").replace("1", "l")) == code
    assert parse_code(code.replace("-", " ").replace("1", "I")) == code
