"""`aid-ledger evidence`: the log carried away in one file, and sealed openings for the auditor who can read them.

The file holds public bytes only, so exporting it is nobody's deed. Handing out openings is one, by an auditor: `export
--openings-for` needs `--as`, and puts them beside the file, never into it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from aid_ledger.cli.door import at_database, sign_in
from aid_ledger.core.db import make_engine, reading
from aid_ledger.core.roles import Role
from aid_ledger.disbursement import lodging
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
@click.option("--openings-for", "auditor", default="", metavar="NAMA", help="Serta pembukaan tersegel pemeriksa ini.")
@click.option("--as", "acting_as", default="", metavar="LOGIN", help="Pemeriksa yang menerima pembukaan itu.")
@at_database
def export_bundle(  # noqa: PLR0913, PLR0917 - the options of the command
    settings: Settings,
    since: dt.datetime,
    until: dt.datetime,
    program: str,
    out: Path,
    auditor: str,
    acting_as: str,
) -> None:
    """Tulis seluruh log dan bukti entri sebuah program ke satu berkas ZIP, yang dapat diperiksa aid-audit verify."""
    if auditor and not acting_as:
        raise click.UsageError("--openings-for adalah perbuatan seorang pemeriksa: sebut --as LOGIN")
    clerk = sign_in(settings, acting_as, Role.AUDITOR) if auditor else None
    wish = Wish(program, since.date().isoformat(), until.date().isoformat())
    certificate = settings.receipt_root_certificate_file.read_bytes()
    pinned = settings.timestamp_authority_file
    time_authority = pinned.read_bytes() if pinned.exists() else b""
    engine = make_engine(settings.engine_url(), reading=True, behind_pooler=settings.is_behind_pooler)
    try:
        with reading(engine) as session:
            vkey = name_of_log(session).vkeys
            done = bundles.export(
                session, out, wish, vkey=vkey, root_certificate=certificate, time_authority=time_authority
            )
    finally:
        engine.dispose()
    click.echo(f"size: {done.size}\nchosen: {done.chosen}\nproven: {done.proven}\nevidence: {out}")
    if clerk is not None:
        given = clerk.act(lodging.give, auditor=auditor, program=program, since=since.date(), until=until.date())
        for each in bundles.put_beside(out, auditor, given):
            click.echo(f"openings: {each}")
