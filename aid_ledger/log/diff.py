"""`audit diff`: replay the log and compare the result with every row of the database, both ways.

First every value must be one that can be read. Then the log itself: bytes, leaf hashes, positions, tiles, checkpoints
and mentions must agree with each other and with the checkpoint published outside. Then every `record` table: each
stored row must have the digest that the log remembers last, each remembered row must be stored. Then what rooms
downstream say of replayed state (balances, states), through `agreements`. Reads only; an auditor may run it with a
read-only DSN and without any key but the log's public one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select, text
from sqlalchemy.orm import Session

from aid_ledger.core.clock import instant_text, now
from aid_ledger.core.db import Base, keeping, key_text
from aid_ledger.core.digests import all_digests, digests_of
from aid_ledger.log.mentions import misplaced
from aid_ledger.log.models import LogCheckpoint, LogEntry, LogHead, LogMention, LogPosition, LogTile
from aid_ledger.log.shields import altered_triggers
from aid_ledger.log.spelling import misspelt, spelt
from aid_ledger.log.tree import TileTree
from audit import checkpoint, note
from audit.entry import parse_entry
from audit.errors import AuditError
from audit.keys import KeyHistory
from audit.merkle import leaf_hash
from audit.policy import Policy
from audit.replay import Replay, State
from audit.verify import Checker

ROWS_PER_FETCH = 1_000

UNSIGNED_LIMIT = dt.timedelta(minutes=1)
"""How long an ordered entry may lack a checkpoint: a pass signs what it ordered within a second."""

CLOCK_SLACK = dt.timedelta(minutes=5)
"""How far clocks of one installation may be apart."""

UNREADABLE = "holds a value in a form that this ledger never writes"

LOG = (LogEntry, LogPosition, LogTile, LogHead, LogCheckpoint, LogMention)
"""What is read before anything is replayed."""

UNCHECKED = frozenset({"alembic_version"})
"""Tables that no room describes: the migration marker; its truth is checked at every start."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the log and the database do not agree on; `key` is the row's primary key as the log writes it."""

    table: str
    key: str
    sentence: str


Agreement = Callable[[Session, State], Iterable[Difference]]
"""A room's own comparison of replayed state with its rows."""


def diff(session: Session, *, vkey: str, published: bytes | None, agreements: Sequence[Agreement]) -> list[Difference]:
    """Compare log and database; an empty list means that they agree.

    Args:
        session: a reading session that has asked nothing yet.
        vkey: the log's verifier key, as the auditor has it; the entries lead from it to later ones.
        published: the checkpoint kept outside the database, read before the session was opened; None if there is none.
        agreements: what the rooms downstream compare.

    """
    if session.connection().dialect.name == "postgresql":
        # One snapshot for all that follows, or a deed done meanwhile would look like a difference.
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    unreadable = {table.name: misspelt(session.connection(), table) for table in Base.metadata.sorted_tables}
    found = [Difference(name, key_text(key), UNREADABLE) for name, keys in unreadable.items() for key in keys]
    if any(unreadable[model.__tablename__] for model in LOG):
        return found  # What cannot be read cannot be replayed.
    replay, keys = Replay(remembers_rows=True), KeyHistory(Policy.of_log_key(vkey))
    found += _check_log(session, (replay, keys), _Signers(keys, note.parse_vkey(vkey)), published=published)
    replay.finish()
    broken = [*replay.violations, *keys.violations]
    found += [Difference("log_entries", str(each.index), f"{each.rule}: {each.sentence}") for each in broken]
    found += _compare_rows(session, replay.state, unreadable)
    found += [Difference(*each) for each in altered_triggers(session.connection())]
    if not any(unreadable.values()):  # Rooms read whole rows.
        for agreement in agreements:
            found += agreement(session, replay.state)
    return found


def housekeeping_tables() -> dict[str, str]:
    """Name the tables that may change without a fact, each with its reason, for the printed result."""
    tables = Base.metadata.tables.values()
    return {table.name: str(table.info["comment"]) for table in tables if keeping(table) == "housekeeping"}


@dataclass(frozen=True, slots=True)
class _Signers:
    """Whose signature a size needs: the key that the entries give it, if the auditor's own key is one of theirs."""

    keys: KeyHistory
    pinned: note.VerifierKey

    def of(self, size: int) -> note.VerifierKey:
        is_of_this_log = any(each.key == self.pinned for each in self.keys.ranges)
        return (self.keys.signer(size) if is_of_this_log else None) or self.pinned


def _check_log(
    session: Session, checkers: Sequence[Checker], signers: _Signers, *, published: bytes | None
) -> Iterator[Difference]:
    tree = TileTree(0, lambda _level, _number: b"")
    for position in _leading_nowhere(session):
        yield Difference("log_positions", str(position), "leads to no entry")
    for expected, (position, entry) in enumerate(_ordered(session)):
        if position != expected:
            yield Difference("log_positions", str(position), f"position {expected} is missing")
            return
        yield from _check_entry(checkers, position, entry)
        tree.append([leaf_hash(bytes(entry.raw))])
    yield from _check_tiles(session, tree)
    yield from _check_checkpoints(session, tree, signers, published)
    for index, entry in enumerate(_waiting(session), start=tree.size):
        yield from _check_entry(checkers, index, entry)
    for reference, entry_id, fault in misplaced(session):
        yield Difference("log_mentions", f"{reference}/{entry_id}", f"the mention of {reference} {fault}")


def _ordered(session: Session) -> Iterator[tuple[int, LogEntry]]:
    query = (
        select(LogPosition.position, LogEntry)
        .join(LogEntry, LogEntry.id == LogPosition.entry_id)
        .order_by(LogPosition.position)
        .execution_options(yield_per=ROWS_PER_FETCH)
    )
    # Closed with the generator, which ends early where a position is missing.
    with session.execute(query) as rows:
        for position, entry in rows:
            yield position, entry
            session.expunge(entry)


def _leading_nowhere(session: Session) -> Sequence[int]:
    query = select(LogPosition.position).outerjoin(LogEntry, LogEntry.id == LogPosition.entry_id)
    return session.scalars(query.where(LogEntry.id.is_(None)).order_by(LogPosition.position)).all()


def _waiting(session: Session) -> list[LogEntry]:
    """List entries that no pass has ordered yet; normally those of the last second."""
    query = select(LogEntry).outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
    return list(session.scalars(query.where(LogPosition.entry_id.is_(None)).order_by(LogEntry.id)))


def _check_entry(checkers: Sequence[Checker], index: int, row: LogEntry) -> Iterator[Difference]:
    """Hold an entry's columns against its bytes, and give it to whoever judges what it says."""
    key = str(row.id)
    try:
        entry = parse_entry(bytes(row.raw))
    except AuditError as error:
        yield Difference("log_entries", key, f"entry {index} cannot be read: {error.sentence}")
        return
    stated = (row.act, row.ordinal, row.kind, instant_text(row.recorded_at), bytes(row.leaf_hash))
    if stated != (entry.act, entry.ordinal, entry.kind, entry.recorded_at, leaf_hash(bytes(row.raw))):
        yield Difference("log_entries", key, f"columns of entry {index} differ from its bytes")
    for checker in checkers:
        checker.apply(index, entry)


def _check_tiles(session: Session, tree: TileTree) -> Iterator[Difference]:
    expected = dict(tree.changed)
    for tile in session.scalars(select(LogTile)):
        if expected.pop((tile.level, tile.number), None) != bytes(tile.hashes):
            yield Difference("log_tiles", f"{tile.level}/{tile.number}", "differs from the entries it is hashed from")
    for level, number in expected:
        yield Difference("log_tiles", f"{level}/{number}", "is missing")
    heads = list(session.scalars(select(LogHead)))
    if tree.size and [(head.id, head.size) for head in heads] != [(1, tree.size)]:
        yield Difference("log_heads", "1", f"does not say that {tree.size} entries are ordered")


def _check_checkpoints(
    session: Session, tree: TileTree, signers: _Signers, published: bytes | None
) -> Iterator[Difference]:
    newest = outside = 0
    before: dt.datetime | None = None
    for row, recorded_at in session.execute(_CHECKPOINTS):
        size, root, fault = _read_checkpoint(row.note.encode(), tree, signers)
        if not fault and (row.size, bytes(row.root)) != (size, root):
            fault = "columns differ from its bytes"
        if not fault and not _is_timely(row.signed_at, recorded_at, before):
            fault = "was not signed when it says"
        if fault:
            yield Difference("log_checkpoints", str(row.size), fault)
        newest, before = row.size, row.signed_at
    if published is not None:
        outside, _root, fault = _read_checkpoint(published, tree, signers)
        if fault:
            yield Difference("log_checkpoints", "published", f"the checkpoint outside the database: {fault}")
    if newest < outside or (newest < tree.size and _age_of(session, newest) > UNSIGNED_LIMIT):
        yield Difference("log_checkpoints", str(tree.size), "the newest tree has no signed checkpoint")


_CHECKPOINTS = (
    select(LogCheckpoint, LogEntry.recorded_at)
    .outerjoin(LogPosition, LogPosition.position == LogCheckpoint.size - 1)
    .outerjoin(LogEntry, LogEntry.id == LogPosition.entry_id)
    .order_by(LogCheckpoint.size)
)


def _is_timely(signed_at: dt.datetime, recorded_at: dt.datetime | None, before: dt.datetime | None) -> bool:
    """Tell whether a time of signing can be: after what it covers, after the one before, and not to come.

    The time is the server's own claim; nobody signs it, and within these bounds nobody can tell.
    """
    earliest = max(each for each in (recorded_at, before, signed_at) if each is not None)
    return earliest - CLOCK_SLACK <= signed_at <= now() + CLOCK_SLACK


def _age_of(session: Session, position: int) -> dt.timedelta:
    """Tell how long ago the entry at a position was recorded."""
    query = select(LogEntry.recorded_at).join(LogPosition, LogPosition.entry_id == LogEntry.id)
    return now() - session.scalars(query.where(LogPosition.position == position)).one()


def _read_checkpoint(raw: bytes, tree: TileTree, signers: _Signers) -> tuple[int, bytes, str]:
    """Read a signed checkpoint of this tree: size, root, and what is wrong with it, "" if nothing is."""
    try:
        signed = note.parse(raw)
        body = checkpoint.parse(signed.text)
        note.verify(signed, [signers.of(body.size)])
    except AuditError as error:
        return 0, b"", error.sentence
    if body.size > tree.size:
        return 0, b"", f"covers {body.size} entries, the database holds {tree.size}"
    fault = "" if body.root == tree.at(body.size).root() else f"root at size {body.size} differs from the tree"
    return body.size, body.root, fault


def _compare_rows(
    session: Session, state: State, unreadable: Mapping[str, Collection[tuple[Any, ...]]]
) -> Iterator[Difference]:
    connection = session.connection()
    for table in Base.metadata.sorted_tables:
        if keeping(table) != "record":
            continue
        remembered = state.rows.get(table.name, {})
        for named in unreadable[table.name]:
            remembered.pop(key_text(named), None)
        for key, digest in _digests(connection, table, is_whole=not unreadable[table.name]):
            last = remembered.pop(key, None)
            if last is None:
                yield Difference(table.name, key, "the row is stored, but no fact in the log explains it")
            elif last != digest:
                yield Difference(table.name, key, "the row was changed after the last fact that explains it")
        for key in remembered:
            yield Difference(table.name, key, "the log remembers the row, but it is gone")


def _digests(connection: Connection, table: Table, *, is_whole: bool) -> Iterable[tuple[str, str | None]]:
    """Digest every row of a table that can be read."""
    if is_whole:
        return all_digests(connection, table)
    return digests_of(connection, table, spelt(connection, table)).items()
