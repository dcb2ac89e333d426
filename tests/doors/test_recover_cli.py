"""`aid-ledger log recover`: two administrators at one terminal give a restored database back what it forgot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aid_ledger.cli.main import main
from tests.benches import Bench, copy_database, make_bench
from tests.builders.officials import Founded
from tests.builders.web import settings_of
from tests.doors.test_log_cli import installation, run, told, waiting_deed

__all__ = ["installation"]


@pytest.fixture
def backup(installation: Founded, backend: str, tmp_path: Path) -> Iterator[Bench]:
    """Give the database of an hour ago: since then there was one deed more, and it was sealed and published."""
    run("sequencer", "--once")
    folder = tmp_path / "cadangan"
    folder.mkdir()
    installation.bench.engine.dispose()
    address = settings_of(installation).database_url
    url, remove = copy_database(backend, address, folder)
    waiting_deed(installation, "BERAS")
    run("sequencer", "--once")
    run("log", "export", str(tmp_path / "log"))
    made = make_bench(url, settings_of(installation).var / "log", key=installation.bench.key)
    yield made
    made.engine.dispose()
    remove()


def recover(founded: Founded, backup: Bench, folder: Path, *, first: str = "admin", second: str = "admin2") -> Result:
    """Run the command on the backup, as both officials type their passwords and codes."""
    address = backup.engine.url.render_as_string(hide_password=False)
    if backup.engine.dialect.name == "sqlite":
        address = f"sqlite:///{str(backup.engine.url.database).removeprefix('file:')}"
    typed = "".join(f"{founded.people[login].password}\n{founded.code(login)}\n" for login in (first, second))
    words = ["log", "recover", "--from", str(folder), "--incident", "Cakram rusak", "--document", "BA-7/2026"]
    words += ["--as", first, "--second", second, "--db", address]
    return CliRunner().invoke(main, words, input=typed)


def test_two_administrators_recover_and_the_sequencer_goes_on(
    installation: Founded, backup: Bench, tmp_path: Path
) -> None:
    """THREATS 8: what was forgotten is told by kind, whether it is back or has to be done again."""
    result = recover(installation, backup, tmp_path / "log")
    assert result.exit_code == 0, result.output
    assert told(result)["recovered"] == "1"
    assert "hilang: 1 CommodityDefined (Jenis barang ditetapkan)" in result.output
    backup.sequencer.run_once()
    published = tmp_path / "published-checkpoint"
    published.write_bytes((settings_of(installation).var / "log" / "checkpoint").read_bytes())
    again = recover(installation, backup, tmp_path / "log")
    assert again.exit_code == 5
    assert "log.source_refused" in again.output


@pytest.mark.parametrize(("second", "code"), [("operator", "guard.role_needed"), ("admin", "log.not_two_people")])
def test_one_administrator_recovers_nothing(
    installation: Founded, backup: Bench, tmp_path: Path, second: str, code: str
) -> None:
    """P2: the second is another administrator, of another unit."""
    result = recover(installation, backup, tmp_path / "log", second=second)
    assert (result.exit_code, code in result.output) == (4, True), result.output


def test_a_place_that_is_none_is_refused(installation: Founded, backup: Bench, tmp_path: Path) -> None:
    """T1: nothing there is no log."""
    result = recover(installation, backup, tmp_path / "nowhere")
    assert (result.exit_code, "log.source_refused" in result.output) == (5, True), result.output
