"""`aid-ledger receipt-signer`: what signs receipts on this machine, and the public half of a key on a token.

Which one it is, `receipt-signer.toml` says (`receipts/signers/choosing.py`). Run as the user of the web process.
"""

from __future__ import annotations

import click
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from aid_ledger.cli.door import at_database
from aid_ledger.core import clock
from aid_ledger.receipts import certificates
from aid_ledger.receipts.signers import choosing
from aid_ledger.receipts.signing import SignerMismatch, check_belongs
from aid_ledger.settings import Settings


@click.group("receipt-signer")
def receipt_signer() -> None:
    """Penanda tangan tanda terima: berkas kunci, token (PKCS#11), atau layanan (CSC)."""


@receipt_signer.command()
@at_database
def show(settings: Settings) -> None:
    """Coba penanda tangan, lalu tunjukkan sertifikatnya dan sisa masa berlakunya; keluar 1 bila tidak dapat dipakai."""
    signer = choosing.open_signer(settings.keys_folder, settings.receipt_signing_file)
    try:
        check_belongs(signer)
    except SignerMismatch as error:
        raise click.ClickException("yang menandatangani bukan pemilik sertifikat ini") from error
    certificate = signer.certificate
    left = certificates.days_left(certificate, clock.now())
    click.echo(f"subject: {certificate.subject.rfc4514_string()}\nserial: {certificate.serial_number:x}")
    click.echo(f"ends_at: {clock.instant_text(certificate.not_valid_after_utc)}\ndays_left: {left}")
    if left < 0:
        raise click.ClickException("sertifikatnya sudah berakhir; terbitkan yang baru dengan receipts-root issue")
    if left < certificates.WARNING_DAYS:
        click.echo("sertifikatnya segera berakhir; terbitkan yang baru dengan receipts-root issue", err=True)


@receipt_signer.command("public-key")
@at_database
def public_key(settings: Settings) -> None:
    """Tulis kunci publik dari token (PEM), untuk dibawa ke mesin akar dan disertifikasi di sana."""
    key = choosing.public_key_of(settings.keys_folder)
    click.echo(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), nl=False)
