"""Rules of programmes and policies: what may be named, what may be paid, how many must approve."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.money import MAX_AMOUNT
from aid_ledger.programs import refusals, rules

APPROVERS = st.integers(1, rules.APPROVERS_LIMIT)
TOTALS = st.lists(st.integers(1, MAX_AMOUNT), max_size=rules.LIMITS_LIMIT - 1, unique=True)


@st.composite
def limits(draw: st.DrawFn) -> rules.Limits:
    """Draw limits that are allowed."""
    totals = [0, *sorted(draw(TOTALS))]
    return tuple((total, draw(APPROVERS)) for total in totals)


@pytest.mark.parametrize(
    "name",
    [
        *("Paket Isoman", "ISOMAN_2021", "Bansos Covid-19", "C0VID", "I.S.O.M.A.N", "i s o m a n", "Iso-Man"),
        *("BANTUAN_P0S1T1F", "Keluarga pasien", "Warga yang SAKIT", "k-a-r-a-n-t-i-n-a", "Paket C O V I D 19"),
        *("ISO_MAN", "Bantuan 1s0l4s1", "Bantuan puskesmas"),
    ],
)
def test_a_name_that_tells_of_an_illness_is_refused(name: str) -> None:
    """THREATS 14: a neighbour reads it on the receipt; spelling, case, dots, blanks and digits are no disguise."""
    with pytest.raises(refusals.ProgramTelling):
        rules.check_neutral("Bansos JPS", name)


@pytest.mark.parametrize(
    "name", ["Bansos JPS", "JPS_A", "Bansos Gotong Royong", "BLT_DESA", "Paket sembako A", "Bantuan sosial isi ulang"]
)
def test_neutral_names_pass(name: str) -> None:
    """The names in use are neutral; a check that refuses those would be switched off."""
    rules.check_neutral(name)


@pytest.mark.parametrize("code", ["", "A", "bst", "BST/X", "-", "BST-1", "1BST", "BST ", "B" * 41, "BST\n", "BŚT"])
def test_a_code_that_could_not_stand_in_an_account_is_refused(code: str) -> None:
    """P1: `source/programme/stage` has one reading only."""
    with pytest.raises(refusals.CodeMalformed):
        rules.check_code(code)
    rules.check_code("BLT_DESA_2")


@pytest.mark.parametrize("amount", [1.0, 300_000.5, True, "300000", None])
def test_an_amount_that_is_no_whole_number_is_our_mistake(amount: object) -> None:
    """P1: a float forgets rupiah; it never gets as far as a refusal."""
    with pytest.raises(TypeError):
        rules.check_amount(amount)  # type: ignore[arg-type] # that is the cheat
    with pytest.raises(TypeError):
        rules.check_limits(((0, 1), (amount, 1)))  # type: ignore[arg-type] # that is the cheat


@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1])
def test_nothing_or_less_or_too_much_is_no_amount(amount: int) -> None:
    """P1: an amount is positive and within what the ledger keeps exactly."""
    with pytest.raises(refusals.AmountRefused):
        rules.check_amount(amount)
    rules.check_amount(MAX_AMOUNT)
    rules.check_amount(0, may_be_zero=True)


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        ((1, 1),),
        ((0, 0),),
        ((0, rules.APPROVERS_LIMIT + 1),),
        ((0, 1), (0, 2)),
        ((0, 1), (10, 2), (5, 3)),
        ((0, 1), (MAX_AMOUNT + 1, 2)),
        tuple((number, 1) for number in range(rules.LIMITS_LIMIT + 1)),
    ],
)
def test_limits_with_a_hole_are_refused(wrong: rules.Limits) -> None:
    """P2: a policy under which some total needs nobody, or more people than there are, is none."""
    with pytest.raises(refusals.PolicyRefused):
        rules.check_limits(wrong)


@given(limits(), st.integers(0, MAX_AMOUNT))
def test_every_total_needs_somebody_and_never_fewer_than_a_smaller_one(agreed: rules.Limits, total: int) -> None:
    """P2: splitting is the only way to need fewer approvers, and each part still needs one."""
    rules.check_limits(agreed)
    needed = rules.approvers_for(agreed, total)
    assert 1 <= needed <= rules.APPROVERS_LIMIT
    assert rules.approvers_for(agreed, total // 2) <= needed


@given(limits())
def test_a_limit_binds_from_its_total_on(agreed: rules.Limits) -> None:
    """At the very total a step begins with, its number of approvers is needed; one rupiah below, it is not yet."""
    for place, (total, approvers) in enumerate(agreed):
        earlier = max((before for _, before in agreed[:place]), default=0)
        assert rules.approvers_for(agreed, total) == max(earlier, approvers)
        if total:
            assert rules.approvers_for(agreed, total - 1) == earlier


@given(limits())
def test_limits_are_read_back_as_they_were_written(agreed: rules.Limits) -> None:
    """One spelling in the column, one meaning."""
    assert rules.read_limits(rules.write_limits(agreed)) == agreed


@pytest.mark.parametrize(
    "changes",
    [
        {"pillar": "lainnya"},
        {"unit": "person"},
        {"allowed_sources": ()},
        {"allowed_sources": ("apbd", "kas_pribadi")},
    ],
)
def test_a_programme_nobody_could_pay_is_refused(changes: dict[str, object]) -> None:
    """RF-24: a programme names the kinds of source that may pay it, from the closed list."""
    whole = {"pillar": "pemulihan", "unit": "household", "allowed_sources": ("apbd",)}
    rules.check_shape(**whole)  # type: ignore[arg-type] # one dictionary for the good and the bad
    with pytest.raises(refusals.ProgramRefused):
        rules.check_shape(**whole | changes)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize(
    "changes",
    [{"name": " "}, {"public_name": ""}, {"aliases": "x" * 301}, {"ends_on": dt.date(2020, 12, 31)}],
)
def test_a_programme_without_words_or_with_a_reversed_period_is_refused(changes: dict[str, object]) -> None:
    """A fact's line holds 300 letters, and a programme ends after it starts."""
    whole: dict[str, object] = {"name": "BST", "public_name": "BST", "aliases": "", "ends_on": None}
    begin = dt.date(2021, 1, 1)
    rules.check_words(starts_on=begin, **whole)  # type: ignore[arg-type] # as above
    with pytest.raises(refusals.ProgramRefused):
        rules.check_words(starts_on=begin, **whole | changes)  # type: ignore[arg-type] # as above
