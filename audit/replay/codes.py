"""Factors and their codes: enrolled by their owner, approving after a wait, spent once, bound to what was shown.

"According to the server": it holds the secrets. A recovery code has no step and no device, so that it cannot approve.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from audit.facts import officials as facts
from audit.facts.paying import ApprovalGiven, ChallengeOpened, OtpRejected
from audit.replay.authority import office_on, one_person
from audit.replay.state import Asked, Challenge, Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.replay.state import State, Step

TRIES: Final = 5
"""Wrong codes after which a challenge is dead."""

LIFE: Final = timedelta(minutes=5)
"""How long a challenge may wait for its code."""

WAIT: Final = timedelta(hours=72)
"""How long a new factor signs in and does not approve, once the founding is closed (THREATS 2)."""

FACTORS: Final = frozenset({"password", "device"})
TOTP: Final = "totp"

SPENDING: Final = frozenset({"wrong_code", "used_code", "locked", "too_new", "no_device"})
"""Refusals of the code itself, each of which costs a try; the others say that the challenge is over, and cost none."""


def _device(state: State, step: Step, fact: facts.OtpDeviceEnrolled) -> None:
    if state.comes_again("device", fact.device, step.index) or _active_device(state, fact.official):
        state.broken("factor.second", step.index, f"{fact.official} enrolled {fact.device} beside another device")
    at = _instant(step)
    # In practice an agency may wait less long; it is no agency.
    wait = timedelta(0) if state.founding_open or state.is_practice else WAIT
    if fact.usable_from < at + wait:
        state.broken("factor.wait", step.index, f"{fact.device} may approve at once, not after {_hours(wait)} hours")
    state.devices[fact.device] = Device(fact.official, fact.usable_from)


def _reset_asked(state: State, step: Step, fact: facts.FactorResetRequested) -> None:
    if fact.reset in state.asked:
        state.broken("factor.reset_twice", step.index, f"{fact.reset} was asked for twice")
    if fact.factor not in FACTORS or not fact.decree.strip():
        state.broken("factor.reset_paper", step.index, f"{fact.reset} of {fact.official} has no SK or no factor")
    state.asked[fact.reset] = Asked(step.who, fact)


def _reset(state: State, step: Step, fact: facts.FactorResetGranted) -> None:
    asked = state.asked.pop(fact.reset, None)
    stated = (fact.official, fact.factor, fact.requested_by)
    if asked is None or not isinstance(asked.fact, facts.FactorResetRequested):
        state.broken("factor.reset_unasked", step.index, f"{fact.reset} was granted and not asked for")
    elif (asked.fact.official, asked.fact.factor, asked.by) != stated:
        state.broken("factor.reset_unasked", step.index, f"{fact.reset} was granted otherwise than asked for")
    _hold_decider(state, step, fact)
    if fact.factor == "device":
        for device in state.devices.values():
            device.is_active = device.is_active and device.owner != fact.official


def _hold_decider(state: State, step: Step, fact: facts.FactorResetGranted) -> None:
    """Demand a second person of another unit, without a hand in what waits for an approval (THREATS 2)."""
    who, day = step.who, step.entry.on
    if not {fact.requested_by, fact.official}.isdisjoint(one_person(state, who, day)):
        state.broken("factor.reset_alone", step.index, f"factors of {fact.official} were reset by one person")
    units = [state.units.get(office_on(state, each, day), each) for each in (who, fact.requested_by)]
    if not state.founding_open and units[0] == units[1]:
        state.broken("factor.reset_unit", step.index, f"{who} and {fact.requested_by} work in one unit")
    for reference in sorted(state.waiting):
        if who in state.batches[reference].hands:
            state.broken("factor.reset_entangled", step.index, f"{who} has a hand in {reference}, which waits")


def _reset_refused(state: State, step: Step, fact: facts.FactorResetRefused) -> None:
    if state.asked.pop(fact.reset, None) is None:
        state.broken("factor.reset_unasked", step.index, f"{fact.reset} was refused and not asked for")


def _signed_in(state: State, step: Step, fact: facts.SignedIn) -> None:
    if fact.factor == TOTP:
        device = state.devices.get(fact.device)
        if device is None or device.owner != fact.official or not device.is_active:
            state.broken("otp.device", step.index, f"device {fact.device} is not {fact.official}'s")
            return
        _spend(state, step, device, fact)
    elif fact.device or fact.step:
        state.broken("otp.device", step.index, f"{fact.official} signed in by {fact.factor} and names a device")


def _opened(state: State, step: Step, fact: ChallengeOpened) -> None:
    shown = {each.batch: each for each in fact.batches}
    if fact.challenge in state.challenges or len(shown) != len(fact.batches) or not shown:
        state.broken("otp.challenge", step.index, f"{fact.challenge} was opened twice, or shows nothing or twice")
    if not _instant(step) <= fact.expires_at <= _instant(step) + LIFE:
        state.broken("otp.life", step.index, f"{fact.challenge} waits longer for its code than five minutes")
    earlier = state.open_challenge.get(step.who)
    if earlier is not None:
        earlier.ended = earlier.ended or "replaced"
    challenge = Challenge(step.who, fact.device, fact.expires_at, shown)
    state.challenges[fact.challenge] = state.open_challenge[step.who] = challenge


def _rejected(state: State, step: Step, fact: OtpRejected) -> None:
    challenge = state.challenges.get(fact.challenge)
    if challenge is None or challenge.official != step.who:
        state.broken(
            "otp.challenge", step.index, f"a code was refused for {fact.challenge}, no challenge of {step.who}"
        )
        return
    if fact.reason in SPENDING:
        challenge.tries += 1
        challenge.ended = challenge.ended or ("exhausted" if challenge.tries >= TRIES else "")
    else:
        challenge.ended = challenge.ended or fact.reason
    if fact.tries != challenge.tries:
        state.broken("otp.tries", step.index, f"{fact.challenge} has had {challenge.tries} tries, not {fact.tries}")


def _approved(state: State, step: Step, fact: ApprovalGiven) -> None:
    """Hold an approval against the challenge that was shown and against the step it spends."""
    challenge = state.challenges.get(fact.challenge)
    if challenge is None or challenge.official != step.who or challenge.device != fact.device:
        state.broken("otp.challenge", step.index, f"approval of {fact.batch} answers no challenge of {step.who}")
        return
    if challenge.ended and challenge.answered_in != step.entry.act:
        state.broken("otp.ended", step.index, f"{fact.challenge} took no code any more: {challenge.ended}")
    challenge.ended, challenge.answered_in = challenge.ended or "answered", step.entry.act
    bound = challenge.shown.get(fact.batch)
    stated = (fact.digest, fact.lines, fact.commodity, fact.total)
    if bound is None or (bound.digest, bound.lines, bound.commodity, bound.total) != stated:
        state.broken("otp.content", step.index, f"the code was bound to other content of {fact.batch}")
    at = _instant(step)
    if at > challenge.expires_at:
        state.broken("otp.expired", step.index, f"the code for {fact.batch} came after its challenge had ended")
    device = state.devices.get(fact.device)
    if device is None or device.owner != step.who or not device.is_active:
        state.broken("otp.device", step.index, f"device {fact.device} is not {step.who}'s")
        return
    if at < device.usable_from:
        state.broken("otp.fresh_factor", step.index, f"device {fact.device} approved before it was allowed to")
    _spend(state, step, device, fact)


def _spend(state: State, step: Step, device: Device, fact: facts.SignedIn | ApprovalGiven) -> None:
    """Spend a time step for ever: steps of a device only rise.

    One code may serve the listed batches of one challenge in one act, and nothing else.
    """
    answer = (step.entry.act, fact.challenge) if isinstance(fact, ApprovalGiven) else None
    if fact.step <= device.step and not (answer and fact.step == device.step and device.answer == answer):
        state.broken("otp.reused", step.index, f"step {fact.step} of device {fact.device} was spent before")
    device.step, device.answer = max(device.step, fact.step), answer


def _active_device(state: State, official: str) -> bool:
    """Say whether an official has a factor; one that a restored database had lost is none any more."""
    active = [name for name, device in state.devices.items() if device.owner == official and device.is_active]
    return any(not state.is_lost("device", name) for name in active)


def _instant(step: Step) -> datetime:
    return datetime.fromisoformat(step.entry.recorded_at)


def _hours(span: timedelta) -> int:
    return span // timedelta(hours=1)


HANDLERS: dict[type, Callable[[State, Step, Any], None]] = {
    facts.OtpDeviceEnrolled: _device,
    facts.FactorResetRequested: _reset_asked,
    facts.FactorResetGranted: _reset,
    facts.FactorResetRefused: _reset_refused,
    facts.SignedIn: _signed_in,
    ChallengeOpened: _opened,
    OtpRejected: _rejected,
    ApprovalGiven: _approved,
}
