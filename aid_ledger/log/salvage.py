"""What the log outside knows and a restored database has forgotten: fetched, and believed only as far as it is proved.

The source is an exported folder, a mirror or our own address; whoever keeps it may have cut, forked or forged it. So it
must be signed by this log, reach at least as far as the published checkpoint and every witness, agree with each of
them, and continue exactly what the database holds. Read before any transaction is open; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from aid_ledger.core.db import reading
from aid_ledger.log.heads import Head, Keys
from aid_ledger.log.models import LogHead
from aid_ledger.log.rules import NothingLost, SourceRefused
from aid_ledger.log.sequencer import TileFetch
from aid_ledger.log.tree import TileTree
from audit import checkpoint, note, tiles
from audit.entry import parse_entry
from audit.errors import AuditError
from audit.merkle import leaf_hash
from audit.shown import CHECKPOINT_PATH
from audit.source import Source, open_source
from audit.tiles import WIDTH, TileReader

FORGED, SHORT, FORKED = "forged", "short", "forked"
"""Why a source is refused: not this log's, behind what others know, or another history."""


@dataclass(frozen=True, slots=True)
class Salvage:
    """The entries that the database lacks, from position `since` on, and the checkpoint that covers them all."""

    since: int
    size: int
    root: bytes
    note: str
    entries: tuple[bytes, ...]


def salvage(engine: Engine, place: str, keys: Keys, heads: Sequence[Head]) -> Salvage:
    """Fetch and prove what the database has forgotten; `place` is a folder or an address.

    `keys` are those that may have signed the source: none older than what signed the published checkpoint.

    Raises:
        SourceRefused: the source is not this log, or not all of it.
        NothingLost: the database holds all that the source does.
    """
    try:
        source = open_source(place)
        signed = note.parse(source.fetch(CHECKPOINT_PATH, note.MAX_NOTE_BYTES))
        note.verify(signed, keys)
        stated = checkpoint.parse(signed.text)
        reader = TileReader(source, stated.size, stated.root)
        for head in heads:
            _hold_against(reader, head)
        since = _common_size(engine, reader)
        return Salvage(since, stated.size, stated.root, _own_words(signed, keys), _entries(source, reader, since))
    except AuditError as error:
        raise SourceRefused(reason=FORGED, rule=error.rule) from error


def _hold_against(reader: TileReader, head: Head) -> None:
    if head.size > reader.size:
        raise SourceRefused(reason=SHORT, rule=head.known_to)
    if head.size and reader.range_root(0, head.size) != head.root:
        raise SourceRefused(reason=FORKED, rule=head.known_to)


def _common_size(engine: Engine, reader: TileReader) -> int:
    """Give how many entries the database holds, all of them the source's as well."""
    with reading(engine) as session:
        head = session.get(LogHead, 1)
        size = head.size if head else 0
        root = TileTree(size, TileFetch(session)).root()
    if size > reader.size:
        raise SourceRefused(reason=SHORT, rule="database")
    if size and reader.range_root(0, size) != root:
        raise SourceRefused(reason=FORKED, rule="database")
    if size == reader.size:
        raise NothingLost(size=size)
    return size


def _entries(source: Source, reader: TileReader, since: int) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for bundle in range(since // WIDTH, (reader.size - 1) // WIDTH + 1):
        hashes = reader.leaf_hashes(bundle)
        entries = tiles.read_bundle(source, bundle, len(hashes))
        if [leaf_hash(entry) for entry in entries] != hashes:
            raise SourceRefused(reason=FORGED, rule="entry.hash")
        found += entries[max(0, since - bundle * WIDTH) :]
    for entry in found:
        parse_entry(entry)
    return tuple(found)


def _own_words(signed: note.Note, keys: Keys) -> str:
    """Write the checkpoint with this log's own signature alone, as the sequencer did."""
    own = [each.line() for each in signed.signatures if any(each.is_by(key) for key in keys)][:1]
    return f"{signed.text}\n{''.join(own)}"
