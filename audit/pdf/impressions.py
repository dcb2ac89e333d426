"""Which print of a receipt a file is, and in which language: what differs between two papers that state the same.

The fields and their digest know nothing of it. A second print says so on the page and, under the signature, in the one
sentence there is; how often a receipt was printed is in the log (ReceiptPrinted), to be held against the paper.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audit.errors import MalformedInput, ProofFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

INDONESIAN: Final = "id"
ENGLISH: Final = "en"

COPIES: Final = {INDONESIAN: ("Cetakan ke-", " (salinan)"), ENGLISH: ("Print no. ", " (copy)")}
"""By language, what stands before and behind the number of a copy."""

_NUMBER: Final = re.compile(rb"[1-9][0-9]{0,4}")
"""No receipt is printed a hundred thousand times, and a longer number would not fit its place on the page."""


@dataclass(frozen=True, slots=True)
class Impression:
    """One print of a receipt: the how manieth, counted from 1, and the language of its labels."""

    copy: int = 1
    language: str = INDONESIAN


FIRST: Final = Impression()


def sentence(impression: Impression) -> str:
    """Say which copy a print is, as it says so itself; "" for the first, which is no copy."""
    before, behind = COPIES[impression.language]
    return f"{before}{impression.copy}{behind}" if impression.copy > 1 else ""


def check(lines: Iterable[str], impression: Impression) -> None:
    """Check that the page calls itself the copy that it is signed as, once, and the first print no copy at all.

    Raises:
        ProofFailed: it does not.

    """
    beginnings = tuple(before for before, _behind in COPIES.values())
    found = [line for line in lines if line.startswith(beginnings)]
    if found != ([sentence(impression)] if impression.copy > 1 else []):
        raise ProofFailed("the page calls itself another copy than it is signed as", rule="receipt.copy")


def read(reason: object, language: object) -> Impression:
    """Read which print a file is, from its signature's reason (None if it gives none) and the document's language.

    Raises:
        MalformedInput: the language is not one of ours, or the reason is not the sentence of a copy in it.

    """
    spoken = language.decode("latin-1") if isinstance(language, bytes) else ""
    if spoken not in COPIES:
        raise MalformedInput("the document is in another language", rule="receipt.language")
    if reason is None:
        return Impression(1, spoken)
    before, behind = (part.encode("ascii") for part in COPIES[spoken])
    number = reason[len(before) : -len(behind)] if isinstance(reason, bytes) else b""
    copy = int(number) if _NUMBER.fullmatch(number) else 1
    impression = Impression(copy, spoken)
    # The first print gives no reason: whatever else stands there is said by nobody we know.
    if copy == 1 or reason != sentence(impression).encode("ascii"):
        raise MalformedInput("the signature gives a reason that is no copy's", rule="receipt.copy")
    return impression
