"""What a field officer sees: batches, RTs and households of one's own area, with names masked.

Reading only. Full names are shown by `recipients.privacy`, which records the look, or on the printed list, which is a
deed of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.delivery.channels.handover_csv import Receiver
from aid_ledger.delivery.judging import OPEN
from aid_ledger.disbursement.models import Batch, BatchLine, Entitlement
from aid_ledger.disbursement.rules import LineNotFound
from aid_ledger.programs.models import Program
from aid_ledger.recipients import privacy
from aid_ledger.recipients.models import Person
from aid_ledger.regions.models import Region

HOMES_SHOWN = 200
"""Households on one page: an RT has some forty to a hundred."""

ROUNDS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Round:
    """A batch an officer has to hand over, with how many households wait in their area."""

    batch: Batch
    program: Program
    waiting: int
    everyone: int


@dataclass(frozen=True, slots=True)
class Place:
    """One RT of one village."""

    village_code: str
    rw: str
    rt: str


@dataclass(frozen=True, slots=True)
class Street:
    """An RT with its households of one batch."""

    village_code: str
    village: str
    rw: str
    rt: str
    waiting: int
    everyone: int


@dataclass(frozen=True, slots=True)
class Home:
    """A household on an officer's way."""

    line_no: int
    person: str
    name: str
    nik: str
    amount: int
    state: str
    place: Place

    @property
    def is_waiting(self) -> bool:
        """Tell whether something is still to be handed over here."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of the printed list: one RT with its receivers."""

    rw: str
    rt: str
    receivers: Sequence[Receiver]


def rounds(session: Session, channels: Collection[str], areas: Sequence[str]) -> list[Round]:
    """List the batches under way by hand in these areas, oldest first."""
    waiting = func.sum(case((BatchLine.state.in_(sorted(OPEN)), 1), else_=0))
    query = (
        select(Batch, Program, waiting, func.count())
        .join(Program, Program.id == Batch.program_id)
        .join(BatchLine, BatchLine.batch_id == Batch.id)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .where(Batch.state == "sent", Batch.channel.in_(sorted(channels)), BatchLine.state != "set_aside")
        .where(_within(areas))
        .group_by(Batch.id, Program.id)
        .order_by(Batch.id)
        .limit(ROUNDS_SHOWN)
    )
    return [Round(batch, program, int(left), everyone) for batch, program, left, everyone in session.execute(query)]


def places(session: Session, batch_id: int, areas: Sequence[str]) -> list[Street]:
    """List a batch's RTs in these areas, with how many households still wait."""
    waiting = func.sum(case((BatchLine.state.in_(sorted(OPEN)), 1), else_=0))
    query = (
        select(Entitlement.village_code, Region.name, Person.rw, Person.rt, waiting, func.count())
        .select_from(BatchLine)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(Person, Person.id == BatchLine.person_id)
        .join(Region, Region.code == Entitlement.village_code)
        .where(BatchLine.batch_id == batch_id, BatchLine.state != "set_aside", _within(areas))
        .group_by(Entitlement.village_code, Region.name, Person.rw, Person.rt)
        .order_by(Entitlement.village_code, Person.rw, Person.rt)
    )
    return [Street(code, name, rw, rt, int(left), all_) for code, name, rw, rt, left, all_ in session.execute(query)]


def homes(session: Session, keys: FieldKeys, batch_id: int, place: Place, areas: Sequence[str]) -> list[Home]:
    """List the households of one RT, waiting ones first."""
    query = _homes(batch_id, areas).where(
        Entitlement.village_code == place.village_code, Person.rw == place.rw, Person.rt == place.rt
    )
    found = _opened(session, keys, query.order_by(BatchLine.line_no).limit(HOMES_SHOWN))
    return sorted(found, key=lambda home: (not home.is_waiting, home.line_no))


def home(session: Session, keys: FieldKeys, batch_id: int, line_no: int, areas: Sequence[str]) -> Home:
    """Fetch one household; raises LineNotFound for one outside these areas, as for none."""
    found = _opened(session, keys, _homes(batch_id, areas).where(BatchLine.line_no == line_no))
    if not found:
        raise LineNotFound(line=line_no)
    return found[0]


def sheets(session: Session, batch_id: int, receivers: Sequence[Receiver]) -> list[Sheet]:
    """Sort a village's receivers by the RT they live in now."""
    query = select(BatchLine.line_no, Person.rw, Person.rt).join(Person, Person.id == BatchLine.person_id)
    where = {row.line_no: (row.rw, row.rt) for row in session.execute(query.where(BatchLine.batch_id == batch_id))}
    by_place: dict[tuple[str, str], list[Receiver]] = defaultdict(list)
    for receiver in receivers:
        by_place[where[receiver.line_no]].append(receiver)
    return [Sheet(rw, rt, found) for (rw, rt), found in sorted(by_place.items())]


def village_name(session: Session, code: str) -> str:
    """Name a village; its code if it has no name here."""
    region = session.get(Region, code)
    return region.name if region is not None else code


def _homes(batch_id: int, areas: Sequence[str]) -> Select[int, str, int, Person, str]:
    return (
        select(BatchLine.line_no, BatchLine.state, BatchLine.amount, Person, Entitlement.village_code)
        .join(Entitlement, Entitlement.id == BatchLine.entitlement_id)
        .join(Person, Person.id == BatchLine.person_id)
        .where(BatchLine.batch_id == batch_id, BatchLine.state != "set_aside", _within(areas))
    )


def _opened(session: Session, keys: FieldKeys, query: Select[int, str, int, Person, str]) -> list[Home]:
    rows = session.execute(query).all()
    masked = privacy.masked(session, keys, [person for _no, _state, _amount, person, _village in rows])
    return [
        Home(line_no, person.reference, shown.name, shown.nik, amount, state, Place(village, person.rw, person.rt))
        for (line_no, state, amount, person, village), shown in zip(rows, masked, strict=True)
    ]


def _within(areas: Sequence[str]) -> ColumnElement[bool]:
    """Limit a query to villages of these areas; an empty area is the whole agency, no area is nothing."""
    conditions = [
        and_(Entitlement.village_code.is_not(None))
        if not area
        else or_(Entitlement.village_code == area, Entitlement.village_code.startswith(f"{area}.", autoescape=True))
        for area in areas
    ]
    return or_(*conditions) if conditions else false()
