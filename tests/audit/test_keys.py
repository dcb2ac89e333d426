"""Keys of a log: the pinned one leads to its successors, and to nobody else's key (THREATS 11, attacks K1, K2, N3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit import keys, note, policy
from audit.errors import AuditError, MalformedInput, SignatureFailed
from audit.note import COSIGNATURE, SigningKey, VerifierKey
from audit.policy import Named
from tests.audit.rotating import (
    HOUR,
    LATER_S,
    NEXT_KEY,
    PINNED,
    STRANGER,
    THIRD_KEY,
    THREE,
    WITNESSED,
    Growing,
    begun,
    fault,
    rotated,
    verify,
    vkey,
)
from tests.audit.small_log import LOG_KEY, LOG_VKEY, ORIGIN

if TYPE_CHECKING:
    from tests.audit.small_log import Files


# ------------------------------------------------------------------------------------------------ who may rotate


def test_the_thief_of_the_old_key_cannot_rotate() -> None:
    """THREATS 11: with the key alone he can sign a fork and a rotation in it, but no witness has seen either."""
    log, taken = rotated()
    rule, index, sentence = fault(log.files(*THREE), WITNESSED)
    assert (rule, index) == ("keys.quorum", taken)
    assert sentence == "the witnesses' quorum has not seen the announcement"


def test_two_witnesses_of_three_are_no_quorum_for_a_rotation() -> None:
    """THREATS 11: what the policy asks of a checkpoint it asks of a rotation."""
    log, taken = rotated(*THREE[:2])
    assert fault(log.files(*THREE), WITNESSED)[:2] == ("keys.quorum", taken)


def test_the_thief_cannot_show_the_witnesses_words_about_another_history() -> None:
    """K2: checkpoints that the quorum did sign, of the true log, do not carry a fork that restarts under its origin."""
    true, _ = rotated(*THREE)
    seen, kept = true.seal(*THREE, size=7), true.seal(*THREE, size=9)
    forged = Growing()
    forged.found()
    forged.propose()
    forged.announce()
    forged.pad(6)
    forged.at += 73 * HOUR
    log = replace(true, at=forged.at - 73 * HOUR)
    seen = log.seal(*THREE, size=7)
    kept = replace(true, at=forged.at).seal(*THREE, size=9)
    taken = forged.take(seen, kept)
    assert fault(forged.files(*THREE), WITNESSED) == (
        "keys.history",
        taken,
        "the rotation rests on another history: its 7 entries are not the first of these",
    )


def test_witnesses_must_have_seen_it_for_72_hours() -> None:
    """THREATS 11: claimed times may lie; the witnesses' own clocks say how long it was there to be read."""
    log = begun()
    log.announce()
    seen = log.seal(*THREE)
    log.at += 71 * HOUR
    kept = log.seal(*THREE)
    log.at += 2 * HOUR
    taken = log.take(seen, kept)
    assert fault(log.files(*THREE), WITNESSED) == (
        "keys.quorum",
        taken,
        "the witnesses' quorum has not seen the announcement for 72 hours",
    )
    assert verify(log.files()).is_good


def test_a_clock_that_runs_ahead_shortens_nothing() -> None:
    """B2: a cosignature dated after the entry that shows it is none."""
    log = begun()
    log.announce()
    seen = log.seal(*THREE)
    log.at += 73 * HOUR
    ahead = Growing(log.entries, log.at + HOUR / 60 * 6).seal(*THREE)
    taken = log.take(seen, ahead)
    assert fault(log.files(*THREE), WITNESSED)[:2] == ("keys.quorum", taken)
    log.entries.pop()
    log.take(seen, Growing(log.entries, log.at + HOUR / 60 * 5).seal(*THREE))
    assert verify(log.files(*THREE), WITNESSED).is_good


def test_without_witnesses_the_log_claims_its_times() -> None:
    """Who asks for no witnesses is shown the rotation by the log's word alone, and even that must be 72 hours."""
    log, _ = rotated()
    assert verify(log.files()).is_good
    log = begun()
    announced = log.announce(wait=72 * HOUR - HOUR / 3600)
    rule, index, sentence = fault(log.files(by=LOG_KEY))
    assert (rule, index) == ("keys.wait", announced)
    assert sentence == f"{vkey(NEXT_KEY)} would be used before it was announced for 72 hours"


def test_a_key_is_not_taken_before_its_time() -> None:
    """THREATS 11: 72 hours are for withdrawing it."""
    log = begun()
    log.announce(wait=100 * HOUR)
    seal = log.seal()
    log.at += 99 * HOUR
    taken = log.take(seal, seal)
    assert fault(log.files()) == ("keys.wait", taken, f"{vkey(NEXT_KEY)} was taken before its time")


@pytest.mark.parametrize("signers", [(THIRD_KEY, NEXT_KEY), (LOG_KEY, THIRD_KEY)])
def test_both_keys_sign_the_rotation(signers: tuple[SigningKey, SigningKey]) -> None:
    """THREATS 11: who has not the old key cannot announce, and nobody announces a key that they do not hold."""
    log = begun()
    announced = log.announce(signers=signers)
    missing = LOG_KEY if signers[0] is THIRD_KEY else NEXT_KEY
    assert fault(log.files(by=LOG_KEY)) == (
        "keys.statement",
        announced,
        f"{vkey(missing)} has not signed the rotation",
    )


@pytest.mark.parametrize("new", [LOG_KEY, STRANGER])
def test_a_key_follows_another_key_of_the_same_log(new: SigningKey) -> None:
    """N3: neither the same key again nor one of another log."""
    old = LOG_KEY.verifier()
    with pytest.raises(SignatureFailed, match="is no other log key of") as caught:
        keys.check_statement(old, new.verifier(), *keys.sign_statement(LOG_KEY, new))
    assert caught.value.rule == "keys.statement"


def test_a_key_that_cosigns_does_not_follow() -> None:
    """N4: a witness's key signs no log, whatever it is called."""
    witness = VerifierKey(ORIGIN, COSIGNATURE, NEXT_KEY.verifier().public)
    with pytest.raises(SignatureFailed, match="is no other log key of"):
        keys.check_statement(LOG_KEY.verifier(), witness, *keys.sign_statement(LOG_KEY, NEXT_KEY))


def test_a_signature_of_a_rotation_has_one_spelling() -> None:
    """Sloppy base64 is refused as everywhere."""
    old, new = keys.sign_statement(LOG_KEY, NEXT_KEY)
    keys.check_statement(LOG_KEY.verifier(), NEXT_KEY.verifier(), old, new)
    with pytest.raises(MalformedInput):
        keys.check_statement(LOG_KEY.verifier(), NEXT_KEY.verifier(), old.rstrip("="), new)


def test_what_both_keys_sign_is_no_checkpoint() -> None:
    """Domain separation: nobody can be led to sign a rotation by asking for a checkpoint, or the reverse."""
    text = keys.statement(LOG_KEY.verifier(), NEXT_KEY.verifier())
    assert text == f"aid-ledger log key rotation v1\n{LOG_VKEY}\n{vkey(NEXT_KEY)}\n"
    with pytest.raises(AuditError):
        policy.check(note.parse(note.sign(text, LOG_KEY)), PINNED, now_s=LATER_S)


# -------------------------------------------------------------------------------- which key, once and never again


def test_only_the_key_in_use_announces() -> None:
    """K1: a retired key names no successor, nor does one that never signed."""
    log, _ = rotated()
    announced = log.announce(THIRD_KEY, old=LOG_KEY)
    assert fault(log.files()) == ("keys.in_use", announced, f"{LOG_VKEY} is not the key in use")


def test_a_log_without_a_first_entry_rotates_nothing() -> None:
    """The chain begins at what the first entry pins."""
    log = Growing()
    log.pad()
    announced = log.announce()
    assert fault(log.files(by=LOG_KEY))[:2] == ("keys.in_use", announced)
    second = begun()
    second.found(NEXT_KEY)
    assert verify(second.files(by=LOG_KEY)).keys == (Named(LOG_KEY.verifier(), "", 0),)


@pytest.mark.parametrize(("key", "origin"), [(LOG_KEY, "other.example/log"), (STRANGER, ORIGIN)])
def test_the_first_entry_names_its_own_key(key: SigningKey, origin: str) -> None:
    """N2: the key's name is the log's."""
    log = Growing()
    log.found(key, origin=origin)
    assert fault(log.files(by=LOG_KEY)) == ("keys.founded", 0, f"{vkey(key)} is no log key of {origin}")


def test_a_withdrawn_key_signs_nothing() -> None:
    """THREATS 11: what the 72 hours are for; it can be neither taken nor announced again."""
    log = begun()
    log.announce()
    seen = log.seal(*THREE)
    log.withdraw()
    log.at += 73 * HOUR
    taken = log.take(seen, log.seal(*THREE))
    assert fault(log.files()) == (
        "keys.announced",
        taken,
        f"{vkey(NEXT_KEY)} was not announced, or was withdrawn",
    )


def test_a_withdrawn_key_is_not_announced_again() -> None:
    """THREATS 11: its statement is still signed, so it must not come back; another key may."""
    log = begun()
    log.propose()
    log.withdraw()
    announced = log.announce()
    used = f"{vkey(NEXT_KEY)} was used or withdrawn before, or another key waits"
    assert fault(log.files(by=LOG_KEY)) == ("keys.used", announced, used)
    log = begun()
    log.announce()
    log.withdraw()
    log.rotate(new=THIRD_KEY)
    assert verify(log.files(by=THIRD_KEY)).is_good


def test_withdrawing_another_key_leaves_the_announced_one() -> None:
    """Each key is given up by its own name."""
    log = begun()
    log.announce()
    log.withdraw(THIRD_KEY)
    seen = log.seal()
    log.at += 73 * HOUR
    log.take(seen, log.seal())
    assert verify(log.files()).is_good


@pytest.mark.parametrize("again", [LOG_KEY, THIRD_KEY])
def test_one_key_waits_at_a_time_and_none_comes_back(again: SigningKey) -> None:
    """K1: a key that has signed this log is never its newest again."""
    log, _ = rotated()
    if again is THIRD_KEY:
        log.announce(SigningKey(ORIGIN, b"4" * 32), old=NEXT_KEY)
    announced = log.announce(again, old=NEXT_KEY)
    assert fault(log.files())[:2] == ("keys.used", announced)


def test_only_the_announced_key_is_taken() -> None:
    """THREATS 11: another one was never there to be read."""
    log = begun()
    log.announce()
    seen = log.seal()
    log.at += 73 * HOUR
    taken = log.take(seen, log.seal(), new=THIRD_KEY)
    assert fault(log.files())[:2] == ("keys.announced", taken)


def test_the_old_keys_own_checkpoints_carry_the_rotation() -> None:
    """K2: over the announcement, in order, before the taking, of this log, and by the key that goes."""
    log = begun()
    announced = log.announce()
    seen = log.seal()
    log.pad()
    log.at += 73 * HOUR
    kept, late = log.seal(), log.seal(size=0)
    order = ("keys.sealed", log.size, "the checkpoints of a rotation lie between announcement and taking")

    def first(one: str, other: str) -> tuple[str, int | None, str]:
        bent = Growing(list(log.entries), log.at)
        bent.take(one, other)
        return fault(bent.files())

    assert first(log.seal(size=announced), kept) == order
    assert first(kept, seen) == order
    after = Growing([*log.entries, *log.entries[1:2]], log.at).seal()
    assert first(seen, after) == order
    assert first(late, kept) == order
    foreign = log.seal(by=LOG_KEY, origin="other.example/log")
    assert first(foreign, kept) == ("keys.sealed", log.size, f"a rotation of {ORIGIN} rests on other.example/log")
    assert first(seen, log.seal(by=NEXT_KEY))[:2] == ("note.unsigned", log.size)
    assert verify(begun_with(log, seen, kept)).is_good


def begun_with(log: Growing, seen: str, kept: str) -> Files:
    """Take the key in a copy of a log."""
    honest = Growing(list(log.entries), log.at)
    honest.take(seen, kept)
    return honest.files()


def test_after_a_fault_nothing_more_is_believed() -> None:
    """A bad rotation is reported once, where it began, and leads nowhere."""
    log = begun()
    bad = log.announce(wait=HOUR)
    log.announce(THIRD_KEY)
    report = verify(log.files(by=LOG_KEY))
    assert [(each.rule, each.index) for each in report.findings] == [("keys.wait", bad)]
    assert report.keys == (Named(LOG_KEY.verifier(), "", 0),)
