"""How the verifier says no: one base class, the rule that was broken, and the first bad index if one is known.

Every refusal of hostile input is an `AuditError`; a `TypeError` or `ValueError` that leaves this package is a
mistake of ours. Nothing here prints or exits: `cli.py` turns these into sentences and exit codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class AuditError(Exception):
    """Something given to the verifier is not what it claims to be.

    `rule` is a stable dotted name such as `entry.members`; `index` is the position in the log of the first
    entry known to be bad, or None when the fault cannot be laid on one entry.
    """

    default_rule: ClassVar[str] = "audit"

    def __init__(self, sentence: str, *, rule: str | None = None, index: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.rule = rule or self.default_rule
        self.index = index

    def at(self, index: int) -> AuditError:
        """Lay the fault on the entry at `index`, unless an index is known already, and return the error."""
        if self.index is None:
            self.index = index
        return self


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the stable name of the broken rule, the first entry it touches, and a sentence.

    `index` is None when it is the log as a whole. Unlike an AuditError it does not stop the reading.
    """

    rule: str
    index: int | None
    sentence: str


class MalformedInput(AuditError):
    """Bytes that no honest writer produces: a format, a limit or a closed schema is broken."""

    default_rule = "malformed"


class ProofFailed(AuditError):
    """Hashes that do not lead where they claim: an edited, missing, moved or added entry, or a forked log."""

    default_rule = "proof"


class SignatureFailed(AuditError):
    """No good signature by a key the verifier was told to trust, or a bad one by such a key."""

    default_rule = "signature"


class QuorumMissing(AuditError):
    """Too few of the policy's witnesses have cosigned, or none of them lately enough."""

    default_rule = "quorum"


class SourceFailed(AuditError):
    """The log's files could not be read within the limits: absent, too long, redirected, or too slow."""

    default_rule = "source"


class UnknownKind(AuditError):
    """A kind or version of entry that is newer than this verifier: it cannot be judged, only refused."""

    default_rule = "entry.unknown_kind"
