"""What a programme may pay, from which sources and how much: rates, ceilings, emergency, screening, policies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from audit.facts import money as facts
from audit.facts.paying import BatchSubmitted, EntitlementsProposed
from audit.replay.state import Rate, State, Step

DONATED = frozenset({"csr", "asn_peduli"})
"""Source kinds that have donors and must be screened for gratification."""

EMERGENCY = "btt"
"""The source kind that is received only inside an emergency status and on a need plan (RKB)."""

COMMITTED = ("reserved", "in_transit", "delivered")
"""Stages that count against a ceiling."""


def apply(state: State, step: Step, _act: Sequence[Step]) -> None:
    """Learn the programme's rules and hold payments against them."""
    handler = _HANDLERS.get(type(step.fact))
    if handler is not None:
        handler(state, step, step.fact)


def _source(state: State, _step: Step, fact: facts.SourceOpened) -> None:
    state.sources[fact.source] = fact.kind


def _program(state: State, _step: Step, fact: facts.ProgramDefined) -> None:
    state.allowed_sources[fact.program] = fact.allowed_sources


def _rate(state: State, _step: Step, fact: facts.RateSet) -> None:
    state.rates.setdefault(fact.program, []).append(Rate(fact.since, fact.amount))


def _ceiling(state: State, _step: Step, fact: facts.CeilingSet) -> None:
    state.ceilings[fact.program, fact.source] = fact.amount


def _emergency(state: State, _step: Step, fact: facts.EmergencyDeclared) -> None:
    state.emergencies[fact.status] = (fact.since, fact.until)


def _offered(state: State, step: Step, fact: facts.ContributionOffered) -> None:
    state.offered_by[fact.contribution] = step.who


def _screened(state: State, step: Step, fact: facts.GratificationScreened) -> None:
    state.screened[fact.contribution] = fact.outcome
    if state.offered_by.get(fact.contribution) == step.who:
        state.broken("funding.screened_alone", step.index, f"{step.who} offered and screened {fact.contribution}")


def _received(state: State, step: Step, fact: facts.FundsReceived) -> None:
    kind = state.sources.get(fact.source, "")
    if kind in DONATED and state.screened.get(fact.contribution) != "accepted":
        state.broken("funding.unscreened", step.index, f"{fact.contribution} was received without screening")
    if kind == EMERGENCY:
        _hold_against_emergency(state, step, fact)


def _hold_against_emergency(state: State, step: Step, fact: facts.FundsReceived) -> None:
    since, until = state.emergencies.get(fact.emergency, (None, None))
    day = step.entry.on
    inside = since is not None and since.isoformat() <= day and (until is None or day <= until.isoformat())
    if not inside or not fact.need_plan:
        state.broken("funding.btt", step.index, f"{fact.contribution} (BTT) lacks an emergency status or an RKB")


def _allocated(state: State, step: Step, fact: facts.FundsAllocated) -> None:
    allowed = state.allowed_sources.get(fact.program)
    if allowed is None or state.sources.get(fact.source) not in allowed:
        state.broken("programme.source", step.index, f"{fact.program} may not be paid from {fact.source}")


def _policy(state: State, step: Step, fact: facts.PolicyChanged) -> None:
    state.policies[fact.policy] = fact.limits
    if not state.founding_open and (fact.founding or fact.proposed_by == step.who):
        state.broken("policy.alone", step.index, f"policy {fact.policy} was changed by one person")


def _proposed(state: State, step: Step, fact: EntitlementsProposed) -> None:
    if fact.amount_each not in _rates_in_force(state, fact.program, step.entry.on):
        state.broken("programme.rate", step.index, f"{fact.amount_each} is no rate of {fact.program}")


def _submitted(state: State, step: Step, fact: BatchSubmitted) -> None:
    limits = state.policies.get(fact.policy, ())
    needed = max((limit.approvers for limit in limits if limit.from_amount <= fact.total), default=0)
    if not needed or fact.approvers < needed:
        state.broken("policy.approvers", step.index, f"{fact.batch} needs {needed} approvers, asks {fact.approvers}")
    for share in fact.sources:
        _hold_against_ceiling(state, step, fact, share.source)
        if state.sources.get(share.source) not in state.allowed_sources.get(fact.program, ()):
            state.broken("programme.source", step.index, f"{fact.program} may not be paid from {share.source}")


def _hold_against_ceiling(state: State, step: Step, fact: BatchSubmitted, source: str) -> None:
    ceiling = state.ceilings.get((fact.program, source))
    if ceiling is None:
        return
    keys = [f"{source}/{fact.program}/{stage}" for stage in COMMITTED]
    committed = sum(state.balances.get((key, fact.commodity), 0) for key in keys)
    if committed > ceiling:
        state.broken("programme.ceiling", step.index, f"{fact.program} from {source} is {committed}, over {ceiling}")


def _rates_in_force(state: State, program: str, day: str) -> set[int]:
    """Amounts of the programme's newest rate on a day."""
    begun = [rate for rate in state.rates.get(program, []) if rate.since is None or rate.since.isoformat() <= day]
    if not begun:
        return set()
    newest = max(rate.since.isoformat() if rate.since else "" for rate in begun)
    return {rate.amount for rate in begun if (rate.since.isoformat() if rate.since else "") == newest}


_HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.SourceOpened: _source,
    facts.ProgramDefined: _program,
    facts.RateSet: _rate,
    facts.CeilingSet: _ceiling,
    facts.EmergencyDeclared: _emergency,
    facts.ContributionOffered: _offered,
    facts.GratificationScreened: _screened,
    facts.FundsReceived: _received,
    facts.FundsAllocated: _allocated,
    facts.PolicyChanged: _policy,
    EntitlementsProposed: _proposed,
    BatchSubmitted: _submitted,
}
