"""`log export DIR`: the log as a folder of tlog-tiles files that any static host can serve and anyone can mirror.

Writes checkpoint, hash tiles, entry bundles and the public key; the checkpoint last, so that a mirror never names
entries that are not there yet. Full tiles never change, so a second export writes only what is new.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.log.models import LogEntry, LogPosition
from aid_ledger.log.queries import cosigned_note, newest_checkpoint
from aid_ledger.log.rules import LogIncomplete, NotSealed
from aid_ledger.log.sequencer import VKEY_FILE, TileFetch, publish
from aid_ledger.log.tree import HASH
from audit import tiles
from audit.errors import AuditError
from audit.tiles import Tile


def export(session: Session, folder: Path, *, vkey: str) -> int:
    """Write the log as it lies under the newest checkpoint; returns its size.

    Raises:
        NotSealed: there is no checkpoint yet.
        LogIncomplete: something the checkpoint covers is missing from the database.

    """
    newest = newest_checkpoint(session)
    if newest is None:
        raise NotSealed(position=0)
    folder.mkdir(parents=True, exist_ok=True)
    for tile in [*tiles.tiles_of_level(tiles.ENTRIES, newest.size), *tiles.tiles_of(newest.size)]:
        _write_once(folder / tile.path, tile, session)
    (folder / VKEY_FILE).write_text(vkey + "\n")
    publish(folder / "checkpoint", cosigned_note(session, newest))
    return newest.size


def served_tile(session: Session, path: str) -> bytes:
    """Give the bytes at a tile's path, as far as the newest checkpoint covers them; empty if it names none of those."""
    try:
        tile = tiles.parse_path(path)
    except AuditError:
        return b""
    newest = newest_checkpoint(session)
    hashes = (newest.size if newest else 0) // tiles.entries_under(tile.level)
    is_covered = tile.index * tiles.WIDTH + tile.width <= hashes
    return read_tile(session, tile) if is_covered else b""


def read_tile(session: Session, tile: Tile) -> bytes:
    """Give a tile's or a bundle's bytes; empty if the log does not reach so far."""
    if tile.level == tiles.ENTRIES:
        return _bundle(session, tile)
    hashes = TileFetch(session)(tile.level, tile.index)[: tile.width * HASH]
    return hashes if len(hashes) == tile.width * HASH else b""


def _bundle(session: Session, tile: Tile) -> bytes:
    query = (
        select(LogEntry.raw)
        .join(LogPosition, LogPosition.entry_id == LogEntry.id)
        .where(LogPosition.position >= tile.first_entry, LogPosition.position < tile.first_entry + tile.width)
        .order_by(LogPosition.position)
    )
    entries = [bytes(raw) for raw in session.scalars(query)]
    return tiles.encode_bundle(entries) if len(entries) == tile.width else b""


def _write_once(path: Path, tile: Tile, session: Session) -> None:
    """Write a tile unless it is there: its name says what it holds, so it never changes."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    content = read_tile(session, tile)
    if not content:
        raise LogIncomplete(tile=tile.path)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(content)
    beside.replace(path)
