"""What may leave: under the witnesses' quorum, or by a way that two officials opened, charged against its caps.

Every deed that lets something out of the agency asks `let_leave` inside its own Act. Who may open a way are those
who answer for money that leaves with their own name, approvers and treasurers: whoever makes lists or hands out
roles cannot, and neither can one of them alone.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import select

from aid_ledger.core.act import Act
from aid_ledger.core.numbering import next_reference
from aid_ledger.core.roles import Role
from aid_ledger.leaving import queries, rules
from aid_ledger.leaving.models import UnwitnessedOpening, UnwitnessedUse, UnwitnessedWay
from aid_ledger.log import queries as log
from aid_ledger.log import quorum
from aid_ledger.log.models import Witness, WitnessPolicy, WitnessPolicyAgreement
from aid_ledger.log.rules import NotSealed, NotWitnessed
from aid_ledger.officials import queries as officials
from aid_ledger.officials.powers import acting_official_id, covers, require_office, require_role
from aid_ledger.officials.queries import HeldOffice
from aid_ledger.officials.service.people import require_admin
from aid_ledger.regions import queries as regions
from audit.facts import witnessing as facts

POLICY_PREFIX = "WPL"
WAY_PREFIX = "UNW"


@dataclass(slots=True)
class _Longest:
    hours: int


_longest = _Longest(rules.HOURS_LIMIT)


def set_longest_way(hours: int) -> None:
    """Set how many hours a way may be open, for this process; `app` does it once from the settings."""
    _longest.hours = hours


def longest_way() -> int:
    """Tell how many hours a way may be open."""
    return _longest.hours


def propose_policy(act: Act, text: str) -> WitnessPolicy:
    """Propose whose cosignatures to wait for; a founder's proposal before FoundingClosed holds at once.

    Raises: AdminNeeded, PolicyMalformed, PolicyOfAnotherLog, PolicyNamesStranger, NotSealed.
    """
    require_admin(act)
    keys = frozenset(act.session.scalars(select(Witness.vkey)))
    newest = log.newest_checkpoint(act.session)
    if newest is None:
        raise NotSealed(position=0)
    is_founding = (
        officials.founding_open(act.session) and officials.official_by_login(act.session, act.actor.id).founder
    )

    rules.read_policy(text, newest=newest.note, witnesses=keys)

    policy = WitnessPolicy(
        reference=next_reference(act, POLICY_PREFIX), text=text, proposed_by=act.actor.id, proposed_at=act.at
    )
    act.session.add(policy)
    act.session.flush()

    act.record(facts.WitnessPolicyProposed(policy=policy.reference, text=text, sha256=_sha256(text)))
    if is_founding:
        _set_policy(act, policy, act.at, founding=True)
    return policy


def agree_policy(act: Act, reference: str) -> WitnessPolicyAgreement:
    """Agree, as the second person, to a proposed policy; it holds from the next day.

    Raises: AdminNeeded, PolicyNotFound, PolicyAgreed, PolicyNotSecondPerson.
    """
    require_admin(act)
    policy = queries.policy(act.session, reference)

    if act.session.get(WitnessPolicyAgreement, policy.id) is not None:
        raise rules.PolicyAgreed(policy=reference)
    if _is_one_person(act, policy.proposed_by):
        raise rules.PolicyNotSecondPerson(policy=reference)

    return _set_policy(act, policy, _next_day(act), founding=False)


def _set_policy(act: Act, policy: WitnessPolicy, since: dt.datetime, *, founding: bool) -> WitnessPolicyAgreement:
    agreed = WitnessPolicyAgreement(policy_id=policy.id, since=since, agreed_by=act.actor.id, agreed_at=act.at)
    act.session.add(agreed)
    act.session.flush()

    act.record(
        facts.WitnessPolicySet(
            policy=policy.reference,
            text=policy.text,
            sha256=_sha256(policy.text),
            since=since,
            proposed_by=policy.proposed_by,
            founding=founding,
        )
    )
    return agreed


def propose_way(act: Act, *, reason: str, cap: int, lines: int, hours: int) -> UnwitnessedWay:
    """Ask to go on without the quorum, which must have been missing for a while.

    Raises: RoleMissing, NoOffice, WayRefused, WayNotNeeded, WayOpen.
    """
    office = _require_answerable(act)

    rules.check_way(reason=reason, cap=cap, lines=lines, hours=hours, most_hours=_longest.hours)
    _require_missed(act)

    way = UnwitnessedWay(
        reference=next_reference(act, WAY_PREFIX),
        reason=reason,
        cap=cap,
        lines=lines,
        hours=hours,
        proposed_by=act.actor.id,
        proposed_unit=office.agency_unit,
        proposed_at=act.at,
    )
    act.session.add(way)
    act.session.flush()

    act.record(facts.UnwitnessedProposed(way=way.reference, reason=reason, cap=cap, lines=lines, hours=hours))
    return way


def open_way(act: Act, reference: str) -> UnwitnessedOpening:
    """Agree, as the second person and of another office, to go on without the quorum; it begins now.

    Raises: RoleMissing, NoOffice, WayNotFound, WayNotProposed, WayNotSecondPerson, WaySameOffice, WayNotNeeded,
        WayOpen.
    """
    office = _require_answerable(act)
    # Two ways opened at once would add up their caps, and two charges at once could pass under one cap.
    regions.hold_agency(act.session)
    found = queries.way(act.session, reference)
    way = found.way

    if found.opening is not None or act.at - way.proposed_at > rules.PROPOSAL_KEPT:
        raise rules.WayNotProposed(way=reference)
    if _is_one_person(act, way.proposed_by):
        raise rules.WayNotSecondPerson(way=reference)
    if office.agency_unit == way.proposed_unit:
        raise rules.WaySameOffice(way=reference, unit=office.agency_unit)
    _require_missed(act)

    until = act.at + dt.timedelta(hours=way.hours)
    opening = UnwitnessedOpening(way_id=way.id, until=until, opened_by=act.actor.id, opened_at=act.at)
    act.session.add(opening)
    act.session.flush()

    act.record(
        facts.UnwitnessedOpened(
            way=reference,
            reason=way.reason,
            cap=way.cap,
            lines=way.lines,
            until=until,
            proposed_by=way.proposed_by,
        )
    )
    return opening


def let_leave(act: Act, acts: Iterable[str], *, what: str, amount: int, lines: int) -> bool:
    """Demand the quorum over these acts, or charge what leaves to the open way; tells whether it was charged.

    `amount` is in whole rupiah, 0 where no money moves. What one way was charged with once is not charged again: a
    batch is charged whole, when the first of it leaves.

    Raises:
        NotSealed, EntryNotFound: an act is not even under the log's own signature.
        NotWitnessed: the quorum has not cosigned, and no way is open.
        WaySpent: a way is open, and has less left than this.

    """
    refusal = None
    for each in dict.fromkeys(acts):
        try:
            quorum.require_sealed(act.session, each)
        except NotWitnessed as missed:
            refusal = missed
    if refusal is None:
        return False
    regions.hold_agency(act.session)
    found = queries.open_way(act.session, act.at)
    if found is None:
        raise refusal
    if act.session.get(UnwitnessedUse, (found.way.id, what)) is not None:
        return True
    if amount > found.amount_left or lines > found.lines_left:
        raise rules.WaySpent(way=found.way.reference, amount_left=found.amount_left, lines_left=found.lines_left)

    act.session.add(UnwitnessedUse(way_id=found.way.id, what=what, amount=amount, lines=lines, used_at=act.at))
    act.session.flush()

    act.record(facts.UnwitnessedUsed(way=found.way.reference, what=what, amount=amount, lines=lines))
    return True


def _require_answerable(act: Act) -> HeldOffice:
    """Demand somebody who answers for money in the whole agency; gives their office. Raises RoleMissing, NoOffice."""
    region = regions.agency(act.session).code
    held = officials.roles_on(act.session, acting_official_id(act), act.on)
    is_treasurer = any(each.role is Role.TREASURER and covers(each.area, region) for each in held)
    official = require_role(act, Role.TREASURER if is_treasurer else Role.APPROVER, region=region)
    return require_office(act, official)


def _require_missed(act: Act) -> None:
    """Demand that the quorum has been missing for a while and no way is open; raises WayNotNeeded, WayOpen."""
    since = quorum.missed_since(act.session)
    if since is None or act.at - since < rules.PATIENCE:
        raise rules.WayNotNeeded(minutes=int(rules.PATIENCE.total_seconds()) // 60)
    found = queries.open_way(act.session, act.at)
    if found is not None:
        raise rules.WayOpen(way=found.way.reference)


def _is_one_person(act: Act, login: str) -> bool:
    """Tell whether somebody counts as one person with the official who acts (THREATS 3)."""
    own = officials.barred_with(act.session, acting_official_id(act), act.on)
    return officials.official_by_login(act.session, login).id in own


def _next_day(act: Act) -> dt.datetime:
    """Give the beginning of the next day where the agency is, so that nobody changes it for what leaves today.

    Of the day it is, not of the business date that a deed may carry.
    """
    zone = ZoneInfo(regions.agency(act.session).zone)
    tomorrow = act.at.astimezone(zone).date() + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time(), zone).astimezone(dt.UTC)


def _sha256(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
