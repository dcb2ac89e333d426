"""The power to do a deed, read inside its Act and held until it ends: a role over a region, and an office.

Doors ask the guard of the web first; services that move aid ask here, where nobody can revoke the role between the
question and the commit (THREATS 3: a revoke racing approvals). Who may grant power is in `service/`.
"""

from __future__ import annotations

from sqlalchemy import select

from aid_ledger.core.act import Act
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.roles import Role
from aid_ledger.officials import queries
from aid_ledger.officials.models import Official, RoleGrant
from aid_ledger.officials.queries import HeldOffice


class RoleMissing(DomainError):
    """The official does not hold the role for this deed, on this day, over this region."""

    kind = Kind.NOT_ALLOWED
    code = "power.role_missing"


class NoOffice(DomainError):
    """An official who holds no office on the day cannot stand for a deed that moves aid."""

    kind = Kind.NOT_ALLOWED
    code = "power.no_office"


def acting_official_id(act: Act) -> int:
    """Give the database id of the official who acts; raises RoleMissing if it is no official of ours."""
    if act.actor.official_id is not None:
        return act.actor.official_id
    found = act.session.scalar(select(Official.id).where(Official.login == act.actor.id))
    if found is None:
        raise RoleMissing(role="")
    return found


def require_role(act: Act, role: Role, *, region: str) -> int:
    """Demand a role over a region from the official who acts, hold it until the Act ends, and give their id.

    Raises:
        RoleMissing: the role is not held (revoked a moment ago, not begun, ended), or not over this region.

    """
    official_id = acting_official_id(act)
    # Share locks, in the order in which powers are changed: an end of this power waits for this Act, or it for that.
    act.session.scalars(select(Official.id).where(Official.id == official_id).with_for_update(read=True)).all()
    grants = select(RoleGrant.id).where(RoleGrant.official_id == official_id)
    act.session.scalars(grants.with_for_update(read=True)).all()
    held = queries.roles_on(act.session, official_id, act.on)
    if not any(each.role is role and covers(each.area, region) for each in held):
        raise RoleMissing(role=role.label)
    return official_id


def require_office(act: Act, official_id: int) -> HeldOffice:
    """Demand an office on the day of the Act; it is recorded with the deed. Raises NoOffice."""
    office = queries.office_on(act.session, official_id, act.on)
    if office is None:
        raise NoOffice
    return office


def covers(area: str, region: str) -> bool:
    """Tell whether an area (a region's code, "" for the whole agency) holds a region."""
    return not area or region == area or region.startswith(f"{area}.")
