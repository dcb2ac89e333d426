"""The test floor: every test that touches rows runs on SQLite and on PostgreSQL, on a fresh copy of a database.

Acts really commit and the sequencer really signs; only the clock is frozen where a test asks for it.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session

from aid_ledger.core import migrating
from aid_ledger.core.act import Act, Actor
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import make_engine, reading
from aid_ledger.officials import passwords
from audit.note import SigningKey
from tests import postgres
from tests.benches import BACKENDS, Bench, copy_database, make_bench
from tests.builders import officials as builders
from tests.builders.memory import Memory, count_rows
from tests.builders.web import running_app

# Laws are about what is true, not how soon: a busy machine must not turn a slow example into a broken law.
hypothesis_settings.register_profile("laws", deadline=None)
hypothesis_settings.load_profile("laws")

MEMORY = Path("/dev/shm")  # noqa: S108  # it is looked at, and pytest makes its folders in it as it does elsewhere
MEMORY_NEEDED_BYTES = 2 * 2**30
"""A whole run takes some 600 MB: PostgreSQL with its copies and its log, and what is in the folders of tests."""


def pytest_configure() -> None:
    """Keep databases in memory, where there is room: copies by the thousand and their commits wait for no disk.

    Whoever names a TMPDIR has chosen; the workers of a session find the choice of the process that began them.
    """
    if "TMPDIR" in os.environ or not MEMORY.is_dir():
        return
    found = os.statvfs(MEMORY)
    is_open = os.access(MEMORY, os.W_OK | os.X_OK) and not found.f_flag & os.ST_NOEXEC
    if is_open and found.f_bavail * found.f_frsize >= MEMORY_NEEDED_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Hash passwords at the lowest cost: what a hash costs is no test's subject."""
    passwords.set_cost(passwords.CHEAPEST)


@pytest.fixture(scope="session", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Name the database a test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def migrated(backend: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of a database at the newest migration, which tests only copy."""
    if backend == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'template.sqlite'}"
    else:
        postgres.provision()
        url = postgres.create_database(f"template_{os.getpid()}_{uuid.uuid4().hex[:6]}")
    engine = make_engine(url)
    migrating.upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def database_url(backend: str, migrated: str, tmp_path: Path) -> Iterator[str]:
    """Give a fresh copy of the migrated database."""
    url, remove = copy_database(backend, migrated, tmp_path)
    yield url
    remove()


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Iterator[Bench]:
    """Give a migrated database without an agency in it, with everything needed to act."""
    made = make_bench(database_url, tmp_path)
    yield made
    made.engine.dispose()


@dataclass(frozen=True)
class FoundedTemplate:
    """A database with an agency and its people, which tests only copy, and the keys that belong to it."""

    url: str
    key: SigningKey
    keys: FieldKeys
    people: dict[str, builders.Person]
    memory: Memory


@pytest.fixture(scope="session")
def founded_template(backend: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> FoundedTemplate:
    """Found an agency once per session and backend."""
    folder = tmp_path_factory.mktemp("founded")
    url, _remove = copy_database(backend, migrated, folder)
    made = make_bench(url, folder)
    agency = builders.found(made)
    memory = Memory(tmp_path_factory.mktemp("stages"), count_rows(agency))
    made.engine.dispose()
    return FoundedTemplate(url, made.key, made.kit.keys, agency.people, memory)


@pytest.fixture
def founded(backend: str, founded_template: FoundedTemplate, tmp_path: Path) -> Iterator[builders.Founded]:
    """Give a founded agency on a database of its own, with `actor`, `code` and `act` by login."""
    url, remove = copy_database(backend, founded_template.url, tmp_path)
    made = make_bench(url, tmp_path, key=founded_template.key, keys=founded_template.keys)
    people = {login: replace(person) for login, person in founded_template.people.items()}
    yield builders.Founded(made, people, founded_template.memory)
    made.engine.dispose()
    remove()


@pytest.fixture
def web_app(founded: builders.Founded) -> Iterator[Flask]:
    """Give the web application on a founded agency; `tests/builders/web.py` has its browsers."""
    with running_app(founded) as app:
        yield app


@pytest.fixture
def anyone() -> Actor:
    """Give an actor for tests of the floor, where no official exists yet."""
    return Actor(type="official", id="uji.petugas", door="cli")


@pytest.fixture
def act(bench: Bench, anyone: Actor) -> Iterator[Act]:
    """Open one Act for a test that needs just one."""
    with bench.acts.open(anyone) as opened:
        yield opened


@pytest.fixture
def session(bench: Bench) -> Iterator[Session]:
    """Open a read-only session."""
    with reading(bench.engine) as opened:
        yield opened
