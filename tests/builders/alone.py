"""The verifier as a stranger installs it: its wheel in an environment with nothing else but what the wheel asks for.

The index is not asked: what the wheel depends on is lent by name from the environment of the tests.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = ("click", "cryptography", "cffi", "_cffi_backend", "pycparser")
"""What pip would bring for `cryptography` and `click`."""
TEST_RUNNER = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")


def wheel(folder: Path) -> Path:
    """Build the wheel from the folder `audit`, as `pip install ./audit` does."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT / "audit", check=True, capture_output=True)
    (built,) = folder.glob("aid_ledger_audit-*.whl")
    return built


def installed(folder: Path) -> Path:
    """Make an environment, install the wheel into it, and give the folder of its commands."""
    built = wheel(folder)
    venv.create(folder / "alone", with_pip=False)
    python = folder / "alone" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(built)], check=True)
    lend(python, *NEEDED)
    return python.parent


def lend(python: Path, *names: str) -> None:
    """Let an environment import these packages of ours, and no others."""
    (site,) = (python.parents[1] / "lib").glob("python*/site-packages")
    for name in names:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            continue
        place = Path(found.origin)
        place = place.parent if place.name == "__init__.py" else place
        (site / place.name).symlink_to(place)
