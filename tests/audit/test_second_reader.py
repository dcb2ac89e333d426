"""FORMAT.md is enough: a verifier written from it alone agrees with the first on whole logs, bent ones and vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.note import COSIGNATURE
from tests.audit import second_reader as second
from tests.audit.small_log import (
    LOG_VKEY,
    WITNESSES,
    act_of,
    encode_all,
    make_checkpoint,
    make_entries,
    make_entry,
    make_log,
    root_of,
)

VECTORS = Path(__file__).parents[1] / "vectors"
LIMIT = 150
"""Lines. What takes more is not said plainly enough."""


def vectors(name: str) -> dict[str, Any]:
    """Read one file of vectors."""
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text())
    return found


def test_it_is_small_and_shares_nothing_with_the_first() -> None:
    """Otherwise it would prove nothing."""
    text = Path(second.__file__).read_text()
    assert "audit." not in text.replace("audit/FORMAT.md", "")
    assert "import audit" not in text
    assert sum(1 for line in text.splitlines() if line) <= LIMIT


@pytest.mark.parametrize("count", [0, 1, 3, 255, 256, 257, 600])
def test_it_reads_an_exported_log(tmp_path: Path, count: int) -> None:
    """Every tile, every entry, the log's signature and two witnesses'."""
    entries = make_entries(count)
    files = make_log(entries)
    files["checkpoint"] = make_checkpoint(count, root_of(entries), *WITNESSES[:2])
    folder, witnesses = files.save(tmp_path), [str(each.verifier(COSIGNATURE)) for each in WITNESSES]
    assert second.verify(folder, LOG_VKEY, witnesses[:2]) == count
    with pytest.raises(second.Bad, match=r"witness3\.example has not signed"):
        second.verify(folder, LOG_VKEY, witnesses[:3])
    for path in [path for path in files if path.startswith("tile")]:
        (tmp_path / path).unlink()
        with pytest.raises(second.Bad, match="is missing"):
            second.verify(folder, LOG_VKEY, [])
        (tmp_path / path).write_bytes(files[path])


def test_it_sees_every_changed_byte(tmp_path: Path) -> None:
    """R1 to R5: a byte of any file that counts, wherever it is."""
    files = make_log(make_entries(300))
    folder = files.save(tmp_path)
    del files["log.vkey"]
    for path, raw in files.items():
        for at in range(0, len(raw), 1 + len(raw) // 12):
            (tmp_path / path).write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
            with pytest.raises((second.Bad, UnicodeDecodeError)):
                second.verify(folder, LOG_VKEY, [])
        (tmp_path / path).write_bytes(raw)
    assert second.verify(folder, LOG_VKEY, []) == 300


def test_it_refuses_a_signed_log_of_bad_entries(tmp_path: Path) -> None:
    """D1 and section 2: an id twice, an act torn apart, an ordinal left out; the key of the log signs them all."""
    one, two, three = (make_entry(number) for number in range(3))
    apart = act_of(one, two)
    for number, bad in enumerate(([one, one], [apart[0], three, apart[1]], apart[1:])):
        folder = make_log(encode_all(bad)).save(tmp_path / str(number))
        with pytest.raises(second.Bad):
            second.verify(folder, LOG_VKEY, [])


def test_it_agrees_with_the_vectors() -> None:
    """Spellings, proofs, notes and cosignatures, good and bad."""
    for vector in vectors("canonical")["good"]:
        assert second.canonical(bytes.fromhex(vector["bytes"])) == vector["value"]
    merkle, stated, entries = vectors("merkle"), vectors("checkpoint"), vectors("entry")["entries"]
    for vector in merkle["inclusion"]:
        proof, leaf = [bytes.fromhex(each) for each in vector["proof"]], bytes.fromhex(vector["leaf_hash"])
        assert second.climb(vector["index"], vector["size"], leaf, proof).hex() == vector["root"]
    for index, proof in enumerate(stated["proofs"]):
        raw = entries[index]["bytes"].encode()
        assert second.leaf_hash(raw).hex() == entries[index]["leaf_hash"]
        assert second.shown(proof, raw, stated["log_vkey"], [stated["witness_vkey"]]) == index
        with pytest.raises(second.Bad, match="inclusion"):
            second.shown(proof, raw + b" ", stated["log_vkey"], [])
    for vector in vectors("note")["notes"]:
        assert second.signed_by(vector["note"], vector["vkey"]) == vector["text"]


def test_it_believes_the_witness_of_the_vectors() -> None:
    """Section 10: what a witness answers, put under the checkpoint that it was sent, is its cosignature."""
    witness = vectors("witness")
    for exchange in witness["exchanges"]:
        if exchange["status"] == 200:
            note = exchange["request"].partition("\n\n")[2] + exchange["body"]
            assert second.checkpoint(note, witness["log_vkey"], [witness["witness_vkey"]])[0] > 0
    assert second.checkpoint(witness["shown"], witness["log_vkey"], [witness["witness_vkey"]])[0] == 6
