"""The web server as an agency runs it: `aid-ledger serve` in processes of its own, on a port of this machine."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from aid_ledger.settings import Settings
from tests.builders.officials import Founded
from tests.builders.web import settings_of

START_LIMIT_S = 180
"""A busy machine takes long to import the product twice: the server, and the worker beside it."""


@contextmanager
def serving(founded: Founded) -> Iterator[str]:
    """Serve a founded agency; give the address of its pages."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    with served(replace(settings_of(founded), base_url=address), port):
        yield address


@contextmanager
def served(settings: Settings, port: int) -> Iterator[None]:
    """Run the command with these settings, until the block ends."""
    command = [sys.executable, "-m", "aid_ledger", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=settings.child_environment(), stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield
        finally:
            process.terminate()
    assert process.returncode == 0, process.returncode
    with socket.socket() as knock:
        # Whoever stops the command has stopped the server, too.
        assert knock.connect_ex(("127.0.0.1", port)) != 0


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_LIMIT_S)
        try:
            connection.request("GET", "/log/checkpoint")
            assert connection.getresponse().status == 200
        except OSError:
            assert process.poll() is None, "the server ended while it started"
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return
        finally:
            connection.close()
