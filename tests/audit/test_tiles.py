"""Tiles: names and sizes as C2SP says, and a reader that authenticates every tile it hands out (R5, V1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle, tiles
from audit.errors import AuditError, MalformedInput, ProofFailed, SourceFailed
from audit.source import Absent
from audit.tiles import ENTRIES, Edge, Tile, TileReader
from tests.audit.small_log import Files

BIG = 65_536 + 256 + 3
ENTRY_BYTES = [b"%d" % number for number in range(BIG)]
HASHES = [merkle.leaf_hash(raw) for raw in ENTRY_BYTES]
ROOT = merkle.root(HASHES)


def lay_out(size: int) -> Files:
    """Write all tiles and bundles of the first `size` entries."""
    files = Files()
    edge = Edge()
    for leaf in HASHES[:size]:
        for tile, hashes in edge.append([leaf]):
            files[tile.path] = b"".join(hashes)
    for tile, hashes in edge.partials():
        files[tile.path] = b"".join(hashes)
    for bundle in tiles.tiles_of_level(ENTRIES, size):
        files[bundle.path] = tiles.encode_bundle(ENTRY_BYTES[bundle.first_entry : size][: bundle.width])
    return files


def prove_all(reader: TileReader) -> None:
    """Ask for a proof out of every bundle."""
    for index in range(0, BIG, 256):
        reader.inclusion_proof(index)


FILES = lay_out(BIG)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(63, 5, 255), "tile/63/005.p/255"),
        (Tile(ENTRIES, 0, 1), "tile/entries/000.p/1"),
    ],
)
def test_paths_have_one_spelling(tile: Tile, path: str) -> None:
    """C2SP tlog-tiles, Merkle Tree: groups of three digits, all but the last behind an x."""
    assert tile.path == path
    assert tiles.parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "tile/entries/000\n",
        "tile/0/\u0660\u0660\u0660",
        "/tile/0/000",
        "tile/0/../000",
        "tile/data/000",
    ],
)
def test_other_paths_name_no_tile(path: str) -> None:
    """A server that reads paths with this function serves nothing else."""
    with pytest.raises(MalformedInput):
        tiles.parse_path(path)


def test_a_size_has_its_tiles() -> None:
    """C2SP tlog-tiles: 256 entries fill one tile and begin the next level; there are no empty tiles."""
    assert [tile.path for tile in tiles.tiles_of(256)] == ["tile/0/000", "tile/1/000.p/1"]
    seventy = [tile.path for tile in tiles.tiles_of(70_000)]
    assert seventy[272:] == ["tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert list(tiles.tiles_of(0)) == []
    assert {path for path in FILES if "entries" not in path} == {tile.path for tile in tiles.tiles_of(BIG)}


@given(st.integers(0, 1200))
def test_the_edge_has_the_root_at_every_size(size: int) -> None:
    """Partial tiles alone give the root, and a log is taken up from them where it was left."""
    edge = Edge()
    for leaf in HASHES[:size]:
        edge.append([leaf])
    stored = dict(edge.partials())
    taken_up = Edge.load(size, stored.__getitem__)
    for leaf in HASHES[size : size + 300]:
        assert edge.append([leaf]) == taken_up.append([leaf])
    assert edge.root() == taken_up.root() == merkle.root(HASHES[: size + 300])


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_survive_being_written(entries: list[bytes]) -> None:
    """What is encoded is decoded, and every cut or addition is refused."""
    raw = tiles.encode_bundle(entries)
    assert tiles.decode_bundle(raw, len(entries)) == entries
    for bent in (raw + b"\0", raw + b"\0\0", raw[:-1] if raw else b"x"):
        with pytest.raises(MalformedInput):
            tiles.decode_bundle(bent, len(entries))
    with pytest.raises(MalformedInput):
        tiles.decode_bundle(raw, len(entries) + 1)


@pytest.mark.parametrize(
    ("raw", "rule", "sentence"),
    [
        (b"\0\1a\0\0\0\1c", None, None),
        (b"\0\1a\0\0", "bundle.short", "a bundle of 3 ends after 2 entries"),
        (b"\0\1a\0\0\0", "bundle.short", "a bundle of 3 ends after 2 entries"),
        (b"\0\1a\0\0\0\2c", "bundle.short", "a bundle of 3 ends after 2 entries"),
        (b"\0\1a\0\0\0\1c\0", "bundle.long", "a bundle goes on after its 3 entries"),
    ],
)
def test_a_bundle_ends_with_its_last_entry(raw: bytes, rule: str | None, sentence: str | None) -> None:
    """V2: whole, an entry too few, half a length, half an entry, a byte more; whoever reads or only hashes it."""
    for take in (tiles.decode_bundle, tiles.hash_bundle):
        if rule is None:
            assert len(take(raw, 3)) == 3
            continue
        with pytest.raises(MalformedInput) as refusal:
            take(raw, 3)
        assert (refusal.value.rule, refusal.value.sentence) == (rule, sentence)


@given(st.lists(st.binary(max_size=300), max_size=9), st.binary(max_size=3), st.integers(0, 9), st.integers(0, 11))
def test_a_bundle_is_hashed_as_it_is_read(entries: list[bytes], more: bytes, cut: int, width: int) -> None:
    """A quick look accepts and refuses the same bundles as the full check, with the same words."""
    raw = tiles.encode_bundle(entries)
    raw = raw[: max(0, len(raw) - cut)] + more
    try:
        expected: object = merkle.leaf_hashes(tiles.decode_bundle(raw, width))
    except MalformedInput as refusal:
        expected = (refusal.rule, refusal.sentence)
    try:
        hashed: object = tiles.hash_bundle(raw, width)
    except MalformedInput as refusal:
        hashed = (refusal.rule, refusal.sentence)
    assert hashed == expected


def test_an_entry_too_long_is_not_bundled() -> None:
    """C8: the length is a uint16."""
    assert len(tiles.encode_bundle([b"x" * 65_535])) == 65_537
    with pytest.raises(MalformedInput):
        tiles.encode_bundle([b"x" * 65_536])


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, BIG - 1])
def test_a_reader_gives_entries_and_proofs(index: int) -> None:
    """Through full and partial tiles of three levels, equal to proofs made from all leaves."""
    reader = TileReader(FILES, BIG, ROOT)
    assert reader.entry(index) == ENTRY_BYTES[index]
    assert reader.inclusion_proof(index) == merkle.inclusion_proof(index, HASHES)
    assert reader.consistency_proof(index + 1) == merkle.consistency_proof(index + 1, HASHES)


@pytest.mark.parametrize("index", [-1, BIG])
def test_a_reader_gives_nothing_outside_the_log(index: int) -> None:
    """Neither before the first entry nor after the last."""
    reader = TileReader(FILES, BIG, ROOT)
    with pytest.raises(ProofFailed):
        reader.entry(index)
    with pytest.raises(ProofFailed):
        reader.inclusion_proof(index)
    with pytest.raises(ProofFailed):
        reader.consistency_proof(index + 1 if index > 0 else 0)
    with pytest.raises(ProofFailed):
        reader.hashes(Tile(0, 1, 5))
    with pytest.raises(ProofFailed):
        reader.hashes(Tile(0, 257, 2))
    with pytest.raises(ProofFailed):
        reader.hashes(Tile(0, 300))


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/100", "tile/0/257.p/3", "tile/1/000", "tile/1/001.p/1"])
def test_every_corrupted_tile_is_refused(path: str) -> None:
    """R5 (CVE-2026-56865 class): full and partial, low and high, on the right edge and far from it."""
    for at in (0, 31, len(FILES[path]) - 1):
        bent = Files(FILES)
        bent[path] = FILES[path][:at] + bytes([FILES[path][at] ^ 1]) + FILES[path][at + 1 :]
        reader = TileReader(bent, BIG, ROOT)
        tile = tiles.parse_path(path)
        with pytest.raises(ProofFailed):
            reader.leaf_hashes(tile.index if tile.level == 0 else tile.first_entry // 256)
        with pytest.raises(AuditError):
            prove_all(reader)


@pytest.mark.parametrize("index", [3, 65_540])
def test_an_edited_entry_is_not_handed_out(index: int) -> None:
    """R1: the bytes must hash to the authenticated leaf."""
    bundle = index // 256
    path = Tile(ENTRIES, bundle, min(256, BIG - bundle * 256)).path
    bent = Files(FILES)
    at = FILES[path].index(ENTRY_BYTES[index])
    bent[path] = FILES[path][:at] + b"9" + FILES[path][at + 1 :]
    with pytest.raises(ProofFailed) as refusal:
        TileReader(bent, BIG, ROOT).entry(index)
    assert (refusal.value.rule, refusal.value.index) == ("entry.hash", index)


def test_another_root_authenticates_nothing() -> None:
    """A mirror of another log, whole in itself."""
    with pytest.raises(ProofFailed) as refusal:
        TileReader(FILES, BIG, HASHES[0]).entry(0)
    assert refusal.value.rule == "tile.edge"


def test_a_partial_tile_may_have_become_full() -> None:
    """C2SP tlog-tiles, Partial Tiles: once the full tile exists the partial one may be gone."""
    root = merkle.root(HASHES[:266])
    grown = Files(lay_out(266) | lay_out(512))
    del grown["tile/0/001.p/10"], grown["tile/entries/001.p/10"]
    assert TileReader(grown, 266, root).entry(265) == ENTRY_BYTES[265]
    for path in ("tile/0/001", "tile/entries/001"):
        pruned = Files(grown)
        del pruned[path]
        with pytest.raises(Absent):
            TileReader(pruned, 266, root).entry(265)


@pytest.mark.parametrize("path", ["tile/0/003", "tile/entries/003", "tile/1/000"])
def test_missing_files_are_missed(path: str) -> None:
    """V2: a pruned log is not the whole log."""
    bent = Files(FILES)
    del bent[path]
    with pytest.raises(SourceFailed):
        TileReader(bent, BIG, ROOT).entry(3 * 256)


def test_a_tile_of_another_length_is_refused() -> None:
    """Half a hash more or less."""
    bent = Files(FILES)
    bent["tile/0/000"] += b"x" * 16
    with pytest.raises(SourceFailed):
        TileReader(bent, BIG, ROOT).entry(0)
    bent["tile/0/000"] = FILES["tile/0/000"][:-16]
    with pytest.raises(MalformedInput):
        TileReader(bent, BIG, ROOT).entry(0)


def test_a_reader_forgets_rather_than_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """V1: memory is bounded; what was forgotten is read and authenticated again."""
    monkeypatch.setattr(tiles, "_MAX_KEPT_TILES", 4)
    reader = TileReader(FILES, BIG, ROOT)
    for bundle in (0, 1, 2, 3, 4, 0):
        assert reader.leaf_hashes(bundle) == HASHES[bundle * 256 : bundle * 256 + 256]
