"""The river on trial: the project keeps its contracts, and the contracts catch whoever swims upstream."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
ROOMS = (
    *("core", "web", "log", "regions", "officials", "founding", "custody", "flags", "documents", "book"),
    *(
        "funding",
        "programs",
        "procurement",
        "recipients",
        "isolation",
        "disbursement",
        "approvals",
        "delivery",
        "receipts",
    ),
    *("complaints", "oversight", "public"),
)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of pyproject.toml over the packages in `folder`."""
    command = (str(LINT), "--no-cache", "--no-logo", "--config", str(ROOT / "pyproject.toml"))
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Lay out every room of the river, empty, beside an empty audit."""
    for package in ("aid_ledger", "audit", *(f"aid_ledger/{room}" for room in ROOMS)):
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").touch()
    for file in ("settings", "app", "cli"):
        (tmp_path / f"aid_ledger/{file}.py").touch()
    return tmp_path


def test_the_project_keeps_the_river() -> None:
    """The law: a room imports rooms upstream of it, never downstream."""
    verdict = lint(ROOT)
    assert verdict.returncode == 0, verdict.stdout


def test_an_empty_river_is_kept(sample: Path) -> None:
    """The control: without a breach the sample passes, so that the breaches below are what breaks it."""
    verdict = lint(sample)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("aid_ledger/settings.py", "import aid_ledger.core"),
        ("aid_ledger/core/act.py", "from aid_ledger.web import guard"),
        ("aid_ledger/funding/service.py", "from aid_ledger import disbursement"),
        ("aid_ledger/disbursement/service.py", "import aid_ledger.approvals"),
        ("aid_ledger/procurement/service.py", "import aid_ledger.recipients"),
        ("aid_ledger/officials/service.py", "import aid_ledger.regions"),
        ("aid_ledger/public/views.py", "import aid_ledger.oversight"),
        ("aid_ledger/oversight/service.py", "import aid_ledger.app"),
        ("aid_ledger/gifts/__init__.py", ""),
        ("audit/replay.py", "import aid_ledger.book"),
        ("audit/verify.py", "import sqlalchemy"),
        ("aid_ledger/core/act.py", "import flask"),
    ],
)
def test_swimming_upstream_is_caught(sample: Path, file: str, words: str) -> None:
    """The cheat of an import the wrong way, a room placed nowhere, a judge made of the judged."""
    (sample / file).parent.mkdir(exist_ok=True)
    (sample / file).write_text(f"{words}\n")
    verdict = lint(sample)
    assert verdict.returncode == 1, verdict.stdout + verdict.stderr
    assert "BROKEN" in verdict.stdout


def test_downstream_may_ask_upstream(sample: Path) -> None:
    """The law's other half: looking up the river is what rooms are for."""
    (sample / "aid_ledger/oversight/rules.py").write_text("import aid_ledger.receipts\nimport audit\n")
    verdict = lint(sample)
    assert verdict.returncode == 0, verdict.stdout
