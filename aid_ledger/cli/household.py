"""Commands that keep the installation itself in order; none of them is a deed of an official."""

from __future__ import annotations

import click

from aid_ledger.cli.door import at_database
from aid_ledger.core import migrating
from aid_ledger.core.db import make_engine
from aid_ledger.settings import Settings


@click.command()
@at_database
def migrate(settings: Settings) -> None:
    """Bawa basis data ke migrasi terbaru; di PostgreSQL dijalankan sebagai pemilik skema."""
    if settings.is_sqlite:
        settings.var.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.engine_url(), behind_pooler=settings.is_behind_pooler)
    try:
        migrating.upgrade(engine)
        click.echo(f"Basis data berada pada migrasi {migrating.revision_of(engine)}.")
    finally:
        engine.dispose()
