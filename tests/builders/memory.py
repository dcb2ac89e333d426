"""Databases brought to a stage once: the next test that asks for the same stage gets a copy instead of living it again.

A batch on its way to its channel is some forty Acts of six officials, and hundreds of tests begin there. What a builder
did to a founded agency on which nothing else had happened yet is kept, once per session and database, and replaces the
database of whoever asks for the very same. Where a test sets the clock, or something has happened, it is lived.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text

from aid_ledger.core import clock
from aid_ledger.tables import METADATA
from tests import postgres

if TYPE_CHECKING:
    from tests.builders.officials import Founded

Given = TypeVar("Given")

SQLITE = "copy.sqlite"
"""The embedded database's file in the folder of a bench."""

BESIDE = ("published-checkpoint", "files")
"""What lies beside a database and belongs to it."""


@dataclass(frozen=True)
class _Kept:
    """A stage: its database, what its builder gave, and the step of the last code of each official."""

    folder: Path
    name: str
    given: Any
    steps: dict[str, int]


@dataclass
class Memory:
    """The stages of one session on one kind of database, each lived once on a founded agency."""

    folder: Path
    rows: int
    """How many rows an agency has on which nothing has happened since it was founded."""
    _kept: dict[tuple[object, ...], _Kept] = field(default_factory=dict)

    def once(self, here: Founded, stage: tuple[object, ...], live: Callable[[], Given]) -> Given:
        """Bring an agency to a stage, as a copy of the first that came there, or by living it."""
        if not _is_todays_clock() or count_rows(here) != self.rows or not _is_alone(here):
            return live()
        if stage in self._kept:
            kept = self._kept[stage]
            _become(here, kept)
            return kept.given  # type: ignore[no-any-return] # the stage names what its builder gives
        given = live()
        number = len(self._kept)
        kept = _Kept(self.folder / str(number), f"stage_{os.getpid()}_{self.folder.name}_{number}", given, _steps(here))
        if _is_alone(here):
            _keep(here, kept)
            self._kept[stage] = kept
        return given


_ROWS = text("SELECT " + " + ".join(f"(SELECT count(*) FROM {name})" for name in sorted(METADATA.tables)))


def count_rows(here: Founded) -> int:
    """Count what an agency has, in every table there is: what is in no log would be forgotten as well."""
    with here.bench.reading() as session:
        return session.scalar(_ROWS) or 0


def _is_todays_clock() -> bool:
    return abs(clock.now().timestamp() - time.time()) < 1


def _steps(here: Founded) -> dict[str, int]:
    return {login: person.last_step for login, person in here.people.items()}


def _is_alone(here: Founded) -> bool:
    """Say whether nobody else is connected: PostgreSQL copies no database in use, and would throw others out."""
    here.let_go()
    return here.bench.engine.dialect.name == "sqlite" or not postgres.count_connections(_name(here))


def _keep(here: Founded, kept: _Kept) -> None:
    """Copy a database and what lies beside it."""
    kept.folder.mkdir(parents=True)
    if here.bench.engine.dialect.name == "sqlite":
        _copy(here.bench.folder / SQLITE, kept.folder / SQLITE)
    else:
        postgres.create_database(kept.name, template=_name(here))
    _carry(here.bench.folder, kept.folder)


def _become(here: Founded, kept: _Kept) -> None:
    """Put a copy in the place of an agency's database, and let its officials know which codes they have used."""
    if here.bench.engine.dialect.name == "sqlite":
        _copy(kept.folder / SQLITE, here.bench.folder / SQLITE)
    else:
        postgres.create_database(_name(here), template=kept.name)
    _carry(kept.folder, here.bench.folder)
    for login, step in kept.steps.items():
        here.people[login].last_step = max(step, here.people[login].last_step)


def _name(here: Founded) -> str:
    return str(here.bench.engine.url.database)


def _copy(source: Path, target: Path) -> None:
    """Copy by SQLite's own means, which minds the log beside the file and whoever has it open."""
    with closing(sqlite3.connect(source)) as taken, closing(sqlite3.connect(target)) as given:
        taken.backup(given)


def _carry(source: Path, target: Path) -> None:
    for name in BESIDE:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        elif (source / name).exists():
            shutil.copy(source / name, target / name)
