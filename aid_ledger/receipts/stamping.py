"""Stamping a receipt: what its QR code states is signed here, with a key that the root has named and the log lists.

Deterministic (RFC 8032), so that the same receipt printed again holds the same code. Without a key that the log lists a
receipt goes out with its bare code, as all did before there were stamps: a stamp that nobody can check proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aid_ledger.core.keyfiles import KeyFileFault, read_private
from aid_ledger.custody.handed import StampWord
from aid_ledger.receipts.certificates import Root
from aid_ledger.receipts.placing import Placed, place_in_log
from audit import stamp, stampkeys
from audit.note import encode_base64
from audit.pdf.evidence import Evidence
from audit.pdf.fields import ReceiptFields


@dataclass(frozen=True, slots=True)
class StampKey:
    """A key that stamps receipts, held in memory; tests and `init` make one, the press reads it from its file."""

    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the key's private file (PEM); raises KeyFileFault if it is open to others or holds another key."""
        key = serialization.load_pem_private_key(read_private(file), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileFault(f"{file} holds no Ed25519 key; make one with aid-ledger stamps make")
        return cls(key)

    @property
    def public(self) -> bytes:
        """The 32 bytes that the root names."""
        return self.key.public_key().public_bytes_raw()

    @property
    def named(self) -> str:
        """The same as facts spell it."""
        return encode_base64(self.public)

    def to_pem(self) -> bytes:
        """Write the private key as its file holds it."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def stamp(self, evidence: Evidence) -> str:
        """Give the digits that state in short what a receipt says and where the log holds it, signed.

        Raises:
            MalformedInput: the evidence breaks its schema.

        """
        return self.stamp_at(evidence.fields, place_in_log(evidence))

    def stamp_at(self, fields: ReceiptFields, placed: Placed) -> str:
        """Stamp as `stamp` does, for whoever knows already where the log holds the receipt."""
        body = stamp.write(stamp.stamp_of(fields, placed.entry))
        return stamp.to_digits(body, self.key.sign(stamp.message(placed.checkpoint.origin, body)))


def word_on(public: bytes, origin: str, root: Root) -> StampWord:
    """Have the root name a key that stamps the receipts of a log, where the root's key is."""
    signature = root.key.sign(stampkeys.statement(origin, public), padding.PKCS1v15(), hashes.SHA256())
    return StampWord(origin, public, root.certificate.public_bytes(serialization.Encoding.DER), signature)
