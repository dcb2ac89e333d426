"""Asking a stranger: the other end of `stranger.py`, one process that answers many questions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

PYTHON = Path(__file__).parents[2] / ".venv-oracles" / "bin" / "python"
SCRIPT = Path(__file__).with_name("stranger.py")

needs_stranger = pytest.mark.skipif(
    not PYTHON.exists(), reason="aics-tlog is not installed in .venv-oracles: ./run test installs it"
)


class Stranger:
    """A process of other people's code."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions = questions
        self._answers = answers

    def ask(self, question: str, **particulars: object) -> dict[str, Any]:
        """Ask, and give the answer; a traceback of the stranger's is on stderr."""
        self._questions.write(json.dumps([question, particulars]) + "\n")
        self._questions.flush()
        line = self._answers.readline()
        assert line, f"the stranger ended in its answer to {question}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def listening() -> Iterator[Stranger]:
    """Run a stranger, isolated from what is importable here."""
    command = [str(PYTHON), "-I", str(SCRIPT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Stranger(process.stdin, process.stdout)
        process.stdin.close()
