"""What a reader of logs that nobody here wrote (aics-tlog) makes of ours: lines of JSON in, lines of JSON out.

Run by the interpreter of `.venv-oracles`, where nothing of ours can be imported. Every answer is what the package
says; a refusal of its is `{"refused": reason}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from aics_tlog import (
    HttpTileReader,
    MemoryTileReader,
    MerkleTree,
    VerifiedTileReader,
    audit_tiles,
    inclusion_proof_from_tiles,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
    verify_inclusion,
    verify_leaf_inclusion,
)
from aics_tlog.tiles import materialise_tiles, parse_entry_bundle, parse_entry_bundle_path, parse_tile_path

REFUSALS = (ValueError, OSError, IndexError)


def read(address: str, vkey: str, witnesses: list[str], quorum: int) -> dict[str, Any]:
    """Read a whole log over HTTP: its head with the cosignatures, every tile, every entry, some proofs."""
    reader = HttpTileReader(address, proxies={})
    raw = reader.read_checkpoint()
    note = parse_note(raw)
    verdict = verify_checkpoint(note, parse_vkey(vkey), [parse_vkey(each) for each in witnesses], quorum)
    stated = parse_checkpoint(note.text)
    report = audit_tiles(reader, stated.size, stated.root)
    checked = VerifiedTileReader(reader, stated.size, stated.root)
    entries: list[bytes] = []
    while len(entries) < stated.size:
        width = min(256, stated.size - len(entries))
        bundle = checked.read_entry_bundle(len(entries) // 256, None if width == 256 else width)
        entries += parse_entry_bundle(bundle)
    for index in (0, stated.size // 2, stated.size - 1):
        proof = inclusion_proof_from_tiles(checked, index, stated.size)
        if not verify_leaf_inclusion(entries[index], index, stated.size, proof, stated.root):
            raise ValueError(f"entry {index} is not in the tree")
    return {
        "ok": verdict.ok,
        "error": str(verdict.error or ""),
        "size": stated.size,
        "tiles": report.tiles,
        "bundles": report.bundles,
        "entries": [each.hex() for each in entries],
    }


def note(raw: str) -> dict[str, Any]:
    """Read a signed note; only its form is judged."""
    parsed = parse_note(bytes.fromhex(raw))
    lines = [[each.name, (each.key_id + each.signature).hex()] for each in parsed.signatures]
    return {"text": parsed.text, "lines": lines}


def checkpoint(text: str) -> dict[str, Any]:
    """Read the text of a checkpoint."""
    stated = parse_checkpoint(text)
    return {"origin": stated.origin, "size": stated.size, "root": stated.root.hex(), "more": stated.extension_lines}


def signed(raw: str, vkey: str, witnesses: list[str]) -> dict[str, Any]:
    """Check the log's signature and count the good cosignatures."""
    verdict = verify_checkpoint(parse_note(bytes.fromhex(raw)), parse_vkey(vkey), [parse_vkey(k) for k in witnesses], 0)
    return {"ok": verdict.ok, "cosigned": sorted(verdict.witnesses)}


def tiles(leaves: list[str]) -> dict[str, Any]:
    """Lay a log out as files."""
    return {path: raw.hex() for path, raw in materialise_tiles([bytes.fromhex(each) for each in leaves]).items()}


def names(path: str) -> dict[str, Any]:
    """Read the name of a tile or a bundle."""
    if path.startswith("tile/entries/"):
        index, width = parse_entry_bundle_path(path)
        return {"level": -1, "index": index, "width": width or 256}
    level, index, width = parse_tile_path(path)
    return {"level": level, "index": index, "width": width or 256}


def proofs(leaves: list[str], index: int, old_size: int) -> dict[str, Any]:
    """Make a tree, and prove one leaf and one growth in it, from its tiles too."""
    entries = [bytes.fromhex(each) for each in leaves]
    tree = MerkleTree(entries)
    from_tiles = inclusion_proof_from_tiles(MemoryTileReader(materialise_tiles(entries)), index, len(entries))
    inclusion = tree.inclusion_proof(index)
    if from_tiles != inclusion:
        raise AssertionError("the oracle disagrees with itself")
    return {
        "root": tree.root().hex(),
        "inclusion": [each.hex() for each in inclusion],
        "consistency": [each.hex() for each in tree.consistency_proof(old_size, len(entries))],
    }


def judge(kind: str, sizes: list[int], hashes: list[str], proof: list[str]) -> dict[str, Any]:
    """Judge a proof: `inclusion` by (index, size) and (leaf, root), `consistency` by (old, new) and their roots."""
    (first, second), (one, other) = sizes, [bytes.fromhex(each) for each in hashes]
    path = [bytes.fromhex(each) for each in proof]
    if kind == "inclusion":
        return {"holds": verify_inclusion(one, first, second, path, other)}
    return {"holds": verify_consistency(first, second, one, other, path)}


QUESTIONS = {each.__name__: each for each in (read, note, checkpoint, signed, tiles, names, proofs, judge)}


def main() -> None:
    """Answer until nobody asks any more."""
    for line in sys.stdin:
        question, particulars = json.loads(line)
        try:
            answer = QUESTIONS[question](**particulars)
        except REFUSALS as refusal:
            answer = {"refused": f"{type(refusal).__name__}: {refusal}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
