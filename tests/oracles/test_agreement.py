"""Two implementations that know nothing of each other, given the same bytes, bent and straight: they say the same."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from audit import canonical, checkpoint, cosignature, merkle, note, tiles
from audit.checkpoint import Checkpoint
from audit.errors import AuditError, ProofFailed
from audit.note import COSIGNATURE, SigningKey
from audit.tiles import Tile
from tests.oracles.asking import Stranger, listening, needs_stranger

T = TypeVar("T")

LEAVES = st.lists(st.binary(max_size=40), min_size=1, max_size=40)
HASHES = st.binary(min_size=32, max_size=32)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"], exclude_characters="+"), min_size=1)
HASHED = [merkle.leaf_hash(b"%d" % number) for number in range(45)]
MAX_NAME_BYTES = 255
"""Theirs; ours has none of its own."""
KEY, WITNESS = SigningKey("log.example", b"l" * 32), SigningKey("kpk.example", b"w" * 32)

pytestmark = needs_stranger


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    """Keep one stranger for all questions."""
    with listening() as running:
        yield running


def bent(raw: bytes, data: st.DataObject) -> bytes:
    """Leave bytes as they are, or change, drop, repeat or add some."""
    at, until = sorted((data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, len(raw)))))
    piece = data.draw(
        st.sampled_from([raw[at:until], b"", b"\n", b" ", b"0", b"+", b"=", b"\r", "—".encode(), b"\xff"])
    )
    return data.draw(st.sampled_from([raw, raw[:at] + piece + raw[until:], raw[:at] + piece + raw[at:]]))


def understood(read: Callable[[Any], T], raw: object) -> T | None:
    """Read something; None if it is refused."""
    try:
        return read(raw)
    except AuditError:
        return None


def tidied(theirs: dict[str, Any]) -> bytes:
    """Write what the stranger read as a note is written."""
    lines = [f"— {name} {base64.b64encode(bytes.fromhex(raw)).decode()}\n" for name, raw in theirs["lines"]]
    return f"{theirs['text']}\n{''.join(lines)}".encode()


def holds(verify: Callable[..., None], *claim: object) -> bool:
    """Say whether a proof is accepted."""
    try:
        verify(*claim)
    except ProofFailed:
        return False
    return True


def bent_proof(honest: list[bytes], data: st.DataObject) -> list[bytes]:
    """Leave a proof as it is, or cut it, turn it round, or put a hash into it."""
    at, extra = data.draw(st.integers(0, len(honest))), data.draw(st.sampled_from(HASHED))
    bends = [honest, honest[:at], honest[at:], [*honest[:at], extra, *honest[at:]], honest[::-1]]
    return data.draw(st.sampled_from(bends))


def hexed(hashes: Sequence[bytes]) -> list[str]:
    """Write hashes for the stranger."""
    return [each.hex() for each in hashes]


def unhex(texts: list[str]) -> list[bytes]:
    """Read hashes."""
    return [bytes.fromhex(each) for each in texts]


@given(NAMES, st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30), st.data())
def test_notes_are_read_alike(stranger: Stranger, name: str, text: str, data: st.DataObject) -> None:
    """N1: whatever we take for a note is the same note to others, and whatever others refuse we refuse."""
    assume(len(name.encode()) <= MAX_NAME_BYTES)
    raw = bent(note.sign(f"{text}\n", SigningKey(name, b"k" * 32)), data)
    theirs = stranger.ask("note", raw=raw.hex())
    ours = understood(note.parse, raw)
    if ours is not None:
        lines = [[each.name, (each.key_id + each.raw).hex()] for each in ours.signatures]
        assert theirs == {"text": ours.text, "lines": lines}
    elif "refused" not in theirs:
        # Ours is the stricter by one rule of the house: there is one way to write a note, and this one was another.
        written = tidied(theirs)
        assert written != raw
        assert understood(note.parse, written) is not None


@given(st.integers(0, 2**63 - 1), HASHES, st.lists(st.text("abc ", min_size=1), max_size=2), st.data())
def test_checkpoints_are_read_alike(
    stranger: Stranger, size: int, root: bytes, more: list[str], data: st.DataObject
) -> None:
    """N1: leading zeros, signs, spaces, other digits, sloppy base64 and missing lines are refused by both."""
    raw = Checkpoint("log.example", size, root, tuple(more)).text().encode()
    text = bent(raw, data).decode(errors="replace")
    theirs = stranger.ask("checkpoint", text=text)
    ours = understood(checkpoint.parse, text)
    if ours is None:
        # They leave a wrong root of nothing, and a size beyond 2^63-1, to whoever uses them.
        assert "refused" in theirs or theirs["size"] == 0 or theirs["size"] >= 2**63
    elif "refused" in theirs:
        # An origin that no key can have: they say so here, and we when no such key has signed.
        assert "origin" in theirs["refused"]
    else:
        assert theirs == {"origin": ours.origin, "size": ours.size, "root": ours.root.hex(), "more": [*ours.extensions]}


@given(HASHES, st.integers(1, 2**40), st.integers(1, 2**40), st.data())
def test_signatures_are_judged_alike(
    stranger: Stranger, root: bytes, size: int, time_s: int, data: st.DataObject
) -> None:
    """N4, A5: the log's line and a witness's, whole and bent, count for both or for neither."""
    text = Checkpoint(KEY.name, size, root).text()
    whole = note.parse(note.sign(text, KEY))
    whole = replace(whole, signatures=(*whole.signatures, cosignature.sign(text, WITNESS, time_s=time_s)))
    read = understood(note.parse, bent(whole.encode(), data))
    assume(read is not None and understood(checkpoint.parse, read.text) is not None)
    assert read is not None
    witness = WITNESS.verifier(COSIGNATURE)
    theirs = stranger.ask("signed", raw=read.encode().hex(), vkey=str(KEY.verifier()), witnesses=[str(witness)])
    if len(set(read.signatures)) < len(read.signatures):
        # They refuse a note that says one line twice; to us a key counts once, however often it says so.
        return
    logs = understood(lambda signed: note.verify(signed, [KEY.verifier()]), read)
    sworn = understood(lambda signed: cosignature.verify(signed, [witness]), read)
    if logs is None or sworn is None:
        assert "refused" in theirs or not theirs["ok"]
    else:
        assert theirs == {"ok": True, "cosigned": [each.key.name for each in sworn]}


@given(st.one_of(LEAVES, st.integers(250, 600).map(lambda count: [b"%d" % number for number in range(count)])))
def test_a_log_lies_in_the_same_files(stranger: Stranger, leaves: list[bytes]) -> None:
    """A4: every tile and bundle, by name and byte."""
    files = {}
    for bundle in tiles.tiles_of_level(tiles.ENTRIES, len(leaves)):
        files[bundle.path] = tiles.encode_bundle(leaves[bundle.first_entry :][: bundle.width])
    edge = tiles.Edge()
    done = edge.append([merkle.leaf_hash(raw) for raw in leaves])
    files |= {tile.path: b"".join(hashes) for tile, hashes in [*done, *edge.partials()]}
    theirs = stranger.ask("tiles", leaves=[each.hex() for each in leaves])
    assert {path: bytes.fromhex(raw) for path, raw in theirs.items()} == files


@given(st.integers(-1, 63), st.integers(0, 10**15), st.integers(1, 256), st.data())
def test_tiles_have_the_same_names(stranger: Stranger, level: int, index: int, width: int, data: st.DataObject) -> None:
    """A4: one spelling for each, and no other is understood by either."""
    path = bent(Tile(level, index, width).path.encode(), data).decode(errors="replace")
    theirs = stranger.ask("names", path=path)
    ours = understood(tiles.parse_path, path)
    if ours is None:
        assert "refused" in theirs
    else:
        assert theirs == {"level": ours.level, "index": ours.index, "width": ours.width}


@given(LEAVES, st.data())
def test_trees_and_proofs_are_the_same(stranger: Stranger, leaves: list[bytes], data: st.DataObject) -> None:
    """R1 to R4, F2: the root, a way to it and a growth to it, by us, by aics-tlog and by pymerkle."""
    hashes = [merkle.leaf_hash(each) for each in leaves]
    index, old_size = data.draw(st.integers(0, len(leaves) - 1)), data.draw(st.integers(1, len(leaves)))
    theirs = stranger.ask("proofs", leaves=[each.hex() for each in leaves], index=index, old_size=old_size)
    assert bytes.fromhex(theirs["root"]) == merkle.root(hashes)
    assert unhex(theirs["inclusion"]) == merkle.inclusion_proof(index, hashes)
    assert unhex(theirs["consistency"]) == merkle.consistency_proof(old_size, hashes)
    tree = InmemoryTree(algorithm="sha256")  # type: ignore[no-untyped-call]  # ships no types
    for each in leaves:
        tree.append_entry(each)
    assert tree.get_root() == merkle.root(hashes)
    # pymerkle counts from 1, and begins a path with the leaf itself.
    assert tree.prove_inclusion(index + 1, len(leaves)).serialize()["path"] == [
        hashes[index].hex(),
        *theirs["inclusion"],
    ]


@given(st.integers(0, 45), st.integers(0, 40), st.data())
def test_inclusions_are_judged_alike(stranger: Stranger, index: int, size: int, data: st.DataObject) -> None:
    """P1 to P3: whatever index and size, with hashes added, dropped, turned round or of another place."""
    honest = merkle.inclusion_proof(index, HASHED[:size]) if index < size else []
    proof = bent_proof(honest, data)
    leaf = HASHED[min(index, len(HASHED) - 1)]
    root = data.draw(st.sampled_from([merkle.root(HASHED[:size]), leaf]))
    theirs = stranger.ask(
        "judge", kind="inclusion", sizes=[index, size], hashes=hexed([leaf, root]), proof=hexed(proof)
    )
    assert theirs["holds"] == holds(merkle.verify_inclusion, index, size, leaf, proof, root)


@given(st.integers(0, 45), st.integers(0, 40), st.data())
def test_growths_are_judged_alike(stranger: Stranger, old: int, size: int, data: st.DataObject) -> None:
    """P2, F1, F2: as above; from nothing no proof leads anywhere to us, and to them it is the beginning of all."""
    honest = merkle.consistency_proof(old, HASHED[:size]) if 0 < old <= size else []
    proof = bent_proof(honest, data)
    old_root, root = merkle.root(HASHED[:old]), data.draw(st.sampled_from([merkle.root(HASHED[:size]), HASHED[0]]))
    hashes = hexed([old_root, root])
    theirs = stranger.ask("judge", kind="consistency", sizes=[old, size], hashes=hashes, proof=hexed(proof))
    ours = holds(merkle.verify_consistency, old, size, old_root, root, proof)
    assert theirs["holds"] == ours or old == 0 < size


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text(st.characters(codec="utf-8"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abcXYZ_09", min_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcXYZ_09", min_size=1), VALUES, max_size=4))
def test_the_one_spelling_is_that_of_the_standard_library(value: dict[str, object]) -> None:
    """C2, C6: RFC 8785 of what we allow is sorted, compact JSON; Python's own writer needs no rule of ours for it."""
    plain = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ours = understood(canonical.encode, value)
    if ours is None:
        # Depth and Unicode's form NFC are rules of the house, and hold for readers as they do for writers.
        assert understood(canonical.parse, plain) is None
    else:
        assert ours == plain
        assert canonical.parse(plain) == value
