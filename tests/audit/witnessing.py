"""A log that grows or lies, and requests to a witness about it: what tests of witnesses are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from audit import merkle, note
from audit.checkpoint import Checkpoint
from tests.audit.small_log import LOG_KEY, ORIGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.note import SigningKey


@dataclass(frozen=True)
class Told:
    """A history: the leaf hashes that a log claims to hold, in order."""

    leaves: tuple[bytes, ...]

    @classmethod
    def of(cls, count: int, *, other_from: int | None = None) -> Self:
        """Tell a history of `count` entries, which differs from the true one from some entry on."""
        truth = count if other_from is None else other_from
        words = [("true" if number < truth else "false") + str(number) for number in range(count)]
        return cls(tuple(merkle.leaf_hash(word.encode()) for word in words))

    def root(self, size: int | None = None) -> bytes:
        """Hash the history, or its beginning."""
        return merkle.root(self.leaves[:size])

    def proof(self, old: int) -> Sequence[bytes]:
        """Prove that it continues its own first `old` entries."""
        return merkle.consistency_proof(old, self.leaves) if 0 < old < len(self.leaves) else []

    def checkpoint(self, key: SigningKey = LOG_KEY) -> bytes:
        """Sign it."""
        return note.sign(Checkpoint(ORIGIN, len(self.leaves), self.root()).text(), key)

    def request(self, old: int, *, proof: Sequence[bytes] | None = None, signed: bytes | None = None) -> bytes:
        """Ask a witness to cosign it after the size `old`."""
        hashes = self.proof(old) if proof is None else proof
        lines = [f"old {old}", *(note.encode_base64(each) for each in hashes)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + (signed or self.checkpoint())
