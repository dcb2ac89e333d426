"""What is known of a person beyond NIK and name, as plaintext; how it is sealed into one ciphertext, and opened.

Lookups go by keyed hashes, one key per field, so that a phone that looks like an account number matches nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from aid_ledger.core.crypto import FieldKeys, decrypt, encrypt, lookup_hash
from aid_ledger.recipients.payees import ACCOUNTS, PEOPLE

HOUSEHOLDS: Final = "households"

NIK_FIELD: Final = "people.nik"
CARD_FIELD: Final = "households.card"
PHONE_FIELD: Final = "people.phone"
ACCOUNT_FIELD: Final = "bank_accounts.number"
CONTENT_FIELDS: Final = ("people.listed", "bank_accounts.listed")
"""The names of lookup keys; a hash under one of them is never compared with a hash under another."""

CONTENT_BYTES: Final = 32
"""Each half of `Person.content_hash`: what the last list said of the person, and what it said of the account."""

SEPARATOR: Final = "\x1f"
"""Between fields that are hashed together; refused inside any of them."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """Birth, sex, address, phone, occupation and DTKS id; None where nobody has said."""

    birth: dt.date | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    occupation: str | None = field(default=None, repr=False)
    dtks_id: str | None = field(default=None, repr=False)

    def over(self, earlier: Self) -> Self:
        """Lay these over what was known before; what is not said here stays."""
        return replace(
            earlier,
            **{name: value for name in self.__dataclass_fields__ if (value := getattr(self, name)) is not None},
        )

    def sealed(self, keys: FieldKeys, seal: str) -> bytes:
        """Seal into the ciphertext of one person's row."""
        known = {name: str(value) for name in self.__dataclass_fields__ if (value := getattr(self, name)) is not None}
        text = json.dumps(known, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return encrypt(keys, text, table=PEOPLE, column="particulars", row=seal)

    @classmethod
    def opened(cls, keys: FieldKeys, ciphertext: bytes, seal: str) -> Self:
        """Open what `sealed` made; raises IntegrityFailed if it was not made for this row."""
        known = json.loads(decrypt(keys, ciphertext, table=PEOPLE, column="particulars", row=seal))
        birth = known.pop("birth", None)
        return cls(birth=dt.date.fromisoformat(birth) if birth else None, **known)


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account as listed; `holder` is the person's own name where the list names none."""

    bank: str = field(repr=False)
    number: str = field(repr=False)
    holder: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """One good row of a list, in stored form: `row` is its number in the spreadsheet."""

    row: int
    nik: str = field(repr=False)
    card: str | None = field(repr=False)
    name: str = field(repr=False)
    village: str
    rw: str | None
    rt: str | None
    source: str | None
    particulars: Particulars = field(repr=False)
    account: Account | None = field(repr=False)

    @classmethod
    def from_cells(cls, cells: Mapping[str, Any]) -> Self:
        """Read a row of `Checked.good`."""
        number = cells["no_rekening"]
        account = Account(cells["bank"], number, cells["nama_rekening"] or cells["nama"]) if number else None
        return cls(
            row=cells["baris"],
            nik=cells["nik"],
            card=cells["no_kk"],
            name=cells["nama"],
            village=cells["kode_desa"],
            rw=cells["rw"],
            rt=cells["rt"],
            source=cells["sumber_data"],
            particulars=Particulars(
                birth=cells["tanggal_lahir"],
                sex=cells["jenis_kelamin"],
                address=cells["alamat"],
                phone=cells["no_hp"],
                occupation=cells["pekerjaan"],
                dtks_id=cells["id_dtks"],
            ),
            account=account,
        )

    def content_hash(self, keys: FieldKeys) -> bytes:
        """Hash what the list says: first half the person, second half the account, so that each tells if it moved."""
        facts = self.particulars
        person = (self.card, self.name, self.village, self.rw, self.rt, self.source, facts.birth, facts.sex)
        rest = (facts.address, facts.phone, facts.occupation, facts.dtks_id)
        account = self.account
        purse = (account.bank, account.number, account.holder) if account else ()
        return b"".join(
            lookup_hash(keys, name, SEPARATOR.join("" if value is None else str(value) for value in (self.nik, *said)))
            for name, said in zip(CONTENT_FIELDS, ((*person, *rest), purse), strict=True)
        )


def hash_nik(keys: FieldKeys, nik: str) -> bytes:
    """Hash a NIK as it is looked up."""
    return lookup_hash(keys, NIK_FIELD, nik)


def hash_card(keys: FieldKeys, card: str) -> bytes:
    """Hash a family card number as it is looked up."""
    return lookup_hash(keys, CARD_FIELD, card)


def hash_phone(keys: FieldKeys, phone: str | None) -> bytes | None:
    """Hash a phone number in its +62 form; None for none."""
    return None if phone is None else lookup_hash(keys, PHONE_FIELD, phone)


def hash_account(keys: FieldKeys, number: str) -> bytes:
    """Hash an account number; the bank is told apart by its own column."""
    return lookup_hash(keys, ACCOUNT_FIELD, number)


def seal_account(keys: FieldKeys, account: Account, seal: str) -> tuple[bytes, bytes, bytes]:
    """Give number, hash of the number, and holder, as an account's row stores them."""
    return (
        encrypt(keys, account.number, table=ACCOUNTS, column="number", row=seal),
        hash_account(keys, account.number),
        encrypt(keys, account.holder, table=ACCOUNTS, column="holder", row=seal),
    )
