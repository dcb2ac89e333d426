"""Offline proofs: one entry, one path, one signed checkpoint, and nothing the proof says about itself is believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit import merkle, note, policy, proof
from audit.errors import AuditError, MalformedInput, ProofFailed, QuorumMissing, SignatureFailed
from audit.note import SigningKey
from audit.policy import Policy
from audit.proof import Proof
from tests.audit.small_log import LOG_VKEY, NOW_S, WITNESSES, make_checkpoint, make_entries, make_policy, root_of

ENTRIES = make_entries(7)
HASHES = [merkle.leaf_hash(raw) for raw in ENTRIES]
SIGNED = make_checkpoint(7, root_of(ENTRIES), *WITNESSES[:3])
GOOD = Proof(4, tuple(merkle.inclusion_proof(4, HASHES)), note.parse(SIGNED))
RAW = GOOD.encode()
TRUSTED = policy.parse(make_policy())


def check(given_proof: Proof, entry: bytes = ENTRIES[4], trusted: Policy = TRUSTED) -> None:
    """Verify as an inspector would."""
    proof.verify(given_proof, entry, trusted, now_s=NOW_S)


def is_refused(raw: bytes) -> bool:
    """Say whether a proof is refused, for whatever reason."""
    try:
        check(proof.parse(raw))
    except AuditError:
        return True
    return False


def test_a_proof_shows_its_entry() -> None:
    """With a quorum and without one, with `extra` and without it."""
    check(proof.parse(RAW))
    check(proof.parse(RAW), trusted=Policy.of_log_key(LOG_VKEY))
    check(proof.parse(replace(GOOD, extra=b"").encode()))
    assert proof.parse(replace(GOOD, extra=b"more").encode()).extra == b"more"


def test_another_entry_is_not_shown() -> None:
    """R1 and P1: an edited entry, a neighbour, a node in place of a leaf, another place."""
    for entry in (ENTRIES[4] + b" ", ENTRIES[5], HASHES[4] + HASHES[5], b""):
        with pytest.raises(ProofFailed):
            check(GOOD, entry)
    for index in (0, 5, 7):
        with pytest.raises(ProofFailed):
            check(replace(GOOD, index=index))
    with pytest.raises(ProofFailed):
        check(replace(GOOD, hashes=(*GOOD.hashes[:-1], b"")))


def test_the_signatures_are_the_inspectors_business() -> None:
    """A fork signed by the log alone, or a log nobody named."""
    with pytest.raises(QuorumMissing):
        check(replace(GOOD, signed=note.parse(make_checkpoint(7, root_of(ENTRIES), *WITNESSES[:2]))))
    with pytest.raises(SignatureFailed):
        check(GOOD, trusted=Policy.of_log_key(str(SigningKey("other.example", b"o" * 32).verifier())))


HASH = note.encode_base64(HASHES[0])
HEAD = proof.HEADER


@pytest.mark.parametrize(
    ("head", "rule"),
    [
        ("", "proof.form"),
        ("c2sp.org/tlog-proof@v2\nindex 0", "proof.form"),
        (HEAD, "proof.form"),
        (f"{HEAD}\nextra YQ==", "proof.form"),
        (f"{HEAD}\nextra  YQ==\nindex 0", "note.base64"),
        (f"{HEAD}\nindex 00", "checkpoint.number"),
        (f"{HEAD}\nindex", "proof.form"),
        (f"{HEAD}\nindex 0\nextra YQ==", "note.base64"),
        (f"{HEAD}\nindex 0\n{HASH}\r", "note.base64"),
        (f"{HEAD}\nindex 0\n\u00e9", "proof.form"),
        (f"{HEAD}\nindex 0\n" + "\n".join([HASH] * 64), "proof.length"),
    ],
)
def test_other_forms_are_refused(head: str, rule: str) -> None:
    """P2: the head has one form, and a bounded number of hashes."""
    with pytest.raises(MalformedInput) as refusal:
        proof.parse(f"{head}\n\n".encode() + SIGNED)
    assert refusal.value.rule == rule


def test_a_proof_is_short_and_whole() -> None:
    """V1: nothing is read beyond a limit; without a checkpoint there is no proof."""
    for raw in (b"x" * (proof.MAX_PROOF_BYTES + 1), f"{HEAD}\nindex 0\n".encode(), f"{HEAD}\nindex 0\n\n".encode()):
        with pytest.raises(MalformedInput):
            proof.parse(raw)


def test_flipped_bits_of_every_byte_are_seen() -> None:
    """Index, hashes, checkpoint, signatures; the quorum has no cosignature to spare."""
    for at in range(len(RAW)):
        bent = bytearray(RAW)
        bent[at] ^= 1 << at % 8
        assert is_refused(bytes(bent)), at
