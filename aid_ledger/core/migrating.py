"""Bringing a database to the newest migration, and telling whether it is there.

Production migrates as the owner role, never as the role the application acts with; the embedded default does it when
it starts.
"""

from __future__ import annotations

import base64
import hashlib
import io
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(engine: Engine) -> None:
    """Run every migration the database has not seen, all in one transaction."""
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@cache
def newest_revision() -> str:
    """Name the newest migration of this version of the software; reading them all takes a while, so it is done once."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


def revision_of(engine: Engine) -> str:
    """Name the migration a database stands at; empty for a database without tables."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def schema_digest() -> str:
    """Digest what builds the database, the guards of its history included: names and bytes, base64url unpadded."""
    digest = hashlib.sha256(b"aid-schema-v1\n")
    for path in [MIGRATIONS / "append_only.py", *sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))]:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def _config() -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
