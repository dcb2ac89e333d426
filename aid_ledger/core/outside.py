"""The one client that speaks to machines outside: one request, no redirects, no longer and no more than it may.

Never called while a transaction is open. What is sent, and what an answer means, is decided by the room that asks.
"""

from __future__ import annotations

import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Final

from audit.errors import SourceFailed
from audit.source import HTTPSWithin, HTTPWithin

OK: Final = 200
_CHUNK_BYTES: Final = 1_024
_UNHEARD: Final = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)


class NoAnswer(Exception):
    """Somebody outside could not be reached, or did not answer within the limits."""


class NotReached(NoAnswer):
    """Nobody was there to hear the question: it was not sent. Of any other silence nobody knows."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one answer may be silent and take in all, and how many bytes it may have."""

    silence_s: float
    deadline_s: float
    most_bytes: int


def ask(address: str, limits: Limits, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    """Send `body`, or ask for what lies there without one, and read the answer whatever its status.

    `address` begins with https:// or http://.

    Raises:
        NotReached: the question was not sent.
        NoAnswer: there was none, or it was too long or too slow.
    """
    if not address.startswith(("https://", "http://")):
        raise NoAnswer("not an address of the web")
    try:
        request = urllib.request.Request(address, data=body, headers=dict(headers or {}))  # noqa: S310 - checked above
        with _opener(limits).open(request, timeout=limits.silence_s) as reply:
            return Reply(reply.status, reply.headers.get_content_type(), _read(reply, limits))
    except urllib.error.URLError as error:
        # urllib wraps what fails before an answer; of these some fail before a single byte of the question has left.
        raise (NotReached if isinstance(error.reason, _UNHEARD) else NoAnswer)(type(error.reason).__name__) from error
    except (OSError, HTTPException, ValueError, SourceFailed) as error:
        raise NoAnswer(type(error).__name__) from error


def _opener(limits: Limits) -> urllib.request.OpenerDirector:
    """Build it by hand: no redirects, no cookies, no passwords, and every status is an answer.

    Its deadline is for headers too: a letter of them every few seconds would otherwise hold a worker for ever.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler(), HTTPWithin(limits.deadline_s), HTTPSWithin(limits.deadline_s)):
        opener.add_handler(handler)
    return opener


def _read(reply: HTTPResponse, limits: Limits) -> bytes:
    body = bytearray()
    while piece := reply.read1(_CHUNK_BYTES):
        body += piece
        if len(body) > limits.most_bytes:
            raise NoAnswer("the answer is too long")
    return bytes(body)
