"""The pages of the log and the log as files: everybody may read them, and they say no more than was sealed."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from aid_ledger.log import queries
from aid_ledger.log.words import KIND_WORDS
from audit import checkpoint, note, policy, proof, tiles
from audit.facts import KINDS
from audit.merkle import leaf_hash, root
from tests.builders.officials import Founded
from tests.rooms.log.forging import by_hand, literal


@pytest.fixture
def visitor(web_app: Flask) -> FlaskClient:
    """Give somebody without an account, who keeps no cookie."""
    return web_app.test_client(use_cookies=False)


def believed(founded: Founded) -> policy.Policy:
    """Give what an inspector was told on paper."""
    return policy.Policy.of_log_key(str(founded.bench.key.verifier()))


def test_every_kind_of_fact_has_words() -> None:
    """A kind without words would appear as `Peristiwa lain`; words without a kind are left over."""
    assert {kind for kind, _version in KINDS} == KIND_WORDS.keys()


def test_the_log_page_names_key_and_three_commands_without_a_cookie(visitor: FlaskClient, founded: Founded) -> None:
    """A verifier must be told whom to believe, and a reader is not followed (THREATS 10)."""
    page = visitor.get("/log/")
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    assert page.text.count("<pre>") == 3
    assert str(founded.bench.key.verifier()) in page.text
    assert "aid-audit verify http://localhost/log --log-key" in page.text


def test_the_log_page_says_where_the_keys_are(visitor: FlaskClient, founded: Founded) -> None:
    """THREATS 12: one plain sentence on what the first entry says of the keys, and that it is the entry who says so."""
    assert "Semua kunci berada di satu mesin (single-host)" in visitor.get("/log/").text
    with founded.bench.reading() as session:
        raw = queries.entry_at(session, 0).raw
    apart = raw.replace(b'"single-host"', b'"separate"')
    by_hand(founded.bench, f"UPDATE log_entries SET raw = {literal(founded.bench, apart)} WHERE id = 1")
    said = visitor.get("/log/").text
    assert "Kunci log disimpan terpisah dari situs ini (separate)" in said
    assert "menurut entri pertama log" in said


def test_checkpoint_and_key_are_served_as_they_are(visitor: FlaskClient, founded: Founded) -> None:
    """C2SP tlog-tiles: the checkpoint is text, kept for seconds only, and signed by the log's key."""
    served = visitor.get("/log/checkpoint")
    assert served.content_type == "text/plain; charset=utf-8"
    assert served.headers["Cache-Control"] == "public, max-age=2"
    signed = note.parse(served.data)
    note.verify(signed, [founded.bench.key.verifier()])
    assert visitor.get("/log/log.vkey").text == f"{founded.bench.key.verifier()}\n"


def test_tiles_and_bundles_hash_to_the_checkpoint(visitor: FlaskClient) -> None:
    """Whoever mirrors the log over HTTP gets exactly the signed tree, hash by hash and entry by entry."""
    stated = checkpoint.parse(note.parse(visitor.get("/log/checkpoint").data).text)
    hashes: list[bytes] = []
    for bundle in tiles.tiles_of_level(tiles.ENTRIES, stated.size):
        entries = tiles.decode_bundle(visitor.get(f"/log/{bundle.path}").data, bundle.width)
        beside = visitor.get(f"/log/{tiles.Tile(0, bundle.index, bundle.width).path}")
        assert beside.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert beside.headers["Access-Control-Allow-Origin"] == "*"
        assert [leaf_hash(raw) for raw in entries] == tiles.decode_tile(beside.data, bundle.width)
        hashes += [leaf_hash(raw) for raw in entries]
    assert root(hashes) == stated.root


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/1/000",
        "tile/0/000.p/255",
        "tile/0/000.p/0",
        "tile/0/0",
        "tile/00/000",
        "tile/entries/x001/000",
        "tile/63/000",
        "tile/64/000",
        "tile/8/0/000",
        "tile/entries/000.p/256",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/../checkpoint",
    ],
)
def test_what_the_log_does_not_reach_is_plainly_absent(visitor: FlaskClient, path: str) -> None:
    """No empty tile is ever served, and no second spelling of a tile's name."""
    answer = visitor.get(f"/log/{path}")
    assert answer.status_code == 404
    assert path == "tile/../checkpoint" or (answer.text == "Tidak ada di log ini.\n")


def test_nothing_is_served_beyond_the_newest_checkpoint(visitor: FlaskClient, founded: Founded) -> None:
    """Entries that are ordered but not signed yet are nobody's business: a later order may still be shown."""
    size = checkpoint.parse(note.parse(visitor.get("/log/checkpoint").data).text).size
    assert visitor.get(f"/log/tile/0/000.p/{size}").status_code == 200
    assert visitor.get(f"/log/tile/0/000.p/{size + 1}").status_code == 404
    by_hand(founded.bench, f"DELETE FROM log_checkpoints WHERE size = {size}")
    with founded.bench.reading() as session:
        earlier = queries.sealed_size(session)
    assert earlier < size
    assert visitor.get(f"/log/tile/entries/000.p/{size}").status_code == 404
    assert visitor.get(f"/log/entri/{size - 1}").status_code == 503


def test_a_downloaded_proof_verifies_without_the_server(visitor: FlaskClient, founded: Founded) -> None:
    """P4 for one entry: content and proof, both downloaded, convince an inspector who holds the key."""
    with founded.bench.reading() as session:
        position = queries.sealed_size(session) // 2
    raw = visitor.get(f"/log/entri/{position}/isi").data
    shown = visitor.get(f"/log/entri/{position}/bukti")
    assert shown.headers["Content-Disposition"] == f'attachment; filename="entri-{position}.tlog-proof"'
    trust = proof.verify(proof.parse(shown.data), raw, believed(founded), now_s=0)
    assert trust.checkpoint.origin == founded.bench.key.name


def test_entry_pages_tell_who_acted_and_claim_no_more_than_the_server_knows(
    visitor: FlaskClient, founded: Founded
) -> None:
    """THREATS 22: what rests on a code is written "menurut server"; UX 8: no mark is green."""
    page = visitor.get("/log/entri/0").text
    assert "Log dimulai" in page
    assert "trust--claimed" in page
    assert "trust--proved" not in page
    assert visitor.get("/log/entri/999999").status_code == 404


def test_an_edited_entry_is_shown_as_broken(visitor: FlaskClient, founded: Founded) -> None:
    """P3: the page of an entry that a superuser edited says so itself, edited leaf hash or not."""
    raw = visitor.get("/log/entri/1/isi").data
    forged = raw.replace(b"sekda", b"sekdb", 1)
    assert forged != raw
    by_hand(founded.bench, f"UPDATE log_entries SET raw = {literal(founded.bench, forged)} WHERE id = 2")
    assert "trust--broken" in visitor.get("/log/entri/1").text
    leaf = literal(founded.bench, leaf_hash(forged))
    by_hand(founded.bench, f"UPDATE log_entries SET leaf_hash = {leaf} WHERE id = 2")
    assert "trust--broken" in visitor.get("/log/entri/1").text
    nonsense = literal(founded.bench, b"not even JSON")
    by_hand(founded.bench, f"UPDATE log_entries SET raw = {nonsense} WHERE id = 2")
    assert "trust--broken" in visitor.get("/log/entri/1").text
    assert "diubah dengan tangan" in visitor.get("/log/entri?sebelum=3").text


def test_the_list_pages_by_position_and_search_leads_on(visitor: FlaskClient, founded: Founded) -> None:
    """Newest first, by keyset; a number or a reference typed in any way leads to its page, nonsense to a sentence."""
    first = visitor.get("/log/entri").text
    positions = [int(number) for number in re.findall(r"/log/entri/(\d+)\"", first)]
    assert positions == sorted(positions, reverse=True)
    older = re.search(r"sebelum=(\d+)", first)
    assert older is not None
    assert f'/log/entri/{int(older[1]) - 1}"' in visitor.get(f"/log/entri?sebelum={older[1]}").text
    assert visitor.get("/log/cari?q=1.0").location == "/log/entri/10"
    assert visitor.get("/log/cari?q=apa saja").status_code == 422
    with founded.bench.reading() as session:
        reference = next(
            found
            for entry in queries.page_before(session, None, limit=200)
            for found in queries.mentioned_in(entry)
            if "/" not in found
        )
    assert visitor.get(f"/log/cari?q={reference.lower()}").location == f"/log/rujukan/{reference}"
    assert reference in visitor.get(f"/log/rujukan/{reference}").text
    assert visitor.get("/log/rujukan/BTC-2021-999999-0").status_code == 404
