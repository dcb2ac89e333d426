"""What goes into a receipt before it is laid out: random codes and salts, masks, words, and the digest for the log.

The closed schema itself is `audit.pdf.fields`, for those who check are the ones who must be able to rely on it. This
file knows no database: who is paid what is `service.py`.
"""

from __future__ import annotations

import base64
import secrets
from typing import Final

from aid_ledger.receipts import words
from aid_ledger.web import formats
from audit.pdf import fields as schema
from audit.pdf.fields import GOODS, MONEY, Approver, Handover, HandoverWitness, ReceiptFields, SourceShare

__all__ = [
    "GOODS",
    "MONEY",
    "Approver",
    "Handover",
    "HandoverWitness",
    "ReceiptFields",
    "SourceShare",
    "amount_in_words",
    "log_digest",
    "masked_payee",
    "new_code",
    "new_salt",
]

CODE_BYTES: Final = 10
"""80 bits: nobody guesses a receipt, even with a thousand tries a second for a thousand years."""


def new_code() -> str:
    """Make the random code by which a receipt is looked up: 16 letters and digits of base32."""
    return base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()


def new_salt() -> bytes:
    """Make the salt of one receipt's digest; it is kept with the fields and erased with them."""
    return secrets.token_bytes(schema.SALT_BYTES)


def masked_payee(name: str, nik: str) -> tuple[str, str]:
    """Mask a name and a NIK as a page that may lie about in a village shows them."""
    return formats.mask_name(name), formats.mask_nik_public(nik)


def amount_in_words(amount: int, unit: str = "") -> str:
    """Write an amount out: whole rupiah when no unit of goods is given.

    Raises:
        ValueError: the amount has no words.

    """
    return f"{words.spell(amount)} {unit or 'rupiah'}"


def log_digest(fields: ReceiptFields, salt: bytes) -> str:
    """Digest the fields as the fact ReceiptIssued holds them: base64url without padding, 43 characters.

    Raises:
        MalformedInput: the fields or the salt break the schema.

    """
    return base64.urlsafe_b64encode(schema.digest(fields, salt)).rstrip(b"=").decode()
