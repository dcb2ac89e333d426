"""`aid-ledger init`: asks for what the founding needs, begins, and says what to do with what it made.

What happens is in `beginning.py`. The two links it prints are the founders' own: each of them opens one.
"""

from __future__ import annotations

from pathlib import Path

import click

from aid_ledger.cli import beginning
from aid_ledger.cli.door import at_database
from aid_ledger.core.errors import DomainError, Kind
from aid_ledger.founding import service as founding
from aid_ledger.officials.rules import FOUNDERS
from aid_ledger.settings import Settings

PARTS = ("nama masuk", "nama lengkap", "perangkat daerah", "kode jabatan", "nama jabatan", "nomor SK")


class FounderMalformed(DomainError):
    """A founder given as one option has six parts."""

    kind = Kind.INVALID
    code = "founding.founder_malformed"


class OriginMissing(DomainError):
    """A log has a permanent name, and production has no default for it."""

    kind = Kind.INVALID
    code = "founding.origin_missing"


class CustodyUntrue(DomainError):
    """The embedded database is sequenced inside the web process, so its log's key is not kept apart."""

    kind = Kind.INVALID
    code = "founding.custody_untrue"


@click.command()
@click.option("--agency", prompt="Kode Kemendagri instansi (contoh 32.16)", help="Kode Kemendagri, contoh 32.16.")
@click.option("--name", prompt="Nama instansi", help="Nama resmi, contoh Pemerintah Kabupaten Bekasi.")
@click.option("--origin", default="", help="Nama tetap log, contoh bansos.bekasikab.go.id/log.")
@click.option(
    "--founder",
    "founders",
    multiple=True,
    metavar="'LOGIN;NAMA;UNIT;KODE JABATAN;JABATAN;SK'",
    help="Seorang pendiri; berikan dua kali. Tanpa ini akan ditanyakan.",
)
@click.option(
    "--codes", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Berkas kode wilayah (CSV)."
)
@click.option(
    "--custody",
    type=click.Choice(founding.CUSTODIES),
    help="separate bila kunci log tidak terbaca oleh proses web, single-host bila semua kunci di satu tempat.",
)
@at_database
def init(  # noqa: PLR0913, PLR0917 - the options of the command
    settings: Settings,
    agency: str,
    name: str,
    origin: str,
    founders: tuple[str, ...],
    codes: Path | None,
    custody: str | None,
) -> None:
    """Dirikan instansi: kunci, sertifikat, catatan pertama log, dan dua pejabat pendiri."""
    permanent = origin or settings.origin
    if not permanent:
        raise OriginMissing
    plan = beginning.Plan(
        agency=agency.strip(),
        name=name.strip(),
        origin=permanent,
        custody=_custody(settings, custody),
        founders=_two(founders),
        codes=codes.read_bytes() if codes else None,
    )
    _tell(settings, beginning.found(settings, plan))


def _custody(settings: Settings, given: str | None) -> str:
    """Say where the keys will be, which the first entry tells everybody for ever; asked where both could be true."""
    if settings.is_sqlite:
        if given == founding.SEPARATE:
            raise CustodyUntrue
        return founding.SINGLE_HOST
    return given or str(
        click.prompt("Penyimpanan kunci log", type=click.Choice(founding.CUSTODIES), default=founding.SINGLE_HOST)
    )


def _two(given: tuple[str, ...]) -> tuple[founding.Founder, founding.Founder]:
    if not given:
        return _ask("pertama"), _ask("kedua")
    if len(given) != FOUNDERS:
        raise FounderMalformed
    return _read(given[0]), _read(given[1])


def _read(text: str) -> founding.Founder:
    parts = [part.strip() for part in text.split(";")]
    if len(parts) != len(PARTS) or not all(parts):
        raise FounderMalformed
    return founding.Founder(*parts)


def _ask(which: str) -> founding.Founder:
    click.echo(f"\nPendiri {which}")
    return founding.Founder(*(str(click.prompt(f"  {part}")).strip() for part in PARTS))


def _tell(settings: Settings, begun: beginning.Begun) -> None:
    """Print what was made, for people and for scripts, and what to do next."""
    click.echo("\nInstansi didirikan. Cetak tiga baris berikut pada Berita Acara bertanda tangan:")
    click.echo(f"log_origin: {begun.origin}")
    click.echo(f"log_vkey: {begun.vkey}")
    click.echo(f"receipt_root_sha256: {begun.root_fingerprint}")
    click.echo(f"regions: {begun.regions}")
    click.echo(f"root_cert: {settings.receipt_root_certificate_file}")
    click.echo("\nSerahkan setiap tautan hanya kepada pemiliknya; berlaku 7 hari dan satu kali:")
    for login, token in begun.links.items():
        click.echo(f"{login}: {settings.base_url}/masuk/mulai?token={token}")
    click.echo(f"\nKunci akar tanda terima ada di {settings.receipt_root_file}.")
    click.echo("Salin ke media luring yang disimpan terkunci, lalu hapus dari mesin ini:")
    click.echo(f"  cp {settings.receipt_root_file} /media/... && shred -u {settings.receipt_root_file}")
    click.echo("Produksi menolak berjalan selama kunci itu masih ada di sini.")
