"""Who may do what: roles held on the day, grants by two, factors that wait, and codes that approve once.

Everything here is "according to the server": the server holds the TOTP secrets, so replay can show that the recorded
authority is consistent, not that a person was present.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from audit.facts import founding
from audit.facts import officials as facts
from audit.facts.paying import (
    ApprovalGiven,
    BatchSubmitted,
    BatchVerified,
    ChallengeOpened,
    GoodsHandedOver,
    OtpRejected,
    PaymentInstructed,
)
from audit.replay.state import Challenge, Grant, Shown, State, Step, Term

TRIES = 5
"""Wrong codes after which a challenge is dead."""

ROLES_NEEDED = {
    BatchSubmitted: frozenset({"operator"}),
    BatchVerified: frozenset({"verifier"}),
    ApprovalGiven: frozenset({"approver"}),
    ChallengeOpened: frozenset({"approver"}),
    PaymentInstructed: frozenset({"treasurer"}),
    GoodsHandedOver: frozenset({"field", "treasurer"}),
}
"""Deeds that move aid, and the roles one of which the official must hold on that day."""

SIGN_IN_FACTOR = "totp"


def apply(state: State, step: Step, act: Sequence[Step]) -> None:
    """Learn who holds which power, and hold every deed that moves aid against it."""
    needed = ROLES_NEEDED.get(type(step.fact))
    if needed is not None and not needed & roles_on(state, step.who, step.entry.on):
        who = step.who or "nobody"
        state.broken("authority.role", step.index, f"{who} did {step.entry.kind} without {' or '.join(sorted(needed))}")
    handler = _HANDLERS.get(type(step.fact))
    if handler is not None:
        handler(state, step, step.fact)
    if isinstance(step.fact, ApprovalGiven):
        _code(state, step, step.fact, act)


def roles_on(state: State, official: str, day: str) -> set[str]:
    """List the roles an official held on a day."""
    return {
        grant.role
        for grant in state.grants.get(official, {}).values()
        if (grant.since is None or grant.since.isoformat() <= day)
        and (grant.until is None or day <= grant.until.isoformat())
    }


def same_person(state: State, one: str, other: str, day: str) -> bool:
    """Tell whether two officials count as one: the same login, or one holds office in the other's place that day."""
    if one == other:
        return True
    return any(
        term.acts_for == principal
        and (term.since is None or term.since.isoformat() <= day)
        and (term.until is None or day <= term.until.isoformat())
        for holder, principal in ((one, other), (other, one))
        for term in state.terms.get(holder, [])
    )


def _enrolled(state: State, _step: Step, fact: facts.OfficialEnrolled) -> None:
    if fact.founder:
        state.founders.add(fact.official)


def _held(state: State, _step: Step, fact: facts.OfficeHeld) -> None:
    if fact.acts_for:
        state.terms.setdefault(fact.official, []).append(Term(fact.acts_for, fact.since, fact.until))


def _granted(state: State, step: Step, fact: facts.RoleGranted) -> None:
    by = step.who
    if not fact.decree:
        state.broken("authority.decree", step.index, f"role {fact.role} of {fact.official} has no SK")
    if state.founding_open:
        if by and by not in state.founders:
            state.broken("authority.founding", step.index, f"{by} is no founder and granted {fact.role}")
    elif fact.founding or by in {fact.requested_by, fact.official}:
        state.broken("authority.second", step.index, f"{fact.role} of {fact.official} lacks a second official")
    state.grants.setdefault(fact.official, {})[fact.grant] = Grant(fact.role, fact.since, fact.until)


def _revoked(state: State, _step: Step, fact: facts.RoleRevoked) -> None:
    state.grants.get(fact.official, {}).pop(fact.grant, None)


def _closed(state: State, step: Step, fact: founding.FoundingClosed) -> None:
    if set(fact.founders) != state.founders:
        state.broken("authority.founding", step.index, "the founding was not closed by its founders")
    state.founding_open = False


def _device(state: State, step: Step, fact: facts.OtpDeviceEnrolled) -> None:
    if step.who and step.who != fact.official:
        state.broken("authority.factor", step.index, f"{step.who} enrolled a factor of {fact.official}")
    state.usable_from[fact.device] = fact.usable_from
    state.device_owner[fact.device] = fact.official


def _reset(state: State, step: Step, fact: facts.FactorResetGranted) -> None:
    if not state.founding_open and step.who in {fact.requested_by, fact.official}:
        state.broken("authority.second", step.index, f"factors of {fact.official} were reset by one person")


def _signed_in(state: State, step: Step, fact: facts.SignedIn) -> None:
    if fact.factor == SIGN_IN_FACTOR:
        _spend(state, step, fact.device, fact.step, challenge="")


def _opened(state: State, step: Step, fact: ChallengeOpened) -> None:
    shown = {each.batch: Shown(each.digest, each.lines, each.commodity, each.total) for each in fact.batches}
    state.challenges[fact.challenge] = Challenge(step.who, fact.device, fact.expires_at, shown)


def _rejected(state: State, step: Step, fact: OtpRejected) -> None:
    if fact.challenge not in state.challenges:
        state.broken("otp.challenge", step.index, f"a code was refused for unknown challenge {fact.challenge}")


def _code(state: State, step: Step, fact: ApprovalGiven, _act: Sequence[Step]) -> None:
    """Hold an approval against the challenge that was shown and against the step it spends."""
    challenge = state.challenges.get(fact.challenge)
    if challenge is None or challenge.official != step.who or challenge.device != fact.device:
        state.broken("otp.challenge", step.index, f"approval of {fact.batch} answers no challenge of {step.who}")
        return
    if state.device_owner.get(fact.device) != step.who:
        state.broken("otp.device", step.index, f"device {fact.device} is not {step.who}'s")
    if challenge.shown.get(fact.batch) != Shown(fact.digest, fact.lines, fact.commodity, fact.total):
        state.broken("otp.content", step.index, f"the code was bound to other content of {fact.batch}")
    at = datetime.fromisoformat(step.entry.recorded_at)
    if at > challenge.expires_at:
        state.broken("otp.expired", step.index, f"the code for {fact.batch} came after its challenge had ended")
    usable = state.usable_from.get(fact.device)
    if usable is None or at < usable:
        state.broken("otp.fresh_factor", step.index, f"device {fact.device} approved before it was allowed to")
    _spend(state, step, fact.device, fact.step, challenge=fact.challenge)


def _spend(state: State, step: Step, device: str, code_step: int, *, challenge: str) -> None:
    """Spend a time step for ever; one code may serve the listed batches of one challenge in one act, nothing else."""
    spent = state.spent_steps.get((device, code_step))
    now = (step.entry.act, challenge)
    if spent is not None and (spent != now or not challenge):
        state.broken("otp.reused", step.index, f"step {code_step} of device {device} was spent before")
    state.spent_steps[device, code_step] = now


_HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.OfficialEnrolled: _enrolled,
    facts.OfficeHeld: _held,
    facts.RoleGranted: _granted,
    facts.RoleRevoked: _revoked,
    founding.FoundingClosed: _closed,
    facts.OtpDeviceEnrolled: _device,
    facts.FactorResetGranted: _reset,
    facts.SignedIn: _signed_in,
    ChallengeOpened: _opened,
    OtpRejected: _rejected,
}
