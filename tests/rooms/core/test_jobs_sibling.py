"""The worker beside a server on one machine: restarted when it dies, gone when the server goes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aid_ledger.core.db import make_engine
from aid_ledger.core.jobs import sibling
from aid_ledger.core.jobs.engine import migrate
from aid_ledger.core.migrating import upgrade

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30


def until(what: Callable[[], bool]) -> None:
    """Wait for something."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_worker_that_dies_is_restarted_and_then_given_up(tmp_path: Path) -> None:
    """P7: one crash is repaired without a human; a crash loop is reported instead of hidden."""
    born = tmp_path / "born"
    beside = sibling.Sibling(["/bin/sh", "-c", f"echo x >> {born}"])

    def tend() -> bool:
        beside.tend()
        return False

    with pytest.raises(sibling.WorkerKeepsDying):
        until(tend)
    assert len(born.read_text().splitlines()) == sibling.RESTART_LIMIT + 1


def test_a_worker_that_lives_is_left_alone_and_stopped_with_the_server(tmp_path: Path) -> None:
    """A tended worker is not doubled; a stubborn one is killed in the end."""
    beside = sibling.Sibling(["/bin/sh", "-c", f"echo x >> {tmp_path / 'born'}; exec sleep 60"])
    beside.stop()
    for _ in range(3):
        beside.tend()
    until((tmp_path / "born").exists)
    beside.stop()
    assert (tmp_path / "born").read_text() == "x\n"


def test_a_stubborn_worker_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping a demo always ends."""
    monkeypatch.setattr(sibling, "STOP_LIMIT_S", 0.2)
    beside = sibling.Sibling(["/bin/sh", "-c", f"trap '' TERM; echo x > {tmp_path / 'born'}; sleep 5 & wait; wait"])
    beside.tend()
    until((tmp_path / "born").exists)
    beside.stop()


def test_a_worker_does_not_outlive_the_server_it_belongs_to(tmp_path: Path) -> None:
    """P7: a demo killed without a word leaves no worker behind that holds the embedded file."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    migrate(url)
    # The named parent is not its parent, as if that had died and left it to init.
    command = [sys.executable, "-m", "tests.rooms.core.jobs_worker", url, "3000", str(os.getppid())]
    orphan = subprocess.run(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=PATIENCE_S, check=True)
    assert "job_worker_orphaned" in orphan.stderr
    assert "job_worker_left" in orphan.stderr
