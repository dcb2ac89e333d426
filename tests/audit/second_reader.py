"""A second verifier, written from audit/FORMAT.md alone: sections 1 to 7 and 9, without the bodies and the replay."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMS = {"act": r"[0-9a-f]{32}", "id": r"[0-9A-Za-z-]{26,36}", "kind": r"[A-Z][0-9A-Za-z]*", "on": r"\d{4}-\d\d-\d\d"}
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
MEMBERS = {*FORMS, "recorded_at", "actor", "body", "ordinal", "rows", "v"}


class Bad(Exception):
    """Something is not as the text says."""


def need(is_so: object, what: str) -> None:
    """Refuse unless it is so."""
    if not is_so:
        raise Bad(what)


def unbase64(text: str) -> bytes:
    """Read base64 in its one spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad("base64") from error
    need(base64.b64encode(raw).decode() == text, "base64")
    return raw


def canonical(raw: bytes) -> dict[str, Any]:
    """Section 1; writing again betrays spaces, order, escapes, and members that come twice."""

    def members(found: dict[str, Any]) -> dict[str, Any]:
        need(all(name.isascii() for name in found), "names")
        need(not any(isinstance(each, float) for each in found.values()), "fraction")
        return found

    try:
        value = json.loads(raw, object_hook=members)
        again = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise Bad("JSON") from error
    need(isinstance(value, dict) and again == raw and len(raw) <= 65_535, "spelling")
    need(unicodedata.is_normalized("NFC", again.decode()), "NFC")
    return dict(value)


def entry(raw: bytes) -> dict[str, Any]:
    """Section 2, the envelope."""
    said = canonical(raw)
    need(said.keys() == MEMBERS and said["actor"].keys() == {"door", "id", "office", "type"}, "members")
    need(all(re.fullmatch(form, said[name]) for name, form in FORMS.items()), "forms")
    need(re.fullmatch(INSTANT, said["recorded_at"]) and isinstance(said["body"], dict) and said["v"] >= 1, "forms")
    digests = [each for rows in said["rows"].values() for each in rows.values()]
    need(all(each is None or re.fullmatch(r"[\w-]{43}", each) for each in digests), "digests")
    return said


def leaf_hash(raw: bytes) -> bytes:
    """Section 3."""
    return hashlib.sha256(b"\0" + raw).digest()


def root(hashes: list[bytes]) -> bytes:
    """Section 3."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(hashes[:half]) + root(hashes[half:])).digest()


def climb(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """Section 3: the root that an inclusion proof leads to."""
    need(0 <= index < size and bool(proof) == (size > 1), "proof")
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return hashlib.sha256(b"\1" + climb(index, half, leaf, proof[:-1]) + proof[-1]).digest()
    return hashlib.sha256(b"\1" + proof[-1] + climb(index - half, size - half, leaf, proof[:-1])).digest()


def signed_by(note: str, vkey: str) -> str:
    """Sections 4 and 5: the text of a note that this key has signed, or cosigned."""
    (text, _, block), (name, key_id, key) = note.rpartition("\n\n"), vkey.split("+", 2)
    typed, lines = unbase64(key), [re.fullmatch(r"— (\S+) (\S+)", line) for line in block.splitlines()]
    need(hashlib.sha256(f"{name}\n".encode() + typed).digest()[:4].hex() == key_id, "key ID")
    need(text and block.endswith("\n") and all(lines), "form of a note")
    raws = [unbase64(line[2]) for line in lines if line and line[1] == name]
    mine = [raw[4:] for raw in raws if raw[:4].hex() == key_id]
    need(mine, f"{name} has not signed")
    for raw in mine:
        said, at = (
            (f"{text}\n", 0) if typed[0] == 1 else (f"cosignature/v1\ntime {int.from_bytes(raw[:8])}\n{text}\n", 8)
        )
        try:
            Ed25519PublicKey.from_public_bytes(typed[1:]).verify(raw[at:], said.encode())
        except InvalidSignature as error:
            raise Bad("signature") from error
    return f"{text}\n"


def checkpoint(note: str, log: str, witnesses: list[str]) -> tuple[int, bytes]:
    """Section 5, with every witness asked for."""
    text, *_ = [signed_by(note, each) for each in (log, *witnesses)]
    origin, size, stated, *_ = text.split("\n")
    need(log.startswith(f"{origin}+") and re.fullmatch("0|[1-9][0-9]{0,18}", size), "checkpoint")
    return int(size), unbase64(stated)


def tile(folder: Path, level: str, index: int, width: int) -> bytes:
    """Section 6; a partial file may have given way to its full one."""
    digits = f"{index:0{-(-len(str(index)) // 3) * 3}}"
    name = re.sub(r"(...)(?=.)", r"x\1/", digits)
    places = [folder / "tile" / level / each for each in (f"{name}.p/{width}", name)]
    found = [each.read_bytes() for each in places if each.is_file()]
    need(found, f"{places[0]} is missing")
    return found[0]


def verify(folder: Path, log: str, witnesses: list[str]) -> int:
    """Section 9, points 1 to 4; give the size."""
    size, stated = checkpoint((folder / "checkpoint").read_text(), log, witnesses)
    entries: list[bytes] = []
    for first in range(0, size, 256):
        raw, width = tile(folder, "entries", first // 256, min(256, size - first)), min(256, size - first)
        for _ in range(width):
            length = int.from_bytes(raw[:2])
            need(len(raw) >= 2 + length, "bundle")
            entries, raw = [*entries, raw[2 : 2 + length]], raw[2 + length :]
    level, hashes = 0, [leaf_hash(each) for each in entries]
    need(root(hashes) == stated, "root")
    while hashes:
        parts = [hashes[at : at + 256] for at in range(0, len(hashes), 256)]
        for index, part in enumerate(parts):
            need(tile(folder, str(level), index, len(part))[: 32 * len(part)] == b"".join(part), "tile")
        level, hashes = level + 1, [root(part) for part in parts if len(part) == 256]
    said = [entry(each) for each in entries]
    acts = [[each["ordinal"] for each in run] for _, run in groupby(said, lambda each: each["act"])]
    need(len({each["id"] for each in said}) == size and len(acts) == len({each["act"] for each in said}), "ids")
    need(all(ordinals == list(range(len(ordinals))) for ordinals in acts), "acts")
    return size


def shown(proof: str, raw: bytes, log: str, witnesses: list[str]) -> int:
    """Section 7; give the index of the entry."""
    (head, _, note) = proof.partition("\n\n")
    first, index, *hashes = head.split("\n")
    need(first == "c2sp.org/tlog-proof@v1" and re.fullmatch("index [0-9]+", index), "proof")
    size, stated = checkpoint(note, log, witnesses)
    need(climb(int(index[6:]), size, leaf_hash(raw), [unbase64(each) for each in hashes]) == stated, "inclusion")
    return int(index[6:])
