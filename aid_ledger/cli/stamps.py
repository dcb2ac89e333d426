"""`aid-ledger stamps`: the keys that stamp receipts, so that a phone without signal can check their QR codes.

`make` runs where receipts are made, `sign` where the root's key is, offline; neither needs settings or database.
`name` and `withdraw` are deeds of an administrator.
"""

from __future__ import annotations

from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aid_ledger import app as composition
from aid_ledger.cli.door import Clerk, as_official, at_database
from aid_ledger.core import keyfiles
from aid_ledger.core.db import reading
from aid_ledger.core.roles import Role
from aid_ledger.custody import queries, stamps
from aid_ledger.custody.handed import LIMIT_BYTES
from aid_ledger.receipts.certificates import Root
from aid_ledger.receipts.stamping import StampKey, word_on
from aid_ledger.settings import Settings
from audit.errors import AuditError
from audit.note import decode_base64
from audit.stampkeys import KEY_BYTES

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)


@click.group("stamps")
def stamps_group() -> None:
    """Cap tanda terima: kunci yang menandatangani isi gambar QR."""


@stamps_group.command()
@click.argument("file", type=OUT)
def make(file: Path) -> None:
    """Buat kunci cap baru di FILE, dan tunjukkan kunci umumnya untuk dibawa ke mesin luring."""
    key = StampKey(Ed25519PrivateKey.generate())
    keyfiles.write_private(file, key.to_pem())
    click.echo(f"stamp_key: {key.named}")


@stamps_group.command()
@click.option("--origin", required=True, help="Nama tetap log, seperti pada Berita Acara.")
@click.option("--root", type=FILE, required=True, help="Kunci akar beserta sertifikatnya (receipt-root.pem).")
@click.option("--key", required=True, help="Kunci umum yang ditunjukkan stamps make.")
@click.option("--out", type=OUT, required=True, help="Berkas yang ditulis.")
def sign(origin: str, root: Path, key: str, out: Path) -> None:
    """Tunjuk kunci cap dengan kunci akar tanda terima; di mesin luring."""
    try:
        public = decode_base64(key.strip())
    except AuditError:
        public = b""
    if len(public) != KEY_BYTES:
        raise click.ClickException("kunci cap ditulis dalam 44 huruf base64, seperti yang ditunjukkan stamps make")
    pem = keyfiles.read_private(root)
    secret = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(secret, rsa.RSAPrivateKey):
        raise click.ClickException("kunci akar tanda terima adalah kunci RSA")
    out.write_bytes(word_on(public, origin, Root(secret, x509.load_pem_x509_certificate(pem))).write())
    click.echo(f"statement: {out}")


@stamps_group.command()
@click.argument("file", type=FILE)
@as_official(Role.ADMIN)
def name(clerk: Clerk, file: Path) -> None:
    """Catat kunci cap yang ditunjuk akar, dengan FILE yang ditulis stamps sign."""
    with file.open("rb") as handed:
        raw = handed.read(LIMIT_BYTES + 1)
    click.echo(f"named: {clerk.act(stamps.name_stamp_key, raw)}")


@stamps_group.command()
@click.argument("key")
@click.option("--reason", required=True, help="Mengapa kunci itu tidak dipercaya lagi; terbaca semua orang.")
@as_official(Role.ADMIN)
def withdraw(clerk: Clerk, key: str, reason: str) -> None:
    """Cabut KEY: cap yang dibuatnya tidak dipercaya lagi, dan tanda terimanya perlu dicetak ulang."""
    clerk.act(stamps.withdraw_stamp_key, key, reason=reason)
    click.echo(f"withdrawn: {key.strip()}")


@stamps_group.command("list")
@at_database
def show(settings: Settings) -> None:
    """Tunjukkan setiap kunci cap yang pernah ditunjuk, dan mana yang masih berlaku."""
    engine = composition.prepared_engine(settings)
    click.get_current_context().call_on_close(engine.dispose)
    with reading(engine) as session:
        sealed = {each.key for each in queries.stamp_keys(session)}
        for key, stands in queries.stamp_keys_told(session).items():
            click.echo(f"{key} {'berlaku' if key in sealed else 'menunggu segel' if stands else 'dicabut'}")
