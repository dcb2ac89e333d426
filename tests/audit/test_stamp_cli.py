"""The command line on a receipt's QR code: what it states is told, what it cannot prove as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit import note
from audit.cli import tell_stamp
from audit.errors import UnknownKind
from audit.stamp import Stamp
from audit.stampkeys import StampKeys
from tests.audit.forge import VECTORS as RECEIPTS
from tests.audit.small_log import LOG_VKEY, make_policy
from tests.audit.stamping import VECTORS as STAMPS
from tests.audit.test_cli import lines, run


@pytest.fixture
def stamp_files(tmp_path: Path) -> tuple[Path, Path]:
    """Write the golden list of stamp keys and the root that named them."""
    golden = json.loads(STAMPS.read_text())
    keys, root = tmp_path / "keys.json", tmp_path / "root.crt"
    keys.write_text(golden["keys"])
    root.write_bytes(note.decode_base64(golden["root"]))
    return keys, root


@pytest.mark.parametrize(("number", "amount", "contents"), [(0, "600000 IDR", ""), (1, "2 paket", "Beras 10 kg")])
def test_a_true_stamp_is_good(stamp_files: tuple[Path, Path], number: int, amount: str, contents: str) -> None:
    """What a QR code states, told; and what it cannot say."""
    keys, root = stamp_files
    text = "https://bansos.example/periksa#" + json.loads(STAMPS.read_text())["stamps"][number]["digits"]
    result = run("receipt", "--qr", text, "--keys", keys, "--root", root, "--log-key", LOG_VKEY)
    told = lines(result)
    assert (result.exit_code, told["result"], told["number"], told["index"]) == (
        0,
        "good",
        "RCP-2021-000123-K",
        "48210",
    )
    assert (told["amount"], told["payee"], told["program"]) == (amount, "A*** S*******", "Bansos JPS")
    assert (told["paid_on"], told["origin"]) == ("2021-08-05", "ledger.example/log")
    assert told.get("contents", "").startswith(contents)
    assert ("contents" in told) == bool(contents)
    assert told["unchecked"].startswith("that the log holds the receipt")


def test_a_forged_stamp_is_bad(stamp_files: tuple[Path, Path], tmp_path: Path) -> None:
    """Another amount; no stamp at all; another root; a list that is none; too few witnesses."""
    keys, root = stamp_files
    golden = json.loads(STAMPS.read_text())
    good, bad = golden["stamps"][0]["digits"], golden["bad"][0]["digits"]
    (tmp_path / "policy").write_bytes(make_policy())
    (tmp_path / "noise").write_bytes(b"noise")
    common = ("--root", root, "--log-key", LOG_VKEY)
    for asked in (
        ("--qr", bad, "--keys", keys, *common),
        ("--qr", "x", "--keys", keys, *common),
        ("--qr", good, "--keys", keys, "--root", RECEIPTS / "root.pem", "--log-key", LOG_VKEY),
        ("--qr", good, "--keys", tmp_path / "noise", *common),
        ("--qr", good, "--keys", keys, *common, "--policy", tmp_path / "policy"),
    ):
        result = run("receipt", *asked)
        assert (result.exit_code, lines(result)["result"]) == (1, "bad"), asked


def test_a_stamp_key_of_a_newer_kind_has_its_own_exit(capsys: pytest.CaptureFixture[str]) -> None:
    """C9: as with a log."""

    def check() -> tuple[Stamp, StampKeys]:
        raise UnknownKind("kind X version 9 is newer than this verifier", index=4)

    assert tell_stamp(check) == 3
    assert "first_newer_index: 4" in capsys.readouterr().out
