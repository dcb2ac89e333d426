"""What a NIK says, what it does not, and how names are made comparable."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.recipients import rules
from aid_ledger.recipients.importing.expressions import NIK_DAYS
from tests.unit.recipients.cases import TODAY


def test_nik_with_two_possible_centuries_says_both() -> None:
    """A two-digit year decides no century; guessing one would turn a child into a pensioner."""
    parsed = rules.parse_nik("9000014503100000", today=TODAY, allow_test=True)

    assert parsed.is_female
    assert parsed.birth_dates == (dt.date(1910, 3, 5), dt.date(2010, 3, 5))
    assert (parsed.region, parsed.is_test) == ("900001", True)


def test_nik_of_the_future_leaves_the_older_century() -> None:
    """Nobody was born after today."""
    parsed = rules.parse_nik("9000013112990000", today=TODAY, allow_test=True)

    assert parsed.birth_dates == (dt.date(1999, 12, 31),)


def test_leap_day_of_year_zero_is_the_one_of_2000() -> None:
    """1900 was no leap year; 2000 was."""
    parsed = rules.parse_nik("9000012902000000", today=TODAY, allow_test=True)

    assert parsed.birth_dates == (dt.date(2000, 2, 29),)


@pytest.mark.parametrize("nik", ["9000013112990000", "9000014503100000"])
def test_serial_never_issued_is_refused_where_aid_is_real(nik: str) -> None:
    """Practice people must not be paid."""
    with pytest.raises(rules.CellRefused) as refused:
        rules.parse_nik(nik, today=TODAY, allow_test=False)

    assert refused.value.code == "nik.seri_uji"


def test_every_day_is_judged_alike_by_calendar_and_by_pattern() -> None:
    """The pattern for lists and the calendar for forms agree on every day, month and year two digits can write."""
    pattern = re.compile(NIK_DAYS)
    days = [f"{day:02}{month:02}{year:02}" for day in range(100) for month in range(15) for year in range(100)]

    assert [day for day in days if _exists(day) != (pattern.fullmatch(day) is not None)] == []


def _exists(day: str) -> bool:
    try:
        rules.parse_nik(f"900001{day}0000", today=TODAY, allow_test=True)
    except rules.CellRefused:
        return False
    return True


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("H. Ahmad  Contoh", "AHMAD CONTOH"),
        ("Hj Siti Contoh, S.Pd.", "SITI CONTOH S PD"),
        ("Jos\u00e9 O'Contoh", "JOSE OCONTOH"),
        ("contoh-warga (alm.)", "CONTOH WARGA"),
        ("H.", "H"),
        ("H. Hj.", "HJ"),
    ],
)
def test_names_are_compared_by_letters(written: str, key: str) -> None:
    """Titles, accents and punctuation hide nobody from being found twice."""
    assert rules.name_key(written) == key


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    """The form that is stored is the form that is compared."""
    once = rules.clean_text(raw)

    assert once is None or rules.clean_text(once) == once


@given(st.text(max_size=60))
def test_name_key_is_plain_capitals(raw: str) -> None:
    """A key holds nothing but capitals and single spaces, whatever alphabet was typed."""
    assert re.fullmatch("(?:[A-Z]+(?: [A-Z]+)*)?", rules.name_key(raw))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0812-3456-7890", "+6281234567890"),
        ("62 812 3456 7890", "+6281234567890"),
        ("+62.81234567890", "+6281234567890"),
    ],
)
def test_phone_numbers_are_kept_in_one_form(typed: str, kept: str) -> None:
    """One phone with forty confirmations is found only if it is always written alike."""
    assert rules.phone(typed) == kept
