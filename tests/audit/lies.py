"""Small lies told in the honest story of `replaying.py`: a fact changed, left out, repeated, or done by another."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

from audit.facts import money, officials, paying
from tests.audit.agency import grant_of, policy_changed, proposal_of, request_of, term
from tests.audit.replaying import batch
from tests.audit.told import COMMITMENT, DAY, SINCE, Said, Story, founded, said

Cheat = Callable[[Story], Story]


def change(step: str, place: int = 0, **fields: object) -> Cheat:
    """Change fields of one fact."""

    def cheat(told: Story) -> Story:
        facts = list(told[step])
        facts[place] = facts[place].but(**fields)
        return told | {step: facts}

    return cheat


def actor(step: str, who: str) -> Cheat:
    """Let somebody else do a step."""

    def cheat(told: Story) -> Story:
        return told | {step: [each.by(who) for each in told[step]]}

    return cheat


def leave_out(*steps: str) -> Cheat:
    """Leave steps out."""

    def cheat(told: Story) -> Story:
        return {step: facts for step, facts in told.items() if step not in steps}

    return cheat


def again(step: str) -> Cheat:
    """Do a step twice."""

    def cheat(told: Story) -> Story:
        copies = [dataclasses.replace(each, act="f" * 32) for each in told[step]]
        return told | {"again": copies}

    return cheat


def then(*facts: Said) -> Cheat:
    """Go on with something at the end."""

    def cheat(told: Story) -> Story:
        return told | {"more": list(facts)}

    return cheat


def before(step: str, *facts: Said) -> Cheat:
    """Let something happen before a step."""

    def cheat(told: Story) -> Story:
        return put_before(told, step, "more", list(facts))

    return cheat


def put_before(told: Story, step: str, name: str, facts: list[Said]) -> Story:
    """Put a step with a name before another."""
    changed: Story = {}
    for each, held in told.items():
        if each == step:
            changed[name] = facts
        changed[each] = held
    return changed


def both(*cheats: Cheat) -> Cheat:
    """Lie more than once."""

    def cheat(told: Story) -> Story:
        for each in cheats:
            told = each(told)
        return told

    return cheat


def until(step: str) -> Cheat:
    """End the story after a step."""

    def cheat(told: Story) -> Story:
        names = list(told)
        return {name: told[name] for name in names[: names.index(step) + 1]}

    return cheat


def after(name: str, *facts: Said) -> Cheat:
    """Go on with one more step at the end, under its own name."""

    def cheat(told: Story) -> Story:
        return told | {name: list(facts)}

    return cheat


def drop(step: str, place: int) -> Cheat:
    """Leave one entry of a step out."""

    def cheat(told: Story) -> Story:
        facts = list(told[step])
        del facts[place]
        return told | {step: facts}

    return cheat


def insert(step: str, place: int, *facts: Said) -> Cheat:
    """Put entries into a step, before the one at a place."""

    def cheat(told: Story) -> Story:
        held = list(told[step])
        held[place:place] = facts
        return told | {step: held}

    return cheat


def at(step: str, place: int, who: str) -> Cheat:
    """Let somebody else do one entry of a step."""

    def cheat(told: Story) -> Story:
        held = list(told[step])
        held[place] = held[place].by(who)
        return told | {step: held}

    return cheat


def late(step: str, by: dt.timedelta) -> Cheat:
    """Let a step be recorded later."""

    def cheat(told: Story) -> Story:
        return told | {step: [dataclasses.replace(each, at=each.at + by) for each in told[step]]}

    return cheat


def alongside(step: str, *facts: object) -> Cheat:
    """Put further facts into the act of a step."""

    def cheat(told: Story) -> Story:
        first = told[step][0]
        more = [dataclasses.replace(first, fact=fact) for fact in facts]  # type: ignore[arg-type] # facts
        return told | {step: [*told[step], *more]}

    return cheat


YESTERDAY = DAY - dt.timedelta(1)


def hands_over(login: str, *roles: str) -> Cheat:
    """Let an official hold these roles from today on; what they held before ended yesterday."""

    def cheat(told: Story) -> Story:
        people = []
        for each in told["people"]:
            fact = each.fact
            is_own = getattr(fact, "official", "") == login
            if is_own and isinstance(fact, officials.RoleRequested | officials.RoleGranted):
                people.append(each.but(until=YESTERDAY))
            else:
                people.append(each)
        place = next(number for number, each in enumerate(people) if each.fact.KIND == "FoundingSigned")
        for role in roles:
            grant = grant_of(login, role, reference=f"GRT-{login}-{role}", since=DAY)
            people[place:place] = founded("founder", request_of(grant), grant)
        return told | {"people": people}

    return cheat


def promoted(login: str, *roles: str) -> list[Said]:
    """Let two administrators give an official further roles."""
    grants = [
        grant_of(login, role, reference=f"GRT-{login}-{role}", founding=0, requested_by="admin") for role in roles
    ]
    return [each for grant in grants for each in (*said("admin", request_of(grant)), *said("admin2", grant))]


def on(day: dt.date, *steps: str) -> Cheat:
    """Let steps be of another day."""

    def cheat(told: Story) -> Story:
        moved = {step: [dataclasses.replace(each, on=day) for each in told[step]] for step in steps}
        return told | moved

    return cheat


def stand_in(login: str, place_of: str, *, until: dt.date = DAY, since: dt.date = SINCE) -> list[Said]:
    """Let somebody hold the office of another for a time (Plt); an administrator who is neither of them records it."""
    by = next(each for each in ("admin", "admin2", "founder") if each not in {login, place_of})
    return said(by, term(login, f"OFF-{place_of}", acts_for=place_of, since=since, until=until))


def agreed(
    reference: str,
    *,
    since: dt.date = DAY + dt.timedelta(1),
    second: str = "admin2",
    program: str = "",
    approvers: int = 1,
    limits: tuple[tuple[int, int], ...] = (),
) -> list[Said]:
    """Let one administrator propose a policy and another agree to it."""
    policy = policy_changed(reference, since=since, program=program, approvers=approvers, by="admin")
    if limits:
        rows = tuple(money.ApprovalLimit(*limit) for limit in limits)
        policy = dataclasses.replace(policy, limits=rows)
    return said("admin", proposal_of(policy)) + said(second, policy)


def two_approvers() -> Cheat:
    """Let the founding's policy ask for two."""
    limits = (money.ApprovalLimit(0, 2),)
    return both(change("people", -5, limits=limits), change("people", -4, limits=limits))


def line(number: int, entitlement: int, *, amount: int = 300_000, source: str = "APBD-1") -> paying.FrozenLine:
    """Freeze a line."""
    return paying.FrozenLine(number, entitlement, amount, source, COMMITMENT)


def second(reference: str, lines: tuple[paying.FrozenLine, ...] = (line(1, 103),), *, through: str) -> Cheat:
    """Put a second batch on its way at the end, through a step."""

    def cheat(told: Story) -> Story:
        steps = batch(reference, lines)
        names = list(steps)
        kept = names[: names.index(through) + 1]
        return told | {f"second {name}": steps[name] for name in kept}

    return cheat
