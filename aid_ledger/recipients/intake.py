"""Taking good rows into households, people and accounts, set by set: who is new, who changed, who stays untouched.

People are matched by NIK, households by family card, both by keyed hash. Who is in the register already is changed
only where the list itself says something else than the last list did, so that reading a list again undoes no
correction; an empty cell takes nothing away. What may be imported at all is decided in `service`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from aid_ledger.core.act import Act, on_constraint
from aid_ledger.core.bulk import chunked, update_many
from aid_ledger.core.crypto import encrypt, new_salt
from aid_ledger.core.numbering import reserve_references
from aid_ledger.recipients import homes, rules
from aid_ledger.recipients.loading import load_sealed
from aid_ledger.recipients.models import BankAccount, Person
from aid_ledger.recipients.particulars import (
    CONTENT_BYTES,
    Account,
    Listed,
    Particulars,
    hash_nik,
    hash_phone,
    seal_account,
)
from aid_ledger.recipients.payees import (
    PEOPLE,
    PEOPLE_PER_QUERY,
    account_commitment,
    open_payees,
    person_commitment,
)
from aid_ledger.recipients.refusals import ImportMeanwhile

on_constraint("uq_people_nik_hash", ImportMeanwhile)
on_constraint("uq_households_card_hash", ImportMeanwhile)
on_constraint("uq_bank_accounts_current", ImportMeanwhile)

DOUBTS: Final = {homes.OTHER_VILLAGE: "no_kk", "nik.tercatat_meninggal": "nik"}
"""Warnings only the register can give: code and the column it is about."""

Stored: TypeAlias = "Row[*tuple[Any, ...]]"

NO_SOURCE: Final = "NON_DTKS"
"""Where a list does not say which register a person is from, none is claimed."""

PERSON_COLUMNS: Final = (
    "reference",
    "seal",
    "household_id",
    "village_code",
    "rw",
    "rt",
    "nik_hash",
    "nik",
    "name",
    "particulars",
    "phone_hash",
    "list_source",
    "birth_year",
    "excluded_occupation",
    "state",
    "import_id",
    "changed_by",
    "content_hash",
    "salt",
    "commitment",
)
ACCOUNT_COLUMNS: Final = (
    "reference",
    "seal",
    "person_id",
    "bank_code",
    "number",
    "number_hash",
    "holder",
    "is_current",
    "changed_by",
    "changed_at",
    "salt",
    "commitment",
)


@dataclass(slots=True)
class Taken:
    """What became of rows: people new and changed, and warnings as (row, code)."""

    new: int = 0
    changed: int = 0
    doubts: list[tuple[int, str]] = field(default_factory=list)


def take_in(act: Act, import_id: int, rows: Sequence[Listed]) -> Taken:
    """Take rows of one list into the register; rows that are there just so stay untouched.

    Raises:
        ImportMeanwhile: at the Act's end, if another list brought one of these people at the same moment.
    """
    keys = act.kit.keys
    hashes = [hash_nik(keys, row.nik) for row in rows]
    contents = [row.content_hash(keys) for row in rows]
    known = _known(act.session, hashes)
    fresh: list[tuple[Listed, bytes, bytes]] = []
    changed: list[tuple[Listed, bytes, Stored]] = []
    for row, nik_hash, content in zip(rows, hashes, contents, strict=True):
        person = known.get(nik_hash)
        if person is None:
            fresh.append((row, nik_hash, content))
        elif person.content_hash != content:
            changed.append((row, content, person))
    taken = Taken(new=len(fresh), changed=len(changed))
    taken.doubts = [(row.row, "nik.tercatat_meninggal") for row, _, person in changed if person.state == "deceased"]

    settled = homes.settle(
        act, import_id, [row for row, *_ in fresh], [(row, person.household_id) for row, _, person in changed]
    )
    taken.doubts += settled.doubts
    accounts = _changed_accounts(act, changed)
    _update_people(act, changed, settled.homes)
    accounts += _insert_people(act, import_id, fresh, settled.homes)
    insert_accounts(act, accounts)
    return taken


def _known(session: Session, hashes: Sequence[bytes]) -> dict[bytes, Stored]:
    """Find and lock who is in the register, in the order of their numbers, which every import keeps to."""
    found: dict[bytes, Stored] = {}
    for some in chunked(sorted(hashes), PEOPLE_PER_QUERY):
        query = select(Person.id, Person.nik_hash, Person.household_id, Person.content_hash, Person.state)
        locked = query.where(Person.nik_hash.in_(some)).order_by(Person.id).with_for_update()
        found |= {row.nik_hash: row for row in session.execute(locked)}
    return found


def _insert_people(
    act: Act, import_id: int, fresh: Sequence[tuple[Listed, bytes, bytes]], places: dict[int, int]
) -> list[tuple[int, Account]]:
    """Insert new people; give the accounts they bring, by person id."""
    if not fresh:
        return []
    seals = [secrets.token_hex(16) for _ in fresh]
    references = reserve_references(act, "PER", len(fresh))
    rows = (
        _person_values(act, import_id, new, places, reference=reference, seal=seal)
        for new, reference, seal in zip(fresh, references, seals, strict=True)
    )
    ids = load_sealed(act, Person, PERSON_COLUMNS, rows)
    return [(ids[seal], row.account) for (row, *_), seal in zip(fresh, seals, strict=True) if row.account is not None]


def _person_values(
    act: Act, import_id: int, new: tuple[Listed, bytes, bytes], places: dict[int, int], *, reference: str, seal: str
) -> tuple[Any, ...]:
    row, nik_hash, content = new
    keys, facts, salt = act.kit.keys, row.particulars, new_salt()
    return (
        reference,
        seal,
        places[row.row],
        row.village,
        row.rw or "",
        row.rt or "",
        nik_hash,
        encrypt(keys, row.nik, table=PEOPLE, column="nik", row=seal),
        encrypt(keys, row.name, table=PEOPLE, column="name", row=seal),
        facts.sealed(keys, seal),
        hash_phone(keys, facts.phone),
        row.source or NO_SOURCE,
        facts.birth.year if facts.birth else None,
        rules.is_excluded_work(facts.occupation),
        "active",
        import_id,
        act.actor.id,
        content,
        salt,
        person_commitment(keys, salt, row.nik, row.name),
    )


def _update_people(act: Act, changed: Sequence[tuple[Listed, bytes, Stored]], places: dict[int, int]) -> None:
    for some in chunked(changed, PEOPLE_PER_QUERY):
        query = select(
            Person.id,
            Person.seal,
            Person.salt,
            Person.particulars,
            Person.rw,
            Person.rt,
            Person.list_source,
            Person.phone_hash,
        )
        stored = {
            row.id: row for row in act.session.execute(query.where(Person.id.in_([person.id for *_, person in some])))
        }
        update_many(
            act,
            Person,
            [
                _changed_values(act, row, stored[person.id])
                | {"household_id": places[row.row], "content_hash": content}
                for row, content, person in some
            ],
        )


def _changed_values(act: Act, row: Listed, stored: Stored) -> dict[str, Any]:
    """Lay what the list says over what is stored; silence of the list changes nothing."""
    keys = act.kit.keys
    facts = row.particulars.over(Particulars.opened(keys, stored.particulars, stored.seal))
    return {
        "id": stored.id,
        "village_code": row.village,
        "rw": row.rw or stored.rw,
        "rt": row.rt or stored.rt,
        "name": encrypt(keys, row.name, table=PEOPLE, column="name", row=stored.seal),
        "commitment": person_commitment(keys, stored.salt, row.nik, row.name),
        "particulars": facts.sealed(keys, stored.seal),
        "phone_hash": hash_phone(keys, facts.phone),
        "list_source": row.source or stored.list_source,
        "birth_year": facts.birth.year if facts.birth else None,
        "excluded_occupation": rules.is_excluded_work(facts.occupation),
        "changed_by": act.actor.id,
    }


def _changed_accounts(act: Act, changed: Sequence[tuple[Listed, bytes, Stored]]) -> list[tuple[int, Account]]:
    """Find whose account the list changes, and retire what they had; an account that is current already stays."""
    wanted = {
        person.id: row.account
        for row, content, person in changed
        if row.account is not None and content[CONTENT_BYTES:] != person.content_hash[CONTENT_BYTES:]
    }
    payees = open_payees(act.session, act.kit.keys, list(wanted))
    moved = {
        id_: account
        for id_, account in wanted.items()
        if account != Account(payees[id_].bank_code, payees[id_].account_number, payees[id_].account_holder)
    }
    retire_accounts(act, list(moved))
    return list(moved.items())


def retire_accounts(act: Act, person_ids: Sequence[int]) -> None:
    """Mark the current accounts of these people as no longer current."""
    for some in chunked(person_ids, PEOPLE_PER_QUERY):
        current = select(BankAccount.id).where(BankAccount.person_id.in_(some), BankAccount.is_current.is_(True))
        ids = act.session.scalars(current.order_by(BankAccount.id)).all()
        update_many(act, BankAccount, [{"id": id_, "is_current": False} for id_ in ids])


def insert_accounts(act: Act, accounts: Sequence[tuple[int, Account]]) -> list[str]:
    """Insert current accounts for people who have none; give their references in order."""
    if not accounts:
        return []
    references = reserve_references(act, "ACC", len(accounts))
    rows = (
        _account_values(act, person_id, account, reference)
        for (person_id, account), reference in zip(accounts, references, strict=True)
    )
    load_sealed(act, BankAccount, ACCOUNT_COLUMNS, rows)
    return references


def _account_values(act: Act, person_id: int, account: Account, reference: str) -> tuple[Any, ...]:
    seal, salt = secrets.token_hex(16), new_salt()
    return (
        reference,
        seal,
        person_id,
        account.bank,
        *seal_account(act.kit.keys, account, seal),
        True,
        act.actor.id,
        act.at,
        salt,
        account_commitment(act.kit.keys, salt, account.bank, account.number, account.holder),
    )
