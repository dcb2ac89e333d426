"""The ways on without the witnesses' quorum: proposed, opened by a second official, and what was charged to each."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Amount, Count, LongText, Moment, PrimaryId, Reference
from aid_ledger.core.db import Base, record


class UnwitnessedWay(Base):
    """A way that was proposed: up to so many rupiah and lines, for so many hours from its opening."""

    __tablename__ = "unwitnessed_ways"
    __table_args__ = (
        CheckConstraint("cap >= 0", name="cap"),
        CheckConstraint("lines > 0", name="lines"),
        CheckConstraint("hours BETWEEN 1 AND 24", name="hours"),
        {"info": record("TREASURER, APPROVER") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    reason: Mapped[LongText]
    cap: Mapped[Amount]
    lines: Mapped[Count]
    hours: Mapped[Count]
    proposed_by: Mapped[str] = mapped_column(String(40))
    proposed_unit: Mapped[str] = mapped_column(String(300))
    proposed_at: Mapped[Moment]


class UnwitnessedOpening(Base):
    """A way that a second official opened; it closes by itself at `until`."""

    __tablename__ = "unwitnessed_openings"
    __table_args__ = ({"info": record("a second TREASURER or APPROVER, of another office") | {"append_only": "yes"}},)

    way_id: Mapped[int] = mapped_column(ForeignKey("unwitnessed_ways.id"), primary_key=True, autoincrement=False)
    until: Mapped[Moment]
    opened_by: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[Moment]


class UnwitnessedUse(Base):
    """What left by a way: a batch, whole and once, or a receipt. `amount` is rupiah, 0 where no money moves."""

    __tablename__ = "unwitnessed_uses"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("lines > 0", name="lines"),
        {"info": record("who lets something leave") | {"append_only": "yes"}},
    )

    way_id: Mapped[int] = mapped_column(
        ForeignKey("unwitnessed_openings.way_id"), primary_key=True, autoincrement=False
    )
    what: Mapped[str] = mapped_column(String(40), primary_key=True)
    amount: Mapped[Amount]
    lines: Mapped[Count]
    used_at: Mapped[Moment]
