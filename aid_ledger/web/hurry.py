"""A time for sending: who sends a form byte by byte must not hold a thread of the server for as long as they like.

The server reads a body in a thread and waits for it without end; a few such senders would be all it has threads for.
This ends the reading only: the answer still goes out. Slow headers are stopped before this, by the proxy that speaks
https for us.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from werkzeug.exceptions import RequestTimeout

SEND_S: Final = 60
"""House rule: a receipt of 60 kB over the weakest mobile network there is, 8 kbit/s."""
_CONNECTION: Final = "gunicorn.socket"


@contextmanager
def hurried(environ: Mapping[str, object]) -> Iterator[None]:
    """Let a body be read inside, for SEND_S; under another server than ours, for as long as it takes.

    Raises:
        RequestTimeout: it had not come whole by then. To whoever read it, it seemed to end.
    """
    connection = environ.get(_CONNECTION)
    if not isinstance(connection, socket.socket):
        yield
        return
    rung = threading.Event()
    bell = threading.Timer(SEND_S, _read_no_more, [connection, rung])
    bell.daemon = True
    bell.start()
    try:
        yield
    finally:
        bell.cancel()
        if rung.is_set():
            raise RequestTimeout


def _read_no_more(connection: socket.socket, rung: threading.Event) -> None:
    rung.set()
    # Whoever reads gets what has come, and then the end. A connection that is gone already needs no ending.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
