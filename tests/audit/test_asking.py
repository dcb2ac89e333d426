"""Asking the witnesses: what a log hides from us it cannot make them forget (attacks W2, W3, T1, T3, F1 to F3)."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

import pytest
from click.testing import CliRunner, Result

from audit import note
from audit import shown as showing
from audit.checkpoint import Checkpoint
from audit.cli import main
from audit.note import COSIGNATURE, SigningKey
from audit.witness.memory import make_key, read_key
from audit.witness.rules import shown_at
from tests.audit.small_log import (
    LOG_KEY,
    LOG_VKEY,
    ORIGIN,
    WITNESSES,
    Files,
    honest_entries,
    make_checkpoint,
    make_log,
    root_of,
)
from tests.audit.witnessing import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ENTRIES = honest_entries(300)
OTHERS = [*honest_entries(200), *honest_entries(400)[300:]]
START_LIMIT_S = 60
SHOWN = f"/w/{shown_at(ORIGIN)}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Give the file of that name, and turn the page if another shall be given the next time."""
        files = cast("_Site", self.server).files
        raw = files.get(self.path)
        if isinstance(raw, list):
            raw = raw.pop(0) if len(raw) > 1 else raw[0]
        self.send_response(404 if raw is None else 200)
        self.end_headers()
        self.wfile.write(raw or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Site(ThreadingHTTPServer):
    files: Mapping[str, bytes | list[bytes]]


@contextmanager
def site(files: Mapping[str, bytes | list[bytes]]) -> Iterator[str]:
    """Serve files by path; a list gives its first until that is used up."""
    with _Site(("127.0.0.1", 0), _Handler) as server:
        server.files = files
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def log_files(files: Files, *checkpoints: bytes) -> dict[str, bytes | list[bytes]]:
    """Lay a log out below /log; with `checkpoints`, these are shown one after the other."""
    laid: dict[str, bytes | list[bytes]] = {f"/log/{path}": raw for path, raw in files.items()}
    return laid | ({"/log/checkpoint": list(checkpoints)} if checkpoints else {})


def seal(entries: list[bytes], *witnesses: SigningKey, ago_s: int = 10) -> bytes:
    """Sign a checkpoint over entries, cosigned just now."""
    return make_checkpoint(len(entries), root_of(entries), *witnesses, time_s=int(time.time()) - ago_s)


@pytest.fixture(autouse=True)
def a_fast_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of a cache pass almost at once."""
    monkeypatch.setattr(showing, "CACHED_S", 0.01)


def verify(tmp_path: Path, address: str, *options: str, lines: tuple[str, ...], quorum: str = "none") -> Result:
    """Verify the log at an address under a policy with these witness lines."""
    policy = tmp_path / "policy"
    policy.write_text("\n".join([f"log {LOG_VKEY}", *lines, f"quorum {quorum}"]) + "\n")
    words = ["verify", address, "--policy", str(policy), *options]
    result = CliRunner().invoke(main, words)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def line(key: SigningKey, url: str = "", name: str = "w1") -> str:
    """Name a witness in a policy."""
    return f"witness {name} {key.verifier(COSIGNATURE)} {url}"


def asked(tmp_path: Path, shown: bytes | None, *served: bytes, cosigned: bool = False) -> Result:
    """Verify the log of 300 entries while its one witness shows something."""
    first = seal(ENTRIES, *WITNESSES[:1]) if cosigned else seal(ENTRIES)
    files = log_files(make_log(ENTRIES), *(served or (first,)))
    if shown is not None:
        files |= {SHOWN: shown}
    with site(files) as address:
        quorum = "w1" if cosigned else "none"
        return verify(tmp_path, f"{address}/log", lines=(line(WITNESSES[0], f"{address}/w/"),), quorum=quorum)


def said(result: Result) -> dict[str, str]:
    """Read the printed lines; of repeated keys the last."""
    return dict(each.split(": ", 1) for each in result.output.splitlines())


@pytest.mark.parametrize("count", [1, 255, 256, 299, 300])
def test_a_witness_that_saw_the_same_history_accuses_nobody(tmp_path: Path, count: int) -> None:
    """A witness may be behind; what it has seen is the beginning of what we were shown."""
    result = asked(tmp_path, seal(ENTRIES[:count], WITNESSES[0]))
    assert (result.exit_code, said(result)["result"]) == (0, "good")
    assert said(result)["asked"].startswith(f"w1 {count} 20")


def test_a_witness_of_an_empty_log_accuses_nobody(tmp_path: Path) -> None:
    """Size 0 is the beginning of every log."""
    assert asked(tmp_path, seal([], WITNESSES[0])).exit_code == 0
    with site(log_files(make_log([]), seal([])) | {SHOWN: seal([], WITNESSES[0])}) as address:
        assert verify(tmp_path, f"{address}/log", lines=(line(WITNESSES[0], f"{address}/w"),)).exit_code == 0


def test_an_older_log_than_a_witness_has_seen_is_bad(tmp_path: Path) -> None:
    """T1, T3, W3: the log shows 300 entries to us and 400 to the witness; the first one withheld is named."""
    result = asked(tmp_path, seal(honest_entries(400), WITNESSES[0]))
    assert (result.exit_code, said(result)["first_bad_index"], said(result)["rule"]) == (1, "300", "witness.ahead")
    assert said(result)["reason"] == "w1 has cosigned 400 entries of this log, which shows 300"


def test_a_log_that_grew_while_it_was_read_is_good(tmp_path: Path) -> None:
    """The witness has seen more, and so do we when we ask again: what grew continues what was verified."""
    longer = honest_entries(400)
    files = log_files(make_log(longer), seal(ENTRIES), seal(ENTRIES), seal(longer))
    files |= {f"/log/{path}": raw for path, raw in make_log(ENTRIES).items() if path != "checkpoint"}
    files |= {SHOWN: seal(longer, WITNESSES[0])}
    with site(files) as address:
        result = verify(tmp_path, f"{address}/log", lines=(line(WITNESSES[0], f"{address}/w"),))
    assert (result.exit_code, said(result)["result"]) == (0, "good")


@pytest.mark.parametrize(("seen", "code"), [(290, 0), (295, 0), (280, 1)])
def test_a_busy_log_is_compared_with_its_witnesses_as_well(tmp_path: Path, seen: int, code: int) -> None:
    """A mirror holds the tiles of its newest checkpoint only; forgetting is measured by the one relied on."""
    files = log_files(make_log(ENTRIES), seal(ENTRIES))
    vouched = make_checkpoint(290, root_of(ENTRIES[:290]), WITNESSES[0])
    files |= {"/log/checkpoint.witnessed": vouched, SHOWN: seal(ENTRIES[:seen], WITNESSES[0])}
    with site(files) as address:
        lines = (line(WITNESSES[0], f"{address}/w"),)
        result = verify(tmp_path, f"{address}/log", lines=lines, quorum="w1")
    assert result.exit_code == code
    assert said(result)["unwitnessed"] == "10 entries newer than the witnesses' word"
    assert said(result).get("rule") == ("witness.forgot" if code else None)


def test_a_log_that_grows_out_of_other_entries_is_bad(tmp_path: Path) -> None:
    """F2: first it shows one history to be verified, then another that pleases the witness."""
    other = [*OTHERS, *honest_entries(450)[400:]]
    files = log_files(make_log(ENTRIES)) | log_files(make_log(other), seal(ENTRIES), seal(other))
    # What both have under one name is shown first as the one and then as the other; it is read once for each.
    for path, raw in make_log(ENTRIES).items():
        if path.startswith("tile"):
            files[f"/log/{path}"] = [raw, make_log(other).get(path, raw)]
    files |= {SHOWN: seal(other, WITNESSES[0])}
    with site(files) as address:
        result = verify(tmp_path, f"{address}/log", lines=(line(WITNESSES[0], f"{address}/w"),))
    assert (result.exit_code, said(result)["rule"]) == (1, "log.rewritten")
    assert said(result)["reason"] == "the log has grown to 350 entries out of other ones than were verified"


@pytest.mark.parametrize("count", [250, 300])
def test_another_history_at_a_witness_is_bad(tmp_path: Path, count: int) -> None:
    """F1, F3: signed by the same log, of the same or a smaller size, and not ours: one of us is being lied to."""
    result = asked(tmp_path, seal(OTHERS[:count], WITNESSES[0]))
    assert (result.exit_code, said(result)["first_bad_index"], said(result)["rule"]) == (1, "unknown", "witness.fork")
    assert said(result)["reason"] == f"w1 has cosigned another history: signed by the same log, of {count} entries"


def test_what_cannot_be_believed_accuses_nobody(tmp_path: Path) -> None:
    """The operator of a witness wants a veto: what the log did not sign, or it has not cosigned, is a line only."""
    forged = note.sign(Checkpoint(ORIGIN, 400, bytes(32)).text(), SigningKey(ORIGIN, b"f" * 32))
    elsewhere = note.sign(Checkpoint("other.example", 1, bytes(32)).text(), SigningKey("other.example", b"o" * 32))
    for shown, silence in (
        (None, "it has cosigned nothing of this log"),
        (b"noise", "a note is text, an empty line and signature lines"),
        (forged, "no key that is trusted has signed"),
        (elsewhere, "no key is trusted for the log other.example"),
        (seal(honest_entries(400)), "it shows what it has not cosigned"),
        (seal(honest_entries(400), WITNESSES[1]), "it shows what it has not cosigned"),
        (seal(honest_entries(400), WITNESSES[0], ago_s=-900), "witness1.example cosigned in the future"),
        (bytes(note.MAX_NOTE_BYTES + 1), "is longer than 65536 bytes"),
    ):
        result = asked(tmp_path, shown)
        assert result.exit_code == 0
        assert said(result)["asked"].startswith("w1 no word: ")
        assert silence in said(result)["asked"], said(result)["asked"]


def test_a_checkpoint_of_another_trusted_log_is_no_word_on_this_one(tmp_path: Path) -> None:
    """N2: an inspector of many districts trusts many logs; one of them is not shown for another."""
    key = SigningKey("other.example", b"o" * 32)
    words = Checkpoint("other.example", 400, bytes(32)).text()
    files = log_files(make_log(ENTRIES)) | {SHOWN: note.sign(words, key)}
    with site(files) as address:
        lines = (f"log {key.verifier()}", line(WITNESSES[0], f"{address}/w"))
        result = verify(tmp_path, f"{address}/log", lines=lines)
    assert (result.exit_code, said(result)["asked"]) == (0, "w1 no word: it shows the log other.example")


@pytest.mark.parametrize("shown", [None, 200])
def test_a_witness_that_forgot_does_not_count(tmp_path: Path, shown: int | None) -> None:
    """W2: it has cosigned 300 for us and remembers less, so whatever it swears next is worth nothing."""
    remembered = seal(ENTRIES[:shown], WITNESSES[0]) if shown else None
    result = asked(tmp_path, remembered, cosigned=True)
    assert (result.exit_code, said(result)["rule"]) == (1, "witness.forgot")
    assert said(result)["asked"].endswith(" and has cosigned more for this log")
    assert "the quorum rests on w1, whose memory" in said(result)["reason"]


def test_one_that_forgot_beside_enough_others_is_a_line(tmp_path: Path) -> None:
    """W2: the quorum is counted again without it, and is filled."""
    files = log_files(make_log(ENTRIES), seal(ENTRIES, *WITNESSES[:2])) | {SHOWN: seal(ENTRIES, WITNESSES[0])}
    with site(files) as address:
        lines = (line(WITNESSES[0], f"{address}/w"), line(WITNESSES[1], f"{address}/x", "w2"), "group any any w1 w2")
        result = verify(tmp_path, f"{address}/log", lines=lines, quorum="any")
    assert result.exit_code == 0
    assert "asked: w2 no word: it has cosigned nothing of this log and has cosigned more" in result.output


def test_a_silent_witness_is_a_line(tmp_path: Path) -> None:
    """An absent witness stops nothing: nobody at home, no address in the policy, or one that is none."""
    for url, silence in (("http://127.0.0.1:9/", "cannot be fetched"), ("", "no address"), ("ftp://x", "https://")):
        with site(log_files(make_log(ENTRIES))) as address:
            result = verify(tmp_path, f"{address}/log", lines=(line(WITNESSES[0], url),))
        assert result.exit_code == 0
        assert silence in said(result)["asked"]


def test_a_log_that_no_longer_answers_is_bad(tmp_path: Path) -> None:
    """It showed 300, a witness has seen more, and asked again it shows noise."""
    result = asked(tmp_path, seal(honest_entries(400), WITNESSES[0]), seal(ENTRIES), b"noise\n")
    assert (result.exit_code, said(result)["rule"]) == (1, "note.form")


def test_nobody_is_asked_offline_or_of_a_folder(tmp_path: Path) -> None:
    """What was carried away is judged by itself; and without witnesses in the policy there is nobody to name."""
    lines = (line(WITNESSES[0], "http://127.0.0.1:9"),)
    folder = make_log(ENTRIES).save(tmp_path / "log")
    nobody = "nobody: witnesses are asked about a log at an address, and not with --offline"
    assert said(verify(tmp_path, str(folder), lines=lines))["asked"] == nobody
    with site(log_files(make_log(ENTRIES))) as address:
        assert said(verify(tmp_path, f"{address}/log", "--offline", lines=lines))["asked"] == nobody
        assert "asked" not in said(verify(tmp_path, f"{address}/log", lines=()))


@contextmanager
def real_witness(folder: Path, name: str) -> Iterator[tuple[str, SigningKey]]:
    """Run `aid-audit witness serve` as its operator does."""
    make_key(folder / name, f"{name}.example/witness")
    words = [sys.executable, "-c", "from audit.cli import main; main()", "witness", "serve", "--log-key", LOG_VKEY]
    words += ["--key", str(folder / name), "--state", str(folder / f"{name}.state"), "--port", "0", "--new"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        told = dict(next(process.stdout).rstrip().split(": ", 1) for _ in range(5))
        yield told["address"], read_key(folder / name)
        process.terminate()


def test_real_witnesses_betray_a_log_that_shows_us_less(tmp_path: Path) -> None:
    """W3, T3 by the real programme: one was asked about all 7 entries, one never, and we are shown 5."""
    truth, entries = Told.of(7), honest_entries(5)
    with real_witness(tmp_path, "kpk") as (kpk, kpk_key), real_witness(tmp_path, "bpkp") as (bpkp, bpkp_key):
        urllib.request.urlopen(f"{kpk}/add-checkpoint", truth.request(0)).close()  # noqa: S310 - our own witness
        lines = (line(kpk_key, kpk, "kpk"), line(bpkp_key, bpkp, "bpkp"))
        with site(log_files(make_log(entries))) as address:
            result = verify(tmp_path, f"{address}/log", lines=lines)
    assert (result.exit_code, said(result)["first_bad_index"], said(result)["rule"]) == (1, "5", "witness.ahead")
    assert "asked: kpk 7 " in result.output
    assert "asked: bpkp no word: it has cosigned nothing of this log\n" in result.output
    assert LOG_KEY.name == ORIGIN
