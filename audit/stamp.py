"""The stamp of a receipt: what its QR code states in some hundred bytes, signed, for a phone that has no signal.

It is the fragment of the code's address, which browsers never send, and written in decimal digits, which a QR code
holds in the least room. Which keys may stamp is `stampkeys.py`. What a stamp cannot know is whether the receipt still
stands; nor does it prove that the log holds the receipt, which the file of the receipt does (`pdf/evidence.py`).
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.errors import MalformedInput, SignatureFailed
from audit.facts.codec import MAX_AMOUNT, MAX_COUNT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.pdf.fields import ReceiptFields

HEADER: Final = "aid-ledger receipt stamp v1"
"""The first line of what is signed; the second is the log's origin, so that a stamp is worth nothing elsewhere."""
VERSION: Final = 1
CODE_BYTES: Final = 10
SIGNATURE_BYTES: Final = 64
MAX_TEXT_BYTES: Final = 48
"""House rule: a longer text would make the code's squares too small for cheap cameras; it is cut, and says so."""
MAX_DIGITS: Final = 1_000
"""House rule: the longest stamp has some 850 digits; what is longer is no stamp and not worth reading."""

_CUT: Final = "\u2026"
_EPOCH: Final = dt.date(1970, 1, 1)
_MAX_DAYS: Final = 0xFFFF
_FIXED_BYTES: Final = 1 + CODE_BYTES + 2
_DIGITS: Final = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a stamp states, in the order in which it is written.

    `unit` and `contents` say what goods the amount counts; both are empty for money. A text that ends in an ellipsis
    was cut.
    """

    code: str
    paid_on: dt.date
    index: int
    amount: int
    number: str
    program: str
    payee: str
    unit: str
    contents: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A stamp that was read, the bytes that are signed, and the signature, which nobody has checked yet."""

    stamp: Stamp
    body: bytes
    signature: bytes


def stamp_of(fields: ReceiptFields, index: int) -> Stamp:
    """Say in short what a receipt says, and where the log holds it.

    Raises:
        MalformedInput: it was received on no day.

    """
    if fields.paid_on is None:
        raise MalformedInput("a receipt is received on some day", rule="stamp.form")
    texts = (fields.number, fields.program_name, fields.payee, fields.unit, fields.contents)
    return Stamp(fields.code, fields.paid_on, index, fields.amount, *(_cut(each) for each in texts))


def write(stamp: Stamp) -> bytes:
    """Write what is signed: version, code, day, two numbers, five texts.

    Raises:
        MalformedInput: something does not fit.

    """
    days = (stamp.paid_on - _EPOCH).days
    if not 0 <= days <= _MAX_DAYS or not 0 <= stamp.index <= MAX_COUNT or not 1 <= stamp.amount <= MAX_AMOUNT:
        raise MalformedInput("a day or number is out of a stamp's range", rule="stamp.range")
    fixed = bytes([VERSION]) + base64.b32decode(stamp.code) + days.to_bytes(2)
    texts = (stamp.number, stamp.program, stamp.payee, stamp.unit, stamp.contents)
    return fixed + _number(stamp.index) + _number(stamp.amount) + b"".join(_text(each) for each in texts)


def message(origin: str, body: bytes) -> bytes:
    """Write what the stamp key signs for the log `origin`."""
    return f"{HEADER}\n{origin}\n".encode() + body


def to_digits(body: bytes, signature: bytes) -> str:
    """Write a signed stamp as it stands in the address."""
    return str(int.from_bytes(body + signature))


def read(text: str) -> Signed:
    """Read a stamp, or the address that ends in one, strictly: writing it again gives the same digits.

    Raises:
        MalformedInput: it is no stamp, or one of a version that is newer than this verifier.

    """
    digits = text.strip().rpartition("#")[2]
    if len(digits) > MAX_DIGITS or not _DIGITS.fullmatch(digits):
        raise MalformedInput("a stamp is a number of at most 1000 digits behind the #", rule="stamp.form")
    number = int(digits)
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    if raw[0] != VERSION:
        raise MalformedInput("a stamp of another version: this verifier does not know it", rule="stamp.version")
    body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    stamp = _Reader(body).read()
    if write(stamp) != body:
        raise MalformedInput("the stamp is written in another way", rule="stamp.form")
    return Signed(stamp, body, signature)


def verify(signed: Signed, origin: str, keys: Iterable[bytes]) -> bytes:
    """Check that one of the stamp keys of the log `origin` has signed, and return it.

    Raises:
        SignatureFailed: none has.

    """
    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, message(origin, signed.body))
        except InvalidSignature:
            continue
        return key
    raise SignatureFailed(f"no stamp key of {origin} has signed this", rule="stamp.signature")


class _Reader:
    """Takes the parts of a body from its front; what is missing or left over is refused."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def read(self) -> Stamp:
        fixed = self._take(_FIXED_BYTES)
        code = base64.b32encode(fixed[1 : 1 + CODE_BYTES]).decode()
        paid_on = _EPOCH + dt.timedelta(days=int.from_bytes(fixed[-2:]))
        index, amount = self._number(), self._number()
        texts = [self._text() for _ in range(5)]
        if self._at != len(self._body):
            raise MalformedInput("something follows the last text of the stamp", rule="stamp.form")
        return Stamp(code, paid_on, index, amount, *texts)

    def _take(self, count: int) -> bytes:
        part = self._body[self._at : self._at + count]
        if len(part) != count:
            raise MalformedInput("the stamp is cut off", rule="stamp.form")
        self._at += count
        return part

    def _number(self) -> int:
        """Read seven bits a byte, lowest first; the eighth says that more follow (LEB128)."""
        number = shift = 0
        while True:
            byte = self._take(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the eighth bit
                return number

    def _text(self) -> str:
        raw = self._take(self._take(1)[0])
        try:
            return raw.decode()
        except UnicodeError as error:
            raise MalformedInput("a text of the stamp is not UTF-8", rule="stamp.text") from error


def _number(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _text(text: str) -> bytes:
    raw = text.encode()
    # Not printable: control characters, and the marks that turn the direction of what is read.
    if len(raw) > MAX_TEXT_BYTES or not text.isprintable():
        raise MalformedInput(f"a text of a stamp is at most {MAX_TEXT_BYTES} printable bytes", rule="stamp.text")
    return bytes([len(raw)]) + raw


def _cut(text: str) -> str:
    raw = text.encode()
    if len(raw) <= MAX_TEXT_BYTES:
        return text
    return raw[: MAX_TEXT_BYTES - len(_CUT.encode())].decode(errors="ignore") + _CUT
