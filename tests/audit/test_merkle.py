"""The tree of RFC 6962: equal to other people's trees, and no proof shows what is not so (R1-R4, P1-P3)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from audit import merkle
from audit.errors import ProofFailed

LEAVES = [merkle.leaf_hash(b"entry %d" % number) for number in range(40)]
ROOTS = [merkle.root(LEAVES[:size]) for size in range(41)]
SIZES = st.integers(1, 40)


def fails(call: object, *arguments: object) -> bool:
    """Say whether a verification refuses."""
    try:
        call(*arguments)  # type: ignore[operator]
    except ProofFailed:
        return True
    return False


def test_roots_equal_those_of_pymerkle() -> None:
    """An independent implementation comes to the same root at every size."""
    tree = InmemoryTree(algorithm="sha256")  # type: ignore[no-untyped-call]  # ships no types
    for size, root in enumerate(ROOTS[1:], start=1):
        tree.append_entry(b"entry %d" % (size - 1))
        assert tree.get_root() == root


def test_every_inclusion_is_shown() -> None:
    """For every size and index the proof has the one right shape and leads to the root."""
    for size in range(1, 41):
        for index in range(size):
            proof = merkle.inclusion_proof(index, LEAVES[:size])
            merkle.verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])


def test_every_growth_is_shown() -> None:
    """Every older tree is proved to be the beginning of every younger one."""
    for size in range(1, 41):
        for old_size in range(1, size + 1):
            proof = merkle.consistency_proof(old_size, LEAVES[:size])
            merkle.verify_consistency(old_size, size, ROOTS[old_size], ROOTS[size], proof)


def test_a_frontier_grows_as_the_tree_does() -> None:
    """Appending one by one gives the root of the whole at every step, the empty tree included."""
    frontier = merkle.Frontier()
    assert frontier.root() == merkle.EMPTY_ROOT == ROOTS[0]
    for leaf, root in zip(LEAVES, ROOTS[1:], strict=True):
        frontier.append(leaf)
        assert frontier.root() == root
    assert frontier.size == 40


def test_a_node_is_no_leaf() -> None:
    """P1: two children offered as one entry hash to something else, so a shorter tree cannot be pretended."""
    pair = merkle.root(LEAVES[:2])
    assert merkle.leaf_hash(LEAVES[0] + LEAVES[1]) != pair
    proof = merkle.inclusion_proof(0, LEAVES[:4])
    assert fails(merkle.verify_inclusion, 0, 4, pair, proof[1:], ROOTS[4])
    assert fails(merkle.verify_inclusion, 0, 2, pair, proof[1:], ROOTS[4]) is False, "sizes come from a checkpoint"


@given(SIZES, st.data())
def test_a_bent_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    """P2: extra, missing, swapped or changed hashes, another index, another root."""
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, LEAVES[:size])
    leaf, root = LEAVES[index], ROOTS[size]
    assert fails(merkle.verify_inclusion, index, size, leaf, [*proof, leaf], root)
    assert fails(merkle.verify_inclusion, index, size, leaf, [root, *proof], root)
    assert fails(merkle.verify_inclusion, index, size, leaf, proof, ROOTS[size - 1])
    assert fails(merkle.verify_inclusion, index, size, merkle.leaf_hash(b"other"), proof, root)
    for wrong in (size, size + 1, -1, 2**63):
        assert fails(merkle.verify_inclusion, wrong, size, leaf, proof, root)
    for at in range(len(proof)):
        assert fails(merkle.verify_inclusion, index, size, leaf, proof[:at] + proof[at + 1 :], root)
        bent = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        assert fails(merkle.verify_inclusion, index, size, leaf, [*proof[:at], bent, *proof[at + 1 :]], root)
    for at, (left, right) in enumerate(pairwise(proof)):
        assert fails(merkle.verify_inclusion, index, size, leaf, [*proof[:at], right, left, *proof[at + 2 :]], root)


@given(SIZES, st.data())
def test_every_flipped_bit_of_an_inclusion_proof_is_seen(size: int, data: st.DataObject) -> None:
    """Any bit of leaf, path or root."""
    index = data.draw(st.integers(0, size - 1))
    parts = [LEAVES[index], *merkle.inclusion_proof(index, LEAVES[:size]), ROOTS[size]]
    part, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    flipped = bytearray(parts[part])
    flipped[bit // 8] ^= 1 << bit % 8
    parts[part] = bytes(flipped)
    assert fails(merkle.verify_inclusion, index, size, parts[0], parts[1:-1], parts[-1])


@given(SIZES, SIZES)
def test_a_bent_consistency_proof_is_refused(old_size: int, size: int) -> None:
    """P2 and F2: swapped roots, extra, missing or changed hashes, another size."""
    if old_size > size:
        assert fails(merkle.verify_consistency, old_size, size, ROOTS[old_size], ROOTS[size], [])
        return
    proof = merkle.consistency_proof(old_size, LEAVES[:size])
    old_root, root = ROOTS[old_size], ROOTS[size]
    assert fails(merkle.verify_consistency, old_size, size, old_root, root, [*proof, root])
    assert fails(merkle.verify_consistency, old_size, size, old_root, root, [root, *proof])
    assert fails(merkle.verify_consistency, old_size, size, merkle.leaf_hash(b"x"), root, proof)
    assert fails(merkle.verify_consistency, old_size, size, old_root, merkle.leaf_hash(b"x"), proof)
    assert fails(merkle.verify_consistency, 0, size, merkle.EMPTY_ROOT, root, proof)
    if old_size < size:
        assert fails(merkle.verify_consistency, old_size, size, root, old_root, proof)
        assert fails(merkle.verify_consistency, old_size, size, old_root, root, [])
    for at in range(len(proof)):
        assert fails(merkle.verify_consistency, old_size, size, old_root, root, proof[:at] + proof[at + 1 :])
        bent = proof[at][:-1] + bytes([proof[at][-1] ^ 128])
        assert fails(merkle.verify_consistency, old_size, size, old_root, root, [*proof[:at], bent, *proof[at + 1 :]])


def test_hashes_have_their_length() -> None:
    """P3: empty and short hashes, which two packages on PyPI accept, are refused everywhere."""
    assert fails(merkle.verify_inclusion, 0, 1, b"", [], b"")
    assert fails(merkle.verify_inclusion, 0, 2, LEAVES[0], [b""], ROOTS[2])
    assert fails(merkle.verify_inclusion, 0, 2, LEAVES[0], [LEAVES[1] + b"\0"], ROOTS[2])
    assert fails(merkle.verify_consistency, 1, 1, b"", b"", [])
    assert fails(merkle.verify_consistency, 2, 3, ROOTS[2], ROOTS[3], [b"x"])


def test_an_empty_tree_is_only_equal_to_itself() -> None:
    """A proof from nothing is meaningless, and nothing has one root."""
    merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
    assert fails(merkle.verify_consistency, 0, 0, ROOTS[1], ROOTS[1], [])
    assert fails(merkle.verify_consistency, 0, 3, merkle.EMPTY_ROOT, ROOTS[3], [])
    assert fails(merkle.verify_consistency, -1, -1, ROOTS[1], ROOTS[1], [])
    assert fails(merkle.verify_inclusion, 0, 0, LEAVES[0], [], merkle.EMPTY_ROOT)


def test_two_roots_for_one_size_are_a_fork() -> None:
    """F1: equal sizes with unequal roots."""
    with pytest.raises(ProofFailed) as refusal:
        merkle.verify_consistency(5, 5, ROOTS[5], ROOTS[4], [])
    assert refusal.value.rule == "consistency.fork"


@pytest.mark.parametrize("index", [-1, 3])
def test_no_proof_is_made_of_a_leaf_that_is_not_there(index: int) -> None:
    """A mistake of the caller, not of the world."""
    with pytest.raises(IndexError):
        merkle.inclusion_proof(index, LEAVES[:3])


@pytest.mark.parametrize("old_size", [0, 4])
def test_no_proof_is_made_of_a_size_that_never_was(old_size: int) -> None:
    """As above."""
    with pytest.raises(IndexError):
        merkle.consistency_proof(old_size, LEAVES[:3])


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=20), st.data())
def test_editing_dropping_moving_or_adding_an_entry_changes_the_root(entries: list[bytes], data: st.DataObject) -> None:
    """R1 to R4."""
    hashes = [merkle.leaf_hash(each) for each in entries]
    at = data.draw(st.integers(0, len(entries) - 2))
    other = merkle.leaf_hash(b"another entry")
    root = merkle.root(hashes)
    assert merkle.root([*hashes[:at], other, *hashes[at + 1 :]]) != root
    assert merkle.root(hashes[:at] + hashes[at + 1 :]) != root
    assert merkle.root([*hashes[:at], other, *hashes[at:]]) != root
    if hashes[at] != hashes[at + 1]:
        assert merkle.root([*hashes[:at], hashes[at + 1], hashes[at], *hashes[at + 2 :]]) != root
