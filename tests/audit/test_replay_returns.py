"""Replay of value that goes back: exactly so much, on a paper of its own, and what that paper counts."""

from __future__ import annotations

import pytest

from audit.facts import paying
from tests.audit.lies import Cheat, both, line, second, then, until
from tests.audit.replaying import paper, story
from tests.audit.told import COMMITMENT, Expected, Said, broken, expected, move, said


def return_of(
    *,
    batch: str = "BTC-1",
    source: str = "APBD-1",
    amount: int = 300_000,
    lines: tuple[int, ...] = (2,),
    told: int = 300_000,
    kind: str = "sts",
    sts: str = "STS-1",
    named: str | None = None,
    counted: int | None = None,
) -> list[Said]:
    """Return some lines of a batch by an STS over some amount; the STS names and counts them unless told otherwise."""
    returned = paying.FundsReturned(
        sts=sts,
        source=source,
        program="BST",
        commodity="IDR",
        amount=amount,
        batch=named if named is not None else batch,
        lines=len(lines) if counted is None else counted,
        document="DOC-9",
        statement=COMMITMENT,
        moves=(move(source, "allocated", "returned", amount),),
    )
    outcomes = tuple(paying.LineOutcome(line, told, "ACCOUNT_INVALID") for line in lines)
    going = paying.LinesReturned(sts=sts, batch=batch, returned=outcomes)
    return paper("DOC-9", kind) + said("treasurer", returned, going)


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "a return of an unknown batch": (
        then(*return_of(batch="BTC-9")),
        [("batch.unknown", "more.2", "LinesReturned of batch BTC-9, which nobody drafted")],
    ),
    "less returned than the lines": (
        then(*return_of(amount=299_999)),
        [("return.amount", "more.2", "STS-1 returns 299999, its lines are 300000")],
    ),
    "a delivered line returned": (
        then(*return_of(lines=(1,))),
        [("line.state", "more.2", "line 1 of BTC-1 has nothing to return")],
    ),
    "a line nobody froze returned": (
        then(*return_of(lines=(9,))),
        [("line.state", "more.2", "line 9 of BTC-1 has nothing to return")],
    ),
    "a line returned for another amount": (
        then(*return_of(told=1, amount=1)),
        [("line.state", "more.2", "line 2 of BTC-1 has nothing to return")],
    ),
    "a line returned twice": (
        then(*return_of(lines=(2, 2), amount=600_000)),
        [("line.state", "more.2", "line 2 of BTC-1 has nothing to return")],
    ),
    "lines returned without their STS": (
        then(*return_of()[2:]),
        [("return.amount", "more", "STS-1 returns 0, its lines are 300000")],
    ),
    "a line returned to another source": (
        then(*return_of(source="APBD-2")),
        [
            ("value.below_zero", "more.1", "APBD-2/BST/allocated held 0 IDR, not 300000"),
            ("return.other", "more.2", "line 2 of BTC-1 is returned to another source than paid it"),
        ],
    ),
    "a line returned that is paid again": (
        both(until("receipt"), both(second("BTC-2", (line(1, 102),), through="submit"), then(*return_of()))),
        [("return.claimed", "more.2", "line 2 of BTC-1 is being paid again")],
    ),
    "nothing returned": (
        then(*return_of(amount=0, named="", lines=())[:2]),
        [("return.amount", "more.1", "STS-1 returns nothing")],
    ),
    "a return of more lines than it says": (
        then(*return_of(counted=1, lines=(2, 2), amount=600_000)),
        [
            ("return.lines", "more.1", "STS-1 says 1 lines of BTC-1; its act gives back 2"),
            ("line.state", "more.2", "line 2 of BTC-1 has nothing to return"),
        ],
    ),
    "a return of lines of another batch than it says": (
        then(*return_of(named="BTC-2")),
        [("return.lines", "more.1", "STS-1 says 1 lines of BTC-2; its act gives back 1")],
    ),
    "a return that says it gives back no lines": (
        then(*return_of(named="", counted=0)),
        [("return.lines", "more.1", "STS-1 says 0 lines of no batch; its act gives back 1")],
    ),
    "a return that gives back the lines it says of nothing": (
        then(*return_of(amount=100)[:2]),
        [("return.lines", "more.1", "STS-1 says 1 lines of BTC-1; its act gives back 0")],
    ),
    "two returns under one number": (
        then(
            *return_of(amount=100, named="", lines=())[:2],
            *paper("DOC-8", "sts"),
            *said("treasurer", return_of(amount=100, named="", lines=())[1].but(document="DOC-8").fact),
        ),
        [("return.twice", "more.3", "STS-1 was returned before")],
    ),
    "a return printed that was never made": (
        then(*said("treasurer", paying.ReturnPrinted(sts="STS-9"))),
        [("return.unknown", "more", "STS-9 was printed and never returned")],
    ),
    "money returned on a handover record": (
        then(*return_of(kind="bast")),
        [("return.paper", "more.1", "STS-1 returns money on a handover record")],
    ),
    "two returns on one paper": (
        then(
            *return_of(amount=100, named="", lines=())[:2],
            *said("treasurer", return_of(amount=100, sts="STS-2", named="", lines=())[1].fact),
        ),
        [("document.used", "more.2", "FundsReturned rests on a paper that was used before")],
    ),
    "two lines returned that have nothing to return": (
        then(*return_of(lines=(1, 9), amount=600_000)),
        [
            ("line.state", "more.2", "line 1 of BTC-1 has nothing to return"),
            ("line.state", "more.2", "line 9 of BTC-1 has nothing to return"),
        ],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_return_that_cheats_is_named(name: str) -> None:
    """Each lie in an otherwise honest story breaks its rule at its entry, and says so; nothing else is broken."""
    cheat, found = CHEATS[name]
    told = cheat(story())
    assert broken(told) == expected(told, *found)


def test_each_return_has_its_paper() -> None:
    """Two returns, two papers."""
    other = [each.but(document="DOC-8", sts="STS-2") for each in return_of(amount=100, named="", lines=())[1:2]]
    again = [*paper("DOC-8", "sts"), *said("treasurer", *(each.fact for each in other))]
    assert broken(then(*return_of(amount=100, named="", lines=())[:2], *again)(story())) == []


def test_the_paper_of_an_honest_return_is_printed() -> None:
    """An STS over the line that failed, and its paper, by an auditor."""
    told = story()
    told["more"] = [*return_of(), *said("auditor", paying.ReturnPrinted(sts="STS-1"))]
    assert broken(told) == []
