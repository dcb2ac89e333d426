"""Small evidence bundles made by hand, true or bent, and zip files that no honest hand would make."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from audit import merkle, note
from audit.bundle import MANIFEST_PATH, Manifest
from audit.choice import Choice, Wish
from audit.entry import parse_entry
from audit.merkle import leaf_hash
from audit.proof import Proof
from tests.audit.small_log import Files, make_log

WISH = Wish(program="BST", since="2026-11-22", until="2026-11-22")


def make_bundle(entries: Sequence[bytes], *, wish: Wish = WISH, proven: Sequence[int] | None = None) -> Files:
    """Lay out a true bundle of these entries: the log, what was asked for, its proofs; the manifest is not yet made."""
    files = make_log(entries)
    chosen = choose(entries, wish).indexes if proven is None else proven
    hashes = [leaf_hash(raw) for raw in entries]
    for index in sorted({0, *chosen}):
        shown = Proof(index, tuple(merkle.inclusion_proof(index, hashes)), note.parse(files["checkpoint"]))
        files[f"entries/{index}.json"] = entries[index]
        files[f"proofs/{index}.tlog-proof"] = shown.encode()
    files["README.txt"] = b"Baca ini dahulu.\n"
    return files


def choose(entries: Sequence[bytes], wish: Wish) -> Choice:
    """Choose as a maker of bundles does."""
    choice = Choice(wish, keep=20_000)
    for index, raw in enumerate(entries):
        choice.apply(index, parse_entry(raw))
    choice.finish()
    return choice


def manifest_of(files: Mapping[str, bytes], entries: Sequence[bytes], wish: Wish = WISH) -> bytes:
    """Write the manifest of a bundle's files."""
    stated = {path: (hashlib.sha256(raw).hexdigest(), len(raw)) for path, raw in files.items()}
    choice = choose(entries, wish)
    return Manifest(stated, wish, choice.count, choice.digest, "2026-11-22T05:49:00.000000Z", "0.1.0").encode()


def pack(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write members into a zip file, in order, as evidence is written."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o100644 << 16
            archive.writestr(member, raw, compress_type=method)
    return path


def whole(path: Path, entries: Sequence[bytes], wish: Wish = WISH) -> Path:
    """Write a true bundle."""
    files = make_bundle(entries, wish=wish)
    return pack(path, {**files, MANIFEST_PATH: manifest_of(files, entries, wish)})
