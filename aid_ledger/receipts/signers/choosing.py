"""Which signer an installation has: `receipt-signer.toml` beside the other key files, or the PEM file `init` made.

    kind = "pkcs12"                   kind = "pkcs11"                               kind = "csc"
    file = "signing.p12"              library = "/usr/lib/softhsm/libsofthsm2.so"   address = "https://…/csc/v1"
    password_file = "signing.pass"    token = "bansos"                              credential = "GX0112348"
                                      key = "tanda-terima"                          bearer_file = "csc.bearer"
                                      pin_file = "signing.pin"                      pin_file = "csc.pin"
                                      certificate = "signing.crt"                   certificate = "signing.crt"

Secrets are private files of their own, never words in this one. A relative path begins beside the file that names it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from aid_ledger.core.keyfiles import KeyFileFault, read_private
from aid_ledger.receipts.signers import files, remote, tokens
from aid_ledger.receipts.signing import Signer
from audit.pdf.cms import PublicKey

FILE: Final = "receipt-signer.toml"
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Where a service may be spoken to without TLS: a proxy or connector on this very machine."""


class SignerFault(KeyFileFault):
    """`receipt-signer.toml` cannot be understood; the message says what is wrong with it."""


def open_signer(folder: Path, pem_file: Path) -> Signer:
    """Open the signer that the folder of key files describes.

    Raises:
        KeyFileFault: a file is missing, open to others, or says what cannot be understood.
        SigningUnavailable: token or service do not sign.
        SignerMismatch: key and certificate do not belong together.

    """
    words = _described(folder)
    return _OPEN[words.text("kind")](words) if words else files.load_pem(pem_file)


def is_there(folder: Path, pem_file: Path) -> bool:
    """Tell whether the folder of key files has a signer at all."""
    return pem_file.exists() or (folder / FILE).exists()


def certificate_of(folder: Path, pem_file: Path) -> x509.Certificate:
    """Read the signing certificate without opening the key, where it lies in a file of its own.

    Raises:
        KeyFileFault, SigningUnavailable, SignerMismatch: as `open_signer`.

    """
    words = _described(folder)
    if words and words.text("kind") != "pkcs12":
        return words.certificate()
    return open_signer(folder, pem_file).certificate


def public_key_of(folder: Path) -> PublicKey:
    """Read the public half of a token's key, before there is a certificate for it.

    Raises:
        KeyFileFault: the file of the signer is missing, cannot be understood, or names no token.
        SigningUnavailable: the token does not answer.

    """
    words = _described(folder)
    if words is None or words.text("kind") != "pkcs11":
        raise SignerFault(f"{folder / FILE}: only a token (pkcs11) is asked for its public key")
    return tokens.public_key(_slot(words), words.secret("pin_file"))


def _described(folder: Path) -> Words | None:
    """Read the file and refuse what is not known in it: a misspelt word is no setting."""
    place = folder / FILE
    if not place.exists():
        return None
    try:
        found = tomllib.loads(read_private(place).decode())
    except ValueError as error:
        raise SignerFault(f"{place} is no TOML") from error
    kind = found.get("kind")
    known = _KNOWN.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise SignerFault(f"{place}: kind is one of {', '.join(_KNOWN)}")
    if unknown := sorted(found.keys() - known - {"kind"}):
        raise SignerFault(f"{place}: {unknown[0]} is not known for this kind; known are {', '.join(sorted(known))}")
    return Words(place, found)


class Words:
    """What the file says, by name; paths begin beside it."""

    def __init__(self, place: Path, words: Mapping[str, object]) -> None:
        self._place, self._words = place, words

    def text(self, name: str) -> str:
        """Give a word that must be there."""
        word = self._words.get(name)
        if not isinstance(word, str) or not word:
            raise SignerFault(f"{self._place}: {name} is missing, or no text")
        return word

    def path(self, name: str) -> Path:
        """Give a path."""
        return self._place.parent / self.text(name)

    def secret(self, name: str) -> str:
        """Read a secret from its own private file, without the line's end."""
        return read_private(self.path(name)).decode().rstrip("\r\n")

    def secret_if_named(self, name: str) -> str:
        """Read a secret where one is needed at all."""
        return self.secret(name) if name in self._words else ""

    def certificate(self) -> x509.Certificate:
        """Read the signing certificate, which is public."""
        try:
            return x509.load_pem_x509_certificate(self.path("certificate").read_bytes())
        except (OSError, ValueError) as error:
            raise SignerFault(f"{self._place}: certificate names no certificate (PEM) that can be read") from error

    def address(self) -> str:
        """Give the address of a service: https, or http on this machine only."""
        address = self.text("address")
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
            raise SignerFault(f"{self._place}: address begins with https://")
        return address


def _pkcs12(words: Words) -> Signer:
    return files.load_pkcs12(words.path("file"), words.secret("password_file").encode())


def _pkcs11(words: Words) -> Signer:
    return tokens.open_token(_slot(words), words.certificate(), words.secret("pin_file"))


def _slot(words: Words) -> tokens.Slot:
    return tokens.Slot(words.path("library"), words.text("token"), words.text("key"))


def _csc(words: Words) -> Signer:
    account = remote.Account(
        words.address(), words.text("credential"), words.secret("bearer_file"), words.secret_if_named("pin_file")
    )
    return remote.open_service(account, words.certificate())


_KNOWN: Final = {
    "pkcs12": frozenset({"file", "password_file"}),
    "pkcs11": frozenset({"library", "token", "key", "pin_file", "certificate"}),
    "csc": frozenset({"address", "credential", "bearer_file", "pin_file", "certificate"}),
}
_OPEN: Final[Mapping[str, Callable[[Words], Signer]]] = {"pkcs12": _pkcs12, "pkcs11": _pkcs11, "csc": _csc}
