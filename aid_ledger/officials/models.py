"""People who may act: who they are, which office they hold on a day, which roles, and how they prove themselves."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Bytes,
    Cipher,
    Code,
    Count,
    Day,
    LongText,
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
from aid_ledger.core.db import Base, housekeeping, record


class Official(Base):
    """A person known to the system. Alone this row gives no power."""

    __tablename__ = "officials"
    __table_args__ = ({"info": record("ADMIN, the founding")},)

    id: Mapped[PrimaryId]
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[ShortText]
    agency_unit: Mapped[ShortText]
    state: Mapped[State]
    founder: Mapped[bool]
    enrolled_at: Mapped[Moment]
    salt: Mapped[Salt]


class Office(Base):
    """An office (jabatan) that can be held."""

    __tablename__ = "offices"
    __table_args__ = ({"info": record("ADMIN, the founding")},)

    id: Mapped[PrimaryId]
    code: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[ShortText]
    agency_unit: Mapped[ShortText]


class OfficeTerm(Base):
    """An official holds an office from `since` to `until`; status definitif, pj, plt, plh."""

    __tablename__ = "office_terms"
    __table_args__ = ({"info": record("ADMIN, the founding")},)

    id: Mapped[PrimaryId]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"), index=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("offices.id"))
    status: Mapped[State]
    since: Mapped[Day]
    until: Mapped[MaybeDay]
    decree: Mapped[ShortText]
    acts_for_id: Mapped[int | None] = mapped_column(ForeignKey("officials.id"))


class RoleGrant(Base):
    """A role asked for, granted or ended; the state says which. `area` is a region code, empty = whole agency."""

    __tablename__ = "role_grants"
    __table_args__ = (
        Index("ix_role_grants_live", "official_id", "state"),
        {"info": record("ADMIN and a second official")},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    role: Mapped[State]
    area: Mapped[Code]
    since: Mapped[Day]
    until: Mapped[MaybeDay]
    decree: Mapped[ShortText]
    state: Mapped[State]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("officials.id"))
    decided_at: Mapped[MaybeMoment]
    reason: Mapped[LongText]


class Credential(Base):
    """An official's password hash (argon2id) and the delay after failures."""

    __tablename__ = "credentials"
    __table_args__ = ({"info": record("its owner; ADMIN only clears it")},)

    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"), primary_key=True, autoincrement=False)
    password_hash: Mapped[LongText]
    is_temporary: Mapped[bool]
    changed_at: Mapped[Moment]
    enrolment_token_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    salt: Mapped[Salt]


class OtpDevice(Base):
    """A TOTP device. The secret is encrypted; `last_step` only rises; before `usable_from` it may not approve."""

    __tablename__ = "otp_devices"
    __table_args__ = (CheckConstraint("fails >= 0", name="fails"), {"info": record("its owner")})

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"), index=True)
    seal: Mapped[Seal]
    secret: Mapped[Cipher]
    state: Mapped[State]
    enrolled_at: Mapped[Moment]
    usable_from: Mapped[Moment]
    last_step: Mapped[Count]
    fails: Mapped[Count]
    locked_until: Mapped[MaybeMoment]
    salt: Mapped[Salt]


class OtpUse(Base):
    """A time step that a device has spent, on signing in or on approving: never twice."""

    __tablename__ = "otp_uses"
    __table_args__ = ({"info": record("sign-in and approval") | {"append_only": "yes"}},)

    device_id: Mapped[int] = mapped_column(ForeignKey("otp_devices.id"), primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purpose: Mapped[Code]
    spent_at: Mapped[Moment]


class RecoveryCode(Base):
    """A one-time code that signs in when the device is lost; it never approves."""

    __tablename__ = "recovery_codes"
    __table_args__ = ({"info": record("its owner")},)

    id: Mapped[PrimaryId]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"), index=True)
    code_hash: Mapped[Bytes]
    spent_at: Mapped[MaybeMoment]
    salt: Mapped[Salt]


class FactorReset(Base):
    """A request to enrol an official's `password` or `device` anew, which a second official decides."""

    __tablename__ = "factor_resets"
    __table_args__ = ({"info": record("ADMIN and a second official")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    factor: Mapped[State]
    decree: Mapped[ShortText]
    state: Mapped[State]
    requested_by_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    requested_at: Mapped[Moment]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("officials.id"))
    decided_at: Mapped[MaybeMoment]


class FoundingSignature(Base):
    """A founder's signature under the end of the founding."""

    __tablename__ = "founding_signatures"
    __table_args__ = ({"info": record("the founders") | {"append_only": "yes"}},)

    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"), primary_key=True, autoincrement=False)
    signed_at: Mapped[Moment]


class SignInSession(Base):
    """A signed-in browser: only the hash of its token is kept."""

    __tablename__ = "sign_in_sessions"
    __table_args__ = ({"info": housekeeping("sessions come and go; SignedIn is the fact")},)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"), index=True)
    factor: Mapped[Code]
    opened_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    expires_at: Mapped[Moment]


class SignInAttempt(Base):
    """Failures of one hour by a hashed name, for the growing delay and the hourly count."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        UniqueConstraint("name_hash", "hour"),
        {"info": housekeeping("counters of failures; SignInFailures is the hourly fact")},
    )

    id: Mapped[PrimaryId]
    name_hash: Mapped[Bytes]
    hour: Mapped[Moment]
    fails: Mapped[Count]
    blocked_until: Mapped[MaybeMoment]
