"""What a witness swears to, and everything that it does not (attacks T1, F1, F2, N1, N2, P2, P3)."""

from __future__ import annotations

import hashlib

import pytest

from audit import cosignature, note
from audit.checkpoint import Checkpoint
from audit.note import COSIGNATURE, SigningKey
from audit.witness.rules import MAX_HASHES, MAX_REQUEST_BYTES, SIZE, Answer, Cosigned, decide
from tests.audit.small_log import LOG_KEY, NOW_S, ORIGIN, WITNESSES, make_checkpoint
from tests.audit.witnessing import Told

KEY = WITNESSES[0]
VKEY = KEY.verifier(COSIGNATURE)
TRUTH = Told.of(7)


def ask(raw: bytes, last: Cosigned | None = None, *, now_s: int = NOW_S) -> Answer:
    """Ask the witness."""
    return decide(raw, last, log_keys=[LOG_KEY.verifier()], key=KEY, now_s=now_s)


def remembered(told: Told) -> Cosigned:
    """Return the memory of a witness that has cosigned a history."""
    memory = ask(told.request(0)).memory
    assert memory is not None
    return memory


def is_sworn(answer: Answer, told: Told) -> bool:
    """Say whether the answer is one line by the witness over this history and nothing else."""
    text = note.parse(told.checkpoint()).text
    signed = note.Note(text, (note.parse_signature(answer.body.decode().rstrip("\n")),))
    return [each.key for each in cosignature.verify(signed, [VKEY])] == [VKEY]


def at_size(size: int, root: bytes) -> bytes:
    """Sign a checkpoint of any size and root."""
    return note.sign(Checkpoint(ORIGIN, size, root).text(), LOG_KEY)


def test_a_lie_about_the_past_is_not_sworn_to() -> None:
    """F2: a fork that grew has no proof, be it missing, of the fork's own past, or of the true past."""
    fork = Told.of(9, other_from=3)
    for proof in ([], fork.proof(7), Told.of(9).proof(7)):
        answer = ask(fork.request(7, proof=proof), remembered(TRUTH))
        assert (answer.status, answer.memory) == (422, None)


def test_two_roots_of_one_size_are_refused_and_noticed() -> None:
    """F1: the same size with another root is a fork, whatever old size it comes with."""
    fork = Told.of(7, other_from=6)
    answer = ask(fork.request(7), remembered(TRUTH))
    assert (answer.status, answer.memory, answer.is_fork) == (422, None, True)
    late = ask(fork.request(3), remembered(TRUTH))
    assert (late.status, late.memory, late.is_fork) == (409, None, True)


@pytest.mark.parametrize("old", [0, 3, 5])
def test_an_older_log_is_told_how_far_it_had_grown(old: int) -> None:
    """T1: a log that was rolled back learns the size it once had, and gets no cosignature."""
    answer = ask(Told.of(5).request(old), remembered(TRUTH))
    assert (answer.status, answer.kind, answer.body, answer.memory) == (409, SIZE, b"7\n", None)


def test_who_was_never_cosigned_begins_at_nothing() -> None:
    """LOG A6: the size last cosigned is 0 if nothing ever was."""
    answer = ask(Told.of(9).request(7))
    assert (answer.status, answer.body) == (409, b"0\n")


def test_another_log_is_unknown() -> None:
    """N2: another city's true checkpoint is no business of this witness."""
    other = SigningKey("other.example/log", LOG_KEY.seed)
    signed = note.sign(Checkpoint(other.name, 7, TRUTH.root()).text(), other)
    assert ask(TRUTH.request(0, signed=signed)).status == 404


def test_a_stranger_cannot_speak_for_the_log() -> None:
    """403: no line of the log's key, a line of another key under its name, or a bad line by it."""
    stranger = SigningKey(ORIGIN, bytes(32))
    good = note.parse(TRUTH.checkpoint())
    torn = note.Note(good.text, (note.Signature(ORIGIN, good.signatures[0].key_id, bytes(64)),)).encode()
    short = note.Note(good.text, (note.Signature(ORIGIN, good.signatures[0].key_id, b"x"),)).encode()
    for signed in (TRUTH.checkpoint(stranger), TRUTH.checkpoint(SigningKey("x", LOG_KEY.seed)), torn, short):
        assert ask(TRUTH.request(0, signed=signed)).status == 403


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        TRUTH.checkpoint(),
        b"old 0\n" + TRUTH.checkpoint(),
        b"old 00\n\n" + TRUTH.checkpoint(),
        b"old -1\n\n" + TRUTH.checkpoint(),
        b"old 8\n\n" + TRUTH.checkpoint(),
        b"OLD 0\n\n" + TRUTH.checkpoint(),
        b"old 0\r\n\n" + TRUTH.checkpoint(),
        b"old \xd9\xa0\n\n" + TRUTH.checkpoint(),
        b"old 0\nnot base64\n\n" + TRUTH.checkpoint(),
        b"old 0\n\n\n" + TRUTH.checkpoint(),
        b"old 0\n\n" + TRUTH.checkpoint()[:-1],
        b"old 0\n\n" + TRUTH.checkpoint().replace(b"\n7\n", b"\n07\n"),
        TRUTH.request(0) + b"x" * MAX_REQUEST_BYTES,
        TRUTH.request(7, proof=[bytes(32)] * (MAX_HASHES + 1)),
        at_size(7, b"short").join([b"old 0\n\n", b""]),
        at_size(2**63, bytes(32)).join([b"old 0\n\n", b""]),
    ],
)
def test_what_is_malformed_is_refused_before_anything_is_asked(raw: bytes) -> None:
    """N1: 400 for every break of the grammar, and nothing is remembered."""
    answer = ask(raw, remembered(TRUTH))
    assert (answer.status, answer.memory) == (400, None)


def test_proofs_of_the_wrong_shape_are_refused() -> None:
    """P2, P3: too few, too many, too short, in the wrong order; and any proof at all from nothing or to the same."""
    grown = Told.of(12)
    proof = list(grown.proof(7))
    for bad in (proof[:-1], [*proof, bytes(32)], [*proof[:-1], b"short"], proof[::-1]):
        assert ask(grown.request(7, proof=bad), remembered(TRUTH)).status == 422
    assert ask(TRUTH.request(0, proof=[bytes(32)])).status == 422
    assert ask(TRUTH.request(7, proof=[bytes(32)]), remembered(TRUTH)).status == 422


def test_nothing_has_one_root() -> None:
    """422: a log of no entries with another root than SHA-256 of nothing, once its signature is known to be good."""
    signed = at_size(0, bytes(32))
    assert ask(TRUTH.request(0, signed=signed)).status == 422
    stranger = note.sign(Checkpoint(ORIGIN, 0, bytes(32)).text(), SigningKey(ORIGIN, bytes(32)))
    assert ask(TRUTH.request(0, signed=stranger)).status == 403


def test_the_clock_never_steps_back() -> None:
    """B2: a time before the last is not sworn to, and neither is one that the clock does not show."""
    answer = ask(TRUTH.request(7), remembered(TRUTH), now_s=NOW_S - 1)
    assert (answer.status, answer.memory) == (503, None)


def test_a_log_that_grew_is_sworn_to() -> None:
    """Every growth from 1..16 to 1..16, from the first contact on."""
    for old in range(1, 17):
        last = remembered(Told.of(old))
        for size in range(old, 17):
            grown = Told.of(size)
            answer = ask(grown.request(old), last, now_s=NOW_S + 1)
            assert (answer.status, is_sworn(answer, grown)) == (200, True)
            assert answer.memory is not None
            assert (answer.memory.stated.size, answer.memory.time_s) == (size, NOW_S + 1)


def test_a_log_grows_from_nothing() -> None:
    """The first contact may be before the first entry."""
    empty = Told.of(0)
    last = remembered(empty)
    assert last.stated.root == hashlib.sha256(b"").digest()
    assert ask(TRUTH.request(0), last).status == 200
    assert ask(TRUTH.request(0, proof=[bytes(32)]), last).status == 422


def test_the_same_size_is_sworn_to_again() -> None:
    """T3: that is the heartbeat, and its time is new."""
    answer = ask(TRUTH.request(7), remembered(TRUTH), now_s=NOW_S + 600)
    assert (answer.status, is_sworn(answer, TRUTH)) == (200, True)
    assert answer.memory is not None
    assert answer.memory.time_s == NOW_S + 600


def test_what_is_shown_to_everybody_is_what_was_checked() -> None:
    """Lines of strangers are passed over and not passed on."""
    signed = make_checkpoint(7, TRUTH.root(), WITNESSES[2])
    memory = ask(TRUTH.request(0, signed=signed)).memory
    assert memory is not None
    assert [each.name for each in memory.signed.signatures] == [ORIGIN, KEY.name]
