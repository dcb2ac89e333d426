"""When a telephone is lost or a password forgotten: two officials open the way, and only the owner can walk it.

A reset never hands anybody a factor. Of the device: it is revoked, and its owner enrols a new one after signing in
with the password. Of the password: its owner sets a new one through a one-time link and a code of the device. Who
lost both is suspended and enrolled anew under another login; there is deliberately no third way.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.core import numbering
from aid_ledger.core.act import Act
from aid_ledger.officials import queries, refusals, rules, sessions
from aid_ledger.officials.models import FactorReset, Official
from aid_ledger.officials.service.enrolling import make_link, spend_recovery_codes
from aid_ledger.officials.service.people import active_official, require_admin
from audit.facts.officials import FactorResetGranted, FactorResetRefused, FactorResetRequested

Entanglement = Callable[[Session, int], bool]
_entanglements: list[Entanglement] = []


def bar_from_resets(entangled: Entanglement) -> None:
    """Let a room downstream say who has a hand in batches that wait; such an official decides no reset (THREATS 2)."""
    _entanglements.append(entangled)


def request_reset(act: Act, *, login: str, factor: str, decree: str) -> FactorReset:
    """Ask that a factor be enrolled anew; the owner may ask too, signed in with what they still have.

    Raises:
        AdminNeeded, OfficialNotFound, OfficialNotActive, FactorUnknown, DecreeMissing, DeviceNotFound, ResetWaiting.
    """
    person = active_official(act.session, login)
    if act.actor.official_id != person.id:
        require_admin(act)
    if factor not in rules.FACTORS:
        raise refusals.FactorUnknown
    rules.check_decree(decree)
    if queries.active_device(act.session, person.id, lock=True) is None:
        raise refusals.DeviceNotFound(login=login)
    waiting = select(FactorReset.id).where(FactorReset.official_id == person.id, FactorReset.state == rules.REQUESTED)
    if act.session.scalars(waiting).first() is not None:
        raise refusals.ResetWaiting(login=login)

    reset = FactorReset(
        reference=numbering.next_reference(act, "RST"),
        official_id=person.id,
        factor=factor,
        decree=decree.strip(),
        state=rules.REQUESTED,
        requested_by_id=act.actor.official_id,
        requested_at=act.at,
        decided_by_id=None,
        decided_at=None,
    )
    act.session.add(reset)
    act.session.flush()

    act.record(FactorResetRequested(reset=reset.reference, official=login, factor=factor, decree=reset.decree))
    return reset


def decide_reset(act: Act, reference: str, *, grant: bool, reason: str = "") -> str:
    """Decide a reset as a second official; gives the token of the one-time link for a password, else "".

    Raises:
        AdminNeeded, SelfGrant, SecondOfficialNeeded, ResetBySameUnit, ResetEntangled, ResetNotFound, ResetNotPending,
        OfficialNotActive.
    """
    require_admin(act)
    reset = queries.reset(act.session, reference, lock=True)
    if reset.state != rules.REQUESTED:
        raise refusals.ResetNotPending(reset=reference)
    owner = queries.official(act.session, reset.official_id)
    _check_decider(act, reset, owner)
    reset.state = rules.GRANTED if grant else rules.REFUSED
    reset.decided_by_id = act.actor.official_id
    reset.decided_at = act.at
    if not grant:
        act.record(FactorResetRefused(reset=reference, reason=reason))
        return ""

    active_official(act.session, owner.login)
    requester = queries.official(act.session, reset.requested_by_id)
    sessions.end_sessions(act.session, owner.id)
    if reset.factor == rules.DEVICE:
        _revoke_device(act, owner)
    act.record(
        FactorResetGranted(reset=reference, official=owner.login, factor=reset.factor, requested_by=requester.login)
    )
    return make_link(act, owner) if reset.factor == rules.PASSWORD else ""


def _revoke_device(act: Act, owner: Official) -> None:
    """Take the device and everything that could stand in for it."""
    device = queries.active_device(act.session, owner.id, lock=True)
    if device is not None:
        device.state = rules.REVOKED
    spend_recovery_codes(act, owner.id)
    act.session.flush()


def _check_decider(act: Act, reset: FactorReset, owner: Official) -> None:
    decider_id = act.actor.official_id
    if decider_id is None:
        raise refusals.AdminNeeded
    rules.check_second_official(
        decider=decider_id,
        requester=reset.requested_by_id,
        owner=owner.id,
        barred=queries.barred_with(act.session, decider_id, act.on),
    )
    if not queries.founding_open(act.session) and _unit(act, decider_id) == _unit(act, reset.requested_by_id):
        raise refusals.ResetBySameUnit
    if any(entangled(act.session, decider_id) for entangled in _entanglements):
        raise refusals.ResetEntangled


def _unit(act: Act, official_id: int) -> str:
    """Name the perangkat daerah an official works in: that of the office held today, else of the enrolment."""
    office = queries.office_on(act.session, official_id, act.on)
    unit = office.agency_unit if office else queries.official(act.session, official_id).agency_unit
    return unit.casefold()
