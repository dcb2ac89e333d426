"""The OTP challenges, bound to exactly what was shown. Steps are `disbursement`'s: `BatchStep`, known here too."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Amount, Count, Moment, PrimaryId, Reference, Salt, State
from aid_ledger.core.db import Base, record
from aid_ledger.disbursement.models import BatchStep

__all__ = ["BatchStep", "Challenge", "ChallengeBatch"]


class Challenge(Base):
    """An approver was shown a list of batches; five minutes, five tries, one code."""

    __tablename__ = "challenges"
    __table_args__ = (
        CheckConstraint("tries >= 0", name="tries"),
        Index("ix_challenges_official", "official_id", "state"),
        {"info": record("APPROVER")},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("otp_devices.id"))
    session_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[State]
    tries: Mapped[Count]
    opened_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    salt: Mapped[Salt]


class ChallengeBatch(Base):
    """What the challenge showed of one batch: digest, lines, total."""

    __tablename__ = "challenge_batches"
    __table_args__ = ({"info": record("APPROVER") | {"append_only": "yes"}},)

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenges.id"), primary_key=True, autoincrement=False)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    lines: Mapped[Count]
    total: Mapped[Amount]
    commodity: Mapped[str] = mapped_column(String(40))
