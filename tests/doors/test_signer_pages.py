"""What signs receipts: certified offline, tried at the command line, warned of in time, taken back, then refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from aid_ledger.cli.main import main
from aid_ledger.core import clock, keyfiles
from aid_ledger.core.clock import FrozenClock
from aid_ledger.receipts import certificates
from aid_ledger.receipts.signers import choosing
from aid_ledger.settings import Settings
from tests.builders import receipt_keys
from tests.builders.officials import Founded
from tests.builders.web import browse, running_app, shell_of

TODAY = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)
CARD = "Sertifikat penanda tangan tanda terima"


@pytest.fixture
def still() -> Iterator[FrozenClock]:
    """Let the clock stand still."""
    with clock.frozen(TODAY) as frozen:
        yield frozen


@pytest.fixture
def settings(founded: Founded, still: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the environment of this process at a founded bench, whose signing certificate begins today."""
    assert still.at == TODAY
    found = shell_of(founded, monkeypatch)
    founded.bench.sequencer.run_once()
    return found


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    """Give the machine where the root's key lies."""
    place = tmp_path / "safe"
    place.mkdir()
    root = receipt_keys.root()
    keyfiles.write_private(place / "root.pem", certificates.to_pem(root.key) + receipt_keys.root_pem())
    return place


def run(*words: object) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, [str(each) for each in words])


def said(result: Result) -> dict[str, str]:
    """Read the printed lines."""
    assert result.exit_code == 0, result.output
    return dict(line.split(": ", 1) for line in result.stdout.splitlines() if ": " in line)


def test_an_administrator_is_warned_sixty_days_ahead(settings: Settings, founded: Founded, still: FrozenClock) -> None:
    """Two years less sixty days: quiet; a day later: a card with a number; after the end: that nothing is signed."""
    assert (settings.receipt_signing_file.exists(), still.at) == (True, TODAY)
    with running_app(founded) as app:
        still.advance(days=730 - 60)
        assert CARD not in browse(app, founded, "admin").get("/").text
        still.advance(days=1)
        first = browse(app, founded, "admin").get("/").text
        assert (CARD in first, "tinggal 59 hari" in first) == (True, True)
        assert CARD not in browse(app, founded, "operator").get("/").text
        still.advance(days=60)
        assert "PDF tanda terima baru tidak dapat dibuat" in browse(app, founded, "admin").get("/").text
        page = browse(app, founded, "auditor").get("/penanda-tangan/")
        assert (page.status_code, "Masa berlakunya sudah habis" in page.text) == (200, True)
        settings.receipt_signing_file.unlink()
        broken = browse(app, founded, "admin")
        assert "tidak dapat dibaca di mesin ini" in broken.get("/").text
        assert "Sertifikat tidak dapat dibaca" in broken.get("/penanda-tangan/").text
        assert browse(app, founded, "operator").get("/penanda-tangan/").status_code == 403


def test_the_page_shows_how_long_it_lasts(settings: Settings, founded: Founded) -> None:
    """Whose it is, its number, its days."""
    certificate = choosing.certificate_of(settings.keys_folder, settings.receipt_signing_file)
    with running_app(founded) as app:
        text = browse(app, founded, "admin").get("/penanda-tangan/").text
    for words in (f"{certificate.serial_number:x}", "730 hari", "Penerbit Tanda Terima"):
        assert words in text
    assert "Tinggal" not in text


def test_a_key_that_lies_elsewhere_is_certified_offline(settings: Settings, safe: Path) -> None:
    """Only the public half travels to the safe, and what comes back is a certificate our verifier takes."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, made = safe / "public.pem", safe / "signing.crt"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    words = ("receipts-root", "issue", "--root", safe / "root.pem", "--agency", receipt_keys.AGENCY, "--out", made)
    url = "https://bansos.example/periksa/akar.crl"
    lines = said(run(*words, "--public-key", public, "--crl-url", url))
    assert url.encode() in x509.load_pem_x509_certificate(made.read_bytes()).public_bytes(Encoding.DER)
    pem = certificates.to_pem(key) + made.read_bytes()
    keyfiles.write_private(settings.receipt_signing_file, pem, replace=True)
    shown = said(run("receipt-signer", "show"))
    assert (shown["serial"], shown["days_left"]) == (lines["serial"], "730")
    public.write_bytes(
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    assert "P-256 atau RSA" in run(*words, "--public-key", public).output
    public.write_bytes(b"bukan kunci")
    assert "tidak memuat kunci publik" in run(*words, "--public-key", public).output


def test_a_signer_is_tried_before_a_family_waits_for_it(settings: Settings, still: FrozenClock) -> None:
    """`receipt-signer show` warns before the end and fails after it; a wrong description is named."""
    still.advance(days=700)
    warned = run("receipt-signer", "show")
    assert (warned.exit_code, "segera berakhir" in warned.stderr) == (0, True)
    still.advance(days=40)
    assert run("receipt-signer", "show").exit_code == 1
    keyfiles.write_private(settings.keys_folder / choosing.FILE, b'kind = "hsm"')
    wrong = run("receipt-signer", "show")
    assert (wrong.exit_code, "kind is one of" in wrong.output) == (7, True)
    assert run("receipt-signer", "public-key").exit_code == 7


def test_a_certificate_taken_back_signs_nothing_here_and_convinces_nobody(
    settings: Settings, founded: Founded, still: FrozenClock, safe: Path
) -> None:
    """The list is made where the root's key lies, goes on from the former one, and is handed out to everybody."""
    certificate = choosing.certificate_of(settings.keys_folder, settings.receipt_signing_file)
    _key, other = receipt_keys.signing()
    words = ("receipts-root", "revoke", "--root", safe / "root.pem", "--crl", safe / "root.crl", "--certificate")
    for number, each in enumerate((other, certificate, certificate), start=1):
        (safe / "old.crt").write_bytes(receipt_keys.pem_of(each))
        assert said(run(*words, safe / "old.crt"))["revoked"] == str(min(number, 2))
        still.advance(days=1)
    made = x509.load_der_x509_crl((safe / "root.crl").read_bytes())
    assert made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 3
    found = made.get_revoked_certificate_by_serial_number(certificate.serial_number)
    assert found is not None
    assert found.revocation_date_utc == TODAY + dt.timedelta(days=1)
    with running_app(founded) as app:
        visitor = app.test_client()
        assert visitor.get("/periksa/akar.crl").status_code == 404
        settings.receipt_crl_file.write_bytes((safe / "root.crl").read_bytes())
        handed = visitor.get("/periksa/akar.crl")
        assert (handed.data, handed.mimetype) == ((safe / "root.crl").read_bytes(), "application/pkix-crl")
    (safe / "root.crl").write_bytes(b"rusak")
    assert run(*words, safe / "old.crt").exit_code != 0
