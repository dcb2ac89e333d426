"""Receipts: for each confirmed line one that counts, and those it replaced. The fields are ciphertext."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Amount,
    Bytes,
    Cipher,
    Code,
    Count,
    LongText,
    MaybeMoment,
    Moment,
    PrimaryId,
    Reference,
    Seal,
    ShortText,
    State,
)
from aid_ledger.core.db import Base, record
from aid_ledger.receipts.rules import REPLACED


class Receipt(Base):
    """A household's receipt; the PDF is rendered from it when asked for, once its entry is sealed.

    `public_id` is how the log names it: the random id of its line, and which of the line's receipts it is
    (`audit.naming`). `code_hash` finds it by the code on the paper.
    """

    __tablename__ = "receipts"
    __table_args__ = ({"info": record("the confirmation of a line; TREASURER cancels or replaces")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("batch_lines.id"), index=True)
    seal: Mapped[Seal]
    fields: Mapped[Cipher]
    digest: Mapped[Bytes]
    state: Mapped[State]
    copies: Mapped[Count]
    issued_at: Mapped[Moment]
    issue_act: Mapped[str] = mapped_column(String(32))
    ended_at: Mapped[MaybeMoment]
    end_act: Mapped[str | None] = mapped_column(String(32))
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("receipts.id"))
    reason: Mapped[LongText]


Index(
    "uq_receipts_one_counts",
    Receipt.line_id,
    unique=True,
    postgresql_where=Receipt.state != REPLACED,
    sqlite_where=Receipt.state != REPLACED,
)


class BatchManifest(Base):
    """One asking for a seal on the manifest of a batch's receipts, and what came of it.

    Files lie in the documents' store under their SHA-256: `file_sha256` the page that was sent, `sealed_sha256` what
    came back, "" without. `after` names the asking before, where nobody knew its outcome.
    """

    __tablename__ = "manifests"
    __table_args__ = ({"info": record("TREASURER asks and concludes") | {"lasting": "yes"}},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), index=True)
    receipts: Mapped[Count]
    amount: Mapped[Amount]
    listing: Mapped[Bytes]
    size: Mapped[Count]
    file_sha256: Mapped[str] = mapped_column(String(64))
    sealed_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[State]
    reason: Mapped[ShortText]
    asked_by: Mapped[Code]
    asked_at: Mapped[Moment]
    ended_at: Mapped[MaybeMoment]
    after: Mapped[str] = mapped_column(String(40))
