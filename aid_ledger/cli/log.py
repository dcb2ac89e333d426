"""`aid-ledger log export`, `log status`, `log timestamp`, `audit diff`, `book check`: the log as files, checked.

None of these is a deed of an official. `audit diff` and `book check` only read: an auditor runs them with a read-only
DSN on a host of their own, and needs no key but the log's public one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from sqlalchemy.orm import Session

from aid_ledger import app as composition
from aid_ledger import tables
from aid_ledger.book import queries as book
from aid_ledger.book.agreement import agree as book_agrees
from aid_ledger.cli.door import at_database, at_office
from aid_ledger.core import clock
from aid_ledger.core.db import make_engine, reading
from aid_ledger.disbursement.agreement import agree as disbursement_agrees
from aid_ledger.log import queries, timestamping
from aid_ledger.log.diff import diff, housekeeping_tables
from aid_ledger.log.export import export
from aid_ledger.log.sequencer import VKEY_FILE
from aid_ledger.receipts.agreement import agree as receipts_agree
from aid_ledger.settings import Settings
from audit import note
from audit.errors import AuditError

AGREEMENTS: Final = (book_agrees, disbursement_agrees, receipts_agree)
"""What the rooms themselves compare with replayed state."""

FOUND: Final = 1
"""Exit status when a check found something."""

METADATA: Final = tables.METADATA
"""Named so that every table is known here: the comparison covers all of them."""


class VerifierKey(click.ParamType[str]):
    """A log's public key as it is printed on paper."""

    name = "VKEY"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is not a key."""
        try:
            return str(note.parse_vkey(value.strip()))
        except AuditError as error:
            self.fail(error.sentence, param, ctx)


@click.group("log")
def log_group() -> None:
    """Log: ekspor sebagai berkas, dan keadaannya."""


@log_group.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@at_database
def export_log(settings: Settings, folder: Path) -> None:
    """Tulis seluruh log ke FOLDER sebagai berkas tlog-tiles, yang dapat diperiksa aid-audit verify."""
    with _reading(settings) as session:
        size = export(session, folder, vkey=queries.name_of_log(session).vkeys)
    click.echo(f"size: {size}\nfolder: {folder}")


@log_group.command()
@at_database
def status(settings: Settings) -> None:
    """Tunjukkan ukuran log, yang belum disegel, dan berapa lama yang tertua menunggu."""
    with _reading(settings) as session:
        found = queries.status(session)
    lag = found.lag(clock.now())
    click.echo(f"ordered: {found.ordered}\nsealed: {found.sealed}\nwaiting: {found.waiting}")
    click.echo(f"lag_s: {max(0, int(lag.total_seconds()))}")
    click.echo(f"sealed_at: {clock.instant_text(found.sealed_at) if found.sealed_at else ''}")


@log_group.command("timestamp")
@at_office()
def stamp_time(office: composition.Office) -> None:
    """Minta sekarang stempel waktu (RFC 3161) atas segel terbaru dari otoritas yang dipasang; status 1 bila gagal."""
    done = timestamping.ask(office.engine, office.settings)
    click.echo(f"size: {done.size}\nfault: {done.fault or '-'}")
    if done.stated is None:
        click.get_current_context().exit(FOUND)
    click.echo(f"stamped_at: {clock.instant_text(done.stated.at)}\nauthority: {done.stated.authority}")


@click.group("audit")
def audit_group() -> None:
    """Pemeriksaan oleh pihak yang tidak mempercayai basis data ini."""


@audit_group.command("diff")
@click.option("--log-key", type=VerifierKey(), default=None, help="Kunci publik log dari Berita Acara.")
@click.option(
    "--published",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="Segel yang disimpan di luar basis data; tanpa ini dipakai yang ada di var/log.",
)
@click.option("--verbose", is_flag=True, help="Sebut juga tabel yang tidak dibandingkan, dan alasannya.")
@at_database
def audit_diff(settings: Settings, *, log_key: str | None, published: Path | None, verbose: bool) -> None:
    """Putar ulang log dan bandingkan dengan setiap baris basis data; status 1 bila ada yang berbeda."""
    beside = composition.published_checkpoint(settings)
    kept = published or (beside if beside.exists() else None)
    # Read first, so that the database can only be ahead of it.
    seal = kept.read_bytes() if kept else None
    key, origin_of_key = key_of(settings, log_key)
    with _reading(settings) as session:
        found = diff(session, vkey=key, published=seal, agreements=AGREEMENTS)
    for each in found:
        click.echo(f"{each.table} {each.key} {each.sentence}")
    if verbose:
        for table, reason in sorted(housekeeping_tables().items()):
            click.echo(f"not_compared: {table}: {reason}")
    click.echo(f"log_key: {origin_of_key}\npublished: {kept or '-'}\ndifferences: {len(found)}")
    sys.exit(FOUND if found else 0)


@click.group("book")
def book_group() -> None:
    """Buku: pemeriksaan saldo."""


@book_group.command()
@at_database
def check(settings: Settings) -> None:
    """Buktikan bahwa setiap saldo sama dengan jumlah perpindahannya; status 1 bila tidak."""
    with _reading(settings) as session:
        found = book.unbalanced(session)
    for each in found:
        click.echo(f"{each.account} {each.commodity} tercatat {each.kept}, jumlah perpindahan {each.summed}")
    click.echo(f"unbalanced: {len(found)}")
    sys.exit(FOUND if found else 0)


def keys_of(settings: Settings) -> tuple[note.VerifierKey, ...]:
    """Give the log's keys, the newest first: those beside the published seal, or else the database's own."""
    beside = composition.published_checkpoint(settings).with_name(VKEY_FILE)
    lines = beside.read_text().split() if beside.exists() else [key_of(settings, None)[0]]
    return tuple(note.parse_vkey(line) for line in lines)


def key_of(settings: Settings, given: str | None) -> tuple[str, str]:
    """Choose whom to believe: the key from paper, the one beside the published seal, or the database's own."""
    if given:
        return given, "--log-key"
    beside = composition.published_checkpoint(settings).with_name(VKEY_FILE)
    if beside.exists():
        return beside.read_text().split("\n", 1)[0], str(beside)
    with _reading(settings) as session:
        return queries.name_of_log(session).vkey, "from the database itself: not anchored"


@contextmanager
def _reading(settings: Settings) -> Iterator[Session]:
    """Open a read-only session on a database that may give no other."""
    engine = make_engine(settings.engine_url(), reading=True, behind_pooler=settings.is_behind_pooler)
    try:
        with reading(engine) as session:
            yield session
    finally:
        engine.dispose()
