"""A busy log: the newest checkpoint still lacks its witnesses (T1, T3, F1, F2, K1).

What stands beside it as witnessed is not believed for being there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from audit import cosignature, history, merkle, note, policy, shown
from audit.bundle import MANIFEST_PATH
from audit.checkpoint import Checkpoint
from audit.cli import main
from audit.errors import Finding
from audit.note import SigningKey
from audit.verify import Report, verify_log
from tests.audit import rotating
from tests.audit.small_bundle import make_bundle, manifest_of, pack
from tests.audit.small_log import (
    LOG_KEY,
    LOG_VKEY,
    NOW_S,
    WITNESSES,
    Files,
    honest_entries,
    make_checkpoint,
    make_entries,
    make_log,
    make_policy,
    root_of,
)
from tests.audit.test_verify import Listener

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 300
VOUCHED = 290
ENTRIES = make_entries(COUNT)
LOG = make_log(ENTRIES)
TRUSTED = policy.parse(make_policy())
THREE = WITNESSES[:3]
HOUR_S = 3600


@pytest.fixture(autouse=True)
def a_fast_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time of a cache pass almost at once."""
    monkeypatch.setattr(shown, "CACHED_S", 0.01)


def sealed(size: int, *witnesses: SigningKey, time_s: int = NOW_S, by: SigningKey = LOG_KEY) -> bytes:
    """Sign and cosign the log as it was with so many entries."""
    return make_checkpoint(size, root_of(ENTRIES[:size]), *witnesses, time_s=time_s, by=by)


def busy(witnessed: bytes | None = None, newest: bytes | None = None) -> Files:
    """Lay out a log whose newest checkpoint one witness has cosigned, and an earlier one three."""
    files = Files(LOG)
    files["checkpoint"] = newest or sealed(COUNT, WITNESSES[0])
    files["checkpoint.witnessed"] = witnessed or sealed(VOUCHED, *THREE)
    return files


def verify(files: Files, *checkers: Listener, max_age_s: int | None = None, hashes_only: bool = False) -> Report:
    """Verify as an inspector does who asks for three witnesses."""
    return verify_log(
        files, now_s=NOW_S, trusted=TRUSTED, checkers=checkers, max_age_s=max_age_s, hashes_only=hashes_only
    )


def sizes(report: Report) -> tuple[int, int]:
    """Return what may be relied on, and how much is newer."""
    assert report.shown is not None
    return report.shown.trust.checkpoint.size, report.shown.unwitnessed


@pytest.mark.parametrize("hashes_only", [False, True])
def test_a_busy_log_is_good_at_the_size_its_witnesses_saw(hashes_only: bool) -> None:
    """The newest checkpoint is a second old; the one before it is vouched for, and nothing newer goes unread."""
    listener = Listener()
    report = verify(busy(), listener, max_age_s=HOUR_S, hashes_only=hashes_only)
    assert report.is_good
    assert sizes(report) == (VOUCHED, COUNT - VOUCHED)
    assert listener.seen == ([] if hashes_only else list(range(COUNT)))
    assert report.trust is not None
    assert [each.key.name for each in report.trust.cosigned] == [each.name for each in THREE]


def test_a_newest_checkpoint_with_its_quorum_needs_no_older_one() -> None:
    """What lies beside it is not even looked at."""
    report = verify(busy(b"noise", sealed(COUNT, *THREE)))
    assert report.is_good
    assert sizes(report) == (COUNT, 0)


def test_nothing_was_vouched_for_so_far() -> None:
    """T3: no witnessed checkpoint is no excuse."""
    files = busy()
    del files["checkpoint.witnessed"]
    report = verify(files)
    assert report.findings == (Finding("policy.quorum", None, "1 witnesses do not fill the quorum three"),)
    assert report.trust is None


def test_without_a_quorum_to_fill_nobody_asks_for_the_older_one() -> None:
    """An age can only be vouched for by witnesses; another file does not change that."""
    alone = policy.parse(make_policy("quorum none"))
    report = verify_log(busy(), now_s=NOW_S, trusted=alone, max_age_s=HOUR_S)
    assert report.findings == (Finding("policy.age", None, "without a quorum of witnesses nobody vouches for its age"),)


@pytest.mark.parametrize(
    ("witnessed", "rule", "index", "sentence"),
    [
        (
            sealed(VOUCHED, *THREE, time_s=NOW_S - HOUR_S - 1),
            "policy.quorum",
            None,
            "checkpoint.witnessed: 0 witnesses do not fill the quorum three",
        ),
        (
            sealed(VOUCHED, *THREE[:2]),
            "policy.quorum",
            None,
            "checkpoint.witnessed: 2 witnesses do not fill the quorum three",
        ),
        (
            sealed(VOUCHED, *THREE, time_s=NOW_S + HOUR_S),
            "cosignature.future",
            None,
            "checkpoint.witnessed: witness1.example cosigned in the future",
        ),
        (
            make_checkpoint(COUNT + 1, merkle.leaf_hash(b"x"), *THREE),
            "witnessed.ahead",
            COUNT,
            "witnesses have cosigned 301 entries, and the log shows 300",
        ),
        (
            make_checkpoint(COUNT, merkle.leaf_hash(b"x"), *THREE),
            "witnessed.root",
            None,
            "checkpoint.witnessed is another one of 300 entries",
        ),
        (
            make_checkpoint(VOUCHED, merkle.leaf_hash(b"x"), *THREE),
            "witnessed.root",
            None,
            "the first 290 entries are not those of checkpoint.witnessed",
        ),
        (
            sealed(VOUCHED, *THREE, by=SigningKey(LOG_KEY.name, b"t" * 32)),
            "note.unsigned",
            None,
            "checkpoint.witnessed: no key that is trusted has signed",
        ),
        (b"noise", "note.form", None, "checkpoint.witnessed: a note is text, an empty line and signature lines"),
    ],
)
@pytest.mark.parametrize("hashes_only", [False, True])
def test_a_witnessed_checkpoint_that_is_not_one_is_bad(
    witnessed: bytes, rule: str, index: int | None, sentence: str, hashes_only: bool
) -> None:
    """T1, F1, F2: too old, too few, postdated, more than the log shows, of another history, a stranger's, or noise."""
    report = verify(busy(witnessed), max_age_s=HOUR_S, hashes_only=hashes_only)
    assert report.findings == (Finding(rule, index, sentence),)


def test_another_citys_witnessed_checkpoint_is_not_ours() -> None:
    """N2: an inspector of two logs believes each for itself."""
    other = SigningKey("elsewhere.example/log", b"e" * 32)
    both = replace(TRUSTED, logs=(*TRUSTED.logs, *policy.Policy.of_log_key(str(other.verifier())).logs))
    text = Checkpoint(other.name, VOUCHED, root_of(ENTRIES[:VOUCHED])).text()
    lines = "".join(cosignature.sign(text, each, time_s=NOW_S).line() for each in THREE)
    report = verify_log(busy((note.sign(text, other).decode() + lines).encode()), now_s=NOW_S, trusted=both)
    sentence = "checkpoint.witnessed is of elsewhere.example/log"
    assert report.findings == (Finding("witnessed.origin", None, sentence),)


def test_a_retired_key_vouches_for_nothing_new() -> None:
    """K1: the thief of a key whose time is over finds three witnesses; the log's own entries say it is over."""
    log, taken = rotating.rotated(*THREE)
    files = log.files(by=rotating.NEXT_KEY)
    old = log.seal(*THREE, by=LOG_KEY, size=taken + 2).encode()
    report = rotating.verify(Files(files | {"checkpoint.witnessed": old}), rotating.WITNESSED)
    sentence = f"size {taken + 2} is signed by {LOG_VKEY}, where the log's key is {rotating.vkey(rotating.NEXT_KEY)}"
    assert report.findings == (Finding("keys.range", taken, sentence),)
    good = log.seal(*THREE, by=LOG_KEY, size=taken).encode()
    assert rotating.verify(Files(files | {"checkpoint.witnessed": good}), rotating.WITNESSED).is_good


def test_a_retired_key_past_the_range_on_paper_is_not_even_read() -> None:
    """K1: a policy that says where the key ended needs no entry to refuse it."""
    log, taken = rotating.rotated(*THREE)
    lines = make_policy().decode().split("\n")
    lines[1:1] = [f"#range {LOG_KEY.verifier().key_id.hex()} 0-{taken}"]
    files = log.files(by=rotating.NEXT_KEY)
    files["checkpoint.witnessed"] = log.seal(*THREE, by=LOG_KEY, size=taken + 2).encode()
    report = rotating.verify(files, policy.parse("\n".join(lines).encode()))
    sentence = f"checkpoint.witnessed: size {taken + 2} is not one that {LOG_VKEY} signs"
    assert report.findings == (Finding("policy.range", taken, sentence),)


def test_what_came_after_the_witnesses_is_judged_as_well() -> None:
    """An entry that nobody outside has seen yet breaks no rule and changes no tile unnoticed."""
    against = Listener(against=[VOUCHED + 3])
    assert verify(busy(), against).findings == (Finding("rule.broken", VOUCHED + 3, "against the rules"),)
    edited = busy()
    edited["tile/entries/001.p/44"] = edited["tile/entries/001.p/44"].replace(b"repair 295", b"repair 925")
    assert [(each.rule, each.index) for each in verify(edited).findings] == [("entry.hash", 295)]
    bent = busy(newest=make_checkpoint(COUNT, merkle.leaf_hash(b"x")))
    assert [each.rule for each in verify(bent).findings] == ["log.root"]


class Growing(Files):
    """A log that grows: each time it is asked for its checkpoint it shows the next, in the end always the last."""

    def __init__(self, files: Files, *checkpoints: bytes) -> None:
        super().__init__(files)
        self.coming = list(checkpoints)

    def fetch(self, path: str, limit: int) -> bytes:
        """Show the next one."""
        if path == "checkpoint" and self.coming:
            self[path] = self.coming.pop(0)
        return super().fetch(path, limit)


@pytest.mark.parametrize("stale", [1, 2])
def test_a_log_that_grew_between_two_questions_is_not_behind(stale: int) -> None:
    """The witnessed one is larger than what a cache still showed a moment before."""
    growing = Growing(busy(), *[sealed(VOUCHED - 5)] * stale, sealed(COUNT))
    report = verify(growing)
    assert report.is_good
    assert sizes(report) == (VOUCHED, COUNT - VOUCHED)


def test_a_log_that_stays_behind_its_witnesses_is_bad() -> None:
    """T3: asked twice more, it still hides what they have seen."""
    report = verify(Growing(busy(), *[sealed(VOUCHED - 5)] * 3, sealed(COUNT)))
    assert [(each.rule, each.index) for each in report.findings] == [("witnessed.ahead", VOUCHED - 5)]


def test_times_are_bracketed_as_far_as_the_witnesses_word_goes() -> None:
    """B1: an entry after the last oath came later than it, and nothing says by when."""
    files = busy()
    files["history"] = history.encode([sealed(200, *THREE, time_s=NOW_S - 60)])
    report = verify(files)
    assert (report.is_good, report.bracketed) == (True, "yes")


@pytest.mark.parametrize("options", [(), ("--hashes-only",), ("--max-age", "1h")])
def test_the_commands_say_what_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """Of a folder, and of an evidence bundle, whose proofs are under its newest checkpoint."""
    monkeypatch.setattr("time.time", lambda: float(NOW_S))
    (tmp_path / "policy").write_bytes(make_policy())
    entries = honest_entries(COUNT)
    files = make_bundle(entries, proven=[7])
    files["checkpoint.witnessed"] = make_checkpoint(VOUCHED, root_of(entries[:VOUCHED]), *THREE)
    bundle = pack(tmp_path / "F.zip", {**files, MANIFEST_PATH: manifest_of(files, entries)})
    for place in (bundle, files.save(tmp_path / "log")):
        words = ["verify", str(place), "--policy", str(tmp_path / "policy"), *options]
        result = CliRunner().invoke(main, words)
        lines = result.output.splitlines()
        assert (result.exit_code, lines[-1]) == (0, "result: good")
        assert f"size: {VOUCHED}" in lines
        assert "unwitnessed: 10 entries newer than the witnesses' word" in lines
    files["checkpoint"] = make_checkpoint(COUNT, root_of(entries), *THREE)
    words[1] = str(files.save(tmp_path / "quiet"))
    assert "unwitnessed" not in CliRunner().invoke(main, words).output
