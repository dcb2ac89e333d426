"""Recovery after a restore: the log is put back byte for byte, and the books are brought to agree with it.

One deed of two officials, in one transaction: entries, positions, tiles and checkpoint, then what each room makes of
the lost facts (`Repair`), then a RestoreDeclared whose rows say what is no longer as the log knew it. A crash leaves
the restored database as it was, and the same command does it all again. The sequencer orders the declaration next.

What waits in the restored database without a place (a sign-in, say) keeps its place behind the recovered entries, if
replay finds that it does not contradict them; otherwise nothing is recovered.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.act import Act
from aid_ledger.core.bulk import chunked
from aid_ledger.core.db import Base, keeping, key_columns
from aid_ledger.core.digests import all_digests
from aid_ledger.core.numbering import skip_to
from aid_ledger.core.references import ReferenceMalformed, ReferenceWrongCheck, check_reference
from aid_ledger.log.mentions import mentions_of, references_in
from aid_ledger.log.models import LogCheckpoint, LogEntry, LogHead, LogMention, LogPosition
from aid_ledger.log.rules import NotTwoPeople, RecoveryContradicted, SequencerBusy, SourceRefused
from aid_ledger.log.salvage import FORKED, Salvage
from aid_ledger.log.sequencer import TileFetch, store_tiles, take_lock
from aid_ledger.log.tree import TileTree
from audit.entry import Entry, parse_entry
from audit.facts import Fact, decode
from audit.facts.restoring import RestoreDeclared
from audit.merkle import leaf_hash
from audit.replay import Replay, State

ROWS_PER_INSERT: Final = 1_000

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class LostDeed:
    """One lost entry, read: who did it and when is in `entry`, what it was is `fact`."""

    index: int
    entry: Entry
    fact: Fact


@dataclass(frozen=True, slots=True)
class Loss:
    """What the database had forgotten, in order, and what the whole log amounts to."""

    deeds: tuple[LostDeed, ...]
    state: State

    def of(self, kind: type[F]) -> Iterator[tuple[Entry, F]]:
        """Give the lost deeds of a kind, in order: entry and fact."""
        return ((deed.entry, deed.fact) for deed in self.deeds if isinstance(deed.fact, kind))


Repair = Callable[[Act, Loss], None]
"""A room's own part: it brings its rows to what the log says, and records what became of them."""


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened, as two officials put it on paper: its name, the document, and who proposed to recover."""

    name: str
    document: str
    proposed_by: str


def recover(act: Act, found: Salvage, incident: Incident, repairs: Sequence[Repair]) -> Loss:
    """Put back what was lost and make the books agree with it; the one who acts agrees to what another proposed.

    Raises:
        NotTwoPeople: the same official proposed it.
        SequencerBusy: a pass is being made.
        SourceRefused: the database is no longer what the source was held against.
        RecoveryContradicted: what was done in the restored database contradicts what it had forgotten.
    """
    if act.actor.id == incident.proposed_by:
        raise NotTwoPeople
    if not take_lock(act.session):
        raise SequencerBusy(holder="")
    head = act.session.get(LogHead, 1)
    if (head.size if head else 0) != found.since:
        raise SourceRefused(reason=FORKED, rule="database")
    loss = _read(act.session, found)

    _put_back(act.session, found)
    _skip_references(act, found)
    act.record(
        RestoreDeclared(
            incident=incident.name,
            document=incident.document,
            proposed_by=incident.proposed_by,
            since=found.since,
            until=found.size,
            root=base64.urlsafe_b64encode(found.root).rstrip(b"=").decode(),
        )
    )
    for repair in repairs:
        repair(act, loss)
    act.session.flush()
    _restate(act, loss.state)
    return loss


def _read(session: Session, found: Salvage) -> Loss:
    """Replay the whole log, then what waits without a place; only the latter may not break a rule."""
    replay = Replay(remembers_rows=True)
    ordered = select(LogEntry.raw).join(LogPosition, LogPosition.entry_id == LogEntry.id).order_by(LogPosition.position)
    for index, raw in enumerate(session.scalars(ordered.execution_options(yield_per=ROWS_PER_INSERT))):
        replay.apply(index, parse_entry(bytes(raw)))
    deeds = []
    for index, raw in enumerate(found.entries, start=found.since):
        entry = parse_entry(raw)
        replay.apply(index, entry)
        deeds.append(LostDeed(index, entry, decode(entry.kind, entry.v, entry.body)))
    for index, row in enumerate(_waiting(session, found), start=found.size):
        replay.apply(index, parse_entry(bytes(row.raw)))
    replay.finish()
    broken = next((each for each in replay.violations if each.index is not None and each.index >= found.size), None)
    if broken is not None:
        raise RecoveryContradicted(rule=broken.rule, sentence=broken.sentence)
    return Loss(tuple(deeds), replay.state)


def _waiting(session: Session, found: Salvage) -> list[LogEntry]:
    """List entries without a place that the source does not know either."""
    known = set(found.entries)
    return [row for row in session.scalars(_PLACELESS) if bytes(row.raw) not in known]


_PLACELESS: Final = (
    select(LogEntry)
    .outerjoin(LogPosition, LogPosition.entry_id == LogEntry.id)
    .where(LogPosition.entry_id.is_(None))
    .order_by(LogEntry.id)
)


def _put_back(session: Session, found: Salvage) -> None:
    """Write entries, mentions, positions, tiles and the checkpoint, as pen and sequencer once did."""
    held = {bytes(row.raw): row.id for row in session.scalars(_PLACELESS)}
    tree = TileTree(found.since, TileFetch(session))
    for start, chunk in enumerate(chunked(found.entries, ROWS_PER_INSERT)):
        ids = _entry_ids(session, chunk, held)
        first = found.since + start * ROWS_PER_INSERT
        positions = [{"position": place, "entry_id": each} for place, each in enumerate(ids, start=first)]
        session.execute(insert(LogPosition), positions)
        tree.append(leaf_hash(raw) for raw in chunk)
    store_tiles(session, tree)
    head = session.get(LogHead, 1) or LogHead(id=1, size=0)
    session.add(head)
    head.size = found.size
    newest = session.scalars(select(LogCheckpoint).order_by(LogCheckpoint.size.desc()).limit(1)).first()
    # When it was signed nobody remembers: not before its last entry, nor before the checkpoint it continues.
    last = clock.parse_instant(parse_entry(found.entries[-1]).recorded_at)
    signed_at = max(last, newest.signed_at) if newest else last
    session.add(LogCheckpoint(size=found.size, root=found.root, note=found.note, signed_at=signed_at))
    session.flush()


def _entry_ids(session: Session, chunk: Sequence[bytes], held: dict[bytes, int]) -> list[int]:
    """Insert those entries of a chunk that the backup does not hold without a place; give the row ids of all."""
    missing = [raw for raw in chunk if raw not in held]
    if missing:
        written = insert(LogEntry).returning(LogEntry.id, sort_by_parameter_order=True)
        ids = session.scalars(written, [_row(raw) for raw in missing]).all()
        held |= dict(zip(missing, ids, strict=True))
        mentions = mentions_of((held[raw], parse_entry(raw).kind, raw) for raw in missing)
        if mentions:
            session.execute(insert(LogMention), mentions)
    return [held[raw] for raw in chunk]


def _row(raw: bytes) -> dict[str, Any]:
    entry = parse_entry(raw)
    return {
        "act": entry.act,
        "ordinal": entry.ordinal,
        "kind": entry.kind,
        "recorded_at": clock.parse_instant(entry.recorded_at),
        "raw": raw,
        "leaf_hash": leaf_hash(raw),
    }


def _skip_references(act: Act, found: Salvage) -> None:
    """Let no reference that a lost entry names be handed out again: under it something may have left."""
    newest: dict[tuple[str, int], int] = {}
    for raw in found.entries:
        for name in references_in("", raw):
            try:
                reference = check_reference(name)
            except (ReferenceMalformed, ReferenceWrongCheck):
                continue
            place = (reference.prefix, reference.year)
            newest[place] = max(newest.get(place, 0), reference.number)
    for (prefix, year), number in newest.items():
        skip_to(act, prefix, year, number)


def _restate(act: Act, state: State) -> None:
    """Have the declaration name every row that is not, or no longer, what the log last knew of it."""
    connection = act.session.connection()
    for table in Base.metadata.sorted_tables:
        if keeping(table) != "record":
            continue
        remembered = dict(state.rows.get(table.name, {}))
        differing = [key for key, digest in all_digests(connection, table) if remembered.pop(key, None) != digest]
        act.restate(table, [_key(table, text) for text in [*differing, *remembered]])


def _key(table: Table, text: str) -> tuple[object, ...]:
    """Read a primary key as the log writes it; no key of ours holds a slash."""
    columns = key_columns(table)
    return tuple(column.type.python_type(part) for column, part in zip(columns, text.split("/"), strict=True))
