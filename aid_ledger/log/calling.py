"""The one client that speaks to witnesses: one request, no redirects, no longer than it must, no more than it may.

What is sent and what an answer means is decided in `witnessing.py`. Never called while a transaction is open.
"""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Final

from aid_ledger.core import clock

OK: Final = 200
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
_CHUNK_BYTES: Final = 1_024


class NoAnswer(Exception):
    """A witness could not be reached, or did not answer within the limits."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a witness answered."""

    status: int
    kind: str
    body: bytes


def post(address: str, body: bytes) -> Reply:
    """Send `body` to an address that begins with https:// or http:// and read the answer, whatever its status.

    Raises:
        NoAnswer: there was none, or it was too long or too slow.
    """
    return _ask(address, body, MAX_ANSWER_BYTES)


def get(address: str) -> Reply:
    """Read what lies at an address that begins with https:// or http://, whatever the answer's status.

    Raises:
        NoAnswer: there was none, or it was too long or too slow.
    """
    return _ask(address, None, MAX_NOTE_BYTES)


def _ask(address: str, body: bytes | None, limit: int) -> Reply:
    if not address.startswith(("https://", "http://")):
        raise NoAnswer("not an address of the web")
    headers = {"Content-Type": "text/plain; charset=utf-8"} if body is not None else {}
    try:
        request = urllib.request.Request(address, data=body, headers=headers)  # noqa: S310 - the scheme was checked above
        with _opener().open(request, timeout=TIMEOUT_S) as reply:
            return Reply(reply.status, reply.headers.get_content_type(), _read(reply, limit))
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(type(error).__name__) from error


def _opener() -> urllib.request.OpenerDirector:
    """Build it by hand: no redirects, no cookies, no passwords, and every status is an answer."""
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()):
        opener.add_handler(handler)
    return opener


def _read(reply: HTTPResponse, limit: int) -> bytes:
    ends_at = clock.monotonic() + DEADLINE_S
    body = bytearray()
    while piece := reply.read1(_CHUNK_BYTES):
        body += piece
        if len(body) > limit:
            raise NoAnswer("the answer is too long")
        if clock.monotonic() > ends_at:
            raise NoAnswer("the answer is too slow")
    return bytes(body)
