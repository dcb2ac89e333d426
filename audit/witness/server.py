"""The witness over HTTP: one address to submit to, one where everybody sees what it last swore to.

The standard library's server with what it lacks: a limit on connections, on the bytes of a request and on the time
one may take. One request per connection. Put a proxy with TLS before it where the network is not your own.
"""

from __future__ import annotations

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, cast

from audit.witness.rules import MALFORMED, MAX_REQUEST_BYTES, OK, UNKNOWN, Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.witness.memory import Witness

TIMEOUT_S: Final = 10
"""How long the other side may be silent, and how long one request may take in all."""
MAX_CONNECTIONS: Final = 32
"""Requests at a time; a log asks once a second at most, so more than these are an attack or a mistake."""
LENGTH_NEEDED: Final = 411
TOO_LONG: Final = 413
_LENGTH: Final = re.compile(r"[0-9]{1,9}")


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness; `say` is told of every submission in one line."""

    daemon_threads = True
    request_queue_size = 2 * MAX_CONNECTIONS

    def __init__(self, place: tuple[str, int], witness: Witness, say: Callable[[str], None]) -> None:
        super().__init__(place, _Handler)
        self.witness = witness
        self.say = say
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's own types
        """Serve the connection in a thread of its own, or drop it when there are too many."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the same
        """Serve, and give the place back whatever happened."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002 - the same
        """Say that a connection broke; the standard library would print a traceback."""
        self.say("a connection broke")


class _Handler(BaseHTTPRequestHandler):
    """One request; HTTP/1.0 in the answers, so that the connection ends with it."""

    server_version = "aid-audit-witness"
    sys_version = ""
    timeout = TIMEOUT_S

    def setup(self) -> None:
        """Begin, and be cut off in time however slowly the other side speaks."""
        super().setup()
        self._cut = threading.Timer(TIMEOUT_S, self._shut)
        self._cut.daemon = True
        self._cut.start()

    def finish(self) -> None:
        """End."""
        self._cut.cancel()
        super().finish()

    def do_POST(self) -> None:
        """Take a checkpoint."""
        if self.path != "/add-checkpoint":
            self._send(Answer(UNKNOWN, b"checkpoints are posted to /add-checkpoint\n"))
            return
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length):
            self._send(Answer(LENGTH_NEEDED, b"a request says how long it is\n"))
            return
        if int(length) > MAX_REQUEST_BYTES:
            self._send(Answer(TOO_LONG, f"a request is at most {MAX_REQUEST_BYTES} bytes\n".encode()))
            return
        raw = self.rfile.read(int(length))
        if len(raw) < int(length):
            self._send(Answer(MALFORMED, b"the request ends in the middle\n"))
            return
        server = cast("WitnessServer", self.server)
        answer = server.witness.add_checkpoint(raw)
        fork = " THE LOG HAS TWO HISTORIES" if answer.is_fork else ""
        reason = "" if answer.status == OK else f" {answer.body.decode().strip()}"
        # The operator first: a log that is caught need not stay on the line to hear it.
        server.say(f"{answer.status}{reason}{fork}")
        self._send(answer)

    def do_GET(self) -> None:
        """Show what was last cosigned."""
        witness = cast("WitnessServer", self.server).witness
        last = witness.last
        if self.path != witness.address or last is None:
            self._send(Answer(UNKNOWN, b"nothing was cosigned under that address\n"))
            return
        self._send(Answer(OK, last.signed.encode()))

    def log_message(self, *_: object) -> None:
        """Say nothing of who asked what: `say` tells what was decided."""

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(answer.body)

    def _shut(self) -> None:
        """Break the connection from outside, which ends whatever read waits for it."""
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It ended by itself in the same moment.
            return
