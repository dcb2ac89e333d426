"""Receipts: one per confirmed line. The fields are ciphertext; the log holds a salted digest of them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Bytes,
    Cipher,
    Count,
    LongText,
    MaybeMoment,
    Moment,
    PrimaryId,
    Reference,
    Seal,
    State,
)
from aid_ledger.core.db import Base, record


class Receipt(Base):
    """A household's receipt; the PDF is rendered from it when asked for, once its entry is sealed.

    `public_id` is the random id of its line, by which the log names it; `code_hash` finds it by the code on the paper.
    """

    __tablename__ = "receipts"
    __table_args__ = ({"info": record("the confirmation of a line; TREASURER cancels")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    public_id: Mapped[str] = mapped_column(String(40), unique=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("batch_lines.id"), unique=True)
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
