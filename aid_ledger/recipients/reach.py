"""How far the one who acts reaches: the areas of their roles, asked inside the Act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aid_ledger.core.act import Act
from aid_ledger.core.roles import Role
from aid_ledger.officials import powers
from aid_ledger.officials import queries as officials

KEEPERS: Final = (Role.OPERATOR,)
"""Who brings people into the register and changes them."""

READERS: Final = (Role.OPERATOR, Role.VERIFIER, Role.APPROVER, Role.TREASURER, Role.FIELD, Role.AUDITOR)
"""Who may look at people, each within the areas of their roles."""


def areas_of(act: Act, roles: Iterable[Role]) -> tuple[str, ...]:
    """List the areas over which the one who acts holds one of these roles today; raises RoleMissing if none."""
    wanted = tuple(roles)
    held = officials.roles_on(act.session, powers.acting_official_id(act), act.on)
    areas = tuple(dict.fromkeys(each.area for each in held if each.role in wanted))
    if not areas:
        raise powers.RoleMissing(role=", ".join(role.label for role in wanted))
    return areas


def require_villages(act: Act, villages: Iterable[str]) -> None:
    """Demand that the one who acts keeps the register of all these villages; raises RoleMissing."""
    areas = areas_of(act, KEEPERS)
    for village in villages:
        if not any(powers.covers(area, village) for area in areas):
            raise powers.RoleMissing(role=Role.OPERATOR.label)
