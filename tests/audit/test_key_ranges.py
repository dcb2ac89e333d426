"""Who may sign which size: a retired key signs nothing, the pinned one leads on (attacks K1, N2; THREATS 10, 11)."""

from __future__ import annotations

from dataclasses import replace

from audit import history
from audit.keys import KeyHistory
from audit.policy import Named, Policy
from audit.verify import verify_log
from tests.audit.rotating import (
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
from tests.audit.small_log import LOG_KEY, LOG_VKEY, Files


def test_a_retired_key_signs_nothing_new() -> None:
    """K1: past its range a checkpoint by the old key fails, although the inspector pinned that very key."""
    log, taken = rotated(*THREE)
    files = log.files(*THREE, by=LOG_KEY)
    sentence = f"size {log.size} is signed by {LOG_VKEY}, where the log's key is {vkey(NEXT_KEY)}"
    assert fault(files, WITNESSED) == ("keys.range", taken, sentence)


def test_the_taking_itself_is_the_new_keys_to_sign() -> None:
    """K1: the old key signs what lies before it, to the entry."""
    log, taken = rotated(*THREE)
    before, upto = Growing(log.entries[:taken], log.at), Growing(log.entries[: taken + 1], log.at)
    assert verify(before.files(*THREE, by=LOG_KEY), WITNESSED).is_good
    assert fault(upto.files(*THREE, by=LOG_KEY), WITNESSED)[:2] == ("keys.range", taken)
    assert verify(upto.files(*THREE), WITNESSED).is_good


def test_the_pinned_key_leads_to_its_successor() -> None:
    """THREATS 11: an inspector with last year's paper can follow, through two rotations."""
    log, taken = rotated(*THREE)
    report = verify(log.files(*THREE), WITNESSED)
    assert report.is_good
    assert report.keys == (Named(LOG_KEY.verifier(), "", 0, taken), Named(NEXT_KEY.verifier(), "", taken + 1))
    again = log.rotate(*THREE, new=THIRD_KEY, old=NEXT_KEY)
    report = verify(log.files(*THREE, by=THIRD_KEY), WITNESSED)
    assert report.is_good
    assert report.keys[1:] == (
        Named(NEXT_KEY.verifier(), "", taken + 1, again),
        Named(THIRD_KEY.verifier(), "", again + 1),
    )


def test_the_newest_key_needs_no_rotation_to_be_believed() -> None:
    """Who pins the new key from new paper is not asked what witnesses there were before it."""
    log, _ = rotated()
    renewed = replace(WITNESSED, logs=Policy.of_log_key(vkey(NEXT_KEY)).logs)
    assert verify(log.files(*THREE), renewed).is_good
    both = replace(WITNESSED, logs=WITNESSED.logs + renewed.logs)
    assert verify(log.files(*THREE), both).is_good


def test_a_key_beside_the_log_is_believed_by_nobody() -> None:
    """THREATS 10: that it lies there, and signs, proves nothing where the entries do not lead to it."""
    log = begun()
    sentence = f"size {log.size} is signed by {vkey(THIRD_KEY)}, where the log's key is {LOG_VKEY}"
    assert fault(log.files(by=THIRD_KEY)) == ("keys.range", None, sentence)
    nameless = Growing()
    nameless.pad()
    rule, index, sentence = fault(nameless.files(by=THIRD_KEY))
    assert (rule, index) == ("keys.unreached", None)
    assert sentence == f"no rotation that can be believed leads to {vkey(THIRD_KEY)}"


def test_a_key_of_another_log_beside_this_one_changes_nothing() -> None:
    """N2: only a key of the pinned origin may follow; without one there is nobody to believe."""
    log, _ = rotated()
    files = log.files(beside=STRANGER)
    assert fault(files)[0] == "note.unsigned"
    del files["log.vkey"]
    assert fault(files)[0] == "note.unsigned"


def test_an_old_checkpoint_is_of_the_key_of_its_day() -> None:
    """K1: kept from before, it is the old key's; one that the old key signed later is found."""
    log, taken = rotated(*THREE)
    files = log.files(*THREE)
    assert verify(files, WITNESSED, old=log.seal(size=taken)).is_good
    assert verify(files, WITNESSED, old=log.seal(size=taken + 1, by=NEXT_KEY)).is_good
    assert fault(files, WITNESSED, old=log.seal(size=taken + 1))[:2] == ("keys.range", taken)
    assert fault(files, WITNESSED, old=log.seal(size=taken, by=NEXT_KEY))[:2] == ("keys.range", taken)


def test_a_verifier_too_old_for_an_entry_judges_no_key_either() -> None:
    """What comes after a newer kind may be a rotation that it cannot read."""
    log = begun()
    log.rotate()
    padded = begun().size - 1
    newer = log.entries[padded].replace(b'"RepairNoted"', b'"RepairNoticed"')
    report = verify(Growing([*log.entries[:padded], newer, *log.entries[padded + 1 :]], log.at).files())
    assert (report.findings, report.newer is not None) == ((), True)


def test_keys_of_every_age_lie_beside_a_log() -> None:
    """A kept checkpoint by a key between the pinned one and today's is judged by the entries, like all others."""
    log, first = rotated()
    kept = log.seal(by=NEXT_KEY)
    log.rotate(new=THIRD_KEY, old=NEXT_KEY)
    files = log.files(by=THIRD_KEY)
    assert fault(files, old=kept)[0] == "note.unsigned"
    files["log.vkey"] = "".join(f"{vkey(each)}\n" for each in (THIRD_KEY, NEXT_KEY, LOG_KEY)).encode()
    assert verify(files, old=kept).is_good
    unanchored = verify(files, None, old=log.seal(size=first))
    assert (unanchored.is_good, unanchored.is_anchored) == (True, False)
    history_file = history.encode(each.encode() for each in (log.seal(size=first), kept))
    assert verify(Files(files | {"history": history_file})).is_good
    retired = history.encode([log.seal(size=first + 1).encode()])
    assert fault(Files(files | {"history": retired}))[:2] == ("keys.range", first)
    files["log.vkey"] = b"\xff"
    assert fault(files)[0] == "note.unsigned"


def test_hashes_alone_lead_to_no_new_key() -> None:
    """K2: what entries say is not read with --hashes-only, so a key not on paper is nobody's."""
    log, first = rotated(*THREE)
    files = log.files(*THREE)
    short = verify_log(files, now_s=LATER_S, trusted=WITNESSED, hashes_only=True)
    assert [each.rule for each in short.findings] == ["note.unsigned"]
    files["log.vkey"] += f"{LOG_VKEY}\n".encode()
    files["history"] = history.encode([log.seal(size=first).encode()])
    renewed = Policy.of_log_key(vkey(NEXT_KEY))
    assert verify_log(files, now_s=LATER_S, trusted=renewed, hashes_only=True).is_good


def test_the_key_history_knows_sizes_only_of_what_it_read() -> None:
    """Before the first entry no size has a key."""
    unread = KeyHistory(PINNED)
    assert (unread.ranges, unread.signer(0)) == ((), None)
