"""A key stamps receipts because the root, which lies offline, has named it; whoever writes rows or entries cannot."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aid_ledger.core.errors import DomainError
from aid_ledger.custody import queries, rules, stamps
from aid_ledger.custody.handed import LIMIT_BYTES, StampWord
from aid_ledger.receipts.stamping import StampKey
from audit import stampkeys
from audit.policy import Policy
from tests.builders import receipt_keys
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded

FIRST = receipt_keys.stamp_key()
SECOND = StampKey(Ed25519PrivateKey.from_private_bytes(b"2" * 32))


def word(founded: Founded, **changes: object) -> bytes:
    """Write the root's word on the second key, or another."""
    return receipt_keys.stamp_word(founded.bench.key.name, **{"key": SECOND, **changes})  # type: ignore[arg-type]


def name(founded: Founded, handed: bytes, *, by: str = "admin") -> str:
    """Bring the root's word."""
    with founded.act(by) as act:
        return stamps.name_stamp_key(act, handed)


def standing(founded: Founded) -> list[str]:
    """List the keys that are good now."""
    with founded.bench.reading() as session:
        return [each.key for each in queries.stamp_keys(session)]


def test_without_the_roots_word_no_key_is_named(founded: Founded) -> None:
    """Cheat: another root, another log, a bent file, and a key that was named before."""
    good = word(founded)
    bent: list[tuple[bytes, type[DomainError]]] = [
        (word(founded, by=receipt_keys.next_root()), rules.StampWordMalformed),
        (receipt_keys.stamp_word("other.example/log", key=SECOND), rules.StampWordMalformed),
        (good.replace(SECOND.named.encode(), FIRST.named.encode()), rules.StampWordMalformed),
        (good + b"\n", rules.StampWordMalformed),
        (good[:-1], rules.StampWordMalformed),
        (b"x" * (LIMIT_BYTES + 1), rules.StampWordMalformed),
        (b"\xff" + good, rules.StampWordMalformed),
        (good.replace(b"v1", b"v2", 1), rules.StampWordMalformed),
        (word(founded, key=FIRST), rules.StampKeyUsedBefore),
    ]
    for handed, refusal in bent:
        with pytest.raises(refusal):
            name(founded, handed)
    assert standing(founded) == [FIRST.named]


def test_only_an_administrator_names_and_withdraws(founded: Founded) -> None:
    """Not the treasurer, whose receipts they stamp."""
    with pytest.raises(DomainError) as refusal:
        name(founded, word(founded), by="treasurer")
    assert refusal.value.code == "official.admin_needed"
    with pytest.raises(DomainError), founded.act("treasurer") as act:
        stamps.withdraw_stamp_key(act, FIRST.named, reason="bukan saya")
    assert standing(founded) == [FIRST.named]


def test_a_second_key_stands_beside_the_first_until_that_is_withdrawn(founded: Founded) -> None:
    """Newest first; a withdrawn key is gone from the list and never comes back; log, replay and rows agree."""
    assert name(founded, word(founded)) == SECOND.named
    assert standing(founded) == [SECOND.named, FIRST.named]
    with founded.act("admin") as act:
        stamps.withdraw_stamp_key(act, f" {FIRST.named}\n", reason="Kuncinya tersalin")
    assert standing(founded) == [SECOND.named]
    with pytest.raises(rules.StampKeyUsedBefore):
        name(founded, word(founded, key=FIRST))
    with pytest.raises(rules.StampKeyNotFound), founded.act("admin") as act:
        stamps.withdraw_stamp_key(act, FIRST.named, reason="sekali lagi")
    assert_log_agrees(founded.bench)


def test_the_list_that_is_handed_out_convinces_a_verifier(founded: Founded) -> None:
    """Under the log's key and the root's certificate, and nothing else of ours."""
    name(founded, word(founded))
    with founded.bench.reading() as session:
        listed = stamps.key_list(session)
    assert listed is not None
    read = stampkeys.parse(listed.encode())
    trusted = Policy.of_log_key(str(founded.bench.key.verifier()))
    checked = stampkeys.check(read, trusted, root_cert=receipt_keys.root_pem(), now_s=2_000_000_000)
    assert checked.keys == (SECOND.public, FIRST.public)


def test_without_a_sealed_key_there_is_no_list(founded: Founded) -> None:
    """The page then says so."""
    with founded.act("admin") as act:
        stamps.withdraw_stamp_key(act, FIRST.named, reason="Kuncinya tersalin")
    with founded.bench.reading() as session:
        assert stamps.key_list(session) is None
        assert queries.stamp_keys_told(session) == {FIRST.named: False}


def test_the_file_is_read_as_it_was_written(founded: Founded) -> None:
    """For the origin it names."""
    read = StampWord.read(word(founded), founded.bench.key.name)
    assert (read.key, read.write()) == (SECOND.public, word(founded))
