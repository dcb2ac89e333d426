"""Home isolation (isoman): episodes and the checks of the four pillars. Health data, kept minimal and salted."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Day, LongText, MaybeDay, Moment, PrimaryId, Reference, Salt, ShortText, State
from aid_ledger.core.db import Base, record


class IsolationEpisode(Base):
    """A person isolates from `started_on`; the reference to the test is a number and a place, not a lab sheet."""

    __tablename__ = "isolation_episodes"
    __table_args__ = (Index("ix_isolation_person", "person_id", "started_on"), {"info": record("FIELD")})

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    origin: Mapped[State]
    place: Mapped[State]
    started_on: Mapped[Day]
    ends_on: Mapped[MaybeDay]
    health_centre: Mapped[ShortText]
    tested_on: Mapped[MaybeDay]
    state: Mapped[State]
    reported_by: Mapped[str] = mapped_column(String(40))
    reported_at: Mapped[Moment]
    salt: Mapped[Salt]


class IsolationCheck(Base):
    """What one pillar (lurah/kades, puskesmas, bhabinkamtibmas, babinsa) found."""

    __tablename__ = "isolation_checks"
    __table_args__ = (UniqueConstraint("episode_id", "pillar"), {"info": record("FIELD") | {"append_only": "yes"}})

    id: Mapped[PrimaryId]
    episode_id: Mapped[int] = mapped_column(ForeignKey("isolation_episodes.id"))
    pillar: Mapped[State]
    outcome: Mapped[State]
    checker_name: Mapped[ShortText]
    note: Mapped[LongText]
    checked_on: Mapped[Day]
    recorded_by: Mapped[str] = mapped_column(String(40))
    recorded_at: Mapped[Moment]
    salt: Mapped[Salt]
