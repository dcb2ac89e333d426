"""Signing what is written last: a file whose beginning was hashed already, and lies where it lies."""

from __future__ import annotations

import hashlib

from aid_ledger.receipts import varying
from aid_ledger.receipts.signing import Seal
from audit.pdf import frame


def sealed(hashed: hashlib._Hash, first: int, varied: bytes, tail: bytes, seal: Seal) -> bytes:
    """Return `varied` and `tail` with the signature over the whole file in the gap that `varied` holds.

    `hashed` has taken in the `first` bytes before them, and is used up. The range is written before it is hashed, the
    signature afterwards: it is made over the bytes as they stand.
    """
    begins, ends = varying.gap_of(varied)
    size = first + len(varied) + len(tail)
    ranged = varying.signed_range(first + begins, first + ends, size)
    before = varied[: begins - len(varying.BETWEEN) - len(ranged)] + ranged + varying.BETWEEN
    after = varied[ends:] + tail
    hashed.update(before)
    hashed.update(after)
    return b"".join((before, frame.fill(seal.over(hashed.digest()), ends - begins), after))
