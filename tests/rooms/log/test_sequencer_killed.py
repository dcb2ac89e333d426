"""A sequencer killed at any instant: between order, signature and publication, and inside each of them (P7)."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from itertools import count

from sqlalchemy import Engine, event

from aid_ledger.core.act import Actor
from aid_ledger.core.db import make_engine
from aid_ledger.log.sequencer import Sequencer
from audit import checkpoint, note
from audit.merkle import leaf_hash, root
from tests.benches import Bench
from tests.rooms.log.writing import count_entries, ordered_entries, write

LIMIT = 200
"""More steps than a pass has; a pass that never ends is a failure of its own."""

STAGES = ("INSERT INTO log_positions", "INSERT INTO log_tiles", "INSERT INTO log_checkpoints", "commit")

GONE_S = 5
"""How long PostgreSQL may take to notice that a killed client is gone, and to let go of its lock."""


def test_a_kill_at_any_step_is_repaired_by_the_next_pass(bench: Bench, anyone: Actor) -> None:
    """Whatever a killed pass left behind, the next one completes: every entry once, one signed and published tree."""
    for step in range(1, LIMIT):
        write(bench, anyone, f"K{step}")
        was_killed = pass_killed_at(bench, step)
        repair(bench, step)
        hashes = [leaf_hash(bytes(entry.raw)) for entry in ordered_entries(bench)]
        outside = published(bench)
        assert (outside.size, outside.root) == (step, root(hashes))
        assert count_entries(bench) == step
        if not was_killed:
            break
    assert not was_killed
    assert step > len(STAGES)


def test_the_steps_that_kill_are_those_that_matter(bench: Bench, anyone: Actor) -> None:
    """The test above would prove nothing if its child died of something else: its steps are named here."""
    write(bench, anyone, "A")
    seen: list[str] = []
    watch(bench.engine, seen.append)
    bench.sequencer.run_once()
    assert all(any(step.startswith(stage) for step in seen) for stage in STAGES)


def repair(bench: Bench, size: int) -> None:
    """Make the next pass, once the database has noticed that the last sequencer is dead."""
    deadline = time.monotonic() + GONE_S
    while bench.sequencer.run_once().size != size:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def pass_killed_at(bench: Bench, wanted: int) -> bool:
    """Make one pass in a process of its own that is killed before its step `wanted`; False if it had fewer steps."""
    bench.engine.dispose()
    child = os.fork()
    if child == 0:
        run_and_die(bench, wanted)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def run_and_die(bench: Bench, wanted: int) -> None:
    """Do what the child does; never returns, whatever happens."""
    status = 1
    try:
        steps = count(1)

        def step(_name: str) -> None:
            if next(steps) == wanted:
                os.kill(os.getpid(), signal.SIGKILL)

        engine = make_engine(address_of(bench))
        watch(engine, step)
        sys.addaudithook(lambda name, _arguments: step(name) if name == "os.rename" else None)
        Sequencer(engine, bench.key, bench.folder / "published-checkpoint").run_once()
        status = 0
    finally:
        os._exit(status)


def watch(engine: Engine, step: Callable[[str], None]) -> None:
    """Call `step` before every statement and every commit."""
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_rest: step(statement))
    event.listen(engine, "commit", lambda _connection: step("commit"))


def address_of(bench: Bench) -> str:
    """Give the URL of a bench's database."""
    if bench.engine.dialect.name == "postgresql":
        return bench.engine.url.render_as_string(hide_password=False)
    return f"sqlite:///{str(bench.engine.url.database).removeprefix('file:')}"


def published(bench: Bench) -> checkpoint.Checkpoint:
    """Read the checkpoint outside the database, checked against the log's key."""
    seen = note.parse((bench.folder / "published-checkpoint").read_bytes())
    note.verify(seen, [bench.key.verifier()])
    return checkpoint.parse(seen.text)
