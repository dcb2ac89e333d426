"""The verifier alone: a wheel in an empty environment, the commands of the log's page, and the vectors."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.builders import alone
from tests.builders.officials import Founded
from tests.builders.server import serving
from tests.rooms.log.writing import define

SUITES = ("test_vectors.py", "test_cli.py", "test_asking.py", "test_witness_server.py")
"""Run where nothing else of this repository can be imported; besides the vectors, what the commands do."""
BESIDE = ("small_log.py", "witnessing.py")
STRANGERS = ("aid_ledger", "flask", "sqlalchemy", "marshmallow", "werkzeug", "jinja2", "hypothesis")


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel once, and give the folder of its commands."""
    return alone.installed(tmp_path_factory.mktemp("alone"))


def say(commands: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run something in the environment, with nothing of ours on its path."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    environment |= {"PATH": f"{commands}:{environment['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_brings_its_specification_and_nothing_of_the_agency(commands: Path) -> None:
    """An inspector reads it in a day: the formats and the reading order lie beside the code, and no test and no key."""
    (built,) = commands.parents[1].glob("*.whl")
    names = zipfile.ZipFile(built).namelist()
    shipped = {name.removeprefix("audit/") for name in names if name.startswith("audit/")}
    ours = {str(path.relative_to(alone.ROOT / "audit")) for path in (alone.ROOT / "audit").rglob("*.py")}
    assert shipped == ours | {"README.md", "FORMAT.md", "KINDS.md", "pdf/PROFILE.md"}
    assert all(name.startswith(("audit/", "aid_ledger_audit-")) for name in names)


def test_every_command_starts_with_nothing_of_flask_or_sqlalchemy(commands: Path, tmp_path: Path) -> None:
    """P5: the verifier shares no code with what it judges, and needs two packages of other people's."""
    look = "import audit.cli, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = say(commands, "python", "-c", look, cwd=tmp_path).stdout.split()
    allowed = {"audit", "click", "cryptography", "_cffi_backend", "_openssl", "__main__", "sitecustomize"}
    assert {name for name in loaded if not _is_pythons_own(name)} <= allowed
    for stranger in STRANGERS:
        assert "ModuleNotFoundError" in say(commands, "python", "-c", f"import {stranger}", cwd=tmp_path).stderr
    for words in (("verify",), ("receipt",), ("witness", "serve"), ("witness", "key")):
        helped = say(commands, "aid-audit", *words, "--help", cwd=tmp_path)
        assert (helped.returncode, helped.stdout[:6]) == (0, "Usage:"), helped.stderr


def _is_pythons_own(name: str) -> bool:
    return name in sys.stdlib_module_names or name.startswith("_sysconfigdata")


def test_the_vectors_hold_where_only_the_verifier_can_be_imported(commands: Path, tmp_path: Path) -> None:
    """What outsiders test their own verifier on passes with the wheel alone, and so do the commands."""
    tests = tmp_path / "tests" / "audit"
    tests.mkdir(parents=True)
    for name in (*SUITES, *BESIDE):
        shutil.copy(alone.ROOT / "tests" / "audit" / name, tests)
    shutil.copytree(alone.ROOT / "tests" / "vectors", tmp_path / "tests" / "vectors")
    (site,) = (commands.parent / "lib").glob("python*/site-packages")
    (tmp_path / "audit").mkdir()
    shutil.copy(site / "audit" / "FORMAT.md", tmp_path / "audit")
    alone.lend(commands / "python", *alone.TEST_RUNNER)
    words = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", "tests")
    ran = say(commands, *words, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert re.search(r"\n[0-9]{2,} passed", ran.stdout)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
def test_the_three_commands_of_the_page_work_when_pasted(commands: Path, founded: Founded, tmp_path: Path) -> None:
    """THREATS 10: what the page tells to paste does what it says, today and on the day the kept seal is needed."""
    with serving(founded) as address:
        page = urllib.request.urlopen(f"{address}/log/").read().decode()  # noqa: S310 - our own server
        install, verify, keep = (
            html.unescape(each) for each in re.findall(r'<pre><code class="copy">(.*?)</code>', page)
        )
        # That folder's wheel is what `commands` was installed from.
        assert install == "pip install ./audit"
        first = say(commands, "bash", "-c", verify, cwd=tmp_path)
        assert (first.returncode, "anchored: yes" in first.stdout, "result: good" in first.stdout) == (0, True, True)
        kept = say(commands, "bash", "-c", keep, cwd=tmp_path)
        assert (kept.returncode, kept.stderr) == (0, "")

        founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
        founded.bench.sequencer.run_once()
        later = re.search(r"tambahkan <code>(.*?)</code> pada perintah kedua", page)
        assert later is not None
        again = say(commands, "bash", "-c", f"{verify} {later[1]}", cwd=tmp_path)
        assert (again.returncode, "result: good" in again.stdout) == (0, True), again.stdout
        seal = tmp_path / later[1].split()[1]
        seal.write_bytes(seal.read_bytes().replace(b"\n\n", b"\nanother\n\n", 1))
        spoiled = say(commands, "bash", "-c", f"{verify} {later[1]}", cwd=tmp_path)
        assert (spoiled.returncode, "rule: note.signature" in spoiled.stdout) == (1, True), spoiled.stdout
