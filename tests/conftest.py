"""The test floor: every test that touches rows runs on SQLite and on PostgreSQL, on a fresh copy of a migrated database.

Acts really commit and the sequencer really signs; only the clock is frozen where a test asks for it.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from aid_ledger.core import migrating
from aid_ledger.core.act import Act, Actor, Acts, Kit
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log.pen import LogPen
from aid_ledger.log.sequencer import Sequencer
from audit.note import SigningKey
from tests import postgres

ORIGIN = "uji.example/aid-ledger"
BACKENDS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Bench:
    """A database with its pen, ready for Acts."""

    engine: Engine
    acts: Acts
    sequencer: Sequencer
    key: SigningKey
    kit: Kit
    folder: Path

    def act(self, actor: Actor):  # noqa: ANN201 - the context manager of Acts
        """Open an Act."""
        return self.acts.open(actor)

    def reading(self):  # noqa: ANN201 - the context manager of core.db
        """Open a read-only session."""
        return reading(self.engine)


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


def copy_database(backend: str, template: str, folder: Path):  # noqa: ANN201 - a URL and a callable
    """Copy a database: a file on SQLite, CREATE DATABASE … TEMPLATE on PostgreSQL; also gives what removes the copy."""
    if backend == "sqlite":
        target = folder / "copy.sqlite"
        shutil.copy(template.removeprefix("sqlite:///"), target)
        return f"sqlite:///{target}", lambda: None
    name = f"copy_{uuid.uuid4().hex[:12]}"
    url = postgres.create_database(name, template=template.rpartition("/")[2].partition("?")[0])
    return url, lambda: postgres.drop_database(name)


def make_bench(url: str, folder: Path, *, key: SigningKey | None = None, keys: FieldKeys | None = None) -> Bench:
    """Build engine, pen, sequencer and Acts on a database."""
    engine = make_engine(url)
    signing = key or SigningKey.generate(ORIGIN)
    sequencer = Sequencer(engine, signing, folder / "published-checkpoint")
    kit = Kit(keys or FieldKeys.fresh(), folder / "files")
    return Bench(engine, Acts(engine, LogPen(sequencer), kit), sequencer, signing, kit, folder)


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Iterator[Bench]:
    """Give a migrated database without an agency in it, with everything needed to act."""
    made = make_bench(database_url, tmp_path)
    yield made
    made.engine.dispose()


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
