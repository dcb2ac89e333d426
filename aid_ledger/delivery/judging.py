"""What an answer does to a line: the transitions of lines, and the comparison of an answer with what was approved.

Pure. An answer for another account or another amount than approved holds the line (THREATS 7). A line whose outcome is
not certain is settled by an inquiry alone. An answer that contradicts a final outcome is refused with its whole file:
either the channel or the file is wrong, and a person must find out which.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aid_ledger.delivery.outcomes import DELIVERED, FAILED, ON_HOLD, UNCERTAIN, Outcome

SENT: Final = "sent"
RETURNED: Final = "returned"

LINE_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "listed": frozenset({SENT}),
    SENT: frozenset({DELIVERED, FAILED, UNCERTAIN, ON_HOLD}),
    UNCERTAIN: frozenset({DELIVERED, FAILED, ON_HOLD, UNCERTAIN}),
    ON_HOLD: frozenset({DELIVERED, FAILED}),
    FAILED: frozenset({RETURNED}),
    DELIVERED: frozenset(),
    RETURNED: frozenset(),
}
"""Every state of a line under delivery and the states it may go to."""

OPEN: Final = frozenset({SENT, UNCERTAIN, ON_HOLD})
"""States whose outcome is still to come."""

BY_INQUIRY: Final = frozenset({UNCERTAIN, ON_HOLD})
"""States that only an inquiry may end."""

NOT_RESENDABLE: Final = frozenset({SENT, UNCERTAIN, ON_HOLD, DELIVERED})
"""States in which a line's entitlement must not be paid by another line."""

NOT_FOUND_SETTLES_AFTER: Final = dt.timedelta(days=1)
"""A channel that still knows nothing of a payment a day later never had it; sooner it may only be slow."""


class Effect(Enum):
    """What an answer does to its line."""

    CHANGES = "changes"
    NOTHING = "nothing"
    CONTRADICTS = "contradicts"
    NEEDS_INQUIRY = "needs_inquiry"


@dataclass(frozen=True, slots=True)
class Said:
    """What a channel said of one line. `is_account_same` None: it did not say which account it paid to."""

    outcome: Outcome
    amount: int
    is_account_same: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome as judged, and what it does to the line."""

    effect: Effect
    outcome: Outcome


def judge(said: Said, *, state: str, approved: int, is_inquiry: bool, age: dt.timedelta) -> Verdict:
    """Judge one answer against the approved amount and the line's state; `age` is the time since it was sent."""
    outcome = _compared(said, approved, is_inquiry=is_inquiry, age=age)
    return Verdict(_effect(outcome, state, is_inquiry=is_inquiry), outcome)


def _compared(said: Said, approved: int, *, is_inquiry: bool, age: dt.timedelta) -> Outcome:
    if said.is_account_same is False:
        return Outcome.ACCOUNT_MISMATCH
    # Where nothing was paid a channel may write nought.
    is_nothing = said.amount == 0 and said.outcome.state != DELIVERED
    if said.amount != approved and not is_nothing:
        return Outcome.AMOUNT_MISMATCH
    if said.outcome is Outcome.NOT_FOUND and is_inquiry and age >= NOT_FOUND_SETTLES_AFTER:
        return Outcome.REJECTED
    return said.outcome


def _effect(outcome: Outcome, state: str, *, is_inquiry: bool) -> Effect:
    if state not in OPEN:
        final = FAILED if state == RETURNED else state
        return Effect.NOTHING if outcome.state in {final, UNCERTAIN} else Effect.CONTRADICTS
    if state in BY_INQUIRY and not is_inquiry:
        return Effect.NOTHING if outcome.state == state else Effect.NEEDS_INQUIRY
    return Effect.CHANGES if outcome.state in LINE_TRANSITIONS[state] else Effect.NOTHING
