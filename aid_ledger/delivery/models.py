"""How aid leaves and what came of it: instructions to channels, their answers, handovers, returns to the treasury."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Amount,
    Code,
    Count,
    Day,
    LongText,
    MaybeMoment,
    Moment,
    PrimaryId,
    Reference,
    Salt,
    ShortText,
    State,
)
from aid_ledger.core.db import Base, record


class Instruction(Base):
    """A sealed batch handed to a channel. One instruction per batch; the file can be written again, byte for byte."""

    __tablename__ = "instructions"
    __table_args__ = ({"info": record("TREASURER")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), unique=True)
    channel: Mapped[State]
    value_on: Mapped[Day]
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    lines: Mapped[Count]
    total: Mapped[Amount]
    state: Mapped[State]
    instructed_by_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    instructed_at: Mapped[Moment]
    act: Mapped[str] = mapped_column(String(32))
    collected_at: Mapped[MaybeMoment]


class ResultFile(Base):
    """A channel's answer, idempotent by the SHA-256 of the file."""

    __tablename__ = "result_files"
    __table_args__ = ({"info": record("TREASURER")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    instruction_id: Mapped[int] = mapped_column(ForeignKey("instructions.id"), index=True)
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    count: Mapped[Count]
    matched: Mapped[Count]
    is_inquiry: Mapped[bool]
    imported_by_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    imported_at: Mapped[Moment]


class LineResult(Base):
    """What a channel or a field officer said of one line, once per result file or handover.

    The last word is the line's state.
    """

    __tablename__ = "line_results"
    __table_args__ = (
        UniqueConstraint("line_id", "result_id", name="uq_line_results_once_per_file"),
        Index("ix_line_results_line", "line_id"),
        {"info": record("TREASURER, FIELD") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    line_id: Mapped[int] = mapped_column(ForeignKey("batch_lines.id"))
    result_id: Mapped[int | None] = mapped_column(ForeignKey("result_files.id"))
    handover_id: Mapped[int | None] = mapped_column(ForeignKey("handovers.id"))
    outcome: Mapped[Code]
    channel_code: Mapped[Code]
    channel_reference: Mapped[Code]
    amount: Mapped[Amount]
    account_confirmed: Mapped[bool | None]
    processed_at: Mapped[MaybeMoment]
    recorded_at: Mapped[Moment]
    salt: Mapped[Salt]


class Handover(Base):
    """Cash or goods given by an officer at some place, before two witnesses with their offices (BAST)."""

    __tablename__ = "handovers"
    __table_args__ = (
        CheckConstraint("place <> ''", name="place"),
        CheckConstraint("witness_one <> '' AND witness_two <> ''", name="witnesses"),
        CheckConstraint("lower(witness_one) <> lower(witness_two)", name="two_people"),
        CheckConstraint("office_one <> '' AND office_two <> ''", name="offices"),
        {"info": record("FIELD, TREASURER") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), index=True)
    place: Mapped[ShortText]
    witness_one: Mapped[ShortText]
    office_one: Mapped[ShortText]
    witness_two: Mapped[ShortText]
    office_two: Mapped[ShortText]
    note: Mapped[LongText]
    photo_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    handed_by_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    handed_at: Mapped[Moment]
    salt: Mapped[Salt]


class TreasuryReturn(Base):
    """Value that could not be delivered went back to the regional treasury by STS, or goods to the donor.

    `statement` is what its paper says, as canonical JSON (`audit.pdf.returns`); the log holds its digest.
    """

    __tablename__ = "treasury_returns"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        {"info": record("TREASURER") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))
    amount: Mapped[Amount]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), unique=True)
    returned_by_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    returned_at: Mapped[Moment]
    statement: Mapped[LongText]
    act: Mapped[str] = mapped_column(String(32))
