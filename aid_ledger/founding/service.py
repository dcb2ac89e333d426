"""The founding: the first entry of the log, the first two officials, and the end of it by both their signatures.

While it is open, enrolments and grants by a founder take effect at once (house rule: somebody must be first). Keys
and certificates are made by `aid-ledger init`, which calls this in one Act.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

from sqlalchemy import select

from aid_ledger.core.act import Act, Actor
from aid_ledger.founding import rules
from aid_ledger.officials import queries as officials_queries
from aid_ledger.officials import service as officials
from aid_ledger.officials.models import FoundingSignature, Official
from aid_ledger.officials.rules import DEFINITIF, FOUNDERS
from aid_ledger.regions import queries as regions_queries
from aid_ledger.regions.models import Agency
from audit.facts.founding import FoundingClosed, FoundingSigned, LogFounded

INIT: Final = Actor(type="system", door="init")
"""Nobody is known yet; everything else in a log has an official, a citizen or a channel behind it."""

VOCABULARY: Final = 0
"""Vectors may still change before release 1.0."""

SINGLE_HOST: Final = "single-host"
SEPARATE: Final = "separate"
CUSTODIES: Final = (SINGLE_HOST, SEPARATE)
"""Where the keys are: all on one host, or the log's key where the web process cannot read it."""


@dataclass(frozen=True, slots=True)
class Founder:
    """One of the two people a log begins with, with the decree of the office they hold."""

    login: str
    name: str
    agency_unit: str
    office: str
    office_title: str
    decree: str


@dataclass(frozen=True, slots=True)
class Founding:
    """What a verifier pins: see LogFounded. Digests are base64url without padding."""

    agency: str
    name: str
    zone: str
    origin: str
    log_vkey: str
    receipt_root: str
    schema: str
    custody: str
    is_practice: bool


def found_agency(act: Act, founding: Founding, founders: tuple[Founder, Founder]) -> dict[str, str]:
    """Begin the log and the agency; gives each founder's login with the token of their one-time link.

    Raises:
        AgencyExists, FoundingMalformed, LoginMalformed, OfficeMalformed, OfficeTaken, DecreeMissing.
    """
    if regions_queries.is_founded(act.session):
        raise rules.AgencyExists
    if founders[0].login == founders[1].login or founders[0].office == founders[1].office:
        raise rules.FoundingMalformed

    act.session.add(
        Agency(
            id=1,
            code=founding.agency,
            name=founding.name,
            zone=founding.zone,
            origin=founding.origin,
            founded_at=act.at,
            founding_open=True,
            is_practice=founding.is_practice,
        )
    )
    act.session.flush()

    act.record(
        LogFounded(
            vocabulary=VOCABULARY,
            origin=founding.origin,
            log_vkey=founding.log_vkey,
            receipt_root=founding.receipt_root,
            schema=founding.schema,
            custody=founding.custody,
            agency=founding.agency,
            agency_name=founding.name,
            practice=int(founding.is_practice),
        )
    )
    return {founder.login: _enrol(act, founder) for founder in founders}


def sign_founding(act: Act) -> bool:
    """Sign the end of the founding as one founder; True when this was the second signature, which ends it.

    Raises:
        FoundingIsClosed, NotFounder, FoundingSignedAlready, FoundingTooEarly.
    """
    agency = act.session.get_one(Agency, 1, with_for_update=True, populate_existing=True)
    if not agency.founding_open:
        raise rules.FoundingIsClosed
    founder = _founder(act)
    if act.session.get(FoundingSignature, founder.id) is not None:
        raise rules.FoundingSignedAlready
    _check_that_two_can_go_on(act)

    act.session.add(FoundingSignature(official_id=founder.id, signed_at=act.at))
    act.session.flush()
    signers = act.session.scalars(
        select(Official.login)
        .join(FoundingSignature, FoundingSignature.official_id == Official.id)
        .order_by(Official.login)
    ).all()
    act.record(FoundingSigned(official=founder.login))
    if len(signers) < FOUNDERS:
        return False

    agency.founding_open = False
    act.session.flush()
    act.record(FoundingClosed(founders=tuple(signers)))
    return True


def _enrol(act: Act, founder: Founder) -> str:
    officials.enrol_official(act, login=founder.login, name=founder.name, agency_unit=founder.agency_unit, founder=True)
    officials.open_office(act, code=founder.office, title=founder.office_title, agency_unit=founder.agency_unit)
    officials.hold_office(
        act,
        login=founder.login,
        office=founder.office,
        status=DEFINITIF,
        since=act.on,
        until=None,
        decree=founder.decree,
    )
    return officials.open_enrolment(act, login=founder.login)


def _founder(act: Act) -> Official:
    if act.actor.official_id is None:
        raise rules.NotFounder
    founder = officials_queries.official(act.session, act.actor.official_id)
    if not founder.founder:
        raise rules.NotFounder
    return founder


def _check_that_two_can_go_on(act: Act) -> None:
    """Refuse to close the only door to roles: grants and resets need two ADMIN, resets two in different units."""
    units = {admin.id: _unit(act, admin) for admin in officials_queries.admins_on(act.session, act.on)}
    if not any(units[one] != units[other] for one, other in combinations(units, 2)):
        raise rules.FoundingTooEarly


def _unit(act: Act, official: Official) -> str:
    office = officials_queries.office_on(act.session, official.id, act.on)
    return (office.agency_unit if office else official.agency_unit).casefold()
