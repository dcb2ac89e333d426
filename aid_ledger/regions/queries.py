"""Reading the agency and its regions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.regions.models import Agency, Region
from aid_ledger.regions.rules import AgencyNotFounded, RegionNotFound, parent_of


def agency(session: Session) -> Agency:
    """Give the agency of this database; raises AgencyNotFounded before the founding."""
    found = session.get(Agency, 1)
    if found is None:
        raise AgencyNotFounded
    return found


def hold_agency(session: Session) -> None:
    """Let the Acts that ask for this go one after the other: what they weigh is of the agency as a whole."""
    session.execute(select(Agency.id).with_for_update())


def is_founded(session: Session) -> bool:
    """Tell whether this database has an agency."""
    return session.get(Agency, 1) is not None


def region(session: Session, code: str) -> Region:
    """Give a region by its code; raises RegionNotFound."""
    found = session.get(Region, code)
    if found is None:
        raise RegionNotFound(code=code)
    return found


def parts_of(session: Session, code: str) -> Sequence[Region]:
    """List the regions directly within one, in the order of their codes."""
    return session.scalars(select(Region).where(Region.parent_code == code).order_by(Region.code)).all()


def path_to(session: Session, code: str) -> list[Region]:
    """List a region and all it is part of, from the province down; raises RegionNotFound."""
    path: list[Region] = []
    current: str | None = code
    while current is not None:
        path.append(region(session, current))
        current = parent_of(current)
    return path[::-1]


def codes_within(session: Session, area: str, *, level: str) -> list[str]:
    """List the codes of one level within an area (a code, or "" for everything)."""
    query = select(Region.code).where(Region.level == level)
    if area:
        query = query.where((Region.code == area) | Region.code.startswith(f"{area}.", autoescape=True))
    return list(session.scalars(query.order_by(Region.code)))
