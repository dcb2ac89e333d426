"""Documents that justify: decrees (SK), DPA, RKB, SP2D, NPHD, BAST, STS. Files lie outside the web root by SHA-256."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Amount, Code, Count, Day, MaybeDay, Moment, PrimaryId, Reference, ShortText, State
from aid_ledger.core.db import Base, record


class StoredFile(Base):
    """A file kept by `documents/files.py`; the row is its particulars. The key is hexadecimal, so logs can hold it."""

    __tablename__ = "files"
    __table_args__ = (CheckConstraint("size > 0", name="size"), {"info": record("registrars") | {"append_only": "yes"}})

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[Count]
    media_type: Mapped[Code]
    stored_at: Mapped[Moment]


class Document(Base):
    """A document's particulars; `amount` where the document states one (RKB, DPA, SP2D, STS)."""

    __tablename__ = "documents"
    __table_args__ = (
        Index("ix_documents_kind", "kind", "issued_on"),
        {"info": record("registrars") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    kind: Mapped[State]
    number: Mapped[ShortText]
    title: Mapped[ShortText]
    signer: Mapped[ShortText]
    issued_on: Mapped[Day]
    valid_from: Mapped[Day]
    valid_until: Mapped[MaybeDay]
    amount: Mapped[Amount | None]
    file_sha256: Mapped[str | None] = mapped_column(ForeignKey("files.sha256"))
    registered_by: Mapped[str] = mapped_column(String(40))
    registered_at: Mapped[Moment]
