"""An authority of time that listens on this machine: `openssl ts` behind a small server, or whatever a test answers."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.log import queries, timestamping
from aid_ledger.log.models import LogTimestamp
from aid_ledger.log.timestamping import Attempt, Standing
from aid_ledger.settings import Settings
from audit.pdf import der
from tests.audit import time_authority as made
from tests.audit.time_authority import Forger
from tests.benches import Bench
from tests.builders import receipts as builders
from tests.builders.officials import Founded
from tests.builders.web import running_app, settings_of

Answer = Callable[[bytes], bytes]


class _Handler(BaseHTTPRequestHandler):
    """Answers questions by the server's `answer`, under its `status`, letting a caller wait for `silence_s`."""

    server: Listening

    def do_POST(self) -> None:
        """Answer one."""
        question = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["Content-Type"], question))
        time.sleep(self.server.silence_s)
        body = self.server.answer(question)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Listening(ThreadingHTTPServer):
    """A server whose behaviour a test may change at any moment."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.status = 200
        self.silence_s = 0.0
        self.asked: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/tsa"

    def handle_error(self, *_: object) -> None:
        """Say nothing: callers may hang up."""


@contextmanager
def listening(answer: Answer) -> Iterator[Listening]:
    """Listen until the block ends."""
    with Listening(answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def installed(founded: Founded, folder: Path) -> Iterator[tuple[Settings, Listening]]:
    """Run a real authority and give the settings of an installation that asks it and pins who certified it."""
    authority = made.openssl(folder / "tsa")
    with listening(authority.answer) as server:
        settings = replace(settings_of(founded), timestamp_url=server.url)
        settings.timestamp_authority_file.write_bytes((folder / "tsa" / "ca.pem").read_bytes())
        yield settings, server


@contextmanager
def serving(founded: Founded, settings: Settings) -> Iterator[Flask]:
    """Build the application of an installation with these settings."""
    with running_app(founded) as app:
        app.extensions["aid_ledger.office"] = replace(app.extensions["aid_ledger.office"], settings=settings)
        yield app


def stamped_at(at: dt.datetime) -> bytes:
    """Write a time as tokens do."""
    return at.strftime("%Y%m%d%H%M%SZ").encode()


@contextmanager
def lying(founded: Founded, forger: Forger | None = None) -> Iterator[tuple[Settings, Listening]]:
    """Install an authority that answers what it is asked, by the product's clock, but for what the forger says."""
    forger = forger or Forger()

    def answer(question: bytes) -> bytes:
        _version, imprint, nonce, _wish = der.members(question)
        asked = int.from_bytes(der.inside(nonce, der.INTEGER), "big")
        return replace(
            forger,
            imprint=imprint if forger.text == made.TEXT else None,
            nonce=asked if forger.nonce == made.NONCE else forger.nonce,
            at=stamped_at(clock.now()) if forger.at == Forger().at else forger.at,
        ).answer()

    with listening(answer) as server:
        settings = replace(settings_of(founded), timestamp_url=server.url)
        settings.timestamp_authority_file.write_bytes(made.CA.pem)
        yield settings, server


def ask(founded: Founded, settings: Settings) -> Attempt:
    """Ask now."""
    return timestamping.ask(founded.bench.engine, settings)


def kept(bench: Bench) -> dict[int, bytes]:
    """Read the tokens there are."""
    with bench.reading() as session:
        return {each.size: bytes(each.token) for each in session.scalars(select(LogTimestamp))}


def standing(founded: Founded, settings: Settings) -> Standing:
    """Read how it stands."""
    with founded.bench.reading() as session:
        return timestamping.standing(session, settings)


def size_of(bench: Bench) -> int:
    """Read how much is sealed."""
    with bench.reading() as session:
        return queries.sealed_size(session)


def round_of(founded: Founded, *, count: int = 1) -> str:
    """Bring a batch home, issue its receipts and have them sealed."""
    sent = builders.delivered(founded, count=count)
    builders.issue(founded, sent.batch)
    founded.bench.sequencer.run_once()
    return sent.batch
