"""The log as tlog-tiles files: at their addresses, and as a folder that any static host serves and anyone can mirror.

`log export DIR` writes hash tiles, entry bundles, the history, tokens of time and the public key; then the checkpoint,
when all it names is on the disk, so that a mirror never names entries that are not there; and last the witnessed one,
which is never larger. What a tile's name says never changes, so the next export writes only what is new, and partial
tiles of earlier exports stay. A crash in between leaves the earlier checkpoint true, and at most a `.new` file that the
next export writes over.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from aid_ledger.core import keyfiles
from aid_ledger.log import history, quorum, timestamping
from aid_ledger.log.models import LogCheckpoint, LogEntry, LogPosition, LogTile
from aid_ledger.log.queries import cosigned_note, newest_checkpoint
from aid_ledger.log.rules import FolderOfAnotherLog, LogIncomplete, NotSealed
from aid_ledger.log.sequencer import VKEY_FILE, TileFetch, publish
from aid_ledger.log.tree import HASH, TileTree
from audit import checkpoint, note, tiles
from audit.errors import AuditError
from audit.history import PATH as HISTORY_FILE
from audit.merkle import MAX_SIZE
from audit.shown import CHECKPOINT_PATH, WITNESSED_PATH
from audit.tiles import Tile
from audit.timestamps import PATH as TIMESTAMPS_FILE

_IS_COVERED = exists().where(LogCheckpoint.size >= bindparam("needed"))
_TILE = select(LogTile.hashes).where(
    LogTile.level == bindparam("level"), LogTile.number == bindparam("number"), _IS_COVERED
)
_BUNDLE = (
    select(LogEntry.raw)
    .join(LogPosition, LogPosition.entry_id == LogEntry.id)
    .where(LogPosition.position >= bindparam("first"), LogPosition.position < bindparam("needed"), _IS_COVERED)
    .order_by(LogPosition.position)
)
"""Made once: to build and to look up a statement costs more than the database does for one row."""


def export(session: Session, folder: Path, *, vkey: str) -> int:
    """Write the log as it lies under the newest checkpoint; returns its size.

    Raises:
        NotSealed: there is no checkpoint yet.
        LogIncomplete: something the checkpoint covers is missing from the database.
        FolderOfAnotherLog: the folder holds a checkpoint that this log does not continue.

    """
    newest = newest_checkpoint(session)
    if newest is None:
        raise NotSealed(position=0)
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_another(session, folder, newest)
    changed: set[Path] = set()
    for tile in [*tiles.tiles_of_level(tiles.ENTRIES, newest.size), *tiles.tiles_of(newest.size)]:
        place = folder / tile.path
        if not place.exists():
            _write(place, tile, session)
            changed |= {each for each in place.parents if each.is_relative_to(folder)}
    # Names are on the disk before the checkpoint counts on them, not only what they name.
    for each in changed:
        keyfiles.sync_folder(each)
    _put(folder / HISTORY_FILE, history.pages(session))
    _put(folder / TIMESTAMPS_FILE, timestamping.pages(session))
    publish(folder / VKEY_FILE, vkey + "\n")
    publish(folder / CHECKPOINT_PATH, cosigned_note(session, newest))
    witnessed = quorum.newest_witnessed(session, at_most=newest.size)
    if witnessed is not None:
        publish(folder / WITNESSED_PATH, cosigned_note(session, witnessed))
    return newest.size


def served_tile(session: Session, path: str) -> bytes:
    """Give the bytes at a tile's path; empty if it names no tile, or one that the newest checkpoint does not cover."""
    try:
        return read_tile(session, tiles.parse_path(path))
    except AuditError:
        return b""


def read_tile(session: Session, tile: Tile) -> bytes:
    """Give a tile's or a bundle's bytes in one statement; empty if no checkpoint reaches so far.

    A tile of hashes costs one indexed row, and a look at the end of another index: who asks may be everybody.
    """
    needed = tile.first_entry + tile.width * tiles.entries_under(tile.level)
    if needed > MAX_SIZE:
        return b""
    if tile.level == tiles.ENTRIES:
        entries = [bytes(raw) for raw in session.scalars(_BUNDLE, {"first": tile.first_entry, "needed": needed})]
        return tiles.encode_bundle(entries) if len(entries) == tile.width else b""
    held = session.scalar(_TILE, {"level": tile.level, "number": tile.index, "needed": needed})
    hashes = bytes(held or b"")[: tile.width * HASH]
    return hashes if len(hashes) == tile.width * HASH else b""


def _refuse_another(session: Session, folder: Path, newest: LogCheckpoint) -> None:
    """Refuse a folder of another log, or of a longer history of this one: old tiles and new ones would be mixed."""
    kept = folder / CHECKPOINT_PATH
    if not kept.exists():
        return
    try:
        held = checkpoint.parse(note.parse(kept.read_bytes()).text)
    except AuditError as error:
        raise FolderOfAnotherLog(folder=str(folder)) from error
    tree = TileTree(newest.size, TileFetch(session))
    if held.size > newest.size or tree.at(held.size).root() != held.root:
        raise FolderOfAnotherLog(folder=str(folder))


def _write(place: Path, tile: Tile, session: Session) -> None:
    """Write a tile that is not there yet."""
    content = read_tile(session, tile)
    if not content:
        raise LogIncomplete(tile=tile.path)
    place.parent.mkdir(parents=True, exist_ok=True)
    _put(place, [content])


def _put(place: Path, pieces: Iterable[bytes]) -> None:
    """Write a file beside its name, down to the disk, and give it the name: whoever finds it finds it whole."""
    beside = place.with_name(place.name + ".new")
    with beside.open("wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place)
