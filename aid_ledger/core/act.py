"""One official, one deed, one transaction, one run of log entries: the only file that commits.

A service receives an Act, changes rows through `act.session` and records what it did with `act.record`. On leaving,
the Act asks the guard which tables changed; every one must be declared by a recorded fact, and every changed row is
digested into the entry of the fact that declares it. The entries' bytes are written last and committed with the rows.
Ordering and signing happen outside, in the `log` room, through the Pen.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from sqlalchemy import Engine, ForeignKeyConstraint, Index, Table, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, UOWTransaction, object_mapper
from sqlalchemy.schema import ColumnCollectionConstraint

from aid_ledger.core import clock, retry
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import Base, keeping, key_text
from aid_ledger.core.digests import digests_of
from aid_ledger.core.errors import DomainError, Kind, UnrecordedChange
from aid_ledger.core.floor import Floor, check_not_behind, check_not_too_long, no_floor
from aid_ledger.core.guard import Guard, lifting, set_guard
from audit import canonical
from audit.facts import Fact
from audit.facts.founding import RowsWritten
from audit.merkle import leaf_hash

ENTRY_LIMIT_BYTES = 60_000
"""Rows beyond this go into RowsWritten entries; the format's own limit is 65,535 and the rest is headroom."""

ROW_COST_BYTES = 52
"""A row in an entry beyond its key: 43 characters of digest, quotes, colon and comma, rounded up."""

_ACT = "act"
"""Under this name a session knows its Act."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and through which door. `id` is the official's login; `official_id` stays out of the log."""

    type: str
    id: str = ""
    office: str = ""
    door: str = "web"
    official_id: int | None = None

    def as_json(self) -> dict[str, str]:
        """Write the actor as the entry holds it."""
        return {"type": self.type, "id": self.id, "office": self.office, "door": self.door}


SYSTEM = Actor(type="system", door="job")
"""For facts whose kind permits no official: hourly counts, sequencing; never an approval."""


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """An entry as it will lie in the log: its exact bytes and their leaf hash, still without a position."""

    act: str
    ordinal: int
    kind: str
    recorded_at: dt.datetime
    raw: bytes
    leaf_hash: bytes


class Pen(Protocol):
    """Where an Act writes its entries; the `log` room's pen is the only real one."""

    def write(self, session: Session, entries: list[PendingEntry]) -> None:
        """Insert the entries, in order, in the Act's own transaction."""

    def after_commit(self) -> None:
        """Run after the commit; the embedded database orders its entries here."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What services need besides rows: the field keys, and the folder of stored files outside the web root."""

    keys: FieldKeys
    files: Path


@dataclass
class Act:
    """A deed under way. Services take it as their first argument and never see the engine."""

    session: Session
    actor: Actor
    kit: Kit
    id: str
    at: dt.datetime
    on: dt.date
    leaves: list[bytes] = field(default_factory=list)
    """After the commit: the leaf hashes of this Act's entries, for the one who acted to keep (THREATS 4)."""
    _facts: list[Fact] = field(default_factory=list)
    _owners: dict[tuple[str, str], int] = field(default_factory=dict)
    _written: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)
    _restated: set[str] = field(default_factory=set)

    def record(self, fact: Fact, *about: Base) -> None:
        """Record what was done; it becomes an entry when the Act closes.

        Rows given in `about` are digested into this very entry; every other row goes into the last entry whose fact
        declares its table. They must be flushed already, so that they have their keys.
        """
        for row in about:
            name = str(object_mapper(row).local_table)
            if name not in fact.TABLES:
                message = f"{fact.KIND} does not declare {name}"
                raise UnrecordedChange(message)
            self._owners[name, key_of(row)] = len(self._facts)
        self._facts.append(fact)

    def wrote(self, rows: type[Base] | Table, keys: Iterable[object]) -> None:
        """Tell the Act of rows written in bulk, which the session did not see. Keys are ids or key tuples."""
        table = rows if isinstance(rows, Table) else cast("Table", rows.__table__)
        self._written.setdefault(table.name, set()).update(key if isinstance(key, tuple) else (key,) for key in keys)

    def restate(self, rows: Table, keys: Iterable[tuple[object, ...]]) -> None:
        """Have a fact of this Act say what rows are now, though it did not touch them: after a restore, for one."""
        wanted = set(keys)
        if wanted:
            self.wrote(rows, wanted)
            # A table's name is a kind of text of its own, which an entry does not hold.
            self._restated.add(str(rows.name))

    def count_written(self, rows: type[Base]) -> int:
        """Count the rows of a table that this Act has written so far; what is not flushed yet does not count."""
        return len(self._written.get(cast("Table", rows.__table__).name, ()))


class Acts:
    """Opens Acts on one database; built once by `app` and handed to every door."""

    def __init__(
        self, engine: Engine, pen: Pen, kit: Kit, *, zone: str = clock.DEFAULT_ZONE, floor: Floor = no_floor
    ) -> None:
        self.engine = engine
        self.kit = kit
        self._floor = floor
        self._pen = pen
        self.zone = zone

    @contextmanager
    def open(self, actor: Actor, *, on: dt.date | None = None) -> Iterator[Act]:
        """Open an Act; leaving it well commits rows and entries together, leaving it by an error keeps neither.

        Raises: ClockBehind on opening, ActTooLong on leaving.
        """
        with self._transaction(actor, on) as act:
            yield act
        self._pen.after_commit()

    @contextmanager
    def _transaction(self, actor: Actor, on: dt.date | None) -> Iterator[Act]:
        at = clock.now()
        check_not_behind(at, self._floor())
        with _WatchedSession(self.engine, expire_on_commit=False) as session:
            act = Act(session, actor, self.kit, uuid.uuid4().hex, at, on or clock.today(self.zone))
            guard = set_guard(session)
            session.info[_ACT] = act
            # The guard is lifted while the connection is still ours: after a commit it may be another Act's already.
            try:
                with lifting(guard):
                    yield act
                    _close(act, guard, self._pen)
                check_not_too_long(at, clock.now())
                session.commit()
            except IntegrityError as error:
                session.rollback()
                raise _as_domain_error(error) from error

    def run(
        self,
        actor: Actor,
        service: Callable[Concatenate[Act, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run one service in one Act; the whole Act runs again when the database could not serialise it.

        What follows a commit is outside the retry: a committed deed never runs twice.
        """

        def once() -> T:
            with self._transaction(actor, None) as act:
                return service(act, *args, **kwargs)

        outcome = retry.retrying(once)
        self._pen.after_commit()
        return outcome


@contextmanager
def keeping_house(engine: Engine) -> Iterator[Session]:
    """Open a transaction that may change housekeeping tables only (sessions, limits, leases); it writes no entry."""
    with Session(engine, expire_on_commit=False) as session:
        guard = set_guard(session)
        with lifting(guard):
            yield session
            session.flush()
            _refuse_undeclared(guard.changed(), frozenset())
        session.commit()


class _WatchedSession(Session):
    """A session whose Act notes the primary key of every row that is flushed."""


@event.listens_for(_WatchedSession, "after_flush")
def _note(session: Session, _context: UOWTransaction) -> None:
    act: Act = session.info[_ACT]
    changed = [row for row in session.dirty if session.is_modified(row)]
    for row in [*session.new, *changed, *session.deleted]:
        mapper = object_mapper(row)
        table = mapper.local_table
        if isinstance(table, Table):
            act.wrote(table, [tuple(mapper.primary_key_from_instance(row))])


def _close(act: Act, guard: Guard, pen: Pen) -> None:
    act.session.flush()
    declared = frozenset(table for fact in act._facts for table in fact.TABLES)  # noqa: SLF001 - the Act's own file
    changed = (guard.changed() - _told_empty(act, guard)) | act._restated  # noqa: SLF001 - the Act's own file
    _refuse_undeclared(changed, declared)
    entries = _entries_of(act, _rows_by_fact(act, changed))
    if entries:
        pen.write(act.session, entries)
        act.leaves.extend(entry.leaf_hash for entry in entries)


def _told_empty(act: Act, guard: Guard) -> set[str]:
    """Name tables told of with no rows, where the guard may name one whose statement matched nothing."""
    return set() if guard.is_exact else {name for name, keys in act._written.items() if not keys}  # noqa: SLF001 - as above


def _refuse_undeclared(changed: set[str], declared: frozenset[str]) -> None:
    for name in sorted(changed - declared):
        table = Base.metadata.tables.get(name)
        if table is None:
            message = f"rows of {name}, a table nobody describes, changed inside an Act"
            raise UnrecordedChange(message)
        if keeping(table) == "record":
            message = f"rows of {name} changed, but no recorded fact declares that table"
            raise UnrecordedChange(message)


def _rows_by_fact(act: Act, changed: set[str]) -> dict[int, dict[str, dict[str, str | None]]]:
    """Digest every written row and give it to the last fact that declares its table: ordinal -> table -> key."""
    rows: dict[int, dict[str, dict[str, str | None]]] = {}
    connection = act.session.connection()
    for name in sorted(changed):
        table = Base.metadata.tables[name]
        if keeping(table) != "record":
            continue
        keys = act._written.get(name)  # noqa: SLF001 - the Act's own file
        if not keys:
            message = f"rows of {name} changed unseen; tell the Act with act.wrote()"
            raise UnrecordedChange(message)
        last = max(place for place, fact in enumerate(act._facts) if name in fact.TABLES)  # noqa: SLF001 - as above
        for key, digest in digests_of(connection, table, keys).items():
            owner = act._owners.get((name, key), last)  # noqa: SLF001 - as above
            rows.setdefault(owner, {}).setdefault(name, {})[key] = digest
    return rows


def _entries_of(act: Act, rows: dict[int, dict[str, dict[str, str | None]]]) -> list[PendingEntry]:
    entries: list[PendingEntry] = []
    for place, fact in enumerate(act._facts):  # noqa: SLF001 - the Act's own file
        owner = len(entries)
        body = fact.body()
        explained = rows.get(place)
        # A fact that explains no rows needs no measuring: most entries of a large Act are such.
        chunks = list(_chunks(explained, ENTRY_LIMIT_BYTES - len(canonical.encode(body)))) if explained else [{}]
        entries.append(_entry(act, owner, type(fact), body, chunks[0]))
        continuation = RowsWritten(of=owner).body()
        entries.extend(
            _entry(act, owner + 1 + extra, RowsWritten, continuation, chunk) for extra, chunk in enumerate(chunks[1:])
        )
    return entries


def _chunks(tables: dict[str, dict[str, str | None]], first_room: int) -> Iterator[dict[str, dict[str, str | None]]]:
    """Cut rows into pieces that fit: the first into what the fact leaves, the others into a whole entry."""
    piece: dict[str, dict[str, str | None]] = {}
    room = first_room
    for name, digests in tables.items():
        for key, digest in digests.items():
            cost = ROW_COST_BYTES + len(key) + (len(name) + 8 if name not in piece else 0)
            if cost > room:
                yield piece
                piece, room = {}, ENTRY_LIMIT_BYTES
            piece.setdefault(name, {})[key] = digest
            room -= cost
    yield piece


def _entry(
    act: Act, ordinal: int, kind: type[Fact], body: dict[str, Any], rows: dict[str, dict[str, str | None]]
) -> PendingEntry:
    raw = canonical.encode(
        {
            "kind": kind.KIND,
            "v": kind.V,
            "id": uuid.uuid4().hex,
            "act": act.id,
            "ordinal": ordinal,
            "actor": act.actor.as_json(),
            "recorded_at": clock.instant_text(act.at),
            "on": act.on.isoformat(),
            "body": body,
            "rows": rows,
        }
    )
    return PendingEntry(act.id, ordinal, kind.KIND, act.at, raw, leaf_hash(raw))


# --- what the database refuses, in our words ------------------------------------------------------------------------


class AlreadyThere(DomainError):
    """A unique rule of the database refused a second row where no room gave the refusal a better name."""

    kind = Kind.CONFLICT
    code = "database.already_there"


_REFUSALS: dict[str, type[DomainError]] = {}
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)$")


def on_constraint(name: str, error: type[DomainError]) -> None:
    """Say which DomainError a violated constraint (or unique index) means; rooms call this beside their models."""
    _REFUSALS[name] = error


def _as_domain_error(error: IntegrityError) -> DomainError:
    name = _constraint_name(error)
    known = _REFUSALS.get(name)
    if known is not None:
        return known(f"the database refused: {name}")
    return AlreadyThere(f"the database refused: {name or type(error.orig).__name__}", constraint=name)


def _constraint_name(error: IntegrityError) -> str:
    """Name the violated constraint: PostgreSQL says it, SQLite names columns for unique ones."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name or "")
    message = str(error.orig)
    unique = _SQLITE_UNIQUE.search(message)
    if unique is None:
        return message.rpartition(": ")[2]
    columns = {part.strip() for part in unique.group(1).split(",")}
    table = Base.metadata.tables.get(next(iter(columns)).partition(".")[0])
    if table is None:
        return unique.group(1)
    for rule in [*table.constraints, *table.indexes]:
        # A foreign key may stand on the very columns of a unique rule; it is not what SQLite complains of here.
        if isinstance(rule, ForeignKeyConstraint) or not isinstance(rule, ColumnCollectionConstraint | Index):
            continue
        if {f"{table.name}.{column.name}" for column in rule.columns} == columns:
            return str(rule.name or "")
    return unique.group(1)


def key_of(row: object) -> str:
    """Write a mapped row's primary key as the log's `rows` do; for tests and for pages that point at an entry."""
    return key_text(tuple(object_mapper(row).primary_key_from_instance(row)))
