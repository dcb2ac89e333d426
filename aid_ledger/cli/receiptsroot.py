"""`aid-ledger receipts-root`: changing the root that receipts hang from, whose key lies on no machine of the ledger.

`make`, `issue`, `revoke`, `statement` and `sign` run where root keys are, offline, and need neither settings nor
database. `propose`, `approve` and `withdraw` are deeds of administrators; `take` is what the sequencer does unasked.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from aid_ledger import app as composition
from aid_ledger.cli.door import Clerk, as_official, at_database
from aid_ledger.core import clock, keyfiles
from aid_ledger.core.db import reading
from aid_ledger.core.roles import Role
from aid_ledger.custody import carrying, queries, roots, rules
from aid_ledger.custody.handed import LIMIT_BYTES, RootStatement
from aid_ledger.receipts import certificates
from aid_ledger.settings import Settings
from audit.errors import AuditError
from audit.pdf import revocation
from audit.pdf.certificates import load_root, signer_of
from audit.roots import statement as statement_of

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
ROOT_KEY = "receipt-root.pem"
ROOT_CERTIFICATE = "receipt-root.crt"
SIGNING = "receipt-signing-next.pem"


@click.group("receipts-root")
def receipts_root() -> None:
    """Akar tanda terima: ganti sertifikat akar yang menjadi gantungan semua tanda terima."""


@receipts_root.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--agency", required=True, help="Nama resmi instansi, seperti pada akar yang lama.")
def make(folder: Path, agency: str) -> None:
    """Buat kunci akar baru, sertifikatnya, dan kunci penandatangan di FOLDER, di mesin luring."""
    now = clock.now()
    root = certificates.make_root(agency, now)
    key, certificate = certificates.make_signing_certificate(root, agency, now)
    pem = root.certificate.public_bytes(Encoding.PEM)
    folder.mkdir(mode=keyfiles.FOLDER_MODE, parents=True, exist_ok=True)
    keyfiles.write_private(folder / ROOT_KEY, certificates.to_pem(root.key) + pem)
    keyfiles.write_private(folder / SIGNING, certificates.to_pem(key) + certificate.public_bytes(Encoding.PEM))
    (folder / ROOT_CERTIFICATE).write_bytes(pem)
    click.echo(f"root_sha256: {root.certificate.fingerprint(hashes.SHA256()).hex()}")
    click.echo(f"root_key: {folder / ROOT_KEY}\nroot_cert: {folder / ROOT_CERTIFICATE}\nsigning: {folder / SIGNING}")


@receipts_root.command()
@click.option("--root", type=FILE, required=True, help="Kunci akar beserta sertifikatnya (receipt-root.pem).")
@click.option("--public-key", "public", type=FILE, required=True, help="Kunci publik (PEM) dari token atau layanan.")
@click.option("--agency", required=True, help="Nama resmi instansi, seperti pada akar.")
@click.option("--crl-url", default="", help="Alamat daftar cabut: https://…/periksa/akar.crl.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Sertifikat yang ditulis.")
def issue(root: Path, public: Path, agency: str, crl_url: str, out: Path) -> None:
    """Terbitkan sertifikat penandatangan untuk kunci yang ada di token atau layanan; di mesin luring."""
    issuer = certificates.Root(_root_key(root), x509.load_der_x509_certificate(_certificate(root)))
    try:
        key = serialization.load_pem_public_key(public.read_bytes())
    except ValueError as error:
        raise click.ClickException(f"{public} tidak memuat kunci publik (PEM)") from error
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise click.ClickException("tanda terima ditandatangani dengan kunci P-256 atau RSA")
    certificate = certificates.certify(issuer, agency, clock.now(), key, crl_url=crl_url)
    signer_of(certificate.public_bytes(Encoding.DER), load_root(_certificate(root)))
    out.write_bytes(certificate.public_bytes(Encoding.PEM))
    click.echo(f"certificate: {out}\nserial: {certificate.serial_number:x}")
    click.echo(f"ends_at: {clock.instant_text(certificate.not_valid_after_utc)}")


@receipts_root.command()
@click.option("--root", type=FILE, required=True, help="Kunci akar beserta sertifikatnya (receipt-root.pem).")
@click.option("--certificate", "revoked", type=FILE, required=True, help="Sertifikat penandatangan yang dicabut.")
@click.option("--crl", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Daftar cabut.")
def revoke(root: Path, revoked: Path, crl: Path) -> None:
    """Cabut sertifikat penandatangan mulai sekarang; di mesin luring. Salin CRL ke var/receipt-root.crl di server."""
    issuer = certificates.Root(_root_key(root), x509.load_der_x509_certificate(_certificate(root)))
    certificate = x509.load_pem_x509_certificate(revoked.read_bytes())
    pinned = load_root(_certificate(root))
    signer_of(certificate.public_bytes(Encoding.DER), pinned)
    former = None
    if crl.exists():
        revocation.revoked_since(crl.read_bytes(), pinned, certificate.serial_number)
        former = x509.load_der_x509_crl(crl.read_bytes())
    made = certificates.revoke(issuer, certificate, clock.now(), former=former)
    crl.write_bytes(made.public_bytes(Encoding.DER))
    click.echo(f"serial: {certificate.serial_number:x}\nrevoked: {len(list(made))}\ncrl: {crl}")


@receipts_root.command()
@click.option("--origin", required=True, help="Nama tetap log, seperti pada Berita Acara.")
@click.option("--old", type=FILE, required=True, help="Sertifikat akar yang sedang dipakai.")
@click.option("--new", type=FILE, required=True, help="Sertifikat akar yang baru.")
def statement(origin: str, old: Path, new: Path) -> None:
    """Tunjukkan apa yang akan ditandatangani akar lama, untuk dicocokkan dengan kertas."""
    click.echo(statement_of(origin, _certificate(old), _certificate(new)).decode(), nl=False)


@receipts_root.command()
@click.option("--origin", required=True, help="Nama tetap log, seperti pada Berita Acara.")
@click.option("--root", type=FILE, required=True, help="Kunci akar lama beserta sertifikatnya (receipt-root.pem).")
@click.option("--new", type=FILE, required=True, help="Sertifikat akar yang baru.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Berkas yang ditulis.")
def sign(origin: str, root: Path, new: Path, out: Path) -> None:
    """Tandatangani, dengan kunci akar lama, bahwa akar baru menggantikannya; di mesin luring."""
    old, following = _certificate(root), _certificate(new)
    signature = _root_key(root).sign(statement_of(origin, old, following), padding.PKCS1v15(), hashes.SHA256())
    handed = RootStatement(origin, old, following, signature).write()
    RootStatement.read(handed, origin)
    out.write_bytes(handed)
    click.echo(f"new_sha256: {hashlib.sha256(following).hexdigest()}\nstatement: {out}")


@receipts_root.command()
@click.argument("file", type=FILE)
@click.option("--decree", required=True, help="Nomor keputusan yang mendasari penggantian akar.")
@as_official(Role.ADMIN)
def propose(clerk: Clerk, file: Path, decree: str) -> None:
    """Usulkan akar baru dengan FILE yang ditulis receipts-root sign."""
    with file.open("rb") as handed:
        raw = handed.read(LIMIT_BYTES + 1)
    root = clerk.act(roots.propose_root, raw, decree=decree)
    click.echo(f"proposed: {queries.hex_of(root.fingerprint)}")


@receipts_root.command()
@click.argument("fingerprint")
@as_official(Role.ADMIN)
def approve(clerk: Clerk, fingerprint: str) -> None:
    """Setujui, sebagai orang kedua, akar dengan FINGERPRINT (sedikitnya 16 angka pertama) yang ada di kertas Anda."""
    root = clerk.act(roots.announce_root, fingerprint, wait=clerk.office.settings.log_key_wait)
    usable_from = clock.instant_text(root.usable_from) if root.usable_from else "-"
    click.echo(f"announced: {queries.hex_of(root.fingerprint)}\nusable_from: {usable_from}")


@receipts_root.command()
@click.argument("fingerprint")
@click.option("--reason", required=True, help="Mengapa akar itu tidak jadi dipakai; terbaca semua orang.")
@as_official(Role.ADMIN)
def withdraw(clerk: Clerk, fingerprint: str, reason: str) -> None:
    """Batalkan akar yang diusulkan atau diumumkan; tidak ada tanda terima yang akan bergantung padanya."""
    root = clerk.act(roots.withdraw_root, fingerprint, reason=reason)
    click.echo(f"withdrawn: {queries.hex_of(root.fingerprint)}")


@receipts_root.command()
@at_database
def take(settings: Settings) -> None:
    """Pakai akar yang diumumkan bila waktunya sudah tiba; biasanya sequencer melakukannya sendiri."""
    engine = composition.prepared_engine(settings)
    click.get_current_context().call_on_close(engine.dispose)
    taken = composition.open_custodian(settings, composition.open_sequencer(settings, engine)).take_root()
    click.echo(f"taken: {queries.hex_of(taken) if taken else '-'}")


@receipts_root.command("list")
@at_database
def show(settings: Settings) -> None:
    """Tunjukkan setiap akar tanda terima, ukuran log yang menjadi masanya, dan yang masih menunggu."""
    engine = composition.prepared_engine(settings)
    click.get_current_context().call_on_close(engine.dispose)
    with reading(engine) as session:
        for each in queries.receipt_roots(session):
            click.echo(f"{each.shown} {each.first}-{'' if each.last is None else each.last}")
        for root in queries.unused_roots(session):
            click.echo(f"{queries.hex_of(root.fingerprint)} {root.state}")
            if root.state == rules.ANNOUNCED and root.usable_from is not None:
                waits = "-" if carrying.is_ripe(session, root, clock.now()) else "masa tunggu, segel, dan kuorum saksi"
                click.echo(f"usable_from: {clock.instant_text(root.usable_from)}\nwaits_for: {waits}")


def _root_key(file: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(keyfiles.read_private(file), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise click.ClickException("kunci akar tanda terima adalah kunci RSA")
    return key


def _certificate(file: Path) -> bytes:
    """Read a root's certificate (DER); a file that also holds its key is read for the certificate alone."""
    raw = file.read_bytes()
    try:
        der = x509.load_pem_x509_certificate(raw).public_bytes(Encoding.DER)
        load_root(der)
    except (ValueError, AuditError) as error:
        raise click.ClickException(f"{file} tidak memuat sertifikat akar tanda terima") from error
    return der
