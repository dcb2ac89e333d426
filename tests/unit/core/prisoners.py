"""Tasks that misbehave, for the prison to hold; each is what a parser turned by a hostile file might do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.core.prison import REFUSED_STATUS, Arguments


class Foretold(DomainError):
    """A refusal the caller expects."""

    kind = Kind.INVALID
    code = "prisoner.foretold"


class Unforetold(DomainError):
    """A refusal the caller did not name."""

    kind = Kind.INVALID
    code = "prisoner.unforetold"


def copy(source: Path, results: Path, arguments: Arguments) -> None:
    """Behave: copy the file as often as told."""
    (results / "copy").write_bytes(source.read_bytes() * int(arguments["times"]))


def refuse(source: Path, _results: Path, _arguments: Arguments) -> None:
    """Refuse as agreed, with a fact."""
    raise Foretold("not this one", size=source.stat().st_size)


def refuse_strangely(_source: Path, _results: Path, _arguments: Arguments) -> None:
    """Refuse with a code nobody expects."""
    raise Unforetold("surprise")


def leave_in_silence(_source: Path, _results: Path, _arguments: Arguments) -> None:
    """End as a refusal does, but say nothing."""
    sys.exit(REFUSED_STATUS)


def crash(_source: Path, _results: Path, _arguments: Arguments) -> None:
    """Die as a parser with a memory fault does."""
    os.abort()


def hoard(_source: Path, results: Path, _arguments: Arguments) -> None:
    """Ask for far more memory than allowed."""
    (results / "hoard").write_bytes(bytes(8 * 2**30)[:1])


def spin(_source: Path, _results: Path, _arguments: Arguments) -> None:
    """Use the processor for ever."""
    while True:
        pass


def sleep(_source: Path, _results: Path, _arguments: Arguments) -> None:
    """Wait for ever without using the processor."""
    time.sleep(600)


def flood(_source: Path, results: Path, _arguments: Arguments) -> None:
    """Write one file larger than allowed."""
    with (results / "flood").open("wb") as stream:
        for _ in range(64):
            stream.write(bytes(2**20))


def drip(_source: Path, results: Path, _arguments: Arguments) -> None:
    """Write many files, each small enough, together too large."""
    for number in range(8):
        (results / f"drop-{number}").write_bytes(bytes(700_000))


def link(_source: Path, results: Path, _arguments: Arguments) -> None:
    """Leave a link where a result is expected."""
    (results / "copy").symlink_to("/etc/passwd")


def call_home(_source: Path, results: Path, arguments: Arguments) -> None:
    """Try to reach a listener on this very machine."""
    with socket.create_connection(("127.0.0.1", int(arguments["port"])), timeout=5) as connection:
        (results / "reply").write_bytes(connection.recv(16))


def run_a_program(_source: Path, results: Path, _arguments: Arguments) -> None:
    """Start another program."""
    (results / "ran").write_bytes(subprocess.check_output([sys.executable, "-c", "print(1)"]))


def tell_environment(_source: Path, results: Path, _arguments: Arguments) -> None:
    """Write down the environment it was given."""
    (results / "environment").write_text("\n".join(sorted(os.environ)), encoding="utf-8")
