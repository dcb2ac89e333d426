"""Registering papers. A document is never changed or removed; a wrong one is registered again, rightly."""

from __future__ import annotations

import base64
import datetime as dt

from aid_ledger.core import numbering
from aid_ledger.core.act import Act
from aid_ledger.core.bulk import insert_unless_there
from aid_ledger.documents import files, rules
from aid_ledger.documents.models import Document, StoredFile
from audit.facts.money import DocumentRegistered

PREFIX = "DOC"


def register_document(  # noqa: PLR0913 - the particulars of one paper, each by its name
    act: Act,
    *,
    kind: str,
    number: str,
    title: str,
    signer: str,
    issued_on: dt.date,
    valid_from: dt.date,
    valid_until: dt.date | None = None,
    amount: int | None = None,
    content: bytes | None = None,
    media_type: str = "",
) -> Document:
    """Put a paper on file, with its scan where there is one; `media_type` is what the sender claims the scan to be.

    The scan is on the disk before the Act commits; an Act that fails leaves a file nobody mentions.

    Raises:
        DocumentKindUnknown: no such kind.
        DocumentTextMissing: number, title or signer is empty or too long.
        DocumentFromFuture, DocumentPeriodReversed, DocumentAmountRefused: dates or amount cannot be.
        FileEmpty, FileTooLarge, FileKindRefused, FileDisguised: the scan is not accepted.
    """
    number, title, signer = (rules.one_line(text) for text in (number, title, signer))

    wanted = rules.kind_named(kind)
    rules.check_words(number=number, title=title, signer=signer)
    rules.check_dates(issued_on=issued_on, valid_from=valid_from, valid_until=valid_until, today=act.on)
    rules.check_amount(amount)

    stored = _store(act, content, media_type) if content is not None else None
    document = Document(
        reference=numbering.next_reference(act, PREFIX),
        kind=wanted.value,
        number=number,
        title=title,
        signer=signer,
        issued_on=issued_on,
        valid_from=valid_from,
        valid_until=valid_until,
        amount=amount,
        file_sha256=stored,
        registered_by=act.actor.id,
        registered_at=act.at,
    )
    act.session.add(document)
    act.session.flush()

    act.record(_registered(document))
    return document


def _registered(document: Document) -> DocumentRegistered:
    return DocumentRegistered(
        document=document.reference,
        kind=document.kind,
        number=document.number,
        issued_on=document.issued_on,
        valid_from=document.valid_from,
        valid_until=document.valid_until,
        file=log_digest(document.file_sha256),
    )


def log_digest(sha256: str | None) -> str:
    """Write a file's digest as facts hold it (base64url without padding); "" where there is no file."""
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode() if sha256 else ""


def _store(act: Act, content: bytes, claimed: str) -> str:
    media_type = rules.media_type_of(content, claimed)
    digest = files.store(act.kit.files, content)
    if act.session.get(StoredFile, digest) is not None:
        return digest
    # Two Acts may bring one scan at once: the second waits for the first and then adds nothing.
    row = {"sha256": digest, "size": len(content), "media_type": media_type, "stored_at": act.at}
    insert_unless_there(act, StoredFile, row, by=("sha256",))
    return digest
