"""More power for people of a founded agency: second roles, people of their own, places held for others."""

from __future__ import annotations

import datetime as dt
import itertools

from sqlalchemy import select

from aid_ledger.officials import service
from aid_ledger.officials.models import RoleGrant
from tests.builders.officials import SETDA, SINCE, Founded, appoint

_numbers = itertools.count(100)


def also(founded: Founded, login: str, role: str, *, area: str = "") -> str:
    """Give an official another role, as a founder may; gives the grant's reference."""
    with founded.act("sekda") as act:
        grant = service.request_role(
            act, login=login, role=role, area=area, since=SINCE, until=None, decree=f"800/Kep.{next(_numbers)}/2021"
        )
        return grant.reference


def another(founded: Founded, login: str, role: str, *, area: str = "") -> str:
    """Appoint another official with a role over an area, an office and a device of their own; gives the grant."""
    number = next(_numbers)
    first = "field" if area else role
    office = f"KANTOR_{number}"
    person = appoint(founded, login, first, SETDA, office, f"Jabatan {number}", number=number)
    founded.people[login] = person
    if area:
        return also(founded, login, role, area=area)
    with founded.bench.reading() as session:
        return session.scalars(select(RoleGrant.reference).where(RoleGrant.official_id == person.official_id)).one()


def stands_in(founded: Founded, login: str, *, of: str, since: dt.date, until: dt.date) -> None:
    """Let an official hold another's office as Plh for some days."""
    with founded.act("sekda") as act:
        service.hold_office(
            act,
            login=login,
            office=founded.people[of].office,
            status="plh",
            since=since,
            until=until,
            decree=f"800/Plh.{next(_numbers)}/2021",
            acts_for=of,
        )


def revoked(founded: Founded, grant: str) -> None:
    """End a role at once, as an admin."""
    with founded.act("admin") as act:
        service.revoke_role(act, grant, reason="Dicabut dengan keputusan baru.")
