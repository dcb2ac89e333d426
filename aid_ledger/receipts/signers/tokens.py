"""A signer whose key never leaves its token: PKCS#11, through the vendor's own library.

One session is kept open for the life of the process. A token is spoken to by one thread at a time, and a session that
was lost (the token pulled out, the service restarted) is opened anew once: signing the same bytes twice harms nobody.
An ECDSA token draws its own random number, so that a receipt printed twice differs in its signature.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import (
    DeviceError,
    DeviceRemoved,
    KeyHandleInvalid,
    ObjectHandleInvalid,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    SessionClosed,
    SessionHandleInvalid,
    TokenNotPresent,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
)
from pkcs11.util.ec import encode_ec_public_key
from pkcs11.util.rsa import encode_rsa_public_key

from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signing import check_belongs
from audit.pdf.cms import PublicKey

LOST: Final = (
    *(DeviceError, DeviceRemoved, KeyHandleInvalid, ObjectHandleInvalid, SessionClosed, SessionHandleInvalid),
    *(TokenNotPresent, UserNotLoggedIn),
)
"""What a session says that is gone; opening another may help."""
PIN_REFUSED: Final = (PinExpired, PinIncorrect, PinInvalid, PinLenRange, PinLocked)
"""Never tried again: the third wrong PIN locks a token, and only its maker opens it then."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a key is found: the vendor's library, and the labels of the token and of the key on it."""

    library: Path
    token: str
    key: str


@dataclass(slots=True)
class TokenSigner:
    """Signs with a key on a token. Not to be shared across a fork: open it in the process that signs."""

    slot: Slot
    certificate: x509.Certificate
    pin: str = field(repr=False)
    _key: Any = field(default=None, repr=False)
    _is_refused: bool = False
    _alone: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def sign(self, message: bytes) -> bytes:
        """Sign with the token.

        Raises:
            SigningUnavailable: the token does not answer, has no such key, or refuses the PIN.

        """
        with self._alone:
            try:
                return self._sign(message)
            except LOST:
                self._key = None
            except PKCS11Error as error:
                raise _unavailable(error) from error
            try:
                return self._sign(message)
            except PKCS11Error as error:
                raise _unavailable(error) from error

    def _sign(self, message: bytes) -> bytes:
        self._key = self._key or self._open()
        # By the key, not by the certificate: whether those two belong together is what `check_belongs` finds out.
        if self._key.key_type is not KeyType.EC:
            return bytes(self._key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
        digest = hashes.Hash(hashes.SHA256())
        digest.update(message)
        raw = bytes(self._key.sign(digest.finalize(), mechanism=Mechanism.ECDSA))
        # A token gives r and s side by side (PKCS #11 section 2.3.1); signatures travel in DER.
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))

    def _open(self) -> Any:  # noqa: ANN401 - the library ships no types
        if self._is_refused:
            raise SigningUnavailable("the token refused its PIN; it is not tried again before a restart")
        try:
            session = enter(self.slot, self.pin)
        except PIN_REFUSED:
            self._is_refused = True
            raise
        return session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=self.slot.key)


def enter(slot: Slot, pin: str) -> pkcs11.Session:
    """Open a session in which the user is logged in; a token counts the logins of a process, not of its sessions."""
    token = pkcs11.lib(str(slot.library)).get_token(token_label=slot.token)
    try:
        return token.open(user_pin=pin)
    except UserAlreadyLoggedIn:
        return token.open()


def open_token(slot: Slot, certificate: x509.Certificate, pin: str) -> TokenSigner:
    """Open a token, and see that its key is the certificate's by signing something that is no receipt.

    Raises:
        SigningUnavailable: the library cannot be loaded, or the token does not sign.
        SignerMismatch: the key on the token belongs to another certificate.

    """
    signer = TokenSigner(slot, certificate, pin)
    check_belongs(signer)
    return signer


def public_key(slot: Slot, pin: str) -> PublicKey:
    """Read the public half of a token's key.

    Raises:
        SigningUnavailable: the token does not answer, has no such key, or it is of a kind that signs no receipts.

    """
    try:
        with enter(slot, pin) as session:
            found = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=slot.key)
            key = cast("pkcs11.PublicKey", found)
            raw = encode_ec_public_key(key) if found.key_type is KeyType.EC else encode_rsa_public_key(key)
    except PKCS11Error as error:
        raise _unavailable(error) from error
    public = serialization.load_der_public_key(raw)
    if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise SigningUnavailable("the token's key is neither P-256 nor RSA")
    return public


def _unavailable(error: PKCS11Error) -> SigningUnavailable:
    """Say what went wrong by its name only: a vendor's message may hold anything."""
    return SigningUnavailable(f"the token does not sign: {type(error).__name__}")
