"""Where aid comes from: sources, donors, emergency statuses, contributions in money and goods."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, column
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Amount,
    Count,
    Day,
    LongText,
    MaybeCipher,
    MaybeDay,
    MaybeMoment,
    Moment,
    PrimaryId,
    Reference,
    Salt,
    Seal,
    ShortText,
    State,
)
from aid_ledger.core.db import Base, record

_STANDING = column("state") != "refused"


class Source(Base):
    """A source of aid of one year. `in_rkud` sources are APBD figures, the others never appear there."""

    __tablename__ = "sources"
    __table_args__ = ({"info": record("OPERATOR") | {"lasting": "yes"}},)

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
    """A giver: company, ASN unit, community, media, Baznas, individual.

    An institution's name is plain and public. An individual's is encrypted, and `name` is empty.
    """

    __tablename__ = "donors"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    kind: Mapped[State]
    name: Mapped[ShortText]
    private_name: Mapped[MaybeCipher]
    show_name: Mapped[bool]
    registered_at: Mapped[Moment]
    seal: Mapped[Seal]
    salt: Mapped[Salt]


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
    """Money or goods on the way in: offered, accepted, received, published; or refused; or declared at the founding."""

    __tablename__ = "contributions"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        Index("ix_contributions_source", "source_id", "state"),
        # One paper brings one commodity into one source once, unless the offer was refused.
        Index(
            "uq_contributions_paper",
            "source_id",
            "commodity",
            "document_id",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        {"info": record("OPERATOR, VERIFIER, TREASURER")},
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
    screened_by: Mapped[str | None] = mapped_column(String(40))
    screened_at: Mapped[MaybeMoment]
    received_on: Mapped[MaybeDay]
    received_by: Mapped[str | None] = mapped_column(String(40))
    received_at: Mapped[MaybeMoment]
    published_at: Mapped[MaybeMoment]
