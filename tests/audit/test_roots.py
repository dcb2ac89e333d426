"""The root of receipts changes only by the old root's word, two people and 72 hours; replay of the log sees to it."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from audit import note, roots
from audit.entry import parse_entry
from audit.errors import AuditError, Finding
from audit.facts.custody import ReceiptRootAnnounced, ReceiptRootProposed, ReceiptRootTaken, ReceiptRootWithdrawn
from audit.replay import Replay
from tests.audit.forge import Wish, make_chain, rsa_key
from tests.audit.rotating import HOUR, Growing
from tests.audit.small_log import ORIGIN

if TYPE_CHECKING:
    from audit.facts import Fact

HOURS = 72 * HOUR


@cache
def root(number: int) -> bytes:
    """Make a root certificate whose key is known by its number."""
    return make_chain(Wish(root_key=rsa_key(number))).root.public_bytes(Encoding.DER)


def of(number: int) -> str:
    """Give its fingerprint."""
    return roots.fingerprint(root(number))


def signature(old: int, new: int, *, by: int | None = None, origin: str = ORIGIN) -> bytes:
    """Sign a rotation; `by` is whose key really signs."""
    message = roots.statement(origin, root(old), root(new))
    return rsa_key(old if by is None else by).sign(message, padding.PKCS1v15(), hashes.SHA256())


def staffed() -> Growing:
    """Give a log that names root 0, with two administrators."""
    log = Growing()
    log.found(root=of(0))
    log.staff()
    return log


def proposed(new: int = 1, *, old: int = 0) -> ReceiptRootProposed:
    """Ask for a new root."""
    return ReceiptRootProposed(old=of(old), new=of(new), decree="SK 7")


def announced(
    log: Growing,
    new: int = 1,
    *,
    old: int = 0,
    signed: bytes = b"",
    certificate: bytes = b"",
    wait: dt.timedelta = HOURS,
    proposed_by: str = "siti",
) -> ReceiptRootAnnounced:
    """Agree to it."""
    return ReceiptRootAnnounced(
        old=of(old),
        new=of(new),
        old_certificate=note.encode_base64(root(old)),
        certificate=note.encode_base64(certificate or root(new)),
        signature=note.encode_base64(signed or signature(old, new)),
        usable_from=log.at + wait,
        proposed_by=proposed_by,
        decree="SK 7",
    )


def taken(new: int = 1, *, old: int = 0) -> ReceiptRootTaken:
    """Pass on to it."""
    return ReceiptRootTaken(old=of(old), new=of(new))


def broken(log: Growing) -> list[Finding]:
    """Replay a log and give what its entries break."""
    replay = Replay()
    for index, raw in enumerate(log.entries):
        replay.apply(index, parse_entry(raw))
    replay.finish()
    return list(replay.violations)


def rotate(log: Growing, new: int, *, old: int) -> None:
    """Propose, announce, wait and take, all as it should be."""
    log.say(proposed(new, old=old))
    log.say(announced(log, new, old=old), who="budi")
    log.at += HOURS
    log.say(taken(new, old=old), who="")


def test_one_root_follows_another_and_never_comes_back() -> None:
    """THREATS 11: an honest log of three roots; a root that was in use signs for no second time."""
    log = staffed()
    rotate(log, 1, old=0)
    rotate(log, 2, old=1)
    assert broken(log) == []
    log.say(proposed(0, old=2))
    index = log.say(announced(log, 0, old=2), who="budi")
    sentence = "was decided on before, or another root waits"
    assert broken(log) == [Finding("roots.used", index, f"{of(0)} {sentence}")]
    again = log.say(announced(log, 1, old=2), who="budi")
    assert broken(log)[1:] == [Finding("roots.used", again, f"{of(1)} {sentence}")]


def test_a_stolen_root_key_alone_rotates_nothing() -> None:
    """THREATS 11: with the old root's signature, but one person; somebody made up; nobody of that role."""
    log = staffed()
    log.say(proposed())
    index = log.say(announced(log), who="siti")
    assert broken(log) == [Finding("roots.second", index, "siti agreed to a key of their own")]
    log = staffed()
    index = log.say(announced(log), who="budi")
    assert broken(log) == [Finding("roots.proposed", index, "siti did not propose this key")]
    log = staffed()
    said: list[tuple[Fact, str]] = [
        (proposed(), "joko"),
        (announced(log, proposed_by="joko"), "tuti"),
        (ReceiptRootWithdrawn(new=of(1), reason="hilang"), "joko"),
    ]
    first = log.size
    for fact, who in said:
        log.say(fact, who=who)
    assert broken(log) == [
        Finding("authority.role", first, "joko did ReceiptRootProposed without admin"),
        Finding("authority.role", first + 1, "tuti did ReceiptRootAnnounced without admin"),
        Finding("authority.role", first + 2, "joko did ReceiptRootWithdrawn without admin"),
    ]


def test_two_people_without_the_old_root_rotate_nothing() -> None:
    """THREATS 11: another key's signature, another certificate, no certificate; and what fails is never taken."""
    bent = [
        ({"signed": signature(0, 1, by=1)}, "roots.signature", "the old root has not signed the rotation"),
        ({"signed": signature(0, 1, origin="other.example/log")}, "roots.signature", "the old root has not signed"),
        ({"certificate": root(2)}, "roots.in_use", f"{of(0)} is not the root in use, or not these certificates"),
        ({"old": 2}, "roots.in_use", f"{of(2)} is not the root in use, or not these certificates"),
        ({"wait": HOURS - HOUR}, "roots.wait", f"{of(1)} would be used before it was announced for 72 hours"),
    ]
    for changes, rule, sentence in bent:
        log = staffed()
        log.say(proposed())
        index = log.say(announced(log, **changes), who="budi")  # type: ignore[arg-type]  # each names parts of its own
        log.at += HOURS
        after = log.say(taken(), who="")
        first, second = broken(log)
        assert (first.rule, first.index, first.sentence.startswith(sentence)) == (rule, index, True)
        assert second == Finding("roots.announced", after, f"{of(1)} was not announced, or was withdrawn")


def test_a_root_waits_and_is_taken_by_nobody() -> None:
    """THREATS 11: an hour early; by hand; from another root than the one in use."""
    log = staffed()
    log.say(proposed())
    log.say(announced(log), who="budi")
    log.at += HOURS - HOUR
    index = log.say(taken(), who="siti")
    assert broken(log) == [
        Finding("authority.by_hand", index, "siti did ReceiptRootTaken, which nobody does by hand"),
        Finding("roots.wait", index, f"{of(1)} was taken before its time"),
    ]
    log = staffed()
    log.say(proposed())
    log.say(announced(log), who="budi")
    log.at += HOURS
    index = log.say(taken(old=2), who="")
    assert broken(log) == [Finding("roots.announced", index, f"{of(1)} was not announced, or was withdrawn")]


def test_a_root_that_was_withdrawn_is_never_taken() -> None:
    """THREATS 11: this is what the 72 hours are for; nor does it come back, nor a second one beside one that waits."""
    log = staffed()
    log.say(proposed())
    log.say(announced(log), who="budi")
    log.say(ReceiptRootWithdrawn(new=of(1), reason="Tidak dikenal."), who="budi")
    log.at += HOURS
    first = log.say(taken(), who="")
    second = log.say(announced(log), who="budi")
    used = f"{of(1)} was decided on before, or another root waits"
    assert broken(log) == [
        Finding("roots.announced", first, f"{of(1)} was not announced, or was withdrawn"),
        Finding("roots.used", second, used),
    ]
    log = staffed()
    for number in (1, 2):
        log.say(proposed(number))
    log.say(announced(log), who="budi")
    index = log.say(announced(log, 2), who="budi")
    assert broken(log) == [Finding("roots.used", index, f"{of(2)} was decided on before, or another root waits")]


def test_a_root_that_was_withdrawn_before_its_announcement_is_never_announced() -> None:
    """THREATS 11: given up is decided on, whoever agrees afterwards."""
    log = staffed()
    log.say(proposed())
    log.say(ReceiptRootWithdrawn(new=of(1), reason="Tidak dikenal."), who="budi")
    index = log.say(announced(log), who="budi")
    assert broken(log) == [Finding("roots.used", index, f"{of(1)} was decided on before, or another root waits")]


def test_a_root_is_proposed_once_and_after_the_one_in_use() -> None:
    """THREATS 11: a second proposal would be a second chance; what was never proposed cannot be given up."""
    log = staffed()
    log.say(proposed())
    again = log.say(proposed(), who="budi")
    astray = log.say(proposed(2, old=1))
    gone = log.say(ReceiptRootWithdrawn(new=of(0), reason="hilang"))
    assert broken(log) == [
        Finding("roots.proposed", again, f"{of(1)} was proposed before, or follows no root in use"),
        Finding("roots.proposed", astray, f"{of(2)} was proposed before, or follows no root in use"),
        Finding("roots.proposed", gone, f"{of(0)} was never proposed"),
    ]


def test_a_second_founding_brings_no_root() -> None:
    """THREATS 11: who cannot rotate begins again."""
    log = staffed()
    log.found(root=of(1))
    log.say(proposed(2, old=1))
    assert [each.rule for each in broken(log)][-1] == "roots.proposed"


def test_what_is_signed_names_log_and_roots() -> None:
    """Golden: the statement of FORMAT section 13, and fingerprints as the log spells them."""
    assert roots.statement("ledger.example/log", b"old", b"new") == (
        b"aid-ledger receipt root rotation v1\nledger.example/log\n"
        b"cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4\n"
        b"11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437\n"
    )
    assert roots.fingerprint(b"new") == "EVB6Di9eadXfpApiob17buV-a82FxnybhDGzb_8hxDc"


@pytest.mark.parametrize(
    ("new", "rule", "sentence"),
    [
        (lambda: root(0), "roots.same", "the new root has the key of the old one"),
        (lambda: b"nonsense", "receipt.certificate", "not a certificate"),
        (
            lambda: make_chain(Wish(root_key=rsa_key(1), root_is_authority=False)).root.public_bytes(Encoding.DER),
            "receipt.root",
            "the root certificate is no authority of its own",
        ),
        (
            # The kind of its key is one that the library does not know.
            lambda: root(1).replace(bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d010163")),
            "roots.unreadable",
            "unreadable: UnsupportedAlgorithm",
        ),
    ],
)
def test_a_root_is_an_authority_with_a_key_of_its_own(new: object, rule: str, sentence: str) -> None:
    """THREATS 11: renaming the old root, or handing in what is none, is refused whoever signed it."""
    assert callable(new)
    made: bytes = new()
    message = roots.statement(ORIGIN, root(0), made)
    signed = rsa_key(0).sign(message, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(AuditError) as refusal:
        roots.check_statement(ORIGIN, root(0), made, signed)
    assert (refusal.value.rule, refusal.value.sentence) == (rule, sentence)
