"""Looking at personal data: masked unless asked for with a reason; every look is recorded, and there is a daily end.

The log learns how many people were seen and a commitment to whose and why; names, references and reasons stay in a
salted row, so that what an inspector looks for is no tip-off (THREATS 15). Payment files do not come through here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.core import logs
from aid_ledger.core.act import Act
from aid_ledger.core.crypto import FieldKeys, IntegrityFailed, decrypt, salted_commitment
from aid_ledger.officials.models import Official
from aid_ledger.officials.powers import acting_official_id
from aid_ledger.recipients import queries, reach, rules
from aid_ledger.recipients.models import BankAccount, Household, Person, PersonalView
from aid_ledger.recipients.particulars import HOUSEHOLDS, Account, Particulars
from aid_ledger.recipients.payees import ACCOUNTS, Payee, open_payees
from aid_ledger.recipients.refusals import ReasonMissing, ReasonTellsTooMuch
from aid_ledger.web.formats import mask_account, mask_name, mask_nik_official
from audit import canonical
from audit.facts.people import PeopleViewed, ViewRefused

DAILY_LIMIT: Final = 500
"""People one official may see unmasked in one day: more than a day's honest work, less than a village's list."""

PURPOSE_MIN: Final = 10
PURPOSE_MAX: Final = 200
VIEW_DOMAIN: Final = "aid-people-viewed-v1"
UNREADABLE: Final = "tidak dapat dibuka"
"""Shown for whoever's ciphertext was moved or altered; `audit diff` names the row."""

SEALED_PURPOSE: Final = "Alasan disegel bersama daftar yang dilihat."
"""What the log says of every purpose: the words themselves are under the commitment."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """An account in plaintext."""

    reference: str
    account: Account
    is_current: bool


@dataclass(frozen=True, slots=True)
class OpenedPerson:
    """A person in plaintext, for one page and one pair of eyes."""

    reference: str
    nik: str = field(repr=False)
    name: str = field(repr=False)
    card: str = field(repr=False)
    particulars: Particulars = field(repr=False)
    accounts: tuple[OpenedAccount, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class View:
    """What came of asking to see people: the people, or none and how many were seen today."""

    accepted: bool
    people: tuple[OpenedPerson, ...]
    seen_today: int

    @property
    def person(self) -> OpenedPerson:
        """Give the one person that was asked for."""
        return self.people[0]


@dataclass(frozen=True, slots=True)
class MaskedPerson:
    """A person as lists show them."""

    person: Person
    nik: str
    name: str


def view_person(act: Act, reference: str, *, purpose: str) -> View:
    """Open one person for the official who asks, and record it; at the daily limit record the refusal instead.

    Raises:
        PersonNotFound, ReasonMissing, RoleMissing.
    """
    return view_people(act, [reference], purpose=purpose)


def view_people(act: Act, references: Sequence[str], *, purpose: str) -> View:
    """Open several people in one look; all of them or, at the daily limit, none.

    Raises:
        PersonNotFound, ReasonMissing, RoleMissing.
    """
    purpose = purpose.strip()
    if not PURPOSE_MIN <= len(purpose) <= PURPOSE_MAX:
        raise ReasonMissing(least=PURPOSE_MIN, limit=PURPOSE_MAX)
    if rules.LONG_NUMBER.search(purpose):
        raise ReasonTellsTooMuch
    official_id = acting_official_id(act)
    areas = reach.areas_of(act, reach.READERS)
    people = [queries.person(act.session, reference, areas) for reference in dict.fromkeys(references)]
    # Two looks at once must not both find room under the limit.
    act.session.scalars(select(Official.id).where(Official.id == official_id).with_for_update()).one()
    seen = queries.viewed_on(act.session, official_id, act.on)
    if seen + len(people) > DAILY_LIMIT:
        act.record(ViewRefused(today=seen))
        return View(accepted=False, people=(), seen_today=seen)

    view = PersonalView(
        official_id=official_id,
        day=act.on.isoformat(),
        people=json.dumps([person.reference for person in people]),
        count=len(people),
        purpose=purpose,
        viewed_at=act.at,
    )
    act.session.add(view)
    act.session.flush()
    act.record(PeopleViewed(purpose=SEALED_PURPOSE, count=len(people), root=view_root(view)), view)
    opened = tuple(open_person(act.session, act.kit.keys, person) for person in people)
    return View(accepted=True, people=opened, seen_today=seen + len(people))


def open_person(session: Session, keys: FieldKeys, person: Person) -> OpenedPerson:
    """Open everything of one person; only for what is recorded as a look, or for the holder of the keys' own checks.

    Raises:
        IntegrityFailed: a ciphertext was moved or altered.
    """
    payee = open_payees(session, keys, [person.id])[person.id]
    home = session.get(Household, person.household_id)
    card = ""
    if home is not None and home.card is not None:
        card = decrypt(keys, home.card, table=HOUSEHOLDS, column="card", row=home.seal)
    accounts = tuple(_open_account(keys, row) for row in queries.accounts(session, person.id))
    particulars = Particulars.opened(keys, person.particulars, person.seal)
    return OpenedPerson(person.reference, payee.nik, payee.name, card, particulars, accounts)


def masked(session: Session, keys: FieldKeys, people: Sequence[Person]) -> list[MaskedPerson]:
    """Mask people for a list; plaintext does not leave this function. Whoever does not open is shown as such."""
    payees = _readable(session, keys, [person.id for person in people])
    return [_masked(person, payees.get(person.id)) for person in people]


def _masked(person: Person, payee: Payee | None) -> MaskedPerson:
    if payee is None:
        return MaskedPerson(person, mask_nik_official(""), UNREADABLE)
    return MaskedPerson(person, mask_nik_official(payee.nik), mask_name(payee.name))


def _readable(session: Session, keys: FieldKeys, ids: Sequence[int]) -> dict[int, Payee]:
    """Open people; a row altered by hand must not hide its whole village, so then each is tried alone."""
    try:
        return open_payees(session, keys, ids)
    except IntegrityFailed:
        pass
    found: dict[int, Payee] = {}
    for id_ in ids:
        with suppress(IntegrityFailed):
            found |= open_payees(session, keys, [id_])
    log.error("ciphertexts_do_not_open", people=len(ids) - len(found))
    return found


def masked_accounts(session: Session, keys: FieldKeys, person_id: int) -> list[OpenedAccount]:
    """Give a person's accounts, newest first, with number and holder masked."""
    return [_masked_account(keys, row) for row in queries.accounts(session, person_id)]


def _masked_account(keys: FieldKeys, row: BankAccount) -> OpenedAccount:
    try:
        opened = _open_account(keys, row)
    except IntegrityFailed:
        return OpenedAccount(row.reference, Account(row.bank_code, mask_account(""), UNREADABLE), row.is_current)
    number, holder = mask_account(opened.account.number), mask_name(opened.account.holder)
    return replace(opened, account=Account(row.bank_code, number, holder))


def _open_account(keys: FieldKeys, row: BankAccount) -> OpenedAccount:
    number = decrypt(keys, row.number, table=ACCOUNTS, column="number", row=row.seal)
    holder = decrypt(keys, row.holder, table=ACCOUNTS, column="holder", row=row.seal)
    return OpenedAccount(row.reference, Account(row.bank_code, number, holder), row.is_current)


def view_root(view: PersonalView) -> str:
    """Commit to whose data was seen and why, under the row's own salt."""
    content = canonical.encode([view.purpose, json.loads(view.people)])
    return base64.urlsafe_b64encode(salted_commitment(VIEW_DOMAIN, view.salt, content)).rstrip(b"=").decode()
