"""The papers deeds rest on: registered before they are named, of the right kind, in force on the day.

What a paper says beyond its kind and its days stays on paper: amounts are not in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.facts import Fact, money, paying
from audit.replay.state import Paper, covers, day_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step

DECREE: Final = "sk"
NEED_PLAN: Final = "rkb"
AGREEMENT: Final = "perjanjian"
HANDOVER: Final = "bast"
RETURN: Final = "sts"

NAMED: Final[dict[type[Fact], tuple[str, frozenset[str]]]] = {
    money.EmergencyDeclared: ("decree", frozenset({DECREE})),
    money.ContributionOffered: ("document", frozenset()),
    money.FundsReceived: ("document", frozenset()),
    money.HistoryDeclared: ("document", frozenset()),
    money.RateSet: ("document", frozenset()),
    money.CeilingSet: ("document", frozenset()),
    money.FundsAllocated: ("document", frozenset()),
    money.GoodsPurchased: ("document", frozenset({AGREEMENT})),
    money.GoodsReceived: ("document", frozenset({HANDOVER})),
    paying.EntitlementsDetermined: ("decree", frozenset({DECREE})),
    paying.BatchSubmitted: ("decree", frozenset({DECREE})),
    paying.FundsReturned: ("document", frozenset({RETURN, HANDOVER})),
}
"""The field in which a fact names its paper, and the kinds it may be of; any kind where none is named."""

IN_FORCE: Final[frozenset[type[Fact]]] = frozenset(
    {paying.EntitlementsDetermined, paying.BatchSubmitted, paying.FundsReturned}
)
"""Facts whose paper must be in force on their day."""


def judge(state: State, step: Step, fact: Fact) -> None:
    """Hold the paper that a fact names against what was registered."""
    field, kinds = NAMED[type(fact)]
    reference: str = getattr(fact, field)
    paper = state.papers.get(reference)
    if paper is None:
        state.broken("document.unknown", step.index, f"{step.entry.kind} rests on {reference}, which is not on file")
        return
    if kinds and paper.kind not in kinds:
        state.broken("document.kind", step.index, f"{step.entry.kind} rests on {reference}, which is {paper.kind}")
    if type(fact) in IN_FORCE and not covers(paper.valid_from, paper.valid_until, step.entry.on):
        state.broken("document.force", step.index, f"{reference} was not in force on {step.entry.on}")


def is_need_plan(state: State, reference: str, day: str) -> bool:
    """Say whether a paper is a need plan (RKB) that had begun; it may have ended since the value came in."""
    paper = state.papers.get(reference)
    return paper is not None and paper.kind == NEED_PLAN and paper.valid_from <= day


def use_once(state: State, step: Step, *use: str) -> None:
    """Let a paper serve one purpose once; the purpose is told by its words, the paper by what it is known by."""
    if use in state.papers_used:
        state.broken("document.used", step.index, f"{step.entry.kind} rests on a paper that was used before")
    state.papers_used.add(use)


def identity(state: State, reference: str) -> tuple[str, str, str]:
    """Tell what a paper is known by, registered once or twice: its kind, number and day."""
    paper = state.papers.get(reference)
    return paper.identity if paper else ("", reference, "")


def _registered(state: State, step: Step, fact: money.DocumentRegistered) -> None:
    if fact.document in state.papers:
        state.broken("document.twice", step.index, f"{fact.document} was registered twice")
    known_by = (fact.kind, fact.number.upper(), day_text(fact.issued_on))
    state.papers[fact.document] = Paper(fact.kind, known_by, day_text(fact.valid_from), day_text(fact.valid_until))


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    **dict.fromkeys(NAMED, judge),
    money.DocumentRegistered: _registered,
}
