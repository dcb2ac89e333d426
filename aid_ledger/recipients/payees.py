"""Opening payees: who they are and where they are paid, in plaintext, in bulk, for the moment that needs it.

For freezing and checking lines and for writing a channel's file. It records nothing: what is shown to a person goes
through `privacy.py`, which does.

Every person and every account keeps a commitment to its plaintext, made where the plaintext was taken in. Lines of a
batch commit to these, so that 100,000 lines are frozen without opening anyone; whoever checks a batch opens the
plaintext and makes the commitments anew, and whoever swapped ciphertexts or commitments in the database is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, false, select
from sqlalchemy.orm import Session

from aid_ledger.core.crypto import FieldKeys, Opener, salted_commitment, secret_salt
from aid_ledger.core.db import among, dialect_of
from aid_ledger.recipients.models import BankAccount, Person
from audit import canonical

PEOPLE_PER_QUERY: Final = 2_000
"""People in one query: below every database's limit, and enough that the round trips do not count."""

PEOPLE: Final = "people"
ACCOUNTS: Final = "bank_accounts"
"""The names that ciphertexts are bound to; they are the tables' own."""

PERSON_DOMAIN: Final = "aid-person-v1"
ACCOUNT_DOMAIN: Final = "aid-account-v1"
"""Separate these commitments from every other hash."""


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
    person_salt: bytes = field(repr=False)
    account_salt: bytes = field(repr=False)
    """The secret salts of both commitments, derived for this moment."""

    def commitment(self, *, with_account: bool) -> bytes:
        """Make anew what the rows of person and account commit to: 64 bytes, or 32 without an account."""
        person = _commit_person(self.person_salt, self.nik, self.name)
        if not with_account or self.account_id is None:
            return person
        return person + _commit_account(self.account_salt, self.bank_code, self.account_number, self.account_holder)


def person_commitment(keys: FieldKeys, salt: bytes, nik: str, name: str) -> bytes:
    """Commit to who somebody is, under a secret salt derived from their row's; 32 bytes."""
    return _commit_person(secret_salt(keys, PERSON_DOMAIN, salt), nik, name)


def account_commitment(keys: FieldKeys, salt: bytes, bank_code: str, number: str, holder: str) -> bytes:
    """Commit to an account under a secret salt derived from its row's; 32 bytes.

    Each row has a salt of its own, so that an account which was changed and changed back is another account.
    """
    return _commit_account(secret_salt(keys, ACCOUNT_DOMAIN, salt), bank_code, number, holder)


def _commit_person(salt: bytes, nik: str, name: str) -> bytes:
    return salted_commitment(PERSON_DOMAIN, salt, canonical.encode([nik, name]))


def _commit_account(salt: bytes, bank_code: str, number: str, holder: str) -> bytes:
    return salted_commitment(ACCOUNT_DOMAIN, salt, canonical.encode([bank_code, number, holder]))


def current_account(*, with_account: bool = True) -> ColumnElement[bool]:
    """Join people to their current accounts, or to none where a channel pays to no account."""
    if not with_account:
        return false()
    return and_(BankAccount.person_id == Person.id, BankAccount.is_current.is_(True))


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
    """Open some people, each with the one account that is current."""
    niks, names = (Opener(keys, table=PEOPLE, column=column) for column in ("nik", "name"))
    numbers, holders = (Opener(keys, table=ACCOUNTS, column=column) for column in ("number", "holder"))
    found: dict[int, Payee] = {}
    for row in session.execute(_with_accounts(person_ids, dialect_of(session))):
        person_id, seal, nik, name, salt, account_id, account_seal, bank_code, number, holder, account_salt = row
        account = ("", "", "")
        if account_id is not None:
            account = (bank_code, numbers.open(number, account_seal), holders.open(holder, account_seal))
        opened = niks.open(nik, seal), names.open(name, seal)
        secrets = secret_salt(keys, PERSON_DOMAIN, salt), secret_salt(keys, ACCOUNT_DOMAIN, account_salt or b"")
        found[person_id] = Payee(person_id, *opened, *account, account_id, *secrets)
    return found


def _with_accounts(
    person_ids: Sequence[int], dialect: str
) -> Select[int, str, bytes, bytes, bytes, int | None, str, str, bytes, bytes, bytes]:
    return (
        select(
            Person.id,
            Person.seal,
            Person.nik,
            Person.name,
            Person.salt,
            BankAccount.id,
            BankAccount.seal,
            BankAccount.bank_code,
            BankAccount.number,
            BankAccount.holder,
            BankAccount.salt,
        )
        .outerjoin(BankAccount, current_account())
        .where(among(Person.id, person_ids, dialect))
        .order_by(Person.id)
    )
