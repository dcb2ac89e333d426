"""Column shorthands that every room's models use, so that a kind of value has one width and one type everywhere."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Annotated

from sqlalchemy import BigInteger, Date, LargeBinary, String, Text
from sqlalchemy.orm import mapped_column

from aid_ledger.core.db import Id, Instant
from aid_ledger.core.money import AmountType

SALT_BYTES = 32
"""256 bits: a kabupaten's identity numbers can be tried in seconds, salts cannot."""


def fresh_salt() -> bytes:
    """Make a row's salt: it keeps the row's public digest from being guessed from what is known of a person."""
    return secrets.token_bytes(SALT_BYTES)


PrimaryId = Annotated[int, mapped_column(Id, primary_key=True)]
"""A surrogate key. Public references are separate columns."""
Reference = Annotated[str, mapped_column(String(40), unique=True)]
"""A reference with a check digit, as people write it."""
Code = Annotated[str, mapped_column(String(80))]
ShortText = Annotated[str, mapped_column(String(300))]
LongText = Annotated[str, mapped_column(Text)]
State = Annotated[str, mapped_column(String(20))]
"""One of the words of a room's transition table."""
Amount = Annotated[int, mapped_column(AmountType)]
"""Whole rupiah or whole units; a float is a TypeError."""
Count = Annotated[int, mapped_column(BigInteger)]
Moment = Annotated[dt.datetime, mapped_column(Instant)]
MaybeMoment = Annotated[dt.datetime | None, mapped_column(Instant)]
Day = Annotated[dt.date, mapped_column(Date)]
MaybeDay = Annotated[dt.date | None, mapped_column(Date)]
Bytes = Annotated[bytes, mapped_column(LargeBinary)]
Cipher = Annotated[bytes, mapped_column(LargeBinary)]
"""AES-GCM ciphertext bound to table, column and the row's seal."""
MaybeCipher = Annotated[bytes | None, mapped_column(LargeBinary)]
Salt = Annotated[bytes, mapped_column(LargeBinary, default=fresh_salt)]
"""Random bytes in every row about a person, so that its digest in the log commits without telling."""
Seal = Annotated[str, mapped_column(String(32), unique=True)]
"""A random hex id that field encryption binds to; known before the row has a number."""
