"""The life of a challenge on paper, and what a refused code means to the one who typed it."""

from __future__ import annotations

import datetime as dt

import pytest

from aid_ledger.approvals import rules
from aid_ledger.core.errors import DomainError, Kind

OPENED = dt.datetime(2021, 8, 5, 7, 0, tzinfo=dt.UTC)
ENDS = OPENED + rules.CHALLENGE_LIFE
INSTANT = dt.timedelta(microseconds=1)


@pytest.mark.parametrize("state", ["accepted", "expired", "exhausted", "replaced", "void", ""])
def test_only_an_open_challenge_takes_a_code(state: str) -> None:
    """P2: an accepted challenge approves nothing more."""
    assert rules.why_ended(state, at=OPENED, expires_at=ENDS) == f"challenge_{state}"


def test_a_challenge_ends_after_five_minutes_to_the_microsecond() -> None:
    """A page left open at lunch approves nothing afterwards."""
    assert dt.timedelta(minutes=5) == rules.CHALLENGE_LIFE
    assert rules.why_ended("open", at=ENDS, expires_at=ENDS) == ""
    assert rules.why_ended("open", at=ENDS + INSTANT, expires_at=ENDS) == "challenge_expired"


@pytest.mark.parametrize("references", [[], ["BTC-1", "BTC-1"], [f"BTC-{n}" for n in range(21)]])
def test_a_bundle_is_a_short_list_without_repeats(references: list[str]) -> None:
    """Twenty-one batches on one page are not read; the same one twice would be counted twice."""
    with pytest.raises(rules.BundleRefused):
        rules.check_bundle(references)


def test_twenty_fit_on_a_page() -> None:
    """The limit itself is allowed."""
    rules.check_bundle([f"BTC-{n}" for n in range(rules.BUNDLE_LIMIT)])


@pytest.mark.parametrize(
    ("reason", "tries_left", "wait_s", "refusal", "kind"),
    [
        ("wrong_code", 4, 0, rules.CodeRefused, Kind.NOT_ALLOWED),
        ("used_code", 4, 0, rules.CodeRefused, Kind.NOT_ALLOWED),
        ("wrong_code", 2, 30, rules.CodeTooOften, Kind.EXHAUSTED),
        ("wrong_code", 0, 0, rules.CodeTooOften, Kind.EXHAUSTED),
        ("locked", 1, 17, rules.CodeTooOften, Kind.EXHAUSTED),
        ("challenge_expired", 5, 0, rules.ChallengeEnded, Kind.CONFLICT),
        ("challenge_accepted", 5, 0, rules.ChallengeEnded, Kind.CONFLICT),
        ("batch_changed", 5, 0, rules.ShownHasChanged, Kind.CONFLICT),
        ("batch_state", 5, 0, rules.ShownHasChanged, Kind.CONFLICT),
        ("power_gone", 5, 0, rules.ShownHasChanged, Kind.CONFLICT),
        ("not_separate", 5, 0, rules.ShownHasChanged, Kind.CONFLICT),
    ],
)
def test_a_refused_code_is_told_as_what_it_is(
    reason: str, tries_left: int, wait_s: int, refusal: type[DomainError], kind: Kind
) -> None:
    """A mistyped digit, a page left too long and a list that was changed are three different things to do next."""
    with pytest.raises(refusal) as caught:
        rules.check_outcome(reason, tries_left=tries_left, wait_s=wait_s)
    assert caught.value.kind is kind


def test_an_accepted_code_raises_nothing() -> None:
    """The empty reason is acceptance."""
    rules.check_outcome("", tries_left=5, wait_s=0)
