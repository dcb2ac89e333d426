"""A witness that nobody here wrote (aics-witness, C2SP tlog-witness v1.1.0) watches our log, and catches it lying."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from aid_ledger.log import witnessing
from audit import cosignature, note
from audit.note import VerifierKey
from tests.benches import copy_database, make_bench
from tests.builders.officials import Founded
from tests.builders.web import running_app
from tests.conftest import FoundedTemplate
from tests.rooms.log.writing import define

ORACLE = Path(__file__).parents[2] / ".venv-oracles" / "bin" / "aics-witness"
START_LIMIT_S = 60

pytestmark = pytest.mark.skipif(not ORACLE.exists(), reason="aics-witness is not installed: ./run test installs it")


def oracle(folder: Path, *words: str) -> str:
    """Run a command of the other people's witness."""
    words = (*words, "--config", str(folder / "witness.json"))
    return subprocess.run([ORACLE, *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def serving(folder: Path, founded: Founded) -> Iterator[tuple[str, VerifierKey]]:
    """Run it for our log; give its address and its key."""
    folder.mkdir()
    printed = oracle(folder, "init", "--name", "outside.example/witness")
    vkey = next(word for word in printed.split() if word.startswith("outside.example/witness+"))
    log_key = founded.bench.key.verifier()
    oracle(folder, "add-log", "--origin", log_key.name, "--vkey", str(log_key))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [str(ORACLE), "serve", "--config", str(folder / "witness.json"), "--listen", f"127.0.0.1:{port}"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}", note.parse_vkey(vkey)
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()


@pytest.fixture
def twin(backend: str, founded_template: FoundedTemplate, tmp_path: Path) -> Iterator[Founded]:
    """Give the same log once more with the same key, which then goes another way."""
    folder = tmp_path / "twin"
    folder.mkdir()
    url, remove = copy_database(backend, founded_template.url, folder)
    made = make_bench(url, folder, key=founded_template.key, keys=founded_template.keys)
    yield Founded(made, {login: replace(person) for login, person in founded_template.people.items()})
    made.engine.dispose()
    remove()


def watched_by(founded: Founded, url: str, vkey: VerifierKey) -> None:
    """Have an administrator add the witness, and the entry sealed."""
    words = {"name": "outside", "vkey": str(vkey), "url": url}
    founded.bench.acts.run(founded.actor("admin"), witnessing.add_witness, **words)
    founded.bench.sequencer.run_once()


def grow(founded: Founded, *codes: str) -> int:
    """Do deeds, have them sealed, and give the new size."""
    for code in codes:
        founded.bench.acts.run(founded.actor("operator"), define, code)
    return founded.bench.sequencer.run_once().size


def shown(app: Flask) -> note.Note:
    """Read the checkpoint as the web application serves it."""
    return note.parse(app.test_client(use_cookies=False).get("/log/checkpoint").data)


def faults(founded: Founded) -> list[str]:
    """Submit, and say what went wrong."""
    return [each.fault for each in witnessing.submit(founded.bench.engine)]


def test_a_strangers_witness_cosigns_our_log_as_it_grows_and_refuses_its_fork(
    founded: Founded, web_app: Flask, twin: Founded, tmp_path: Path
) -> None:
    """F1, F2, T1: growth and heartbeat are cosigned; the same key's other history, of any size, is not."""
    with serving(tmp_path / "outside", founded) as (url, vkey):
        watched_by(twin, url, vkey)
        watched_by(founded, url, vkey)
        for codes in ((), ("BERAS",), ("MINYAK", "GULA"), (), tuple(f"K{number}" for number in range(30))):
            grow(founded, *codes)
            assert faults(founded) == [""]
            assert [each.key for each in cosignature.verify(shown(web_app), [vkey])] == [vkey]
        size = grow(founded)

        assert faults(twin) == [witnessing.AHEAD]
        grow(twin, *[f"F{number}" for number in range(33)])
        assert grow(twin) == size
        assert faults(twin) == [witnessing.REFUSED]
        grow(twin, "LAIN")
        assert faults(twin) == [witnessing.REFUSED]
        with running_app(twin) as forked:
            assert cosignature.verify(shown(forked), [vkey]) == []
        assert faults(founded) == [""]
    kept = json.loads(oracle(tmp_path / "outside", "evidence"))
    assert {str(size), str(size + 1)} <= {each["request"].split("\n\n")[1].split("\n")[1] for each in kept}
