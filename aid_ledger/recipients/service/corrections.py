"""Changing what is known of one person, with a reason the log holds for ever: particulars, account, civil status.

A NIK is never corrected: another NIK is another person. Lines that are frozen keep their commitment to what was; an
account changed after a failure, to another person's or by the maker of the batch, is seen by `disbursement`, which
reads who changed it and when (RF-51).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from aid_ledger.core.act import Act
from aid_ledger.core.crypto import encrypt
from aid_ledger.documents import queries as documents
from aid_ledger.recipients import homes, intake, queries, reach, refusals, rules
from aid_ledger.recipients.models import BankAccount, Person
from aid_ledger.recipients.particulars import Account, Listed, Particulars, hash_phone
from aid_ledger.recipients.payees import PEOPLE, open_payees, person_commitment
from audit.facts.people import BankAccountChanged, CivilStatusRecorded, PersonCorrected

REASON_MIN: Final = 10
REASON_MAX: Final = 500

OF_PARTICULARS: Final = {
    "tanggal_lahir": "birth",
    "jenis_kelamin": "sex",
    "alamat": "address",
    "no_hp": "phone",
    "pekerjaan": "occupation",
    "id_dtks": "dtks_id",
}
"""Columns of a list that are kept in the one ciphertext, and their names there."""

OF_ROW: Final = {"rt": "rt", "rw": "rw", "kode_desa": "village_code", "sumber_data": "list_source"}
CORRECTABLE: Final = ("nama", "no_kk", *OF_PARTICULARS, *OF_ROW)
STATUSES: Final = ("active", "deceased", "moved")


def correct_person(act: Act, reference: str, *, reason: str, values: Mapping[str, Any]) -> Person:
    """Set some columns of a person to values in stored form (see `schemas.RecipientRow`); None empties an optional one.

    Raises:
        PersonNotFound, PersonElsewhere, NothingChanged, ReasonMissing, ReasonTellsTooMuch, RoleMissing.
    """
    person = _own_person(act, reference)
    _check_reason(act, person, reason)
    if values.get("kode_desa"):
        reach.require_villages(act, [values["kode_desa"]])

    if not _apply(act, person, values):
        raise refusals.NothingChanged(person=reference)
    person.changed_by = act.actor.id
    act.session.flush()

    act.record(PersonCorrected(person=person.reference, reason=reason))
    return person


def change_account(act: Act, reference: str, *, bank: str, number: str, holder: str, reason: str) -> BankAccount:
    """Give a person another current account; the old one is kept and no longer current.

    Raises:
        PersonNotFound, PersonElsewhere, NothingChanged, ReasonMissing, ReasonTellsTooMuch, RoleMissing.
    """
    person = _own_person(act, reference)
    _check_reason(act, person, reason)
    account = Account(rules.bank(bank), rules.account(number), rules.bounded("nama_rekening", holder))
    payee = open_payees(act.session, act.kit.keys, [person.id])[person.id]
    if account == Account(payee.bank_code, payee.account_number, payee.account_holder):
        raise refusals.NothingChanged(person=reference)

    intake.retire_accounts(act, [person.id])
    made = intake.insert_accounts(act, [(person.id, account)])[0]

    act.record(BankAccountChanged(person=person.reference, account=made, reason=reason))
    return queries.account(act.session, made)


def record_civil_status(
    act: Act, reference: str, *, status: str, since: dt.date, document: str | None = None
) -> Person:
    """Record that a person died or moved away, or, on the ground of a paper, that this was a mistake.

    A report is enough to stop aid; to let it begin again takes a registered paper.

    Raises:
        PersonNotFound, PersonElsewhere, StatusUnknown, ProofMissing, DocumentNotFound, RoleMissing.
    """
    person = _own_person(act, reference)
    if status not in STATUSES or since > act.on:
        raise refusals.StatusUnknown(status=status[:20], since=since.isoformat())
    if person.state == status:
        raise refusals.PersonElsewhere(person=reference, state=person.state)
    if status == "active" and not document:
        raise refusals.ProofMissing(person=reference)
    proof = documents.document(act.session, document).reference if document else ""

    person.state, person.state_since, person.changed_by = status, since, act.actor.id
    act.session.flush()

    act.record(CivilStatusRecorded(person=person.reference, document=proof))
    return person


def _own_person(act: Act, reference: str) -> Person:
    """Load and lock a person whom the one who acts may change; one outside their area looks like none."""
    person = queries.person(act.session, reference, reach.areas_of(act, reach.KEEPERS), lock=True)
    if person.state == "erased":
        raise refusals.PersonElsewhere(person=reference, state=person.state)
    return person


def _check_reason(act: Act, person: Person, reason: str) -> None:
    """Refuse a reason too short to judge, or one that tells whom it is about: it stands in the log for ever."""
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise refusals.ReasonMissing(least=REASON_MIN, limit=REASON_MAX)
    name = rules.name_key(open_payees(act.session, act.kit.keys, [person.id])[person.id].name)
    if rules.LONG_NUMBER.search(reason) or f" {name} " in f" {rules.name_key(reason)} ":
        raise refusals.ReasonTellsTooMuch


def _apply(act: Act, person: Person, values: Mapping[str, Any]) -> bool:
    """Set the values; tell whether anything became different."""
    keys = act.kit.keys
    before = Particulars.opened(keys, person.particulars, person.seal)
    known = open_payees(act.session, keys, [person.id])[person.id]
    said = {name: values[column] for column, name in OF_PARTICULARS.items() if column in values}
    facts = replace(before, **said)
    row = {name: values[column] or "" for column, name in OF_ROW.items() if column in values}
    is_changed = facts != before or any(getattr(person, name) != value for name, value in row.items())
    if facts != before:
        person.particulars = facts.sealed(keys, person.seal)
        person.phone_hash = hash_phone(keys, facts.phone)
        person.birth_year = facts.birth.year if facts.birth else None
        person.excluded_occupation = rules.is_excluded_work(facts.occupation)
    for name, value in row.items():
        setattr(person, name, value)
    name = values.get("nama") or known.name
    if name != known.name:
        person.name = encrypt(keys, name, table=PEOPLE, column="name", row=person.seal)
        person.commitment = person_commitment(keys, person.salt, known.nik, name)
        is_changed = True
    if values.get("no_kk"):
        is_changed |= _move_home(act, person, values["no_kk"], known.nik, name)
    return is_changed


def _move_home(act: Act, person: Person, card: str, nik: str, name: str) -> bool:
    """Put a person into the household of a family card; tell whether that changed anything."""
    listed = Listed(0, nik, card, name, person.village_code, person.rw, person.rt, None, Particulars(), None)
    placed = homes.settle(act, person.import_id, [], [(listed, person.household_id)])
    is_moved = placed.homes[0] != person.household_id or placed.is_updated
    person.household_id = placed.homes[0]
    return is_moved
