"""Programmes of aid: what they pay, from which sources, up to which ceiling, to whom not, and who must approve."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Amount,
    Count,
    Day,
    LongText,
    MaybeDay,
    Moment,
    PrimaryId,
    Reference,
    Salt,
    ShortText,
    State,
)
from aid_ledger.core.db import Base, record


class Program(Base):
    """A programme. `code` and `public_name` enter the log: neutral where the programme would tell of an illness."""

    __tablename__ = "programs"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[ShortText]
    public_name: Mapped[ShortText]
    aliases: Mapped[ShortText]
    pillar: Mapped[State]
    unit: Mapped[State]
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))
    needs_isolation: Mapped[bool]
    is_managed: Mapped[bool]
    legal_basis_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    version: Mapped[Count]
    starts_on: Mapped[Day]
    ends_on: Mapped[MaybeDay]
    defined_by: Mapped[str] = mapped_column(String(40))
    salt: Mapped[Salt]


class ProgramSource(Base):
    """A kind of source that a programme may be paid from."""

    __tablename__ = "program_sources"
    __table_args__ = ({"info": record("OPERATOR")},)

    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"), primary_key=True, autoincrement=False)
    source_kind: Mapped[str] = mapped_column(String(20), primary_key=True)


class Rate(Base):
    """What one payment is from a day on; the newest rate not after the day holds."""

    __tablename__ = "rates"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        UniqueConstraint("program_id", "since"),
        {"info": record("OPERATOR")},
    )

    id: Mapped[PrimaryId]
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    amount: Mapped[Amount]
    since: Mapped[Day]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    set_by: Mapped[str] = mapped_column(String(40))


class Ceiling(Base):
    """The most a programme may commit out of one source; the newest row of a pair holds."""

    __tablename__ = "ceilings"
    __table_args__ = (Index("ix_ceilings_pair", "program_id", "source_id", "id"), {"info": record("OPERATOR")})

    id: Mapped[PrimaryId]
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    amount: Mapped[Amount]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    set_at: Mapped[Moment]
    set_by: Mapped[str] = mapped_column(String(40))


class Exclusion(Base):
    """Two programmes (the other may be an external code) that one household may not receive in one period."""

    __tablename__ = "exclusions"
    __table_args__ = (UniqueConstraint("program_id", "other_code"), {"info": record("OPERATOR")})

    id: Mapped[PrimaryId]
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    other_code: Mapped[str] = mapped_column(String(40))


class Allocation(Base):
    """Value of a source set aside for a programme, by a document."""

    __tablename__ = "allocations"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        Index("ix_allocations_program", "program_id", "source_id"),
        {"info": record("OPERATOR")},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))
    amount: Mapped[Amount]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    allocated_by: Mapped[str] = mapped_column(String(40))
    allocated_at: Mapped[Moment]


class ApprovalPolicy(Base):
    """How many approvers a total needs, in force from a day on. `limits` is JSON `[[from_amount, approvers], …]`."""

    __tablename__ = "approval_policies"
    __table_args__ = ({"info": record("two officials whom it does not bind; a founder before closing")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    program_id: Mapped[int | None] = mapped_column(ForeignKey("programs.id"))
    limits: Mapped[LongText]
    state: Mapped[State]
    since: Mapped[Day]
    proposed_by: Mapped[str] = mapped_column(String(40))
    agreed_by: Mapped[str | None] = mapped_column(String(40))
    proposed_at: Mapped[Moment]
