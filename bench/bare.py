"""The least a Python web server can do: the bytes of one tile out of memory, without framework and database.

Run by the same gunicorn with the same processes and threads, it is the limit that `serve` is measured against.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BODY = bytes(range(256)) * 32
HEADERS = [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(BODY)))]


def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer everything with one tile's worth of bytes."""
    start_response("200 OK", HEADERS)
    return [BODY]
