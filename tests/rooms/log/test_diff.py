"""`audit diff`: whatever a superuser does to a row by hand is named, and so is whatever is done to the log."""

from __future__ import annotations

import datetime as dt
import itertools
import threading

import pytest
from sqlalchemy import select

from aid_ledger.book import service
from aid_ledger.book.agreement import agree
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from aid_ledger.core import clock
from aid_ledger.core.act import Actor
from aid_ledger.log.diff import Difference, diff, housekeeping_tables
from aid_ledger.log.models import LogEntry
from aid_ledger.tables import METADATA
from audit.facts.money import HistoryDeclared
from audit.note import format_vkey
from tests.benches import Bench
from tests.builders.log import of_rows
from tests.rooms.log.forging import by_hand, literal
from tests.rooms.log.writing import at_once, write

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


def found(bench: Bench) -> list[Difference]:
    """Run the diff as an auditor would."""
    return compared(bench, (bench.folder / "published-checkpoint").read_bytes())


def compared(bench: Bench, published: bytes | None) -> list[Difference]:
    """Compare, but for what replay says of an agency that was never founded: here rows are compared, not rights."""
    with bench.reading() as session:
        vkey = format_vkey(bench.key.verifier())
        named = diff(session, vkey=vkey, published=published, agreements=[agree])
    return of_rows(named)


def test_an_honest_database_agrees_with_its_log(kept: Bench) -> None:
    """Nothing is named where nothing was done."""
    assert [each.sentence for each in found(kept)] == []


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
        ("DELETE FROM log_mentions WHERE reference = 'source/BTT-2021'", "log_mentions", "source/BTT-2021/2"),
        ("INSERT INTO log_mentions VALUES ('BTC-2021-000001-0', 1)", "log_mentions", "BTC-2021-000001-0/1"),
        ("INSERT INTO log_mentions VALUES ('source/CSR-2021', 9)", "log_mentions", "source/CSR-2021/9"),
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


def test_an_entry_that_waits_is_compared_as_well(kept: Bench, anyone: Actor) -> None:
    """THREATS 4: an entry edited before it is ordered is named, and an honest one that waits is not."""
    write(kept, anyone, "BERAS")
    assert [each.sentence for each in found(kept)] == []
    by_hand(kept, "UPDATE commodities SET name = 'Emas' WHERE code = 'BERAS'")
    assert [(each.table, each.key) for each in found(kept)] == [("commodities", "BERAS")]
    with kept.reading() as session:
        raw = bytes(session.scalars(select(LogEntry.raw).where(LogEntry.id == 3)).one()).replace(b"BERAS", b"BERAZ")
    by_hand(kept, f"UPDATE log_entries SET raw = {literal(kept, raw)} WHERE id = 3")
    assert ("log_entries", "3") in {(each.table, each.key) for each in found(kept)}


def test_deeds_done_meanwhile_are_no_difference(kept: Bench, anyone: Actor) -> None:
    """An auditor compares one moment, however busy the agency is: a difference found is a difference."""
    stop = threading.Event()

    def work() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            write(kept, anyone, f"K{number}")
            kept.sequencer.run_once()

    def compare() -> list[Difference]:
        differences = [each for _ in range(5) for each in found(kept)]
        stop.set()
        return differences

    assert at_once([compare, work])[0] == []


def test_an_old_tail_without_a_checkpoint_is_named(kept: Bench) -> None:
    """T3: a log whose signing stopped is said to have stopped, even to an auditor without the published checkpoint."""
    by_hand(kept, "DELETE FROM log_checkpoints")
    assert compared(kept, None) == []
    with clock.frozen(clock.now() + dt.timedelta(minutes=2)):
        named = compared(kept, None)
    assert [(each.table, each.key) for each in named] == [("log_checkpoints", "2")]


def test_every_table_that_may_change_without_a_fact_says_why() -> None:
    """P3: what the comparison does not cover is printed with its reason, never silently left out."""
    assert METADATA.tables
    reasons = housekeeping_tables()
    assert "counters" in reasons
    assert all(reasons.values())


def unshielded(bench: Bench, on_the_server: str, *on_sqlite: str) -> None:
    """Take a shield away as a superuser does, in the words of the database at hand."""
    with bench.engine.begin() as connection:
        is_server = bench.engine.dialect.name == "postgresql"
        for statement in [on_the_server] if is_server else on_sqlite:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "on_the_server",
    [
        "DROP TRIGGER transfers_append_only ON transfers",
        "ALTER TABLE transfers DISABLE TRIGGER transfers_append_only",
        "ALTER TABLE transfers ENABLE REPLICA TRIGGER transfers_append_only",
    ],
)
def test_a_shield_that_is_gone_or_asleep_is_named(kept: Bench, on_the_server: str) -> None:
    """U3: whoever dropped the trigger that refuses changes, or put it to sleep, is noticed before any row is."""
    unshielded(kept, on_the_server, "DROP TRIGGER transfers_no_update")
    (named,) = found(kept)
    assert named.table == "transfers"
    assert named.key in {"transfers_append_only", "transfers_no_update"}
    assert named.sentence == "the trigger that refuses to change history is gone or asleep"


@pytest.mark.parametrize(
    ("on_the_server", "on_sqlite"),
    [
        ("BEFORE DELETE OR UPDATE", "BEFORE UPDATE ON transfers BEGIN SELECT 1; END"),
        ("BEFORE DELETE", "BEFORE UPDATE ON transfers WHEN 0 BEGIN SELECT RAISE(ABORT, 'no'); END"),
        ("BEFORE DELETE OR UPDATE OF amount", "BEFORE UPDATE OF amount ON transfers BEGIN SELECT 1; END"),
        ("AFTER DELETE OR UPDATE", "AFTER UPDATE ON transfers BEGIN SELECT 1; END"),
    ],
)
def test_a_shield_that_was_bent_is_named(kept: Bench, on_the_server: str, on_sqlite: str) -> None:
    """U3: a trigger under the same name that refuses less, or nothing, is not the one that migrations make."""
    condition = " WHEN (false)" if on_the_server == "BEFORE DELETE OR UPDATE" else ""
    unshielded(
        kept,
        "DROP TRIGGER transfers_append_only ON transfers; CREATE TRIGGER transfers_append_only"
        f" {on_the_server} ON transfers FOR EACH ROW{condition} EXECUTE FUNCTION refuse_change()",
        "DROP TRIGGER transfers_no_update",
        f"CREATE TRIGGER transfers_no_update {on_sqlite}",
    )
    (named,) = found(kept)
    assert named.key in {"transfers_append_only", "transfers_no_update"}
    assert named.sentence == "the trigger that refuses to change history is not the one that migrations make"


def test_a_shield_whose_body_was_replaced_is_named(kept: Bench) -> None:
    """U3: on PostgreSQL all shields share one function: with another body, each of them is named."""
    if kept.engine.dialect.name != "postgresql":
        pytest.skip("a trigger of SQLite holds its own body")
    body = "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
    unshielded(kept, body)
    named = found(kept)
    assert {"transfers_append_only", "log_entries_append_only"} <= {each.key for each in named}
    assert {each.sentence for each in named} == {
        "the trigger that refuses to change history is not the one that migrations make"
    }


def test_a_trigger_that_nobody_made_is_named(kept: Bench) -> None:
    """U3: a superuser's own trigger on a table of ours could rewrite whatever an honest deed writes."""
    unshielded(
        kept,
        "CREATE TRIGGER helpful BEFORE INSERT ON balances FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "CREATE TRIGGER helpful BEFORE INSERT ON balances BEGIN SELECT 1; END",
    )
    (named,) = found(kept)
    assert (named.table, named.key, named.sentence) == ("balances", "helpful", "a trigger that no migration makes")
