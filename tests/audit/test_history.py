"""The history of cosigned checkpoints: exact frames, ascending sizes, the log's own key, no witness back in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit import history, note, policy
from audit.errors import AuditError
from audit.policy import Policy
from tests.audit.small_log import LOG_KEY, LOG_VKEY, NOW_S, WITNESSES, make_checkpoint, make_policy

if TYPE_CHECKING:
    from audit.history import Mark

ROOT = b"r" * 32
W1, W2, W3, W4 = WITNESSES
TRUSTED = policy.parse(make_policy())
SMALL = make_checkpoint(5, ROOT, W1, W2, W3, time_s=NOW_S - 60)
LARGE = make_checkpoint(9, ROOT, W1, W2, time_s=NOW_S)


def read(raw: bytes, trusted: Policy = TRUSTED) -> list[Mark]:
    """Read a history at the usual time."""
    return list(history.read(raw, trusted, now_s=NOW_S))


def refused(raw: bytes) -> tuple[str, str]:
    """Give the rule and the sentence by which a history is refused."""
    with pytest.raises(AuditError) as caught:
        read(raw)
    return caught.value.rule, caught.value.sentence


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"x", 0),
        (b"note 0\n", 0),
        (b"note 05\nxxxxx", 0),
        (b"note 5\r\nxxxxx", 0),
        (b"note 5\nxxxx", 0),
        (b"note 65537\n" + b"x" * 65_537, 0),
        (b"note 9999999\n", 0),
        (history.encode([SMALL]) + b"\n", len(history.encode([SMALL]))),
        (history.encode([SMALL, LARGE])[:-1], len(history.encode([SMALL]))),
    ],
)
def test_a_frame_is_exact(raw: bytes, place: int) -> None:
    """No other spelling of a length, nothing between or after, nothing cut short, nothing longer than a note."""
    assert refused(raw) == ("history.form", f"byte {place} of the history begins no whole note")


def test_the_longest_note_fits_a_frame() -> None:
    """The limit of a frame is the limit of a note, and what lies in it is looked at elsewhere."""
    assert list(history.split(b"note 65536\n" + b"x" * note.MAX_NOTE_BYTES)) == [b"x" * note.MAX_NOTE_BYTES]


def test_a_true_history_tells_sizes_and_times() -> None:
    """A checkpoint without a quorum is history too, and has no time; an empty file is no history."""
    marks = read(history.encode([SMALL, LARGE]))
    assert [(mark.trust.checkpoint.size, mark.time_s) for mark in marks] == [(5, NOW_S - 60), (9, None)]
    assert [len(mark.trust.cosigned) for mark in marks] == [3, 2]
    assert marks[0].trust.log_key == LOG_KEY.verifier()
    assert read(b"") == []


def test_sizes_ascend() -> None:
    """The same size twice or a smaller one after a larger is no history of a log that only grows."""
    assert refused(history.encode([SMALL, SMALL])) == ("history.order", "the history has size 5 after 5")
    assert refused(history.encode([LARGE, SMALL])) == ("history.order", "the history has size 5 after 9")
    empty = make_checkpoint(0, note.decode_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="))
    assert [mark.trust.checkpoint.size for mark in read(history.encode([empty, SMALL]))] == [0, 5]


def test_no_witness_swears_to_a_larger_size_earlier() -> None:
    """B2: time may stand still for a witness while the log grows, and never run back; others' clocks are their own."""
    at_once = make_checkpoint(9, ROOT, W1, time_s=NOW_S - 60)
    before = make_checkpoint(9, ROOT, W1, time_s=NOW_S - 61)
    other = make_checkpoint(9, ROOT, W4, time_s=NOW_S - 61)
    assert len(read(history.encode([SMALL, at_once]))) == len(read(history.encode([SMALL, other]))) == 2
    sentence = f"{W1.name} cosigned size 9 before a smaller one"
    assert refused(history.encode([SMALL, before])) == ("cosignature.backwards", sentence)


def test_nothing_in_it_is_of_the_future() -> None:
    """B2: five minutes for a witness's clock, and not a second more."""
    assert len(read(history.encode([make_checkpoint(5, ROOT, W1, time_s=NOW_S + 300)]))) == 1
    late = history.encode([make_checkpoint(5, ROOT, W1, time_s=NOW_S + 301)])
    assert refused(late) == ("cosignature.future", f"{W1.name} cosigned in the future")


def test_the_log_has_signed_every_mark() -> None:
    """Cosignatures alone, or another log's word, are no history of this log."""
    stranger = note.SigningKey("other.example", b"o" * 32)
    text = note.parse(SMALL).text
    assert refused(history.encode([note.sign(text, stranger)]))[0] == "note.unsigned"
    foreign = note.sign(text.replace(LOG_KEY.name, stranger.name), stranger)
    assert refused(history.encode([foreign]))[0] == "policy.origin"
    assert refused(history.encode([b"x"]))[0] == "note.form"


def test_the_quorum_has_a_time() -> None:
    """It is filled by the last of those it needed, and not by whoever came after."""
    signed = note.parse(make_checkpoint(5, ROOT)).text
    lines = b"".join(
        note.parse(make_checkpoint(5, ROOT, witness, time_s=at)).signatures[1].line().encode()
        for witness, at in ((W1, 40), (W2, 10), (W3, 30), (W4, 20))
    )
    raw = note.sign(signed, LOG_KEY) + lines
    assert [mark.time_s for mark in read(history.encode([raw]))] == [30]
    everybody = policy.parse(make_policy("group all4 all three\nquorum all4"))
    assert [mark.time_s for mark in read(history.encode([raw]), everybody)] == [30]
    nobody = Policy.of_log_key(LOG_VKEY)
    assert [mark.time_s for mark in read(history.encode([raw]), nobody)] == [None]
