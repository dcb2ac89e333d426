"""Reading the log: entries by position or act, whether they are sealed, their proofs, and how the log fares."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from aid_ledger.log.keyring import log_keys
from aid_ledger.log.mentions import references_in
from aid_ledger.log.models import (
    KEY_ANNOUNCED,
    LogCheckpoint,
    LogEntry,
    LogHead,
    LogKey,
    LogMention,
    LogPosition,
    Witness,
    WitnessCosignature,
)
from aid_ledger.log.rules import LATE, SWEEP_MARGIN, EntryNotFound, LogIncomplete, NotSealed
from aid_ledger.log.sequencer import TileFetch
from aid_ledger.log.tree import TileTree, tiles_of_proof
from audit import cosignature, note
from audit.cosignature import Cosignature
from audit.entry import parse_entry
from audit.errors import AuditError
from audit.facts import Fact
from audit.facts.founding import LogFounded
from audit.note import encode_base64
from audit.policy import Named, Policy

PAGE = 100
"""Entries on one page of the log."""


@dataclass(frozen=True, slots=True)
class PlacedEntry:
    """An entry with its position; `position` is None while it waits for the sequencer."""

    position: int | None
    act: str
    ordinal: int
    kind: str
    recorded_at: dt.datetime
    raw: bytes
    leaf_hash: bytes

    def envelope(self) -> dict[str, Any]:
        """Read the entry; raises ValueError if its bytes were forged into something else than JSON."""
        envelope: dict[str, Any] = json.loads(self.raw)
        return envelope


@dataclass(frozen=True, slots=True)
class LogName:
    """What a log is called, as its first entry says, and which keys its signatures are checked with.

    `keys` are oldest first, each with the sizes it signs.
    """

    origin: str
    keys: tuple[Named, ...]
    agency: str
    custody: str
    is_practice: bool

    @property
    def vkey(self) -> str:
        """The key in use, as it is printed."""
        return str(self.keys[-1].key)

    @property
    def vkeys(self) -> str:
        """All keys, newest first, a line each: the file that lies beside a log."""
        return "\n".join(str(each.key) for each in reversed(self.keys))

    def own_policy(self) -> Policy:
        """Trust this log alone, each of its keys for its own sizes, and ask for no witnesses."""
        return Policy(self.keys)


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How the log fares: entries ordered, entries under a checkpoint, and entries that wait for one."""

    ordered: int
    sealed: int
    waiting: int
    oldest_waiting_at: dt.datetime | None
    sealed_at: dt.datetime | None

    def lag(self, at: dt.datetime) -> dt.timedelta:
        """Tell how long the oldest entry has been waiting; nothing if none does."""
        return at - self.oldest_waiting_at if self.oldest_waiting_at else dt.timedelta()

    def is_late(self, at: dt.datetime) -> bool:
        """Tell whether the oldest has been waiting for so long that nobody seems to seal."""
        return self.lag(at) > LATE


def cosigned_note(session: Session, sealed: LogCheckpoint) -> str:
    """Write a checkpoint as it is shown: the log's signature, then the cosignatures of exactly this checkpoint."""
    return sealed.note + "".join(line for line, _sworn in cosignatures_of(session, sealed).values())


def cosignatures_of(session: Session, sealed: LogCheckpoint) -> dict[str, tuple[str, Cosignature]]:
    """Give the good cosignatures of a checkpoint, as lines and as read, by the names of the witnesses.

    A line put in by hand is none.
    """
    query = (
        select(Witness.name, Witness.vkey, WitnessCosignature.line)
        .join(Witness, Witness.id == WitnessCosignature.witness_id)
        .where(WitnessCosignature.size == sealed.size)
        .order_by(Witness.name)
    )
    read = {name: (line, _sworn(sealed.note, vkey, line)) for name, vkey, line in session.execute(query)}
    return {name: (line, sworn) for name, (line, sworn) in read.items() if sworn is not None}


def _sworn(sealed: str, vkey: str, line: str) -> Cosignature | None:
    try:
        text = note.parse(sealed.encode()).text
        signature = note.parse_signature(line.removesuffix("\n"))
        found = cosignature.verify(note.Note(text, (signature,)), [note.parse_vkey(vkey)])
    except AuditError:
        return None
    return found[0] if found else None


def newest_checkpoint(session: Session) -> LogCheckpoint | None:
    """Give the newest signed checkpoint; None before the first pass of the sequencer."""
    return session.scalars(select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)).first()


def checkpoint_of(session: Session, size: int) -> LogCheckpoint | None:
    """Give the signed checkpoint of a size; None if none of that size was signed."""
    return session.get(LogCheckpoint, size)


def sealed_size(session: Session) -> int:
    """Tell how many entries lie under the newest signed checkpoint."""
    return session.scalar(select(func.coalesce(func.max(LogCheckpoint.size), 0))) or 0


def name_of_log(session: Session) -> LogName:
    """Read what the log is called from its first entry.

    Raises:
        NotSealed: before the first pass of the sequencer.
        LogIncomplete: the first entry was forged into something that cannot be read.

    """
    query = select(LogEntry).join(LogPosition, LogPosition.entry_id == LogEntry.id).where(LogPosition.position == 0)
    first = session.scalars(query).first()
    if first is None or first.kind != LogFounded.KIND:
        raise NotSealed(position=0)
    try:
        body = parse_entry(bytes(first.raw)).body
    except AuditError as error:
        raise LogIncomplete(position=0) from error
    return LogName(
        origin=str(body["origin"]),
        keys=log_keys(session),
        agency=str(body["agency_name"]),
        custody=str(body["custody"]),
        is_practice=bool(body["practice"]),
    )


def coming_key(session: Session) -> LogKey | None:
    """Give the key that is announced to sign the log next; None if none is."""
    query = select(LogKey).where(LogKey.state == KEY_ANNOUNCED)
    return session.scalars(query).first()


def status(session: Session) -> LogStatus:
    """Tell how the log fares; looks for entries without a place among the newest, as a pass does."""
    newest = newest_checkpoint(session)
    head = session.get(LogHead, 1)
    ordered, sealed = head.size if head else 0, newest.size if newest else 0
    floor = (session.scalar(select(func.max(LogPosition.entry_id))) or 0) - SWEEP_MARGIN
    waiting = (
        select(func.count(), func.min(LogEntry.recorded_at))
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogPosition.entry_id.is_(None), LogEntry.id > floor)
    )
    count, oldest = session.execute(waiting).one()
    if ordered > sealed:
        unsealed = select(LogEntry.recorded_at).join(LogPosition, LogPosition.entry_id == LogEntry.id)
        oldest = session.scalars(unsealed.where(LogPosition.position == sealed)).first() or oldest
    return LogStatus(
        ordered=ordered,
        sealed=sealed,
        waiting=count + ordered - sealed,
        oldest_waiting_at=oldest,
        sealed_at=newest.signed_at if newest else None,
    )


def entries_of_act(session: Session, act: str) -> list[PlacedEntry]:
    """List an act's entries in order; empty if the act wrote none."""
    query = (
        select(LogPosition.position, LogEntry)
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogEntry.act == act)
        .order_by(LogEntry.ordinal)
    )
    return [_placed(position, entry) for position, entry in session.execute(query.select_from(LogEntry))]


def entries_of_acts(session: Session, acts: Select[str], kind: type[Fact]) -> Generator[PlacedEntry]:
    """Go through the entries of one kind that some acts wrote, read some at a time; close it if you stop early."""
    query = (
        select(LogPosition.position, LogEntry)
        .select_from(LogEntry)
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogEntry.act.in_(acts), LogEntry.kind == kind.KIND)
        .execution_options(yield_per=PAGE)
    )
    with session.execute(query) as found:
        for position, entry in found:
            yield _placed(position, entry)


def last_told(session: Session, kind: type[Fact], reference: str) -> int:
    """Give the row id of the newest entry of a kind that mentions an object, which says what came later; 0 if none."""
    query = select(func.max(LogMention.entry_id)).join(LogEntry, LogEntry.id == LogMention.entry_id)
    return session.scalar(query.where(LogMention.reference == reference, LogEntry.kind == kind.KIND)) or 0


def entry_at(session: Session, position: int) -> PlacedEntry:
    """Fetch the entry at a position; raises EntryNotFound."""
    query = select(LogEntry).join(LogPosition, LogPosition.entry_id == LogEntry.id)
    entry = session.scalars(query.where(LogPosition.position == position)).first()
    if entry is None:
        raise EntryNotFound(position=position)
    return _placed(position, entry)


def mentioned_in(entry: PlacedEntry) -> list[str]:
    """List what an entry mentions: references, and codes as `program/BST`."""
    return references_in(entry.kind, entry.raw)


def page_before(session: Session, before: int | None, *, limit: int = PAGE) -> list[PlacedEntry]:
    """List entries newest first, below a position (None: from the newest); keyset paging."""
    query = select(LogPosition.position, LogEntry).join(LogEntry, LogPosition.entry_id == LogEntry.id)
    if before is not None:
        query = query.where(LogPosition.position < before)
    rows = session.execute(query.order_by(LogPosition.position.desc()).limit(limit))
    return [_placed(position, entry) for position, entry in rows]


def proof_text(session: Session, position: int, *, under: LogCheckpoint | None = None) -> str:
    """Write the tlog-proof of the entry at a position (C2SP tlog-proof), under the newest checkpoint unless given.

    Raises NotSealed if the checkpoint does not cover it.
    """
    newest = newest_checkpoint(session) if under is None else under
    if newest is None or position >= newest.size:
        raise NotSealed(position=position)
    hashes = TileTree(newest.size, TileFetch(session, tiles_of_proof(position, newest.size))).inclusion_proof(position)
    lines = "".join(encode_base64(each) + "\n" for each in hashes)
    return f"c2sp.org/tlog-proof@v1\nindex {position}\n{lines}\n{cosigned_note(session, newest)}"


def _placed(position: int | None, entry: LogEntry) -> PlacedEntry:
    raw, leaf = bytes(entry.raw), bytes(entry.leaf_hash)
    return PlacedEntry(position, entry.act, entry.ordinal, entry.kind, entry.recorded_at, raw, leaf)
