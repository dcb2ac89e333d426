"""A stand-in for BSrE's service on this machine: answers as documented, or as a test says it does."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, SimpleSigner, sign_pdf

from aid_ledger.core import keyfiles
from aid_ledger.receipts.manifests import bsre

USER, PASSWORD, SUBSCRIBER, CODE = "bansos", "kata sandi layanan", "SUB-0042", "314159"

Answer = Callable[[bytes], bytes]
"""From the page to the whole body of the answer."""


@cache
def root() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """Make the certifier's root, once a process."""
    key = rsa.generate_private_key(65537, 2048)
    return _certificate("BSrE contoh", key, None), key


@cache
def signer() -> SimpleSigner:
    """Make the one who seals under that root."""
    key = rsa.generate_private_key(65537, 2048)
    certificate = _certificate("Segel Kabupaten contoh", key, root())
    packed = pkcs12.serialize_key_and_certificates(b"x", key, certificate, [root()[0]], BestAvailableEncryption(b"x"))
    loaded = SimpleSigner.load_pkcs12_data(packed, other_certs=[], passphrase=b"x")
    assert isinstance(loaded, SimpleSigner)
    return loaded


def _certificate(
    name: str, key: rsa.RSAPrivateKey, by: tuple[x509.Certificate, rsa.RSAPrivateKey] | None
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (by[0].subject, by[1]) if by else (subject, key)
    now = dt.datetime.now(dt.UTC)
    usage = {"key_cert_sign": by is None, "crl_sign": by is None, "content_commitment": by is not None}
    others = ("data_encipherment", "key_agreement", "key_encipherment", "encipher_only", "decipher_only")
    rest = dict.fromkeys(others, False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(by is None, None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage, **rest), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def signed(page: bytes, *, by: SimpleSigner | None = None, field: str = "BSrE") -> bytes:
    """Sign a page as the service does: one more revision with an invisible signature."""
    written = io.BytesIO()
    sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(page)),
        PdfSignatureMetadata(field_name=field),
        signer=by or signer(),
        output=written,
    )
    return written.getvalue()


def answered(*files: bytes) -> bytes:
    """Write an answer with these files."""
    return json.dumps({"time": 912, "file": [base64.b64encode(each).decode() for each in files]}).encode()


def honest(page: bytes) -> bytes:
    """Answer as documented."""
    return answered(signed(page))


class _Handler(BaseHTTPRequestHandler):
    server: Certifier

    def do_POST(self) -> None:
        """Answer one."""
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"], asked))
        time.sleep(self.server.silence_s)
        body = self.server.answer(base64.b64decode(json.loads(asked)["file"][0]))
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Certifier(ThreadingHTTPServer):
    """The service; a test may change what it does at any moment."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Answer = honest
        self.status = 200
        self.silence_s = 0.0
        self.asked: list[tuple[str, str, bytes]] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Say nothing: callers may hang up."""


@contextmanager
def certifying() -> Iterator[Certifier]:
    """Run the service until the block ends."""
    with Certifier() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def write_account(folder: Path, address: str, *, subscriber: str = SUBSCRIBER) -> None:
    """Write the account of an installation into its folder of key files."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    words = [f'address = "{address}"', f'user = "{USER}"', 'password_file = "bsre.pass"', 'root = "bsre-root.pem"']
    words += [f'subscriber = "{subscriber}"'] if subscriber else []
    for name, content in ((bsre.FILE, "\n".join(words)), ("bsre.pass", f"{PASSWORD}\n")):
        (folder / name).unlink(missing_ok=True)
        keyfiles.write_private(folder / name, content.encode())
    (folder / "bsre-root.pem").write_bytes(root()[0].public_bytes(Encoding.PEM))
