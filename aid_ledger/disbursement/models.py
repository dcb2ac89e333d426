"""What is due and what is about to be paid: entitlements, who was left out and why, batches, their lines and steps.

Entitlements and lines are inserted in random order, so that their numbers, which are public, do not follow the order
of people. One payment per entitlement is a partial unique index, not a promise of code.
"""

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
from aid_ledger.core.db import Base, Id, record

STANDING = ("submitted", "verified", "approved")
"""Steps by which an official stands for a batch as it is frozen now."""

DEAD_LINE_STATES = ("set_aside", "failed", "returned", "rejected", "cancelled")
"""Lines in these states no longer claim their entitlement: it may be paid by another line."""


class EntitlementRun(Base):
    """One computation of who is due what, for a programme, a period and a region."""

    __tablename__ = "entitlement_runs"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    period: Mapped[str] = mapped_column(String(20))
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    amount_each: Mapped[Amount]
    count: Mapped[Count]
    left_out: Mapped[Count]
    state: Mapped[State]
    decree_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    computed_by: Mapped[str] = mapped_column(String(40))
    computed_at: Mapped[Moment]
    determined_by: Mapped[str | None] = mapped_column(String(40))
    salt: Mapped[Salt]


class Entitlement(Base):
    """What one household is due in one programme and period."""

    __tablename__ = "entitlements"
    __table_args__ = (
        UniqueConstraint("program_id", "period", "household_id", name="once_per_household"),
        CheckConstraint("amount > 0", name="positive"),
        Index("ix_entitlements_run", "run_id", "state"),
        Index("ix_entitlements_person", "person_id"),
        {"info": record("OPERATOR") | {"lasting": "yes"}},
    )

    id: Mapped[PrimaryId]
    run_id: Mapped[int] = mapped_column(ForeignKey("entitlement_runs.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    period: Mapped[str] = mapped_column(String(20))
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    village_code: Mapped[str] = mapped_column(String(13))
    amount: Mapped[Amount]
    state: Mapped[State]
    hold_reason: Mapped[Code]
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("isolation_episodes.id"))
    salt: Mapped[Salt]


class LeftOut(Base):
    """A household that a run left out, and why."""

    __tablename__ = "left_out"
    __table_args__ = (Index("ix_left_out_reason", "run_id", "reason"), {"info": record("OPERATOR")})

    id: Mapped[PrimaryId]
    run_id: Mapped[int] = mapped_column(ForeignKey("entitlement_runs.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[Code]
    salt: Mapped[Salt]


class Batch(Base):
    """A list of payments that goes through maker, verifier, approver(s) and treasurer as one."""

    __tablename__ = "batches"
    __table_args__ = (
        CheckConstraint("total >= 0", name="total"),
        Index("ix_batches_state", "state", "id"),
        {
            "info": record("OPERATOR drafts and submits; verifier, approvers and treasurer move its state")
            | {"lasting": "yes"}
        },
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    period: Mapped[str] = mapped_column(String(20))
    commodity: Mapped[str] = mapped_column(ForeignKey("commodities.code"))
    channel: Mapped[State]
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    state: Mapped[State]
    lines: Mapped[Count]
    total: Mapped[Amount]
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    decree_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("approval_policies.id"))
    approvers_needed: Mapped[Count]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    made_at: Mapped[Moment]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("officials.id"))
    submitted_at: Mapped[MaybeMoment]
    submit_act: Mapped[str | None] = mapped_column(String(32))
    closed_at: Mapped[MaybeMoment]
    salt: Mapped[Salt]


class BatchSource(Base):
    """How much of a batch is paid by one source."""

    __tablename__ = "batch_sources"
    __table_args__ = (CheckConstraint("amount > 0", name="positive"), {"info": record("OPERATOR")})

    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"), primary_key=True, autoincrement=False)
    amount: Mapped[Amount]


class BatchLine(Base):
    """One payment to one household out of one source.

    `state` is `listed` while the batch's own state says everything, then sent, unknown, delivered, failed, on_hold,
    returned; or set_aside, rejected, cancelled. `commitment` binds the payee's name and account under `salt`.

    A foreign key costs each line as much as all its columns together, so there is none. One statement makes the lines
    of a batch by joining the rows they point at (`drafting.insert_lines`), and those rows are lasting: a trigger
    refuses to delete them. `audit diff` sees any hand that changes either.
    """

    __tablename__ = "batch_lines"
    __table_args__ = (
        UniqueConstraint("batch_id", "line_no", name="uq_batch_lines_number"),
        CheckConstraint("amount > 0", name="positive"),
        {"info": record("OPERATOR lists and freezes; delivery moves its state") | {"lasting": "yes"}},
    )

    id: Mapped[PrimaryId]
    batch_id: Mapped[int] = mapped_column(Id)
    line_no: Mapped[Count]
    entitlement_id: Mapped[int] = mapped_column(Id)
    person_id: Mapped[int] = mapped_column(Id, index=True)
    bank_account_id: Mapped[int | None] = mapped_column(Id)
    source_id: Mapped[int] = mapped_column(Id)
    amount: Mapped[Amount]
    state: Mapped[State]
    reason: Mapped[Code]
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    commitment: Mapped[bytes | None] = mapped_column(LargeBinary)
    public_id: Mapped[str] = mapped_column(String(20), unique=True)


Index(
    "uq_batch_lines_live_entitlement",
    BatchLine.entitlement_id,
    unique=True,
    postgresql_where=BatchLine.state.not_in(DEAD_LINE_STATES),
    sqlite_where=BatchLine.state.not_in(DEAD_LINE_STATES),
)


class BatchStep(Base):
    """One step of a batch by one official in one office: drafted, submitted, verified, approved, rejected, and so on.

    One official stands for at most one step under one digest: the second person rule as a constraint. Each submission
    has a digest of its own, so what was sent back needs every step anew. `challenge` is the reference of the OTP
    challenge that an approval answers, known here by name only.
    """

    __tablename__ = "batch_steps"
    __table_args__ = (
        UniqueConstraint("device_id", "otp_step", "batch_id", name="uq_batch_steps_otp_once"),
        {"info": record("OPERATOR, VERIFIER, APPROVER") | {"append_only": "yes"}},
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
    challenge: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[LongText]
    act: Mapped[str] = mapped_column(String(32))
    taken_at: Mapped[Moment]


Index(
    "uq_batch_steps_one_person_one_step",
    BatchStep.batch_id,
    BatchStep.digest,
    BatchStep.official_id,
    unique=True,
    postgresql_where=BatchStep.step.in_(STANDING),
    sqlite_where=BatchStep.step.in_(STANDING),
)


class AuditorKey(Base):
    """The key that openings for one auditor are sealed to: proposed by an administrator, then current, or replaced."""

    __tablename__ = "auditor_keys"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'current', 'replaced')", name="state"),
        {"info": record("ADMIN proposes, AUDITOR agrees")},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    auditor: Mapped[str] = mapped_column(String(40))
    public: Mapped[ShortText]
    state: Mapped[State]
    proposed_by: Mapped[str] = mapped_column(String(40))
    proposed_at: Mapped[Moment]
    set_by: Mapped[str] = mapped_column(String(40))


Index(
    "uq_auditor_keys_current",
    AuditorKey.auditor,
    unique=True,
    postgresql_where=AuditorKey.state == "current",
    sqlite_where=AuditorKey.state == "current",
)


class LodgedOpenings(Base):
    """The openings of a batch's lines as frozen under one digest, sealed to an auditor's key and kept as a file."""

    __tablename__ = "lodged_openings"
    __table_args__ = (
        UniqueConstraint("batch_id", "key_id", "digest", name="uq_lodged_openings_once"),
        {"info": record("whoever instructs a payment") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    key_id: Mapped[int] = mapped_column(ForeignKey("auditor_keys.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    lines: Mapped[Count]
    file_sha256: Mapped[str] = mapped_column(String(64))
    lodged_on: Mapped[Day]
    lodged_at: Mapped[Moment]
