"""Where aid comes from: sources, donors, emergency statuses, contributions in money and goods."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Amount,
    Count,
    Day,
    LongText,
    MaybeDay,
    MaybeMoment,
    Moment,
    PrimaryId,
    Reference,
    ShortText,
    State,
)
from aid_ledger.core.db import Base, record


class Source(Base):
    """A source of aid of one year. `in_rkud` sources are APBD figures, the others never appear there."""

    __tablename__ = "sources"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[State]
    name: Mapped[ShortText]
    in_rkud: Mapped[bool]
    year: Mapped[Count]
    custodian_office: Mapped[str] = mapped_column(ForeignKey("offices.code"))
    approver_office: Mapped[str | None] = mapped_column(ForeignKey("offices.code"))
    opened_at: Mapped[Moment]


class Donor(Base):
    """A giver: company, ASN unit, community, media, Baznas, individual. An individual's name stays inside."""

    __tablename__ = "donors"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    kind: Mapped[State]
    name: Mapped[ShortText]
    show_name: Mapped[bool]
    registered_at: Mapped[Moment]


class EmergencyStatus(Base):
    """An emergency status by decree (siaga darurat, tanggap darurat, transisi)."""

    __tablename__ = "emergency_statuses"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    level: Mapped[State]
    decree_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    since: Mapped[Day]
    until: Mapped[MaybeDay]


class Contribution(Base):
    """Money or goods offered and received: offered, screened, received, published; or refused."""

    __tablename__ = "contributions"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        Index("ix_contributions_source", "source_id", "state"),
        {"info": record("OPERATOR, TREASURER")},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donors.id"))
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))
    amount: Mapped[Amount]
    state: Mapped[State]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    emergency_id: Mapped[int | None] = mapped_column(ForeignKey("emergency_statuses.id"))
    need_plan_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    screening: Mapped[LongText]
    offered_by: Mapped[str] = mapped_column(String(40))
    offered_at: Mapped[Moment]
    received_on: Mapped[MaybeDay]
    received_by: Mapped[str | None] = mapped_column(String(40))
    published_at: Mapped[MaybeMoment]
