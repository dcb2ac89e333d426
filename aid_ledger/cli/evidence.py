"""`aid-ledger evidence export`: the log carried away in one file. Public bytes only, so it is nobody's deed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from aid_ledger.cli.door import at_database
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log.queries import name_of_log
from aid_ledger.oversight import evidence as bundles
from aid_ledger.settings import Settings
from audit.choice import Wish

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def evidence() -> None:
    """Bukti: log dan bukti entri dalam satu berkas, untuk diperiksa pihak luar."""


@evidence.command("export")
@click.option("--since", type=DAY, required=True, metavar="YYYY-MM-DD", help="Hari pertama.")
@click.option("--until", type=DAY, required=True, metavar="YYYY-MM-DD", help="Hari terakhir.")
@click.option("--program", required=True, metavar="KODE", help="Program yang entrinya dibuktikan satu per satu.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Berkas ZIP yang ditulis.")
@at_database
def export_bundle(settings: Settings, since: dt.datetime, until: dt.datetime, program: str, out: Path) -> None:
    """Tulis seluruh log dan bukti entri sebuah program ke satu berkas ZIP, yang dapat diperiksa aid-audit verify."""
    wish = Wish(program, since.date().isoformat(), until.date().isoformat())
    certificate = settings.receipt_root_certificate_file.read_bytes()
    engine = make_engine(settings.engine_url(), reading=True, behind_pooler=settings.is_behind_pooler)
    try:
        with reading(engine) as session:
            vkey = name_of_log(session).vkey
            done = bundles.export(session, out, wish, vkey=vkey, root_certificate=certificate)
    finally:
        engine.dispose()
    click.echo(f"size: {done.size}\nchosen: {done.chosen}\nproven: {done.proven}\nevidence: {out}")
