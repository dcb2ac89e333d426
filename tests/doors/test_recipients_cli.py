"""`aid-ledger recipients import`: proven by password and code, reported for Excel, resumed where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from aid_ledger.cli.main import main
from aid_ledger.recipients import incoming, service
from aid_ledger.recipients.models import Person, RecipientImport
from tests.builders import recipients as builders
from tests.builders.officials import PASSWORD, Founded
from tests.builders.recipients import row
from tests.builders.web import shell_of


@pytest.fixture
def shell(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Founded:
    """Point the environment of this process at a founded bench, with parts of four rows."""
    shell_of(founded, monkeypatch)
    monkeypatch.setattr(incoming, "PART_ROWS", 4)
    return founded


def run(founded: Founded, path: Path, *words: str, by: str = "operator") -> Result:
    """Run the command as an official who knows their password and holds their device."""
    typed = f"{PASSWORD}\n{founded.code(by)}\n"
    return CliRunner().invoke(main, ["recipients", "import", str(path), "--as", by, *words], input=typed)


def count(founded: Founded) -> tuple[int, int]:
    """Count lists and people."""
    with founded.bench.reading() as session:
        lists, people = (select(func.count()).select_from(each) for each in (RecipientImport, Person))
        return session.scalar(lists) or 0, session.scalar(people) or 0


def test_a_list_at_the_command_line(shell: Founded) -> None:
    """Good rows in, a report of the others with row, column and code, and the second run changes nothing."""
    path = builders.list_file(shell.bench, [*(row(number) for number in range(1, 10)), row(10, nik="3216")])
    report = shell.bench.folder / "laporan.csv"
    done = run(shell, path, "--report", str(report))
    assert done.exit_code == 0, done.output
    assert "9 orang baru, 0 berubah" in done.output
    lines = report.read_text().splitlines()
    assert lines[0] == "baris,kolom,kode,pesan"
    assert lines[1].startswith("11,nik,nik.format,")
    assert "3216064" not in done.output
    again = run(shell, path)
    assert "9 orang baru" in again.output
    assert count(shell) == (1, 9)
    assert not list((shell.bench.folder / "var" / "files").rglob("part-*"))


def test_all_or_nothing_at_the_command_line(shell: Founded) -> None:
    """One bad row: nobody in, and the exit status says so to scripts."""
    path = builders.list_file(shell.bench, [row(1), row(2, nama="")])
    refused = run(shell, path, "--mode", "all_or_nothing")
    assert refused.exit_code == 2
    assert "tidak ada yang masuk" in refused.output
    assert count(shell) == (1, 0)


def test_a_run_that_was_killed_goes_on_where_it_stopped(shell: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """P7: killed after the first part; the same command takes in the rest, and everybody is there once."""
    path = builders.list_file(shell.bench, [row(number) for number in range(1, 11)])
    whole = service.take_part

    def killed(*args: object) -> RecipientImport:
        if args[-1] == 1:
            raise KeyboardInterrupt
        return whole(*args)  # type: ignore[arg-type] # passed on as they are

    monkeypatch.setattr(service, "take_part", killed)
    run(shell, path)
    assert count(shell) == (1, 4)
    monkeypatch.setattr(service, "take_part", whole)
    done = run(shell, path)
    assert done.exit_code == 0, done.output
    assert "10 orang baru" in done.output
    assert count(shell) == (1, 10)


def test_who_is_no_operator_imports_nothing(shell: Founded) -> None:
    """THREATS 1: password and code of a verifier open no list."""
    path = builders.list_file(shell.bench, [row(1)])
    assert run(shell, path, by="verifier").exit_code == 4
    assert CliRunner().invoke(main, ["recipients", "import", str(path), "--as", "operator"]).exit_code != 0
    assert count(shell) == (0, 0)
