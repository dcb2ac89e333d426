"""Where files come from: within limits, whatever the other side does (attack V1)."""

from __future__ import annotations

import gzip
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from audit import source
from audit.errors import MalformedInput, SourceFailed
from audit.source import Absent, FolderSource, URLSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


GZIP = ("Content-Encoding", "gzip")
ANSWERS: dict[str, tuple[Any, ...]] = {
    "good": (200, b"good"),
    "packed": (200, gzip.compress(b"good"), GZIP),
    "bomb": (200, gzip.compress(bytes(50_000_000)), GZIP),
    "prolonged": (200, gzip.compress(b"good") + bytes(200_000), GZIP),
    "halved": (200, gzip.compress(b"good")[:-9], GZIP),
    "unpackable": (200, b"no gzip", GZIP),
    "moved": (302, b"", ("Location", "/log/good")),
    "broken": (500, b""),
    "short": (200, b"half", ("Content-Length", "9")),
}


class Hostile(BaseHTTPRequestHandler):
    """A server that does what is asked by the path, good or bad."""

    def do_GET(self) -> None:
        """Answer."""
        path = self.path.removeprefix("/log/")
        if path in ANSWERS:
            self.answer(*ANSWERS[path])
        elif path == "silent":
            time.sleep(0.6)
        elif path == "slow":
            self.answer(200, b"")
            for _ in range(8):
                self.wfile.write(b"x")
                time.sleep(0.05)
        elif path == "dripping":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            for number in range(8):
                self.wfile.write(b"X-Header-%d: x\r\n" % number)
                time.sleep(0.05)
        elif path == "noise":
            self.wfile.write(b"this is not HTTP\r\n\r\n")
        else:
            self.answer(404, b"")

    def answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        """Write an answer."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve on a free port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/log/"
        server.shutdown()


@pytest.mark.parametrize("path", ["good", "packed"])
def test_a_server_is_read(address: str, path: str) -> None:
    """Plain and compressed answers are the same file."""
    assert URLSource(address).fetch(path, 4) == b"good"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("bomb", "source.size"),
        ("halved", "source.short"),
        ("prolonged", "source.gzip"),
        ("dripping", "source.slow"),
        ("unpackable", "source.gzip"),
        ("moved", "source"),
        ("broken", "source"),
        ("silent", "source.slow"),
        ("slow", "source.slow"),
        ("short", "source.short"),
        ("noise", "source"),
        ("absent", "source.absent"),
    ],
)
def test_a_hostile_server_is_refused(address: str, path: str, rule: str) -> None:
    """V1: bombs, cut streams, redirects, silence, a drop at a time, lies about length, no HTTP at all."""
    with pytest.raises(SourceFailed) as refusal:
        URLSource(address, timeout_s=0.3, deadline_s=0.2).fetch(path, 1000)
    assert refusal.value.rule == rule


def test_silence_is_not_waited_out(address: str) -> None:
    """V1: a server that accepts and says nothing is given up long before the deadline of a whole file."""
    with pytest.raises(SourceFailed) as refusal:
        URLSource(address, timeout_s=0.1, deadline_s=60).fetch("silent", 1000)
    assert (refusal.value.rule, refusal.value.sentence) == ("source", "silent cannot be fetched: timed out")


def test_a_moment_that_has_passed_is_not_waited_for(address: str) -> None:
    """V1: what is left of the time may be nothing at all, which is no reason to wait for ever."""
    with pytest.raises(SourceFailed) as refusal:
        URLSource(address, deadline_s=0).fetch("good", 1000)
    assert (refusal.value.rule, refusal.value.sentence) == ("source.slow", "an answer took longer than 0 s")


def test_a_longer_file_than_asked_for_is_refused(address: str) -> None:
    """V1: the reader decides how much it reads."""
    for path in ("good", "packed"):
        with pytest.raises(SourceFailed) as refusal:
            URLSource(address).fetch(path, 3)
        assert refusal.value.rule == "source.size"


def test_nobody_at_home_is_a_refusal() -> None:
    """A port nobody listens on, and an address that is none."""
    for prefix in ("http://127.0.0.1:9", "http://127.0.0.1:99999", "http://[", "http://127.0.0.1:9/a b"):
        with pytest.raises(SourceFailed):
            URLSource(prefix).fetch("checkpoint", 10)


@pytest.mark.parametrize("prefix", ["file:///etc", "ftp://x", "ledger.example"])
def test_only_the_web_is_an_address(prefix: str) -> None:
    """V1: an address cannot point the verifier at the inspector's own files."""
    with pytest.raises(MalformedInput):
        URLSource(prefix)


def test_a_folder_is_read_within_limits(tmp_path: Path) -> None:
    """Files are files: absent, too long, a folder, a pipe or unreadable are refused."""
    (tmp_path / "checkpoint").write_bytes(b"1234")
    (tmp_path / "tile").mkdir()
    os.mkfifo(tmp_path / "pipe")
    folder = FolderSource(tmp_path)
    assert folder.fetch("checkpoint", 4) == b"1234"
    with pytest.raises(Absent):
        folder.fetch("nothing", 4)
    for path, limit in (("checkpoint", 3), ("tile", 9), ("pipe", 9), ("checkpoint/x" * 400, 9)):
        with pytest.raises(SourceFailed):
            folder.fetch(path, limit)


def test_a_source_is_an_address_or_a_folder(tmp_path: Path) -> None:
    """What the inspector types decides how it is read."""
    assert isinstance(source.open_source("https://ledger.example/log"), URLSource)
    assert isinstance(source.open_source(str(tmp_path)), FolderSource)
    with pytest.raises(SourceFailed):
        source.open_source(str(tmp_path / "nothing"))
    (tmp_path / "policy").write_bytes(b"quorum none\n")
    assert source.read_file(tmp_path / "policy", 100) == b"quorum none\n"
