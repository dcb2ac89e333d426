"""Where tokens of time are seen: the log's address, exports, evidence, pages, the command line."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from aid_ledger.cli.main import main
from aid_ledger.log import queries, timestamping
from aid_ledger.log.export import export
from aid_ledger.oversight import evidence
from aid_ledger.programs.models import Program
from aid_ledger.settings import Settings
from audit import checkpoint, note, timestamps
from audit.choice import Wish
from audit.cli import main as audit_main
from tests.audit import time_authority as made
from tests.builders.officials import Founded
from tests.builders.timestamps import Listening, ask, installed, round_of, serving, size_of
from tests.builders.web import browse, running_app, shell_of


@pytest.fixture
def office(founded: Founded, tmp_path: Path) -> Iterator[tuple[Settings, Listening]]:
    """Install an authority that runs."""
    with installed(founded, tmp_path) as found:
        yield found


def test_an_inspector_checks_what_is_served_exported_and_carried_away(
    founded: Founded, office: tuple[Settings, Listening], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file of tokens at the log's address, in the export and in the evidence; `openssl ts` agrees on each."""
    settings, _ = office
    monkeypatch.setattr(timestamping, "PAGE", 1)
    sizes = [ask(founded, settings).size]
    round_of(founded)
    sizes.append(ask(founded, settings).size)
    pem = settings.timestamp_authority_file
    with founded.bench.reading() as session:
        vkey = queries.name_of_log(session).vkey
        export(session, tmp_path / "log", vkey=vkey)
        wish = Wish(_program(founded), "2021-01-01", "2030-01-01")
        evidence.export(
            session,
            tmp_path / "e.zip",
            wish,
            vkey=vkey,
            root_certificate=b"certificate",
            time_authority=pem.read_bytes(),
        )
        assert list(timestamping.pages(session, at_most=sizes[0])) == list(timestamping.pages(session))[:1]
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        carried = archive.read(timestamps.PATH)
        assert archive.read("timestamp-authority.pem") == pem.read_bytes()
    assert carried == (tmp_path / "log" / timestamps.PATH).read_bytes()
    for place in (tmp_path / "log", tmp_path / "e.zip"):
        told = CliRunner().invoke(audit_main, ["verify", str(place), "--log-key", vkey, "--tsa", str(pem)])
        assert told.exit_code == 0, told.output
        assert f"timestamps: 2, {sizes[1]} entries" in told.output
    with serving(founded, settings) as app:
        visitor = app.test_client(use_cookies=False)
        assert visitor.get("/log/timestamps").data == carried
        for size, token in timestamps.split(carried):
            (tmp_path / "t").write_bytes(visitor.get(f"/log/timestamps/{size}").data)
            (tmp_path / "c").write_bytes(visitor.get(f"/log/timestamps/{size}/checkpoint").data)
            text = note.parse((tmp_path / "c").read_bytes()).text
            assert (checkpoint.parse(text).size, (tmp_path / "t").read_bytes()) == (size, token)
            assert made.OpenSSL(tmp_path / "tsa", made.CLOCK).verifies(token, text)
            words = ["timestamp", str(tmp_path / "t"), "--checkpoint", str(tmp_path / "c"), "--ca", str(pem)]
            assert CliRunner().invoke(audit_main, words).exit_code == 0
        for path in ("/log/timestamps/1", "/log/timestamps/1/checkpoint"):
            assert visitor.get(path).status_code == 404


def _program(founded: Founded) -> str:
    """Name the programme of the one round there was."""
    with founded.bench.reading() as session:
        return session.scalars(select(Program.code)).one()


def test_pages_say_when_and_by_whom(founded: Founded, office: tuple[Settings, Listening]) -> None:
    """The page of a batch waits in grey and names the authority afterwards; the log's page tells its newest token."""
    settings, server = office
    batch = round_of(founded)
    with serving(founded, settings) as app:
        browser = browse(app, founded, "treasurer")
        page = f"/tanda-terima/paket/{batch}"
        assert "Otoritas waktu akan diminta" in browser.get(page).text
        assert "Stempel waktu terbaru" not in browser.get("/log/").text
        size = ask(founded, settings).size
        assert "menurut CN=Jam" in browser.get(page).text
        assert f"/log/timestamps/{size}" in browser.get(page).text
        assert "oleh CN=Jam" in browser.get("/log/").text
        server.status = 500
        for _ in range(2):
            ask(founded, settings)
        assert "belum memberi stempel" not in browser.get("/log/").text
        ask(founded, settings)
        assert "Otoritas waktu belum memberi stempel" in browser.get("/log/").text
        assert "status_500" in browser.get("/log/").text
    with running_app(founded) as app:
        assert "Stempel waktu" not in browse(app, founded, "treasurer").get(page).text


def test_an_operator_of_the_host_asks_now(
    founded: Founded, office: tuple[Settings, Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`aid-ledger log timestamp`: what came of it, and a status for a monitor."""
    _, server = office
    shell_of(founded, monkeypatch)
    monkeypatch.setenv("AID_LEDGER_TIMESTAMP_URL", server.url)
    told = CliRunner().invoke(main, ["log", "timestamp"])
    assert told.exit_code == 0, told.output
    assert f"size: {size_of(founded.bench)}\nfault: -\nstamped_at: " in told.output
    assert told.output.endswith("authority: CN=Jam\n")
    server.status = 500
    told = CliRunner().invoke(main, ["log", "timestamp"])
    assert (told.exit_code, told.stdout.endswith(f"size: {size_of(founded.bench)}\nfault: status_500\n")) == (1, True)
    monkeypatch.setenv("AID_LEDGER_TIMESTAMP_URL", "")
    told = CliRunner().invoke(main, ["log", "timestamp"])
    assert told.exit_code == 7
    assert "timestamp-authority.pem" in told.output
