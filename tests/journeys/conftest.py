"""One life per session and backend, and a copy of it, or of its log alone, for every test that asks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aid_ledger.core import keyfiles
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log.export import export
from audit import note
from tests.benches import copy_database
from tests.builders import lived as builders
from tests.journeys.attacking import WITNESSES, Stolen


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
