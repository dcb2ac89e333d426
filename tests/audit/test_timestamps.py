"""Tokens of time beside a log: exact frames, over the log's own checkpoints, and no entry younger than its stamp."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit import checkpoint, note, timestamp, timestamps
from audit.bundle import MANIFEST_PATH
from audit.checkpoint import Checkpoint
from audit.cli import main
from audit.errors import AuditError, Finding
from audit.timestamps import Timestamps
from audit.verify import verify_log
from tests.audit import time_authority as made
from tests.audit.small_bundle import make_bundle, manifest_of, pack
from tests.audit.small_log import LOG_VKEY, ORIGIN, Files, honest_entries, make_log, root_of
from tests.audit.time_authority import AT, CA, NOW_S, Forger

ENTRIES = honest_entries(300)
"""One a second from 05:00:00 on; the last says 05:04:59."""
NEWEST = checkpoint.parse(note.parse(make_log(ENTRIES)["checkpoint"]).text)
LAST = dt.datetime(2026, 11, 22, 5, 4, 59, tzinfo=dt.UTC)


def text_of(size: int) -> str:
    """Write the checkpoint of a size."""
    return Checkpoint(ORIGIN, size, root_of(ENTRIES[:size])).text()


def token(size: int, at: dt.datetime = AT, text: str = "") -> bytes:
    """Stamp a size of the log, or another text."""
    return Forger(text=text or text_of(size), at=at.strftime("%Y%m%d%H%M%SZ").encode()).token()


def log_with(*tokens: tuple[int, bytes]) -> Files:
    """Give the log with tokens beside it."""
    return Files(make_log(ENTRIES) | {timestamps.PATH: timestamps.encode(tokens)})


def judged(files: Files) -> list[Finding]:
    """Verify a log with its tokens and give all that is found."""
    found = timestamps.read(files, CA.pinned, now_s=NOW_S)
    report = verify_log(files, now_s=NOW_S, checkers=[found])
    assert report.shown is not None
    return [*report.findings, *found.judge(files, report.shown.newest.checkpoint)]


def split(raw: bytes) -> list[tuple[int, bytes]]:
    """Split a file of tokens."""
    return list(timestamps.split(raw))


FRAMES = timestamps.encode([(5, b"five"), (9, b"nine!")])


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"x", 0),
        (b"token 0 1\nx", 0),
        (b"token 5 0\n", 0),
        (b"token 05 1\nx", 0),
        (b"token 5 1\r\nx", 0),
        (b"token 5 2\nx", 0),
        (b"token 5 32769\n" + b"x" * 32_769, 0),
        (FRAMES + b"\n", len(FRAMES)),
        (FRAMES[:-1], 14),
    ],
)
def test_a_frame_is_exact(raw: bytes, place: int) -> None:
    """No other spelling, nothing between or after, nothing cut short, nothing longer than a token."""
    with pytest.raises(AuditError) as caught:
        split(raw)
    sentence = f"byte {place} of the tokens begins no whole token"
    assert (caught.value.rule, caught.value.sentence) == ("timestamps.form", sentence)


def test_frames_come_out_as_they_went_in() -> None:
    """Sizes ascend; the longest token fits; an empty file is none."""
    assert FRAMES == b"token 5 4\nfivetoken 9 5\nnine!"
    assert split(FRAMES) == [(5, b"five"), (9, b"nine!")]
    longest = b"x" * timestamp.MAX_TOKEN_BYTES
    assert split(timestamps.encode([(5, longest)])) == [(5, longest)]
    assert split(b"") == []


@pytest.mark.parametrize("second", [4, 5])
def test_sizes_ascend(second: int) -> None:
    """The same size twice, or a smaller one later, is no file of ours."""
    with pytest.raises(AuditError) as caught:
        split(timestamps.encode([(5, b"x"), (second, b"x")]))
    sentence = f"the tokens have size {second} after 5"
    assert (caught.value.rule, caught.value.sentence) == ("timestamps.order", sentence)


def test_true_tokens_are_good() -> None:
    """Whatever sizes were stamped, full tiles and not; a log without tokens is good as well."""
    sizes = (1, 255, 256, 257, 300)
    assert judged(log_with(*((size, token(size)) for size in sizes))) == []
    assert judged(make_log(ENTRIES)) == []
    assert judged(log_with()) == []
    found = timestamps.read(log_with((5, token(5))), CA.pinned, now_s=NOW_S)
    assert [(each.size, each.stated.at) for each in found.tokens] == [(5, AT)]


def test_what_came_while_the_log_was_read_is_left() -> None:
    """A token over more entries than the checkpoint names is no fault, and nothing is said of it."""
    assert judged(log_with((5, token(5)), (301, token(301, text="another\n")))) == []


def test_a_token_over_another_log_is_named() -> None:
    """The text is written from this log's own tree: another root, another size or another log's name do not fit."""
    sentence = "the token is over another checkpoint"
    for text in (text_of(6), Checkpoint("other.example", 5, root_of(ENTRIES[:5])).text()):
        named = [Finding("timestamp.imprint", None, f"size 5: {sentence}")]
        assert judged(log_with((5, token(5, text=text)), (9, token(9)))) == named


def test_a_strangers_token_is_named_beside_the_good_ones() -> None:
    """One that the pinned authority did not give bounds nothing, and the others are still held."""
    stranger = made.Pair(made.certified("Jam", made.p256(8), purpose=made.TIME_STAMPING), made.p256(8))
    bad = Forger(clock=stranger, text=text_of(5), at=b"20261122040000Z").token()
    found = judged(log_with((5, bad), (9, token(9))))
    assert found == [Finding("timestamp.authority", None, "size 5: no pinned certificate stands behind the token")]


def test_a_file_that_is_none_is_named() -> None:
    """What comes before the fault is held; a tree that cannot be read says so."""
    files = log_with((5, token(5)))
    files[timestamps.PATH] += b"x"
    at = len(files[timestamps.PATH]) - 1
    assert judged(files) == [Finding("timestamps.form", None, f"byte {at} of the tokens begins no whole token")]
    found = timestamps.read(log_with((257, token(257))), CA.pinned, now_s=NOW_S)
    (missing,) = found.judge(Files({}), NEWEST)
    assert (missing.rule, missing.sentence) == ("source.absent", "size 257: tile/0/001 is missing")


def test_an_entry_is_not_younger_than_its_stamp() -> None:
    """Backdated tokens do not exist: an entry that claims a later time than the stamp over it lies, by five minutes."""
    good = LAST - dt.timedelta(minutes=5)
    assert judged(log_with((300, token(300, good)))) == []
    early = good - dt.timedelta(seconds=1)
    sentence = "says 2026-11-22T05:04:59.000000Z; an authority stamped it by 2026-11-22T05:04:58.000000Z"
    assert judged(log_with((300, token(300, early)))) == [Finding("time.stamped", 299, sentence)]
    assert judged(log_with((299, token(299, early)))) == []
    # A clock that may be a second late stamps a second later, for us.
    allowed = Forger(
        text=text_of(300), at=early.strftime("%Y%m%d%H%M%SZ").encode(), options=(made.sequence(made.integer(1)),)
    )
    assert judged(log_with((300, allowed.token()))) == []


def test_the_earliest_of_all_stamps_counts() -> None:
    """A later token over more of the log says the same of what lies under both, and one before says nothing after."""
    early = LAST - dt.timedelta(minutes=5, seconds=2)
    found = judged(log_with((290, token(290, LAST)), (300, token(300, early))))
    assert [(each.rule, each.index) for each in found] == [("time.stamped", 298), ("time.stamped", 299)]
    found = judged(log_with((299, token(299, early)), (300, token(300, LAST))))
    assert [each.index for each in found] == [298]


def test_a_pattern_is_enough() -> None:
    """A forged log does not make the verifier print for ever."""
    assert len(judged(log_with((300, token(300, LAST - dt.timedelta(hours=1)))))) == 100


def test_it_waits_for_nothing() -> None:
    """The end of the log changes nothing."""
    found = Timestamps([])
    found.finish()
    assert found.violations == []


# ------------------------------------------------------------------------------------------------ the command line


def run(*arguments: object) -> Result:
    """Run a command; whatever happens, it ends by itself and without a traceback."""
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def lines(result: Result) -> dict[str, str]:
    """Read the printed lines; of repeated keys the last."""
    return dict(line.split(": ", 1) for line in result.output.splitlines())


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """Give the authority's certificate as an inspector has it."""
    place = tmp_path / "tsa.pem"
    place.write_bytes(CA.pem)
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder that holds a true log, stamped twice."""
    return log_with((5, token(5)), (300, token(300))).save(tmp_path / "log")


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the inspector's clock be the stamps' own."""
    monkeypatch.setattr(time, "time", lambda: float(NOW_S))


def test_an_inspector_brings_the_authority(folder: Path, pem: Path) -> None:
    """With its certificate the tokens are checked and told; without, they are there and said to be unchecked."""
    result = run("verify", folder, "--log-key", LOG_VKEY, "--tsa", pem)
    assert (result.exit_code, lines(result)["result"]) == (0, "good")
    assert lines(result)["timestamps"] == "2, 300 entries 2026-11-22T06:00:00Z CN=Jam Contoh"
    result = run("verify", folder, "--log-key", LOG_VKEY)
    assert lines(result)["timestamps"] == "unchecked: bring the authority's certificate, --tsa"
    assert (result.exit_code, "timestamps" in lines(run("verify", folder, "--hashes-only"))) == (0, False)


def test_no_tokens_are_none(tmp_path: Path, pem: Path) -> None:
    """A log that nobody stamped is as good as it was."""
    bare = make_log(ENTRIES).save(tmp_path / "bare")
    assert lines(run("verify", bare, "--tsa", pem))["timestamps"] == "0"
    assert "timestamps" not in lines(run("verify", bare))
    empty = log_with().save(tmp_path / "empty")
    assert "timestamps" not in lines(run("verify", empty))


def test_a_lying_stamp_makes_a_log_bad(tmp_path: Path, pem: Path) -> None:
    """Exit 1 and the rule, whether it is the token that lies or the entry under it."""
    other = log_with((5, token(5, text="other\n"))).save(tmp_path / "other")
    result = run("verify", other, "--tsa", pem)
    assert (result.exit_code, lines(result)["rule"], lines(result)["first_bad_index"]) == (
        1,
        "timestamp.imprint",
        "unknown",
    )
    early = log_with((300, token(300, LAST - dt.timedelta(minutes=6)))).save(tmp_path / "early")
    result = run("verify", early, "--tsa", pem)
    assert (result.exit_code, lines(result)["rule"], lines(result)["first_bad_index"]) == (1, "time.stamped", "240")


def test_a_bundle_carries_its_stamps(tmp_path: Path, pem: Path) -> None:
    """The evidence zip is checked alike; the file of tokens is one of its members."""
    files = make_bundle(ENTRIES)
    files[timestamps.PATH] = timestamps.encode([(300, token(300))])
    zipped = pack(tmp_path / "evidence.zip", {**files, MANIFEST_PATH: manifest_of(files, ENTRIES)})
    result = run("verify", zipped, "--log-key", LOG_VKEY, "--tsa", pem)
    assert (result.exit_code, lines(result)["timestamps"][:2]) == (0, "1,")


def test_one_token_is_checked_by_itself(tmp_path: Path, pem: Path) -> None:
    """Over a checkpoint as the log shows it; what is not checked is said."""
    stamped, sealed = tmp_path / "segel.tst", tmp_path / "segel.txt"
    sealed.write_bytes(make_log(ENTRIES)["checkpoint"])
    options = (made.sequence(made.integer(2)),)
    stamped.write_bytes(Forger(text=text_of(300), options=options).token())
    result = run("timestamp", stamped, "--checkpoint", sealed, "--ca", pem)
    assert (result.exit_code, lines(result)) == (
        0,
        {
            "origin": ORIGIN,
            "size": "300",
            "root": note.encode_base64(NEWEST.root),
            "stamped_at": "2026-11-22T06:00:00Z +-2s",
            "authority": "CN=Jam Contoh",
            "serial": "77",
            "unchecked": "who signed the checkpoint, and what it is over: aid-audit verify tells",
            "result": "good",
        },
    )
    stamped.write_bytes(token(5))
    result = run("timestamp", stamped, "--checkpoint", sealed, "--ca", pem)
    assert (result.exit_code, lines(result)["rule"]) == (1, "timestamp.imprint")
    sealed.write_text("no checkpoint")
    assert lines(run("timestamp", stamped, "--checkpoint", sealed, "--ca", pem))["rule"] == "note.form"


def test_a_certificate_that_is_none_is_a_wrong_question(folder: Path) -> None:
    """Exit 2: the inspector brought something else."""
    result = run("verify", folder, "--tsa", folder / "checkpoint")
    assert result.exit_code == 2
    assert "not a certificate (PEM)" in result.output
