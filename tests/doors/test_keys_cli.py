"""`aid-ledger keys`: from the new key's file to its first checkpoint, each step by whom it is for (THREATS 11, 12)."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Iterator
from html import unescape

import pytest
from click.testing import CliRunner, Result

from aid_ledger.cli.main import main
from aid_ledger.core import clock
from aid_ledger.core.clock import FrozenClock
from aid_ledger.log.keyring import read_key
from aid_ledger.settings import Settings
from tests.builders.officials import Founded
from tests.builders.web import running_app, shell_of

TODAY = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)


@pytest.fixture
def still() -> Iterator[FrozenClock]:
    """Let the clock stand still."""
    with clock.frozen(TODAY) as frozen:
        yield frozen


@pytest.fixture
def settings(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    found = shell_of(founded, monkeypatch)
    founded.bench.sequencer.run_once()
    return found


def run(*words: str, typed: str = "") -> Result:
    """Run a command of the agency."""
    return CliRunner().invoke(main, ["keys", *words], input=typed)


def signed(still: FrozenClock, founded: Founded, login: str, *words: str) -> Result:
    """Run a command as somebody with their password and a code of their own."""
    still.advance(seconds=90)
    person = founded.people[login]
    return run(*words, "--as", login, typed=f"{person.password}\n{person.code()}\n")


def said(result: Result) -> dict[str, str]:
    """Read the printed lines."""
    assert result.exit_code == 0, result.output
    return dict(line.split(": ", 1) for line in result.output.splitlines() if ": " in line)


def test_a_key_is_changed_at_the_command_line(settings: Settings, founded: Founded, still: FrozenClock) -> None:
    """THREATS 11: announced, proposed, agreed to by a second person, listed while it waits, taken."""
    old = str(founded.bench.key.verifier())
    made = said(run("announce"))
    assert (settings.log_next_key_file.stat().st_mode & 0o777, made["vkey"] != old) == (
        stat.S_IRUSR | stat.S_IWUSR,
        True,
    )
    assert said(run("announce")) == made
    assert signed(still, founded, "operator", "propose", "--decree", "SK 7").exit_code == 4
    assert said(signed(still, founded, "admin", "propose", "--decree", "SK 7"))["proposed"] == made["vkey"]
    assert f"{made['vkey']} proposed" in run("list").output
    assert signed(still, founded, "admin", "approve", made["key_id"]).exit_code == 4
    announced = said(signed(still, founded, "admin2", "approve", made["key_id"]))
    assert announced["announced"] == made["vkey"]
    founded.bench.sequencer.run_once()
    page = running_page(founded)
    assert "Kunci log akan diganti" in page
    assert made["vkey"] in unescape(page)
    waiting = run("take")
    assert "taken: -" in waiting.output
    assert "waits_for: masa tunggunya belum lewat" in waiting.output
    still.advance(hours=72)
    assert said(run("take"))["taken"] == made["vkey"]
    assert CliRunner().invoke(main, ["sequencer", "--once"]).exit_code == 0
    lines = run("list").output.splitlines()
    assert [line.split()[0] for line in lines] == [old, made["vkey"]]
    assert lines[1].endswith("-")
    assert str(read_key(settings.log_key_file).verifier()) == made["vkey"]
    assert not settings.log_next_key_file.exists()
    page = running_page(founded)
    assert "Kunci log akan diganti" not in page
    assert f"{old}</code> sampai" in unescape(page)


def running_page(founded: Founded) -> str:
    """Open the log's page as anybody does."""
    with running_app(founded) as app:
        return app.test_client().get("/log/").text


def test_a_key_that_was_withdrawn_is_made_anew(settings: Settings, founded: Founded, still: FrozenClock) -> None:
    """THREATS 11: its file is written over, and what was signed about it is refused."""
    first = said(run("announce"))
    signed(still, founded, "admin", "propose", "--decree", "SK 7")
    gone = signed(still, founded, "admin2", "withdraw", first["key_id"], "--reason", "Bukan dari kami.")
    assert said(gone)["withdrawn"] == first["vkey"]
    assert f"{first['vkey']} withdrawn" in run("list").output
    assert signed(still, founded, "admin", "propose", "--decree", "SK 8").exit_code == 5
    second = said(run("announce"))
    assert second["vkey"] != first["vkey"]
    assert said(signed(still, founded, "admin", "propose", "--decree", "SK 8"))["proposed"] == second["vkey"]
    assert settings.key_statement_file.read_text().splitlines()[2] == second["vkey"]


def test_without_a_statement_nothing_is_proposed(settings: Settings, founded: Founded, still: FrozenClock) -> None:
    """Exit status 2 and what to do; no traceback, whatever the file is."""
    missing = signed(still, founded, "admin", "propose", "--decree", "SK 7")
    assert (missing.exit_code, "keys announce" in missing.output) == (2, True)
    settings.key_statement_file.parent.mkdir(parents=True, exist_ok=True)
    settings.key_statement_file.write_bytes(b"\xff" * 9_000)
    assert signed(still, founded, "admin", "propose", "--decree", "SK 7").exit_code == 2


def test_only_who_has_the_key_in_use_announces(settings: Settings, founded: Founded) -> None:
    """THREATS 11, 12: another key in the file of the log is not the log's, and one that others can read is no key."""
    other = run("announce")
    assert other.exit_code == 0
    key = settings.log_key_file.read_bytes()
    settings.log_key_file.write_bytes(settings.log_next_key_file.read_bytes())
    foreign = run("announce")
    assert (foreign.exit_code, "log.key_missing" in foreign.output) == (7, True)
    settings.log_key_file.write_bytes(key)
    settings.log_next_key_file.chmod(0o644)
    assert run("announce").exit_code == 7
    assert "can be read by others" in CliRunner().invoke(main, ["sequencer", "--once"]).output
    assert founded.bench.key.name in settings.key_statement_file.read_text()
