"""One side of a comparison, in a process of its own: asked for its turns in lines of JSON, so that sides take turns.

`Side` is the end that asks and `serve` the end that answers. Each turn is timed where the work is done, so that neither
the pipe nor starting Python is counted; the peak memory is the whole process's, imports included.
"""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]
KIB_PER_MIB = 1024
PEAK = re.compile(r"^VmHWM:\s+([0-9]+) kB$", re.MULTILINE)
"""Not `ru_maxrss`: a child inherits that from the process that started it."""

STOP_LIMIT_S = 30

Turn = Callable[..., dict[str, Any]]


class Side:
    """A process that takes turns when asked; a context manager, gone at the end of its block."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = (sys.executable, "-m", module, *arguments)
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._module = module

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def ask(self, turn: str, **particulars: object) -> dict[str, Any]:
        """Have one turn taken and return what came of it; the side's own traceback is on stderr if it failed."""
        self.tell(turn, **particulars)
        return self.hear()

    def tell(self, turn: str, **particulars: object) -> None:
        """Have one turn begun, so that others may begin theirs; `hear` waits for its end."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([turn, particulars]) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Return what came of the turn that was begun."""
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._module} ended in its turn")
        outcome: dict[str, Any] = json.loads(answer)
        return outcome


def serve(turns: Mapping[str, Turn]) -> None:
    """Take turns as they are asked for, until there are no more."""
    answers, sys.stdout = sys.stdout, sys.stderr  # A rival that prints must not be mistaken for an answer.
    for line in sys.stdin:
        turn, particulars = json.loads(line)
        answers.write(json.dumps(turns[turn](**particulars)) + "\n")
        answers.flush()


@contextmanager
def timed(outcome: dict[str, Any]) -> Iterator[None]:
    """Put the seconds of the block into `outcome`, with the peak memory of this process so far."""
    gc.collect()
    began = time.perf_counter()
    yield
    outcome["seconds"] = time.perf_counter() - began
    outcome["peak_mb"] = peak_mb()


def fresh_peak_mb() -> float:
    """Forget the most memory this process has held but for what it holds now, and tell that (proc(5), clear_refs)."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return peak_mb()


def peak_mb() -> float:
    """Tell the most memory this process has held."""
    found = PEAK.search(Path("/proc/self/status").read_text())
    assert found is not None
    return int(found.group(1)) / KIB_PER_MIB
