"""The rules of people and factors, pure: terms, passwords, delays, who decides."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.roles import NEVER_TOGETHER, Role
from aid_ledger.officials import refusals, rules

NOBODY: frozenset[int] = frozenset()
MONDAY = dt.date(2021, 8, 2)
SUNDAY = dt.date(2021, 8, 1)


@pytest.mark.parametrize("login", ["", "Budi", "budi santoso", "1budi", "budi.", "budi..s", "búdi", "b" * 41, "budi\n"])
def test_a_login_that_could_be_mistaken_is_refused(login: str) -> None:
    """Law: the log names people by it for ever; two that look alike are the start of an impersonation."""
    with pytest.raises(refusals.LoginMalformed):
        rules.check_login(login)


@pytest.mark.parametrize("login", ["budi", "budi.santoso", "kpa_2", "b" * 40])
def test_a_plain_login_is_good(login: str) -> None:
    """The control."""
    rules.check_login(login)


@pytest.mark.parametrize(
    ("status", "until"),
    [("plt", None), ("plh", None), ("pj", None), ("definitif", SUNDAY), ("plt", SUNDAY), ("sementara", MONDAY)],
)
def test_a_term_no_decree_could_mean_is_refused(status: str, until: dt.date | None) -> None:
    """Cheat 9: a Plt without an end acts for ever; a term that ends before it begins is a slip of the date."""
    with pytest.raises(refusals.TermMalformed):
        rules.check_term(status, MONDAY, until)


def test_good_terms_pass() -> None:
    """The control: definitive without an end, acting with one, both ends on one day."""
    rules.check_term("definitif", MONDAY, None)
    rules.check_term("plt", MONDAY, MONDAY)


@pytest.mark.parametrize("decree", ["", " ", "\t"])
def test_power_without_a_decree_is_refused(decree: str) -> None:
    """THREATS 2: granting a role needs an SK number."""
    with pytest.raises(refusals.DecreeMissing):
        rules.check_decree(decree)


@pytest.mark.parametrize("area", ["32.1", "3216", "32.16.01.001", "32.16.%", "*", "32.16."])
def test_an_area_that_is_no_code_is_refused(area: str) -> None:
    """Cheat: a pattern smuggled in as an area would match more than a region."""
    with pytest.raises(refusals.AreaMalformed):
        rules.check_area(area)


@pytest.mark.parametrize("area", ["", "32", "32.16", "32.16.01", "32.16.01.2001"])
def test_every_level_of_the_code_tree_is_an_area(area: str) -> None:
    """The control."""
    rules.check_area(area)


PAIRS = sorted(NEVER_TOGETHER, key=lambda pair: "+".join(sorted(role.value for role in pair)))


@pytest.mark.parametrize("pair", PAIRS)
def test_roles_that_may_never_meet_are_refused_in_both_orders(pair: frozenset[Role]) -> None:
    """Law P2, P5: whichever of the two is asked for second."""
    one, other = sorted(pair, key=lambda role: role.value)
    for wanted, held in ((one, other), (other, one)):
        with pytest.raises(refusals.RolesClash):
            rules.check_roles_meet(wanted, [held])


def test_a_setting_may_forbid_more() -> None:
    """THREATS 3: roles that may never meet are a setting."""
    rules.check_roles_meet(Role.OPERATOR, [Role.TREASURER])
    with pytest.raises(refusals.RolesClash):
        rules.check_roles_meet(Role.OPERATOR, [Role.TREASURER], {frozenset({Role.OPERATOR, Role.TREASURER})})


def test_an_unknown_role_is_refused() -> None:
    """Law: the vocabulary of power is closed."""
    with pytest.raises(refusals.RoleUnknown):
        rules.read_role("superuser")
    assert rules.read_role("approver") is Role.APPROVER


@pytest.mark.parametrize(
    ("decider", "barred", "error"),
    [
        (1, NOBODY, refusals.SecondOfficialNeeded),  # the requester
        (2, NOBODY, refusals.SelfGrant),  # the one it is for
        (3, frozenset({3, 1}), refusals.SecondOfficialNeeded),  # Plt of the requester
        (3, frozenset({3, 2}), refusals.SelfGrant),  # Plt of the one it is for
    ],
)
def test_who_asked_or_gains_does_not_decide(decider: int, barred: frozenset[int], error: type[Exception]) -> None:
    """THREATS 2, 3: a second official, and a Plt inherits the bar of whose place they hold."""
    with pytest.raises(error):
        rules.check_second_official(decider=decider, requester=1, owner=2, barred=barred)


def test_a_third_person_decides() -> None:
    """The control."""
    rules.check_second_official(decider=3, requester=1, owner=2, barred=frozenset({3, 9}))


@pytest.mark.parametrize(
    "password",
    ["", "pendek", "aaaaaaaaaaaaaaaa", "ababababababab", "rahasia-budi-2021", "RAHASIA-BUDI-2021", "x1" * 65],
)
def test_a_password_guessed_first_is_refused(password: str) -> None:
    """Cheat: short, one letter, the login with a year."""
    with pytest.raises(refusals.PasswordWeak):
        rules.check_password(password, "budi")


def test_a_sentence_is_a_good_password() -> None:
    """The control: length decides, mixtures are not asked for."""
    rules.check_password("tiga ekor kambing hijau", "budi")


@given(st.integers(min_value=0, max_value=10_000))
def test_delays_only_grow_and_stay_below_their_limit(fails: int) -> None:
    """THREATS 19: guessing slows down, and nobody is locked out for ever."""
    for delay_after, longest in (
        (rules.delay_after, rules.LONGEST_DELAY),
        (rules.password_delay_after, rules.LONGEST_PASSWORD_DELAY),
    ):
        assert delay_after(fails) <= delay_after(fails + 1) <= longest


def test_the_first_failures_cost_nothing() -> None:
    """A mistyped digit is no attack; the third failure in a row waits half a minute."""
    assert rules.delay_after(2) == dt.timedelta(0)
    assert rules.delay_after(3) == dt.timedelta(seconds=30)
    assert rules.delay_after(4) == dt.timedelta(minutes=1)
    assert rules.password_delay_after(3) == dt.timedelta(seconds=2)
