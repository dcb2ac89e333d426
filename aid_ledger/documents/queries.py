"""Reading documents: one by its reference, the newest of a kind, and the bytes of a file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aid_ledger.documents import files
from aid_ledger.documents.models import Document, StoredFile
from aid_ledger.documents.rules import DocumentKind, DocumentNotFound, FileMissing

PAGE_SIZE = 50
"""Rows of one page of a list."""

CHOICES_LIMIT = 200
"""Documents offered in a form: the newest; an older one is found by its reference."""


@dataclass(frozen=True, slots=True)
class FiledDocument:
    """A document and the particulars of its file; `file` is None where only the paper's particulars are known."""

    document: Document
    file: StoredFile | None


def document(session: Session, reference: str) -> Document:
    """Fetch a document; raises DocumentNotFound."""
    found = session.scalars(select(Document).where(Document.reference == reference)).one_or_none()
    if found is None:
        raise DocumentNotFound(document=reference[:40])
    return found


def filed(session: Session, reference: str) -> FiledDocument:
    """Fetch a document with its file's particulars; raises DocumentNotFound."""
    found = document(session, reference)
    return FiledDocument(found, session.get(StoredFile, found.file_sha256) if found.file_sha256 else None)


def page(session: Session, *, kind: str = "", before: int = 0) -> list[Document]:
    """List documents, newest first; `before` is the last row of the page before (0: the first page).

    One row more than a page is given, so that the caller sees whether there is a next page.
    """
    query = select(Document).order_by(Document.id.desc()).limit(PAGE_SIZE + 1)
    if kind:
        query = query.where(Document.kind == kind)
    if before:
        query = query.where(Document.id < before)
    return list(session.scalars(query))


def counts_by_kind(session: Session) -> dict[str, int]:
    """Count documents by kind."""
    query = select(Document.kind, func.count()).group_by(Document.kind)
    return {kind: count for kind, count in session.execute(query)}  # noqa: C416 - rows are not pairs


def newest_of(session: Session, kinds: Collection[DocumentKind]) -> list[Document]:
    """List the newest documents of some kinds, for a form to choose from."""
    query = select(Document).where(Document.kind.in_([kind.value for kind in kinds])).order_by(Document.id.desc())
    return list(session.scalars(query.limit(CHOICES_LIMIT)))


def content(session: Session, folder: Path, reference: str) -> tuple[Document, StoredFile, bytes]:
    """Give the bytes of a document's file, checked against their digest.

    Raises:
        DocumentNotFound: there is no such document.
        FileMissing: it has no file, or the file is gone.
        FileAltered: the file was changed since.
    """
    found = filed(session, reference)
    if found.file is None:
        raise FileMissing(document=reference)
    return found.document, found.file, files.read(folder, found.file.sha256)
