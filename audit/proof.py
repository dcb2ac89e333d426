"""Offline proofs (C2SP tlog-proof): everything needed to check, without a network, that one entry is in a log.

The entry itself travels separately, and so does the answer to whom to believe: a proof that named its own keys
would prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit import checkpoint, merkle, note, policy
from audit.errors import MalformedInput

if TYPE_CHECKING:
    from audit.note import Note
    from audit.policy import Policy, Trust

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES: Final = note.MAX_NOTE_BYTES + 16_384
"""House rule: a signed checkpoint, at most 63 hashes of 45 bytes, and room for `extra`."""
_MAX_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """An index, its audit path (leaf's sibling first) and a signed checkpoint; `extra` is not authenticated."""

    index: int
    hashes: tuple[bytes, ...]
    signed: Note
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Write the proof as it travels."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {note.encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [note.encode_base64(each) for each in self.hashes]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.signed.encode()


def parse(raw: bytes) -> Proof:
    """Read a proof strictly: writing it again gives the same bytes.

    Raises:
        MalformedInput: the proof breaks the grammar or a limit.

    """
    if len(raw) > MAX_PROOF_BYTES:
        raise MalformedInput(f"a proof is at most {MAX_PROOF_BYTES} bytes", rule="proof.size")
    # Neither the header nor the hashes have an empty line, so the FIRST one ends them.
    head, gap, signed = raw.partition(b"\n\n")
    try:
        header, *lines = head.decode("ascii").split("\n")
    except UnicodeError as error:
        raise MalformedInput("the head of a proof is ASCII", rule="proof.form") from error
    if not gap or header != HEADER:
        raise MalformedInput(f"a proof begins with {HEADER}", rule="proof.form")
    extra = note.decode_base64(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise MalformedInput("a proof names an index", rule="proof.form")
    index = checkpoint.parse_decimal(lines.pop(0).removeprefix("index "))
    if len(lines) > _MAX_HASHES:
        raise MalformedInput(f"a proof has at most {_MAX_HASHES} hashes", rule="proof.length")
    hashes = tuple(note.decode_base64(line) for line in lines)
    return Proof(index, hashes, note.parse(signed), extra)


def verify(proof: Proof, entry: bytes, trusted: Policy, *, now_s: int, max_age_s: int | None = None) -> Trust:
    """Check that `entry` is in the log the policy trusts, and return the checkpoint that says so.

    Raises:
        MalformedInput: the note is not a checkpoint.
        SignatureFailed: the log's signature, or a known witness's, is missing or bad.
        QuorumMissing: too few witnesses have cosigned.
        ProofFailed: the hashes do not lead from the entry to the root.

    """
    trust = policy.check(proof.signed, trusted, now_s=now_s, max_age_s=max_age_s)
    stated = trust.checkpoint
    merkle.verify_inclusion(proof.index, stated.size, merkle.leaf_hash(entry), proof.hashes, stated.root)
    return trust
