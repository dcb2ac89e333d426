"""Golden bytes: the vectors an outsider tests their own verifier on, and the specification that quotes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit import canonical, checkpoint, cosignature, keys, merkle, note, policy, proof, tiles
from audit.entry import encode_entry, parse_entry
from audit.errors import MalformedInput, ProofFailed
from audit.note import COSIGNATURE
from audit.tiles import Tile
from audit.witness.rules import PLAIN, decide, shown_at

ROOT = Path(__file__).parents[2]


def load(name: str) -> dict[str, Any]:
    """Read one file of vectors."""
    vectors: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / f"{name}.json").read_text())
    return vectors


CANONICAL, ENTRY, MERKLE, NOTE, CHECKPOINT, TILES, KEYS, WITNESS = map(
    load, ("canonical", "entry", "merkle", "note", "checkpoint", "tiles", "keys", "witness")
)


def unhex(texts: list[str]) -> list[bytes]:
    """Read hashes."""
    return [bytes.fromhex(each) for each in texts]


@pytest.mark.parametrize("vector", CANONICAL["good"])
def test_values_have_their_golden_spelling(vector: dict[str, Any]) -> None:
    """Canonical JSON never changes."""
    raw = bytes.fromhex(vector["bytes"])
    assert canonical.encode(vector["value"]) == raw
    assert canonical.parse(raw) == vector["value"]


@pytest.mark.parametrize("vector", CANONICAL["bad"])
def test_bad_spellings_are_refused(vector: dict[str, Any]) -> None:
    """C1 to C6, by the rule named."""
    with pytest.raises(MalformedInput) as refusal:
        canonical.parse(bytes.fromhex(vector["bytes"]))
    assert refusal.value.rule == vector["rule"]


@pytest.mark.parametrize("vector", ENTRY["entries"])
def test_entries_have_their_golden_bytes(vector: dict[str, Any]) -> None:
    """The envelope never changes."""
    raw = vector["bytes"].encode()
    assert encode_entry(parse_entry(raw)) == raw
    assert merkle.leaf_hash(raw).hex() == vector["leaf_hash"]


def test_the_tree_is_that_of_certificate_transparency() -> None:
    """The eight leaves and roots that RFC 6962 implementations test themselves on."""
    hashes = [merkle.leaf_hash(leaf) for leaf in unhex(MERKLE["leaves"])]
    assert hashes == unhex(MERKLE["leaf_hashes"])
    assert [merkle.root(hashes[:size]) for size in range(9)] == unhex(MERKLE["roots"])


def verify_inclusion(vector: dict[str, Any]) -> None:
    """Verify an inclusion vector."""
    leaf, root = unhex([vector["leaf_hash"], vector["root"]])
    merkle.verify_inclusion(vector["index"], vector["size"], leaf, unhex(vector["proof"]), root)


def verify_consistency(vector: dict[str, Any]) -> None:
    """Verify a consistency vector."""
    old_root, new_root = unhex([vector["old_root"], vector["new_root"]])
    merkle.verify_consistency(vector["old_size"], vector["new_size"], old_root, new_root, unhex(vector["proof"]))


def test_good_proofs_hold() -> None:
    """P2: every index and every growth of up to eight entries."""
    for vector in MERKLE["inclusion"]:
        verify_inclusion(vector)
    for vector in MERKLE["consistency"]:
        verify_consistency(vector)


def test_bad_proofs_are_refused() -> None:
    """P1 to P3: each with its reason."""
    for vector in MERKLE["bad_inclusion"]:
        with pytest.raises(ProofFailed):
            verify_inclusion(vector)
    for vector in MERKLE["bad_consistency"]:
        with pytest.raises(ProofFailed):
            verify_consistency(vector)


@pytest.mark.parametrize("vector", NOTE["notes"])
def test_notes_have_their_golden_bytes(vector: dict[str, Any]) -> None:
    """Keys, key IDs and signatures; the first vector was made by Go's note package."""
    key = note.parse_skey(vector["skey"])
    assert (note.format_skey(key), str(key.verifier())) == (vector["skey"], vector["vkey"])
    assert note.sign(vector["text"], key).decode() == vector["note"]
    parsed = note.parse(vector["note"].encode())
    assert parsed.text == vector["text"]
    assert note.verify(parsed, [note.parse_vkey(vector["vkey"])]) == [key.verifier()]


def test_the_checkpoint_has_its_golden_bytes() -> None:
    """Text, signature, cosignature, and the policy that is filled by them."""
    vector = CHECKPOINT
    stated = checkpoint.Checkpoint(vector["origin"], vector["size"], bytes.fromhex(vector["root"]))
    assert stated.text() == vector["text"]
    assert checkpoint.parse(vector["empty"]).root == merkle.EMPTY_ROOT
    assert cosignature.message(vector["text"], vector["time"]).decode() == vector["cosigned_message"]
    witness = note.parse_skey(vector["witness_skey"])
    assert str(witness.verifier(COSIGNATURE)) == vector["witness_vkey"]
    line = cosignature.sign(vector["text"], witness, time_s=vector["time"]).line()
    log_note = note.sign(vector["text"], note.parse_skey(vector["log_skey"])).decode()
    assert log_note + line == vector["signed"]
    trusted = policy.parse(vector["policy"].encode())
    trust = policy.check(note.parse(vector["signed"].encode()), trusted, now_s=vector["time"], max_age_s=0)
    assert (trust.checkpoint, str(trust.log_key)) == (stated, vector["log_vkey"])


@pytest.mark.parametrize("index", range(3))
def test_proofs_have_their_golden_bytes(index: int) -> None:
    """Every entry of the small log is shown by its proof, under the policy."""
    raw = CHECKPOINT["proofs"][index].encode()
    read = proof.parse(raw)
    assert read.encode() == raw
    entry = ENTRY["entries"][index]["bytes"].encode()
    proof.verify(read, entry, policy.parse(CHECKPOINT["policy"].encode()), now_s=CHECKPOINT["time"])


def test_tiles_have_their_golden_names_and_bytes() -> None:
    """Paths, the last tiles of some sizes, and the two files of the small log."""
    for vector in TILES["paths"]:
        assert Tile(vector["level"], vector["index"], vector["width"]).path == vector["path"]
    for vector in TILES["sizes"]:
        assert [tile.path for tile in tiles.tiles_of(vector["size"])][-5:] == vector["tiles"]
    entries = [vector["bytes"].encode() for vector in ENTRY["entries"]]
    files = {path: bytes.fromhex(raw) for path, raw in TILES["files"].items()}
    assert tiles.decode_bundle(files["tile/entries/000.p/3"], 3) == entries
    assert tiles.encode_bundle(entries) == files["tile/entries/000.p/3"]
    assert tiles.decode_tile(files["tile/0/000.p/3"], 3) == [merkle.leaf_hash(raw) for raw in entries]


def test_a_rotation_has_its_golden_bytes() -> None:
    """What both keys sign, their signatures, and the ranges of both in a policy."""
    old, new = (note.parse_skey(KEYS[name]) for name in ("old_skey", "new_skey"))
    assert (str(old.verifier()), str(new.verifier())) == (KEYS["old_vkey"], KEYS["new_vkey"])
    assert keys.statement(old.verifier(), new.verifier()) == KEYS["statement"]
    assert keys.sign_statement(old, new) == (KEYS["old_signature"], KEYS["new_signature"])
    keys.check_statement(old.verifier(), new.verifier(), KEYS["old_signature"], KEYS["new_signature"])
    logs = policy.parse(KEYS["policy"].encode()).logs
    assert [(each.key, each.first, each.last) for each in logs] == [
        (old.verifier(), 0, 811),
        (new.verifier(), 812, None),
    ]


def test_a_witness_answers_as_the_vectors_say() -> None:
    """A6: from its first request on; what it remembers after each is what decides the next."""
    log_keys, key = [note.parse_vkey(WITNESS["log_vkey"])], note.parse_skey(WITNESS["witness_skey"])
    assert str(key.verifier(COSIGNATURE)) == WITNESS["witness_vkey"]
    last = None
    for each in WITNESS["exchanges"]:
        answer = decide(each["request"].encode(), last, log_keys=log_keys, key=key, now_s=each["time"])
        told = (answer.status, answer.kind, answer.body.decode() if "body" in each else None)
        assert told == (each["status"], each.get("kind", PLAIN), each.get("body")), each["about"]
        last = answer.memory or last
    assert last is not None
    assert last.signed.encode().decode() == WITNESS["shown"]
    assert shown_at(log_keys[0].name) == WITNESS["shown_at"]


@pytest.mark.parametrize(
    "quoted",
    [
        ENTRY["entries"][0]["bytes"],
        ENTRY["entries"][0]["leaf_hash"],
        NOTE["notes"][0]["vkey"],
        NOTE["notes"][0]["note"],
        CHECKPOINT["cosigned_message"],
        CHECKPOINT["signed"],
        CHECKPOINT["proofs"][1],
        KEYS["statement"],
        WITNESS["exchanges"][11]["request"],
        WITNESS["exchanges"][11]["body"],
        WITNESS["shown_at"],
    ],
)
def test_the_specification_quotes_the_vectors(quoted: str) -> None:
    """What FORMAT.md shows are the golden bytes, not a memory of them."""
    assert f"```\n{quoted.rstrip()}\n```\n" in (ROOT / "audit" / "FORMAT.md").read_text()
