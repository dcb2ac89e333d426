"""One life per session and backend, and a copy of it for every test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benches import copy_database
from tests.builders import lived as builders


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
