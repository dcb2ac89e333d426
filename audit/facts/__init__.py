"""The closed vocabulary of facts: what was done, in the past tense, one dataclass per kind.

Reading order: spelling and codec (how a fact becomes JSON and back), founding, keeping, officials, money, people,
paying. After release 1.0 a kind is never changed, only succeeded by a new version with its own golden bytes.
"""

from __future__ import annotations

from audit.errors import UnknownKind
from audit.facts import founding, keeping, money, officials, paying, people
from audit.facts.codec import KINDS, Body, Fact, decode

__all__ = [
    "KINDS",
    "Body",
    "Fact",
    "decode",
    "founding",
    "keeping",
    "money",
    "officials",
    "paying",
    "people",
    "tables_of",
]


def tables_of(kind: str, v: int) -> frozenset[str]:
    """Tell which tables an entry of this kind may explain rows of; {"*"} for RowsWritten."""
    cls = KINDS.get((kind, v))
    if cls is None:
        message = f"kind {kind} version {v} is newer than this verifier"
        raise UnknownKind(message)
    return cls.TABLES
