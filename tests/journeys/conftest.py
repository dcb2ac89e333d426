"""One life per session and backend, and a copy of it, or of its log alone, for every test that asks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aid_ledger.core import keyfiles
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log.export import export
from audit import note
from tests.benches import copy_database
from tests.builders import lived as builders
from tests.builders.officials import Founded
from tests.journeys.attacking import WITNESSES, Stolen
from tests.journeys.restoring import Backup


@pytest.fixture(scope="session")
def life(backend: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> builders.Life:
    """Let an agency live once."""
    folder = tmp_path_factory.mktemp("lived")
    url, _remove = copy_database(backend, migrated, folder)
    return builders.live(url, folder)


@pytest.fixture
def lived(backend: str, life: builders.Life, tmp_path: Path) -> Iterator[builders.Lived]:
    """Give a copy of that life."""
    url, remove = copy_database(backend, life.url, tmp_path)
    opened = builders.copy_of(life, url, tmp_path)
    yield opened
    opened.office.engine.dispose()
    remove()


@pytest.fixture(scope="session")
def exported(life: builders.Life, tmp_path_factory: pytest.TempPathFactory) -> Stolen:
    """Export a lived log once, cosigned by all its witnesses."""
    settings = builders.settings_in(life.var.parent, life.url)
    key = note.parse_skey(keyfiles.read_private(settings.log_key_file).decode().strip())
    honest = Stolen(tmp_path_factory.mktemp("exported") / "log", key, int(time.time()))
    engine = make_engine(life.url)
    with reading(engine) as session:
        export(session, honest.folder, vkey=str(key.verifier()))
    engine.dispose()
    stated = honest.stated
    honest.sign(stated.size, stated.root, *WITNESSES)
    return honest


@pytest.fixture
def stolen(exported: Stolen, tmp_path: Path) -> Stolen:
    """Give a copy to attack."""
    folder = tmp_path / "log"
    shutil.copytree(exported.folder, folder)
    return Stolen(folder, exported.key, exported.now_s)


@pytest.fixture
def back_up(founded: Founded, backend: str, tmp_path: Path) -> Iterator[Callable[[], Backup]]:
    """Give what makes a backup of the agency as it is now."""
    removals: list[Callable[[], None]] = []

    def now() -> Backup:
        folder = tmp_path / f"cadangan{len(removals)}"
        folder.mkdir()
        engine = founded.bench.engine
        engine.dispose()
        address = engine.url.render_as_string(hide_password=False)
        is_file = backend == "sqlite"
        template = f"sqlite:///{str(engine.url.database).removeprefix('file:')}" if is_file else address
        if is_file:
            with engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
            engine.dispose()
        url, remove = copy_database(backend, template, folder)
        removals.append(remove)
        return Backup(url, founded)

    yield now
    for remove in removals:
        remove()
