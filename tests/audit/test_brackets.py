"""Times of entries between cosigned checkpoints (B1): overlapping acts verify, a clock set back does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from audit import brackets, history, merkle, policy
from audit.brackets import LONGEST_ACT_S, Brackets
from audit.entry import encode_entry
from audit.errors import Finding
from audit.policy import Policy
from audit.verify import Report, verify_log
from tests.audit.small_log import (
    LOG_VKEY,
    NOW_S,
    WITNESSES,
    Files,
    make_checkpoint,
    make_entry,
    make_log,
    make_policy,
    root_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNT = 12
TRUSTED = policy.parse(make_policy())
THREE = WITNESSES[:3]
BEGAN_S = NOW_S - 100_000
STEP_S = 5_000
"""Seconds between one entry and the next of the honest log."""


def text_of(time_s: float) -> str:
    """Write a second as entries do."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entries_at(times: Mapping[int, float]) -> list[bytes]:
    """Make the log's entries, one each step, but for those told to claim another time."""
    return [
        encode_entry(replace(make_entry(number), recorded_at=text_of(times.get(number, BEGAN_S + number * STEP_S))))
        for number in range(COUNT)
    ]


def log_of(times: Mapping[int, float] | None = None, marks: tuple[int, ...] = (4, 8)) -> Files:
    """Lay out a log whose entries are cosigned as soon as they are there, at the sizes of `marks` and at the end."""
    entries = entries_at(times or {})
    files = make_log(entries)
    files["checkpoint"] = sworn(entries, COUNT)
    files["history"] = history.encode(sworn(entries, size) for size in marks)
    return files


def sworn(entries: list[bytes], size: int) -> bytes:
    """Have a checkpoint cosigned one second after its last entry was due."""
    return make_checkpoint(size, root_of(entries[:size]), *THREE, time_s=BEGAN_S + (size - 1) * STEP_S + 1)


def verify(files: Files, trusted: Policy = TRUSTED) -> Report:
    """Verify at the usual time."""
    return verify_log(files, now_s=NOW_S, trusted=trusted)


SWORN_4 = BEGAN_S + 3 * STEP_S + 1
SWORN_8 = BEGAN_S + 7 * STEP_S + 1


def test_times_between_cosignatures_are_believed() -> None:
    """Each entry came after one checkpoint was sworn to and before the next."""
    report = verify(log_of())
    assert (report.findings, report.bracketed) == ((), "yes")


def test_overlapping_acts_verify() -> None:
    """THREATS 9: a long act commits late, so that its time lies before those of entries that precede it."""
    report = verify(log_of({6: SWORN_4 - LONGEST_ACT_S + 1, 7: BEGAN_S + 4 * STEP_S}))
    assert (report.findings, report.bracketed) == ((), "yes")


@pytest.mark.parametrize(
    ("at", "is_good"),
    [
        (SWORN_4 - LONGEST_ACT_S, False),
        (SWORN_4 - LONGEST_ACT_S + 0.000001, True),
        (SWORN_8 + 300, True),
        (SWORN_8 + 300.000001, False),
    ],
)
def test_a_time_outside_its_bracket_is_named(at: float, is_good: bool) -> None:
    """B1: no earlier than the longest act before the last oath, no later than five minutes after the next."""
    report = verify(log_of({5: at}))
    if is_good:
        assert (report.findings, report.bracketed) == ((), "yes")
        return
    after, by = text_of(SWORN_4 - LONGEST_ACT_S), text_of(SWORN_8 + 300)
    sentence = f"says {text_of(at)}; it came after {after}, by {by}"
    assert report.findings == (Finding("time.bracket", 5, sentence),)
    assert report.bracketed == "until 5"


def test_a_clock_set_back_is_named_by_its_first_entry() -> None:
    """THREATS 9: a Plt whose term ended last week acts once more, on a server that says it is last week."""
    back = {number: BEGAN_S + number * STEP_S - 7 * 86_400 for number in (9, 10, 11)}
    report = verify(log_of(back))
    assert [each.index for each in report.findings] == [9, 10, 11]
    assert report.bracketed == "until 9"


def test_the_first_bracket_has_no_beginning() -> None:
    """Before the first oath nobody outside knew the log: only the later bound holds."""
    assert verify(log_of({0: BEGAN_S - 10**8})).bracketed == "yes"
    report = verify(log_of({0: SWORN_4 + 301}))
    sentence = f"says {text_of(SWORN_4 + 301)}; it came after the beginning, by {text_of(SWORN_4 + 300)}"
    assert report.findings == (Finding("time.bracket", 0, sentence),)


@pytest.mark.parametrize(
    ("at", "is_good"), [(SWORN_8 - LONGEST_ACT_S, False), (SWORN_8 - LONGEST_ACT_S + 0.000001, True)]
)
def test_after_the_last_oath_only_the_beginning_is_bounded(at: float, is_good: bool) -> None:
    """B1 on a busy log: what witnesses have not seen yet came later than what they have; they say no more of it."""
    files = log_of({9: at, 11: NOW_S + 10**6}, marks=(4,))
    entries = entries_at({9: at, 11: NOW_S + 10**6})
    files["checkpoint"] = make_checkpoint(COUNT, root_of(entries))
    files["checkpoint.witnessed"] = sworn(entries, 8)
    report = verify(files)
    if is_good:
        assert (report.findings, report.bracketed) == ((), "yes")
        return
    sentence = f"says {text_of(at)}; it came after {text_of(at)}, by ~"
    assert report.findings == (Finding("time.bracket", 9, sentence),)
    assert report.bracketed == "until 9"


def test_without_history_or_witnesses_times_are_claims() -> None:
    """Not a fault, but said: nobody outside swore when anything was not there yet."""
    files = log_of()
    assert verify(files, Policy.of_log_key(LOG_VKEY)).bracketed == brackets.NO
    files["history"] = b""
    assert (verify(files).is_good, verify(files).bracketed) == (True, "no")
    del files["history"]
    assert (verify(files).is_good, verify(files).bracketed) == (True, "no")


def test_marks_without_a_quorum_bound_nothing() -> None:
    """Two of four have sworn: it is history, and its root must be right, but no time comes of it."""
    entries = entries_at({})
    files = log_of()
    few = make_checkpoint(4, root_of(entries[:4]), *WITNESSES[:2], time_s=BEGAN_S - 10**6)
    files["history"] = history.encode([few, sworn(entries, 8)])
    assert (verify(files).findings, verify(files).bracketed) == ((), "yes")


def test_an_earlier_oath_to_the_newest_size_counts() -> None:
    """A heartbeat makes the newest checkpoint younger; what was sworn first is sharper."""
    files = log_of({11: SWORN_8 + 25_000}, marks=(4, 8, 12))
    entries = entries_at({11: SWORN_8 + 25_000})
    files["checkpoint"] = make_checkpoint(COUNT, root_of(entries), *THREE, time_s=NOW_S)
    assert [each.index for each in verify(files).findings] == [11]
    files["history"] = history.encode(sworn(entries, size) for size in (4, 8))
    assert verify(files).findings == ()


def test_a_history_of_another_tree_is_betrayed() -> None:
    """F1, F2: what was signed and sworn to earlier is not what the entries hash to now."""
    entries = entries_at({})
    other = [*entries[:2], *entries[3:]]
    for size in (3, COUNT):
        files = log_of()
        files["history"] = history.encode([sworn([*other, entries[0]], size)])
        sentence = f"the first {size} entries are not those of the checkpoint of size {size} in the history"
        assert [(each.rule, each.sentence) for each in verify(files).findings] == [("history.root", sentence)]
    empty = log_of()
    empty["history"] = history.encode([make_checkpoint(0, merkle.EMPTY_ROOT, *THREE, time_s=5), sworn(entries, 8)])
    assert (verify(empty).findings, verify(empty).bracketed) == ((), "yes")


def test_a_log_that_grew_while_it_was_read_is_none_the_worse() -> None:
    """The history is served a moment later than the checkpoint and may know a larger one."""
    files = log_of()
    larger = make_checkpoint(COUNT + 1, b"r" * 32, *THREE, time_s=NOW_S)
    files["history"] += history.encode([larger])
    assert (verify(files).findings, verify(files).bracketed) == ((), "yes")


def test_a_bad_history_fails_and_the_entries_are_still_read() -> None:
    """B2 and forms: the fault is told, with whatever else there is."""
    files = log_of({5: BEGAN_S + 10**6})
    files["history"] += b"x"
    found = verify(files).findings
    assert [each.rule for each in found] == ["history.form", "time.bracket"]
    assert verify(files).bracketed == "no"


def test_a_log_of_another_name_has_another_history() -> None:
    """N2: a policy may know two logs; the history of one says nothing of the other."""
    files = log_of()
    files["history"] = b"note 3\nx\n\n"
    assert verify(files).findings[0].rule == "note.form"


def test_a_forged_log_does_not_make_the_verifier_print_for_ever() -> None:
    """Findings are capped, and an unbracketed log has none."""
    entry = make_entry(0)
    late = Brackets([(150, 5), (500, 6)])
    nothing = Brackets([])
    for index in range(500):
        late.apply(index, entry)
        nothing.apply(index, entry)
    assert (len(late.violations), late.violations[0].index) == (100, 0)
    assert (nothing.violations, nothing.verdict()) == ([], "no")


def test_a_reading_that_stops_believes_only_what_it_read() -> None:
    """The verdict reaches as far as the entries did."""
    begun = Brackets([(2, NOW_S), (4, NOW_S)])
    for index in range(3):
        begun.apply(index, make_entry(index))
    begun.finish()
    assert begun.verdict() == "until 3"
