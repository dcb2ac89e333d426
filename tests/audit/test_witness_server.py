"""A witness over HTTP and from the command line: hostile callers get a status, never a traceback (attack V1)."""

from __future__ import annotations

import hashlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from audit import cosignature, note
from audit.cli import main
from audit.note import COSIGNATURE
from audit.witness import server as serving
from audit.witness.memory import Memory, Witness
from audit.witness.rules import MAX_REQUEST_BYTES
from audit.witness.server import WitnessServer
from tests.audit.small_log import LOG_KEY, LOG_VKEY, NOW_S, ORIGIN, WITNESSES
from tests.audit.witnessing import Told

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = WITNESSES[0]
VKEY = KEY.verifier(COSIGNATURE)
SHOWN = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
TRUTH = Told.of(7)
START_LIMIT_S = 60


class Running:
    """A witness that listens on this machine, and what it said."""

    def __init__(self, folder: Path) -> None:
        memory = Memory(folder / "state", log_keys=[LOG_KEY.verifier()], witness=VKEY)
        memory.make()
        self.said: list[str] = []
        witness = Witness(memory, log_keys=[LOG_KEY.verifier()], key=KEY, now_s=lambda: NOW_S)
        self.server = WitnessServer(("127.0.0.1", 0), witness, self.said.append)
        self.port = self.server.server_port

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
        """Send one request and read the whole answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body)
        reply = connection.getresponse()
        answer = (reply.status, reply.headers.get("Content-Type", ""), reply.read())
        connection.close()
        return answer

    def speak(self, words: bytes) -> bytes:
        """Send raw bytes, say that no more will come, and read what is answered until the witness hangs up."""
        answer: list[bytes] = []
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection, suppress(OSError):
            connection.sendall(words)
            connection.shutdown(socket.SHUT_WR)
            answer.extend(iter(lambda: connection.recv(65_536), b""))
        return b"".join(answer)


@contextmanager
def listening(folder: Path) -> Iterator[Running]:
    """Run a new witness."""
    made = Running(folder)
    with made.server:
        threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield made
        made.server.shutdown()


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Run a new witness whose patience is short."""
    monkeypatch.setattr(serving, "TIMEOUT_S", 1)
    with listening(tmp_path) as made:
        yield made


def test_a_rolled_back_log_learns_the_size_it_had(running: Running) -> None:
    """T1, LOG A6: 409 with the size and its own type."""
    assert running.ask("POST", "/add-checkpoint", TRUTH.request(0))[0] == 200
    assert running.ask("POST", "/add-checkpoint", Told.of(5).request(0)) == (409, "text/x.tlog.size", b"7\n")


def test_a_fork_is_refused_and_called_by_its_name(running: Running) -> None:
    """F1: the operator of the witness reads it in one line, before the log hears it and can hang up."""
    running.ask("POST", "/add-checkpoint", TRUTH.request(0))
    assert running.ask("POST", "/add-checkpoint", Told.of(7, other_from=1).request(7))[0] == 422
    assert running.said[0] == "200"
    assert running.said[1].startswith("422 ")
    assert running.said[1].endswith("THE LOG HAS TWO HISTORIES")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", SHOWN, 404),
        ("GET", "/../../etc/passwd", 404),
        ("POST", "/", 404),
        ("POST", SHOWN, 404),
        ("PUT", "/add-checkpoint", 501),
    ],
)
def test_there_are_two_addresses_and_no_more(running: Running, method: str, path: str, status: int) -> None:
    """What was never cosigned is not shown either."""
    assert running.ask(method, path)[0] == status


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.0\r\n\r\nold 0\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: -1\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 1e3\r\n\r\n", b" 411 "),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (MAX_REQUEST_BYTES + 1), b" 413 "),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 999999999\r\n\r\n", b" 413 "),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 9\r\n\r\nold 0", b" 400 "),
        (b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 3\r\n\r\n\xff\xfe\n", b" 400 "),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.0\r\n\r\n", b" 414 "),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_hostile_callers_get_a_status(running: Running, words: bytes, status: bytes) -> None:
    """V1: no length, a false one, one too long, noise; the witness lives on."""
    assert status in running.speak(words)
    assert running.ask("POST", "/add-checkpoint", TRUTH.request(0))[0] == 200


def test_who_speaks_slowly_is_cut_off(running: Running) -> None:
    """V1: a byte now and then does not hold a place for long."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        began = time.monotonic()
        connection.sendall(b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 500\r\n\r\nold")
        for _ in range(40):
            try:
                connection.sendall(b"x")
                time.sleep(0.1)
            except OSError:
                break
        assert time.monotonic() - began < 3.5
    assert running.ask("POST", "/add-checkpoint", TRUTH.request(0))[0] == 200


def test_too_many_callers_are_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """V1: silent callers take the places there are, the next is dropped at once, and a place that is left is free."""
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", 2)
    with listening(tmp_path) as running:
        silent = [socket.create_connection(("127.0.0.1", running.port), timeout=5) for _ in range(3)]
        assert silent[2].recv(1) == b""
        for each in silent:
            each.close()
        deadline = time.monotonic() + 20
        while running.speak(b"GET / HTTP/1.0\r\n\r\n") == b"":
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_connection_that_breaks_leaves_no_traceback(
    running: Running, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in one request is one line for the operator and nothing for the caller."""

    def broken(_: bytes) -> None:
        raise OSError("torn")

    monkeypatch.setattr(running.server.witness, "add_checkpoint", broken)
    words = b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: 3\r\n\r\nold"
    assert running.speak(words) == b""
    assert running.said == ["a connection broke"]
    assert "Traceback" not in capfd.readouterr().err


def test_cutting_a_connection_that_is_gone_does_nothing(running: Running) -> None:
    """The time-out may come in the moment in which the request ends."""
    handler = serving._Handler.__new__(serving._Handler)  # noqa: SLF001  # the moment cannot be met from outside
    handler.connection = socket.socket()
    handler._shut()  # noqa: SLF001
    handler.connection.close()


def test_a_log_that_grows_is_cosigned_and_shown(running: Running) -> None:
    """The answer is one line; everybody can see the checkpoint with the log's line and the witness's."""
    assert running.ask("POST", "/add-checkpoint", TRUTH.request(0))[0] == 200
    status, kind, body = running.ask("POST", "/add-checkpoint", Told.of(12).request(7))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    shown = note.parse(running.ask("GET", SHOWN)[2])
    assert shown.text == note.parse(Told.of(12).checkpoint()).text
    assert [each.name for each in shown.signatures] == [ORIGIN, KEY.name]
    assert shown.signatures[1].line().encode() == body
    assert [each.time_s for each in cosignature.verify(shown, [VKEY])] == [NOW_S]


def run(*words: object) -> Result:
    """Run a command; whatever happens, it ends by itself and without a traceback."""
    result = CliRunner().invoke(main, ["witness", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def serve_words(folder: Path, *more: object) -> list[object]:
    """Write the words that serve the witness of a folder."""
    files = ("--key", folder / "key", "--state", folder / "state")
    return ["serve", "--log-key", LOG_VKEY, *files, "--port", 0, *more]


def test_serving_needs_a_key_a_memory_and_a_free_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """W2: each thing that is missing ends with 1 and a sentence; a key of the wrong kind ends with 2."""
    monkeypatch.setattr(WitnessServer, "serve_forever", lambda _: None)
    assert run(*serve_words(tmp_path)).exit_code == 1
    made = run("key", "witness.example", "--file", tmp_path / "key")
    assert made.exit_code == 0
    assert run("key", "witness.example", "--file", tmp_path / "key").exit_code == 1
    as_log = ["serve", "--log-key", str(VKEY), *serve_words(tmp_path)[3:]]
    assert run(*as_log).exit_code == 2
    forgotten = run(*serve_words(tmp_path))
    assert (forgotten.exit_code, "missing" in forgotten.output) == (1, True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = [*serve_words(tmp_path)[:-1], taken.getsockname()[1]]
        assert run(*words, "--new", "--state", tmp_path / "other").exit_code == 1


def test_the_key_never_shows(tmp_path: Path) -> None:
    """Only the public half is printed."""
    made = run("key", "witness.example", "--file", tmp_path / "key")
    assert "PRIVATE" not in made.output


def test_a_witness_serves_and_remembers_after_a_kill(tmp_path: Path) -> None:
    """W2: killed between two answers, it starts without `--new`, and refuses what it refused before."""
    run("key", "witness.example", "--file", tmp_path / "key")
    code = "import sys; from audit.cli import main; main(sys.argv[1:])"
    for arguments, old, told, expected in (
        (["--new"], 0, TRUTH, 200),
        ([], 7, Told.of(9, other_from=2), 422),
        ([], 7, Told.of(9), 200),
    ):
        words = [sys.executable, "-c", code, "witness", *map(str, serve_words(tmp_path, *arguments))]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            said = dict(process.stdout.readline().strip().split(": ", 1) for _ in range(5))
            connection = http.client.HTTPConnection(said["address"].removeprefix("http://"), timeout=START_LIMIT_S)
            connection.request("POST", "/add-checkpoint", told.request(old))
            assert connection.getresponse().status == expected
            connection.close()
            process.kill()


def test_a_started_witness_says_what_goes_into_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key, the log, the size it stands at and its addresses, one to a line; no stranger steers the terminal."""
    monkeypatch.setattr(WitnessServer, "serve_forever", lambda server: server.say("400 \x1b[2J"))
    public = run("key", "witness.example", "--file", tmp_path / "key").output.split()[1]
    output = run(*serve_words(tmp_path, "--new")).output
    said = dict(line.split(": ", 1) for line in output.splitlines() if ": " in line)
    assert (said["vkey"], said["log"], said["size"], said["shows"]) == (public, ORIGIN, "0", SHOWN)
    assert "400 \ufffd[2J" in output
