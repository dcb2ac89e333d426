"""Small logs made by hand: entries, tiles, a signed checkpoint, as files in a dictionary that a test may bend."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audit import merkle, note, tiles
from audit.checkpoint import Checkpoint
from audit.cosignature import sign as cosign
from audit.entry import Actor, Entry, encode_entry
from audit.errors import SourceFailed
from audit.facts.founding import LogFounded
from audit.facts.officials import OfficialEnrolled
from audit.note import COSIGNATURE, SigningKey
from audit.source import Absent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

ORIGIN = "ledger.example/log"
LOG_KEY = SigningKey(ORIGIN, bytes(range(32)))
LOG_VKEY = str(LOG_KEY.verifier())
WITNESSES = tuple(SigningKey(f"witness{number}.example", bytes([number]) * 32) for number in range(1, 5))
NOW_S = 1_795_326_000
ACTOR = Actor(type="official", id="siti", office="dinsos", door="web")


class Files(dict[str, bytes]):
    """The files of a log by path; also a source to verify from."""

    def fetch(self, path: str, limit: int) -> bytes:
        """Give a file, within the limit, as a folder would."""
        if path not in self:
            raise Absent(f"{path} is missing")
        if len(self[path]) > limit:
            raise SourceFailed(f"{path} is longer than {limit} bytes", rule="source.size")
        return self[path]

    def save(self, folder: Path) -> Path:
        """Write the files below a folder and return it."""
        for path, raw in self.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(raw)
        return folder


def make_entry(number: int) -> Entry:
    """Return the entry number `number`: an act of its own that notes a repair."""
    return Entry(
        kind="RepairNoted",
        v=1,
        id=f"{number:032x}",
        act=f"{number + 10**9:032x}",
        ordinal=0,
        actor=ACTOR,
        recorded_at=f"2026-11-22T05:{number // 60 % 60:02d}:{number % 60:02d}.000000Z",
        on="2026-11-22",
        body={"incident": f"INC-{number}", "note": f"repair {number}", "document": ""},
        rows={},
    )


def make_entries(count: int) -> list[bytes]:
    """Return the bytes of the first `count` entries."""
    return [encode_entry(make_entry(number)) for number in range(count)]


def honest_entries(count: int) -> list[bytes]:
    """Return the bytes of the first entries of a log that breaks no rule: founded by two, one of them at work."""
    began = LogFounded(
        vocabulary=0,
        origin=ORIGIN,
        log_vkey=LOG_VKEY,
        receipt_root="A" * 43,
        schema="A" * 43,
        custody="separate",
        agency="32.16",
        agency_name="Kabupaten",
        practice=1,
    )
    facts = [began, *(OfficialEnrolled(official=who, founder=1) for who in ("siti", "budi"))]
    nobody, at = Actor(type="system", id="", office="", door="init"), make_entry(0).recorded_at
    act = [
        replace(make_entry(number), kind=fact.KIND, body=fact.body(), actor=nobody, recorded_at=at)
        for number, fact in enumerate(facts)
    ]
    return [*encode_all(act_of(*act)), *make_entries(max(count, len(act)))[len(act) :]][:count]


def act_of(*entries: Entry) -> list[Entry]:
    """Put entries into one act, in the order given."""
    return [replace(each, act="a" * 32, ordinal=ordinal) for ordinal, each in enumerate(entries)]


def encode_all(entries: Iterable[Entry]) -> list[bytes]:
    """Return the bytes of entries."""
    return [encode_entry(each) for each in entries]


def make_log(entries: Sequence[bytes]) -> Files:
    """Lay out a signed log of these entries, complete and true."""
    files = Files()
    edge = tiles.Edge()
    for raw in entries:
        for tile, hashes in edge.append([merkle.leaf_hash(raw)]):
            files[tile.path] = b"".join(hashes)
    for tile, hashes in edge.partials():
        files[tile.path] = b"".join(hashes)
    for bundle in tiles.tiles_of_level(tiles.ENTRIES, len(entries)):
        files[bundle.path] = tiles.encode_bundle(entries[bundle.first_entry :][: bundle.width])
    files["checkpoint"] = make_checkpoint(len(entries), edge.root())
    files["log.vkey"] = LOG_VKEY.encode() + b"\n"
    return files


def make_checkpoint(
    size: int, root: bytes, *witnesses: SigningKey, time_s: int = NOW_S, by: SigningKey = LOG_KEY
) -> bytes:
    """Sign a checkpoint by the log's key, or another, and have it cosigned."""
    text = Checkpoint(ORIGIN, size, root).text()
    signed = note.parse(note.sign(text, by))
    lines = tuple(cosign(text, witness, time_s=time_s) for witness in witnesses)
    return replace(signed, signatures=signed.signatures + lines).encode()


def root_of(entries: Sequence[bytes]) -> bytes:
    """Return the root over entries."""
    return merkle.root([merkle.leaf_hash(raw) for raw in entries])


def make_policy(quorum: str = "quorum three", count: int = 4) -> bytes:
    """Write a policy: the log, witnesses w1 to w4, a group of three of them, a quorum."""
    lines = [f"log {LOG_VKEY} https://ledger.example/log/"]
    lines += [
        f"witness w{number} {witness.verifier(COSIGNATURE)}"
        for number, witness in enumerate(WITNESSES[:count], start=1)
    ]
    lines += ["group three 3 w1 w2 w3 w4", quorum]
    return "".join(f"{line}\n" for line in lines).encode()
