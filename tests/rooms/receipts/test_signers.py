"""Whose key signs receipts: a container of an authority, a real token, a service; each with every way it may fail."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from aid_ledger.core import keyfiles
from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.core.outside import Limits
from aid_ledger.receipts import certificates, signing
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signers import choosing, remote
from aid_ledger.receipts.signing import SignerMismatch
from tests.builders import receipt_keys
from tests.builders.signers import certified, describe, opened

AGENCY = receipt_keys.AGENCY
BEARER, SERVICE_PIN = "rahasia-pemanggil", "314159"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an empty folder of key files."""
    place = tmp_path / "keys"
    place.mkdir(mode=0o700)
    return place


# --- files ----------------------------------------------------------------------------------------------------------


def container(folder: Path, *, password: str = "sandi berkas") -> x509.Certificate:
    """Put a PKCS#12 container and its password into the folder, as an authority's customer does."""
    key, certificate = receipt_keys.signing()
    raw = pkcs12.serialize_key_and_certificates(
        b"penerbit", key, certificate, [receipt_keys.root().certificate], BestAvailableEncryption(password.encode())
    )
    keyfiles.write_private(folder / "signing.p12", raw)
    keyfiles.write_private(folder / "signing.pass", f"{password}\n".encode())
    describe(folder, kind="pkcs12", file="signing.p12", password_file="signing.pass")
    return certificate


def test_a_container_signs_once_its_password_opens_it(folder: Path) -> None:
    """PKCS#12, as authorities hand it out, with the authority's own certificate in it as well."""
    certificate = container(folder)
    signer = opened(folder)
    assert signer.certificate == certificate == choosing.certificate_of(folder, folder / "none.pem")
    signing.check_belongs(signer)


def test_a_container_does_not_open_with_another_password(folder: Path) -> None:
    """A wrong password is told when the service starts, without a word of what it was."""
    container(folder)
    keyfiles.write_private(folder / "signing.pass", b"tebakan", replace=True)
    with pytest.raises(SignerMismatch) as refused:
        opened(folder)
    assert "tebakan" not in str(refused.value)


def test_a_container_without_a_key_is_refused(folder: Path) -> None:
    """Somebody exported the certificate alone."""
    raw = pkcs12.serialize_key_and_certificates(
        b"x", None, None, [receipt_keys.root().certificate], BestAvailableEncryption(b"sandi")
    )
    keyfiles.write_private(folder / "signing.p12", raw)
    keyfiles.write_private(folder / "signing.pass", b"sandi")
    describe(folder, kind="pkcs12", file="signing.p12", password_file="signing.pass")
    with pytest.raises(SignerMismatch):
        opened(folder)


@pytest.mark.parametrize("name", [choosing.FILE, "signing.p12", "signing.pass"])
def test_a_secret_that_others_can_read_is_no_secret(folder: Path, name: str) -> None:
    """THREATS 12: the description, the container and the password are private files, each of them."""
    container(folder)
    (folder / name).chmod(0o640)
    with pytest.raises(KeyFileFault):
        opened(folder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind = ", "no TOML"),
        ("", "kind is one of pkcs12, pkcs11, csc"),
        ('kind = "hsm"', "kind is one of pkcs12, pkcs11, csc"),
        ("kind = 12", "kind is one of pkcs12, pkcs11, csc"),
        ('kind = "pkcs12"\npassword = "x"', "password is not known for this kind; known are file, password_file"),
        ('kind = "pkcs12"\nfile = "p"', "password_file is missing"),
        ('kind = "pkcs12"\nfile = 3\npassword_file = "p"', "file is missing, or no text"),
        ('kind = "csc"\naddress = "http://sign.example/csc/v1"\ncertificate = "signing.crt"', "begins with https://"),
        ('kind = "pkcs11"\nlibrary = "x"\ntoken = "x"\nkey = "x"\ncertificate = "none"', "names no certificate"),
    ],
)
def test_a_description_that_says_something_else_is_refused(folder: Path, text: str, says: str) -> None:
    """A misspelt word is no setting, a secret is never a word of it, and a service is not spoken to in the clear."""
    keyfiles.write_private(folder / choosing.FILE, text.encode())
    keyfiles.write_private(folder / "p", b"x")
    with pytest.raises(choosing.SignerFault, match=says):
        opened(folder)


def test_only_a_token_is_asked_for_its_public_key(folder: Path) -> None:
    """A container's key is certified by whoever made it."""
    container(folder)
    with pytest.raises(choosing.SignerFault, match="only a token"):
        choosing.public_key_of(folder)


# --- services -------------------------------------------------------------------------------------------------------


@dataclass
class Service:
    """A signing service as the consortium describes it, and ways in which it may not be one."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    address: str = ""

    def signature(self, hashed: str) -> str:
        """Sign a hash."""
        digest, kind = base64.b64decode(hashed), utils.Prehashed(hashes.SHA256())
        if isinstance(self.key, rsa.RSAPrivateKey):
            return base64.b64encode(self.key.sign(digest, padding.PKCS1v15(), kind)).decode()
        return base64.b64encode(self.key.sign(digest, ec.ECDSA(kind))).decode()


def handler_of(service: Service) -> type[BaseHTTPRequestHandler]:
    """Make what answers for a service."""

    class Handler(BaseHTTPRequestHandler):
        """Answers as documented, unless the test says otherwise."""

        def do_POST(self) -> None:
            """Answer one method."""
            method = self.path.removeprefix("/csc/v1/")
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append((method, said))
            if self.headers["Authorization"] != f"Bearer {BEARER}":
                answer(self, {"error": "invalid_token"}, 401)
            elif method in service.answers:
                service.answers[method](self)
            elif method == "credentials/authorize":
                assert (said["PIN"], said["numSignatures"]) == (SERVICE_PIN, 1)
                answer(self, {"SAD": f"izin-{said['hash'][0]}"})
            else:
                assert said["SAD"] == f"izin-{said['hash'][0]}"
                answer(self, {"signatures": [service.signature(said["hash"][0])]})

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def answer(handler: BaseHTTPRequestHandler, words: object, status: int = 200) -> None:
    """Answer with JSON."""
    raw = words if isinstance(words, bytes) else json.dumps(words).encode()
    handler.send_response(status)
    handler.end_headers()
    handler.wfile.write(raw)


@pytest.fixture(params=["ec", "rsa"])
def service(folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Run a service on this machine, for a client of little patience, and describe it."""
    monkeypatch.setattr(remote, "LIMITS", Limits(silence_s=2, deadline_s=3, most_bytes=4_096))
    made = Service(
        ec.generate_private_key(ec.SECP256R1())
        if request.param == "ec"
        else rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    )
    certified(folder, made.key.public_key())
    keyfiles.write_private(folder / "csc.bearer", f"{BEARER}\n".encode())
    keyfiles.write_private(folder / "csc.pin", f"{SERVICE_PIN}\n".encode())
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(made)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        made.address = f"http://127.0.0.1:{server.server_port}/csc/v1"
        words = {"address": made.address, "credential": "GX0112348", "bearer_file": "csc.bearer"}
        describe(folder, kind="csc", **words, pin_file="csc.pin", certificate="signing.crt")
        yield made
        server.shutdown()


def test_a_service_signs_a_hash_and_never_sees_a_receipt(service: Service, folder: Path) -> None:
    """CSC API: one authorization for this hash, one signature; what is signed does not leave the house."""
    signer = opened(folder)
    service.asked.clear()
    message = b"isi yang ditandatangani"
    signature = signer.sign(message)
    public = service.key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        algorithm = remote.RSA_SHA256
    else:
        public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        algorithm = remote.ECDSA_SHA256
    assert [method for method, _ in service.asked] == ["credentials/authorize", "signatures/signHash"]
    assert service.asked[1][1]["signAlgo"] == algorithm
    assert message.decode() not in json.dumps(service.asked)
    assert choosing.certificate_of(folder, folder / "none.pem") == signer.certificate


def test_a_service_with_another_key_is_found_at_the_start(service: Service, folder: Path) -> None:
    """The credential was changed and the certificate was not."""
    certified(folder, ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(SignerMismatch):
        opened(folder)


WRONG: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "refuses": lambda handler: answer(handler, {"error": "invalid_request"}, 400),
    "moves": lambda handler: answer(handler, {}, 302),
    "says nothing": lambda _: time.sleep(2.5),
    "says noise": lambda handler: answer(handler, b"<html>"),
    "says a list": lambda handler: answer(handler, [1]),
    "says too much": lambda handler: answer(handler, b" " * 100_000),
    "signs nothing": lambda handler: answer(handler, {"signatures": []}),
    "signs twice": lambda handler: answer(handler, {"signatures": ["eA==", "eA=="]}),
    "signs a number": lambda handler: answer(handler, {"signatures": [1]}),
    "signs sloppily": lambda handler: answer(handler, {"signatures": ["***"]}),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_service_that_does_not_sign_is_told(service: Service, folder: Path, how: str) -> None:
    """Slow, wrong or not at all: asked twice, then the PDF waits; no secret is in what is said."""
    signer = opened(folder)
    service.answers["signatures/signHash"] = WRONG[how]
    service.asked.clear()
    with pytest.raises(SigningUnavailable) as refused:
        signer.sign(b"x")
    assert len([method for method, _ in service.asked if method == "signatures/signHash"]) == remote.ATTEMPTS
    for secret in (BEARER, SERVICE_PIN, "izin-"):
        assert secret not in repr(refused.value)
        assert secret not in repr(signer)


def test_a_service_that_hiccups_once_is_asked_again(service: Service, folder: Path) -> None:
    """A hash signed twice harms nobody; a family that waits for its paper does."""
    signer = opened(folder)

    def once(handler: BaseHTTPRequestHandler) -> None:
        del service.answers["credentials/authorize"]
        answer(handler, {"error": "server_error"}, 500)

    service.answers["credentials/authorize"] = once
    assert signer.sign(b"x")


def test_nobody_there_is_told(service: Service, folder: Path) -> None:
    """A port where nobody listens."""
    account = remote.Account("http://127.0.0.1:9/csc/v1", "GX0112348", BEARER)
    certificate = x509.load_pem_x509_certificate((folder / "signing.crt").read_bytes())
    with pytest.raises(SigningUnavailable):
        remote.open_service(account, certificate)


def test_a_key_file_made_by_init_goes_on_signing(folder: Path) -> None:
    """Without a description the PEM file signs, as before."""
    key, certificate = receipt_keys.signing()
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    keyfiles.write_private(folder / "receipt-signing.pem", certificates.to_pem(key) + pem)
    assert opened(folder).certificate == certificate
