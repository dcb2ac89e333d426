"""Running the log: the sequencer's loop, and the check of one entry.

Orders and signs nothing itself; see `sequencer.py`. The commands of the command line and the pages are doors to this.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from aid_ledger.core import clock, logs
from aid_ledger.core.retry import retrying
from aid_ledger.log import queries
from aid_ledger.log.duty import Duty
from aid_ledger.log.queries import PlacedEntry
from aid_ledger.log.rules import LONGEST_PAUSE_S, MERGE_DELAY_S, PAUSE_S, SWEEP_EVERY_S, NotSealed, TreeAltered
from aid_ledger.log.sequencer import Pass
from audit import proof
from audit.errors import AuditError
from audit.merkle import leaf_hash

log = logs.get(__name__)


class Sequencing(Protocol):
    """What the loop drives: a sequencer."""

    duty: Duty

    def run_once(self) -> Pass:
        """Make one pass."""

    def is_settled(self) -> bool:
        """Tell whether a pass would have nothing to do."""

    def sweep(self) -> None:
        """Let the next pass look through all entries."""


class Delay:
    """How long entries may have been waiting, as the loop itself can tell: since all that was committed was sealed.

    An alarm is one line when entries begin to wait for longer than they may, and one when that is over.
    """

    def __init__(self) -> None:
        self._sealed_at_s = clock.monotonic()
        self._is_late = False

    def sealed(self, at_s: float) -> None:
        """Note that whatever was committed before this second of the clock is sealed."""
        self._sealed_at_s = at_s

    def look(self) -> None:
        """Say so when something may have been waiting for too long, or no longer is."""
        waited_s = clock.monotonic() - self._sealed_at_s
        is_late = waited_s > MERGE_DELAY_S
        if is_late and not self._is_late:
            log.warning("merge_delay_exceeded", waited_s=round(waited_s, 1), limit_s=MERGE_DELAY_S)
        elif self._is_late and not is_late:
            log.warning("merge_delay_kept_again", waited_s=round(waited_s, 1))
        self._is_late = is_late


def run_sequencer(sequencer: Sequencing, *, stop: threading.Event, pause_s: float = PAUSE_S) -> int:
    """Order and sign until told to stop; returns how many entries were ordered.

    While another sequencer is at work this one waits, says so once, and goes on when the other is gone. A database
    that cannot be reached is waited for. A kill at any instant is repaired by the next pass.

    Raises:
        LogBehind, EntryAltered, PublishedAltered, TreeAltered: see `Sequencer.run_once`; nothing is signed any more
            until a person has looked.

    """
    try:
        return _sequence(sequencer, stop, pause_s)
    finally:
        sequencer.duty.leave()


def _sequence(sequencer: Sequencing, stop: threading.Event, pause_s: float) -> int:
    ordered, swept_at, wait_s, delay = 0, clock.monotonic(), pause_s, Delay()
    told_of = 0
    while not stop.is_set():
        try:
            other = sequencer.duty.take()
            if other is not None:
                if other.pid != told_of:
                    log.warning("sequencer_waits_for_another", holder=other.words())
                told_of, delay = other.pid, Delay()
                stop.wait(pause_s)
                continue
            if clock.monotonic() - swept_at >= SWEEP_EVERY_S:
                sequencer.sweep()
                swept_at = clock.monotonic()
            began_s = clock.monotonic()
            done = Pass(0, 0) if sequencer.is_settled() else retrying(sequencer.run_once)
        except (OperationalError, DBAPIError) as error:
            if not isinstance(error, OperationalError) and not error.connection_invalidated:
                raise
            delay.look()
            log.warning("sequencer_waits_for_database", error=type(error.orig).__name__, wait_s=wait_s)
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_PAUSE_S)
            continue
        wait_s = pause_s
        if not done.is_full:
            # It came to the newest entry there was; under a steady load something newer always waits.
            delay.sealed(began_s)
        delay.look()
        if done.ordered:
            ordered += done.ordered
            log.info("entries_ordered", count=done.ordered, size=done.size)
        if not done.is_full:
            stop.wait(pause_s)
    return ordered


@dataclass(frozen=True, slots=True)
class EntryCheck:
    """What this server finds when it checks an entry against its own newest checkpoint.

    `size` is the checkpoint's. `fault` is the rule that is broken, "" if none is. It never proves more than that the
    server agrees with itself.
    """

    size: int
    fault: str


def check_entry(session: Session, entry: PlacedEntry) -> EntryCheck:
    """Check an entry's bytes, its leaf hash, its inclusion proof and the checkpoint's signature, as anybody can.

    Raises:
        NotSealed: no checkpoint covers the entry yet.

    """
    if entry.position is None:
        raise NotSealed(act=entry.act)
    if leaf_hash(entry.raw) != entry.leaf_hash:
        return EntryCheck(0, "entry.hash")
    trusted = queries.name_of_log(session).own_policy()
    try:
        shown = proof.parse(queries.proof_text(session, entry.position).encode())
        trust = proof.verify(shown, entry.raw, trusted, now_s=int(clock.now().timestamp()))
    except AuditError as error:
        return EntryCheck(0, error.rule)
    except TreeAltered as error:
        return EntryCheck(0, error.code)
    return EntryCheck(trust.checkpoint.size, "")
