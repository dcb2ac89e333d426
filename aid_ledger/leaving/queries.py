"""Reading witness policies, ways without the quorum, and what is left of the one that is open."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aid_ledger.leaving.models import UnwitnessedOpening, UnwitnessedUse, UnwitnessedWay
from aid_ledger.leaving.rules import PolicyNotFound, WayNotFound
from aid_ledger.log.models import WitnessPolicy, WitnessPolicyAgreement

PAGE = 50
"""Ways on their page: nobody has had so many outages that the older ones are looked for there."""


@dataclass(frozen=True, slots=True)
class WayView:
    """A way and how it stands: `opening` is None until a second official has opened it."""

    way: UnwitnessedWay
    opening: UnwitnessedOpening | None
    amount: int
    lines: int

    @property
    def amount_left(self) -> int:
        """Whole rupiah that may still leave."""
        return self.way.cap - self.amount

    @property
    def lines_left(self) -> int:
        """Lines that may still leave."""
        return self.way.lines - self.lines

    def is_open(self, at: dt.datetime) -> bool:
        """Tell whether something may leave by it."""
        return self.opening is not None and at <= self.opening.until


def policy(session: Session, reference: str) -> WitnessPolicy:
    """Fetch a policy; raises PolicyNotFound."""
    found = session.scalars(select(WitnessPolicy).where(WitnessPolicy.reference == reference)).first()
    if found is None:
        raise PolicyNotFound(policy=reference)
    return found


def policies(session: Session) -> list[tuple[WitnessPolicy, WitnessPolicyAgreement | None]]:
    """List the newest policies, each with the agreement it has."""
    query = select(WitnessPolicy, WitnessPolicyAgreement).outerjoin(WitnessPolicyAgreement)
    return [(one, agreed) for one, agreed in session.execute(query.order_by(WitnessPolicy.id.desc()).limit(PAGE))]


def way(session: Session, reference: str) -> WayView:
    """Fetch a way; raises WayNotFound."""
    found = session.scalars(select(UnwitnessedWay).where(UnwitnessedWay.reference == reference)).first()
    if found is None:
        raise WayNotFound(way=reference)
    return _view(session, found)


def ways(session: Session) -> list[WayView]:
    """List the newest ways."""
    query = select(UnwitnessedWay).order_by(UnwitnessedWay.id.desc()).limit(PAGE)
    return [_view(session, each) for each in session.scalars(query)]


def open_way(session: Session, at: dt.datetime) -> WayView | None:
    """Give the one way by which something may leave now; None if there is none."""
    query = select(UnwitnessedWay).join(UnwitnessedOpening).where(UnwitnessedOpening.until >= at)
    query = query.order_by(UnwitnessedOpening.until.desc()).limit(1)
    found = session.scalars(query).first()
    return _view(session, found) if found is not None else None


def uses(session: Session, way_id: int) -> list[UnwitnessedUse]:
    """List what left by a way, the latest first."""
    query = select(UnwitnessedUse).where(UnwitnessedUse.way_id == way_id)
    return list(session.scalars(query.order_by(UnwitnessedUse.used_at.desc(), UnwitnessedUse.what).limit(PAGE)))


def _view(session: Session, found: UnwitnessedWay) -> WayView:
    sums = select(func.coalesce(func.sum(UnwitnessedUse.amount), 0), func.coalesce(func.sum(UnwitnessedUse.lines), 0))
    amount, lines = session.execute(sums.where(UnwitnessedUse.way_id == found.id)).one()
    return WayView(found, session.get(UnwitnessedOpening, found.id), int(amount), int(lines))
