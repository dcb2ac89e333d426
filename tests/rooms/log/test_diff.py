"""`audit diff`: whatever a superuser does to a row by hand is named, and so is whatever is done to the log."""

from __future__ import annotations

import pytest

from aid_ledger.book import service
from aid_ledger.book.agreement import agree
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from aid_ledger.core.act import Actor
from aid_ledger.log.diff import Difference, diff
from audit.facts.money import HistoryDeclared
from audit.note import format_vkey
from tests.conftest import Bench

WORLD = Place("BTT-2021", Stage.WORLD)
RECEIVED = Place("BTT-2021", Stage.RECEIVED)



@pytest.fixture
def kept(bench: Bench, anyone: Actor) -> Bench:
    """Give a book with one movement, sealed."""
    with bench.act(anyone) as act:
        service.define_commodity(act, code=IDR, unit="rupiah", name="Rupiah", public_name="Rupiah")
    with bench.act(anyone) as act:
        moves = service.move(act, [Movement(WORLD, RECEIVED, IDR, 500)])
        act.record(
            HistoryDeclared(
                contribution="CTB-1",
                source="BTT-2021",
                commodity=IDR,
                amount=500,
                document="DOC-1",
                evidence="",
                moves=moves,
            )
        )
    return bench


def by_hand(bench: Bench, *statements: str) -> None:
    """Change the database as a superuser who drops the triggers and puts them back would."""
    with bench.engine.begin() as connection:
        if bench.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        else:
            for name in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.exec_driver_sql(statement)


def found(bench: Bench) -> list[Difference]:
    """Run the diff as an auditor would."""
    published = (bench.folder / "published-checkpoint").read_bytes()
    with bench.reading() as session:
        vkey = format_vkey(bench.key.verifier())
        return diff(session, vkey=vkey, published=published, agreements=[agree])


def test_an_honest_database_agrees_with_its_log(kept: Bench) -> None:
    """Nothing is named where nothing was done."""
    assert found(kept) == []


@pytest.mark.parametrize(
    ("statement", "table", "key"),
    [
        ("UPDATE commodities SET name = 'Emas'", "commodities", "IDR"),
        ("UPDATE transfers SET amount = 499", "transfers", "1"),
        ("DELETE FROM transfers", "transfers", "1"),
        ("UPDATE accounts SET program = 'BST' WHERE stage = 'received'", "accounts", None),
        ("UPDATE balances SET amount = 501 WHERE amount = 500", "balances", None),
        ("DELETE FROM balances WHERE amount = 500", "balances", None),
        ("INSERT INTO commodities VALUES ('EMAS', 'g', 'Emas', 'Emas')", "commodities", "EMAS"),
        ("UPDATE log_entries SET kind = 'FundsReceived' WHERE id = 1", "log_entries", "1"),
        ("DELETE FROM log_positions WHERE position = 0", "log_positions", None),
        ("UPDATE log_tiles SET hashes = leaf_hash FROM log_entries WHERE log_entries.id = 1", "log_tiles", "0/0"),
        ("DELETE FROM log_checkpoints", "log_checkpoints", "2"),
        ("UPDATE log_heads SET size = 7", "log_heads", "1"),
    ],
)
def test_what_is_done_by_hand_is_named(kept: Bench, statement: str, table: str, key: str | None) -> None:
    """P3: update, delete or insert of any row shows, with the row's name."""
    by_hand(kept, statement)
    named = [each for each in found(kept) if each.table == table and key in {None, each.key}]
    assert named, found(kept)


def test_an_entry_edited_with_its_leaf_hash_is_found_by_the_tree(kept: Bench) -> None:
    """R1: a superuser who edits an entry and its leaf hash together still cannot make the signed root agree."""
    with kept.reading() as session:
        raw = bytes(session.connection().exec_driver_sql("SELECT raw FROM log_entries WHERE id = 2").scalar_one())
    forged = raw.replace(b'"amount":"500"', b'"amount":"900"')
    assert forged != raw
    by_hand(kept, f"UPDATE log_entries SET raw = {literal(kept, forged)} WHERE id = 2")
    assert {"log_entries", "log_tiles", "log_checkpoints"} <= {each.table for each in found(kept)}


def literal(bench: Bench, raw: bytes) -> str:
    """Write bytes as SQL."""
    return f"'\\x{raw.hex()}'" if bench.engine.dialect.name == "postgresql" else f"x'{raw.hex()}'"
