"""A database with everything needed to act on it, and copies of databases: what fixtures and builders are made of."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

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

    def act(self, actor: Actor) -> AbstractContextManager[Act]:
        """Open an Act."""
        return self.acts.open(actor)

    def reading(self) -> AbstractContextManager[Session]:
        """Open a read-only session."""
        return reading(self.engine)


def copy_database(backend: str, template: str, folder: Path) -> tuple[str, Callable[[], None]]:
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
