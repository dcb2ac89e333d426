"""What the foundations say when they refuse: the rule, word for word the sentence, and the limit to the byte.

An inspector reads these sentences aloud in a meeting; a second implementation compares its rules with ours. The tests
beside this one ask whether something is refused; here it is asked what is said, and that the last allowed is allowed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from audit import checkpoint, merkle, note, policy, proof
from audit.errors import AuditError, MalformedInput, ProofFailed, QuorumMissing, SignatureFailed
from audit.note import COSIGNATURE, Note, Signature, SigningKey, VerifierKey
from tests.audit.small_log import LOG_KEY, NOW_S, ORIGIN, WITNESSES, make_checkpoint, make_entries, make_policy

HASHES = [merkle.leaf_hash(raw) for raw in make_entries(8)]
ROOT = merkle.root(HASHES)
SIGNED = make_checkpoint(8, ROOT)
LINE = Signature("a.example", b"abcd", b"x").line()
VKEY = str(LOG_KEY.verifier())
SKEY = note.format_skey(LOG_KEY)
HEAD = proof.HEADER + "\n"
Call = Callable[[], object]


def parsed(text: str) -> Call:
    """Read a checkpoint body."""
    return lambda: checkpoint.parse(text)


def noted(text: str, *, lines: str = LINE) -> Call:
    """Read a note."""
    return lambda: note.parse((text + "\n" + lines).encode())


def proved(head: str) -> Call:
    """Read a proof with the checkpoint of the small log."""
    return lambda: proof.parse(head.encode() + b"\n" + SIGNED)


def included(index: int, size: int, path: list[bytes], leaf: bytes = HASHES[0], root: bytes = ROOT) -> Call:
    """Check an inclusion proof."""
    return lambda: merkle.verify_inclusion(index, size, leaf, path, root)


def grown(old: int, new: int, path: list[bytes], old_root: bytes = ROOT, new_root: bytes = ROOT) -> Call:
    """Check a consistency proof."""
    return lambda: merkle.verify_consistency(old, new, old_root, new_root, path)


REFUSALS: list[tuple[Call, type[AuditError], str, str]] = [
    (included(8, 8, []), ProofFailed, "inclusion.index", "index 8 is not in a tree of 8"),
    (included(0, 8, [], b"x"), ProofFailed, "proof.hash_length", "a hash is not 32 bytes"),
    (included(0, 8, [], HASHES[0], b"x"), ProofFailed, "proof.hash_length", "a hash is not 32 bytes"),
    (included(0, 8, [b"x"]), ProofFailed, "proof.hash_length", "a hash is not 32 bytes"),
    (included(0, 8, HASHES[:2]), ProofFailed, "proof.length", "a proof of 3 hashes has 2"),
    (included(0, 8, HASHES[:3]), ProofFailed, "inclusion.root", "the proof does not lead to the root"),
    (grown(8, 8, HASHES[:1]), ProofFailed, "consistency.length", "equal sizes need an empty proof"),
    (
        grown(8, 8, [], HASHES[0]),
        ProofFailed,
        "consistency.fork",
        "two roots for one size 8: the log is forked",
    ),
    (grown(4, 8, HASHES[:1], b"x"), ProofFailed, "proof.hash_length", "a hash is not 32 bytes"),
    (grown(4, 8, HASHES[:1], ROOT, b"x"), ProofFailed, "proof.hash_length", "a hash is not 32 bytes"),
    (grown(4, 8, [b"x"]), ProofFailed, "proof.hash_length", "a hash is not 32 bytes"),
    (grown(0, 8, []), ProofFailed, "consistency.size", "no proof leads from size 0 to 8"),
    (grown(9, 8, []), ProofFailed, "consistency.size", "no proof leads from size 9 to 8"),
    (grown(1, 2**63, []), ProofFailed, "consistency.size", f"no proof leads from size 1 to {2**63}"),
    (
        grown(4, 8, HASHES[:1], merkle.root(HASHES[:4])),
        ProofFailed,
        "consistency.new_root",
        "the proof does not lead to the new root",
    ),
    (
        grown(6, 8, merkle.consistency_proof(6, HASHES)),
        ProofFailed,
        "consistency.old_root",
        "the proof does not lead to the old root",
    ),
    (parsed("a\n1\n"), MalformedInput, "checkpoint.form", "a checkpoint is at least three lines, none empty"),
    (parsed("a\n1\n\nx\n"), MalformedInput, "checkpoint.form", "a checkpoint is at least three lines, none empty"),
    (
        parsed("a\n01\nAAAA\n"),
        MalformedInput,
        "checkpoint.number",
        "a number has a leading zero, a stray sign or too many digits",
    ),
    (
        parsed(f"a\n{2**63}\nAAAA\n"),
        MalformedInput,
        "checkpoint.number",
        "a number has a leading zero, a stray sign or too many digits",
    ),
    (parsed("a\n1\nAAAA\n"), MalformedInput, "checkpoint.root", "a root is 32 bytes"),
    (
        parsed(f"a\n0\n{note.encode_base64(ROOT)}\n"),
        MalformedInput,
        "checkpoint.root",
        "an empty log has the root of nothing",
    ),
    (lambda: note.parse(b"x" * 65_537), MalformedInput, "note.size", "a note is at most 65536 bytes"),
    (lambda: note.parse(b"\xff"), MalformedInput, "note.unicode", "a note is UTF-8"),
    (
        lambda: note.parse(b"text\n"),
        MalformedInput,
        "note.form",
        "a note is text, an empty line and signature lines",
    ),
    (noted("x\n", lines=LINE * 101), MalformedInput, "note.signatures", "a note has at most 100 signatures"),
    (noted("x\n", lines="- a x\n"), MalformedInput, "note.line", "a signature line begins with an em dash"),
    (noted("x\n", lines="\u2014 a AAAAAA==\n"), MalformedInput, "note.line", "a signature line holds no signature"),
    (
        noted("x\n", lines="\u2014 a+b AAAA\n"),
        MalformedInput,
        "note.name",
        "a key name is empty or holds a space, a control character or a plus",
    ),
    (noted("x\n", lines="\u2014 a ?\n"), MalformedInput, "note.base64", "not base64"),
    (noted("x\n", lines="\u2014 a AB==\n"), MalformedInput, "note.base64", "base64 with stray bits"),
    (
        noted("\x07\n"),
        MalformedInput,
        "note.text",
        "the text of a note ends its last line and has no control characters",
    ),
    (
        lambda: note.sign("no end", LOG_KEY),
        MalformedInput,
        "note.text",
        "the text of a note ends its last line and has no control characters",
    ),
    (lambda: note.parse_vkey("a+b"), MalformedInput, "vkey.form", "a verifier key is name+id+key"),
    (
        lambda: note.parse_vkey("a+00000000+AAAA"),
        MalformedInput,
        "vkey.type",
        "a verifier key is not Ed25519 of type 1 or 4",
    ),
    (
        lambda: note.parse_vkey(VKEY.replace(LOG_KEY.verifier().key_id.hex(), "0" * 8)),
        MalformedInput,
        "vkey.key_id",
        f"the key ID of {ORIGIN} does not belong to its key",
    ),
    (
        lambda: note.parse_skey("PRIVATE+KEY+a+b"),
        MalformedInput,
        "skey.form",
        "a signing key is PRIVATE+KEY+name+id+key",
    ),
    (
        lambda: note.parse_skey("PRIVATE+KEY+a+00000000+AAAA"),
        MalformedInput,
        "skey.type",
        "a signing key is not Ed25519 of type 1",
    ),
    (
        lambda: note.parse_skey(SKEY.replace(LOG_KEY.verifier().key_id.hex(), "0" * 8)),
        MalformedInput,
        "skey.key_id",
        f"the key ID of {ORIGIN} does not belong to its seed",
    ),
    (
        lambda: note.verify(note.parse(SIGNED), [LOG_KEY.verifier(COSIGNATURE)]),
        MalformedInput,
        "note.key_type",
        f"the key of {ORIGIN} is for cosigning, not for notes",
    ),
    (
        lambda: note.verify(note.parse(SIGNED), [SigningKey("b.example", b"b" * 32).verifier()]),
        SignatureFailed,
        "note.unsigned",
        "no key that is trusted has signed",
    ),
    (
        lambda: note.verify(
            Note("other\n", (Signature(ORIGIN, LOG_KEY.verifier().key_id, b"x" * 64),)), [LOG_KEY.verifier()]
        ),
        SignatureFailed,
        "note.signature",
        f"the signature of {ORIGIN} is bad",
    ),
    (lambda: proof.parse(b"x" * 81_921), MalformedInput, "proof.size", "a proof is at most 81920 bytes"),
    (proved("\u00e9\n"), MalformedInput, "proof.form", "the head of a proof is ASCII"),
    (proved("other\n"), MalformedInput, "proof.form", "a proof begins with c2sp.org/tlog-proof@v1"),
    (
        lambda: proof.parse(HEAD.encode()),
        MalformedInput,
        "proof.form",
        "a proof begins with c2sp.org/tlog-proof@v1",
    ),
    (proved(HEAD), MalformedInput, "proof.form", "a proof names an index"),
    (proved(HEAD + "extra AAAA\n"), MalformedInput, "proof.form", "a proof names an index"),
    (proved(HEAD + "index 0\n" + "AAAA\n" * 64), MalformedInput, "proof.length", "a proof has at most 63 hashes"),
]


@pytest.mark.parametrize(
    ("call", "kind", "rule", "sentence"), REFUSALS, ids=[f"{row[2]}-{at}" for at, row in enumerate(REFUSALS)]
)
def test_a_refusal_has_its_rule_and_its_sentence(call: Call, kind: type[AuditError], rule: str, sentence: str) -> None:
    """Neither depends on what was fed, but for the numbers that are quoted."""
    with pytest.raises(kind) as refusal:
        call()
    assert (type(refusal.value), refusal.value.rule, refusal.value.sentence) == (kind, rule, sentence)


def test_the_last_allowed_is_allowed() -> None:
    """A limit that is one too small refuses honest logs, and nobody notices for years."""
    assert len(note.parse(("x\n" + "\n" + LINE * 100).encode()).signatures) == 100
    longest = b"x" * (65_536 - len(LINE.encode()) - 2) + b"\n\n" + LINE.encode()
    assert len(longest) == note.MAX_NOTE_BYTES
    assert note.parse(longest).encode() == longest
    largest = checkpoint.parse(f"a\n{2**63 - 1}\n{note.encode_base64(ROOT)}\n")
    assert largest.size == merkle.MAX_SIZE == 2**63 - 1
    many = HEAD + "index 0\n" + f"{note.encode_base64(ROOT)}\n" * 63
    assert len(proof.parse(many.encode() + b"\n" + SIGNED).hashes) == 63
    room = proof.MAX_PROOF_BYTES - len(HEAD) - len("extra \nindex 0\n\n") - len(SIGNED)
    # Base64 grows by four letters; the digits of the index fill what is left to the last byte.
    filled = HEAD + "extra " + "A" * (room - room % 4) + f"\nindex {10 ** (room % 4)}\n"
    raw = filled.encode() + b"\n" + SIGNED
    assert len(raw) == proof.MAX_PROOF_BYTES
    assert proof.parse(raw).extra == bytes(room // 4 * 3)


def test_a_tree_of_the_largest_size_has_proofs() -> None:
    """Whoever computes with 64 bits stops here, and so do we."""
    last = merkle.MAX_SIZE - 1
    path = [merkle.leaf_hash(bytes([at])) for at in range(len(merkle.inclusion_ranges(last, merkle.MAX_SIZE)))]
    reached = HASHES[0]
    for sibling in path:
        reached = merkle.node_hash(sibling, reached)
    merkle.verify_inclusion(last, merkle.MAX_SIZE, HASHES[0], path, reached)
    with pytest.raises(ProofFailed):
        merkle.verify_inclusion(last, merkle.MAX_SIZE + 1, HASHES[0], path, reached)


def test_a_tree_may_grow_to_the_largest_size() -> None:
    """From half of it: the proof is one hash for every doubling."""
    path = [merkle.leaf_hash(bytes([at])) for at in range(len(merkle.consistency_ranges(2**62, merkle.MAX_SIZE)))]
    reached = HASHES[0]
    for sibling in path:
        reached = merkle.node_hash(reached, sibling)
    merkle.verify_consistency(2**62, merkle.MAX_SIZE, HASHES[0], reached, path)


def test_a_proof_may_be_asked_to_be_fresh() -> None:
    """The age is the policy's to judge, and the proof hands it on."""
    trusted = policy.parse(make_policy())
    signed = make_checkpoint(8, ROOT, *WITNESSES[:3], time_s=NOW_S - 60)
    shown = proof.Proof(0, tuple(merkle.inclusion_proof(0, HASHES)), note.parse(signed))
    proof.verify(shown, make_entries(1)[0], trusted, now_s=NOW_S, max_age_s=60)
    with pytest.raises(QuorumMissing):
        proof.verify(shown, make_entries(1)[0], trusted, now_s=NOW_S, max_age_s=59)


def test_a_key_as_people_pass_it_around() -> None:
    """The parts of a key are what they say, and a secret does not show."""
    key = VerifierKey("a.example", note.ED25519, b"p" * 32)
    assert note.parse_vkey(str(key)) == key
    assert note.parse_skey(SKEY) == LOG_KEY
    assert "seed" not in repr(LOG_KEY)


def test_a_new_key_has_the_name_it_was_given() -> None:
    """The name goes into every signature line."""
    made = SigningKey.generate("a.example/witness")
    assert made.name == "a.example/witness"
    assert len(made.seed) == 32
