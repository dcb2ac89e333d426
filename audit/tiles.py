"""Tiles (C2SP tlog-tiles v0.1.0): the tree and the entries cut into files that never change.

Names and sizes of tiles, bundles of entries, the right edge of a growing log, and a reader that authenticates
every tile it hands out against the root of a checkpoint. Whoever gives out an unchecked tile trusts its sender
(that has happened: CVE-2026-56865). Where files come from is `source.py`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from audit import merkle
from audit.errors import MalformedInput, ProofFailed
from audit.source import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from audit.source import Source

WIDTH: Final = 256
"""Hashes in a full tile, entries in a full bundle: a tile is eight levels of the tree high."""
ENTRIES: Final = -1
"""The level of an entry bundle, which lies below the hashes of its entries."""
MAX_TILE_BYTES: Final = WIDTH * merkle.HASH_BYTES
MAX_BUNDLE_BYTES: Final = WIDTH * (2 + 65_535)

_HEIGHT: Final = 8
_MAX_LEVEL: Final = 63
_MAX_KEPT_TILES: Final = 2048
"""Some 30 MB: half a million entries' hashes stay at hand, and a longer log is read again instead of kept."""
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of one tile: its level, its position in that level, and how many hashes or entries it holds."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Return where the tile lies below the log's prefix, such as `tile/0/x001/x234/067.p/5`."""
        rest, text = divmod(self.index, 1000)
        name = f"{text:03d}"
        while rest:
            rest, group = divmod(rest, 1000)
            name = f"x{group:03d}/{name}"
        level = "entries" if self.level == ENTRIES else self.level
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{name}{partial}"

    @property
    def first_entry(self) -> int:
        """Return the index of the first entry the tile covers."""
        return self.index * WIDTH * entries_under(self.level)


def parse_path(path: str) -> Tile:
    """Read the name of a tile, in its one spelling.

    Raises:
        MalformedInput: the path names no tile.

    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedInput("not the path of a tile", rule="tile.path")
    level = ENTRIES if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("x", "").replace("/", ""))
    tile = Tile(level, index, int(match["width"] or WIDTH))
    if tile.path != path or level > _MAX_LEVEL:
        raise MalformedInput("not the path of a tile", rule="tile.path")
    return tile


def entries_under(level: int) -> int:
    """Return how many entries one hash of that level's tiles covers; an entry covers itself."""
    return 1 << (_HEIGHT * max(level, 0))


def tiles_of_level(level: int, size: int) -> Iterator[Tile]:
    """Return the tiles of one level of a log of `size` entries, left to right, the partial one last."""
    hashes = size >> (_HEIGHT * max(level, 0))
    for index in range(hashes // WIDTH):
        yield Tile(level, index)
    if hashes % WIDTH:
        yield Tile(level, hashes // WIDTH, hashes % WIDTH)


def tiles_of(size: int) -> Iterator[Tile]:
    """Return every hash tile of a log of `size` entries, lowest level first; there are no empty tiles."""
    level = 0
    while size >> (_HEIGHT * level):
        yield from tiles_of_level(level, size)
        level += 1


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Write entries one after the other, each behind its length as a big-endian uint16.

    Raises:
        MalformedInput: an entry is longer than 65,535 bytes.

    """
    parts = []
    for entry in entries:
        if len(entry) > MAX_BUNDLE_BYTES // WIDTH - 2:
            raise MalformedInput("an entry is longer than 65,535 bytes", rule="bundle.entry_size")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def decode_bundle(raw: bytes, width: int) -> list[bytes]:
    """Read the `width` entries of a bundle, with nothing missing and nothing left over.

    Raises:
        MalformedInput: the bundle holds more, less or half an entry.

    """
    entries: list[bytes] = []
    start, size = 0, len(raw)
    for _ in range(width):
        body = start + 2
        if body > size:
            break
        end = body + (raw[start] << 8 | raw[start + 1])
        if end > size:
            break
        entries.append(raw[body:end])
        start = end
    _check_bundle(len(entries), width, size - start)
    return entries


def hash_bundle(raw: bytes, width: int) -> list[bytes]:
    """Hash the entries of a bundle as they lie; who only wants the root need not copy them out first.

    Raises:
        MalformedInput: as `decode_bundle`.

    """
    hashes: list[bytes] = []
    start, size, view, copy = 0, len(raw), memoryview(raw), merkle.LEAF.copy
    for _ in range(width):
        body = start + 2
        if body > size:
            break
        end = body + (raw[start] << 8 | raw[start + 1])
        if end > size:
            break
        hasher = copy()
        hasher.update(view[body:end])
        hashes.append(hasher.digest())
        start = end
    _check_bundle(len(hashes), width, size - start)
    return hashes


def _check_bundle(found: int, width: int, left: int) -> None:
    if found < width:
        raise MalformedInput(f"a bundle of {width} ends after {found} entries", rule="bundle.short")
    if left:
        raise MalformedInput(f"a bundle goes on after its {width} entries", rule="bundle.long")


def decode_tile(raw: bytes, width: int) -> list[bytes]:
    """Read the `width` hashes of a tile.

    Raises:
        MalformedInput: the tile has another length.

    """
    if len(raw) != width * merkle.HASH_BYTES:
        raise MalformedInput(f"a tile of {width} is not {len(raw)} bytes", rule="tile.size")
    return [raw[at : at + merkle.HASH_BYTES] for at in range(0, len(raw), merkle.HASH_BYTES)]


class Edge:
    """The right edge of a growing log: the unfinished tile of every level, from which all later tiles follow."""

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[list[bytes]] = []

    @classmethod
    def load(cls, size: int, read: Callable[[Tile], Sequence[bytes]]) -> Self:
        """Take up the edge of a log of `size` entries from its partial tiles; nothing is checked here."""
        edge = cls()
        edge.size = size
        level = 0
        while hashes := size >> (_HEIGHT * level):
            width = hashes % WIDTH
            edge._levels.append(list(read(Tile(level, hashes // WIDTH, width))) if width else [])
            level += 1
        return edge

    def append(self, leaf_hashes: Sequence[bytes]) -> list[tuple[Tile, list[bytes]]]:
        """Add leaf hashes and return the tiles they complete, in the order in which they become complete."""
        completed: list[tuple[Tile, list[bytes]]] = []
        taken = 0
        while taken < len(leaf_hashes):
            room = WIDTH - self.size % WIDTH
            some = leaf_hashes[taken : taken + room]
            taken += len(some)
            self.size += len(some)
            completed += self._carry(some)
        return completed

    def _carry(self, hashes: Sequence[bytes]) -> list[tuple[Tile, list[bytes]]]:
        """Put leaf hashes that fit into the unfinished tile there, and each finished tile's root into the one above."""
        completed: list[tuple[Tile, list[bytes]]] = []
        level = 0
        while True:
            if level == len(self._levels):
                self._levels.append([])
            tile = self._levels[level]
            tile.extend(hashes)
            if len(tile) < WIDTH:
                return completed
            completed.append((Tile(level, (self.size >> (_HEIGHT * (level + 1))) - 1), tile))
            self._levels[level] = []
            hashes, level = [merkle.root(tile)], level + 1

    def partials(self) -> list[tuple[Tile, list[bytes]]]:
        """Return the unfinished tiles, lowest level first."""
        return [
            (Tile(level, self.size >> (_HEIGHT * (level + 1)), len(hashes)), list(hashes))
            for level, hashes in enumerate(self._levels)
            if hashes
        ]

    def root(self) -> bytes:
        """Return the root of the whole log so far.

        A level's hashes followed by the root of all that is unfinished below them split exactly as the leaves
        themselves do, because every hash but the last covers the same power of 256 leaves.
        """
        below: list[bytes] = []
        for hashes in self._levels:
            if hashes or below:
                below = [merkle.root([*hashes, *below])]
        return merkle.root(below)


class TileReader:
    """Reads hashes, entries and proofs out of a log's files, all of them checked against one root."""

    def __init__(self, source: Source, size: int, root: bytes) -> None:
        self._source = source
        self.size = size
        self.root = root
        self._edge: dict[Tile, list[bytes]] = {}
        self._tiles: dict[Tile, list[bytes]] = {}

    def hashes(self, tile: Tile) -> list[bytes]:
        """Return the hashes of a tile of this tree, authenticated up to the root.

        Raises:
            SourceFailed: a file that is needed cannot be had.
            ProofFailed: the tile, or one above it, is not of this tree.

        """
        if not self._edge or len(self._tiles) > _MAX_KEPT_TILES:
            self._authenticate_edge()
        known = self._tiles.get(tile)
        if known is not None:
            return known
        # The recursion is as deep as the tree has tile levels: at most eight.
        parent = self._parent(tile)
        hashes = read_tile(self._source, tile)
        if merkle.root(hashes) != self.hashes(parent)[tile.index % WIDTH]:
            raise ProofFailed(
                f"{tile.path} does not fit under {parent.path}", rule="tile.parent", index=tile.first_entry
            )
        self._tiles[tile] = hashes
        return hashes

    def leaf_hashes(self, bundle: int) -> list[bytes]:
        """Return the authenticated leaf hashes of one bundle's entries."""
        return self.hashes(self._tile_at(0, bundle))

    def entry(self, index: int) -> bytes:
        """Return one entry, after checking its bytes against the authenticated tree.

        Raises:
            SourceFailed: a file that is needed cannot be had.
            MalformedInput: the bundle is not one.
            ProofFailed: the entry is not the one in the tree.

        """
        if not 0 <= index < self.size:
            raise ProofFailed(f"index {index} is not in a log of {self.size}", rule="inclusion.index")
        bundle, place = divmod(index, WIDTH)
        hashes = self.leaf_hashes(bundle)
        entry = read_bundle(self._source, bundle, len(hashes))[place]
        if merkle.leaf_hash(entry) != hashes[place]:
            raise ProofFailed(f"entry {index} is not the one in the tree", rule="entry.hash", index=index)
        return entry

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the proof that entry `index` is in this tree, run to the root before it is given out."""
        if not 0 <= index < self.size:
            raise ProofFailed(f"index {index} is not in a log of {self.size}", rule="inclusion.index")
        proof = [self.range_root(*each) for each in merkle.inclusion_ranges(index, self.size)]
        leaf = self.range_root(index, index + 1)
        merkle.verify_inclusion(index, self.size, leaf, proof, self.root)
        return proof

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """Return the proof that this tree begins with the one it was at `old_size`."""
        if not 0 < old_size <= self.size:
            raise ProofFailed(f"no proof leads from size {old_size} to {self.size}", rule="consistency.size")
        proof = [self.range_root(*each) for each in merkle.consistency_ranges(old_size, self.size)]
        merkle.verify_consistency(old_size, self.size, self.range_root(0, old_size), self.root, proof)
        return proof

    def range_root(self, start: int, stop: int) -> bytes:
        """Return the root over entries `start` to `stop`, a run that RFC 6962 would split off."""
        count = stop - start
        if count & (count - 1):
            middle = start + merkle.split(count)
            return merkle.node_hash(self.range_root(start, middle), self.range_root(middle, stop))
        level, height = divmod(count.bit_length() - 1, _HEIGHT)
        bundle, place = divmod(start >> (_HEIGHT * level), WIDTH)
        return merkle.root(self.hashes(self._tile_at(level, bundle))[place : place + (1 << height)])

    def _tile_at(self, level: int, index: int) -> Tile:
        hashes = self.size >> (_HEIGHT * level)
        return Tile(level, index, min(WIDTH, hashes - index * WIDTH))

    def _parent(self, tile: Tile) -> Tile:
        # Every partial tile of this tree is on its edge, which is known before a parent is asked for.
        if tile.width < WIDTH or tile != self._tile_at(tile.level, tile.index):
            raise ProofFailed(f"{tile.path} is not a tile of a log of {self.size}", rule="tile.outside")
        return self._tile_at(tile.level + 1, tile.index // WIDTH)

    def _authenticate_edge(self) -> None:
        """Check all partial tiles at once: together, and only together, they hash to the root."""
        if not self._edge:
            edge = Edge.load(self.size, lambda tile: read_tile(self._source, tile))
            if edge.root() != self.root:
                raise ProofFailed("the tiles at the right edge do not hash to the root", rule="tile.edge")
            self._edge = dict(edge.partials())
        self._tiles = dict(self._edge)


def read_tile(source: Source, tile: Tile) -> list[bytes]:
    """Fetch one hash tile, not yet believed; a partial tile may have given way to its full one.

    Raises:
        SourceFailed: neither can be had.
        MalformedInput: what comes has the wrong length.

    """
    try:
        return decode_tile(source.fetch(tile.path, MAX_TILE_BYTES), tile.width)
    except Absent:
        if tile.width == WIDTH:
            raise
        full = Tile(tile.level, tile.index)
        return decode_tile(source.fetch(full.path, MAX_TILE_BYTES), WIDTH)[: tile.width]


def read_bundle(source: Source, index: int, width: int) -> list[bytes]:
    """Fetch the first `width` entries of one bundle, not yet believed.

    Raises:
        SourceFailed: the bundle cannot be had.
        MalformedInput: what comes is not a bundle of that many entries.

    """
    return _read(source, Tile(ENTRIES, index, width), decode_bundle)


def read_bundle_hashes(source: Source, index: int, width: int) -> list[bytes]:
    """Fetch one bundle and hash its first `width` entries; raises as `read_bundle`."""
    return _read(source, Tile(ENTRIES, index, width), hash_bundle)


def _read(source: Source, bundle: Tile, take: Callable[[bytes, int], list[bytes]]) -> list[bytes]:
    try:
        return take(source.fetch(bundle.path, MAX_BUNDLE_BYTES), bundle.width)
    except Absent:
        if bundle.width == WIDTH:
            raise
        full = Tile(ENTRIES, bundle.index)
        return take(source.fetch(full.path, MAX_BUNDLE_BYTES), WIDTH)[: bundle.width]
