"""What an answer does to a line: every state against every outcome, by result and by inquiry."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from aid_ledger.delivery.judging import (
    BY_INQUIRY,
    LINE_TRANSITIONS,
    NOT_FOUND_SETTLES_AFTER,
    OPEN,
    Effect,
    Said,
    judge,
)
from aid_ledger.delivery.outcomes import DELIVERED, FAILED, ON_HOLD, UNCERTAIN, Outcome

APPROVED = 600_000
HOUR = dt.timedelta(hours=1)
SETTLED = ("delivered", "failed", "returned")


def judged(
    outcome: Outcome,
    state: str,
    *,
    amount: int = APPROVED,
    same: bool | None = None,
    is_inquiry: bool = False,
    age: dt.timedelta = HOUR,
) -> tuple[Effect, Outcome]:
    """Judge one answer about a line of Rp600.000."""
    verdict = judge(Said(outcome, amount, same), state=state, approved=APPROVED, is_inquiry=is_inquiry, age=age)
    return verdict.effect, verdict.outcome


def test_success_to_another_account_is_held() -> None:
    """THREATS 7: payee swapped at the bank, SUCCESS returned: HOLD."""
    assert judged(Outcome.SUCCESS, "sent", same=False) == (Effect.CHANGES, Outcome.ACCOUNT_MISMATCH)


@pytest.mark.parametrize("amount", [0, APPROVED - 1, APPROVED + 1])
def test_success_of_another_amount_is_held(amount: int) -> None:
    """A cut on the way, or a payment too large, is no payment of ours."""
    assert judged(Outcome.SUCCESS, "sent", amount=amount, same=True) == (Effect.CHANGES, Outcome.AMOUNT_MISMATCH)


def test_a_failure_may_name_no_amount_but_not_a_part() -> None:
    """Nothing was paid: nought or the approved amount; a part means that some of it went somewhere."""
    assert judged(Outcome.ACCOUNT_INVALID, "sent", amount=0)[1] is Outcome.ACCOUNT_INVALID
    assert judged(Outcome.ACCOUNT_INVALID, "sent", amount=1)[1] is Outcome.AMOUNT_MISMATCH


@pytest.mark.parametrize("outcome", [Outcome.SUCCESS, Outcome.ACCOUNT_INVALID])
@pytest.mark.parametrize("state", sorted(BY_INQUIRY))
def test_an_uncertain_line_is_settled_by_an_inquiry_only(state: str, outcome: Outcome) -> None:
    """UNCERTAIN leaves by an inquiry, never by a resend or a late result."""
    assert judged(outcome, state)[0] is Effect.NEEDS_INQUIRY
    assert judged(outcome, state, is_inquiry=True) == (Effect.CHANGES, outcome)


def test_not_found_is_a_failure_only_when_asked_a_day_later() -> None:
    """A channel that is only slow must not make a line look free to be paid again."""
    early = judged(Outcome.NOT_FOUND, UNCERTAIN, is_inquiry=True)
    assert early == (Effect.CHANGES, Outcome.NOT_FOUND)
    assert early[1].state == UNCERTAIN
    assert judged(Outcome.NOT_FOUND, "sent", age=NOT_FOUND_SETTLES_AFTER)[1] is Outcome.NOT_FOUND
    late = judged(Outcome.NOT_FOUND, UNCERTAIN, is_inquiry=True, age=NOT_FOUND_SETTLES_AFTER)
    assert late == (Effect.CHANGES, Outcome.REJECTED)


@pytest.mark.parametrize("is_inquiry", [False, True])
def test_a_final_line_is_never_changed(*, is_inquiry: bool) -> None:
    """A second SUCCESS is nothing; SUCCESS after a failure, or a failure after SUCCESS, is a contradiction."""
    for state, outcome in itertools.product(SETTLED, Outcome):
        effect, _ = judged(outcome, state, is_inquiry=is_inquiry)
        agrees = outcome.state == (FAILED if state == "returned" else state)
        assert effect is (Effect.NOTHING if agrees or outcome.state == UNCERTAIN else Effect.CONTRADICTS), (
            state,
            outcome,
        )


def test_every_change_follows_the_transitions() -> None:
    """Every state against every outcome: what changes a line is a transition of the table, and nothing else."""
    for state, outcome, is_inquiry in itertools.product(LINE_TRANSITIONS, Outcome, (False, True)):
        effect, judged_as = judged(outcome, state, is_inquiry=is_inquiry)
        if effect is Effect.CHANGES:
            assert judged_as.state in LINE_TRANSITIONS[state]
            assert state in OPEN
            assert is_inquiry or state not in BY_INQUIRY


def test_asking_again_about_an_uncertain_line_is_kept() -> None:
    """An inquiry that brings no certainty is recorded, so that everybody sees who asked and when."""
    assert judged(Outcome.PENDING, UNCERTAIN, is_inquiry=True) == (Effect.CHANGES, Outcome.PENDING)
    assert judged(Outcome.PENDING, UNCERTAIN) == (Effect.NOTHING, Outcome.PENDING)


def test_a_held_line_stays_held_until_the_channel_explains() -> None:
    """The same wrong account a second time changes nothing; PENDING frees nobody."""
    assert judged(Outcome.SUCCESS, ON_HOLD, same=False, is_inquiry=True)[0] is Effect.NOTHING
    assert judged(Outcome.PENDING, ON_HOLD, is_inquiry=True)[0] is Effect.NOTHING
    assert judged(Outcome.SUCCESS, ON_HOLD, same=True, is_inquiry=True) == (Effect.CHANGES, Outcome.SUCCESS)
    assert Outcome.SUCCESS.state == DELIVERED
