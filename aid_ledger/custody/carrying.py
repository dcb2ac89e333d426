"""Carrying an announced key or root on, unasked: noting when the witnesses have seen it, taking it when its time comes.

Run by the process that sequences the log, which alone has both keys. Read, then one small write; a kill in between
leaves what was there, and the next look goes on from it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock, logs
from aid_ledger.core.act import SYSTEM, Acts, keeping_house
from aid_ledger.core.db import reading
from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.custody import roots, service
from aid_ledger.custody.models import ReceiptRoot
from aid_ledger.custody.queries import coming_root
from aid_ledger.log.fingerprint import tell_schema
from aid_ledger.log.keyring import Keys
from aid_ledger.log.models import (
    LogCheckpoint,
    LogEntry,
    LogHistory,
    LogKey,
    LogKeySeal,
    LogPosition,
    Witness,
    WitnessCosignature,
)
from aid_ledger.log.queries import coming_key, cosigned_note, sealed_size
from aid_ledger.log.quorum import policy_in_force
from aid_ledger.log.rules import KeyMissing, quorum_of
from aid_ledger.log.sequencer import Pass, Sequencer
from audit import cosignature, note
from audit.facts.custody import LogKeyAnnounced, ReceiptRootAnnounced
from audit.keys import WAIT
from audit.policy import Group, Named, Policy

log = logs.get(__name__)

LOOK_BACK: Final = 64
"""Newest cosigned checkpoints that are looked through for one that all of the quorum have cosigned."""
QUORUM: Final = "kuorum"
UNPLACED: Final = 2**63 - 1
LOOK_EVERY_S: Final = 60
"""How often an announced key is looked at: the sight of the quorum is noted soon, and 72 hours are long."""

UNSEALED: Final = "unsealed"
UNSEEN: Final = "unseen"
WAITING: Final = "waiting"
UNKEPT: Final = "unkept"
RIPE: Final = "ripe"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an announced key has come, and what it waits for: a checkpoint, the quorum, its time, the quorum again.

    `seen` and `kept` are the checkpoints that its taking will show, "" as long as there are none.
    """

    key: LogKey
    step: str
    seen: str = ""
    kept: str = ""


def carry_on(engine: Engine, acts: Acts, keys: Keys) -> str:
    """Do what can be done for the announced key now; gives the key that was taken, "" if none was.

    Raises:
        KeyMissing: one of the two keys is not on this host: it is not taken, for then nothing could be signed.
    """
    with reading(engine) as session:
        found = progress(session, clock.now())
        noted = found is not None and session.get(LogKeySeal, found.key.id) is not None
    if found is None:
        return ""
    if found.seen and not noted:
        with keeping_house(engine) as session:
            session.merge(LogKeySeal(key_id=found.key.id, note=found.seen))
    if found.step != RIPE:
        return ""
    for vkey in (found.key.old_vkey, found.key.vkey):
        keys.signer(vkey)
    return acts.run(SYSTEM, service.take_key, found.key.id, seen=found.seen, kept=found.kept).vkey


def take_root(engine: Engine, acts: Acts) -> str:
    """Take the announced root of receipts if its time has come; gives its fingerprint, "" if none was taken."""
    with reading(engine) as session:
        root = coming_root(session)
        if root is None or not is_ripe(session, root, clock.now()):
            return ""
    return acts.run(SYSTEM, roots.take_root, root.id).fingerprint


def is_ripe(session: Session, root: ReceiptRoot, at: dt.datetime) -> bool:
    """Tell whether a root was announced for as long as it should be, and the quorum has seen it for 72 hours.

    When it saw it is read from the history, which outsiders have, too.
    """
    position = _position_of(session, root.announced_act, ReceiptRootAnnounced.KIND)
    if root.usable_from is None or at < root.usable_from or position >= sealed_size(session):
        return False
    policy = outgoing_policy(session)
    if not policy.has_quorum:
        return True
    over = select(LogHistory.note).where(LogHistory.size > position, LogHistory.noted_at <= at - WAIT)
    shown = session.scalars(over.order_by(LogHistory.size.desc()).limit(LOOK_BACK))
    times = [policy.quorum_time_s(_cosigned(policy, each)) for each in shown]
    return any(each is not None and each <= (at - WAIT).timestamp() for each in times)


class Custodian:
    """A sequencer that looks, once a minute, whether an announced key or root can be carried on.

    After its first good pass it also says what the database is built by, if that is another schema than before.
    What keeps a key from being carried on is told and stops nothing: the key in use goes on signing.
    """

    def __init__(self, sequencer: Sequencer, acts: Acts) -> None:
        self.duty = sequencer.duty
        self._sequencer = sequencer
        self._acts = acts
        self._looked_s = float("-inf")
        self._has_told = False

    def run_once(self) -> Pass:
        """Make one pass, after a look if it is time for one."""
        if self._is_due():
            self._looked_s = clock.monotonic()
            if root := self.take_root():
                log.info("receipt_root_taken", fingerprint=root)
            try:
                taken = self.carry_on()
            except (KeyMissing, KeyFileFault) as fault:
                log.warning("log_key_not_carried_on", fault=type(fault).__name__)
            else:
                if taken:
                    log.info("log_key_taken", vkey=taken)
        done = self._sequencer.run_once()
        if not self._has_told:
            self.tell_schema()
        return done

    def tell_schema(self) -> bool:
        """Say that the schema changed, unless the log knows; tells whether it was said now."""
        self._has_told = True
        return tell_schema(self._sequencer.engine, self._acts)

    def carry_on(self) -> str:
        """Do what can be done for the announced key now; gives the key that was taken, "" if none was."""
        return carry_on(self._sequencer.engine, self._acts, self._sequencer.keys)

    def take_root(self) -> str:
        """Take the announced root of receipts if its time has come; gives its fingerprint, "" if none was taken."""
        return take_root(self._sequencer.engine, self._acts)

    def is_settled(self) -> bool:
        """Tell whether a pass would have nothing to do."""
        return not self._is_due() and self._sequencer.is_settled()

    def sweep(self) -> None:
        """Let the next pass look through all entries."""
        self._sequencer.sweep()

    def _is_due(self) -> bool:
        return clock.monotonic() - self._looked_s >= LOOK_EVERY_S


def progress(session: Session, at: dt.datetime) -> Progress | None:
    """Tell how far the announced key has come; None if none is announced."""
    key = coming_key(session)
    if key is None or key.usable_from is None:
        return None
    position = _position_of(session, key.announced_act, LogKeyAnnounced.KIND)
    if position >= sealed_size(session):
        return Progress(key, UNSEALED)
    policy = outgoing_policy(session)
    held = session.get(LogKeySeal, key.id)
    seen = held.note if held else _vouched(session, policy, above=position, since_s=0)
    if not seen:
        return Progress(key, UNSEEN)
    kept = _vouched(session, policy, above=position, since_s=_filled_s(policy, seen) + int(WAIT.total_seconds()))
    if at < key.usable_from:
        return Progress(key, WAITING, seen)
    return Progress(key, RIPE if kept else UNKEPT, seen, kept)


def _position_of(session: Session, act: str, kind: str) -> int:
    """Tell where an announcement lies; one that is not ordered yet lies behind everything."""
    place = select(LogPosition.position).join(LogEntry, LogEntry.id == LogPosition.entry_id)
    position = session.scalar(place.where(LogEntry.act == act, LogEntry.kind == kind))
    return UNPLACED if position is None else position


def outgoing_policy(session: Session) -> Policy:
    """Say whose cosignatures a rotation needs here: those of the policy in force, or of the house's quorum of all.

    Whether that is enough for an inspector is for the inspector's policy to say.
    """
    held = policy_in_force(session)
    if held is not None:
        return held.policy
    witnesses = {
        each.name: Named(note.parse_vkey(each.vkey), each.url)
        for each in session.scalars(select(Witness).order_by(Witness.name))
    }
    if not witnesses:
        return Policy(())
    return Policy((), witnesses, {QUORUM: Group(quorum_of(len(witnesses)), tuple(witnesses))}, QUORUM)


def _vouched(session: Session, policy: Policy, *, above: int, since_s: int) -> str:
    """Give the newest checkpoint over a position that the quorum has cosigned since a second; "" if there is none."""
    for size in session.scalars(_cosigned_sizes(above) if policy.has_quorum else _newest_size(above)):
        shown = cosigned_note(session, session.get_one(LogCheckpoint, size))
        if policy.is_satisfied_by([each for each in _cosigned(policy, shown) if each.time_s >= since_s]):
            return shown
    return ""


def _newest_size(above: int) -> Select[int]:
    size = LogCheckpoint.size
    return select(size).where(size > above).order_by(size.desc()).limit(1)


def _cosigned_sizes(above: int) -> Select[int]:
    size = WitnessCosignature.size
    return select(size).where(size > above).distinct().order_by(size.desc()).limit(LOOK_BACK)


def _filled_s(policy: Policy, shown: str) -> int:
    """Tell the second by which a checkpoint's cosignatures had filled the quorum; 0 where nobody is asked."""
    return policy.quorum_time_s(_cosigned(policy, shown)) or 0


def _cosigned(policy: Policy, shown: str) -> list[cosignature.Cosignature]:
    return cosignature.verify(note.parse(shown.encode()), [each.key for each in policy.witnesses.values()])
