"""The test session's PostgreSQL: it must be there, be shared, and be gone afterwards. Laws of code are elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres

ROOT = Path(__file__).parents[2]
ASK = "import sys; from pathlib import Path; from tests import postgres; print(postgres.provision(Path(sys.argv[1])))"
GONE_WITHIN_S = 20


def plain(url: str) -> str:
    """Take the driver's name out of a SQLAlchemy URL, for libpq."""
    return url.replace("+psycopg", "")


def test_a_machine_without_any_postgresql_is_an_error() -> None:
    """The law that PostgreSQL is never skipped."""
    with pytest.raises(RuntimeError, match="no PostgreSQL"):
        postgres.preferred([])


def test_the_locks_bring_their_own_postgresql() -> None:
    """The law that a machine without Debian's server still runs every test."""
    assert postgres.installations()[-1].name == "pginstall"


def test_a_named_server_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law of the order: TEST_DATABASE_URL first, whatever way its scheme is spelt."""
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://someone:word@127.0.0.1:1/tests")
    assert postgres.provision() == "postgresql+psycopg://someone:word@127.0.0.1:1/tests"


@pytest.mark.parametrize("installation", postgres.installations(), ids=str)
def test_every_installation_serves_and_leaves_nothing(installation: Path) -> None:
    """The law that a session ends clean: its server answers while it lives and is gone when it has ended."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-c", ASK, str(installation)]
    said = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(plain(said.stdout.strip()), connect_timeout=2)


def test_a_killed_session_leaves_no_server() -> None:
    """The cheat of a crash: SIGKILL gives pytest no last word, and the server must go all the same."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-c", f"{ASK}; import time; time.sleep(60)", str(postgres.installations()[0])]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        address = plain(session.stdout.readline().strip())
        psycopg.connect(address, connect_timeout=2).close()
        session.kill()
    deadline = time.monotonic() + GONE_WITHIN_S
    while time.monotonic() < deadline:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.1)
    pytest.fail("the server outlived its session")


def test_a_database_is_a_copy_of_its_template_and_fresh_each_time() -> None:
    """The law of isolation between tests: a clone holds its template's rows and none of an earlier clone's."""
    template, clone = f"template_{os.getpid()}", f"clone_{os.getpid()}"
    with psycopg.connect(plain(postgres.create_database(template))) as connection:
        connection.execute("CREATE TABLE packets (id int)")
        connection.execute("INSERT INTO packets VALUES (1)")
    try:
        for _ in range(2):
            with psycopg.connect(plain(postgres.create_database(clone, template))) as connection:
                assert connection.execute("SELECT id FROM packets").fetchall() == [(1,)]
                connection.execute("INSERT INTO packets VALUES (2)")
    finally:
        postgres.drop_database(clone)
        postgres.drop_database(template)
