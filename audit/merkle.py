"""The Merkle tree of RFC 6962: hashes, proofs that an entry is in it, proofs that it only ever grew.

Pure functions over bytes; positions and sizes are ints. A `verify_*` returns None or raises; the proof makers
are for writers, tests and mirrors, and expect honest arguments. Tiles are in `tiles.py`, signatures in `note.py`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from audit.errors import ProofFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree of no entries (RFC 6962 section 2.1)."""
MAX_SIZE: Final = 2**63 - 1
"""Sizes are kept in 64-bit signed integers by every implementation we know of."""

# Copied for every hash: finding the algorithm anew takes longer than hashing two children.
LEAF: Final = sha256(b"\x00")
_NODE: Final = sha256(b"\x01")


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry; the 0x00 prefix keeps a leaf from ever passing as a node (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Hash many entries; for a million of them a call each would cost as much as the hashing."""
    hashes = []
    for entry in entries:
        hasher = LEAF.copy()
        hasher.update(entry)
        hashes.append(hasher.digest())
    return hashes


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children into their parent (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash MTH(D[n]) of RFC 6962 section 2.1 over hashed leaves."""
    level = list(leaf_hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def inclusion_proof(index: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Return the audit path of RFC 6962 section 2.1.1: the leaf's sibling first, the root's child last.

    Raises:
        IndexError: there is no such leaf.

    """
    return [root(leaf_hashes[start:stop]) for start, stop in inclusion_ranges(index, len(leaf_hashes))]


def consistency_proof(old_size: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Return PROOF(m, D[n]) of RFC 6962 section 2.1.2; it is empty when nothing was added.

    Raises:
        IndexError: `old_size` is not within 1..n.

    """
    return [root(leaf_hashes[start:stop]) for start, stop in consistency_ranges(old_size, len(leaf_hashes))]


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return the runs of leaves whose roots are the inclusion proof, in the proof's order (RFC 6962 section 2.1.1).

    Raises:
        IndexError: there is no such leaf.

    """
    if not 0 <= index < size:
        raise IndexError(index)
    start, stop = 0, size
    ranges = []
    while stop - start > 1:
        middle = start + split(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, size: int) -> list[tuple[int, int]]:
    """Return the runs of leaves whose roots are the consistency proof, in its order (RFC 6962 section 2.1.2).

    Raises:
        IndexError: `old_size` is not within 1..`size`.

    """
    if not 0 < old_size <= size:
        raise IndexError(old_size)
    start, stop = 0, size
    ranges = []
    while stop > old_size:
        middle = start + split(stop - start)
        if old_size <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    # The verifier holds the old root already, so the old tree itself is left out when it is a node of the new.
    return [(start, stop), *ranges[::-1]] if start else ranges[::-1]


def split(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2 (RFC 6962 section 2.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def verify_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf_hash` is entry `index` of the tree with `size` and `root` (as RFC 9162 section 2.1.3.2).

    The shape of the proof follows from `index` and `size` alone; the prover only fills in hashes.

    Raises:
        ProofFailed: the index is outside the tree, a hash has the wrong length, or the path ends elsewhere.

    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofFailed(f"index {index} is not in a tree of {size}", rule="inclusion.index")
    _check_hashes(leaf_hash, root, *proof)
    ranges = inclusion_ranges(index, size)
    _check_length(proof, ranges)
    reached = leaf_hash
    for (start, _), sibling in zip(ranges, proof, strict=True):
        reached = node_hash(reached, sibling) if start > index else node_hash(sibling, reached)
    if reached != root:
        raise ProofFailed("the proof does not lead to the root", rule="inclusion.root")


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the new tree begins with every entry of the old one, in order (as RFC 9162 section 2.1.4.2).

    A tree of no entries is consistent with every other; there is nothing to prove, so 0 -> n is refused here
    and decided by the caller. Equal sizes need equal roots and an empty proof.

    Raises:
        ProofFailed: the sizes, lengths or hashes do not show a tree that only grew.

    """
    _check_hashes(old_root, new_root, *proof)
    if old_size == new_size:
        _verify_unchanged(old_size, old_root, new_root, proof)
        return
    if not 0 < old_size < new_size <= MAX_SIZE:
        raise ProofFailed(f"no proof leads from size {old_size} to {new_size}", rule="consistency.size")
    ranges = consistency_ranges(old_size, new_size)
    _check_length(proof, ranges)
    # A proof that begins inside the old tree gives its last complete part; otherwise that part is the old tree.
    begins_inside = ranges[0][0] < old_size
    old_reached = new_reached = proof[0] if begins_inside else old_root
    for (start, _), sibling in list(zip(ranges, proof, strict=True))[begins_inside:]:
        if start < old_size:
            old_reached = node_hash(sibling, old_reached)
            new_reached = node_hash(sibling, new_reached)
        else:
            new_reached = node_hash(new_reached, sibling)
    if old_reached != old_root:
        raise ProofFailed("the proof does not lead to the old root", rule="consistency.old_root")
    if new_reached != new_root:
        raise ProofFailed("the proof does not lead to the new root", rule="consistency.new_root")


class Frontier:
    """The right edge of a growing tree: append leaf hashes, ask for the root, hold O(log n) hashes."""

    __slots__ = ("_complete", "size")

    def __init__(self) -> None:
        self.size = 0
        # Roots of the complete subtrees, largest first: one for every bit set in `size`.
        self._complete: list[bytes] = []

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash at the right."""
        merged, size = leaf_hash, self.size
        while size & 1:
            merged = sha256(b"\x01" + self._complete.pop() + merged).digest()
            size >>= 1
        self._complete.append(merged)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over everything appended so far."""
        if not self._complete:
            return EMPTY_ROOT
        *larger, reached = self._complete
        for left in reversed(larger):
            reached = node_hash(left, reached)
        return reached


def _parents(level: list[bytes]) -> list[bytes]:
    """Hash neighbours in pairs; an odd last hash moves up as it is, which is RFC 6962's uneven split."""
    hashed: list[bytes] = []
    hashes, copy = iter(level), _NODE.copy
    for left in hashes:
        right = next(hashes, None)
        if right is None:
            hashed.append(left)
            break
        hasher = copy()
        hasher.update(left)
        hasher.update(right)
        hashed.append(hasher.digest())
    return hashed


def _check_hashes(*hashes: bytes) -> None:
    """Refuse empty and short hashes, which some verifiers let through."""
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofFailed(f"a hash is not {HASH_BYTES} bytes", rule="proof.hash_length")


def _check_length(proof: Sequence[bytes], ranges: Sequence[tuple[int, int]]) -> None:
    if len(proof) != len(ranges):
        raise ProofFailed(f"a proof of {len(ranges)} hashes has {len(proof)}", rule="proof.length")


def _verify_unchanged(size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if size < 0 or proof:
        raise ProofFailed("equal sizes need an empty proof", rule="consistency.length")
    if old_root != new_root or (size == 0 and old_root != EMPTY_ROOT):
        raise ProofFailed(f"two roots for one size {size}: the log is forked", rule="consistency.fork")
