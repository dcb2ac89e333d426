"""A key on a real token: it signs for many threads, survives a lost session, and never gets a wrong PIN twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pkcs11.exceptions import UserAlreadyLoggedIn

from aid_ledger.core import keyfiles
from aid_ledger.receipts import signing
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signers import choosing, tokens
from aid_ledger.receipts.signing import SignerMismatch
from tests.builders.signers import certified, describe, opened

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, KEY, PIN = "bansos", "tanda-terima", "271828"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an empty folder of key files."""
    place = tmp_path / "keys"
    place.mkdir(mode=0o700)
    return place


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
