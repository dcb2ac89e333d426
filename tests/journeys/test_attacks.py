"""Every attack on a log that a verifier can detect, played on a lived log with the smallest tampering there is.

Ids are those of docs/attacks.md, which also says where the others are tried: those that only a writer, a witness or a
policy can stop. Each ends with status 1 and names the rule and the first bad entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from audit import canonical, merkle, tiles
from tests.journeys.attacking import AT, Stolen, judge, place_of, saying

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def test_the_honest_log_is_good(stolen: Stolen) -> None:
    """Whatever is found below was put there by the attack: untouched, the log passes the strictest policy."""
    verdict = judge(stolen.folder, "--policy", stolen.policy("4"), "--max-age", "1h")
    assert (verdict.exit_code, verdict.said["result"], verdict.said["anchored"]) == (0, "good", "yes")


# ------------------------------------------------------------------------------------- A: whoever has the database


@dataclass(frozen=True)
class Case:
    """An attack: its id, what it does, and what is found: rule and first bad index."""

    id: str
    play: Callable[[Stolen], None]
    rule: str
    index: int | str


def edit(stolen: Stolen) -> None:
    """Change one letter of an entry, everything else as it was."""
    entries = stolen.entries()
    entries[AT] = entries[AT].replace(b'"v":1', b'"v":2')
    stolen.lay_out(entries, is_signed=False, is_hashed=False)


def edit_with_tiles(stolen: Stolen) -> None:
    """Change an entry and all hashes that follow from it."""
    entries = stolen.entries()
    entries[AT] = entries[AT].replace(b'"v":1', b'"v":2')
    stolen.lay_out(entries, is_signed=False)


def drop(stolen: Stolen) -> None:
    """Leave one entry out; what comes after moves up."""
    entries = stolen.entries()
    del entries[AT]
    _rebundle(stolen, entries)


def swap(stolen: Stolen) -> None:
    """Let two entries change places."""
    entries = stolen.entries()
    entries[AT], entries[AT + 1] = entries[AT + 1], entries[AT]
    stolen.lay_out(entries, is_signed=False, is_hashed=False)


def slip_in(stolen: Stolen) -> None:
    """Put one more entry in the middle and lose the last."""
    entries = stolen.entries()
    entries.insert(AT, entries[AT])
    stolen.lay_out(entries[:-1], is_signed=False, is_hashed=False)


def prune(stolen: Stolen) -> None:
    """Withhold the oldest bundle."""
    (stolen.folder / "tile/entries/000").unlink()


def flip_in(path: str, place: int) -> Callable[[Stolen], None]:
    """Flip one bit of a stored hash tile."""

    def play(stolen: Stolen) -> None:
        tile = stolen.folder / _newest(stolen, path)
        raw = bytearray(tile.read_bytes())
        raw[place * merkle.HASH_BYTES] ^= 1
        tile.write_bytes(raw)

    return play


def serve_a_node_as_an_entry(stolen: Stolen) -> None:
    """Offer the two halves of the tree as the only entry of a log of one (second preimage)."""
    size, root = stolen.stated.size, stolen.stated.root
    hashes = [merkle.leaf_hash(raw) for raw in stolen.entries()]
    middle = merkle.split(size)
    node = merkle.root(hashes[:middle]) + merkle.root(hashes[middle:])
    assert merkle.node_hash(node[:32], node[32:]) == root
    stolen.write("tile/entries/000.p/1", tiles.encode_bundle([node]))
    stolen.write("tile/0/000.p/1", root)
    stolen.sign(1, root)


WITHOUT_THE_KEY = [
    Case("R1", edit, "entry.hash", AT),
    Case("R1", edit_with_tiles, "log.root", "unknown"),
    Case("R2", drop, "bundle.short", 256),
    Case("R3", swap, "entry.hash", AT),
    Case("R4", slip_in, "entry.hash", AT + 1),
    Case("R5", flip_in("tile/0/000", 7), "tile.hash", 7),
    Case("R5", flip_in("tile/0/partial", 5), "tile.hash", 261),
    Case("R5", flip_in("tile/1/partial", 0), "tile.hash", 0),
    Case("V2", prune, "source.absent", 0),
    Case("P1", serve_a_node_as_an_entry, "entry.hash", 0),
]


@pytest.mark.parametrize("case", WITHOUT_THE_KEY, ids=lambda case: f"{case.id}-{case.play.__name__}-{case.index}")
def test_what_the_database_alone_allows_is_found(stolen: Stolen, case: Case) -> None:
    """A superuser edits, deletes, moves, adds, prunes, or serves other hashes than the entries have."""
    case.play(stolen)
    verdict = judge(stolen.folder, "--log-key", stolen.key.verifier())
    assert verdict.found == (1, str(case.index), case.rule)
    assert verdict.said["reason"]


# ------------------------------------------------------------------------------ B: whoever also has the key that signs


def say_twice(stolen: Stolen) -> None:
    """Replay an event: the same bytes once more."""
    entries = stolen.entries()
    # One that begins an act, so that nothing but its being said twice is wrong.
    stolen.lay_out([*entries, next(raw for raw in entries[AT:] if b'"ordinal":0,' in raw)])


def pay_twice(stolen: Stolen) -> None:
    """Freeze the same entitlements again, under new ids and in a batch of another name."""
    entries = stolen.entries()
    places = [place_of(entries, kind) for kind in ("BatchDrafted", "BatchSubmitted", "LinesFrozen")]
    again = [
        saying(
            entries[place],
            id=f"{number:032x}",
            act="d" * 32,
            ordinal=number,
            batch="BTC-2021-999999-Z",
            rows={},
            **({"moves": []} if number == 1 else {}),
        )
        for number, place in enumerate(places)
    ]
    stolen.lay_out([*entries, *again])


def spend_what_is_not_there(stolen: Stolen) -> None:
    """Reserve more than the programme was given, in a log that is sound in itself."""
    entries = stolen.entries()
    place = place_of(entries, "FundsAllocated")
    body = json.loads(entries[place])["body"]
    body["moves"][0][3] = body["amount"] = str(int(body["amount"]) + 10**15)
    stolen.lay_out([*entries[:place], saying(entries[place], body=body), *entries[place + 1 :]])


def spelt(change: Callable[[bytes], bytes]) -> Callable[[Stolen], None]:
    """Sign a log whose entry at AT is spelt in another way."""

    def play(stolen: Stolen) -> None:
        entries = stolen.entries()
        entries[AT] = change(entries[AT])
        stolen.lay_out(entries)

    play.__name__ = change.__name__
    return play


def repeated_member(raw: bytes) -> bytes:
    """Say `v` twice."""
    return raw[:-1] + b',"v":1}'


def spaced(raw: bytes) -> bytes:
    """Put a space after a comma."""
    return raw.replace(b',"body"', b', "body"', 1)


def escaped(raw: bytes) -> bytes:
    """Write a letter as an escape."""
    return raw.replace(b'"v":1', b'"\\u0076":1')


def fraction(raw: bytes) -> bytes:
    """Write one as 1.0."""
    return raw.replace(b'"v":1', b'"v":1.0')


def boundless(raw: bytes) -> bytes:
    """Write a number that Python reads as infinity."""
    return raw.replace(b'"v":1', b'"v":1e400')


def not_a_number(raw: bytes) -> bytes:
    """Write NaN, which Python reads and JSON forbids."""
    return raw.replace(b'"v":1', b'"v":NaN')


def beyond_doubles(raw: bytes) -> bytes:
    """Write 2^53+1, which other readers round."""
    return raw.replace(b'"v":1', b'"v":9007199254740993')


def half_a_pair(raw: bytes) -> bytes:
    """Write half a surrogate pair."""
    return raw.replace(b'"office":"', b'"office":"\\ud800')


def decomposed(raw: bytes) -> bytes:
    """Write é as e and an accent."""
    return raw.replace(b'"office":"', '"office":"e\u0301'.encode())


def extra_member(raw: bytes) -> bytes:
    """Add a member that the envelope does not have."""
    return canonical.encode(json.loads(raw) | {"note": "x"})


def extra_in_body(raw: bytes) -> bytes:
    """Add a member that the kind does not have."""
    members = json.loads(raw)
    members["body"]["note"] = "x"
    return canonical.encode(members)


WITH_THE_KEY = [
    Case("D1", say_twice, "order.id_twice", "last"),
    Case("U5", spend_what_is_not_there, "value.below_zero", "FundsAllocated"),
    Case("C1", spelt(repeated_member), "canonical.duplicate", AT),
    Case("C2", spelt(spaced), "canonical.spelling", AT),
    Case("C2", spelt(escaped), "canonical.spelling", AT),
    Case("C2", spelt(fraction), "canonical.float", AT),
    Case("C3", spelt(boundless), "canonical.float", AT),
    Case("C3", spelt(not_a_number), "canonical.float", AT),
    Case("C4", spelt(beyond_doubles), "canonical.integer", AT),
    Case("C5", spelt(half_a_pair), "canonical.unicode", AT),
    Case("C5", spelt(decomposed), "canonical.nfc", AT),
    Case("C9", spelt(extra_member), "entry.members", AT),
    Case("C9", spelt(extra_in_body), "entry.schema", AT),
]


@pytest.mark.parametrize("case", WITH_THE_KEY, ids=lambda case: f"{case.id}-{case.play.__name__}")
def test_what_the_key_allows_is_found_by_the_rules(stolen: Stolen, case: Case) -> None:
    """Signed anew, every hash fits; what the entries say, and how it is spelt, gives them away."""
    honest = stolen.entries()
    case.play(stolen)
    verdict = judge(stolen.folder, "--log-key", stolen.key.verifier())
    named = {"last": stolen.size - 1, "FundsAllocated": place_of(honest, "FundsAllocated")}
    assert verdict.found == (1, str(named.get(str(case.index), case.index)), case.rule)


def test_d2_a_household_paid_twice_is_named(stolen: Stolen) -> None:
    """Every hash fits and every id is new; the entitlement is an old one."""
    pay_twice(stolen)
    verdict = judge(stolen.folder, "--log-key", stolen.key.verifier())
    assert verdict.exit_code == 1
    assert (str(stolen.size - 1), "paid_twice") in verdict.all_found


def test_c9_a_kind_that_this_verifier_does_not_know_is_refused_as_newer(stolen: Stolen) -> None:
    """What cannot be judged is not called bad, and never good."""
    entries = stolen.entries()
    entries[AT] = saying(entries[AT], kind="ThingDone")
    stolen.lay_out(entries)
    verdict = judge(stolen.folder, "--log-key", stolen.key.verifier())
    assert (verdict.exit_code, verdict.said["result"], verdict.said["first_newer_index"]) == (3, "newer", str(AT))


def _rebundle(stolen: Stolen, entries: list[bytes]) -> None:
    """Write bundles alone, the last one short."""
    for bundle in tiles.tiles_of_level(tiles.ENTRIES, stolen.size):
        held = entries[bundle.first_entry :][: bundle.width]
        stolen.write(bundle.path, tiles.encode_bundle(held))


def _newest(stolen: Stolen, path: str) -> str:
    """Find the partial tile of a level."""
    if not path.endswith("partial"):
        return path
    level = int(path.split("/")[1])
    return [tile.path for tile in tiles.tiles_of_level(level, stolen.size)][-1]
