"""Keys that stamp receipts, replayed: named by the root's word and an administrator, once, and withdrawn for ever."""

from __future__ import annotations

import pytest

from audit import note
from audit.entry import parse_entry
from audit.errors import Finding
from audit.facts.custody import StampKeyNamed, StampKeyWithdrawn
from audit.replay import Replay
from audit.roots import fingerprint
from tests.audit.rotating import Growing
from tests.audit.stamping import STAMPER, STRANGER, named, public_of, root

KEY = public_of(STAMPER)


def replayed(log: Growing) -> Replay:
    """Replay a log."""
    replay = Replay()
    for index, raw in enumerate(log.entries):
        replay.apply(index, parse_entry(raw))
    replay.finish()
    return replay


def broken(log: Growing) -> list[Finding]:
    """Replay a log and give what its entries break."""
    return list(replayed(log).violations)


def founded() -> Growing:
    """Give a log that names root 0, with two administrators."""
    log = Growing()
    log.found(root=fingerprint(root()))
    return log


def withdrawn(key: bytes = KEY) -> StampKeyWithdrawn:
    """Say that a key is believed no longer."""
    return StampKeyWithdrawn(key=note.encode_base64(key), reason="hilang")


def test_keys_are_named_and_withdrawn_by_an_administrator() -> None:
    """And one before anybody is known, while the agency begins."""
    log = founded()
    log.say(named(), who="")
    log.entries[-1] = log.entries[-1].replace(b'"door":"job"', b'"door":"init"')
    log.say(named(key=public_of(STRANGER)))
    log.say(withdrawn())
    log.say(withdrawn(public_of(STRANGER)), who="budi")
    replay = replayed(log)
    assert list(replay.violations) == []
    assert replay.state.stamp_keys == {note.encode_base64(key): False for key in (KEY, public_of(STRANGER))}


@pytest.mark.parametrize(
    ("fact", "rule", "sentence"),
    [
        (named(about=b"x" * 32), "stamp.keys", "the root of receipts has not named this stamp key"),
        (named(by=1), "stamp.keys", "the root of receipts has not named this stamp key"),
        (named(key=b"x" * 31), "stamp.keys", "a stamp key is 32 bytes"),
        (
            named(1),
            "stamp.root",
            f"stamp key {note.encode_base64(KEY)} was named by {fingerprint(root(1))}, no root in use",
        ),
        (
            withdrawn(),
            "stamp.withdrawn",
            f"stamp key {note.encode_base64(KEY)} was never named, or was withdrawn before",
        ),
    ],
)
def test_a_key_without_the_roots_word_is_named(
    fact: StampKeyNamed | StampKeyWithdrawn, rule: str, sentence: str
) -> None:
    """Whoever writes the log has no root's key, which lies offline."""
    log = founded()
    index = log.say(fact)
    assert broken(log) == [Finding(rule, index, sentence)]


def test_a_withdrawn_key_never_comes_back() -> None:
    """Nor is one named twice, or withdrawn twice."""
    log, key = founded(), note.encode_base64(KEY)
    log.say(named())
    twice = log.say(named())
    log.say(withdrawn())
    again, back = log.say(withdrawn()), log.say(named())
    assert broken(log) == [
        Finding("stamp.twice", twice, f"stamp key {key} was named before"),
        Finding("stamp.withdrawn", again, f"stamp key {key} was never named, or was withdrawn before"),
        Finding("stamp.twice", back, f"stamp key {key} was named before"),
    ]


def test_nobody_names_a_key_by_hand() -> None:
    """Neither somebody without the role nor the system once the agency stands."""
    log = founded()
    log.staff()
    index = log.say(named(), who="joko")
    other = log.say(withdrawn(), who="")
    assert [(each.rule, each.index) for each in broken(log)] == [
        ("authority.role", index),
        ("authority.nobody", other),
    ]
