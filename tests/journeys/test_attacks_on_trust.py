"""Attacks on whom to believe: histories rolled back or forked, notes bent, keys of other names and other kinds.

Sound in itself, such a log is betrayed only by what an inspector brings along: a kept checkpoint, the quorum of a
policy, a leaf hash from an approver. Ids are those of docs/attacks.md.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import canonical, merkle, note
from audit.note import SigningKey
from tests.journeys.attacking import AT, WITNESSES, Stolen, judge, saying

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


# ------------------------------------------------------------------------------- histories: what an inspector has kept


def test_t1_a_log_rolled_back_is_shorter_than_it_was(stolen: Stolen) -> None:
    """Whoever kept a checkpoint sees that the log lost entries."""
    kept = _keep(stolen)
    stolen.lay_out(stolen.entries()[: AT + 1])
    verdict = judge(stolen.folder, "--log-key", stolen.key.verifier(), "--old-checkpoint", kept)
    assert verdict.found == (1, str(AT + 1), "log.truncated")


@pytest.mark.parametrize(("attack", "grown"), [("F1", 0), ("F2", 3), ("T2", 9)])
def test_a_second_history_does_not_continue_a_kept_checkpoint(stolen: Stolen, attack: str, grown: int) -> None:
    """Forked at the same size, forked and grown, or restored and gone on otherwise: each sound in itself."""
    kept = _keep(stolen)
    entries = stolen.entries()
    last = canonical.encode(json.loads(entries[-1]) | {"id": "f" * 32})
    entries = [*entries[:-1], last]
    filler = canonical.encode(json.loads(_noting(entries)))
    entries += [saying(filler, id=f"{number:032x}", act=f"{number:032x}") for number in range(grown)]
    stolen.lay_out(entries)
    alone = judge(stolen.folder, "--log-key", stolen.key.verifier())
    assert alone.exit_code == 0, f"{attack} is seen by nobody who has nothing to compare with"
    verdict = judge(stolen.folder, "--log-key", stolen.key.verifier(), "--old-checkpoint", kept)
    assert verdict.exit_code == 1
    assert verdict.said["rule"] == ("consistency.fork" if not grown else "log.rewritten")


def test_f3_a_split_view_lacks_the_quorum(stolen: Stolen) -> None:
    """Sound in itself and shown to one inspector only: nothing but cosignatures tells it from the log."""
    entries = stolen.entries()
    stolen.lay_out([*entries[:-1], canonical.encode(json.loads(entries[-1]) | {"id": "f" * 32})])
    assert judge(stolen.folder, "--log-key", stolen.key.verifier()).exit_code == 0
    verdict = judge(stolen.folder, "--policy", stolen.policy("1"))
    assert verdict.found == (1, "unknown", "policy.quorum")


def test_w1_two_colluders_of_four_are_one_too_few(stolen: Stolen) -> None:
    """With a quorum of three of four, a fork needs three witnesses that lie."""
    entries = stolen.entries()
    stolen.lay_out([*entries[:-1], canonical.encode(json.loads(entries[-1]) | {"id": "f" * 32})])
    forked = stolen.stated
    stolen.sign(forked.size, forked.root, *WITNESSES[:2])
    assert judge(stolen.folder, "--policy", stolen.policy("3")).found == (1, "unknown", "policy.quorum")


def test_t3_a_log_held_still_is_stale(stolen: Stolen) -> None:
    """Witnesses cosign the same size again and again; a checkpoint without a fresh cosignature is an old one."""
    stated = stolen.stated
    stolen.sign(stated.size, stated.root, *WITNESSES, time_s=stolen.now_s - 120)
    assert judge(stolen.folder, "--policy", stolen.policy()).exit_code == 0
    verdict = judge(stolen.folder, "--policy", stolen.policy(), "--max-age", "1m")
    assert verdict.found == (1, "unknown", "policy.quorum")


def test_b1_an_entry_dated_back_is_named(stolen: Stolen) -> None:
    """Signed anew with an earlier time, it lies outside of what the witnesses swore before and after it."""
    entries = stolen.entries()
    sworn = dt.datetime.fromisoformat(json.loads(entries[AT - 1])["recorded_at"])
    root = merkle.root([merkle.leaf_hash(raw) for raw in entries[:AT]])
    first = stolen.sign(AT, root, *WITNESSES, time_s=int(sworn.timestamp()))
    last = saying(entries[-1], recorded_at="2021-08-05T03:00:00.000000Z")
    stolen.lay_out([*entries[:-1], last])
    stolen.sign(stolen.size, stolen.stated.root, *WITNESSES)
    stolen.write("history", b"note %d\n" % len(first) + first)
    verdict = judge(stolen.folder, "--policy", stolen.policy())
    assert verdict.found == (1, str(stolen.size - 1), "time.bracket")


def test_b2_a_cosignature_from_the_future_is_refused(stolen: Stolen) -> None:
    """Six minutes ahead of the inspector is no clock that is merely wrong."""
    stated = stolen.stated
    stolen.sign(stated.size, stated.root, *WITNESSES, time_s=int(time.time()) + 360)
    assert judge(stolen.folder, "--policy", stolen.policy()).found == (1, "unknown", "cosignature.future")


# ---------------------------------------------------------------------------------------------- notes, keys and names


def leading_zero(raw: bytes) -> bytes:
    """Write the size with a zero before it."""
    origin, size, rest = raw.split(b"\n", 2)
    return b"\n".join([origin, b"0" + size, rest])


def carriage_returns(raw: bytes) -> bytes:
    """End lines as other systems do."""
    return raw.replace(b"\n", b"\r\n")


def control(raw: bytes) -> bytes:
    """Hide a bell in the text."""
    return raw.replace(b"\n", b"\a\n", 1)


def unended(raw: bytes) -> bytes:
    """Leave the last newline out."""
    return raw[:-1]


def crowded(raw: bytes) -> bytes:
    """Add a hundred lines of somebody's."""
    return raw + raw.splitlines(keepends=True)[-1] * 100


def sloppy(raw: bytes) -> bytes:
    """Set a spare bit of the last base64 letter."""
    lines = raw.decode().splitlines(keepends=True)
    return "".join([*lines[:2], _stray(lines[2]), *lines[3:]]).encode()


NOTES = [
    (leading_zero, "checkpoint.number"),
    (carriage_returns, "note.form"),
    (control, "note.text"),
    (unended, "note.form"),
    (crowded, "note.signatures"),
    (sloppy, "note.base64"),
]


@pytest.mark.parametrize(("bend", "rule"), NOTES, ids=lambda part: getattr(part, "__name__", ""))
def test_n1_a_note_has_one_spelling(stolen: Stolen, bend: Callable[[bytes], bytes], rule: str) -> None:
    """What a lenient reader would pass over is refused before any signature is looked at."""
    place = stolen.folder / "checkpoint"
    place.write_bytes(bend(place.read_bytes()))
    assert judge(stolen.folder, "--log-key", stolen.key.verifier()).found == (1, "unknown", rule)


def test_n2_another_citys_checkpoint_is_not_ours(stolen: Stolen) -> None:
    """A true checkpoint of another log, served in the place of ours."""
    other = Stolen(stolen.folder, SigningKey("kota.example/log", b"k" * 32), stolen.now_s)
    other.sign(stolen.size, stolen.stated.root)
    assert judge(stolen.folder, "--log-key", stolen.key.verifier()).found == (1, "unknown", "policy.origin")


def test_n3_a_key_of_the_same_name_is_another_key(stolen: Stolen) -> None:
    """The name is ours, the signature somebody's."""
    other = Stolen(stolen.folder, SigningKey(stolen.key.name, b"k" * 32), stolen.now_s)
    other.sign(stolen.size, stolen.stated.root)
    assert judge(stolen.folder, "--log-key", stolen.key.verifier()).found == (1, "unknown", "note.unsigned")


def test_n3_a_key_id_that_is_not_of_the_key_is_a_wrong_question(stolen: Stolen) -> None:
    """The id is recomputed from the key, never believed."""
    name, identity, key = str(stolen.key.verifier()).split("+", 2)
    forged = f"{name}+{'0' * len(identity)}+{key}"
    assert judge(stolen.folder, "--log-key", forged).exit_code == 2


def test_n4_a_witness_is_no_log(stolen: Stolen) -> None:
    """A key that cosigns cannot stand for the log, nor the log's key for a witness."""
    as_witness = stolen.key.verifier(note.COSIGNATURE)
    assert judge(stolen.folder, "--log-key", as_witness).exit_code == 2
    policy = stolen.policy()
    policy.write_text(
        policy.read_text().replace(
            f"witness kpk {WITNESSES[2].verifier(note.COSIGNATURE)}", f"witness kpk {WITNESSES[2].verifier()}"
        )
    )
    assert judge(stolen.folder, "--policy", policy).exit_code == 2


def test_k3_one_key_under_two_names_is_one_witness(stolen: Stolen) -> None:
    """A policy that lists a key twice is refused, whatever the names."""
    policy = stolen.policy()
    policy.write_text(
        policy.read_text().replace(
            "group", f"witness kpk2 {SigningKey('kpk2.example', WITNESSES[2].seed).verifier(note.COSIGNATURE)}\ngroup"
        )
    )
    assert judge(stolen.folder, "--policy", policy).exit_code == 2


def test_u4_a_withheld_entry_is_missed_by_who_kept_its_leaf(stolen: Stolen) -> None:
    """Committed and never integrated: the log is sound without it, and whoever acted holds its hash."""
    entries = stolen.entries()
    kept = note.encode_base64(merkle.leaf_hash(entries[-1]))
    assert judge(stolen.folder, "--log-key", stolen.key.verifier(), "--leaf", kept).exit_code == 0
    stolen.lay_out(entries[:-1])
    verdict = judge(stolen.folder, "--log-key", stolen.key.verifier(), "--leaf", kept)
    assert (verdict.exit_code, verdict.said["rule"]) == (1, "leaf.missing")


def _keep(stolen: Stolen) -> Path:
    """Keep today's checkpoint, as an inspector would."""
    kept = stolen.folder.with_name("kept")
    shutil.copyfile(stolen.folder / "checkpoint", kept)
    return kept


def _stray(line: str) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = line[-3]
    return line[:-3] + letters[letters.index(last) ^ 1] + "=\n"


def _noting(entries: list[bytes]) -> bytes:
    """Write an entry that changes nothing, after the manner of the last."""
    members = json.loads(entries[-1])
    members |= {"kind": "RepairNoted", "v": 1, "ordinal": 0, "rows": {}}
    members["body"] = {"incident": "INC-1", "note": "disk", "document": ""}
    return canonical.encode(members)
