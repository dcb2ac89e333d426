"""The closed vocabulary of facts: what was done, in the past tense, one dataclass per kind.

Reading order: spelling and codec (how a fact becomes JSON and back), founding, custody, officials, money, people,
openings, paying, manifests, witnessing, restoring. After release 1.0 a kind is never changed, only succeeded by a new
version with its own golden bytes.
"""

from __future__ import annotations

from audit.facts import custody, founding, manifests, money, officials, openings, paying, people, restoring, witnessing
from audit.facts.codec import KINDS, Body, Fact, decode

__all__ = [
    "KINDS",
    "Body",
    "Fact",
    "custody",
    "decode",
    "founding",
    "manifests",
    "money",
    "officials",
    "openings",
    "paying",
    "people",
    "restoring",
    "witnessing",
]
