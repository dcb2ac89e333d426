"""The bounds of an Act's time: not far behind what others swore, and not long before its commit."""

from __future__ import annotations

import datetime as dt

import pytest

from aid_ledger.core.errors import Kind
from aid_ledger.core.floor import (
    CLOCK_SLACK,
    LONGEST_ACT,
    ActTooLong,
    ClockBehind,
    check_not_behind,
    check_not_too_long,
    no_floor,
)
from audit.brackets import LONGEST_ACT_S
from audit.policy import MAX_FUTURE_S

AT = dt.datetime(2026, 11, 22, 5, 49, tzinfo=dt.UTC)
INSTANT = dt.timedelta(microseconds=1)


def test_a_clock_may_be_five_minutes_behind_and_no_more() -> None:
    """THREATS 9: the limit itself is allowed, the next microsecond is not, and the refusal says by how much."""
    check_not_behind(AT, AT + CLOCK_SLACK)
    with pytest.raises(ClockBehind) as caught:
        check_not_behind(AT, AT + CLOCK_SLACK + INSTANT)
    assert (caught.value.facts, caught.value.kind) == ({"behind_s": 300}, Kind.UNAVAILABLE)


def test_without_witnesses_there_is_no_floor() -> None:
    """An agency that nobody watches yet still works; the verifier says that its times are claims."""
    check_not_behind(AT, no_floor())


def test_an_act_may_take_half_an_hour_and_no_more() -> None:
    """THREATS 9: otherwise an honest entry would look backdated to whoever verifies."""
    check_not_too_long(AT, AT + LONGEST_ACT)
    with pytest.raises(ActTooLong) as caught:
        check_not_too_long(AT, AT + LONGEST_ACT + INSTANT)
    assert (caught.value.facts, caught.value.kind) == ({"minutes": 30}, Kind.UNAVAILABLE)


def test_what_the_ledger_allows_the_verifier_believes() -> None:
    """Each side has written its own limits; an honest Act fits into both, ordering and clocks included."""
    assert LONGEST_ACT.total_seconds() + 3_600 < LONGEST_ACT_S
    assert CLOCK_SLACK.total_seconds() == MAX_FUTURE_S
