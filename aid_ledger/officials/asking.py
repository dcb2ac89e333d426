"""For whom a job acts: the official who asked for it, in the office they hold by now."""

from __future__ import annotations

from aid_ledger.core import clock
from aid_ledger.core.act import Actor, Acts
from aid_ledger.core.db import reading
from aid_ledger.officials import queries


def asker(acts: Acts, login: str) -> Actor:
    """Give the actor of the deeds that a job does for somebody."""
    with reading(acts.engine) as session:
        official = queries.official_by_login(session, login)
        place = queries.office_on(session, official.id, clock.today(acts.zone))
    office = place.code if place else ""
    return Actor(type="official", id=login, office=office, door="job", official_id=official.id)
