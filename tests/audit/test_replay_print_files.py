"""Replay of a print file that leaves by a way on without witnesses: charged whole, by the act that printed it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.facts import paying, witnessing
from tests.audit.lies import Cheat, both, change
from tests.audit.replaying import ONE, answer, confirmed, receipt
from tests.audit.test_replay_witnessed import TOTAL, outage
from tests.audit.told import Expected, Story, broken, expected, replayed, said

TWO_ARRIVED = paying.LineOutcome(2, 300_000, "SUCCESS")

PRINTING = "c0ffee" * 5
"""The act in which a file of two receipts is printed."""


def print_file(*, what: str = PRINTING, lines: int = 2) -> Cheat:
    """Print both receipts as one file, in two facts, charged by its act."""

    def cheat(told: Story) -> Story:
        told = told | {
            "answer": answer(confirmed(ONE, TWO_ARRIVED, amount=TOTAL)),
            "receipts": said("treasurer", receipt("r1"), receipt("r2")),
        }
        del told["receipt"]
        files = [
            paying.ReceiptsPrinted(batch="BTC-1", layout="4a6", printed=(paying.PrintedReceipt(name, 1),))
            for name in ("r1", "r2")
        ]
        charge = witnessing.UnwitnessedUsed(way="UNW-1", what=what, amount=0, lines=lines)
        [*printed] = [replace(each, act=PRINTING) for each in said("field", charge, *files)]
        del told["print"]
        return told | {"print": printed}

    return both(both(change("way", lines=4), change("open", lines=4)), cheat)


CHEATS: dict[str, tuple[Cheat, list[Expected]]] = {
    "charged with less than it holds": (
        print_file(lines=1),
        [("way.content", "print", f"{PRINTING} was charged to UNW-1 with less or more than it is")],
    ),
    "charged in another act": (
        print_file(what="0" * 32, lines=1),
        [("way.nothing", "print", f"{'0' * 32} was charged to UNW-1 and did not leave")],
    ),
    "more than the way has lines for": (
        both(print_file(), both(change("way", lines=3), change("open", lines=3))),
        [("way.over_cap", "print", f"{PRINTING} takes UNW-1 over its cap")],
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_file_that_is_not_charged_as_it_is_breaks_its_rule(name: str) -> None:
    """THREATS 4: an outage is no way to print a village uncounted."""
    cheat, found = CHEATS[name]
    told = cheat(outage())
    assert broken(told) == expected(told, *found)


def test_a_print_file_leaves_charged_whole() -> None:
    """Each receipt in it counts a line of the way, whatever facts tell them."""
    told = print_file()(outage())
    assert broken(told) == []
    assert replayed(told).state.ways["UNW-1"].spent_lines == 4
