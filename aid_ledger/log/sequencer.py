"""The one sequencer: gives committed entries dense positions, hashes them into tiles, signs checkpoints.

Two transactions a pass. The first makes positions and tiles durable; a crash after it leaves a tree without a
checkpoint, which the next pass signs. The second records a signed checkpoint of what is durable; a crash after it
leaves a checkpoint that is not published, which the next pass publishes. So nothing is ever signed that could still
change. Entries are ordered by the first insertion id of their Act, never by time; an Act that read another's rows
wrote its entries later, so causes come before effects.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine, RowMapping, bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.act import keeping_house
from aid_ledger.log.models import LogCheckpoint, LogEntry, LogHead, LogPosition, LogTile
from aid_ledger.log.rules import PASS_ENTRIES, SEQUENCER_LOCK, SWEEP_MARGIN, EntryAltered, LogBehind
from aid_ledger.log.tree import TileTree
from audit import checkpoint, note
from audit.merkle import leaf_hash, verify_consistency


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass did: entries ordered, and the size of the newest checkpoint (0 if none)."""

    ordered: int
    size: int


class Sequencer:
    """Orders and signs for one database; the only holder of the log key.

    `published` is the file outside the database that holds the last published checkpoint.
    """

    def __init__(self, engine: Engine, key: note.SigningKey, published: Path) -> None:
        self._engine = engine
        self._key = key
        self._published = published
        self._swept = False

    def run_once(self) -> Pass:
        """Order what is committed, sign if the tree grew, publish; returns at once if another sequencer is at work.

        Raises:
            LogBehind: the published checkpoint is not a prefix of this database's log (a restore, or a fork).
            EntryAltered: a pending entry was edited after it was written.

        """
        ordered = self._order()
        self._sign()
        return Pass(ordered, self._publish())

    def _order(self) -> int:
        with keeping_house(self._engine) as session:
            if not _take_lock(session):
                return 0
            head = _head(session)
            floor = head.entry_floor if self._swept else 0
            pending = _pending(session, floor)
            if pending:
                _integrate(session, head, pending)
        self._swept = len(pending) < PASS_ENTRIES
        return len(pending)

    def sweep(self) -> None:
        """Let the next pass look through all entries, not only the newest: finds one whose Act committed very late."""
        self._swept = False

    def _sign(self) -> None:
        with keeping_house(self._engine) as session:
            if not _take_lock(session):
                return
            size = _head(session).size
            last = _newest(session)
            tree = TileTree(size, TileFetch(session))
            self._refuse_if_behind(tree)
            if size and (last is None or last.size < size):
                self._sign_tree(session, tree, last)

    def _publish(self) -> int:
        """Publish the newest checkpoint under the lock, so that an older one is never put over a newer."""
        with keeping_house(self._engine) as session:
            if not _take_lock(session):
                return 0
            last = _newest(session)
            if last is None:
                return 0
            publish(self._published, last.note)
            return last.size

    def _sign_tree(self, session: Session, tree: TileTree, last: LogCheckpoint | None) -> None:
        root = tree.root()
        if last is not None:
            verify_consistency(last.size, tree.size, last.root, root, tree.consistency_proof(last.size))
        body = checkpoint.Checkpoint(self._key.name, tree.size, root)
        signed = note.sign(body.text(), self._key).decode()
        session.add(LogCheckpoint(size=tree.size, root=root, note=signed, signed_at=clock.now()))

    def _refuse_if_behind(self, tree: TileTree) -> None:
        if not self._published.exists():
            return
        seen = note.parse(self._published.read_bytes())
        note.verify(seen, [self._key.verifier()])
        outside = checkpoint.parse(seen.text)
        if outside.size > tree.size:
            raise LogBehind(published=outside.size, database=tree.size)
        if outside.size and TileTree(outside.size, tree.fetch).root() != outside.root:
            raise LogBehind(published=outside.size, database=tree.size)


def publish(path: Path, signed: str) -> None:
    """Put a checkpoint where it survives the database: written beside, flushed to disk, then renamed over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text() == signed:
        return
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w") as file:
        file.write(signed)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _take_lock(session: Session) -> bool:
    """Hold the place of the one sequencer until the transaction ends; SQLite's write lock is that place already."""
    if session.connection().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEQUENCER_LOCK}))


def _head(session: Session) -> LogHead:
    head = session.get(LogHead, 1)
    if head is None:
        head = LogHead(id=1, size=0, entry_floor=0)
        session.add(head)
        session.flush()
    return head


def _newest(session: Session) -> LogCheckpoint | None:
    return session.scalars(select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)).first()


def _pending(session: Session, floor: int) -> Sequence[RowMapping]:
    """Fetch committed entries without a position, whole Acts together, in order of the Act's first id."""
    query = (
        select(LogEntry.id, LogEntry.act, LogEntry.ordinal, LogEntry.raw, LogEntry.leaf_hash)
        .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogPosition.entry_id.is_(None), LogEntry.id > floor)
        .order_by(LogEntry.id)
        .limit(PASS_ENTRIES)
    )
    rows = session.execute(query).mappings().all()
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row["act"], row["id"])
    ordered = sorted(rows, key=lambda row: (first[row["act"]], row["ordinal"]))
    if len(rows) < PASS_ENTRIES:
        return ordered
    return _whole_acts(session, ordered)


def _whole_acts(session: Session, ordered: list[RowMapping]) -> list[RowMapping]:
    """Complete the last Act of a full page, however long it is: an Act is never cut in two."""
    acts = [act for act, _ in groupby(ordered, key=lambda row: row["act"])]
    whole: list[RowMapping] = []
    for act in acts:
        query = select(LogEntry.id, LogEntry.act, LogEntry.ordinal, LogEntry.raw, LogEntry.leaf_hash)
        whole.extend(session.execute(query.where(LogEntry.act == act).order_by(LogEntry.ordinal)).mappings())
    return whole


def _integrate(session: Session, head: LogHead, pending: Sequence[RowMapping]) -> None:
    for row in pending:
        if leaf_hash(row["raw"]) != row["leaf_hash"]:
            raise EntryAltered(entry=row["id"], act=row["act"])
    start = head.size
    tree = TileTree(start, TileFetch(session))
    tree.append(row["leaf_hash"] for row in pending)
    session.execute(
        insert(LogPosition),
        [{"position": start + place, "entry_id": row["id"]} for place, row in enumerate(pending)],
    )
    _store_tiles(session, tree)
    head.size = tree.size
    head.entry_floor = max(head.entry_floor, max(row["id"] for row in pending) - SWEEP_MARGIN)


def _store_tiles(session: Session, tree: TileTree) -> None:
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
    """Reads tiles of one session, each once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, number: int) -> bytes:
        """Give a tile's hashes, empty if the tile does not exist."""
        if (level, number) not in self._seen:
            query = select(LogTile.hashes).where(LogTile.level == level, LogTile.number == number)
            held = self._session.scalar(query)
            self._seen[level, number] = bytes(held or b"")
        return self._seen[level, number]
