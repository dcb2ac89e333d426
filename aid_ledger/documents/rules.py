"""Which papers and files are accepted: kinds, periods, sizes, and what a file really is. Pure: no disk, no database."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Final

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.money import MAX_AMOUNT

SIZE_LIMIT_BYTES: Final = 10 * 1024 * 1024
"""A scanned decree of fifty pages is 2 to 5 MB; ten keeps one upload from filling a disk (house rule)."""

TEXT_LIMIT: Final = 300
"""As long as one line of public text may be in the log."""

_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
"""First bytes of what is accepted: a scan or a signed PDF. Nothing here can hold a macro or a formula."""

_SILENT: Final = frozenset({"", "application/octet-stream"})
"""What a sender says who does not know; the bytes then speak alone."""

SUFFIXES: Final = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}
"""What a downloaded file is called after its reference."""


class DocumentKind(Enum):
    """What a paper is; the value is written in facts and never changes."""

    DECREE = "sk"
    BUDGET = "dpa"
    NEED_PLAN = "rkb"
    PAYMENT_ORDER = "sp2d"
    GRANT = "nphd"
    HANDOVER = "bast"
    RETURN = "sts"
    OFFER = "surat_penawaran"
    AGREEMENT = "perjanjian"
    OTHER = "lainnya"

    @property
    def label(self) -> str:
        """Name the kind as officials here know it."""
        return _LABELS[self]


_LABELS: Final = {
    DocumentKind.DECREE: "Surat keputusan (SK)",
    DocumentKind.BUDGET: "DPA",
    DocumentKind.NEED_PLAN: "Rencana kebutuhan belanja (RKB)",
    DocumentKind.PAYMENT_ORDER: "SP2D",
    DocumentKind.GRANT: "Naskah perjanjian hibah (NPHD)",
    DocumentKind.HANDOVER: "Berita acara serah terima (BAST)",
    DocumentKind.RETURN: "Surat tanda setoran (STS)",
    DocumentKind.OFFER: "Surat penawaran",
    DocumentKind.AGREEMENT: "Perjanjian",
    DocumentKind.OTHER: "Lainnya",
}


class DocumentNotFound(DomainError):
    """No document has this reference."""

    kind = Kind.NOT_FOUND
    code = "document.not_found"


class DocumentKindUnknown(DomainError):
    """There is no such kind of document."""

    kind = Kind.INVALID
    code = "document.kind_unknown"


class DocumentTextMissing(DomainError):
    """A paper without number, title or signer justifies nothing."""

    kind = Kind.INVALID
    code = "document.text_missing"


class DocumentPeriodReversed(DomainError):
    """The document ends before it begins."""

    kind = Kind.INVALID
    code = "document.period_reversed"


class DocumentFromFuture(DomainError):
    """A paper dated after today does not exist yet."""

    kind = Kind.INVALID
    code = "document.from_future"


class DocumentAmountRefused(DomainError):
    """A paper states a positive amount or none."""

    kind = Kind.INVALID
    code = "document.amount_refused"


class FileTooLarge(DomainError):
    """The file is larger than the limit."""

    kind = Kind.INVALID
    code = "document.file_too_large"


class FileEmpty(DomainError):
    """The file has no bytes."""

    kind = Kind.INVALID
    code = "document.file_empty"


class FileKindRefused(DomainError):
    """The bytes are neither PDF nor JPEG nor PNG."""

    kind = Kind.INVALID
    code = "document.file_kind_refused"


class FileDisguised(DomainError):
    """The bytes are of another kind than the one that was claimed."""

    kind = Kind.INVALID
    code = "document.file_disguised"


class FileMissing(DomainError):
    """The document has no file, or the file is not where it was put."""

    kind = Kind.NOT_FOUND
    code = "document.file_missing"


class FileAltered(DomainError):
    """The stored bytes no longer have the digest that the log holds."""

    kind = Kind.UNAVAILABLE
    code = "document.file_altered"


def kind_named(value: str) -> DocumentKind:
    """Read a kind; raises DocumentKindUnknown."""
    try:
        return DocumentKind(value)
    except ValueError:
        raise DocumentKindUnknown(kind=value[:40]) from None


def one_line(text: str) -> str:
    """Write a text of a paper as one line without doubled blanks, so that equal numbers look equal."""
    return " ".join(text.split())


def check_words(**words: str) -> None:
    """Refuse an empty number, title or signer, and one that no line of the log could hold.

    Raises:
        DocumentTextMissing: one of them is empty or too long.
    """
    for name, text in words.items():
        if not text or len(text) > TEXT_LIMIT:
            raise DocumentTextMissing(field=name, limit=TEXT_LIMIT)


def check_dates(*, issued_on: dt.date, valid_from: dt.date, valid_until: dt.date | None, today: dt.date) -> None:
    """Refuse a paper from the future and a period that ends before it begins.

    Raises:
        DocumentFromFuture: issued after today.
        DocumentPeriodReversed: valid until a day before it is valid from.
    """
    if issued_on > today:
        raise DocumentFromFuture(issued_on=issued_on.isoformat())
    if valid_until is not None and valid_until < valid_from:
        raise DocumentPeriodReversed(valid_from=valid_from.isoformat(), valid_until=valid_until.isoformat())


def check_amount(amount: int | None) -> None:
    """Refuse a stated amount of zero or less, or out of reach; a float is a TypeError.

    Raises:
        DocumentAmountRefused: zero or less, or more than this ledger keeps.
    """
    if amount is None:
        return
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError(f"an amount is a whole number, not {type(amount).__name__}")
    if not 0 < amount <= MAX_AMOUNT:
        raise DocumentAmountRefused(amount=int(amount))


def media_type_of(content: bytes, claimed: str = "") -> str:
    """Tell what a file is by its first bytes; `claimed` is what the sender said ("" says nothing).

    Raises:
        FileEmpty: no bytes at all.
        FileTooLarge: more than the limit.
        FileKindRefused: not a PDF, JPEG or PNG.
        FileDisguised: it claims to be something else.
    """
    if not content:
        raise FileEmpty
    if len(content) > SIZE_LIMIT_BYTES:
        raise FileTooLarge(size=len(content), limit=SIZE_LIMIT_BYTES)
    found = next((media_type for magic, media_type in _MAGIC if content.startswith(magic)), None)
    if found is None:
        raise FileKindRefused(claimed=claimed[:80])
    if claimed.lower() not in _SILENT and claimed.lower() != found:
        raise FileDisguised(claimed=claimed[:80], found=found)
    return found


def is_valid_on(valid_from: dt.date, valid_until: dt.date | None, day: dt.date) -> bool:
    """Tell whether a period covers a day; None until means it has no end."""
    return valid_from <= day and (valid_until is None or day <= valid_until)
