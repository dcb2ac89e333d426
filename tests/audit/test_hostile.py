"""The real command against a real hostile server: it ends by itself, with a sentence, in little memory (V1, V2, N1).

Everything the log's holder can do alone: they sign what they like and serve what they like. The command runs in a
process of its own whose address space is limited, so that a bomb which goes off is seen.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from audit import tiles
from tests.audit.small_log import LOG_VKEY, Files, honest_entries, make_checkpoint, make_log, root_of

ADDRESS_SPACE = 512 * 2**20
PEAK_MB = 128
"""Python with its imports takes some 40, the largest bundle 17 and as much again taken apart."""
TIME_LIMIT_S = 60
COMMAND = f"""
import re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({ADDRESS_SPACE}, {ADDRESS_SPACE}))
from audit.cli import main
try:
    main()
finally:
    print(re.search("VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
"""
ENTRIES = honest_entries(300)
LOG = make_log(ENTRIES)
CHUNK = bytes(65_536)

Answer = Callable[[BaseHTTPRequestHandler], None]


def plain(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Answer with a body; underscores in the names of headers are hyphens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(encoding: str = "identity") -> Answer:
    """Answer for as long as somebody reads."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        plain(b"", Content_Encoding=encoding)(handler)
        while True:
            handler.wfile.write(CHUNK)

    return answer


def raw(wire: bytes) -> Answer:
    """Answer with bytes that need not be HTTP."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(wire)

    return answer


@dataclass
class Attack:
    """What is served in the place of true files, and the rule that it must break."""

    rule: str
    answers: dict[str, Answer] = field(default_factory=dict)
    files: Files = field(default_factory=lambda: LOG)
    index: str = "unknown"


def signed(entries: list[bytes]) -> Files:
    """Lay out a log of whatever entries, truly signed."""
    return make_log(entries)


def claimed(size: int) -> Files:
    """Sign a size that nobody has entries for."""
    return Files(LOG | {"checkpoint": make_checkpoint(size, root_of(ENTRIES))})


BUNDLE = "tile/entries/000"
TILE = "tile/0/000"
NOTE = LOG["checkpoint"]
BOMB = gzip.compress(bytes(200 * 2**20), 9)
WIDEST = tiles.encode_bundle([b"[" * 65_535] * 256)
ATTACKS = {
    "a checkpoint without end": Attack("source.size", {"checkpoint": endless()}),
    "a key file without end": Attack("result", {"log.vkey": endless()}),
    "a bundle without end": Attack("source.size", {BUNDLE: endless()}, index="0"),
    "a tile without end": Attack("source.size", {TILE: endless()}, index="0"),
    "a gzip bomb for a checkpoint": Attack("source.size", {"checkpoint": plain(BOMB, Content_Encoding="gzip")}),
    "a gzip bomb for a bundle": Attack("source.size", {BUNDLE: plain(BOMB, Content_Encoding="gzip")}, index="0"),
    "noise after gzip without end": Attack("source.gzip", {BUNDLE: endless("gzip")}, index="0"),
    "a redirect": Attack("source", {"checkpoint": plain(b"", 302, Location="file:///etc/passwd")}),
    "a redirect of a bundle": Attack("source", {BUNDLE: plain(b"", 301, Location="http://127.0.0.1:9/")}, index="0"),
    "an error": Attack("source", {BUNDLE: plain(b"", 500)}, index="0"),
    "no HTTP": Attack("source", {BUNDLE: raw(b"SSH-2.0-OpenSSH\r\n")}, index="0"),
    "a header without end": Attack("source", {BUNDLE: raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2**20)}, index="0"),
    "headers without end": Attack("source", {BUNDLE: raw(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 2**16)}, index="0"),
    "a length that is none": Attack("bundle.short", {BUNDLE: plain(b"", Content_Length="-1")}, index="0"),
    "a length of exabytes": Attack("source.short", {BUNDLE: plain(b"", Content_Length="9" * 20)}, index="0"),
    "chunks of nonsense": Attack(
        "source", {BUNDLE: raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}, index="0"
    ),
    "a pruned bundle": Attack("source.absent", {BUNDLE: plain(b"", 404)}, index="0"),
    "a pruned tile": Attack("source.absent", {TILE: plain(b"", 410)}, index="0"),
    "entries that nobody has": Attack("source.absent", files=claimed(2**32), index="256"),
    "more entries than there can be": Attack("log.size", files=claimed(2**62)),
    "the largest size": Attack("log.size", files=claimed(2**63 - 1)),
    "a size beyond every integer": Attack(
        "checkpoint.number", {"checkpoint": plain(NOTE.replace(b"\n300\n", b"\n%d\n" % 2**63))}
    ),
    "a size of leading zeros": Attack(
        "checkpoint.number", {"checkpoint": plain(NOTE.replace(b"\n300\n", b"\n0300\n"))}
    ),
    "sloppy base64": Attack("note.base64", {"checkpoint": plain(NOTE.removesuffix(b"\n") + b"=\n")}),
    "other line ends": Attack("note.text", {"checkpoint": plain(NOTE.replace(b"\n", b"\r\n", 1))}),
    "brackets to the end": Attack("entry.hash", {BUNDLE: plain(WIDEST)}, index="0"),
    "signed brackets": Attack("canonical.depth", files=signed([b"[" * 65_535] * 300), index="0"),
    "signed objects in objects": Attack("canonical.depth", files=signed([b'{"a":' * 13_000] * 3), index="0"),
    "signed repeated names": Attack("canonical.duplicate", files=signed([*ENTRIES[:9], b'{"a":1,"a":2}']), index="9"),
    "signed digits": Attack("canonical.integer", files=signed([b'{"a":' + b"9" * 65_000 + b"}"]), index="0"),
    "signed floats": Attack("canonical.float", files=signed([b'{"a":1e400}']), index="0"),
    "signed surrogates": Attack("canonical.unicode", files=signed([b'{"a":"\\ud800"}']), index="0"),
    "signed nothing": Attack("canonical.json", files=signed([b""]), index="0"),
    "signed noise": Attack("canonical.unicode", files=signed([b"\xff" * 65_535] * 256), index="0"),
    "an entry twice": Attack("order.id_twice", files=signed([*ENTRIES, ENTRIES[4]]), index="300"),
}


class Server(ThreadingHTTPServer):
    """Serves the files of one attack."""

    attack: Attack
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: the other side goes away in the middle, which is the point."""


class Handler(BaseHTTPRequestHandler):
    """Answers as the attack says, and truly otherwise."""

    server: Server

    def do_GET(self) -> None:
        """Answer one request."""
        path, attack = self.path.removeprefix("/log/"), self.server.attack
        if path in attack.answers:
            with suppress(OSError):
                attack.answers[path](self)
        elif path in attack.files:
            plain(attack.files[path])(self)
        else:
            plain(b"", 404)(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve on a free port of this machine."""
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


def run(server: Server, *options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str], float]:
    """Run the command on what the server serves; give how it ended, what it said, and its peak in MB."""
    address = f"http://127.0.0.1:{server.server_port}/log"
    command = [sys.executable, "-c", COMMAND, "verify", address, *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    *errors, peak_kb = ended.stderr.splitlines()
    assert errors == []
    return ended, dict(line.split(": ", 1) for line in ended.stdout.splitlines()), int(peak_kb) / 1024


@pytest.mark.parametrize("name", ATTACKS)
def test_the_command_survives(server: Server, name: str) -> None:
    """V1, V2, N1, C1-C5: exit 1, the rule, the first bad index, no traceback, bounded memory and time."""
    server.attack = attack = ATTACKS[name]
    ended, said, peak_mb = run(server, "--log-key", LOG_VKEY)
    expected = (0, "good", None, None) if attack.rule == "result" else (1, "bad", attack.rule, attack.index)
    assert (ended.returncode, said["result"], said.get("rule"), said.get("first_bad_index")) == expected
    assert peak_mb < PEAK_MB


def test_the_same_server_is_good_without_an_attack(server: Server) -> None:
    """Otherwise the attacks would prove nothing."""
    server.attack = Attack("none")
    ended, said, _peak_mb = run(server, "--log-key", LOG_VKEY)
    assert (ended.returncode, said["result"]) == (0, "good")
