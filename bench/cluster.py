"""A PostgreSQL server of the benches' own: like the tests' server, but one that waits for the disk as in production.

Where the binaries are found, who runs them, and how the server ends with the process that asked for it is the business
of tests/postgres.py. Here are only the settings that a measurement needs, and databases made and copied on it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from aid_ledger.core import migrating
from aid_ledger.core.db import make_engine
from tests import postgres

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 60
STOP_LIMIT_S = 60
PAUSE_S = 0.05
OPTIONS = (
    f"listen_addresses={postgres.HOST}",
    "unix_socket_directories=",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=1GB",
    "max_wal_size=8GB",  # A checkpoint falls between two measurements, where it is asked for, not into one of them.
    "autovacuum=off",  # The same: every measurement begins with VACUUM ANALYZE and a checkpoint.
    "jit=off",
)


@dataclass(frozen=True)
class Cluster:
    """A server to make databases on. `url` is SQLAlchemy's, of the superuser's database."""

    url: str

    def database(self, name: str, template: str = "template0") -> str:
        """Create a database anew, as a copy of `template`, and return its SQLAlchemy URL."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            connection.execute(create)
        return self.address(name)

    def address(self, name: str) -> str:
        """Give the SQLAlchemy URL of a database."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def migrated(self, name: str) -> str:
        """Create a database at our newest migration and return its URL."""
        url = self.database(name)
        engine = make_engine(url)
        migrating.upgrade(engine)
        engine.dispose()
        return url

    def settle(self, name: str) -> None:
        """Leave nothing for later that would fall into a measurement: dead rows, old statistics, unwritten pages."""
        with self.connect(name) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def version(self) -> str:
        """Tell the server's version."""
        with self.connect() as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""

    @contextmanager
    def connect(self, name: str | None = None) -> Iterator[psycopg.Connection]:
        """Open a connection outside any transaction."""
        with psycopg.connect(plain(self.url, name), autocommit=True) as connection:
            yield connection


def plain(url: str, database: str | None = None) -> str:
    """Write a SQLAlchemy URL as libpq reads it, of another database if one is named."""
    parsed = make_url(url).set(drivername="postgresql")
    return (parsed.set(database=database) if database else parsed).render_as_string(hide_password=False)


@contextmanager
def running() -> Iterator[Cluster]:
    """Run a server for the block; its keeper removes it even if this process is killed."""
    folder = Path(tempfile.mkdtemp(prefix="aid-ledger-bench-"))
    folder.chmod(0o711)
    installation = postgres.preferred(postgres.installations())
    log = folder / "keeper.log"
    command = (sys.executable, "-m", "bench.cluster", str(folder), str(installation), str(os.getpid()))
    with log.open("w") as output:
        keeper = subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT, start_new_session=True)
    try:
        yield Cluster(_url(folder, keeper, log))
    finally:
        with suppress(ProcessLookupError):
            keeper.send_signal(signal.SIGTERM)
        keeper.wait(STOP_LIMIT_S)
        shutil.rmtree(folder, ignore_errors=True)


def _url(folder: Path, keeper: subprocess.Popen[bytes], log: Path) -> str:
    """Wait for the keeper's word that the server answers."""
    deadline = time.monotonic() + START_LIMIT_S
    while not (folder / "url").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")
        time.sleep(PAUSE_S)
    return (folder / "url").read_text()


if __name__ == "__main__":
    postgres.keep(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), OPTIONS)
