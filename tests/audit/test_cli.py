"""The command line: four exit codes, a first bad index, no traceback, and no more confidence than was earned."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit import __version__, canonical, merkle, note
from audit.cli import main, tell_receipt
from audit.errors import UnknownKind
from audit.facts.paying import BatchVerified
from audit.note import COSIGNATURE, SigningKey
from audit.pdf import ReceiptFields, ReceiptReport
from audit.pdf.impressions import Impression
from audit.policy import Policy
from audit.verify import verify_log
from tests.audit.small_log import (
    LOG_KEY,
    LOG_VKEY,
    NOW_S,
    WITNESSES,
    Files,
    encode_all,
    honest_entries,
    make_checkpoint,
    make_entry,
    make_log,
    make_policy,
    root_of,
)

ENTRIES = honest_entries(9)
RECEIPTS = Path(__file__).parents[1] / "vectors" / "receipts"


def run(*arguments: object) -> Result:
    """Run a command; whatever happens, it ends by itself and without a traceback."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def lines(result: Result) -> dict[str, str]:
    """Read the printed lines; of repeated keys the last."""
    return dict(line.split(": ", 1) for line in result.output.splitlines())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that holds a true log."""
    return make_log(ENTRIES).save(tmp_path / "log")


def test_a_true_log_is_good(folder: Path) -> None:
    """With the key from the inspector it is anchored."""
    result = run("verify", folder, "--log-key", LOG_VKEY)
    said = lines(result)
    assert result.exit_code == 0
    assert (said["result"], said["anchored"], said["size"], said["log_key"]) == ("good", "yes", "9", LOG_VKEY)


def test_without_a_key_it_is_not_anchored(folder: Path) -> None:
    """F3: nobody was asked, and the word for what was not shown is never printed."""
    result = run("verify", folder)
    assert (result.exit_code, lines(result)["anchored"]) == (0, "no")
    assert "genuine" not in result.output


def test_a_changed_entry_is_bad_and_named(folder: Path) -> None:
    """R1: exit 1, the index and the rule."""
    bundle = folder / "tile" / "entries" / "000.p" / "9"
    bundle.write_bytes(bundle.read_bytes().replace(b"repair 5", b"repair 6"))
    result = run("verify", folder, "--log-key", LOG_VKEY)
    said = lines(result)
    assert result.exit_code == 1
    assert (said["result"], said["first_bad_index"], said["rule"]) == ("bad", "5", "entry.hash")


def test_hashes_alone_say_what_they_did_not_look_at(folder: Path) -> None:
    """A quick look is an honest answer to a smaller question, and is never printed as the whole."""
    result = run("verify", folder, "--log-key", LOG_VKEY, "--hashes-only")
    assert (result.exit_code, lines(result)["result"], lines(result)["bracketed"]) == (0, "good", "no")
    assert lines(result)["unchecked"].startswith("what entries say")
    assert "unchecked" not in run("verify", folder).output


def test_hashes_alone_find_a_changed_entry_and_name_no_index(folder: Path) -> None:
    """R1: the root differs; which entry it was, only the full check can say."""
    bundle = folder / "tile" / "entries" / "000.p" / "9"
    bundle.write_bytes(bundle.read_bytes().replace(b"repair 5", b"repair 6"))
    said = lines(run("verify", folder, "--log-key", LOG_VKEY, "--hashes-only"))
    assert (said["result"], said["first_bad_index"], said["rule"]) == ("bad", "unknown", "log.root")
    assert said["reason"] == (
        "the entries from 0 on do not hash to the signed root; only a full check names the first bad one"
    )


def test_hashes_alone_name_the_bundle_that_is_none(folder: Path) -> None:
    """R2: what cannot be cut into entries cannot be hashed either."""
    bundle = folder / "tile" / "entries" / "000.p" / "9"
    bundle.write_bytes(bundle.read_bytes()[:-1])
    said = lines(run("verify", folder, "--log-key", LOG_VKEY, "--hashes-only"))
    assert (said["first_bad_index"], said["rule"]) == ("0", "bundle.short")
    assert said["reason"] == "a bundle of 9 ends after 8 entries"


def test_hashes_alone_believe_no_key_that_lies_beside_the_log(folder: Path) -> None:
    """K1: only entries can lead from the key on paper to another, and a quick look reads none."""
    stranger = SigningKey(LOG_KEY.name, b"s" * 32)
    (folder / "checkpoint").write_bytes(make_checkpoint(9, root_of(ENTRIES), by=stranger))
    (folder / "log.vkey").write_text(f"{LOG_VKEY}\n{stranger.verifier()}\n")
    said = lines(run("verify", folder, "--log-key", LOG_VKEY, "--hashes-only"))
    assert (said["result"], said["first_bad_index"]) == ("bad", "unknown")
    assert said["rule"] == "note.unsigned"


def test_hashes_alone_read_no_tiles_and_no_words(tmp_path: Path) -> None:
    """They take minutes less because the stored tiles are not fetched and no entry is taken apart."""
    log = make_log([*ENTRIES, b"no entry at all"])
    folder = {path: raw for path, raw in log.items() if not path.startswith("tile/0")}
    assert verify_log(Files(folder), now_s=NOW_S, trusted=Policy.of_log_key(LOG_VKEY), hashes_only=True).is_good
    assert run("verify", log.save(tmp_path), "--log-key", LOG_VKEY).exit_code == 1


def test_a_log_without_a_checkpoint_is_bad(tmp_path: Path) -> None:
    """An empty folder is a folder, and no log."""
    result = run("verify", tmp_path)
    assert (result.exit_code, lines(result)["first_bad_index"]) == (1, "unknown")


def test_a_newer_kind_has_its_own_exit(tmp_path: Path) -> None:
    """C9: this verifier is too old, which is no verdict on the log."""
    newer = canonical.encode(canonical.parse(ENTRIES[1]) | {"kind": "MoonLandingFunded"})
    folder = make_log([ENTRIES[0], newer]).save(tmp_path)
    result = run("verify", folder, "--log-key", LOG_VKEY)
    said = lines(result)
    assert (result.exit_code, said["result"], said["first_newer_index"]) == (3, "newer", "1")


def test_broken_rules_are_bad(tmp_path: Path) -> None:
    """U5: a true log of false acts; the first is named, some others are listed, the rest is counted."""
    body = BatchVerified(batch="B-1", digest="A" * 43).body()
    acts = [replace(make_entry(number), kind="BatchVerified", body=body) for number in range(3, 43)]
    folder = make_log([*honest_entries(3), *encode_all(acts)]).save(tmp_path)
    result = run("verify", folder, "--log-key", LOG_VKEY)
    assert (result.exit_code, lines(result)["first_bad_index"]) == (1, "3")
    assert result.output.count("also: ") == 21
    assert lines(result)["also"].endswith(" more")


def test_the_policy_decides_who_must_have_signed(folder: Path, tmp_path: Path) -> None:
    """F3, T3: the quorum, its age, and a key that overrides which log."""
    now_s = int(time.time())
    rules = tmp_path / "policy"
    rules.write_bytes(make_policy())
    assert lines(run("verify", folder, "--policy", rules))["rule"] == "policy.quorum"
    signed = make_checkpoint(9, root_of(ENTRIES), *WITNESSES[:3], time_s=now_s - 7200)
    (folder / "checkpoint").write_bytes(signed)
    good = run("verify", folder, "--policy", rules, "--max-age", "3h")
    assert (good.exit_code, good.output.count("cosigned: witness")) == (0, 3)
    stale = run("verify", folder, "--policy", rules, "--max-age", "1h")
    assert (stale.exit_code, lines(stale)["rule"]) == (1, "policy.quorum")
    other = str(note.SigningKey("other.example", b"o" * 32).verifier())
    assert lines(run("verify", folder, "--policy", rules, "--log-key", other))["rule"] == "policy.origin"


@pytest.mark.parametrize("quickly", [(), ("--hashes-only",)])
def test_a_kept_leaf_that_the_log_withholds_is_missing(folder: Path, tmp_path: Path, quickly: tuple[str, ...]) -> None:
    """U4: the log is sound in itself; only the one who acted can show that an entry of theirs is not in it."""
    held, withheld = note.encode_base64(merkle.leaf_hash(ENTRIES[4])), note.encode_base64(b"w" * 32)
    words = ("verify", folder, "--log-key", LOG_VKEY, *quickly)
    result = run(*words, "--leaf", held, "--leaf", withheld)
    said = lines(result)
    assert (result.exit_code, said["result"], said["first_bad_index"]) == (1, "bad", "unknown")
    assert said["rule"] == "leaf.missing"
    assert said["reason"] == f"no entry of the log has the kept leaf {withheld}"
    assert "also" not in said
    kept = tmp_path / "leaves.txt"
    kept.write_text(f"# BTC-2026-000001\n\n {held} \n{withheld}\n")
    assert lines(run(*words, "--leaves", kept))["rule"] == "leaf.missing"
    kept.write_text(f"{held}\n")
    assert run(*words, "--leaf", held, "--leaves", kept).exit_code == 0


def test_a_kept_leaf_is_not_called_missing_by_who_has_not_read_on(folder: Path) -> None:
    """R1: a changed entry ends the reading; what lies behind it was not looked at."""
    bundle = folder / "tile" / "entries" / "000.p" / "9"
    bundle.write_bytes(bundle.read_bytes().replace(b"repair 5", b"repair 6"))
    result = run("verify", folder, "--log-key", LOG_VKEY, "--leaf", note.encode_base64(b"w" * 32))
    assert lines(result)["rule"] == "entry.hash"
    assert "leaf.missing" not in result.output


@pytest.mark.parametrize(
    ("typed", "said"), [("AAAA", "a leaf hash is 32 bytes"), ("short", "not base64"), ("A" * 42 + "B=", "stray bits")]
)
def test_what_is_no_leaf_hash_is_a_wrong_question(folder: Path, tmp_path: Path, typed: str, said: str) -> None:
    """A leaf that was copied badly is no missing entry."""
    kept = tmp_path / "leaves.txt"
    kept.write_text(f"{typed}\n")
    for option, value in (("--leaf", typed), ("--leaves", kept)):
        result = run("verify", folder, "--log-key", LOG_VKEY, option, value)
        assert result.exit_code == 2
        assert said in result.output


def test_an_old_checkpoint_is_held_against_the_log(folder: Path, tmp_path: Path) -> None:
    """T1: the log has grown out of what was kept, or it has not."""
    kept = tmp_path / "kept"
    kept.write_bytes(make_checkpoint(4, root_of(ENTRIES[:4])))
    assert run("verify", folder, "--log-key", LOG_VKEY, "--old-checkpoint", kept).exit_code == 0
    kept.write_bytes(make_checkpoint(4, root_of(ENTRIES[1:5])))
    result = run("verify", folder, "--log-key", LOG_VKEY, "--old-checkpoint", kept)
    assert (result.exit_code, lines(result)["rule"]) == (1, "log.rewritten")


def test_what_is_asked_wrongly_is_usage(folder: Path, tmp_path: Path) -> None:
    """Exit 2: no place, no key, a witness's key, files that are none, an age without a unit."""
    (tmp_path / "noise").write_bytes(b"\x00")
    wrong: list[list[object]] = [
        ["verify"],
        ["verify", tmp_path / "nothing"],
        ["verify", folder, "--log-key", "x"],
        ["verify", folder, "--log-key", str(WITNESSES[0].verifier(COSIGNATURE))],
        ["verify", folder, "--policy", tmp_path / "nothing"],
        ["verify", folder, "--policy", tmp_path / "noise"],
        ["verify", folder, "--old-checkpoint", tmp_path / "noise"],
        ["verify", folder, "--max-age", "24"],
        ["receipt", tmp_path / "noise"],
        *(
            ["receipt", *some, "--root", tmp_path / "noise", "--log-key", LOG_VKEY]
            for some in (
                (),
                ("--qr", "1"),
                ("--keys", tmp_path / "noise"),
                (tmp_path / "noise", "--qr", "1"),
                (tmp_path / "noise", "--keys", tmp_path / "noise"),
                (tmp_path / "noise", "--qr", "1", "--keys", tmp_path / "noise"),
            )
        ),
        ["receipt", tmp_path / "noise", "--root", tmp_path / "nothing", "--log-key", LOG_VKEY],
    ]
    for arguments in wrong:
        assert run(*arguments).exit_code == 2, arguments


@pytest.mark.parametrize("name", ["uang.pdf", "barang.pdf"])
def test_a_true_receipt_is_good(name: str) -> None:
    """The golden receipts, for money and for goods; under another key they are nobody's."""
    asked = ("receipt", RECEIPTS / name, "--root", RECEIPTS / "root.pem", "--log-key")
    result = run(*asked, LOG_VKEY)
    assert (result.exit_code, lines(result)["result"], lines(result)["anchored"]) == (0, "good", "yes")
    other = str(note.SigningKey("other.example", b"o" * 32).verifier())
    assert run(*asked, other).exit_code == 1


def test_a_file_that_is_no_receipt_is_bad(tmp_path: Path) -> None:
    """V1: noise in, a sentence out."""
    for raw in (b"", b"%PDF-1.7\n", b"\xff" * 1000):
        (tmp_path / "r.pdf").write_bytes(raw)
        (tmp_path / "root.pem").write_bytes(raw)
        result = run("receipt", tmp_path / "r.pdf", "--root", tmp_path / "root.pem", "--log-key", LOG_VKEY)
        assert (result.exit_code, lines(result)["result"]) == (1, "bad")


def make_report(**changes: object) -> ReceiptReport:
    """Return what a good check of a receipt comes to."""
    said = ReceiptFields(
        number="R-1",
        code="A" * 16,
        kind="uang",
        agency="Dinas Sosial",
        zone="WIB",
        program="P-1",
        program_name="Bantuan",
        period="2026-11",
        payee="Sri",
        nik="\u2022" * 14 + "00",
        village="",
        district="",
        amount=300_000,
        commodity="IDR",
        unit="",
        contents="",
        in_words="tiga ratus ribu rupiah",
        paid_on=dt.date(2026, 11, 22),
        channel="Bank",
        decree="SK-1",
        batch="B-1",
        line="1",
        sources=(),
        approvers=(),
    )
    same = {name: getattr(said, name) for name in ("number", "code", "kind", "amount", "commodity", "program", "batch")}
    report = ReceiptReport(
        **same,
        paid_on=said.paid_on,
        index=4,
        size=9,
        origin="ledger.example/log",
        root=b"r" * 32,
        signer="Dinas Sosial",
        signed_at=dt.datetime(2026, 11, 22, 5, 49, tzinfo=dt.UTC),
        root_fingerprint=b"f" * 32,
        anchored=True,
        witnesses=("witness1.example",),
        impression=Impression(2, "id"),
        fields=said,
    )
    return replace(report, **changes)  # type: ignore[arg-type]  # a test names fields of the report


def test_a_good_receipt_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What it says, where it lies in the log, and who vouches for it."""
    assert tell_receipt(make_report) == 0
    told = capsys.readouterr().out
    for line in ("amount: 300000 IDR", "paid_on: 2026-11-22", "index: 4", "cosigned: witness1.example", "result: good"):
        assert line in told.splitlines()
    assert told.splitlines()[9:11] == ["copy: 2", "language: id"]
    assert tell_receipt(lambda: make_report(paid_on=None, witnesses=(), anchored=False)) == 0
    assert "anchored: no" in capsys.readouterr().out


def test_a_receipt_of_a_newer_kind_has_its_own_exit(capsys: pytest.CaptureFixture[str]) -> None:
    """C9: as with a log."""

    def check() -> ReceiptReport:
        raise UnknownKind("kind X version 9 is newer than this verifier", index=4)

    assert tell_receipt(check) == 3
    assert "first_newer_index: 4" in capsys.readouterr().out


def test_a_stranger_does_not_steer_the_terminal(folder: Path) -> None:
    """V1: control characters of the upper half, which a note may hold, are not printed."""
    key = note.SigningKey("ledger\x9b31m", b"k" * 32)
    text = note.parse((folder / "checkpoint").read_bytes()).text.replace("ledger.example/log", key.name)
    (folder / "checkpoint").write_bytes(note.sign(text, key))
    (folder / "log.vkey").write_text(str(key.verifier()))
    result = run("verify", folder)
    assert (result.exit_code, lines(result)["origin"]) == (1, "ledger\ufffd31m")


def test_it_says_its_version() -> None:
    """The one the package was built with."""
    assert run("--version").output == f"{__version__}\n"
