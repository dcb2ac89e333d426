"""What both databases can do to a row where it is made: random bytes, random names, and SHA-256.

For `INSERT … SELECT` of many rows at once. PostgreSQL has all of them built in; SQLite's SHA-256 is ours, registered
on every connection (`core/db.py`).
"""

from __future__ import annotations

import hashlib
from typing import Final

from sqlalchemy import LargeBinary, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

SHA256_OF: Final = "sha256_of"
"""The name of SQLite's function."""


class RandomSalt(FunctionElement[bytes]):
    """32 random bytes per row. Read it once per row only: a subquery that is looked at twice may draw twice."""

    type = LargeBinary()
    name = "random_salt"
    inherit_cache = True


@compiles(RandomSalt, "postgresql")
def _salt_on_postgresql(_element: RandomSalt, _compiler: SQLCompiler, **_options: object) -> str:
    # gen_random_uuid is the server's strong randomness without an extension; two of them carry 244 random bits.
    return "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"


@compiles(RandomSalt, "sqlite")
def _salt_on_sqlite(_element: RandomSalt, _compiler: SQLCompiler, **_options: object) -> str:
    return "randomblob(32)"


class RandomName(FunctionElement[str]):
    """16 random hexadecimal digits per row: 62 random bits at least, which do not meet among one agency's rows."""

    type = String()
    name = "random_name"
    inherit_cache = True


@compiles(RandomName, "postgresql")
def _name_on_postgresql(_element: RandomName, _compiler: SQLCompiler, **_options: object) -> str:
    # The last eight bytes of a random UUID: all of them random but the two bits of its variant.
    return "encode(substr(uuid_send(gen_random_uuid()), 9), 'hex')"


@compiles(RandomName, "sqlite")
def _name_on_sqlite(_element: RandomName, _compiler: SQLCompiler, **_options: object) -> str:
    return "lower(hex(randomblob(8)))"


class Sha256Of(FunctionElement[bytes]):
    """SHA-256 over binary parts, one after the other; NULL if any of them is."""

    type = LargeBinary()
    name = SHA256_OF
    inherit_cache = True


@compiles(Sha256Of, "postgresql")
def _sha256_on_postgresql(element: Sha256Of, compiler: SQLCompiler, **options: object) -> str:
    parts = [compiler.process(part, **options) for part in element.clauses]
    return f"sha256({' || '.join(parts)})"


@compiles(Sha256Of, "sqlite")
def _sha256_on_sqlite(element: Sha256Of, compiler: SQLCompiler, **options: object) -> str:
    return f"{SHA256_OF}({', '.join(compiler.process(part, **options) for part in element.clauses)})"


def sha256_of(*parts: bytes | None) -> bytes | None:
    """Do on SQLite what `Sha256Of` says."""
    if any(part is None for part in parts):
        return None
    return hashlib.sha256(b"".join(part for part in parts if part is not None)).digest()
