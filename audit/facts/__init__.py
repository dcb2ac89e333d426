"""The closed vocabulary of facts: what was done, in the past tense, one dataclass per kind.

Reading order: codec (how a fact becomes JSON and back), founding, officials, money, people, paying. After release 1.0
a kind is never changed, only succeeded by a new version with its own golden bytes.
"""

from __future__ import annotations

from audit.errors import UnknownKind
from audit.facts import founding, money, officials, paying, people
from audit.facts.codec import KINDS, Fact, decode

__all__ = ["KINDS", "Fact", "check_body", "decode", "founding", "money", "officials", "paying", "people", "tables_of"]


def check_body(kind: str, v: int, body: object) -> None:
    """Refuse a body that is not exactly the shape of its kind; UnknownKind if the kind is newer than this code."""
    decode(kind, v, body)


def tables_of(kind: str, v: int) -> frozenset[str]:
    """Tell which tables an entry of this kind may explain rows of; {"*"} for RowsWritten."""
    cls = KINDS.get((kind, v))
    if cls is None:
        message = f"kind {kind} version {v} is newer than this verifier"
        raise UnknownKind(message)
    return cls.TABLES
