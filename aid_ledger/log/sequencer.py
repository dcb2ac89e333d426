"""The one sequencer: gives committed entries dense positions, hashes them into tiles, signs checkpoints.

Three transactions a pass. The first makes positions and tiles durable; a crash after it leaves a tree without a
checkpoint, which the next pass signs. The second records a signed checkpoint of what is durable; a crash after it
leaves a checkpoint that is not published, which the third of the next pass publishes. So nothing is ever signed that
could still change. Entries are ordered by the first insertion id of their Act, never by time; an Act that read
another's rows wrote its entries later, so causes come before effects. Nothing is ordered or signed in a database that
does not continue the checkpoint published outside it: a restore is repaired first.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, RowMapping, bindparam, func, insert, select, text, tuple_, update
from sqlalchemy.orm import Session

from aid_ledger.core import clock, keyfiles
from aid_ledger.core.act import keeping_house
from aid_ledger.core.db import reading
from aid_ledger.log.duty import Duty
from aid_ledger.log.keyring import Keys, OneKey, log_keys, spans
from aid_ledger.log.models import LogCheckpoint, LogEntry, LogHead, LogPosition, LogTile
from aid_ledger.log.rules import (
    PASS_ENTRIES,
    SEQUENCER_LOCK,
    SWEEP_MARGIN,
    EntryAltered,
    LogBehind,
    PublishedAltered,
    TreeAltered,
)
from aid_ledger.log.tree import TileTree
from audit import checkpoint, note
from audit.errors import AuditError
from audit.merkle import leaf_hash, verify_consistency
from audit.policy import Named

VKEY_FILE = "log.vkey"
"""The log's public keys, newest first, beside the published checkpoint and in every export."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass did: entries ordered, the size of the newest checkpoint (0 if none), and whether more may wait."""

    ordered: int
    size: int
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one pass orders, and how far below the newest entry it looks for late ones."""

    entries: int = PASS_ENTRIES
    margin: int = SWEEP_MARGIN


class Sequencer:
    """Orders and signs for one database; the only holder of the log's keys.

    `published` is the file outside the database that holds the last published checkpoint. A single key stands for a log
    that has never had another.
    """

    def __init__(
        self, engine: Engine, keys: Keys | note.SigningKey, published: Path, limits: Limits | None = None
    ) -> None:
        self._limits = limits or Limits()
        self.engine = engine
        self.keys: Keys = OneKey(keys) if isinstance(keys, note.SigningKey) else keys
        self._published = published
        self.duty = Duty(engine)
        """The place that a process takes which goes on sequencing; one pass needs only its own lock."""
        self._floor = 0
        """Entries with ids up to here have been ordered, as far as this process has looked; it looks from 0 first."""
        self._is_swept = False
        """Whether the last pass came to the newest entry."""

    def verifiers(self) -> list[note.VerifierKey]:
        """List the public keys of this log: those that its entries name, and those that are here."""
        with reading(self.engine) as session:
            return self._verifiers(session)

    def run_once(self) -> Pass:
        """Order what is committed, sign if the tree grew, publish; returns at once if another sequencer is at work.

        Raises:
            LogBehind: the published checkpoint is not a prefix of this database's log (a restore, or a fork).
            EntryAltered: a pending entry was edited after it was written.
            PublishedAltered: the published checkpoint is not one of ours.
            TreeAltered: stored tiles do not continue the tree that was signed last.

        """
        ordered = self._order()
        self._sign()
        return Pass(ordered, self._publish(), is_full=not self._is_swept)

    def is_settled(self) -> bool:
        """Tell whether a pass would have nothing to do: reads only, takes no lock."""
        with reading(self.engine) as session:
            last = _newest(session)
            if not self._is_swept or last is None or _page(session, self._floor, limit=1):
                return False
            head = session.get(LogHead, 1)
            is_signed = head is not None and head.size == last.size
            return is_signed and self._published.exists() and self._published.read_text() == last.note

    def sweep(self) -> None:
        """Let the next pass look through all entries, not only the newest: finds one whose Act committed very late."""
        self._floor, self._is_swept = 0, False

    def _order(self) -> int:
        with keeping_house(self.engine) as session:
            if not take_lock(session):
                return 0
            newest = session.scalar(select(func.max(LogEntry.id))) or 0
            page = _page(session, self._floor, limit=self._limits.entries)
            is_swept = len(page) < self._limits.entries
            pending = _whole_acts(session, page, is_cut=not is_swept)
            if pending:
                self._integrate(session, pending)
            seen = newest if is_swept else page[-1]["id"]
            margin = self._limits.margin if session.connection().dialect.name == "postgresql" else 0
        # One writer at a time leaves nothing behind on SQLite; on PostgreSQL a lower id may still be uncommitted.
        self._floor, self._is_swept = max(self._floor, seen - margin), is_swept
        return len(pending)

    def _integrate(self, session: Session, pending: Sequence[RowMapping]) -> None:
        for row in pending:
            if leaf_hash(row["raw"]) != row["leaf_hash"]:
                raise EntryAltered(entry=row["id"], act=row["act"])
        head = _head(session)
        tree = TileTree(head.size, TileFetch(session))
        self._refuse_if_behind(session, tree)
        tree.append(row["leaf_hash"] for row in pending)
        session.execute(
            insert(LogPosition),
            [{"position": place, "entry_id": row["id"]} for place, row in enumerate(pending, start=head.size)],
        )
        store_tiles(session, tree)
        head.size = tree.size

    def _sign(self) -> None:
        with keeping_house(self.engine) as session:
            if not take_lock(session):
                return
            size = _head(session).size
            last = _newest(session)
            tree = TileTree(size, TileFetch(session))
            self._refuse_if_behind(session, tree)
            signed = last.size if last else 0
            for end, named in spans(self._ranges(session), signed, size) if size > signed else ():
                # Where a key ends, it signs once more: what it vouched for ends with the log as it was then.
                last = self._sign_tree(session, tree.at(end), last, self.keys.signer(str(named.key)))

    def _publish(self) -> int:
        """Publish the newest checkpoint under the lock, so that an older one is never put over a newer."""
        with keeping_house(self.engine) as session:
            if not take_lock(session):
                return 0
            last = _newest(session)
            if last is None:
                return 0
            vkeys = [str(each.key) for each in reversed(self._ranges(session))]
            publish(self._published.with_name(VKEY_FILE), "".join(f"{each}\n" for each in vkeys))
            publish(self._published, last.note)
            self.keys.settle(vkeys[0])
            return last.size

    def _ranges(self, session: Session) -> Sequence[Named]:
        return log_keys(session) or [Named(self.keys.in_use().verifier(), "")]

    def _verifiers(self, session: Session) -> list[note.VerifierKey]:
        # A database from before a rotation does not know the key that signed what was published after it.
        return list(dict.fromkeys([*(each.key for each in self._ranges(session)), *self.keys.verifiers()]))

    def _sign_tree(
        self, session: Session, tree: TileTree, last: LogCheckpoint | None, key: note.Signs
    ) -> LogCheckpoint:
        root = tree.root()
        if last is not None:
            proof = tree.consistency_proof(last.size)
            try:
                verify_consistency(last.size, tree.size, last.root, root, proof)
            except AuditError as error:
                raise TreeAltered(signed=last.size, size=tree.size) from error
        body = checkpoint.Checkpoint(key.name, tree.size, root)
        signed = note.sign(body.text(), key).decode()
        sealed = LogCheckpoint(size=tree.size, root=root, note=signed, signed_at=clock.now())
        session.add(sealed)
        return sealed

    def _refuse_if_behind(self, session: Session, tree: TileTree) -> None:
        if not self._published.exists():
            return
        words = self._published.read_bytes()
        last = _newest(session)
        if last is not None and last.note.encode() == words and last.size <= tree.size:
            # What was published was signed here; that the tree grew out of it is proved before it is signed again.
            return
        try:
            seen = note.parse(words)
            note.verify(seen, self._verifiers(session))
            outside = checkpoint.parse(seen.text)
        except AuditError as error:
            raise PublishedAltered(rule=error.rule) from error
        if outside.size > tree.size:
            raise LogBehind(published=outside.size, database=tree.size)
        if outside.size and tree.at(outside.size).root() != outside.root:
            raise LogBehind(published=outside.size, database=tree.size)


def publish(path: Path, words: str) -> None:
    """Put a checkpoint where it survives the database: written beside, flushed to disk, then renamed over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text() == words:
        return
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    keyfiles.sync_folder(path.parent)


def take_lock(session: Session) -> bool:
    """Hold the place of the one sequencer until the transaction ends; SQLite's write lock is that place already."""
    if session.connection().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEQUENCER_LOCK}))


def _head(session: Session) -> LogHead:
    head = session.get(LogHead, 1)
    if head is None:
        head = LogHead(id=1, size=0)
        session.add(head)
        session.flush()
    return head


def _newest(session: Session) -> LogCheckpoint | None:
    return session.scalars(select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)).first()


_COLUMNS = (LogEntry.id, LogEntry.act, LogEntry.ordinal, LogEntry.raw, LogEntry.leaf_hash)


def _page(session: Session, floor: int, *, limit: int) -> Sequence[RowMapping]:
    """Fetch committed entries above an id that have no position, in order of their ids."""
    query = (
        select(*_COLUMNS)
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogPosition.entry_id.is_(None), LogEntry.id > floor)
        .order_by(LogEntry.id)
        .limit(limit)
    )
    return session.execute(query).mappings().all()


def _whole_acts(session: Session, page: Sequence[RowMapping], *, is_cut: bool) -> list[RowMapping]:
    """Put the entries of each Act together, Acts in order of their first ids; an Act is never cut in two."""
    rows = list(page)
    if is_cut:
        acts = select(LogEntry.act).where(LogEntry.id.in_([row["id"] for row in page]))
        rest = select(*_COLUMNS).where(LogEntry.act.in_(acts), LogEntry.id > page[-1]["id"])
        rows += session.execute(rest.order_by(LogEntry.id)).mappings().all()
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row["act"], row["id"])
    return sorted(rows, key=lambda row: (first[row["act"]], row["ordinal"]))


def store_tiles(session: Session, tree: TileTree) -> None:
    """Insert new tiles, extend the ones on the right edge."""
    fetch = TileFetch(session)
    new, grown = [], []
    for (level, number), hashes in tree.changed.items():
        if fetch(level, number):
            grown.append({"b_level": level, "b_number": number, "b_hashes": hashes})
        else:
            new.append({"level": level, "number": number, "hashes": hashes})
    if new:
        session.execute(insert(LogTile), new)
    if grown:
        table = LogTile.__table__
        statement = (
            update(table)  # type: ignore[arg-type] # __table__ is typed as FromClause; a mapped class has a Table
            .where(table.c.level == bindparam("b_level"), table.c.number == bindparam("b_number"))
            .values(hashes=bindparam("b_hashes"))
        )
        session.connection().execute(statement, grown)


class TileFetch:
    """Reads tiles of one session, each once; those that are known to be needed (`ahead`) in one question."""

    def __init__(self, session: Session, ahead: Collection[tuple[int, int]] = ()) -> None:
        self._session = session
        self._seen: dict[tuple[int, int], bytes] = dict.fromkeys(ahead, b"")
        if ahead:
            place = tuple_(LogTile.level, LogTile.number)
            query = select(LogTile.level, LogTile.number, LogTile.hashes).where(place.in_(sorted(ahead)))
            self._seen |= {(level, number): bytes(hashes) for level, number, hashes in session.execute(query)}

    def __call__(self, level: int, number: int) -> bytes:
        """Give a tile's hashes, empty if the tile does not exist."""
        if (level, number) not in self._seen:
            query = select(LogTile.hashes).where(LogTile.level == level, LogTile.number == number)
            held = self._session.scalar(query)
            self._seen[level, number] = bytes(held or b"")
        return self._seen[level, number]
