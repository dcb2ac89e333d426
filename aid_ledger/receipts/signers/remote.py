"""A signer at a signing service: the API of the Cloud Signature Consortium (CSC API v1.0.4.0, sections 11.5 to 11.9).

The service sees the hash of what is signed and never a receipt. Two calls make a signature: one authorizes this hash,
one signs it. Asking again after a silence harms nobody, since the same hash only gets another signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from aid_ledger.core import outside
from aid_ledger.core.outside import OK, Limits, NoAnswer
from aid_ledger.receipts.rules import SigningUnavailable
from aid_ledger.receipts.signing import check_belongs

SHA256: Final = "2.16.840.1.101.3.4.2.1"
RSA_SHA256: Final = "1.2.840.113549.1.1.11"
ECDSA_SHA256: Final = "1.2.840.10045.4.3.2"
LIMITS: Final = Limits(silence_s=10, deadline_s=20, most_bytes=65_536)
"""A signature has some 350 characters, an authorization a few thousand at most."""
ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class Account:
    """Who asks a service for signatures: its address up to `/csc/v1`, the credential, and the secrets that open it."""

    address: str
    credential: str
    bearer: str = field(repr=False)
    pin: str = field(default="", repr=False)


class NoSignature(Exception):
    """The service was not reached, refused, or answered what is no signature; the message names no secret."""


@dataclass(frozen=True, slots=True)
class RemoteSigner:
    """Signs with a credential at a service."""

    account: Account
    certificate: x509.Certificate

    def sign(self, message: bytes) -> bytes:
        """Have the service sign SHA-256 of the message.

        Raises:
            SigningUnavailable: it does not, twice in a row.

        """
        hashed = base64.b64encode(hashlib.sha256(message).digest()).decode()
        for attempt in range(ATTEMPTS):
            try:
                return self._signature(hashed)
            except NoSignature as error:
                if attempt == ATTEMPTS - 1:
                    raise SigningUnavailable(f"the signing service gives no signature: {error}") from error
        raise AssertionError  # ATTEMPTS is not zero.

    def _signature(self, hashed: str) -> bytes:
        credential = {"credentialID": self.account.credential}
        pin = {"PIN": self.account.pin} if self.account.pin else {}
        authorized = self._ask("credentials/authorize", credential | pin | {"numSignatures": 1, "hash": [hashed]})
        is_ec = isinstance(self.certificate.public_key(), ec.EllipticCurvePublicKey)
        asked = {
            "SAD": authorized.get("SAD", ""),
            "hash": [hashed],
            "hashAlgo": SHA256,
            "signAlgo": ECDSA_SHA256 if is_ec else RSA_SHA256,
        }
        signatures = self._ask("signatures/signHash", credential | asked).get("signatures")
        if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], str):
            raise NoSignature("another number of signatures than asked for")
        try:
            return base64.b64decode(signatures[0], validate=True)
        except binascii.Error as error:
            raise NoSignature("a signature that is not base64") from error

    def _ask(self, method: str, words: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.account.bearer}"}
        try:
            address = f"{self.account.address.rstrip('/')}/{method}"
            reply = outside.ask(address, LIMITS, body=json.dumps(words).encode(), headers=headers)
        except NoAnswer as error:
            raise NoSignature(f"{method}: {error}") from error
        if reply.status != OK:
            raise NoSignature(f"{method}: status {reply.status}")
        try:
            said = json.loads(reply.body)
        except ValueError as error:
            raise NoSignature(f"{method}: no JSON") from error
        if not isinstance(said, dict):
            raise NoSignature(f"{method}: no object")
        return said


def open_service(account: Account, certificate: x509.Certificate) -> RemoteSigner:
    """Open an account, and see that its key is the certificate's by a signature over something that is no receipt.

    Raises:
        SigningUnavailable: the service does not sign.
        SignerMismatch: its key belongs to another certificate.

    """
    signer = RemoteSigner(account, certificate)
    check_belongs(signer)
    return signer
