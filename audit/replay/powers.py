"""How power comes and goes: the beginning and its end, people, offices, roles. No one gets it alone after the founding.

THREATS 2: a role needs a decree and a second person; nobody administers themselves; some roles never meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit.facts import founding
from audit.facts import officials as facts
from audit.replay.authority import MOVERS, one_person
from audit.replay.state import Asked, Grant, Term, day_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step

FOUNDERS: Final = 2

NEVER_TOGETHER: Final = frozenset(
    {frozenset({"auditor", other}) for other in MOVERS | {"admin"}} | {frozenset({"admin", mover}) for mover in MOVERS}
)
"""Who hands out roles moves no aid, and an auditor is nothing else (house rule, after PP 60/2008)."""

DEFINITIF: Final = "definitif"
STATUSES: Final = frozenset({DEFINITIF, "pj", "plt", "plh"})


def _founded(state: State, step: Step, fact: founding.LogFounded) -> None:
    if step.index:
        state.broken("founding.first", step.index, "the log was founded again")
        return
    state.origin, state.is_practice = fact.origin, bool(fact.practice)


def _signed(state: State, step: Step, fact: founding.FoundingSigned) -> None:
    if fact.official != step.who or fact.official not in state.founders or fact.official in state.signed:
        state.broken("founding.signature", step.index, f"{step.who or 'nobody'} signed as {fact.official}")
        return
    state.signed.append(fact.official)


def _closed(state: State, step: Step, fact: founding.FoundingClosed) -> None:
    is_whole = len(state.founders) == FOUNDERS and set(state.signed) == state.founders
    if not state.founding_open or not is_whole or sorted(fact.founders) != sorted(state.founders):
        state.broken("founding.closed", step.index, "the founding was not closed once, by both its founders")
    state.founding_open = False
    state.forget_people()


def _enrolled(state: State, step: Step, fact: facts.OfficialEnrolled) -> None:
    if state.comes_again("official", fact.official, step.index):
        state.broken("people.twice", step.index, f"{fact.official} was enrolled twice")
    state.officials.add(fact.official)
    if not fact.founder:
        return
    if not step.of_act(founding.LogFounded) or len(state.founders) == FOUNDERS:
        state.broken("founding.founder", step.index, f"{fact.official} is no founder of this log")
        return
    state.founders.add(fact.official)
    state.forget_people()


def _suspended(state: State, step: Step, fact: facts.OfficialSuspended) -> None:
    _refuse_self(state, step, fact.official)
    state.suspended.add(fact.official)
    state.forget_people()


def _opened(state: State, _step: Step, fact: facts.OfficeOpened) -> None:
    state.units[fact.office] = fact.agency_unit.casefold()


def _held(state: State, step: Step, fact: facts.OfficeHeld) -> None:
    _refuse_self(state, step, fact.official)
    is_acting = fact.status in STATUSES and fact.status != DEFINITIF
    since, until = day_text(fact.since), day_text(fact.until)
    if not fact.decree or fact.office not in state.units:
        state.broken("office.paper", step.index, f"{fact.official} holds {fact.office} without a decree or the office")
    if fact.status not in STATUSES or (is_acting and not until) or (until and until < since):
        state.broken("office.term", step.index, f"the term of {fact.official} as {fact.office} cannot be")
    if fact.acts_for and (not is_acting or fact.acts_for == fact.official):
        state.broken("office.place", step.index, f"{fact.official} cannot hold the place of {fact.acts_for}")
    state.terms.setdefault(fact.official, []).append(Term(fact.office, fact.acts_for, since, until))
    state.forget_people()


def _requested(state: State, step: Step, fact: facts.RoleRequested) -> None:
    if fact.grant in state.asked:
        state.broken("role.twice", step.index, f"{fact.grant} was asked for twice")
    if not fact.decree.strip():
        state.broken("role.decree", step.index, f"role {fact.role} of {fact.official} has no SK")
    if fact.official in one_person(state, step.who, step.entry.on):
        state.broken("role.self", step.index, f"{step.who} asked for {fact.role} for themselves")
    state.asked[fact.grant] = Asked(step.who, fact)


def _granted(state: State, step: Step, fact: facts.RoleGranted) -> None:
    asked = state.asked.pop(fact.grant, None)
    stated = (fact.official, fact.role, fact.area, fact.since, fact.until, fact.decree)
    if asked is None or not isinstance(asked.fact, facts.RoleRequested):
        state.broken("role.unasked", step.index, f"{fact.grant} was granted and not asked for")
    elif (asked.by, *_stated(asked.fact)) != (fact.requested_by, *stated):
        state.broken("role.unasked", step.index, f"{fact.grant} was granted otherwise than asked for")
    _hold_second(state, step, fact)
    since, until = day_text(fact.since), day_text(fact.until)
    held = state.grants.setdefault(fact.official, {})
    given = Grant(fact.role, since, until)
    beside = [other.role for other in held.values() if _meet(given, other)]
    if state.founding_open and fact.official in state.founders:
        beside.append("admin")
    for role in beside:
        if {role, fact.role} in NEVER_TOGETHER:
            state.broken("role.clash", step.index, f"{fact.official} may not be {role} and {fact.role}")
    held[fact.grant] = given
    state.forget_people()


def _meet(one: Grant, other: Grant) -> bool:
    return (not one.until or other.since <= one.until) and (not other.until or one.since <= other.until)


def _hold_second(state: State, step: Step, fact: facts.RoleGranted) -> None:
    """Demand a second person, or while the founding is open a founder, who may grant alone."""
    if fact.founding:
        if not state.founding_open or step.who not in state.founders:
            state.broken("role.founding", step.index, f"{step.who} granted {fact.role} as a founder")
        return
    if not {fact.requested_by, fact.official}.isdisjoint(one_person(state, step.who, step.entry.on)):
        state.broken("role.second", step.index, f"{fact.role} of {fact.official} lacks a second official")


def _stated(fact: facts.RoleRequested) -> tuple[Any, ...]:
    return (fact.official, fact.role, fact.area, fact.since, fact.until, fact.decree)


def _refused(state: State, step: Step, fact: facts.RoleRefused) -> None:
    if state.asked.pop(fact.grant, None) is None:
        state.broken("role.unasked", step.index, f"{fact.grant} was refused and not asked for")


def _revoked(state: State, step: Step, fact: facts.RoleRevoked) -> None:
    _refuse_self(state, step, fact.official)
    grant = state.grants.get(fact.official, {}).pop(fact.grant, None)
    if grant is None or grant.role != fact.role:
        state.broken("role.unasked", step.index, f"{fact.grant} was revoked and not held")
    state.forget_people()


def _refuse_self(state: State, step: Step, official: str) -> None:
    if step.who and official in one_person(state, step.who, step.entry.on):
        state.broken("authority.self", step.index, f"{step.who} did {step.entry.kind} about themselves")


def _unlocked(state: State, step: Step, fact: facts.OtpUnlocked) -> None:
    _refuse_self(state, step, fact.official)


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    founding.LogFounded: _founded,
    founding.FoundingSigned: _signed,
    founding.FoundingClosed: _closed,
    facts.OfficialEnrolled: _enrolled,
    facts.OfficialSuspended: _suspended,
    facts.OfficeOpened: _opened,
    facts.OfficeHeld: _held,
    facts.RoleRequested: _requested,
    facts.RoleGranted: _granted,
    facts.RoleRefused: _refused,
    facts.RoleRevoked: _revoked,
    facts.OtpUnlocked: _unlocked,
}
