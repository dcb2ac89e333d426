"""Who stood for a batch: steps taken, and the OTP challenges bound to exactly what was shown."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Amount, Code, Count, LongText, Moment, PrimaryId, Reference, Salt, ShortText, State
from aid_ledger.core.db import Base, record


class BatchStep(Base):
    """One step of a batch by one official in one office: verified, approved, rejected, sent_back, cancelled.

    One official takes at most one step of a batch's one submission: the second person rule as a constraint.
    """

    __tablename__ = "batch_steps"
    __table_args__ = (
        UniqueConstraint("batch_id", "digest", "official_id", name="uq_batch_steps_one_person_one_step"),
        UniqueConstraint("device_id", "otp_step", "batch_id", name="uq_batch_steps_otp_once"),
        {"info": record("VERIFIER, APPROVER") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    step: Mapped[State]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    office_code: Mapped[Code]
    office_title: Mapped[ShortText]
    office_status: Mapped[State]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("otp_devices.id"))
    otp_step: Mapped[int | None]
    challenge_id: Mapped[int | None] = mapped_column(ForeignKey("challenges.id"))
    reason: Mapped[LongText]
    act: Mapped[str] = mapped_column(String(32))
    taken_at: Mapped[Moment]


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
