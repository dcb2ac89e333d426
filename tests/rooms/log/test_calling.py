"""The client that speaks to witnesses: it follows nobody, waits for nobody and reads no more than it may (V1)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from aid_ledger.log import calling
from aid_ledger.log.calling import NoAnswer, Reply


class Hostile(BaseHTTPRequestHandler):
    """A witness that does what the path says."""

    def do_POST(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match self.path.strip("/"):
            case "moved":
                self._begin(302, ("Location", "/good"))
            case "long":
                self._begin(200)
                self.wfile.write(b"x" * 100_000)
            case "slow":
                self._begin(200)
                for _ in range(20):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            case "headers":
                with suppress(OSError):
                    for letter in b"HTTP/1.1 200 OK and so on for ever":
                        self.wfile.write(bytes([letter]))
                        time.sleep(0.05)
            case "silent":
                time.sleep(0.6)
            case "noise":
                self.wfile.write(b"this is not HTTP\r\n\r\n")
            case status:
                self._begin(int(status))
                self.wfile.write(body)

    def do_GET(self) -> None:
        """Fail: whoever gets here has followed us."""
        raise AssertionError

    def _begin(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/x.tlog.size")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server of which callers may hang up."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve on this machine, for a client of little patience."""
    monkeypatch.setattr(calling, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(calling, "DEADLINE_S", 0.4)
    with Server(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("path", ["long", "slow", "headers", "silent", "noise"])
def test_a_hostile_witness_costs_little(address: str, path: str) -> None:
    """V1: too long, too slow, its headers too, silent or noise: no answer."""
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        calling.post(f"{address}/{path}", b"")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example", "http://[", "http://127.0.0.1:9", "data:,"])
def test_only_the_web_is_called(address: str) -> None:
    """No file, no other protocol, and nobody there is no answer either."""
    with pytest.raises(NoAnswer):
        calling.post(address, b"")


def test_nobody_is_followed(address: str) -> None:
    """A redirect is an answer like any other status."""
    assert calling.post(f"{address}/moved", b"").status == 302


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409, 422, 500])
def test_every_status_is_an_answer(address: str, status: int) -> None:
    """LOG A6: what it means is decided by who asked."""
    assert calling.post(f"{address}/{status}", b"old 0\n") == Reply(status, "text/x.tlog.size", b"old 0\n")
