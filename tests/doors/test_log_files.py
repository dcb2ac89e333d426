"""The log as files over HTTP: what caches and mirrors may ask, and that they get the bytes of the export, no others."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from aid_ledger.core.act import Actor
from aid_ledger.core.db import reading
from aid_ledger.log import queries, rules
from aid_ledger.log.export import export, served_tile
from audit import checkpoint, note, tiles
from audit.merkle import leaf_hash, root
from audit.tiles import ENTRIES, Tile
from tests.benches import Bench
from tests.builders.officials import Founded
from tests.rooms.log.forging import by_hand
from tests.rooms.log.writing import define, define_all, ordered_entries, unsequenced

WHOLE = 256
SEALED = (1, 2, 3, 7, 8, 100, 255, 256, 257, 300, 511, 512, 513, 600)
"""Sizes for which a checkpoint is signed: around every edge of a tile."""


@pytest.fixture
def visitor(web_app: Flask) -> FlaskClient:
    """Give a program that keeps no cookie."""
    return web_app.test_client(use_cookies=False)


@pytest.fixture
def size(founded: Founded) -> int:
    """Have the log grow beyond one full tile, and give its size."""
    founded.bench.acts.run(founded.actor("operator"), define_all, [f"B{number}" for number in range(WHOLE)])
    return founded.bench.sequencer.run_once().size


def test_what_has_not_changed_is_not_sent_again(visitor: FlaskClient, founded: Founded, size: int) -> None:
    """A4: a strong ETag answers 304 for the same bytes only; a new checkpoint has a new one."""
    assert size > WHOLE
    for path in ("/log/checkpoint", "/log/tile/0/000", "/log/tile/entries/000", "/log/log.vkey"):
        first = visitor.get(path)
        tag, is_weak = first.get_etag()
        assert tag
        assert not is_weak
        again = visitor.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert visitor.get(path, headers={"If-None-Match": '"another"'}).data == first.data
    before = visitor.get("/log/checkpoint").headers["ETag"]
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    after = visitor.get("/log/checkpoint", headers={"If-None-Match": before})
    assert (after.status_code, after.headers["ETag"] != before) == (200, True)


def test_a_look_at_the_head_costs_no_body(visitor: FlaskClient, size: int) -> None:
    """RFC 9110 section 9.3.2: the same headers as GET, and nothing else; a range is for GET alone."""
    path = f"/log/{Tile(ENTRIES, 1, size - WHOLE).path}"
    for address in ("/log/checkpoint", "/log/tile/0/000", path):
        whole = visitor.get(address)
        head = visitor.head(address, headers={"Range": "bytes=0-1"})
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control", "Accept-Ranges"):
            assert head.headers[name] == whole.headers[name]
    assert visitor.head("/log/tile/0/999").status_code == 404


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-31", 0, 32), ("bytes=8160-", 8160, 8192), ("bytes=-32", 8160, 8192), ("bytes=8191-9999", 8191, 8192)],
)
@pytest.mark.usefixtures("size")
def test_one_range_of_a_tile_is_sent(visitor: FlaskClient, asked: str, start: int, stop: int) -> None:
    """A reader who wants one hash of 256 gets one; its place in the whole is named."""
    whole = visitor.get("/log/tile/0/000").data
    part = visitor.get("/log/tile/0/000", headers={"Range": asked})
    assert (part.status_code, part.data) == (206, whole[start:stop])
    assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/8192"
    assert part.headers["Content-Length"] == str(stop - start)


@pytest.mark.usefixtures("size")
def test_a_range_nobody_can_send_is_refused_and_a_strange_one_passed_over(visitor: FlaskClient) -> None:
    """RFC 9110 section 14.2: beyond the end is 416 with the length; many ranges or other units get the whole file."""
    for beyond in ("bytes=8192-", "bytes=9999999999999999999-", "bytes=-0"):
        refused = visitor.get("/log/tile/0/000", headers={"Range": beyond})
        assert (refused.status_code, refused.data) == (416, b"")
        assert refused.headers["Content-Range"] == "bytes */8192"
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
    for strange in ("bytes=0-1,4-5", "hashes=0-1", "bytes=5-1x", "bytes=-", "0-1", "bytes=" + "9" * 40 + "-"):
        assert len(visitor.get("/log/tile/0/000", headers={"Range": strange}).data) == 8192


@pytest.mark.usefixtures("size")
def test_a_range_of_an_older_file_is_not_glued_to_a_newer(visitor: FlaskClient) -> None:
    """If-Range: another ETag gets the whole; and who has the file already gets 304, whatever range they ask for."""
    tag = visitor.get("/log/tile/0/000").headers["ETag"]
    asked = {"Range": "bytes=0-31"}
    assert visitor.get("/log/tile/0/000", headers=asked | {"If-Range": tag}).status_code == 206
    assert len(visitor.get("/log/tile/0/000", headers=asked | {"If-Range": '"older"'}).data) == 8192
    assert visitor.get("/log/tile/0/000", headers=asked | {"If-None-Match": tag}).status_code == 304


@pytest.mark.usefixtures("size")
def test_entries_come_compressed_to_who_accepts_it_and_to_nobody_else(visitor: FlaskClient) -> None:
    """A4: negotiated, with Vary, and under an ETag of its own, so that no cache mixes the two spellings."""
    plain = visitor.get("/log/tile/entries/000")
    packed = visitor.get("/log/tile/entries/000", headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) // 2
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    for refused in ("gzip;q=0", "identity", "br"):
        kept = visitor.get("/log/tile/entries/000", headers={"Accept-Encoding": refused})
        assert "Content-Encoding" not in kept.headers
        assert kept.data == plain.data
    again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert visitor.get("/log/tile/entries/000", headers=again).status_code == 304
    part = visitor.get("/log/tile/entries/000", headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
    assert (part.status_code, part.data) == (206, plain.data[:10])
    for hashes in ("/log/tile/0/000", "/log/checkpoint"):
        assert "Content-Encoding" not in visitor.get(hashes, headers={"Accept-Encoding": "gzip"}).headers


def test_an_immutable_tile_costs_one_statement_and_no_scan(founded: Founded, size: int) -> None:
    """V1: everybody may ask, so a tile is one indexed row, and no question reads more than its answer holds."""
    said: list[tuple[str, object]] = []

    def note_it(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        said.append((statement, values))

    with founded.bench.reading() as session:
        bind = session.connection()
        event.listen(bind, "before_cursor_execute", note_it)
        for path in ("tile/0/000", f"tile/0/001.p/{size - WHOLE}", "tile/1/000.p/1", "tile/0/001", "tile/63/000"):
            assert bool(served_tile(session, path)) == (path not in {"tile/0/001", "tile/63/000"})
        event.remove(bind, "before_cursor_execute", note_it)
        # A tile beyond every possible size is refused without asking anybody.
        assert len(said) == 4
        assert all("log_entries" not in statement for statement, _ in said)
        if bind.dialect.name == "sqlite":
            for statement, values in said:
                plan = bind.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()  # type: ignore[arg-type]
                assert all(" SCAN " not in f" {row[-1]} " or "CONSTANT" in row[-1] for row in plan), plan


def test_every_partial_of_a_published_size_is_served_and_none_beyond(bench: Bench, anyone: Actor) -> None:
    """A4: what lies beyond the newest checkpoint is nobody's yet; of every size up to it a reader finds the edge."""
    acts, roots = unsequenced(bench), {}
    for earlier, size in pairwise((0, *SEALED)):
        acts.run(anyone, define_all, [f"B{number}" for number in range(earlier, size)])
        with reading(bench.engine) as session:
            assert served_tile(session, _last(0, size).path) == served_tile(session, _last(ENTRIES, size).path) == b""
        assert bench.sequencer.run_once().size == size
        with reading(bench.engine) as session:
            newest = queries.newest_checkpoint(session)
            assert newest is not None
            roots[size] = newest.root
            for level in (0, ENTRIES):
                assert served_tile(session, _last(level, size).path) != b""
                assert served_tile(session, _last(level, size + 1).path) == b""
            assert bool(served_tile(session, "tile/1/000.p/1")) == (size >= WHOLE)
    hashes = [leaf_hash(bytes(entry.raw)) for entry in ordered_entries(bench)]
    with reading(bench.engine) as session:
        for size in range(1, SEALED[-1] + 1):
            edge = tiles.Edge.load(size, lambda tile: tiles.decode_tile(served_tile(session, tile.path), tile.width))
            assert edge.root() == roots.get(size, edge.root()) == root(hashes[:size])
            last = _last(ENTRIES, size)
            entries = tiles.decode_bundle(served_tile(session, last.path), last.width)
            assert [leaf_hash(raw) for raw in entries] == hashes[last.first_entry : size]


def _last(level: int, size: int) -> Tile:
    """Name the last tile of a level that covers single entries."""
    return Tile(level, (size - 1) // WHOLE, (size - 1) % WHOLE + 1)


def test_an_export_holds_the_servers_bytes_and_only_what_is_new_is_written(
    visitor: FlaskClient, founded: Founded, size: int, tmp_path: Path
) -> None:
    """Any static host can stand in for this server: every path, byte for byte; the second export adds to the first."""
    folder, vkey = tmp_path / "log", str(founded.bench.key.verifier())

    def exported() -> dict[str, tuple[bytes, int]]:
        with reading(founded.bench.engine) as session:
            export(session, folder, vkey=vkey)
        found = [place for place in folder.rglob("*") if place.is_file()]
        return {str(place.relative_to(folder)): (place.read_bytes(), place.stat().st_mtime_ns) for place in found}

    first = exported()
    stated = checkpoint.parse(note.parse(first["checkpoint"][0]).text)
    assert stated.size == size
    wanted = {tile.path for tile in [*tiles.tiles_of(size), *tiles.tiles_of_level(ENTRIES, size)]}
    assert first.keys() == wanted | {"checkpoint", "history", "timestamps", "log.vkey"}
    for path, (raw, _) in first.items():
        assert visitor.get(f"/log/{path}").data == raw
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    founded.bench.sequencer.run_once()
    second = exported()
    assert {path for path in first if second[path] != first[path]} == {"checkpoint", "history", "timestamps"}
    for path, (raw, _) in second.items():
        assert visitor.get(f"/log/{path}").data == raw


def test_an_export_cut_short_is_completed_by_the_next(founded: Founded, size: int, tmp_path: Path) -> None:
    """P7: whatever a kill leaves behind, the checkpoint never names what is not there, and the next export repairs."""
    assert size > WHOLE
    folder, vkey = tmp_path / "log", str(founded.bench.key.verifier())
    with reading(founded.bench.engine) as session:
        export(session, folder, vkey=vkey)
        whole = {str(place.relative_to(folder)): place.read_bytes() for place in folder.rglob("*") if place.is_file()}
        for path in whole:
            (folder / path).unlink()
            (folder / path).with_name((folder / path).name + ".new").write_bytes(b"half")
            export(session, folder, vkey=vkey)
            assert {name: (folder / name).read_bytes() for name in whole} == whole
    by_hand(founded.bench, "DELETE FROM log_tiles WHERE level = 0 AND number = 1")
    (folder / Tile(0, 1, size - WHOLE).path).unlink()
    (folder / "checkpoint").unlink()
    with reading(founded.bench.engine) as session, pytest.raises(rules.LogIncomplete):
        export(session, folder, vkey=vkey)
    assert not (folder / "checkpoint").exists()


def test_a_folder_of_another_log_or_a_longer_one_is_not_exported_into(
    founded: Founded, tmp_path: Path, size: int
) -> None:
    """T2: a restored database must not be mixed with the tiles it no longer knows; nor two logs in one folder."""
    folder, vkey = tmp_path / "log", str(founded.bench.key.verifier())
    folder.mkdir()
    others = checkpoint.Checkpoint(founded.bench.key.name, size - 1, bytes(32)).text()
    longer = checkpoint.Checkpoint(founded.bench.key.name, size + 1, bytes(32)).text()
    for words in (note.sign(others, founded.bench.key), note.sign(longer, founded.bench.key), b"noise"):
        (folder / "checkpoint").write_bytes(words)
        with reading(founded.bench.engine) as session, pytest.raises(rules.FolderOfAnotherLog):
            export(session, folder, vkey=vkey)
        assert [place.name for place in folder.iterdir()] == ["checkpoint"]
