"""The Merkle tree kept as tiles: appending leaves, the root, and proofs that read a handful of tiles.

Pure over a `fetch(level, number)` that returns a tile's hashes; no database and no signatures here. A tile row holds
as much of the tile as is filled, so a partial tile of any earlier size is a prefix of it (LOG format: tiles of 256).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aid_ledger.log.rules import TreeAltered
from audit.merkle import node_hash, root

TILE_WIDTH = 256
TILE_HEIGHT = 8
HASH = 32

Fetch = Callable[[int, int], bytes]
"""Give the hashes of tile (level, number) as stored; empty bytes if there is no such tile."""


def tiles_of_proof(index: int, size: int) -> set[tuple[int, int]]:
    """Name the tiles (level, number) that prove leaf `index` of a tree: those above the leaf and the right edge's."""
    levels = range((size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT)
    return {(level, leaf >> TILE_HEIGHT * (level + 1)) for level in levels for leaf in (index, size)}


class TileTree:
    """A tree of `size` leaves over stored tiles; `changed` holds the tiles that appending touched."""

    def __init__(self, size: int, fetch: Fetch, nodes: dict[tuple[int, int], bytes] | None = None) -> None:
        self.size = size
        self.changed: dict[tuple[int, int], bytes] = {}
        self.fetch = fetch
        # Hashes of complete subtrees never change, so trees of other sizes over the same tiles may share them.
        self._nodes = {} if nodes is None else nodes

    def at(self, size: int) -> TileTree:
        """Give the tree as it was at an earlier size."""
        return TileTree(size, self._tile, self._nodes)

    def append(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes; tiles above are extended whenever a tile becomes full."""
        for leaf in leaves:
            self._push(0, self.size, leaf)
            self.size += 1

    def _push(self, level: int, place: int, digest: bytes) -> None:
        number, offset = divmod(place, TILE_WIDTH)
        held = self._tile(level, number)[: offset * HASH] + digest
        self.changed[level, number] = held
        if offset == TILE_WIDTH - 1:
            self._push(level + 1, number, root(_split(held)))

    def root(self) -> bytes:
        """Hash the whole tree."""
        return self.subtree(0, self.size) if self.size else root([])

    def subtree(self, start: int, end: int) -> bytes:
        """Hash leaves start..end as RFC 6962 section 2.1 does; perfect aligned parts are read, not computed."""
        count = end - start
        height = count.bit_length() - 1
        if count == 1 << height and start % count == 0:
            return self._node(height, start >> height)
        split = 1 << ((count - 1).bit_length() - 1)
        return node_hash(self.subtree(start, start + split), self.subtree(start + split, end))

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Prove that the leaf at `index` lies in this tree: its sibling first, the root's child last."""
        return _path(self, index, 0, self.size)

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """Prove that the first `old_size` leaves are a prefix of this tree (RFC 6962 section 2.1.2)."""
        if old_size in (0, self.size):
            return []
        return _prefix(self, old_size, 0, self.size, whole=True)

    def _node(self, height: int, number: int) -> bytes:
        known = self._nodes.get((height, number))
        if known is not None:
            return known
        level, rest = divmod(height, TILE_HEIGHT)
        first = number << rest
        tile, offset = divmod(first, TILE_WIDTH)
        hashes = self._tile(level, tile)[offset * HASH : (offset + (1 << rest)) * HASH]
        if len(hashes) != HASH << rest:
            raise TreeAltered(level=level, tile=tile, size=self.size)
        node = self._nodes[height, number] = root(_split(hashes))
        return node

    def _tile(self, level: int, number: int) -> bytes:
        held = self.changed.get((level, number))
        return self.fetch(level, number) if held is None else held


def _path(tree: TileTree, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + (1 << ((end - start - 1).bit_length() - 1))
    if index < middle:
        return [*_path(tree, index, start, middle), tree.subtree(middle, end)]
    return [*_path(tree, index, middle, end), tree.subtree(start, middle)]


def _prefix(tree: TileTree, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [tree.subtree(start, end)]
    middle = start + (1 << ((end - start - 1).bit_length() - 1))
    if old <= middle:
        return [*_prefix(tree, old, start, middle, whole=whole), tree.subtree(middle, end)]
    return [*_prefix(tree, old, middle, end, whole=False), tree.subtree(start, middle)]


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[place : place + HASH] for place in range(0, len(hashes), HASH)]
