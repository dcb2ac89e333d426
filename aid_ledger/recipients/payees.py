"""Opening payees: who they are and where they are paid, in plaintext, in bulk, for the moment that needs it.

For freezing and checking lines and for writing a channel's file. It records nothing: what is shown to a person goes
through `privacy.py`, which does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys, decrypt
from aid_ledger.recipients.models import BankAccount, Person

PEOPLE_PER_QUERY: Final = 500
"""Members of one IN list: below every database's limit, and enough that the round trips do not count."""

PEOPLE: Final = "people"
ACCOUNTS: Final = "bank_accounts"
"""The names that ciphertexts are bound to; they are the tables' own."""


@dataclass(frozen=True, slots=True)
class Payee:
    """A person and their current account in plaintext; the account's texts are empty where there is none.

    Nothing personal stands in the representation, so that a traceback tells nobody.
    """

    person_id: int
    nik: str = field(repr=False)
    name: str = field(repr=False)
    bank_code: str = field(repr=False)
    account_number: str = field(repr=False)
    account_holder: str = field(repr=False)
    account_id: int | None


def open_payees(session: Session, keys: FieldKeys, person_ids: Sequence[int]) -> dict[int, Payee]:
    """Open these people with their current accounts, by person id; an id nobody has is left out.

    Raises:
        IntegrityFailed: a ciphertext lies in another row than it was made for, or was altered.
    """
    found: dict[int, Payee] = {}
    wanted = sorted(set(person_ids))
    for start in range(0, len(wanted), PEOPLE_PER_QUERY):
        found |= _open_some(session, keys, wanted[start : start + PEOPLE_PER_QUERY])
    return found


def _open_some(session: Session, keys: FieldKeys, person_ids: Sequence[int]) -> dict[int, Payee]:
    accounts = _open_accounts(session, keys, person_ids)
    people = select(Person.id, Person.seal, Person.nik, Person.name).where(Person.id.in_(person_ids))
    return {
        row.id: Payee(
            row.id,
            decrypt(keys, row.nik, table=PEOPLE, column="nik", row=row.seal),
            decrypt(keys, row.name, table=PEOPLE, column="name", row=row.seal),
            *accounts.get(row.id, ("", "", "", None)),
        )
        for row in session.execute(people)
    }


def _open_accounts(
    session: Session, keys: FieldKeys, person_ids: Sequence[int]
) -> dict[int, tuple[str, str, str, int | None]]:
    """Open the current accounts of these people; should two be current, the newer one counts."""
    query = (
        select(
            BankAccount.id,
            BankAccount.seal,
            BankAccount.person_id,
            BankAccount.bank_code,
            BankAccount.number,
            BankAccount.holder,
        )
        .where(BankAccount.person_id.in_(person_ids), BankAccount.is_current.is_(True))
        .order_by(BankAccount.id)
    )
    return {
        row.person_id: (
            row.bank_code,
            decrypt(keys, row.number, table=ACCOUNTS, column="number", row=row.seal),
            decrypt(keys, row.holder, table=ACCOUNTS, column="holder", row=row.seal),
            row.id,
        )
        for row in session.execute(query)
    }
