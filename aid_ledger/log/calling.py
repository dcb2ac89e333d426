"""How witnesses are spoken to: the addresses' answers, and the limits that protocol needs.

What is sent and what an answer means is decided in `witnessing.py`. Never called while a transaction is open.
"""

from __future__ import annotations

from typing import Final

from aid_ledger.core import outside
from aid_ledger.core.outside import OK, Limits, NoAnswer, Reply

__all__ = ["INCONSISTENT", "OK", "OTHER_SIZE", "SIZE", "NoAnswer", "Reply", "get", "post"]

OTHER_SIZE: Final = 409
"""The witness last cosigned another size than the proof begins from."""
INCONSISTENT: Final = 422
SIZE: Final = "text/x.tlog.size"
"""The type of a 409 that names that size."""

TIMEOUT_S: Final = 5.0
"""How long a witness may be silent."""
DEADLINE_S: Final = 10.0
"""How long one answer may take in all."""
MAX_ANSWER_BYTES: Final = 4_096
"""A cosignature line has some 150 bytes, a size twenty."""
MAX_NOTE_BYTES: Final = 16_384
"""What a witness shows of a log: its checkpoint with some cosignatures; the smallest limit of any we know."""


def post(address: str, body: bytes) -> Reply:
    """Send `body` to an address that begins with https:// or http:// and read the answer, whatever its status.

    Raises:
        NoAnswer: there was none, or it was too long or too slow.
    """
    text = {"Content-Type": "text/plain; charset=utf-8"}
    return outside.ask(address, Limits(TIMEOUT_S, DEADLINE_S, MAX_ANSWER_BYTES), body=body, headers=text)


def get(address: str) -> Reply:
    """Read what lies at an address that begins with https:// or http://, whatever the answer's status.

    Raises:
        NoAnswer: there was none, or it was too long or too slow.
    """
    return outside.ask(address, Limits(TIMEOUT_S, DEADLINE_S, MAX_NOTE_BYTES))
