"""The agency itself and the Kemendagri code tree it works in."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import Code, Count, MaybeDay, Moment, ShortText, State
from aid_ledger.core.db import Base, record


class Agency(Base):
    """The one agency of this database and log; written at the founding, by `aid-ledger init`."""

    __tablename__ = "agencies"
    __table_args__ = (CheckConstraint("id = 1", name="single"), {"info": record("the founding")})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code: Mapped[Code]
    name: Mapped[ShortText]
    zone: Mapped[Code]
    origin: Mapped[ShortText]
    founded_at: Mapped[Moment]
    founding_open: Mapped[bool]
    is_practice: Mapped[bool]


class Region(Base):
    """A province, kabupaten/kota, kecamatan or desa/kelurahan by its code `PP.KK.CC.VVVV`."""

    __tablename__ = "regions"
    __table_args__ = ({"info": record("the founding and loaders of code trees")},)

    code: Mapped[str] = mapped_column(String(13), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"), index=True)
    level: Mapped[State]
    name: Mapped[ShortText]
    kind: Mapped[State]
    valid_until: Mapped[MaybeDay]
    order: Mapped[Count]
