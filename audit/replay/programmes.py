"""What a programme may pay, from which sources and how much: rates, ceilings, allocations, and the approval policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.facts import money as facts
from audit.replay.authority import one_person, roles_on
from audit.replay.funding import IDR
from audit.replay.state import Policy, Rate, day_text
from audit.replay.value import account, between, carry

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step

COMMITTED: Final = ("reserved", "in_transit", "delivered")
"""Stages that count against a ceiling."""

APPROVERS_LIMIT: Final = 5
"""Approvers a policy may ask for: more would be a veto by absence."""


def _defined(state: State, step: Step, fact: facts.ProgramDefined) -> None:
    if state.comes_again("programme", fact.program, step.index):
        state.broken("programme.twice", step.index, f"programme {fact.program} was defined twice")
    state.programs[fact.program] = fact
    _shaped(state, step, fact.program)


def _rate(state: State, step: Step, fact: facts.RateSet) -> None:
    program = state.programs.get(fact.program)
    if program is None or fact.commodity != program.commodity or not fact.amount:
        state.broken("programme.unknown", step.index, f"a rate of {fact.amount} {fact.commodity} for {fact.program}")
    state.rates.setdefault(fact.program, []).append(Rate(day_text(fact.since), fact.amount))
    _shaped(state, step, fact.program)


def _ceiling(state: State, step: Step, fact: facts.CeilingSet) -> None:
    program = state.programs.get(fact.program)
    if program is None or fact.commodity != program.commodity:
        state.broken("programme.unknown", step.index, f"a ceiling of {fact.amount} {fact.commodity} for {fact.program}")
    hold_source(state, step, fact.program, fact.source)
    state.ceilings[fact.program, fact.source] = fact.amount
    _shaped(state, step, fact.program)


def _excluded(state: State, step: Step, fact: facts.ExclusionSet) -> None:
    if fact.program not in state.programs or fact.other == fact.program:
        state.broken("programme.unknown", step.index, f"{fact.program} excludes {fact.other}")


def _allocated(state: State, step: Step, fact: facts.FundsAllocated) -> None:
    ends = {"origin": ("", "received"), "target": (fact.program, "allocated")}
    carry(state, step, fact.moves, between(fact.source, fact.commodity, fact.amount, **ends))
    hold_source(state, step, fact.program, fact.source)
    program = state.programs.get(fact.program)
    if program is not None and (not program.managed or fact.commodity not in {program.commodity, IDR}):
        state.broken("programme.allocation", step.index, f"{fact.program} is given no {fact.commodity}")


def hold_source(state: State, step: Step, program: str, source: str) -> None:
    """Hold a source against the kinds that a programme may be paid from."""
    known, payer = state.programs.get(program), state.sources.get(source)
    if known is None or payer is None or payer.kind not in known.allowed_sources:
        state.broken("programme.source", step.index, f"{program} may not be paid from {source}")


def hold_ceiling(state: State, step: Step, program: str, source: str, commodity: str) -> None:
    """Hold what a programme has committed from a source against its ceiling, if there is one."""
    ceiling = state.ceilings.get((program, source))
    if ceiling is None:
        return
    keys = [account(source, program, stage) for stage in COMMITTED]
    committed = sum(state.balances.get((key, commodity), 0) for key in keys)
    if committed > ceiling:
        state.broken("programme.ceiling", step.index, f"{program} from {source} is {committed}, over {ceiling}")


def rate_on(state: State, program: str, day: str) -> int | None:
    """Tell what one payment of a programme is on a day, by its newest rate; None without any."""
    begun = [rate for rate in state.rates.get(program, []) if rate.since <= day]
    return max(begun, key=lambda rate: rate.since).amount if begun else None


def policy_on(state: State, program: str, day: str) -> Policy | None:
    """Find the policy in force for a programme on a day: its own before the general one, the newest before older."""
    begun = [policy for policy in state.policies.values() if policy.since <= day]
    own = [policy for policy in begun if policy.program == program]
    general = [policy for policy in begun if not policy.program]
    return max(own or general, key=lambda policy: (policy.since, policy.order), default=None)


def approvers_for(policy: Policy, total: int) -> int:
    """Tell how many approvers a total needs."""
    return max((limit.approvers for limit in policy.limits if limit.from_amount <= total), default=0)


def _proposed(state: State, step: Step, fact: facts.PolicyProposed) -> None:
    totals = [limit.from_amount for limit in fact.limits]
    rises = totals[:1] == [0] and totals == sorted(set(totals))
    if not rises or not all(1 <= limit.approvers <= APPROVERS_LIMIT for limit in fact.limits):
        state.broken(
            "policy.limits", step.index, f"the limits of {fact.policy} do not rise from zero, or ask for nobody"
        )
    if fact.policy in state.proposed_policies or (fact.program and fact.program not in state.programs):
        state.broken("policy.proposed", step.index, f"{fact.policy} was proposed twice, or for no programme of ours")
    _hold_unbound(state, step, fact.policy)
    order = len(state.proposed_policies)
    state.proposed_policies[fact.policy] = (order, step.who, fact.program, fact.limits)


def _changed(state: State, step: Step, fact: facts.PolicyChanged) -> None:
    proposed = state.proposed_policies.get(fact.policy)
    stated = (fact.proposed_by, fact.program, fact.limits)
    if proposed is None or proposed[1:] != stated or fact.policy in state.policies:
        state.broken("policy.proposed", step.index, f"{fact.policy} is not what was proposed, or was agreed to before")
    if fact.founding:
        if not state.founding_open or step.who not in state.founders:
            state.broken("policy.alone", step.index, f"policy {fact.policy} was changed by {step.who} as a founder")
    elif fact.proposed_by in one_person(state, step.who, step.entry.on):
        state.broken("policy.alone", step.index, f"policy {fact.policy} was changed by one person")
    _hold_unbound(state, step, fact.policy)
    since = day_text(fact.since)
    if since < step.entry.on or (since == step.entry.on and not fact.founding):
        state.broken("policy.since", step.index, f"policy {fact.policy} holds from {since}, not from the next day on")
    order = proposed[0] if proposed else len(state.proposed_policies)
    people = frozenset({fact.proposed_by, step.who})
    state.policies[fact.policy] = Policy(fact.policy, fact.program, fact.limits, since, order, people)


def _hold_unbound(state: State, step: Step, policy: str) -> None:
    """Refuse whom a policy binds, once the founding is over: an approver, or somebody in an approver's place."""
    day = step.entry.on
    if state.founding_open and step.who in state.founders:
        return
    if any("approver" in roles_on(state, each, day) for each in one_person(state, step.who, day)):
        state.broken("policy.binds", step.index, f"{step.who} had a hand in {policy}, which binds them")


def _shaped(state: State, step: Step, program: str) -> None:
    state.shapers.setdefault(program, set()).add(step.who)
    state.forget_people()


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.ProgramDefined: _defined,
    facts.RateSet: _rate,
    facts.CeilingSet: _ceiling,
    facts.ExclusionSet: _excluded,
    facts.FundsAllocated: _allocated,
    facts.PolicyProposed: _proposed,
    facts.PolicyChanged: _changed,
}
