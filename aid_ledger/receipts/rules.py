"""What receipts refuse, and the words they use. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aid_ledger.core.errors import DomainError, Kind

ISSUE_LIMIT: Final = 250
"""Receipts issued in one Act; a caller repeats until none is left. More would make each one slower to find again, for
an Act's entries are read together."""

SAMPLED_EVERY: Final = 500
"""First, last, and one in so many: a fault of the template shows in any, one of a line's data rarely."""

ISSUED: Final = "issued"
CANCELLED: Final = "cancelled"
REPLACED: Final = "replaced"

STEP_WORDS: Final = {"verified": "Diverifikasi", "approved": "Disetujui dengan OTP"}
"""Steps that a receipt shows."""

CHANNEL_WORDS: Final = {"bank": "Transfer bank", "cash": "Tunai", "goods": "Barang diserahkan"}
"""Channels as a household reads them."""

PRINT_TRIES: Final = 5
"""How often a paper is made again because somebody else's took its number; one such meeting is rare already."""

TYPED_MAX: Final = 64
"""Longer than any code with blanks and hyphens; what is longer is cut before it is hashed."""

MONTHS: Final = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)

_SEPARATORS: Final = re.compile(r"[\s\u2010-\u2015\u2212-]+")
_LOOKALIKES: Final = str.maketrans("018", "OIB")
"""Base32 has none of these digits, so whoever types one has read a letter."""


class ReceiptNotFound(DomainError):
    """No such receipt; an unknown, a wrong and a foreign code all look like this."""

    kind = Kind.NOT_FOUND
    code = "receipt.not_found"


class ReceiptNotStanding(DomainError):
    """The receipt was cancelled or replaced already."""

    kind = Kind.CONFLICT
    code = "receipt.not_standing"


class NothingToReplace(DomainError):
    """A receipt issued anew would state the same, so there is nothing to correct: a lost paper is printed again."""

    kind = Kind.CONFLICT
    code = "receipt.nothing_to_replace"


class PrintContended(DomainError):
    """Others print the same receipt at the same time; each paper's number is its own, so this one has to wait."""

    kind = Kind.CONFLICT
    code = "receipt.print_contended"


class SigningUnavailable(DomainError):
    """The agency's signing key is not here, so no PDF can be made; the receipt itself stands in the log."""

    kind = Kind.UNAVAILABLE
    code = "receipt.signing_unavailable"


class SampleRefused(DomainError):
    """Another reader finds a fault in a file that was just made; the receipts themselves stand in the log."""

    kind = Kind.CONFLICT
    code = "receipt.sample_refused"


class NothingToPrint(DomainError):
    """No receipt stands there that could be printed; a foreign village looks like an empty one."""

    kind = Kind.NOT_FOUND
    code = "receipt.nothing_to_print"


class TooManyToPrint(DomainError):
    """More receipts stand there than one file holds."""

    kind = Kind.INVALID
    code = "receipt.too_many_to_print"


class LayoutTooSmall(DomainError):
    """A handover record of goods is signed by four, for whom a small page has no room."""

    kind = Kind.INVALID
    code = "receipt.layout_too_small"


class PrintOutdated(DomainError):
    """A receipt was printed, cancelled or replaced while the file was made, so what the file says is not true."""

    kind = Kind.CONFLICT
    code = "receipt.print_outdated"


def sample(receipts: Sequence[str]) -> list[str]:
    """Choose which of some receipts are read a second time."""
    count = len(receipts)
    return [receipts[place] for place in sorted({*range(0, count, SAMPLED_EVERY), count - 1})] if count else []


def read_code(typed: str) -> str:
    """Read a code however it was typed. What is no code stays what it is: the caller finds nothing under it."""
    return _SEPARATORS.sub("", typed[:TYPED_MAX]).upper().translate(_LOOKALIKES)


def period_words(period: str) -> str:
    """Write a period such as 2021-07 as `Juli 2021`; any other text stays as it is."""
    year, dash, month = period.partition("-")
    if dash and year.isdecimal() and month.isdecimal() and 1 <= int(month) <= len(MONTHS):
        return f"{MONTHS[int(month) - 1]} {year}"
    return period
