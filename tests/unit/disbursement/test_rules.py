"""The way of a batch on paper: every step that follows, and every other refused."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aid_ledger.core.errors import DomainError
from aid_ledger.disbursement import models, rules

STATES = sorted(rules.TRANSITIONS)
FORWARD = ["draft", "submitted", "verified", "approved", "sent", "delivered"]
DAY = dt.date(2021, 8, 5)
ONE_DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(("state", "wanted"), list(itertools.product(STATES, STATES)))
def test_only_listed_steps_follow(state: str, wanted: str) -> None:
    """P2: the whole table is walked, wrong orders included."""
    if wanted in rules.TRANSITIONS[state]:
        rules.check_transition("BTC-1", state, wanted)
    else:
        with pytest.raises(rules.BatchStateRefused):
            rules.check_transition("BTC-1", state, wanted)


@pytest.mark.parametrize("wanted", STATES)
def test_a_state_nobody_knows_leads_nowhere(wanted: str) -> None:
    """A state written by hand into the row opens no way."""
    with pytest.raises(rules.BatchStateRefused):
        rules.check_transition("BTC-1", "paid", wanted)


@given(st.lists(st.sampled_from(STATES), max_size=12))
def test_no_walk_reaches_sent_without_every_step_before(walk: list[str]) -> None:
    """Whatever is tried, in whatever order: sent means every step in order since the batch was last its maker's."""
    state, taken = "draft", ["draft"]
    for wanted in walk:
        if wanted in rules.TRANSITIONS[state]:
            state = wanted
            taken = ["draft"] if wanted == "sent_back" else [*taken, wanted]
    if state in {"sent", "delivered"}:
        assert taken == FORWARD[: len(taken)]


def test_ends_are_ends_and_value_is_held_exactly_between() -> None:
    """P1: value is reserved in the states between submission and sending, and in no other."""
    assert {state for state, ways in rules.TRANSITIONS.items() if not ways} == {"delivered", "rejected", "cancelled"}
    assert {"submitted", "verified", "approved"} == rules.RESERVING
    assert not rules.RESERVING & rules.OPEN
    assert all("cancelled" in rules.TRANSITIONS[state] for state in rules.RESERVING | rules.OPEN)


def test_a_dead_line_frees_its_entitlement_and_a_live_one_does_not() -> None:
    """One payment per entitlement: a line that may have been paid is never dead."""
    assert not {"listed", "sent", "unknown", "on_hold", "delivered"} & set(models.DEAD_LINE_STATES)


@pytest.mark.parametrize(
    ("channel", "commodity", "fits"),
    [
        ("bank", "IDR", True),
        ("cash", "IDR", True),
        ("goods", "IDR", False),
        ("bank", "PAKET_A", False),
        ("cash", "PAKET_A", False),
        ("goods", "PAKET_A", True),
        ("pos", "IDR", False),
        ("", "IDR", False),
    ],
)
def test_money_goes_by_bank_or_hand_and_goods_by_hand(channel: str, commodity: str, fits: bool) -> None:
    """A bank pays no packets."""
    if fits:
        rules.check_channel(channel, commodity)
    else:
        with pytest.raises(rules.ChannelRefused):
            rules.check_channel(channel, commodity)


@pytest.mark.parametrize(
    ("kind", "since", "until", "holds"),
    [
        ("sk", DAY, None, True),
        ("sk", DAY, DAY, True),
        ("sk", DAY + ONE_DAY, None, False),
        ("sk", DAY - 9 * ONE_DAY, DAY - ONE_DAY, False),
        ("dpa", DAY, None, False),
    ],
)
def test_a_decree_is_an_sk_in_force_that_day(kind: str, since: dt.date, until: dt.date | None, holds: bool) -> None:
    """Red flags 19, 20 and 31: paid under an expired decree, one not yet in force, or no decree at all."""
    if holds:
        rules.check_decree(kind=kind, number="1", valid_from=since, valid_until=until, on=DAY)
    else:
        with pytest.raises(rules.DecreeRefused):
            rules.check_decree(kind=kind, number="1", valid_from=since, valid_until=until, on=DAY)


@pytest.mark.parametrize("period", ["2021", "2021-08", "2021-12", "2021-T3"])
def test_periods_people_use(period: str) -> None:
    """A year, a month, a quarter."""
    rules.check_period(period)


WIDE_DIGITS = "\uff12\uff10\uff12\uff11"


@pytest.mark.parametrize("period", ["", "2021-8", "2021-13", "2021-00", "08-2021", "2021-T5", "2021-08 ", WIDE_DIGITS])
def test_a_period_has_one_spelling(period: str) -> None:
    """The same month under two spellings would be two payments."""
    with pytest.raises(rules.PeriodMalformed):
        rules.check_period(period)


@pytest.mark.parametrize(
    ("managed", "starts", "ends"),
    [
        (False, DAY, None),
        (True, DAY + ONE_DAY, None),
        (True, DAY - 9 * ONE_DAY, DAY - ONE_DAY),
    ],
)
def test_a_programme_pays_only_while_it_runs_here(managed: bool, starts: dt.date, ends: dt.date | None) -> None:
    """A programme of others is observed, and an ended one is over."""
    with pytest.raises(rules.ProgramNotRunning):
        rules.check_running(program="BST", is_managed=managed, starts_on=starts, ends_on=ends, on=DAY)
    rules.check_running(program="BST", is_managed=True, starts_on=DAY, ends_on=DAY, on=DAY)


@pytest.mark.parametrize("reason", ["", "  ", "tidak", "a " * 4, "x" * 1_001])
def test_a_refusal_says_why(reason: str) -> None:
    """`ok` is no reason, and blanks are not letters."""
    with pytest.raises(rules.ReasonMissing):
        rules.check_reason(reason)


def test_a_reason_is_kept_without_its_blanks() -> None:
    """What the log holds is the sentence."""
    assert rules.check_reason("  SK belum\n\nditandatangani. ") == "SK belum ditandatangani."


@pytest.mark.parametrize("state", sorted(set(STATES) - rules.OPEN))
def test_lines_are_set_aside_only_while_the_batch_is_its_makers(state: str) -> None:
    """Nobody shortens a list that others have judged."""
    with pytest.raises(rules.BatchStateRefused):
        rules.check_open("BTC-1", state)


@pytest.mark.parametrize(
    ("state", "reason", "refusal"),
    [
        ("set_aside", "by_hand", rules.LineNotListed),
        ("cancelled", "by_hand", rules.LineNotListed),
        ("listed", "Ibu Siti sudah pindah", rules.SetAsideReasonUnknown),
        ("listed", "no_funds", rules.SetAsideReasonUnknown),
    ],
)
def test_a_line_is_set_aside_once_for_a_known_reason(state: str, reason: str, refusal: type[DomainError]) -> None:
    """P6: a reason in free words would put a person's story into the public log; the machine's own are its own."""
    with pytest.raises(refusal):
        rules.check_set_aside(state, 1, reason)
    rules.check_set_aside("listed", 1, "by_hand")


def test_every_reason_has_words() -> None:
    """A page never shows a code where a family's name is missing."""
    for words in (rules.LEFT_OUT_REASONS | rules.SET_ASIDE_REASONS).values():
        assert words.endswith(".")


def test_a_batch_holds_twice_the_largest_round() -> None:
    """P7: 100,000 lines go in one batch; a limit without headroom would split a kabupaten's round by accident."""
    assert rules.LINES_LIMIT >= 2 * 100_000
    rules.check_size(rules.LINES_LIMIT)
    with pytest.raises(rules.BatchTooLarge):
        rules.check_size(rules.LINES_LIMIT + 1)
    assert rules.FREEZE_CHUNK <= 500
