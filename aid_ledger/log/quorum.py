"""Whose cosignatures this agency waits for before anything leaves, and how far they have come (THREATS 4).

The policy in force is the agency's own, agreed by two of it (`leaving`); whom an inspector believes is in the
inspector's file. A quorum is found by SQL and believed by its signatures: a row put in by hand opens nothing. What
goes on without a quorum, charged to a way that two have opened, is decided in `leaving`, too.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.log.models import (
    LogCheckpoint,
    Witness,
    WitnessCosignature,
    WitnessPolicy,
    WitnessPolicyAgreement,
    WitnessState,
)
from aid_ledger.log.queries import PlacedEntry, cosignatures_of, entries_of_act, newest_checkpoint
from aid_ledger.log.rules import EntryNotFound, NotSealed, NotWitnessed, quorum_of
from audit import policy
from audit.cosignature import Cosignature
from audit.merkle import MAX_SIZE
from audit.policy import MAX_FUTURE_S, Policy

CANDIDATES: Final = 8
"""Checkpoints whose signatures are checked before giving up: only rows put in by hand fail, and they open nothing."""

WINDOWS: Final = (32, 1024)
"""How many of the newest checkpoints are looked through before all: witnesses who answer are a few behind, and an act
of last year has a million above it."""

_FLOOR: Final = (
    select(LogCheckpoint.size)
    .where(LogCheckpoint.size > bindparam("above"), LogCheckpoint.size <= bindparam("at_most"))
    .order_by(LogCheckpoint.size.desc())
    .offset(bindparam("window"))
    .limit(1)
)

_FOUND: Final = "aid_ledger.vouched"
"""Where a session keeps the size it found vouched for: checkpoints and good signatures do not go away under it."""


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A policy of the agency that holds now."""

    reference: str
    text: str
    since: dt.datetime
    policy: Policy


@dataclass(frozen=True, slots=True)
class Vouched:
    """A checkpoint that the policy in force is content with, and who cosigned it when."""

    checkpoint: LogCheckpoint
    cosigned: Mapping[str, Cosignature]
    """By the names under which the agency knows the witnesses."""


@dataclass(frozen=True, slots=True)
class WitnessView:
    """A witness and how it went: `has_cosigned` tells of the newest checkpoint, the rest of the last it cosigned.

    `is_needed` says that the policy in force names it. `fault` is what went wrong last, "" if nothing; `refusal` is
    the alarm that stays, "" if there was none.
    """

    name: str
    vkey: str
    url: str
    size: int
    cosigned_at: dt.datetime | None
    has_cosigned: bool
    is_needed: bool
    fault: str
    refusal: str
    refused_size: int | None
    refused_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class WitnessesView:
    """All witnesses; `is_full` says that the newest checkpoint has enough cosignatures.

    Enough is what the policy in force says. Without one it is the house's own rule, which holds nothing up; `quorum`
    is its number. An inspector's policy is their own.
    """

    witnesses: tuple[WitnessView, ...]
    quorum: int
    in_force: PolicyInForce | None
    is_full: bool

    @property
    def cosigned(self) -> int:
        """Count those that have cosigned the newest checkpoint."""
        return sum(1 for each in self.witnesses if each.has_cosigned)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a page may say of witnesses over an entry: who vouches since when, or who is missed since when.

    `names` have cosigned a checkpoint over it and `missing` have not. Only a policy waits for witnesses (`is_asked`),
    and only it can be content (`is_witnessed`). `at` is the newest cosignature, or the moment since which they are
    waited for.
    """

    is_asked: bool
    is_witnessed: bool
    names: tuple[str, ...]
    missing: tuple[str, ...]
    at: dt.datetime


def policy_in_force(session: Session) -> PolicyInForce | None:
    """Give the policy that holds now; None as long as nobody has set one, or if the newest asks for no quorum."""
    query = (
        select(WitnessPolicy.reference, WitnessPolicy.text, WitnessPolicyAgreement.since)
        .join(WitnessPolicyAgreement, WitnessPolicyAgreement.policy_id == WitnessPolicy.id)
        .where(WitnessPolicyAgreement.since <= clock.now())
        .order_by(WitnessPolicyAgreement.since.desc(), WitnessPolicyAgreement.policy_id.desc())
    )
    row = session.execute(query.limit(1)).first()
    if row is None or not _read(row.text).has_quorum:
        return None
    return PolicyInForce(row.reference, row.text, row.since, _read(row.text))


@functools.lru_cache(maxsize=4)
def _read(text: str) -> Policy:
    return policy.parse(text.encode())


def newest_vouched(session: Session, *, above: int = 0) -> Vouched | None:
    """Give the newest checkpoint of more than `above` entries that may be relied on; None if there is none.

    Without a policy in force every signed checkpoint may be.
    """
    return _newest_relied_on(session, policy_in_force(session), above)


def newest_witnessed(session: Session, *, at_most: int = MAX_SIZE) -> LogCheckpoint | None:
    """Give the newest checkpoint, of at most so many entries, that is shown to everybody as witnessed; None if none is.

    Without a policy in force the house's own rule says how many witnesses are enough.
    """
    held = policy_in_force(session)
    text = held.text if held else _house_rule(session)
    vouched = _newest_filled(session, text, 0, at_most) if text else None
    return vouched.checkpoint if vouched else None


def _newest_relied_on(session: Session, held: PolicyInForce | None, above: int) -> Vouched | None:
    if held is not None:
        return _newest_filled(session, held.text, above, MAX_SIZE)
    newest = newest_checkpoint(session)
    return Vouched(newest, {}) if newest is not None and newest.size > above else None


def _house_rule(session: Session) -> str:
    """Write as a policy what is enough where none is in force: two quorums share an honest witness; "" without any."""
    vkeys = session.scalars(select(Witness.vkey).order_by(Witness.id)).all()
    lines = [f"witness w{number} {vkey}\n" for number, vkey in enumerate(vkeys)]
    names = " ".join(f"w{number}" for number in range(len(vkeys)))
    return f"{''.join(lines)}group enough {quorum_of(len(vkeys))} {names}\nquorum enough\n" if vkeys else ""


def _newest_filled(session: Session, text: str, above: int, at_most: int) -> Vouched | None:
    for window in WINDOWS:
        floor = session.scalar(_FLOOR, {"above": above, "at_most": at_most, "window": window})
        vouched = _newest_filled_above(session, text, floor or above, at_most)
        if vouched is not None or floor is None:
            return vouched
    return _newest_filled_above(session, text, above, at_most)


def _newest_filled_above(session: Session, text: str, above: int, at_most: int) -> Vouched | None:
    for size in session.scalars(_filled_sizes(text), {"above": above, "at_most": at_most}).all():
        sealed = session.get_one(LogCheckpoint, size)
        cosigned = _counting(session, sealed)
        if _read(text).is_satisfied_by(list(cosigned.values())):
            return Vouched(sealed, cosigned)
    return None


@functools.lru_cache(maxsize=4)
def _filled_sizes(text: str) -> Select[int]:
    """Ask for the sizes whose rows would fill a policy's quorum, newest first; the rows are not believed yet.

    Made once for a policy: to build the statement costs more than to run it.
    """
    wanted, size = _read(text), WitnessCosignature.size
    query = select(size).join(Witness, Witness.id == WitnessCosignature.witness_id)
    query = query.where(size > bindparam("above"), size <= bindparam("at_most")).group_by(size)
    return query.having(_fills(wanted, wanted.quorum) == 1).order_by(size.desc()).limit(CANDIDATES)


def _fills(wanted: Policy, name: str) -> ColumnElement[int]:
    """Write as SQL, 1 or 0, whether the rows of one size satisfy a witness or a group of the policy."""
    group = wanted.groups.get(name)
    if group is None:
        return func.max(case((Witness.vkey == str(wanted.witnesses[name].key), 1), else_=0))
    first, *others = (_fills(wanted, member) for member in group.members)
    return case((functools.reduce(ColumnElement.__add__, others, first) >= group.threshold, 1), else_=0)


def _counting(session: Session, sealed: LogCheckpoint) -> dict[str, Cosignature]:
    """Give the good cosignatures of a checkpoint but those from the future, by the names of the witnesses."""
    latest_s = int(clock.now().timestamp()) + MAX_FUTURE_S
    good = cosignatures_of(session, sealed)
    return {name: each for name, (_line, each) in good.items() if each.time_s <= latest_s}


def require_sealed(session: Session, act: str, *, is_charged: bool = False) -> list[PlacedEntry]:
    """Give an act's entries, all of them under a checkpoint that the policy in force is content with.

    With `is_charged` the log's own signature is enough: what leaves was charged to an open way in this very Act.

    Raises:
        EntryNotFound: the act wrote no entry.
        NotSealed: no checkpoint covers them yet; a second later one will.
        NotWitnessed: one does, and the quorum has cosigned none that does.

    """
    entries = entries_of_act(session, act)
    if not entries:
        raise EntryNotFound(act=act)
    places = [each.position for each in entries if each.position is not None]
    newest = newest_checkpoint(session)
    if len(places) < len(entries) or newest is None or max(places) >= newest.size:
        raise NotSealed(act=act)
    if not is_charged and not _is_vouched(session, max(places)):
        mark = mark_of(session, max(places))
        raise NotWitnessed(
            act=act,
            signed=", ".join(mark.names) or "-",
            missing=", ".join(mark.missing) or "-",
            minutes=int((clock.now() - mark.at).total_seconds()) // 60,
        )
    return entries


def _is_vouched(session: Session, position: int) -> bool:
    held = policy_in_force(session)
    key = (_FOUND, held.reference if held else "")
    if position < session.info.get(key, 0):
        return True
    vouched = _newest_relied_on(session, held, position)
    if vouched is not None:
        session.info[key] = vouched.checkpoint.size
    return vouched is not None


def mark_of(session: Session, position: int) -> Mark:
    """Say who vouches for the entry at a sealed position, or who is missed, for a page."""
    held = policy_in_force(session)
    vouched = newest_vouched(session, above=position) if held else None
    if vouched is not None:
        names = tuple(sorted(vouched.cosigned))
        newest_s = max(each.time_s for each in vouched.cosigned.values())
        return Mark(
            is_asked=True, is_witnessed=True, names=names, missing=(), at=dt.datetime.fromtimestamp(newest_s, dt.UTC)
        )
    wanted = {str(each.key) for each in held.policy.witnesses.values()} if held else None
    query = select(Witness.name, Witness.vkey, WitnessState.size).join(WitnessState).order_by(Witness.name)
    seen = {row.name: row.size > position for row in session.execute(query) if wanted is None or row.vkey in wanted}
    first = select(func.min(LogCheckpoint.signed_at)).where(LogCheckpoint.size > position)
    return Mark(
        is_asked=held is not None,
        is_witnessed=False,
        names=tuple(name for name, has in seen.items() if has),
        missing=tuple(name for name, has in seen.items() if not has),
        at=session.scalar(first) or clock.now(),
    )


def mark_of_act(session: Session, act: str) -> Mark | None:
    """Say who vouches for an act, for a page; None until all of it lies under the log's own signature."""
    try:
        entries = require_sealed(session, act, is_charged=True)
    except (NotSealed, EntryNotFound):
        return None
    return mark_of(session, max(each.position or 0 for each in entries))


def missed_since(session: Session) -> dt.datetime | None:
    """Tell since when the policy's quorum has been waited for; None without a policy, or if it has come for all."""
    if policy_in_force(session) is None:
        return None
    vouched = newest_vouched(session)
    above = vouched.checkpoint.size if vouched else 0
    return session.scalar(select(func.min(LogCheckpoint.signed_at)).where(LogCheckpoint.size > above))


def witnesses(session: Session) -> WitnessesView:
    """List the witnesses by name, with what each last did."""
    newest, held = newest_checkpoint(session), policy_in_force(session)
    cosigned = _counting(session, newest) if newest else {}
    needed = {str(each.key) for each in held.policy.witnesses.values()} if held else set()
    query = select(Witness, WitnessState).join(WitnessState, WitnessState.witness_id == Witness.id)
    found = tuple(
        WitnessView(
            name=witness.name,
            vkey=witness.vkey,
            url=witness.url,
            size=state.size,
            cosigned_at=state.cosigned_at,
            has_cosigned=witness.name in cosigned,
            is_needed=witness.vkey in needed,
            fault=state.fault,
            refusal=state.refusal,
            refused_size=state.refused_size,
            refused_at=state.refused_at,
        )
        for witness, state in session.execute(query.order_by(Witness.name))
    )
    return WitnessesView(found, quorum_of(len(found)), held, is_full=_is_full(found, held, list(cosigned.values())))


def _is_full(found: Sequence[WitnessView], held: PolicyInForce | None, cosigned: Sequence[Cosignature]) -> bool:
    if held is not None:
        return held.policy.is_satisfied_by(cosigned)
    return bool(found) and len(cosigned) >= quorum_of(len(found))
