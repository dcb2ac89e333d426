"""What the databases do to a row where it is made: both do the same."""

from __future__ import annotations

import hashlib

from sqlalchemy import LargeBinary, literal, null, select

from aid_ledger.core.crypto import SALT_BYTES, commitment_head, salted_commitment
from aid_ledger.core.sqlfunctions import RandomName, RandomSalt, Sha256Of
from tests.benches import Bench

PARTS = (b"", b"\x00\xff'\\", bytes(range(256)))


def test_both_databases_hash_as_we_do(bench: Bench) -> None:
    """A commitment made by the database is the commitment that its checkers make."""
    salt = bytes(range(SALT_BYTES))
    with bench.reading() as session:
        made = session.scalar(select(Sha256Of(*(literal(part, LargeBinary) for part in PARTS))))
        committed = session.scalar(
            select(Sha256Of(*(literal(part, LargeBinary) for part in (commitment_head("uji"), salt, PARTS[2]))))
        )
    assert made == hashlib.sha256(b"".join(PARTS)).digest()
    assert committed == salted_commitment("uji", salt, PARTS[2])


def test_nothing_hashes_to_nothing(bench: Bench) -> None:
    """A missing part must not pass for an empty one."""
    with bench.reading() as session:
        assert session.scalar(select(Sha256Of(literal(b"a", LargeBinary), null().cast(LargeBinary)))) is None


def test_random_names_and_salts_differ_from_row_to_row(bench: Bench) -> None:
    """One statement makes them for many rows, and draws for each."""
    rows = select(literal(1).label("n")).union_all(*(select(literal(n)) for n in range(2, 51))).subquery()
    with bench.reading() as session:
        made = session.execute(select(rows.c.n, RandomName(), RandomSalt())).all()
    assert len({name for _, name, _ in made}) == len({salt for *_, salt in made}) == 50
    assert all(len(name) == 16 and int(name, 16) >= 0 and len(salt) == SALT_BYTES for _, name, salt in made)
