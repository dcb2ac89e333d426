"""The sequencer: one dense order that keeps causes before effects, never signed over a log it does not continue."""

from __future__ import annotations

import shutil
import threading
import time
from itertools import count, pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from aid_ledger.book.models import Commodity
from aid_ledger.core.act import Act, Actor
from aid_ledger.log import queries, rules, service
from aid_ledger.log.export import export
from aid_ledger.log.models import LogCheckpoint, LogEntry
from aid_ledger.log.sequencer import Limits, Pass, Sequencer
from audit import checkpoint, note, policy
from audit.entry import parse_entry
from audit.merkle import leaf_hash, root
from audit.note import SigningKey
from audit.source import open_source
from audit.verify import verify_log
from tests.benches import Bench
from tests.rooms.log.forging import by_hand, literal
from tests.rooms.log.writing import at_once, count_entries, define, define_all, ordered_entries, unsequenced, write

WRITERS = 8
DEEDS = 12


def signed_sizes(bench: Bench) -> list[int]:
    """List the sizes for which there is a checkpoint."""
    with bench.reading() as session:
        return list(session.scalars(select(LogCheckpoint.size).order_by(LogCheckpoint.size)))


def published(bench: Bench) -> checkpoint.Checkpoint:
    """Read the checkpoint outside the database, checked against the log's key."""
    seen = note.parse((bench.folder / "published-checkpoint").read_bytes())
    note.verify(seen, [bench.key.verifier()])
    return checkpoint.parse(seen.text)


def another(bench: Bench, limits: Limits | None = None) -> Sequencer:
    """Give a second sequencer of the same installation, as after a restart."""
    return Sequencer(bench.engine, bench.key, bench.folder / "published-checkpoint", limits)


def test_the_root_is_the_root_of_the_entries(bench: Bench, anyone: Actor) -> None:
    """What is signed is what an outsider computes from the entries alone, across a full tile and more."""
    acts = unsequenced(bench)
    for number in range(3):
        acts.run(anyone, define_all, [f"K{number}-{each}" for each in range(100)])
        bench.sequencer.run_once()
    hashes = [leaf_hash(bytes(entry.raw)) for entry in ordered_entries(bench)]
    assert signed_sizes(bench) == [100, 200, 300]
    assert published(bench).root == root(hashes)


def test_eight_writers_keep_causes_before_effects(bench: Bench, anyone: Actor) -> None:
    """B1: order comes from insertion ids; whoever read a committed row is ordered behind the Act that wrote it."""
    acts, stop = unsequenced(bench), threading.Event()
    numbers = count(1)

    def witness(act: Act) -> None:
        newest = act.session.scalar(select(func.max(Commodity.code)))
        define(act, f"K{next(numbers):06}", note=newest or "-")

    def writer() -> None:
        for _ in range(DEEDS):
            acts.run(anyone, witness)

    def sequence() -> int:
        return service.run_sequencer(bench.sequencer, stop=stop, pause_s=0.01)

    def write_all() -> None:
        at_once([writer] * WRITERS)
        while service_status(bench).waiting:
            time.sleep(0.01)
        stop.set()

    assert at_once([sequence, write_all])[0] == WRITERS * DEEDS
    seen = {"-"}
    for entry in ordered_entries(bench):
        body = parse_entry(bytes(entry.raw)).body
        assert body["unit"] in seen
        seen.add(str(body["commodity"]))
    assert len(seen) == WRITERS * DEEDS + 1


def service_status(bench: Bench) -> queries.LogStatus:
    """Read how the log fares."""
    with bench.reading() as session:
        return queries.status(session)


def test_an_act_stays_together_and_whole(bench: Bench, anyone: Actor) -> None:
    """An Act longer than a pass is ordered in one pass, its entries side by side."""
    acts, sequencer = unsequenced(bench), another(bench, Limits(entries=5))
    acts.run(anyone, define, "A")
    acts.run(anyone, define_all, [f"B{number}" for number in range(20)])
    acts.run(anyone, define, "C")
    assert sequencer.run_once() == Pass(21, 21, is_full=True)
    assert not sequencer.is_settled()
    assert sequencer.run_once() == Pass(1, 22, is_full=False)
    assert sequencer.is_settled()
    runs = [entry.act for entry in ordered_entries(bench)]
    assert len(runs) == 22
    assert sum(1 for one, next_one in pairwise(runs) if one != next_one) == 2


def test_two_sequencers_at_once_make_one_log(bench: Bench, anyone: Actor) -> None:
    """F4: two processes that hold the key by accident order every entry once and sign one root per size."""
    write(bench, anyone, *(f"K{number}" for number in range(40)))
    second = another(bench)

    def passes(sequencer: Sequencer) -> int:
        return sum(sequencer.run_once().ordered for _ in range(10))

    ordered = at_once([lambda: passes(bench.sequencer), lambda: passes(second)])
    assert sum(int(str(number)) for number in ordered) == 40
    assert len(ordered_entries(bench)) == 40
    assert signed_sizes(bench) == [40]
    assert published(bench).size == 40


def test_a_restored_database_is_neither_ordered_nor_signed(bench: Bench, anyone: Actor, tmp_path: Path) -> None:
    """T2: a database behind the published checkpoint is refused before anything in it gets a position."""
    write(bench, anyone, "A", "B")
    bench.sequencer.run_once()
    kept = tmp_path / "kept"
    shutil.copy(bench.folder / "published-checkpoint", kept)
    by_hand(
        bench,
        "DELETE FROM log_checkpoints",
        "DELETE FROM log_positions WHERE position = 1",
        "UPDATE log_heads SET size = 1",
        "DELETE FROM log_entries WHERE id = 2",
    )
    write(bench, anyone, "C", "D")
    with pytest.raises(rules.LogBehind) as refusal:
        another(bench).run_once()
    assert refusal.value.facts == {"published": 2, "database": 1}
    assert len(ordered_entries(bench)) == 1
    assert signed_sizes(bench) == []
    assert kept.read_bytes() == (bench.folder / "published-checkpoint").read_bytes()


def test_a_restore_with_the_newest_checkpoint_put_back_is_refused_as_well(bench: Bench, anyone: Actor) -> None:
    """T2: whoever restores and copies the published checkpoint into the database gains nothing."""
    write(bench, anyone, "A", "B")
    bench.sequencer.run_once()
    by_hand(
        bench,
        "DELETE FROM log_positions WHERE position = 1",
        "UPDATE log_heads SET size = 1",
        "DELETE FROM log_entries WHERE id = 2",
    )
    write(bench, anyone, "C")
    with pytest.raises(rules.LogBehind):
        another(bench).run_once()
    assert len(ordered_entries(bench)) == 1


def test_a_database_that_grew_differently_is_refused(bench: Bench, anyone: Actor) -> None:
    """T2, F2: restored and grown past the published size, the log is another one, and its size does not hide it."""
    write(bench, anyone, "A", "B", "C")
    bench.sequencer.run_once()
    with bench.reading() as session:
        other = bytes(session.scalars(select(LogEntry.raw).where(LogEntry.id == 3)).one()).replace(b'"C"', b'"X"')
    by_hand(
        bench,
        f"UPDATE log_entries SET raw = {literal(bench, other)}, leaf_hash = {literal(bench, leaf_hash(other))}"
        " WHERE id = 3",
        "DELETE FROM log_checkpoints",
        "DELETE FROM log_tiles",
        "DELETE FROM log_positions",
        "UPDATE log_heads SET size = 0",
    )
    (bench.folder / "published-checkpoint").rename(bench.folder / "kept")
    another(bench).run_once()
    (bench.folder / "kept").rename(bench.folder / "published-checkpoint")
    with pytest.raises(rules.LogBehind):
        another(bench).run_once()


def test_an_altered_pending_entry_is_never_ordered(bench: Bench, anyone: Actor) -> None:
    """THREATS 4: an entry edited between its commit and its order stops the log instead of entering it."""
    write(bench, anyone, "A")
    with bench.reading() as session:
        forged = bytes(session.scalars(select(LogEntry.raw)).one()).replace(b'"A"', b'"Z"')
    by_hand(bench, f"UPDATE log_entries SET raw = {literal(bench, forged)}")
    with pytest.raises(rules.EntryAltered):
        bench.sequencer.run_once()
    assert ordered_entries(bench) == []
    assert signed_sizes(bench) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE log_tiles SET hashes = (SELECT leaf_hash FROM log_entries WHERE id = 1)", "DELETE FROM log_tiles"],
)
def test_altered_tiles_are_not_signed_over(bench: Bench, anyone: Actor, statement: str) -> None:
    """R5: a tree that does not continue the signed one is refused, with the published checkpoint gone as well."""
    write(bench, anyone, "A", "B", "C")
    bench.sequencer.run_once()
    (bench.folder / "published-checkpoint").unlink()
    by_hand(bench, statement)
    write(bench, anyone, "D")
    with pytest.raises(rules.TreeAltered):
        another(bench).run_once()
    assert signed_sizes(bench) == [3]


@pytest.mark.parametrize("content", ["", "nonsense", "other key"])
def test_a_published_checkpoint_of_somebody_else_stops_the_log(bench: Bench, anyone: Actor, content: str) -> None:
    """N2: whoever replaces the file outside the database is noticed before anything more is signed."""
    write(bench, anyone, "A")
    if content == "other key":
        stranger = SigningKey.generate(bench.key.name)
        content = note.sign(checkpoint.Checkpoint(stranger.name, 1, bytes(32)).text(), stranger).decode()
    (bench.folder / "published-checkpoint").write_text(content)
    with pytest.raises(rules.PublishedAltered):
        bench.sequencer.run_once()
    assert ordered_entries(bench) == []


def test_a_late_entry_below_the_margin_is_found_by_a_sweep(bench: Bench, anyone: Actor) -> None:
    """P7: an Act that committed very late waits for the next sweep and is not forgotten."""
    sequencer = another(bench, Limits(margin=2))
    write(bench, anyone, *(f"K{number}" for number in range(6)))
    by_hand(bench, "UPDATE log_entries SET id = id + 100")
    sequencer.run_once()
    late = late_entry(bench)
    assert sequencer.is_settled()
    sequencer.sweep()
    assert not sequencer.is_settled()
    assert sequencer.run_once().ordered == 1
    assert ordered_entries(bench)[-1].id == late


def late_entry(bench: Bench) -> int:
    """Insert an entry under an id far below the newest, as a very slow Act would, and give that id."""
    with bench.reading() as session:
        raw = bytes(session.scalars(select(LogEntry.raw).where(LogEntry.id == 106)).one())
    act = "0" * 32
    own = raw.replace(parse_entry(raw).act.encode(), act.encode())
    by_hand(
        bench,
        "INSERT INTO log_entries (id, act, ordinal, kind, recorded_at, raw, leaf_hash)"
        f" SELECT 1, '{act}', 0, kind, recorded_at, {literal(bench, own)}, {literal(bench, leaf_hash(own))}"
        " FROM log_entries WHERE id = 106",
    )
    return 1


def test_status_tells_how_long_the_oldest_entry_waits(bench: Bench, anyone: Actor) -> None:
    """DESIGN 5: at most one second; whoever watches the log sees it fall behind."""
    write(bench, anyone, "A")
    waiting = service_status(bench)
    assert (waiting.ordered, waiting.sealed, waiting.waiting) == (0, 0, 1)
    assert waiting.oldest_waiting_at is not None
    bench.sequencer.run_once()
    settled = service_status(bench)
    assert (settled.ordered, settled.sealed, settled.waiting) == (1, 1, 0)
    assert not settled.lag(waiting.oldest_waiting_at)


def test_the_loop_stops_with_a_refusal_and_signs_no_more(bench: Bench, anyone: Actor) -> None:
    """A refusal to sign ends the process, so that somebody looks; it is never tried over and over."""
    (bench.folder / "published-checkpoint").write_text("nonsense")
    write(bench, anyone, "A")
    with pytest.raises(rules.PublishedAltered):
        service.run_sequencer(bench.sequencer, stop=threading.Event(), pause_s=0.01)


def test_an_export_verifies_and_a_second_one_adds_only_what_is_new(bench: Bench, anyone: Actor, tmp_path: Path) -> None:
    """The log as files is the log: an outsider's verifier accepts each export, and full tiles stay as they were."""
    vkey = str(bench.key.verifier())
    folder = tmp_path / "out"
    with bench.reading() as session, pytest.raises(rules.NotSealed):
        export(session, folder, vkey=vkey)
    for size in (3, 300):
        write(bench, anyone, *(f"K{size}-{number}" for number in range(size - count_entries(bench))))
        bench.sequencer.run_once()
        with bench.reading() as session:
            assert export(session, folder, vkey=vkey) == size
        trusted = policy.Policy.of_log_key(vkey)
        report = verify_log(open_source(str(folder)), now_s=0, trusted=trusted)
        assert report.is_good, report.findings


def test_an_export_writes_no_empty_tile(bench: Bench, anyone: Actor, tmp_path: Path) -> None:
    """What the checkpoint covers and the database lost is said, not exported as nothing."""
    write(bench, anyone, "A")
    bench.sequencer.run_once()
    by_hand(bench, "DELETE FROM log_tiles")
    with bench.reading() as session, pytest.raises(rules.LogIncomplete):
        export(session, tmp_path / "out", vkey=str(bench.key.verifier()))
