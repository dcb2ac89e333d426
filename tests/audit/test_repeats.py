"""What came twice is found wherever the two lie, and memory holds little of what lies between them."""

from __future__ import annotations

import errno
import io
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from audit import repeats
from audit.errors import Finding, SourceFailed
from audit.policy import Policy
from audit.repeats import Repeats
from audit.verify import verify_log
from tests.audit.small_log import LOG_VKEY, NOW_S, make_entries, make_log


def first_of(*keys: str) -> int | None:
    """Take keys and tell the first that had come before."""
    taken = Repeats()
    for index, key in enumerate(keys):
        taken.add(key, index)
    return taken.first()


def test_keys_that_all_differ_repeat_nothing() -> None:
    """An honest log accuses nobody, of nothing at all or of many entries."""
    assert first_of() is None
    assert first_of(*(f"{number:032x}" for number in range(3_000))) is None


def test_the_first_repeat_is_named_and_not_the_first_found() -> None:
    """D1: buckets are looked through one by one, and the index that counts is the lowest of all."""
    keys = [f"{number:032x}" for number in range(2_000)]
    assert first_of(*keys, keys[7]) == 2_000
    assert first_of(*keys, *keys[::-1], *keys) == 2_000
    assert first_of("a", "a", "a") == 1


def test_keys_that_share_half_their_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest log is not accused because 64 bits of two keys happen to be the same."""
    monkeypatch.setattr(repeats, "hash", lambda key: hash(key) if key.endswith(".") else 7, raising=False)
    assert first_of("a", "b", "c") is None
    assert first_of("a", "b", "c", "b") == 3


@pytest.mark.parametrize("place", [0, 1, 9, 10, 11, 19, 20, 25])
def test_a_repeat_is_found_across_what_was_spilled(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    """The two may lie in memory, in one part of the file, in two, or on both sides."""
    monkeypatch.setattr(repeats, "MAX_HELD", 10)
    keys = [f"{number:032x}" for number in range(26)]
    assert first_of(*keys) is None
    assert first_of(*keys, keys[place], "more", *keys) == 26


def test_two_hundred_thousand_keys_take_half_a_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    """What grows with the log grows on the disk; in a set of texts these keys would take twenty megabytes."""
    monkeypatch.setattr(repeats, "MAX_HELD", 2_000)
    tracemalloc.start()
    taken = Repeats()
    for index in range(200_000):
        taken.add(str(index), index)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken.first() is None
    assert peak < 2**19


class BrokenDisk(io.BytesIO):
    """A disk that takes what is written and does not give it back."""

    def seek(self, *_: int) -> int:
        """Fail as a disk does."""
        raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_forgets_is_a_finding_and_not_a_verdict_of_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """V1: whoever cannot look for repeats has not found that there are none."""
    monkeypatch.setattr(repeats, "MAX_HELD", 2)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: BrokenDisk())
    report = verify_log(make_log(make_entries(9)), now_s=NOW_S, trusted=Policy.of_log_key(LOG_VKEY))
    assert report.findings == (Finding("repeats.file", None, "temporary files cannot be used: Input/output error"),)


@pytest.mark.parametrize("is_written", [True, False])
def test_a_disk_that_gives_out_is_told_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_written: bool
) -> None:
    """V1: a log may be longer than the inspector's disk has room for."""
    if not is_written:
        monkeypatch.setattr(repeats, "MAX_HELD", 1)
    taken = Repeats()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    if is_written:
        taken.add("a", 0)
        assert taken.first() is None
        return
    with pytest.raises(SourceFailed) as refusal:
        taken.add("a", 0)
    assert refusal.value.rule == "repeats.file"
    assert refusal.value.sentence == "temporary files cannot be used: No such file or directory"
