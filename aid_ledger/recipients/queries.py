"""Reading lists, people and accounts; always one list, one person or one page, and only within the reader's areas.

What is outside an area is answered like what does not exist. Nothing here opens a ciphertext.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from aid_ledger.core.crypto import FieldKeys
from aid_ledger.recipients.models import BankAccount, ImportProblem, Person, PersonalView, RecipientImport
from aid_ledger.recipients.particulars import hash_nik
from aid_ledger.recipients.refusals import ImportNotFound, PersonNotFound
from aid_ledger.recipients.rules import Yardstick
from aid_ledger.regions import queries as regions
from aid_ledger.regions.models import Region

PAGE: Final = 50
"""Rows on one page of a list."""

EVERYWHERE: Final = ("",)
"""The areas of a role held for the whole agency."""


def yardstick(session: Session, on: dt.date, areas: Sequence[str] = EVERYWHERE) -> Yardstick:
    """Give what a list is measured against: the villages of the agency within these areas, and whether it practises.

    Districts of the whole country are not known here, so no NIK is doubted for its region.
    """
    agency = regions.agency(session)
    codes = {code for area in areas for code in regions.codes_within(session, area or agency.code, level="village")}
    return Yardstick(on, frozenset(codes), None, agency.is_practice)


def villages(session: Session, areas: Sequence[str]) -> Sequence[tuple[str, str]]:
    """List codes and names of the agency's villages within these areas."""
    agency = regions.agency(session)
    query = select(Region.code, Region.name).where(
        Region.level == "village", within(Region.code, [agency.code]), within(Region.code, areas)
    )
    return [(code, name) for code, name in session.execute(query.order_by(Region.code))]


# --- lists ----------------------------------------------------------------------------------------------------------


def recipient_import(session: Session, reference: str, *, lock: bool = False) -> RecipientImport:
    """Fetch a list that was read, locked for this Act if asked; raises ImportNotFound."""
    query = select(RecipientImport).where(RecipientImport.reference == reference)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise ImportNotFound(intake=reference[:40])
    return found


def same_list(session: Session, file_sha256: bytes, content: bytes, mode: str) -> RecipientImport | None:
    """Find an earlier reading of the same file with the same good rows, unless it was turned away in another mode."""
    query = select(RecipientImport).where(
        RecipientImport.file_sha256 == file_sha256,
        RecipientImport.content_digest == content,
        or_(RecipientImport.state != "rejected", RecipientImport.mode == mode),
    )
    return session.scalars(query.order_by(RecipientImport.state == "rejected", RecipientImport.id).limit(1)).first()


def imports(session: Session, *, before: int | None = None) -> Sequence[RecipientImport]:
    """List what was read, newest first, below an id."""
    query = select(RecipientImport).order_by(RecipientImport.id.desc()).limit(PAGE)
    return session.scalars(query if before is None else query.where(RecipientImport.id < before)).all()


def problems(session: Session, import_id: int, *, after: int = -1, limit: int = PAGE) -> Sequence[ImportProblem]:
    """List the problems of a list in the order of its rows, above a place."""
    query = select(ImportProblem).where(ImportProblem.import_id == import_id, ImportProblem.order > after)
    return session.scalars(query.order_by(ImportProblem.order).limit(limit)).all()


def problems_by_code(session: Session, import_id: int) -> Sequence[tuple[str, str, int]]:
    """Count a list's kept problems by level and code, most frequent first."""
    query = select(ImportProblem.level, ImportProblem.code, func.count().label("times"))
    query = query.where(ImportProblem.import_id == import_id).group_by(ImportProblem.level, ImportProblem.code)
    counted = [(level, code, times) for level, code, times in session.execute(query)]
    return sorted(counted, key=lambda one: (one[0], -one[2], one[1]))


def count_problems(session: Session, import_id: int) -> int:
    """Count a list's kept problems."""
    query = select(func.count()).select_from(ImportProblem).where(ImportProblem.import_id == import_id)
    return session.scalar(query) or 0


# --- people ---------------------------------------------------------------------------------------------------------


def person(session: Session, reference: str, areas: Sequence[str] = EVERYWHERE, *, lock: bool = False) -> Person:
    """Fetch a person within these areas, locked for this Act if asked; raises PersonNotFound."""
    query = select(Person).where(Person.reference == reference, within(Person.village_code, areas))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise PersonNotFound(person=reference[:40])
    return found


def person_by_nik(session: Session, keys: FieldKeys, nik: str, areas: Sequence[str] = EVERYWHERE) -> Person:
    """Find a person by the exact NIK, through its keyed hash; raises PersonNotFound, which does not repeat it."""
    query = select(Person).where(Person.nik_hash == hash_nik(keys, nik), within(Person.village_code, areas))
    found = session.scalars(query).one_or_none()
    if found is None:
        raise PersonNotFound
    return found


def people(
    session: Session, areas: Sequence[str], *, village: str, rw: str = "", rt: str = "", after: int = 0
) -> Sequence[Person]:
    """List a page of people of a village, of one RW or RT if asked, above an id."""
    query = select(Person).where(
        Person.village_code == village, Person.id > after, within(Person.village_code, areas), Person.state != "erased"
    )
    if rw:
        query = query.where(Person.rw == rw)
    if rt:
        query = query.where(Person.rt == rt)
    return session.scalars(query.order_by(Person.id).limit(PAGE)).all()


def count_people(session: Session, areas: Sequence[str]) -> dict[str, int]:
    """Count the people of each village within these areas."""
    query = select(Person.village_code, func.count()).where(within(Person.village_code, areas))
    return {code: count for code, count in session.execute(query.group_by(Person.village_code))}  # noqa: C416 - rows


def neighbourhoods(session: Session, village: str) -> Sequence[tuple[str, str, int]]:
    """Count a village's people by RW and RT."""
    query = select(Person.rw, Person.rt, func.count()).where(Person.village_code == village, Person.state != "erased")
    return [
        (rw, rt, count)
        for rw, rt, count in session.execute(query.group_by(Person.rw, Person.rt).order_by(Person.rw, Person.rt))
    ]


def household_of(session: Session, person: Person) -> Sequence[Person]:
    """List everybody of a person's household, themselves included."""
    query = select(Person).where(Person.household_id == person.household_id).order_by(Person.id)
    return session.scalars(query).all()


def accounts(session: Session, person_id: int) -> Sequence[BankAccount]:
    """List a person's accounts, the newest first."""
    query = select(BankAccount).where(BankAccount.person_id == person_id).order_by(BankAccount.id.desc())
    return session.scalars(query).all()


def account(session: Session, reference: str) -> BankAccount:
    """Fetch an account that is known to be there."""
    return session.scalars(select(BankAccount).where(BankAccount.reference == reference)).one()


def viewed_on(session: Session, official_id: int, day: dt.date) -> int:
    """Count how many people an official has seen unmasked on a day; refused views count nothing."""
    query = select(func.coalesce(func.sum(PersonalView.count), 0)).where(
        PersonalView.official_id == official_id, PersonalView.day == day.isoformat()
    )
    return int(session.scalar(query) or 0)


def within(column: InstrumentedAttribute[str], areas: Sequence[str]) -> ColumnElement[bool]:
    """Say that a code lies in one of these areas; "" is everything, no area is nothing."""
    if "" in areas:
        return true()
    return or_(false(), *(or_(column == area, column.startswith(f"{area}.", autoescape=True)) for area in areas))
