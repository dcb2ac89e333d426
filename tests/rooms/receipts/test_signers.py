"""Whose key signs receipts: a container of an authority, a real token, a service; each with every way it may fail."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from pkcs11.exceptions import UserAlreadyLoggedIn

from aid_ledger.core import clock, keyfiles
from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.core.outside import Limits
from aid_ledger.receipts import certificates, signing
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signers import choosing, remote, tokens
from aid_ledger.receipts.signing import Signer, SignerMismatch
from tests.builders import receipt_keys

AGENCY = receipt_keys.AGENCY
LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, KEY, PIN = "bansos", "tanda-terima", "271828"
BEARER, SERVICE_PIN = "rahasia-pemanggil", "314159"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an empty folder of key files."""
    place = tmp_path / "keys"
    place.mkdir(mode=0o700)
    return place


def describe(folder: Path, **words: str) -> None:
    """Write receipt-signer.toml."""
    text = "".join(f"{name} = {json.dumps(word)}\n" for name, word in words.items())
    keyfiles.write_private(folder / choosing.FILE, text.encode(), replace=True)


def opened(folder: Path) -> Signer:
    """Open what the folder describes."""
    return choosing.open_signer(folder, folder / "receipt-signing.pem")


def certified(folder: Path, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> x509.Certificate:
    """Certify a key that lies elsewhere, and put the certificate into the folder."""
    made = certificates.certify(receipt_keys.root(), AGENCY, clock.now(), key)
    (folder / "signing.crt").write_bytes(receipt_keys.pem_of(made))
    return made


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


# --- tokens ---------------------------------------------------------------------------------------------------------


@dataclass
class Token:
    """A software token of this test."""

    folder: Path
    public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@pytest.fixture(scope="module")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give SoftHSM a place of its own, and a token; the library is loaded once in a process and reads it then."""
    place = tmp_path_factory.mktemp("softhsm")
    (place / "tokens").mkdir()
    (place / "softhsm2.conf").write_text(f"directories.tokendir = {place / 'tokens'}\nobjectstore.backend = file\n")
    former = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(place / "softhsm2.conf")
    words = ("--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "577215")
    subprocess.run(("softhsm2-util", *words), check=True, capture_output=True)
    yield place
    if former is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = former


def generated(kind: str, label: str) -> None:
    """Make a key on the token; it never leaves it."""
    held = pkcs11.lib(str(LIBRARY)).get_token(token_label=TOKEN)
    try:
        opened = held.open(user_pin=PIN, rw=True)
    except UserAlreadyLoggedIn:
        opened = held.open(rw=True)
    with opened as session:
        if kind == "rsa":
            session.generate_keypair(pkcs11.KeyType.RSA, 2_048, store=True, label=label)
            return
        parameters = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters("secp256r1")},
            local=True,
        )
        parameters.generate_keypair(store=True, label=label)


@pytest.fixture(params=["ec", "rsa"])
def token(softhsm: Path, folder: Path, request: pytest.FixtureRequest) -> Token:
    """Describe a token with a key of each kind, certified as its agency does it."""
    label = f"{KEY}-{request.param}-{time.monotonic_ns()}"
    generated(request.param, label)
    keyfiles.write_private(folder / "signing.pin", f"{PIN}\n".encode())
    describe(
        folder,
        kind="pkcs11",
        library=str(LIBRARY),
        token=TOKEN,
        key=label,
        pin_file="signing.pin",
        certificate="signing.crt",
    )
    public = choosing.public_key_of(folder)
    certified(folder, public)
    return Token(folder, public)


def test_a_token_signs_and_its_key_never_leaves_it(token: Token) -> None:
    """P-256 and RSA, each in the form that PDF signatures have."""
    signer = opened(token.folder)
    message = b"isi yang ditandatangani"
    signature = signer.sign(message)
    if isinstance(token.public, rsa.RSAPublicKey):
        token.public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    else:
        token.public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    assert choosing.certificate_of(token.folder, token.folder / "none.pem") == signer.certificate


def test_a_token_signs_for_many_threads(token: Token) -> None:
    """A session is one conversation: whoever comes second waits, and nobody gets another's signature."""
    signer = opened(token.folder)
    said: dict[bytes, bytes] = {}
    messages = [f"tanda terima {number}".encode() for number in range(16)]
    threads = [threading.Thread(target=lambda text=text: said.update({text: signer.sign(text)})) for text in messages]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for message, signature in said.items():
        if isinstance(token.public, rsa.RSAPublicKey):
            token.public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            token.public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    assert len(said) == len(messages)


def test_a_session_that_was_lost_is_opened_anew(token: Token) -> None:
    """The token was pulled out and put back: the next receipt is signed as if nothing had been."""
    signer = opened(token.folder)
    assert isinstance(signer, tokens.TokenSigner)
    signer._key.session.close()  # noqa: SLF001 - what happens when a token is pulled out
    signing.check_belongs(signer)


def test_the_key_of_another_certificate_is_found_at_the_start(token: Token) -> None:
    """Somebody renewed the key and left the certificate: no family's receipt is the first to tell."""
    certified(token.folder, ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(SignerMismatch):
        opened(token.folder)


WRONG_PIN = """
import sys
from pathlib import Path
import pkcs11
from cryptography import x509
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signers import tokens

tried = []
enter = tokens.enter
tokens.enter = lambda slot, pin: (tried.append(pin), enter(slot, pin))[1]
certificate = x509.load_pem_x509_certificate(Path(sys.argv[1]).read_bytes())
signer = tokens.TokenSigner(tokens.Slot(Path(sys.argv[2]), sys.argv[3], "x"), certificate, "000000")
for _ in range(5):
    try:
        signer.sign(b"x")
    except SigningUnavailable as error:
        print(error)
print(tried)
"""


def test_a_wrong_pin_is_tried_once(token: Token) -> None:
    """The third wrong PIN locks a token, and nobody in the building opens it again."""
    # A process of its own: in this one somebody is logged in, and no PIN would be asked for.
    words = (sys.executable, "-c", WRONG_PIN, str(token.folder / "signing.crt"), str(LIBRARY), TOKEN)
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    assert said[-1] == "['000000']"
    assert len(said) == 6
    assert "PinIncorrect" in said[0]


@pytest.mark.parametrize(
    "change",
    [
        {"library": "/nonexistent.so"},
        {"token": "tidak ada"},
        {"key": "tidak ada"},
    ],
)
def test_a_token_that_is_not_there_is_told(token: Token, change: dict[str, str]) -> None:
    """No library, no token, no key: the PDF waits, and nothing else does."""
    text = (token.folder / choosing.FILE).read_text()
    words = dict(line.split(" = ", 1) for line in text.splitlines())
    described = {name: json.loads(word) for name, word in words.items()} | change
    describe(token.folder, **described)
    with pytest.raises(SigningUnavailable):
        opened(token.folder)
    with pytest.raises(SigningUnavailable):
        choosing.public_key_of(token.folder)


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
    monkeypatch.setattr(remote, "LIMITS", Limits(silence_s=0.5, deadline_s=0.6, most_bytes=4_096))
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
    "says nothing": lambda _: time.sleep(0.8),
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
