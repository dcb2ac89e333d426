"""Whom to believe: quorums of distinct keys (K3, W1), roles kept apart (N4), origins pinned (N2), time (B2, T3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit import cosignature, note, policy
from audit.errors import MalformedInput, QuorumMissing, SignatureFailed
from audit.note import COSIGNATURE, Note, SigningKey
from audit.policy import Policy, Trust
from tests.audit.small_log import LOG_KEY, LOG_VKEY, NOW_S, WITNESSES, make_checkpoint, make_policy

ROOT = b"r" * 32
W1, W2, W3, W4 = WITNESSES
W1_VKEY = str(W1.verifier(COSIGNATURE))


def check(raw: bytes, trusted: Policy | None = None, max_age_s: int | None = None) -> Trust:
    """Check a checkpoint against the usual policy, at the usual time."""
    return policy.check(note.parse(raw), trusted or policy.parse(make_policy()), now_s=NOW_S, max_age_s=max_age_s)


def test_three_of_four_are_enough() -> None:
    """W1: k witnesses fill the quorum, k-1 do not; the log's signature alone never does."""
    for few in ((), (W1,), (W1, W2), (W4, W2)):
        with pytest.raises(QuorumMissing):
            check(make_checkpoint(5, ROOT, *few))
    trust = check(make_checkpoint(5, ROOT, W1, W4, W2))
    assert [each.key.name for each in trust.cosigned] == [W1.name, W2.name, W4.name]
    assert (trust.checkpoint.size, trust.log_key) == (5, LOG_KEY.verifier())


def test_witnesses_do_not_replace_the_log() -> None:
    """N4: four cosignatures without the log's own signature are a note nobody trusted signed."""
    signed = note.parse(make_checkpoint(5, ROOT, *WITNESSES))
    with pytest.raises(SignatureFailed):
        check(replace(signed, signatures=signed.signatures[1:]).encode())


def test_repeating_a_witness_adds_nothing() -> None:
    """K3: one key counts once, however often it signs; its newest time is the one that counts."""
    with pytest.raises(QuorumMissing):
        check(make_checkpoint(5, ROOT, W1, W1, W1, W2))
    text = note.parse(make_checkpoint(5, ROOT)).text
    twice = Note(text, (cosignature.sign(text, W1, time_s=7), cosignature.sign(text, W1, time_s=5)))
    assert [each.time_s for each in cosignature.verify(twice, [W1.verifier(COSIGNATURE)])] == [7]


def test_one_key_under_two_names_is_one_witness() -> None:
    """K3: a cosignature does not commit to a name; counting is by public key even if a policy was built by hand."""
    alias = SigningKey("alias.example", W1.seed)
    keys = [W1.verifier(COSIGNATURE), alias.verifier(COSIGNATURE)]
    signed = note.parse(make_checkpoint(5, ROOT, W1, alias))
    good = cosignature.verify(signed, keys)
    assert len(good) == 2
    assert not policy.parse(make_policy("quorum three")).is_satisfied_by(good)


def test_a_bad_cosignature_of_a_known_witness_spoils_the_checkpoint() -> None:
    """A line moved from another checkpoint, or shortened, or without a time."""
    signed = note.parse(make_checkpoint(5, ROOT, *WITNESSES))
    other = note.parse(make_checkpoint(6, ROOT, *WITNESSES))
    for bad in (
        other.signatures[1],
        replace(signed.signatures[1], raw=signed.signatures[1].raw[:-1]),
        replace(signed.signatures[1], raw=bytes(8) + signed.signatures[1].raw[8:]),
    ):
        with pytest.raises(SignatureFailed) as refusal:
            check(replace(signed, signatures=(*signed.signatures[:1], bad, *signed.signatures[2:])).encode())
        assert refusal.value.rule == "cosignature.signature"


def test_every_flipped_bit_of_a_cosignature_is_seen() -> None:
    """Time, signature: every one of the 576 bits after the key ID."""
    signed = note.parse(make_checkpoint(5, ROOT, W1))
    line = signed.signatures[1]
    for bit in range(len(line.raw) * 8):
        raw = bytearray(line.raw)
        raw[bit // 8] ^= 1 << bit % 8
        bent = replace(signed, signatures=(replace(line, raw=bytes(raw)),))
        with pytest.raises(SignatureFailed):
            cosignature.verify(bent, [W1.verifier(COSIGNATURE)])


def test_a_cosignature_from_the_future_is_refused() -> None:
    """B2: five minutes are a clock, six are a lie."""
    check(make_checkpoint(5, ROOT, W1, W2, W3, time_s=NOW_S + 300))
    with pytest.raises(SignatureFailed) as refusal:
        check(make_checkpoint(5, ROOT, W1, W2, W3, time_s=NOW_S + 301))
    assert refusal.value.rule == "cosignature.future"


def test_old_cosignatures_do_not_count() -> None:
    """T3: a log shown as it was yesterday, its newer entries withheld."""
    stale = make_checkpoint(5, ROOT, W1, W2, W3, time_s=NOW_S - 3601)
    check(stale)
    with pytest.raises(QuorumMissing):
        check(stale, max_age_s=3600)
    check(make_checkpoint(5, ROOT, W1, W2, W3, time_s=NOW_S - 3600), max_age_s=3600)


def test_without_witnesses_nobody_vouches_for_the_age() -> None:
    """T3: asking for freshness of a log without a quorum is refused, not answered with yes."""
    with pytest.raises(QuorumMissing) as refusal:
        check(make_checkpoint(5, ROOT), Policy.of_log_key(LOG_VKEY), max_age_s=3600)
    assert refusal.value.rule == "policy.age"


def test_another_citys_checkpoint_is_not_ours() -> None:
    """N2: a good checkpoint whose origin is not the name of a trusted key."""
    other = SigningKey("other.example/log", b"o" * 32)
    with pytest.raises(SignatureFailed) as refusal:
        check(make_checkpoint(5, ROOT), Policy.of_log_key(str(other.verifier())))
    assert refusal.value.rule == "policy.origin"
    text = note.parse(make_checkpoint(5, ROOT)).text.replace("ledger.example/log", other.name)
    with pytest.raises(SignatureFailed):
        check(note.sign(text, LOG_KEY), Policy.of_log_key(LOG_VKEY))


def test_groups_may_hold_groups() -> None:
    """W1: KPK mandatory, and two of the other three."""
    lines = make_policy().decode().replace("group three 3 w1 w2 w3 w4\n", "").replace("quorum three\n", "")
    nested = policy.parse((lines + "group rest 2 w2 w3 w4\ngroup both all w1 rest\nquorum both\n").encode())
    check(make_checkpoint(5, ROOT, W1, W3, W4), nested)
    for few in ((W2, W3, W4), (W1, W2)):
        with pytest.raises(QuorumMissing):
            check(make_checkpoint(5, ROOT, *few), nested)
    any_one = policy.parse((lines + "group one any w1 w2\nquorum one").encode())
    check(make_checkpoint(5, ROOT, W2), any_one)
    single = policy.parse((lines + "quorum w3\n").encode())
    check(make_checkpoint(5, ROOT, W3), single)


def test_a_policy_may_leave_the_log_to_the_inspector() -> None:
    """C2SP tlog-policy: no log lines, comments in any octets, blanks of both kinds, no last newline."""
    raw = (
        b"# comment \xff\n\t \n  #x\n\twitness  \xc3\xa9 \t" + W1_VKEY.encode() + b" https://w.example\nquorum \xc3\xa9"
    )
    trusted = policy.parse(raw)
    assert trusted.witnesses["\u00e9"].url == "https://w.example"
    with pytest.raises(SignatureFailed):
        check(make_checkpoint(5, ROOT, W1), trusted)
    check(make_checkpoint(5, ROOT, W1), replace(trusted, logs=Policy.of_log_key(LOG_VKEY).logs))


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ("", "policy.form"),
        (f"log {LOG_VKEY}", "policy.form"),
        ("quorum none\nquorum none", "policy.form"),
        ("quorum", "policy.form"),
        ("quorum w1", "policy.name"),
        ("hello", "policy.form"),
        ("log", "policy.form"),
        (f"log {LOG_VKEY} a b", "policy.form"),
        (f"witness {W1_VKEY}", "policy.form"),
        ("group g all", "policy.form"),
        ("quorum\xa0none", "policy.form"),
        ("quorum none\r\n", "policy.form"),
        ("# \x7f\nquorum none", "policy.form"),
        ("#" * 65_537, "policy.form"),
        (f"log {W1_VKEY}\nquorum none", "policy.key_type"),
        (f"witness w {LOG_VKEY}\nquorum none", "policy.key_type"),
        (f"log {LOG_VKEY}\nlog {LOG_VKEY}\nquorum none", "policy.key_twice"),
        (f"witness a {W1_VKEY}\nwitness b {W1_VKEY}\nquorum none", "policy.key_twice"),
        (f"witness none {W1_VKEY}\nquorum none", "policy.name"),
        (f"witness a {W1_VKEY}\nwitness a {W2.verifier(COSIGNATURE)}\nquorum a", "policy.name"),
        (f"witness a {W1_VKEY}\ngroup a any a\nquorum a", "policy.name"),
        (f"witness a {W1_VKEY}\ngroup g any none\nquorum g", "policy.name"),
        (f"witness a {W1_VKEY}\ngroup g any b\nquorum g", "policy.name"),
        (f"witness a {W1_VKEY}\ngroup g any a a\nquorum g", "policy.grouped_twice"),
        (f"witness a {W1_VKEY}\ngroup g any a\ngroup h any a\nquorum h", "policy.grouped_twice"),
        (f"witness a {W1_VKEY}\ngroup g 2 a\nquorum g", "policy.threshold"),
        (f"witness a {W1_VKEY}\ngroup g 0 a\nquorum g", "policy.threshold"),
        (f"witness a {W1_VKEY}\ngroup g 01 a\nquorum g", "checkpoint.number"),
        ("witness a x\nquorum none", "vkey.form"),
        ("witness a \udcff+00000000+AAAA\nquorum none", "note.name"),
    ],
)
def test_a_careless_policy_is_refused(lines: str, rule: str) -> None:
    """A policy that could be read two ways, or that counts a key twice, is none."""
    with pytest.raises(MalformedInput) as refusal:
        policy.parse(lines.encode(errors="surrogateescape"))
    assert refusal.value.rule == rule


def test_roles_are_kept_apart_in_code_as_well() -> None:
    """N4: a log key is no witness, wherever it comes from."""
    with pytest.raises(MalformedInput):
        Policy.of_log_key(W1_VKEY)
    with pytest.raises(MalformedInput):
        cosignature.verify(note.parse(make_checkpoint(5, ROOT)), [LOG_KEY.verifier()])


@pytest.mark.parametrize("time_s", [0, -1, 2**63])
def test_a_cosignature_needs_a_time(time_s: int) -> None:
    """Nobody saw anything at the epoch."""
    with pytest.raises(MalformedInput):
        cosignature.sign("x\n", W1, time_s=time_s)


NEXT = SigningKey(LOG_KEY.name, b"n" * 32)
OLD_ID, NEXT_ID = (each.verifier().key_id.hex() for each in (LOG_KEY, NEXT))
TWO_KEYS = f"log {LOG_VKEY} https://a.example\n#range {OLD_ID} 0-9\nlog {NEXT.verifier()}\n#range {NEXT_ID} 10-\n"


def signed_by(*keys: SigningKey, size: int) -> bytes:
    """Sign a checkpoint of a size by some keys of the log."""
    return note.sign(note.parse(make_checkpoint(size, ROOT)).text, *keys)


def test_a_key_signs_its_own_sizes_only() -> None:
    """K1: of several keys of one log each has its range, to the entry; a second signature helps only in its own."""
    trusted = policy.parse(f"{TWO_KEYS}quorum none\n".encode())
    assert [(each.first, each.last) for each in trusted.logs] == [(0, 9), (10, None)]
    assert check(signed_by(LOG_KEY, size=9), trusted).log_key == LOG_KEY.verifier()
    assert check(signed_by(NEXT, size=10), trusted).log_key == NEXT.verifier()
    assert check(signed_by(LOG_KEY, NEXT, size=10), trusted).log_key == NEXT.verifier()
    for key, size, index in ((LOG_KEY, 10, 9), (LOG_KEY, 10**9, 9), (NEXT, 9, None)):
        with pytest.raises(SignatureFailed) as caught:
            check(signed_by(key, size=size), trusted)
        assert (caught.value.rule, caught.value.index) == ("policy.range", index)
        assert caught.value.sentence == f"size {size} is not one that {key.verifier()} signs"


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (f"#range {OLD_ID} 0-9\nlog {LOG_VKEY}", "policy.range"),
        (f"log {LOG_VKEY}\n#range {NEXT_ID} 0-9", "policy.range"),
        (f"log {LOG_VKEY}\n#range {OLD_ID} 0-9\n#range {OLD_ID} 0-9", "policy.range"),
        (f"log {LOG_VKEY}\n#range {OLD_ID} 9-8", "policy.range"),
        (f"log {LOG_VKEY}\n#range {OLD_ID} 9", "checkpoint.number"),
        (f"log {LOG_VKEY}\n#range {OLD_ID} 01-9", "checkpoint.number"),
        (f"log {LOG_VKEY}\n#range {OLD_ID} 0--", "checkpoint.number"),
        (f"log {LOG_VKEY}\n#range {OLD_ID} 0-9 and on", "policy.form"),
        (f"log {LOG_VKEY}\n#range {OLD_ID}", "policy.form"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(lines: str, rule: str) -> None:
    """A misspelt limit is no comment: the inspector would believe a retired key."""
    with pytest.raises(MalformedInput) as caught:
        policy.parse(f"{lines}\nquorum none\n".encode())
    assert caught.value.rule == rule


def test_a_range_of_one_size_and_a_comment_about_ranges() -> None:
    """Both ends are included; `# range` is a comment like any other."""
    trusted = policy.parse(f"# range of keys\n#ranges\nlog {LOG_VKEY}\n#range {OLD_ID} 7-7\nquorum none\n".encode())
    assert [trusted.logs[0].signs(size) for size in (6, 7, 8)] == [False, True, False]


def test_the_lines_of_a_key_are_read_back_as_written() -> None:
    """`aid-audit keys` prints what a policy takes."""
    trusted = policy.parse(f"{TWO_KEYS}quorum none\n".encode())
    assert "".join(policy.write_log_line(each) for each in trusted.logs) == TWO_KEYS
    assert policy.write_log_line(policy.Named(NEXT.verifier(), "")) == f"log {NEXT.verifier()}\n"
    begun = policy.Named(NEXT.verifier(), "", first=3)
    assert policy.write_log_line(begun) == f"log {NEXT.verifier()}\n#range {NEXT_ID} 3-\n"


def test_a_key_and_a_policy_mean_one_log() -> None:
    """The key says which log; where the policy knows that key it knows the log's other keys, too, and their ranges."""
    trusted = policy.parse(f"{TWO_KEYS}log {SigningKey('b.example', b'b' * 32).verifier()}\nquorum none\n".encode())
    assert trusted.of_log(str(NEXT.verifier())).logs == trusted.logs[:2]
    third = str(SigningKey(LOG_KEY.name, b"3" * 32).verifier())
    assert [str(each.key) for each in trusted.of_log(third).logs] == [third]
    with pytest.raises(MalformedInput):
        trusted.of_log(W1_VKEY)
