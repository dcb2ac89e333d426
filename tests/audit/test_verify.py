"""Verifying a whole log: what is true passes, and every bent file is found with its first bad entry (R1-R5, N, V)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from audit import canonical, merkle, note, policy, tiles
from audit.entry import encode_entry
from audit.errors import Finding
from audit.note import COSIGNATURE, SigningKey
from audit.policy import Policy
from audit.verify import MAX_ENTRIES, Report, verify_log
from tests.audit.small_log import (
    LOG_KEY,
    LOG_VKEY,
    NOW_S,
    WITNESSES,
    Files,
    act_of,
    encode_all,
    make_checkpoint,
    make_entries,
    make_entry,
    make_log,
    make_policy,
    root_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.entry import Entry

COUNT = 600
ENTRIES = make_entries(COUNT)
LOG = make_log(ENTRIES)
KEY = Policy.of_log_key(LOG_VKEY)


@dataclass
class Listener:
    """A checker that remembers what it was given and holds something against chosen entries."""

    against: Sequence[int] = ()
    seen: list[int] = field(default_factory=list)
    is_finished: bool = False
    violations: list[Finding] = field(default_factory=list)

    def apply(self, index: int, entry: Entry) -> None:
        """Remember the index."""
        assert entry.body["incident"] == f"INC-{index}"
        self.seen.append(index)
        if index in self.against:
            self.violations.append(Finding("rule.broken", index, "against the rules"))

    def finish(self) -> None:
        """Remember that the end was reached."""
        self.is_finished = True


def verify(files: Files, trusted: Policy | None = KEY, *checkers: Listener, old: bytes | None = None) -> Report:
    """Verify at the usual time with the usual key."""
    return verify_log(files, now_s=NOW_S, trusted=trusted, old_checkpoint=old, checkers=checkers)


def first(files: Files, **options: bytes) -> tuple[str, int | None]:
    """Return the rule and the index of the first finding."""
    report = verify(files, **options)  # type: ignore[arg-type]  # only `old` is ever passed
    assert not report.is_good
    return report.findings[0].rule, report.findings[0].index


def with_entries(entries: Sequence[bytes]) -> Files:
    """Return the log with other bundles beside the signed tiles, as an edit of the stored rows leaves it."""
    bent = Files({path: raw for path, raw in LOG.items() if "entries" not in path})
    for bundle in tiles.tiles_of_level(tiles.ENTRIES, len(entries)):
        bent[bundle.path] = tiles.encode_bundle(entries[bundle.first_entry :][: bundle.width])
    return bent


def resigned(entries: Sequence[bytes]) -> Files:
    """Return a log that is whole and signed, whatever its entries say."""
    return make_log(entries)


def test_a_true_log_passes() -> None:
    """Every entry is given to the checkers once, in order, and then the end."""
    listener = Listener()
    report = verify(LOG, KEY, listener)
    assert report.is_good
    assert report.is_anchored
    assert report.trust is not None
    assert (report.trust.checkpoint.size, report.trust.log_key) == (COUNT, LOG_KEY.verifier())
    assert (listener.seen, listener.is_finished) == (list(range(COUNT)), True)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512])
def test_logs_of_every_shape_pass(size: int) -> None:
    """Empty, within one tile, exactly full, just beyond."""
    assert verify(make_log(ENTRIES[:size])).is_good


def test_without_a_key_the_log_only_agrees_with_itself() -> None:
    """F3: a sound log of another key passes unanchored, and says so."""
    report = verify(LOG, None)
    assert report.is_good
    assert not report.is_anchored
    bent = Files(LOG)
    for raw in (b"\xff", b"x", str(WITNESSES[0].verifier(COSIGNATURE)).encode(), b"x" * 2000):
        bent["log.vkey"] = raw
        assert not verify(bent, None).is_good
    del bent["log.vkey"]
    assert verify(bent, None).findings[0].rule == "source.absent"


@pytest.mark.parametrize("hashes_only", [False, True])
def test_who_waits_is_told_after_every_bundle(hashes_only: bool) -> None:
    """How many entries were read, of how many."""
    told: list[tuple[int, int]] = []
    verify_log(LOG, now_s=NOW_S, trusted=KEY, hashes_only=hashes_only, tell_progress=lambda *now: told.append(now))
    assert told == [(256, COUNT), (512, COUNT), (COUNT, COUNT)]


@pytest.mark.parametrize("index", [0, 255, 256, 599])
def test_an_edited_entry_is_named(index: int) -> None:
    """R1: the stored tiles are of the signed tree, so the entry is the one that changed."""
    edited = encode_entry(replace(make_entry(index), on="2026-11-21"))
    bent = with_entries([*ENTRIES[:index], edited, *ENTRIES[index + 1 :]])
    assert first(bent) == ("entry.hash", index)


@pytest.mark.parametrize("bit", range(0, len(ENTRIES[3]) * 8, 31))
def test_flipped_bits_of_an_entry_are_named(bit: int) -> None:
    """R1: whatever the bit turns the entry into."""
    raw = bytearray(ENTRIES[3])
    raw[bit // 8] ^= 1 << bit % 8
    assert first(with_entries([*ENTRIES[:3], bytes(raw), *ENTRIES[4:]])) == ("entry.hash", 3)


def test_a_dropped_entry_is_named() -> None:
    """R2: what follows moves up, and the last bundle is one short."""
    assert first(with_entries(ENTRIES[:300] + ENTRIES[301:])) == ("entry.hash", 300)
    last = tiles.Tile(tiles.ENTRIES, 2, 88)
    bent = Files(LOG)
    bent[last.path] = tiles.encode_bundle(ENTRIES[512:599])
    assert first(bent) == ("bundle.short", 512)


def test_swapped_entries_are_named() -> None:
    """R3: the first of the two."""
    assert first(with_entries([*ENTRIES[:7], ENTRIES[8], ENTRIES[7], *ENTRIES[9:]])) == ("entry.hash", 7)


def test_an_inserted_entry_is_named() -> None:
    """R4: in the middle, or one more at the end of a bundle."""
    extra = encode_entry(make_entry(9999))
    assert first(with_entries([*ENTRIES[:400], extra, *ENTRIES[400:599]])) == ("entry.hash", 400)
    bent = Files(LOG)
    bent["tile/entries/000"] += tiles.encode_bundle([extra])
    assert first(bent) == ("bundle.long", 0)


@pytest.mark.parametrize(
    ("path", "place", "index"),
    [
        ("tile/0/000", 0, 0),
        ("tile/0/000", 200, 200),
        ("tile/0/001", 3, 259),
        ("tile/0/002.p/88", 87, 599),
        ("tile/1/000.p/2", 0, 0),
        ("tile/1/000.p/2", 1, 256),
    ],
)
def test_an_edited_tile_is_named(path: str, place: int, index: int) -> None:
    """R5: every kind of tile; the entries are right, so the tile is to blame."""
    bent = Files(LOG)
    raw = bytearray(bent[path])
    raw[place * 32] ^= 1
    bent[path] = bytes(raw)
    assert first(bent) == ("tile.hash", index)


def test_an_entry_edited_with_its_tile_is_found_one_level_up() -> None:
    """R1 with R5: whoever rebuilds the lowest tile is betrayed by the next; the run of entries is named."""
    edited = [*ENTRIES[:300], encode_entry(replace(make_entry(300), on="2026-11-21")), *ENTRIES[301:]]
    bent = with_entries(edited)
    bent["tile/0/001"] = b"".join(merkle.leaf_hash(raw) for raw in edited[256:512])
    assert first(bent) == ("entry.hash", 256)


def test_a_log_rebuilt_entirely_is_betrayed_by_the_signed_root() -> None:
    """R1-R4 by one who rebuilds every tile but has no key."""
    edited = [*ENTRIES[:300], encode_entry(replace(make_entry(300), on="2026-11-21")), *ENTRIES[301:]]
    bent = resigned(edited)
    bent["checkpoint"] = LOG["checkpoint"]
    assert first(bent) == ("log.root", None)


def test_a_rewritten_history_is_betrayed_by_an_old_checkpoint() -> None:
    """T1, F1, F2: signed anew with the true key, but somebody kept what it said before."""
    old = make_checkpoint(500, root_of(ENTRIES[:500]))
    assert verify(LOG, old=old).is_good
    assert verify(LOG, old=LOG["checkpoint"]).is_good
    assert verify(LOG, old=make_checkpoint(0, merkle.EMPTY_ROOT)).is_good
    edited = [*ENTRIES[:300], encode_entry(replace(make_entry(300), on="2026-11-21")), *ENTRIES[301:]]
    assert first(resigned(edited), old=old) == ("log.rewritten", None)
    assert first(resigned(edited), old=LOG["checkpoint"]) == ("consistency.fork", None)
    assert first(resigned(ENTRIES[:400]), old=old) == ("log.truncated", 400)


def test_an_old_checkpoint_must_be_one() -> None:
    """N2: of this log, signed by its key."""
    stranger = SigningKey("other.example", b"o" * 32)
    assert first(LOG, old=b"x") == ("note.form", None)
    text = note.parse(LOG["checkpoint"]).text
    assert first(LOG, old=note.sign(text, stranger)) == ("note.unsigned", None)
    both = replace(KEY, logs=(*KEY.logs, *Policy.of_log_key(str(stranger.verifier())).logs))
    other = note.sign(text.replace(LOG_KEY.name, stranger.name), stranger)
    assert verify(LOG, both, old=other).findings[0].rule == "log.origin"


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/001"])
def test_a_missing_file_is_missed(path: str) -> None:
    """V2: any file below the size that is not there."""
    bent = Files(LOG)
    del bent[path]
    index = {"tile/0/001": 256, "tile/1/000.p/2": 0, "tile/entries/001": 256}.get(path)
    assert first(bent) == ("source.absent", index)


def test_hostile_files_are_refused() -> None:
    """V1: an endless bundle, a tile that is none, a checkpoint that is none, a size nobody can serve."""
    bent = Files(LOG)
    bent["tile/entries/001"] = b"x" * (tiles.MAX_BUNDLE_BYTES + 1)
    assert first(bent) == ("source.size", 256)
    bent = Files(LOG)
    bent["tile/0/002.p/88"] = b"x"
    assert first(bent) == ("tile.size", 512)
    bent["checkpoint"] = b"\0"
    assert first(bent) == ("note.form", None)
    bent = Files(LOG)
    bent["checkpoint"] = make_checkpoint(MAX_ENTRIES, merkle.EMPTY_ROOT)
    assert first(bent)[1] == 512
    bent["checkpoint"] = make_checkpoint(MAX_ENTRIES + 1, merkle.EMPTY_ROOT)
    assert first(bent) == ("log.size", None)


def test_a_checkpoint_nobody_trusted_signed_is_refused() -> None:
    """N2, N3: the log of another, under our name or its own."""
    namesake = SigningKey(LOG_KEY.name, b"n" * 32)
    bent = Files(LOG)
    bent["checkpoint"] = note.sign(note.parse(LOG["checkpoint"]).text, namesake)
    report = verify(bent)
    assert (report.trust, report.findings[0].rule) == (None, "note.unsigned")


def test_the_quorum_is_asked_for() -> None:
    """F3: where a policy names witnesses, the log's own word is not enough."""
    trusted = policy.parse(make_policy())
    assert verify(LOG, trusted).findings[0].rule == "policy.quorum"
    bent = Files(LOG)
    bent["checkpoint"] = make_checkpoint(COUNT, root_of(ENTRIES), *WITNESSES[1:])
    report = verify(bent, trusted)
    assert report.trust is not None
    assert (report.is_good, len(report.trust.cosigned)) == (True, 3)
    assert verify_log(bent, now_s=NOW_S + 99, trusted=trusted, max_age_s=98).findings[0].rule == "policy.quorum"


def test_a_truly_signed_false_entry_is_named() -> None:
    """C1, C2, C9, D1: the operator's own signature does not make a malformed or repeated entry good."""
    spaced = ENTRIES[5].replace(b'":', b'": ', 1)
    assert first(resigned([*ENTRIES[:5], spaced, *ENTRIES[6:9]])) == ("canonical.spelling", 5)
    assert first(resigned([*ENTRIES[:5], b'{"a":1,"a":2}'])) == ("canonical.duplicate", 5)
    assert first(resigned([*ENTRIES[:5], b"{}"])) == ("entry.members", 5)
    assert first(resigned([*ENTRIES[:5], ENTRIES[2]])) == ("order.id_twice", 5)
    one, two, three = act_of(make_entry(0), make_entry(1), make_entry(2))
    assert first(resigned(encode_all([one, three, two]))) == ("order.ordinal", 1)


def test_violations_come_in_the_order_of_the_log() -> None:
    """U5: what checkers find is reported with the first bad entry first, a fault of the whole log before it."""
    report = verify(LOG, KEY, Listener(against=[70]), Listener(against=[9, 80]))
    assert [each.index for each in report.findings] == [9, 70, 80]
    assert not report.is_good
    bent = resigned([*ENTRIES[:9], b"{}"])
    listener = Listener(against=[4])
    assert [each.index for each in verify(bent, KEY, listener).findings] == [4, 9]
    assert not listener.is_finished
    bent = resigned(ENTRIES[:20])
    bent["checkpoint"] = make_checkpoint(20, merkle.leaf_hash(b"x"))
    assert [each.index for each in verify(bent, KEY, Listener(against=[4])).findings] == [None, 4]


def newer_than_this(number: int) -> bytes:
    """Return an entry of a kind that a later release may bring."""
    return canonical.encode(canonical.parse(ENTRIES[number]) | {"kind": "MoonLandingFunded"})


def test_a_newer_kind_is_neither_good_nor_bad() -> None:
    """C9: judging stops there, hashing goes on, and the end is not judged."""
    listener = Listener()
    report = verify(resigned([*ENTRIES[:5], newer_than_this(5), *ENTRIES[6:300]]), KEY, listener)
    assert report.findings == ()
    assert report.newer is not None
    assert (report.newer.index, report.newer.rule) == (5, "entry.unknown_kind")
    assert not report.is_good
    assert (listener.seen, listener.is_finished) == (list(range(5)), False)
    bent = with_entries([*ENTRIES[:5], newer_than_this(5), *ENTRIES[6:]])
    assert first(bent) == ("entry.hash", 5)


def test_a_full_tile_of_the_second_level_is_compared() -> None:
    """R5: 65,536 entries complete it; an edited hash in it is found, long before the root."""
    many = [newer_than_this(0)] + [b"%d" % number for number in range(65_536)]
    files = make_log(many)
    assert verify(files).findings == ()
    files["tile/1/000"] = files["tile/1/000"][:-1] + bytes([files["tile/1/000"][-1] ^ 1])
    assert first(files) == ("tile.hash", 65_280)
