"""A key stamps receipts because the root named it and the log lists it; a list that says so must prove both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from audit import canonical, note, policy, stamp, stampkeys
from audit.errors import AuditError
from audit.policy import Policy
from audit.stampkeys import KeyList
from tests.audit.rotating import Growing
from tests.audit.small_log import LOG_VKEY, NOW_S, ORIGIN, WITNESSES, make_checkpoint, make_policy, root_of
from tests.audit.stamping import MONEY, STAMPER, STRANGER, VECTORS, listed, log_of, named, public_of, root, stamped

KEY = public_of(STAMPER)
TRUSTED = Policy.of_log_key(LOG_VKEY)


def check(keys: KeyList, *, number: int = 0) -> tuple[bytes, ...]:
    """Check a list as it travels, under a root."""
    read = stampkeys.parse(keys.encode())
    return stampkeys.check(read, TRUSTED, root_cert=root(number), now_s=NOW_S).keys


def test_the_keys_of_a_list_are_those_the_root_has_named() -> None:
    """Newest first, as listed; one that another root named is nobody's."""
    log = log_of(named(), named(key=public_of(STRANGER)), named(1, key=b"k" * 32))
    assert check(listed(log, 5, 4, 3)) == (public_of(STRANGER), KEY)
    assert check(listed(log, 5, 4, 3), number=1) == (b"k" * 32,)
    assert check(listed(log)) == ()


def test_a_list_says_under_which_checkpoint_it_lies() -> None:
    """So that a reader knows how old it is."""
    log = log_of(named())
    trust = stampkeys.check(listed(log, 3), TRUSTED, root_cert=root(), now_s=NOW_S).trust
    assert (trust.checkpoint.origin, trust.checkpoint.size) == (ORIGIN, log.size)


FORGERIES: dict[str, tuple[Callable[[Growing], KeyList], str, str]] = {
    "an entry that is not in the log": (
        lambda log: with_entry(listed(log, 3), log_of(named(key=public_of(STRANGER))).entries[3]),
        "inclusion.root",
        "",
    ),
    "another path": (
        lambda log: KeyList(
            listed(log, 3).checkpoint, (replace(listed(log, 3).keys[0], path=listed(log, 4).keys[0].path),)
        ),
        "inclusion.root",
        "",
    ),
    "another place": (
        lambda log: KeyList(listed(log, 3).checkpoint, (replace(listed(log, 3).keys[0], index=2),)),
        "inclusion.root",
        "",
    ),
    "a place beyond the checkpoint": (
        lambda log: KeyList(listed(log, 3).checkpoint, (replace(listed(log, 3).keys[0], index=99),)),
        "inclusion.index",
        "",
    ),
    "another entry of the log": (lambda log: listed(log, 4), "stamp.keys", "an entry of the list names no stamp key"),
    "a checkpoint nobody signed": (lambda log: listed(log, 3, key=WITNESSES[0]), "note.unsigned", ""),
    "a root that said it of another key": (
        lambda _log: listed(log_of(named(about=public_of(STRANGER))), 3),
        "stamp.keys",
        "the root of receipts has not named this stamp key",
    ),
    "a root that said it for another log": (
        lambda _log: listed(log_of(named(origin="other.example/log")), 3),
        "stamp.keys",
        "the root of receipts has not named this stamp key",
    ),
    "another root in its name": (
        lambda _log: listed(log_of(named(by=1)), 3),
        "stamp.keys",
        "the root of receipts has not named this stamp key",
    ),
    "the name of the root on another's certificate": (
        lambda _log: listed(log_of(replace(named(), certificate=named(1).certificate)), 3),
        "stamp.keys",
        "the certificate is not that of the root that is named",
    ),
    "a short key": (lambda _log: listed(log_of(named(key=b"k" * 31)), 3), "stamp.keys", "a stamp key is 32 bytes"),
}


def with_entry(keys: KeyList, raw: bytes) -> KeyList:
    """Put another entry into a list of one."""
    return KeyList(keys.checkpoint, (replace(keys.keys[0], entry=raw),))


@pytest.mark.parametrize("why", FORGERIES)
def test_a_forged_list_is_refused(why: str) -> None:
    """Whoever can stamp only with a key of their own needs a list that holds it."""
    forge, rule, sentence = FORGERIES[why]
    with pytest.raises(AuditError) as refusal:
        check(forge(log_of(named())))
    assert refusal.value.rule == rule
    assert refusal.value.sentence.startswith(sentence)


def test_an_entry_that_names_no_key_is_pointed_at() -> None:
    """By its place in the log."""
    with pytest.raises(AuditError) as refusal:
        check(listed(log_of(named()), 4))
    assert refusal.value.index == 4


def test_a_list_is_held_against_the_policys_witnesses() -> None:
    """As many as it asks for, and none from the future."""
    log = log_of(named())
    trusted = policy.parse(make_policy())

    def judged(time_s: int) -> tuple[bytes, ...]:
        sealed = make_checkpoint(log.size, root_of(log.entries), *WITNESSES[:3], time_s=time_s).decode()
        keys = replace(listed(log, 3), checkpoint=sealed)
        return stampkeys.check(keys, trusted, root_cert=root(), now_s=NOW_S).keys

    assert judged(NOW_S) == (KEY,)
    with pytest.raises(AuditError):
        judged(NOW_S + 4_000)


def test_a_list_is_read_up_to_its_limits() -> None:
    """Eight keys, the first entry of a log, and the last that can be counted to."""
    whole = listed(log_of(named()), *[3] * stampkeys.MAX_LISTED)
    assert stampkeys.parse(whole.encode()) == whole
    for index in (0, 2**53 - 1):
        one = replace(whole, keys=(replace(whole.keys[0], index=index),))
        assert stampkeys.parse(one.encode()) == one


def test_the_root_must_be_one() -> None:
    """Noise is no root."""
    with pytest.raises(AuditError) as refusal:
        stampkeys.check(listed(log_of(named()), 3), TRUSTED, root_cert=b"noise", now_s=NOW_S)
    assert refusal.value.rule == "receipt.certificate"


Members = dict[str, Any]


BENT: list[tuple[Callable[[Members], object], str, str]] = [
    (lambda members: members.update(keys="x"), "stamp.keys", "a list of stamp keys holds at most 8"),
    (
        lambda members: members.update(keys=members["keys"] * 9),
        "stamp.keys",
        "a list of stamp keys holds at most 8",
    ),
    (lambda members: members.pop("keys"), "stamp.keys", "a list of stamp keys holds at most 8"),
    (lambda members: members.update(checkpoint=1), "stamp.keys", "a member of the list is not text"),
    (lambda members: members.pop("checkpoint"), "stamp.keys", "a member of the list is not text"),
    (lambda members: members.update(more=1), "stamp.keys", "the list of stamp keys has other members"),
    (lambda members: members["keys"][0].update(more=1), "stamp.keys", "the list of stamp keys has other members"),
    (
        lambda members: members.update(keys=["x"]),
        "stamp.keys",
        "a stamp key is listed with its entry, index and path",
    ),
    (
        lambda members: members["keys"][0].update(path="x"),
        "stamp.keys",
        "a stamp key is listed with its entry, index and path",
    ),
    (lambda members: members["keys"][0].update(path=[1]), "stamp.keys", "a member of the list is not text"),
    (lambda members: members["keys"][0].pop("entry"), "stamp.keys", "a member of the list is not text"),
    (lambda members: members["keys"][0].update(entry="*"), "note.base64", ""),
    *(
        (
            lambda members, bad=bad: members["keys"][0].update(index=bad),
            "stamp.keys",
            "an index of the list is a number",
        )
        for bad in (True, "3", -1)
    ),
]


@pytest.mark.parametrize(("bend", "rule", "sentence"), BENT, ids=range(len(BENT)))
def test_a_malformed_list_is_refused(bend: Callable[[Members], object], rule: str, sentence: str) -> None:
    """Closed members, one spelling, few keys."""
    members: Members = json.loads(listed(log_of(named()), 3).encode())
    bend(members)
    with pytest.raises(AuditError) as refusal:
        stampkeys.parse(canonical.encode(members))
    assert refusal.value.rule == rule
    assert refusal.value.sentence.startswith(sentence)


def test_the_golden_list_holds_the_golden_key() -> None:
    """And the golden stamps are by it."""
    golden = json.loads(VECTORS.read_text())
    read = stampkeys.parse(golden["keys"].encode())
    root_cert = note.decode_base64(golden["root"])
    keys = stampkeys.check(read, Policy.of_log_key(golden["log_vkey"]), root_cert=root_cert, now_s=NOW_S)
    assert [note.encode_base64(each) for each in keys.keys] == [golden["key"]]
    for each in golden["stamps"]:
        stamp.verify(stamp.read(each["digits"]), keys.trust.checkpoint.origin, keys.keys)


def test_a_stamp_by_a_listed_key_is_believed() -> None:
    """From paper to root, as an inspector's own machine does it."""
    keys = stampkeys.check(listed(log_of(named()), 3), TRUSTED, root_cert=root(), now_s=NOW_S)
    assert stamp.verify(stamp.read(stamped(MONEY)), ORIGIN, keys.keys) == KEY
