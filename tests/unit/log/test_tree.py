"""The tree over stored tiles: what a proof reads is known before it is read."""

from __future__ import annotations

from itertools import chain

import pytest

from aid_ledger.log.tree import TileTree, tiles_of_proof
from audit.merkle import leaf_hash, leaf_hashes, root, verify_consistency, verify_inclusion

SIZES = (1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000)
LEAVES = leaf_hashes(number.to_bytes(4, "big") for number in range(max(SIZES)))


def grown() -> dict[tuple[int, int], bytes]:
    """Make the tiles of the largest tree; those of a smaller one are prefixes of them."""
    tree = TileTree(0, lambda _level, _number: b"")
    tree.append(LEAVES)
    return tree.changed


TILES = grown()


def some(size: int) -> list[int]:
    """Choose leaves of a tree of a size: its ends, and those beside the ends of tiles."""
    near = (0, 1, 254, 255, 256, 257, 65_279, 65_280, 65_535, 65_536)
    return sorted({leaf for leaf in chain(near, (size // 2, size - 2, size - 1)) if 0 <= leaf < size})


class Watched:
    """Gives tiles and remembers which were asked for."""

    def __init__(self) -> None:
        self.read: set[tuple[int, int]] = set()

    def __call__(self, level: int, number: int) -> bytes:
        """Give a tile."""
        self.read.add((level, number))
        return TILES.get((level, number), b"")


@pytest.mark.parametrize("size", SIZES)
def test_an_inclusion_proof_reads_no_other_tile_than_was_said(size: int) -> None:
    """The law of one question: what is fetched ahead is all that a proof needs, at every edge of a tile."""
    head = root(LEAVES[:size])
    for index in some(size):
        fetch = Watched()
        proof = TileTree(size, fetch).inclusion_proof(index)
        verify_inclusion(index, size, leaf_hash(index.to_bytes(4, "big")), proof, head)
        assert fetch.read <= tiles_of_proof(index, size)


@pytest.mark.parametrize("size", SIZES)
def test_a_consistency_proof_reads_no_other_tile_than_was_said(size: int) -> None:
    """The same for a witness, who asks from an older size."""
    head = root(LEAVES[:size])
    for old in [each for each in some(size) if each]:
        fetch = Watched()
        proof = TileTree(size, fetch).consistency_proof(old)
        verify_consistency(old, size, root(LEAVES[:old]), head, proof)
        assert fetch.read <= tiles_of_proof(old, size)


def test_a_proof_reads_two_tiles_a_level_at_most() -> None:
    """The limit: a log of a million entries is proved from six tiles."""
    assert len(tiles_of_proof(500_000, 1_000_000)) <= 2 * 3
