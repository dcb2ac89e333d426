"""The workshop itself: locks that name no host, tests that reach no network, one door that refuses unknown words."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements", "requirements-dev", "requirements-bench", "requirements-build", "requirements-oracles")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


def lock(name: str) -> str:
    """Read one lock."""
    return (ROOT / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host(name: str) -> None:
    """The law that where packages come from is the installer's choice, never the lock's."""
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", lock(name))


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_carries_hashes(name: str) -> None:
    """The cheat of a package swapped on its way here."""
    blocks = re.split(r"\n(?=\S)", lock(name).strip())
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("name", ["requirements-dev", "requirements-bench"])
def test_what_is_judged_is_what_runs(name: str) -> None:
    """The cheat of testing other versions than those an agency installs."""
    larger = set(PIN.findall(lock(name)))
    assert set(PIN.findall(lock("requirements"))) <= larger


def test_a_test_cannot_call_the_network() -> None:
    """The law that a test proves the same on a train; 192.0.2.1 is nobody (RFC 5737)."""
    with pytest.raises(UserWarning, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_a_test_may_call_this_machine() -> None:
    """The exception: our own servers, at 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_an_unknown_word_is_refused_and_the_known_ones_listed() -> None:
    """The law that a wrong command says what to do instead, and touches nothing."""
    verdict = subprocess.run(("./run", "tset"), cwd=ROOT, check=False, capture_output=True, text=True)
    assert verdict.returncode == 2
    for word in ("demo", "serve", "test", "check", "bench", "soak", "mutants"):
        assert f"./run {word}" in verdict.stderr
