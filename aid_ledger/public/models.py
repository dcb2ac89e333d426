"""What the public pages remember of a visitor: how many checks came from one network in one hour, and nothing else."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Count, Moment
from aid_ledger.core.db import Base, housekeeping


class PublicCheck(Base):
    """Checks spent by one network in one hour. The key is a keyed hash of both, so addresses cannot be read off it."""

    __tablename__ = "public_checks"
    __table_args__ = (
        Index("ix_public_checks_hour", "hour"),
        {"info": housekeeping("limits how often one network may ask in an hour; no deed depends on it")},
    )

    client: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    hour: Mapped[Moment]
    spent: Mapped[Count]
