"""`aid-ledger auditors` and `evidence export --openings-for`: two people set a key, an auditor takes what is sealed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aid_ledger.cli.main import main
from audit.sealing import ReaderSecret
from tests.builders import delivering
from tests.builders.officials import Founded
from tests.builders.web import settings_of, shell_of

SECRET = ReaderSecret("inspektorat", bytes(range(32)))
KEY = str(SECRET.reader())


@pytest.fixture
def installation(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Founded:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    shell_of(founded, monkeypatch)
    return founded


def run(founded: Founded, login: str, *words: str) -> Result:
    """Run a command as somebody with their password and code."""
    person = founded.people[login]
    typed = f"{person.password}\n{person.code()}\n"
    return CliRunner().invoke(main, [*words, "--as", login], input=typed)


def said(result: Result) -> dict[str, str]:
    """Read the printed lines."""
    return dict(line.split(": ", 1) for line in result.output.splitlines() if ": " in line)


def test_a_key_is_set_by_two_at_the_command_line(installation: Founded) -> None:
    """Named by the administrator, agreed to by the auditor who types it from their own machine."""
    assert run(installation, "auditor", "auditors", "add", KEY).exit_code == 4
    named = run(installation, "admin", "auditors", "add", KEY)
    reference = said(named)["key"]
    assert (named.exit_code, said(named)["state"]) == (0, "proposed")
    other = str(ReaderSecret.generate("inspektorat").reader())
    assert run(installation, "auditor", "auditors", "confirm", reference, other).exit_code == 5
    agreed = run(installation, "auditor", "auditors", "confirm", reference, KEY)
    assert (agreed.exit_code, said(agreed)["state"]) == (0, "current")
    listed = CliRunner().invoke(main, ["auditors", "list"])
    assert listed.output == f"{reference} inspektorat state=current {KEY}\n"


def test_openings_come_beside_the_file_for_an_auditor_only(installation: Founded, tmp_path: Path) -> None:
    """Without a name it is a wrong question; for nobody's key nothing is given."""
    reference = said(run(installation, "admin", "auditors", "add", KEY))["key"]
    run(installation, "auditor", "auditors", "confirm", reference, KEY)
    sent = delivering.sent(installation.bench, installation, count=1)
    shutil.copytree(installation.bench.kit.files, settings_of(installation).var / "files")
    certificate = settings_of(installation).receipt_root_certificate_file
    certificate.parent.mkdir(parents=True, exist_ok=True)
    certificate.write_bytes(b"certificate")
    today = installation.on.isoformat()
    file = tmp_path / "F.zip"
    wanted = ["evidence", "export", "--since", today, "--until", today, "--program", sent.program, "--out", str(file)]
    anonymous = CliRunner().invoke(main, [*wanted, "--openings-for", "inspektorat"])
    assert (anonymous.exit_code, file.exists()) == (2, False)
    assert run(installation, "treasurer", *wanted, "--openings-for", "inspektorat").exit_code == 4
    assert run(installation, "auditor", *wanted, "--openings-for", "bpkp").exit_code == 3
    done = run(installation, "auditor", *wanted, "--openings-for", "inspektorat")
    assert done.exit_code == 0, done.output
    [beside] = tmp_path.glob("*.openings")
    assert said(done)["openings"] == str(beside)
    assert beside.name.startswith(f"F-{sent.batch}-")
