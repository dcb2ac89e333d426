"""What a policy says when it refuses, word for word with the number of the line, and what it gives back unchanged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit import note, policy
from audit.errors import AuditError, MalformedInput, QuorumMissing, SignatureFailed
from audit.note import COSIGNATURE, SigningKey
from audit.policy import Group, Named, Policy
from tests.audit.small_log import (
    LOG_KEY,
    LOG_VKEY,
    NOW_S,
    ORIGIN,
    WITNESSES,
    make_checkpoint,
    make_entries,
    make_policy,
    root_of,
)

ROOT = root_of(make_entries(5))
ONE, TWO = (each.verifier(COSIGNATURE) for each in WITNESSES[:2])
LOG = f"log {LOG_VKEY}\n"
ID = LOG_KEY.verifier().key_id.hex()
NEXT = SigningKey(ORIGIN, b"n" * 32)
END = "quorum none\n"

MALFORMED = [
    ("\x07\n", "policy.form", "a policy is short and has no control characters"),
    ("#" * 65_537, "policy.form", "a policy is short and has no control characters"),
    (LOG, "policy.form", "a policy has exactly one quorum line"),
    (END + END, "policy.form", "line 2: not a line of a policy"),
    ("\n# words\nlogs x\n" + END, "policy.form", "line 3: not a line of a policy"),
    (LOG + LOG + END, "policy.key_twice", f"line 2: the key of {ORIGIN} appears twice"),
    (
        f"log {ONE}\n" + END,
        "policy.key_type",
        f"line 1: the key of {ONE.name} has type 4, not 1",
    ),
    (
        f"witness a {LOG_VKEY}\n" + END,
        "policy.key_type",
        f"line 1: the key of {ORIGIN} has type 1, not 4",
    ),
    (f"witness a {ONE}\nwitness a {TWO}\n" + END, "policy.name", "line 2: a is defined already"),
    (f"witness a {ONE}\ngroup a any a\n" + END, "policy.name", "line 2: a is defined already"),
    (f"witness none {ONE}\n" + END, "policy.name", "line 1: none is defined already"),
    ("group a any b\n" + END, "policy.name", "line 1: b is not defined above"),
    ("quorum b\n", "policy.name", "line 1: b is not defined above"),
    (
        f"witness a {ONE}\ngroup b any a\ngroup c any a\n" + END,
        "policy.grouped_twice",
        "line 3: a is in a group already",
    ),
    (f"witness a {ONE}\ngroup b 2 a\n" + END, "policy.threshold", "line 2: 2 of 1 cannot be asked for"),
    (f"witness a {ONE}\ngroup b 0 a\n" + END, "policy.threshold", "line 2: 0 of 1 cannot be asked for"),
    (
        f"#range {ID} 0-5\n" + END,
        "policy.range",
        f"line 1: {ID} is no one key of a log above, or has its range",
    ),
    (
        LOG + f"#range {ID} 0-5\n" * 2 + END,
        "policy.range",
        f"line 3: {ID} is no one key of a log above, or has its range",
    ),
    (LOG + f"#range {ID} 5-4\n" + END, "policy.range", "line 2: a range from 5 to 4 holds nothing"),
    (
        LOG + f"#range {ID} 0-5-6\n" + END,
        "checkpoint.number",
        "line 2: a number has a leading zero, a stray sign or too many digits",
    ),
    (
        LOG + f"#range {ID} 5\n" + END,
        "checkpoint.number",
        "line 2: a number has a leading zero, a stray sign or too many digits",
    ),
]


@pytest.mark.parametrize(
    ("text", "rule", "sentence"), MALFORMED, ids=[f"{row[1]}-{at}" for at, row in enumerate(MALFORMED)]
)
def test_a_bad_line_is_named_by_its_number(text: str, rule: str, sentence: str) -> None:
    """An inspector who mistypes a policy is told where."""
    with pytest.raises(MalformedInput) as refusal:
        policy.parse(text.encode())
    assert (refusal.value.rule, refusal.value.sentence) == (rule, sentence)


def test_the_longest_policy_is_read() -> None:
    """The last allowed byte is allowed."""
    filler = "#" * (policy.MAX_POLICY_BYTES - len(LOG) - len(END) - 1) + "\n"
    assert len(LOG + filler + END) == policy.MAX_POLICY_BYTES
    assert policy.parse((LOG + filler + END).encode()) == Policy.of_log_key(LOG_VKEY)


def test_addresses_are_kept_as_they_were_written() -> None:
    """Where somebody is reached, or nothing where the policy does not say."""
    text = f"log {LOG_VKEY} https://a.example/log\nwitness w {ONE} https://w.example\nwitness v {TWO}\n{END}"
    parsed = policy.parse(text.encode())
    assert parsed == Policy(
        (Named(LOG_KEY.verifier(), "https://a.example/log"),),
        {"w": Named(ONE, "https://w.example"), "v": Named(TWO, "")},
    )
    assert policy.parse((LOG + END).encode()).logs == (Named(LOG_KEY.verifier(), ""),)
    assert parsed.of_log(str(NEXT.verifier())).logs == (Named(NEXT.verifier(), ""),)
    assert parsed.of_log(LOG_VKEY).logs == parsed.logs


def test_lines_of_a_log_are_written_as_they_are_read() -> None:
    """A key, its address, its sizes; what is not limited has no second line."""
    bare = Named(LOG_KEY.verifier(), "")
    assert policy.write_log_line(bare) == LOG
    assert policy.write_log_line(replace(bare, url="https://a.example")) == f"log {LOG_VKEY} https://a.example\n"
    assert policy.write_log_line(replace(bare, first=3)) == f"{LOG}#range {ID} 3-\n"
    assert policy.write_log_line(replace(bare, last=3)) == f"{LOG}#range {ID} 0-3\n"
    limited = (replace(bare, first=3), replace(bare, first=1, last=9), replace(bare, last=0))
    # An address is opaque: neither a capital nor a blank of another script at its end is ours to take away.
    reached = (replace(bare, url="https://a.example/X"), replace(bare, url="https://a.example/\u2003"))
    for named in (bare, *limited, *reached):
        assert policy.parse((policy.write_log_line(named) + END).encode()).logs == (named,)


def test_further_keys_are_of_the_same_log_and_new() -> None:
    """Neither another log's key nor a second range of a known one comes in beside."""
    trusted = Policy((Named(LOG_KEY.verifier(), "", 0, 5),))
    other = Named(SigningKey("other.example/log", b"o" * 32).verifier(), "")
    following = Named(NEXT.verifier(), "")
    widened = trusted.with_keys([Named(LOG_KEY.verifier(), ""), other, following])
    assert widened.logs == (*trusted.logs, following)


def test_groups_are_kept_as_they_were_defined() -> None:
    """Words and numbers for how many."""
    lines = f"witness a {ONE}\nwitness b {TWO}\ngroup both all a b\ngroup one any both\nquorum one\n"
    parsed = policy.parse((LOG + lines).encode())
    assert parsed.groups == {"both": Group(2, ("a", "b")), "one": Group(1, ("both",))}
    assert (parsed.quorum, parsed.has_quorum) == ("one", True)
    assert not policy.parse((LOG + END).encode()).has_quorum


UNTRUSTED: list[tuple[bytes, Policy, int | None, type[AuditError], str, int | None, str]] = [
    (
        make_checkpoint(5, ROOT),
        Policy(()),
        None,
        SignatureFailed,
        "policy.origin",
        None,
        f"no key is trusted for the log {ORIGIN}",
    ),
    (
        make_checkpoint(5, ROOT),
        Policy((Named(LOG_KEY.verifier(), "", 0, 4),)),
        None,
        SignatureFailed,
        "policy.range",
        4,
        f"size 5 is not one that {LOG_VKEY} signs",
    ),
    (
        make_checkpoint(5, ROOT),
        Policy((Named(LOG_KEY.verifier(), "", 6, None),)),
        None,
        SignatureFailed,
        "policy.range",
        None,
        f"size 5 is not one that {LOG_VKEY} signs",
    ),
    (
        make_checkpoint(5, ROOT),
        Policy((Named(LOG_KEY.verifier(), "", 6, 9),)),
        None,
        SignatureFailed,
        "policy.range",
        None,
        f"size 5 is not one that {LOG_VKEY} signs",
    ),
    (
        make_checkpoint(5, ROOT, WITNESSES[0], time_s=NOW_S + 301),
        policy.parse(make_policy()),
        None,
        SignatureFailed,
        "cosignature.future",
        None,
        f"{ONE.name} cosigned in the future",
    ),
    (
        make_checkpoint(5, ROOT),
        Policy.of_log_key(LOG_VKEY),
        60,
        QuorumMissing,
        "policy.age",
        None,
        "without a quorum of witnesses nobody vouches for its age",
    ),
    (
        make_checkpoint(5, ROOT, *WITNESSES[:2]),
        policy.parse(make_policy()),
        None,
        QuorumMissing,
        "policy.quorum",
        None,
        "2 witnesses do not fill the quorum three",
    ),
    (
        make_checkpoint(5, ROOT, *WITNESSES[:3], time_s=NOW_S - 61),
        policy.parse(make_policy()),
        60,
        QuorumMissing,
        "policy.quorum",
        None,
        "0 witnesses do not fill the quorum three",
    ),
]


@pytest.mark.parametrize(
    ("raw", "trusted", "max_age_s", "kind", "rule", "index", "sentence"),
    UNTRUSTED,
    ids=[f"{row[4]}-{at}" for at, row in enumerate(UNTRUSTED)],
)
def test_who_is_not_trusted_is_told_why(  # noqa: PLR0917 - the columns of the table above
    raw: bytes,
    trusted: Policy,
    max_age_s: int | None,
    kind: type[AuditError],
    rule: str,
    index: int | None,
    sentence: str,
) -> None:
    """The rule, the first entry it touches, the sentence."""
    with pytest.raises(kind) as refusal:
        policy.check(note.parse(raw), trusted, now_s=NOW_S, max_age_s=max_age_s)
    assert (refusal.value.rule, refusal.value.index, refusal.value.sentence) == (rule, index, sentence)


def test_the_last_second_counts() -> None:
    """Exactly five minutes ahead is a clock, exactly as old as allowed is fresh."""
    trusted = policy.parse(make_policy())
    ahead = make_checkpoint(5, ROOT, *WITNESSES[:3], time_s=NOW_S + 300)
    policy.check(note.parse(ahead), trusted, now_s=NOW_S)
    old = make_checkpoint(5, ROOT, *WITNESSES[:3], time_s=NOW_S - 60)
    assert len(policy.check(note.parse(old), trusted, now_s=NOW_S, max_age_s=60).cosigned) == 3


def test_who_cosigned_too_long_ago_is_not_counted_among_those_who_vouch() -> None:
    """Three fresh ones fill the quorum; the fourth, of yesterday, is no part of what is reported."""
    fresh, old = (
        note.parse(make_checkpoint(5, ROOT, *WITNESSES[few], time_s=NOW_S - age))
        for few, age in ((slice(3), 0), (slice(3, 4), 61))
    )
    mixed = replace(fresh, signatures=(*fresh.signatures, old.signatures[-1]))
    trusted = policy.parse(make_policy())
    assert len(policy.check(mixed, trusted, now_s=NOW_S).cosigned) == 4
    vouching = policy.check(mixed, trusted, now_s=NOW_S, max_age_s=60).cosigned
    assert [each.key for each in vouching] == [each.verifier(COSIGNATURE) for each in WITNESSES[:3]]


def test_a_key_signs_from_its_first_size_to_its_last() -> None:
    """Both ends belong to it."""
    named = Named(LOG_KEY.verifier(), "", 3, 5)
    assert [size for size in range(8) if named.signs(size)] == [3, 4, 5]
    assert replace(named, last=None).signs(2**40)


def test_a_quorum_has_the_time_of_the_one_who_filled_it() -> None:
    """Sworn one after the other; nobody's word counts before the third."""
    trusted = policy.parse(make_policy())
    text = note.parse(make_checkpoint(5, ROOT)).text
    assert text.startswith(ORIGIN)
    signed = [
        policy.vouched(note.parse(make_checkpoint(5, ROOT, each, time_s=NOW_S - at)), trusted, now_s=NOW_S).cosigned[0]
        for at, each in enumerate(WITNESSES[:3])
    ]
    assert trusted.quorum_time_s(signed) == NOW_S
    assert trusted.quorum_time_s(signed[:2]) is None
    assert Policy.of_log_key(LOG_VKEY).quorum_time_s(signed) is None
