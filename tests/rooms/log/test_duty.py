"""Who sequences: one place, known to everybody who asks; and the alarm when entries wait for longer than they may."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from aid_ledger.core.act import Actor
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log import queries, rules, service, watch
from aid_ledger.log.duty import Duty, holder_of
from aid_ledger.log.sequencer import Sequencer
from tests.benches import Bench
from tests.rooms.log.test_sequencer_killed import address_of
from tests.rooms.log.writing import ordered_entries, write

PATIENCE_S = 20


on_the_server = pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
"""The embedded database has no place of a sequencer: whoever acts orders."""


@pytest.fixture
def elsewhere(bench: Bench) -> Iterator[Engine]:
    """Give an engine as another process has it."""
    engine = make_engine(address_of(bench))
    yield engine
    engine.dispose()


def until(bench: Bench, size: int) -> None:
    """Wait until so many entries are ordered."""
    deadline = time.monotonic() + PATIENCE_S
    while len(ordered_entries(bench)) < size:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def sequencing(bench: Bench) -> Iterator[None]:
    """Run the loop beside the test, and end it whatever happens."""
    stop = threading.Event()
    loop = threading.Thread(
        target=service.run_sequencer, args=(bench.sequencer,), kwargs={"stop": stop, "pause_s": 0.02}, daemon=True
    )
    loop.start()
    try:
        yield
    finally:
        stop.set()
        loop.join(PATIENCE_S)


def sequencing_process(bench: Bench) -> int:
    """Start a sequencer in a process of its own and give its process id."""
    bench.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            made = Sequencer(make_engine(address_of(bench)), bench.key, bench.folder / "published-checkpoint")
            service.run_sequencer(made, stop=threading.Event(), pause_s=0.02)
        finally:
            os._exit(1)
    return child


@on_the_server
def test_a_second_sequencer_waits_says_so_and_takes_over(bench: Bench, anyone: Actor) -> None:
    """F4: of two processes one orders; the other names it once and goes on when it was killed, losing nothing."""
    first = sequencing_process(bench)
    write(bench, anyone, "A")
    until(bench, 1)
    with capture_logs() as said, sequencing(bench):
        write(bench, anyone, "B")
        until(bench, 2)
        time.sleep(0.5)
        assert [each["event"] for each in said] == ["sequencer_waits_for_another"]
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        write(bench, anyone, "C")
        until(bench, 3)


@on_the_server
def test_the_place_has_one_holder_and_is_free_again(bench: Bench, elsewhere: Engine) -> None:
    """F4: whoever asks learns who sequences and since when; who left or lost the database holds nothing."""
    one, other = Duty(bench.engine), Duty(elsewhere)
    assert (one.take(), one.take()) == (None, None)
    holder = other.take()
    assert holder is not None
    assert holder.since is not None
    assert holder.words() == f"pid {holder.pid}@{holder.address or 'server'}"
    with bench.reading() as session:
        seen = holder_of(session)
    assert seen is not None
    assert seen.pid == holder.pid
    one.leave()
    assert other.take() is None
    other.leave()
    with bench.reading() as session:
        assert holder_of(session) is None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
def test_the_embedded_database_has_no_place(bench: Bench) -> None:
    """DESIGN 5: there every process that acts orders its own entries under the write lock, and nobody waits."""
    assert (Duty(bench.engine).take(), Duty(bench.engine).take()) == (None, None)
    with bench.reading() as session:
        assert holder_of(session) is None


@on_the_server
def test_a_lost_connection_loses_the_place_and_takes_it_again(bench: Bench, anyone: Actor, elsewhere: Engine) -> None:
    """P7: a server that throws the sequencer out gets it back, and the loop goes on."""
    with capture_logs() as said, sequencing(bench):
        write(bench, anyone, "A")
        until(bench, 1)
        with reading(elsewhere) as session:
            holder = holder_of(session)
            assert holder is not None
            session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": holder.pid})
        write(bench, anyone, "B")
        until(bench, 2)
        with reading(elsewhere) as session:
            assert holder_of(session) is not None
    assert "sequencer_waits_for_database" in {each["event"] for each in said}


def test_waiting_over_the_merge_delay_is_said_once_and_its_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """U4: one line when entries begin to wait too long, however long it lasts, and one when they no longer do."""
    now_s = [100.0]
    monkeypatch.setattr("aid_ledger.core.clock.monotonic", lambda: now_s[0])
    delay = service.Delay()
    with capture_logs() as said:
        for seconds, is_sealed in ((0.5, False), (0.4, False), (0.3, False), (9.0, False), (0.1, True), (0.2, True)):
            now_s[0] += seconds
            if is_sealed:
                delay.sealed(now_s[0] - 0.05)
            delay.look()
    assert [(each["event"], each["log_level"]) for each in said] == [
        ("merge_delay_exceeded", "warning"),
        ("merge_delay_kept_again", "warning"),
    ]
    assert said[0]["waited_s"] == pytest.approx(1.2)


def test_a_steady_load_is_no_lateness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something newer always waits; what matters is how long ago everything older was sealed."""
    now_s = [100.0]
    monkeypatch.setattr("aid_ledger.core.clock.monotonic", lambda: now_s[0])
    delay = service.Delay()
    with capture_logs() as said:
        for _ in range(20):
            began_s = now_s[0]
            now_s[0] += 0.3
            delay.sealed(began_s)
            delay.look()
    assert said == []


def seen(bench: Bench, meanwhile: object = None) -> watch.Watch:
    """Look at the sequencing; instead of waiting between two looks, do something."""
    doing = meanwhile if callable(meanwhile) else lambda: None
    return watch.look(bench.engine, bench.folder / "published-checkpoint", pause=lambda _s: doing())


def without_nobody(found: watch.Watch) -> tuple[str, ...]:
    """Leave out the alarm that no process sequences: on PostgreSQL none does in these tests."""
    return tuple(alarm for alarm in found.alarms if alarm != watch.NOBODY)


def test_what_waits_between_two_looks_is_late(bench: Bench, anyone: Actor) -> None:
    """U4: an entry that is still unsealed a merge delay later is an alarm; one that was sealed meanwhile is none."""
    write(bench, anyone, "A", "B")
    assert without_nobody(seen(bench)) == (watch.LATE,)
    found = seen(bench, bench.sequencer.run_once)
    assert without_nobody(found) == ()
    assert (found.status.sealed, found.published, found.status.waiting) == (2, 0, 0)
    assert (without_nobody(seen(bench)), seen(bench).published) == ((), 2)


@on_the_server
def test_nobody_who_sequences_is_an_alarm(bench: Bench, elsewhere: Engine) -> None:
    """P7: a sequencer that is not running is noticed before anybody waits for it."""
    assert seen(bench).alarms == (watch.NOBODY,)
    duty = Duty(elsewhere)
    duty.take()
    assert seen(bench).alarms == ()
    duty.leave()


@pytest.mark.parametrize("content", ["nonsense", "ahead", "other"])
def test_a_database_behind_what_was_published_is_an_alarm(bench: Bench, anyone: Actor, content: str) -> None:
    """T1: whoever watches sees a restored database, without holding any key."""
    published = bench.folder / "published-checkpoint"
    write(bench, anyone, "A")
    bench.sequencer.run_once()
    _replace(published, content)
    found = seen(bench)
    assert without_nobody(found) == (watch.BEHIND,)
    assert found.published == {"nonsense": -1, "ahead": 7, "other": 1}[content]


def _replace(published: Path, content: str) -> None:
    words = published.read_text()
    origin, size, root, *rest = words.split("\n")
    match content:
        case "ahead":
            size = "7"
        case "other":
            root = ("B" if root[0] == "A" else "A") + root[1:]
        case _:
            published.write_text(content)
            return
    published.write_text("\n".join([origin, size, root, *rest]))


def test_an_old_unsealed_entry_looks_late_to_a_page(bench: Bench, anyone: Actor) -> None:
    """U4: a page cannot look twice; it says so when the oldest is older than any deed takes."""
    write(bench, anyone, "A")
    with bench.reading() as session:
        fares = queries.status(session)
    assert fares.oldest_waiting_at is not None
    assert not fares.is_late(fares.oldest_waiting_at + rules.LATE)
    assert fares.is_late(fares.oldest_waiting_at + 2 * rules.LATE)
