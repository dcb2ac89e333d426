"""Value that goes back, replayed: which failed lines, exactly how much, and none that is being paid again."""

from __future__ import annotations

import pytest

from audit.facts import paying
from tests.audit.replaying import LINES, Said, batch, move, replayed, rules, said, story

FAILED = LINES[1]


def return_of(
    *, amount: int = FAILED.amount, lines: tuple[int, ...] = (FAILED.line,), told: int = FAILED.amount
) -> list[Said]:
    """Return some lines of BTC-1 by an STS of some amount."""
    returned = paying.FundsReturned(
        sts="STS-1",
        source="APBD-1",
        program="BST",
        commodity="IDR",
        amount=amount,
        document="DOC-9",
        moves=(move("APBD-1", "allocated", "returned", amount),),
    )
    outcomes = tuple(paying.LineOutcome(line, told, "ACCOUNT_INVALID") for line in lines)
    return said("treasurer", returned, paying.LinesReturned(sts="STS-1", batch="BTC-1", returned=outcomes))


def test_a_failed_line_may_go_back() -> None:
    """The honest return breaks nothing, and the line knows it."""
    replay = replayed({**story(), "return": return_of()})
    assert rules(replay.state.violations) == set()
    assert replay.state.batches["BTC-1"].lines[FAILED.line].state == "returned"
    assert replay.state.balances["APBD-1/BST/returned", "IDR"] == FAILED.amount


@pytest.mark.parametrize(
    ("returned", "rule"),
    [
        (return_of(amount=FAILED.amount - 1), "return.amount"),
        (return_of(lines=(1,)), "line.state"),
        (return_of(lines=(9,)), "line.state"),
        (return_of(told=1), "line.state"),
        (return_of(lines=(FAILED.line, FAILED.line), amount=2 * FAILED.amount), "line.state"),
        (return_of()[1:], "return.amount"),
    ],
)
def test_a_false_return_is_named(returned: list[Said], rule: str) -> None:
    """Less than the lines, a delivered line, no line at all, the same twice, and lines without their STS."""
    assert rule in rules(replayed({**story(), "return": returned}).state.violations)


def test_a_line_that_is_paid_again_cannot_go_back() -> None:
    """The same value, once to the household by another batch and once to the treasury."""
    again = (paying.FrozenLine(1, FAILED.entitlement, FAILED.amount, "APBD-1", FAILED.commitment),)
    second = batch("BTC-2", again)
    steps = {**story(), "drafted again": second["draft"], "submitted again": second["submit"], "return": return_of()}
    assert rules(replayed(steps).state.violations) == {"return.claimed"}
