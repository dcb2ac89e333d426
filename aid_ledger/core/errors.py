"""What a refusal is: one class, a kind that doors translate, a stable code that pages explain.

This file knows nothing of HTTP, exit codes or Indonesian: `web/problems.py` maps kinds to status codes, the
command line maps them to exit codes, and the templates keep one sentence and one remedy per code. Misuse by a
programmer is a `RuntimeError` and never a `DomainError`.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """The six ways the world can refuse a deed; every door knows what each of them means."""

    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"
    CONFLICT = "conflict"
    INVALID = "invalid"
    EXHAUSTED = "exhausted"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """A refusal with a stable code, an English sentence for logs, and the facts a person needs to mend it.

    Rooms declare their errors in `rules.py` by subclassing with `kind` and `code` set:

        class BatchNotDraft(DomainError):
            kind = Kind.CONFLICT
            code = "batch.not_draft"

    `facts` are plain values (str, int) that the Indonesian sentence of the code may name; never personal data.
    """

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "invalid"

    def __init__(self, message: str = "", **facts: str | int) -> None:
        super().__init__(message or self.code)
        self.message = message or self.code
        self.facts = facts


class UnrecordedChange(RuntimeError):
    """Rows changed but no recorded fact declares their table: the programmer forgot to record the deed."""
