"""What must not be found in anything public: people as they were imported, in every spelling, and what hides them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from sqlalchemy import LargeBinary, select

from aid_ledger.core.db import Base
from tests.builders.lived import Lived

PERSONAL = ("nik", "no_kk", "no_hp", "no_rekening", "nama", "nama_rekening", "alamat")
SECRET_COLUMNS = ("salt", "seal", "nik_hash", "card_hash", "phone_hash", "number_hash", "code_hash", "password_hash")


def told_in(public: bytes, lived: Lived) -> list[bytes]:
    """List what public bytes tell of the people of a life, and of an illness; nothing, if all is well."""
    people = lived.imported()
    looked_for = {form for row in people for form in spellings(row)} | set(secrets_of(lived))
    # Whoever looks for nothing finds nothing.
    assert len(people) > 100
    assert len(looked_for) > 2_000
    illness = [word for word in (b"isoman", b"covid") if word in public.lower()]
    return [form for form in looked_for if form in public] + illness


def spellings(row: dict[str, str]) -> set[bytes]:
    """Write what identifies a person in the ways it might be written, hashed without salt included."""
    said = {row[column] for column in PERSONAL if len(row[column]) >= len("Ani Contoh")}
    said |= {text.upper() for text in said} | {row["no_hp"].removeprefix("0"), row["no_hp"].replace("0", "+62", 1)}
    hashes = [
        hashlib.sha256(row[column].encode()).digest() for column in ("nik", "no_kk", "no_rekening") if row[column]
    ]
    return {text.encode() for text in said if text} | {form for each in hashes for form in written(each)}


def written(raw: bytes) -> set[bytes]:
    """Write bytes as a log might hold them."""
    return {raw, raw.hex().encode(), base64.urlsafe_b64encode(raw).rstrip(b"="), base64.b64encode(raw).rstrip(b"=")}


def secrets_of(lived: Lived) -> Iterator[bytes]:
    """Give every salt, seal and keyed hash that is kept in the database and must stay there."""
    with lived.bench.reading() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if column.name in SECRET_COLUMNS:
                    for value in session.scalars(select(column).where(column.is_not(None))):
                        is_raw = isinstance(column.type, LargeBinary)
                        yield from written(bytes(value)) if is_raw else (str(value).encode(),)
