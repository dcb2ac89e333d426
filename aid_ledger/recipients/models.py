"""Households, people, their accounts, and the lists they came from. Everything personal is ciphertext.

Every row about a person carries a salt, so that its digest in the public log commits without telling; look-ups go by
keyed HMAC, kept per field. Plaintext is written nowhere.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from aid_ledger.core.columns import (
    Bytes,
    Cipher,
    Code,
    Count,
    LongText,
    MaybeCipher,
    MaybeDay,
    Moment,
    PrimaryId,
    Reference,
    Salt,
    Seal,
    ShortText,
    State,
)
from aid_ledger.core.db import Base, record


class RecipientImport(Base):
    """A list that was read: its file, what was good, what was bad."""

    __tablename__ = "imports"
    __table_args__ = ({"info": record("OPERATOR")},)

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    file_name: Mapped[ShortText]
    mode: Mapped[State]
    state: Mapped[State]
    rows: Mapped[Count]
    good: Mapped[Count]
    bad: Mapped[Count]
    warnings: Mapped[Count]
    people_new: Mapped[Count]
    people_changed: Mapped[Count]
    content_digest: Mapped[Bytes]
    imported_by: Mapped[str] = mapped_column(String(40))
    imported_at: Mapped[Moment]
    salt: Mapped[Salt]


class ImportProblem(Base):
    """One thing wrong in a list: row and column as in the spreadsheet; never the value itself."""

    __tablename__ = "import_problems"
    __table_args__ = ({"info": record("OPERATOR")},)

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True, autoincrement=False)
    order: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row: Mapped[Count]
    column: Mapped[Code]
    code: Mapped[Code]
    level: Mapped[State]
    message: Mapped[ShortText]


class Household(Base):
    """A household (KPM) by its family card, or a person alone where no card number is known."""

    __tablename__ = "households"
    __table_args__ = ({"info": record("OPERATOR, by import")},)

    id: Mapped[PrimaryId]
    seal: Mapped[Seal]
    card_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    card: Mapped[MaybeCipher]
    village_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    salt: Mapped[Salt]


class Person(Base):
    """A person by NIK. `particulars` is one ciphertext of birth, sex, address, phone, occupation, DTKS id.

    `commitment` binds NIK and name under a secret derived from the row's salt (`payees.person_commitment`).

    `import_id` is the list that brought the person, `changed_by` who last changed the row; `content_hash` is what the
    last list said, so that the same words in the next list undo no correction made in between.
    """

    __tablename__ = "people"
    __table_args__ = (
        Index("ix_people_village", "village_code", "id"),
        CheckConstraint("state IN ('active', 'deceased', 'moved', 'erased')", name="state"),
        {"info": record("OPERATOR, by import and correction") | {"lasting": "yes"}},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    seal: Mapped[Seal]
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"), index=True)
    village_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    rw: Mapped[str] = mapped_column(String(3))
    rt: Mapped[str] = mapped_column(String(3))
    nik_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    nik: Mapped[Cipher]
    name: Mapped[Cipher]
    particulars: Mapped[Cipher]
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    list_source: Mapped[State]
    birth_year: Mapped[int | None]
    excluded_occupation: Mapped[bool]
    state: Mapped[State]
    state_since: Mapped[MaybeDay]
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    changed_by: Mapped[str] = mapped_column(String(40))
    content_hash: Mapped[Bytes]
    salt: Mapped[Salt]
    commitment: Mapped[Bytes]


class BankAccount(Base):
    """Where a person is paid by transfer. A change is a new row; the old one is no longer current.

    `commitment` binds bank, number and holder under a secret derived from the row's salt (`payees.account_commitment`).
    """

    __tablename__ = "bank_accounts"
    __table_args__ = (
        Index("ix_bank_accounts_person", "person_id", "is_current"),
        Index("ix_bank_accounts_number", "number_hash"),
        {"info": record("OPERATOR") | {"lasting": "yes"}},
    )

    id: Mapped[PrimaryId]
    reference: Mapped[Reference]
    seal: Mapped[Seal]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    bank_code: Mapped[str] = mapped_column(String(3))
    number: Mapped[Cipher]
    number_hash: Mapped[Bytes]
    holder: Mapped[Cipher]
    is_current: Mapped[bool]
    changed_by: Mapped[str] = mapped_column(String(40))
    changed_at: Mapped[Moment]
    salt: Mapped[Salt]
    commitment: Mapped[Bytes]


Index(
    "uq_bank_accounts_current",
    BankAccount.person_id,
    unique=True,
    postgresql_where=BankAccount.is_current.is_(True),
    sqlite_where=BankAccount.is_current.is_(True),
)


class ExternalAid(Base):
    """A person known by hash to receive another agency's programme in a period."""

    __tablename__ = "external_aid"
    __table_args__ = (UniqueConstraint("program", "period", "nik_hash"), {"info": record("OPERATOR")})

    id: Mapped[PrimaryId]
    program: Mapped[str] = mapped_column(String(40))
    period: Mapped[str] = mapped_column(String(20))
    nik_hash: Mapped[Bytes]
    salt: Mapped[Salt]


class PersonalView(Base):
    """Unmasked personal data was shown to an official, for a reason; counts toward the daily limit."""

    __tablename__ = "personal_views"
    __table_args__ = (
        Index("ix_personal_views_day", "official_id", "day"),
        {"info": record("whoever looked") | {"append_only": "yes"}},
    )

    id: Mapped[PrimaryId]
    official_id: Mapped[int] = mapped_column(ForeignKey("officials.id"))
    day: Mapped[str] = mapped_column(String(10))
    people: Mapped[LongText]
    count: Mapped[Count]
    purpose: Mapped[LongText]
    viewed_at: Mapped[Moment]
    salt: Mapped[Salt]
