"""The outer frame of a receipt's file: one revision, one signature, and not a byte outside both.

`open_frame` answers one question: which bytes are signed, and which are the signature? Everything but the hexadecimal
digits between the two signed ranges is signed, so that nothing can be added, moved or left out. What the signed bytes
say is read afterwards, by `objects.py` and `document.py`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from audit.errors import MalformedInput
from audit.pdf import der

MAX_FILE_BYTES: Final = 1_048_576
"""House rule: a receipt is some 60 kB; nothing that we sign comes near this."""
MAX_SIGNATURE_BYTES: Final = 8_192
HEADER: Final = b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"
END: Final = b"%%EOF\n"

_ONCE: Final = (b"/ByteRange", b"startxref", b"%%EOF", b"%PDF-", b"/SubFilter")
_RANGE: Final = re.compile(rb"/ByteRange \[0 ([1-9][0-9]{0,6}) ([1-9][0-9]{0,6}) ([1-9][0-9]{0,6})\] *\n/Contents <")


@dataclass(frozen=True, slots=True)
class Frame:
    """A file cut into what is signed and what signs it; `gap` begins at the "<" and ends after the ">"."""

    whole: bytes
    gap: tuple[int, int]
    cms: bytes


def open_frame(pdf: bytes) -> Frame:
    """Cut a receipt's file apart; that it has one revision is left to `check_single`.

    Raises:
        MalformedInput: there is no signature over all of the file, or it is not written as ours are.

    """
    gap = locate(pdf)
    return Frame(pdf, gap, _signature_in(pdf[slice(*gap)]))


def check_single(pdf: bytes) -> None:
    """Check that there is one signature and one revision in the whole file.

    This reads the file five times, so it comes after the digest, which nearly every forgery fails.

    Raises:
        MalformedInput: there is more or less of either.

    """
    for word in _ONCE:
        if pdf.count(word) != 1:
            raise MalformedInput(f"{word.decode()} is not in the file exactly once", rule="receipt.frame")


def locate(pdf: bytes) -> tuple[int, int]:
    """Return where the gap for the signature begins and ends; the rest of the file is what is signed.

    Raises:
        MalformedInput: there is no signature over all of the file.

    """
    if len(pdf) > MAX_FILE_BYTES:
        raise MalformedInput(f"a receipt is at most {MAX_FILE_BYTES} bytes", rule="receipt.size")
    if not pdf.startswith(HEADER) or not pdf.endswith(END):
        raise MalformedInput("the file does not begin and end as a receipt does", rule="receipt.frame")
    found = _RANGE.search(pdf)
    if found is None:
        raise MalformedInput("the signed range is not written as a receipt's is", rule="receipt.range")
    begins, ends, rest = (int(number) for number in found.groups())
    covers_all = begins == found.end() - 1 and begins < ends and ends + rest == len(pdf)
    if not covers_all:
        raise MalformedInput("the signature does not cover the whole file", rule="receipt.range")
    return begins, ends


def digest(pdf: bytes, gap: tuple[int, int]) -> bytes:
    """Hash everything but the gap."""
    view = memoryview(pdf)
    hashed = hashlib.sha256(view[: gap[0]])
    hashed.update(view[gap[1] :])
    return hashed.digest()


def fill(cms: bytes, size: int) -> bytes:
    """Write a signature into a gap of `size` bytes: lower-case digits, then zeros to the end.

    Raises:
        MalformedInput: the gap is too small for the signature.

    """
    digits = size - len(b"<>")
    written = cms.hex().encode()
    if len(written) > digits:
        raise MalformedInput(f"a signature of {len(cms)} bytes does not fit its gap", rule="receipt.gap")
    return b"<" + written.ljust(digits, b"0") + b">"


def _signature_in(gap: bytes) -> bytes:
    """Read the signature in the gap; writing it again must give the same digits and padding."""
    if len(gap) > 2 * MAX_SIGNATURE_BYTES:
        raise MalformedInput("the gap for the signature is too wide", rule="receipt.gap")
    try:
        padded = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError as error:
        raise MalformedInput("the signature is not hexadecimal", rule="receipt.gap") from error
    cms = der.whole(padded)
    if fill(cms, len(gap)) != gap:
        raise MalformedInput("the signature is written in another way, or has a tail", rule="receipt.gap")
    return cms
