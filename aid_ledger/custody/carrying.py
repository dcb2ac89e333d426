"""Carrying an announced key on, unasked: noting when the witnesses have seen it, and taking it when its time has come.

Run by the process that sequences the log, which alone has both keys. Read, then one small write; a kill in between
leaves what was there, and the next look goes on from it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock, logs
from aid_ledger.core.act import SYSTEM, Acts, keeping_house
from aid_ledger.core.db import reading
from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.custody import service
from aid_ledger.log.keyring import Keys
from aid_ledger.log.models import LogCheckpoint, LogEntry, LogKey, LogKeySeal, LogPosition, Witness, WitnessCosignature
from aid_ledger.log.queries import coming_key, cosigned_note
from aid_ledger.log.quorum import policy_in_force
from aid_ledger.log.rules import KeyMissing, quorum_of
from aid_ledger.log.sequencer import Pass, Sequencer
from audit import cosignature, note
from audit.facts.custody import LogKeyAnnounced
from audit.keys import WAIT
from audit.policy import Group, Named, Policy

log = logs.get(__name__)

LOOK_BACK: Final = 64
"""Newest cosigned checkpoints that are looked through for one that all of the quorum have cosigned."""
QUORUM: Final = "kuorum"
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


class Custodian:
    """A sequencer that looks, once a minute, whether an announced key can be carried on.

    What keeps a key from being carried on is told and stops nothing: the key in use goes on signing.
    """

    def __init__(self, sequencer: Sequencer, acts: Acts) -> None:
        self.duty = sequencer.duty
        self._sequencer = sequencer
        self._acts = acts
        self._looked_s = float("-inf")

    def run_once(self) -> Pass:
        """Make one pass, after a look if it is time for one."""
        if self._is_due():
            self._looked_s = clock.monotonic()
            try:
                taken = self.carry_on()
            except (KeyMissing, KeyFileFault) as fault:
                log.warning("log_key_not_carried_on", fault=type(fault).__name__)
            else:
                if taken:
                    log.info("log_key_taken", vkey=taken)
        return self._sequencer.run_once()

    def carry_on(self) -> str:
        """Do what can be done for the announced key now; gives the key that was taken, "" if none was."""
        return carry_on(self._sequencer.engine, self._acts, self._sequencer.keys)

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
    place = select(LogPosition.position).join(LogEntry, LogEntry.id == LogPosition.entry_id)
    place = place.where(LogEntry.act == key.announced_act, LogEntry.kind == LogKeyAnnounced.KIND)
    position = session.scalar(place)
    if position is None or position >= (session.scalar(select(func.max(LogCheckpoint.size))) or 0):
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
