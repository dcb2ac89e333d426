"""A limited child process for parsing what strangers upload: little memory, little time, no network, no secrets.

A task is a module-level function `task(source, results, arguments)` that reads one file and writes result files. It
gets an empty environment, so neither database address nor keys; what comes back are plain files, never pickles, and
a refusal comes back as a code the caller expects. The child may still read files its user may read: keep keys away
from the web process, as the settings demand. This is no place for long work; that is what jobs are for.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn, cast

from aid_ledger.core.errors import DomainError, Kind

Arguments = Mapping[str, int | str]
Task = Callable[[Path, Path, Arguments], None]

MEBIBYTE = 2**20
REFUSED_STATUS = 10
REFUSAL_FILE = "refusal.json"
REFUSAL_BYTES_MAX = 64 * 1024
OPEN_FILES_MAX = 128
WORKING_THREADS = "2"
"""Each thread costs address space, which is what the memory limit counts."""

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

FORBIDDEN_EVENTS = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "pty.")


@dataclass(frozen=True, slots=True)
class Confines:
    """How much a task may use before it is ended."""

    memory_bytes: int = 2048 * MEBIBYTE
    cpu_s: int = 60
    wall_s: int = 90
    result_bytes: int = 512 * MEBIBYTE


class FileUnreadable(DomainError):
    """The parser ended without an answer: it crashed, or asked for more time, memory or space than it may have."""

    kind = Kind.INVALID
    code = "file.unreadable"


@contextmanager
def imprisoned(
    task: Task,
    source: Path,
    *,
    arguments: Arguments | None = None,
    confines: Confines | None = None,
    refusals: Sequence[type[DomainError]] = (),
) -> Iterator[Path]:
    """Run `task` on the file `source` and give the folder of its results, which is removed on leaving.

    Raises:
        FileUnreadable: The task died or wrote too much.
        DomainError: One of `refusals`, as the task raised it.
    """
    confines = confines or Confines()
    with tempfile.TemporaryDirectory(prefix="aid-prison-") as cell:
        results = Path(cell) / "results"
        results.mkdir(mode=0o700)
        order = {
            "task": f"{task.__module__}:{task.__qualname__}",
            "source": str(source.resolve()),
            "results": str(results),
            "arguments": dict(arguments or {}),
            "confines": asdict(confines),
        }
        status = _wait(json.dumps(order).encode(), Path(cell), confines)
        _refuse_strange_results(results, confines)
        if status == REFUSED_STATUS:
            raise _relayed(results / REFUSAL_FILE, refusals)
        if status != 0:
            raise FileUnreadable("the parser ended early", status=status)
        yield results


def _wait(order: bytes, cell: Path, confines: Confines) -> int:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "aid_ledger.core.prison"],
        cwd=root,
        env={"TMPDIR": str(cell), "POLARS_MAX_THREADS": WORKING_THREADS},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # A traceback quotes the values it fell over; they are personal.
        start_new_session=True,
    ) as child:
        try:
            child.communicate(order, timeout=confines.wall_s)
        except subprocess.TimeoutExpired:
            raise FileUnreadable("the parser took too long", seconds=confines.wall_s) from None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
    return child.returncode


def _refuse_strange_results(results: Path, confines: Confines) -> None:
    """Trust nothing the child left: a link would lead this process elsewhere, a flood would fill its memory."""
    entries = list(results.iterdir())
    if any(entry.is_symlink() or not entry.is_file() for entry in entries):
        raise FileUnreadable("the parser left something that is not a plain file")
    if sum(entry.stat().st_size for entry in entries) > confines.result_bytes:
        raise FileUnreadable("the parser wrote too much", limit=confines.result_bytes)


def _relayed(path: Path, refusals: Sequence[type[DomainError]]) -> DomainError:
    if not path.exists() or path.stat().st_size > REFUSAL_BYTES_MAX:
        return FileUnreadable("the parser refused without a reason")
    try:
        told = json.loads(path.read_bytes())
        known = {refusal.code: refusal for refusal in refusals}[told["code"]]
        facts = {str(name): fact for name, fact in told["facts"].items() if isinstance(fact, str | int)}
        return known(str(told["message"]), **facts)
    except (ValueError, KeyError, TypeError, AttributeError):
        return FileUnreadable("the parser refused in words nobody expects")


def main() -> NoReturn:
    """Serve one order from standard input inside the limits, then end."""
    order = json.load(sys.stdin)
    _cut_network()
    _set_limits(Confines(**order["confines"]))
    sys.addaudithook(_forbid)
    module, _, function = order["task"].partition(":")
    task = cast("Task", getattr(import_module(module), function))
    results = Path(order["results"])
    try:
        task(Path(order["source"]), results, order["arguments"])
    except DomainError as refusal:
        told = {"code": refusal.code, "message": refusal.message, "facts": refusal.facts}
        (results / REFUSAL_FILE).write_text(json.dumps(told), encoding="utf-8")
        sys.exit(REFUSED_STATUS)
    sys.exit(0)


def _cut_network() -> None:
    """Leave the machine's network behind; where the kernel permits no namespace, the audit hook still says no."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _set_limits(confines: Confines) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, confines.memory_bytes),
        (resource.RLIMIT_CPU, confines.cpu_s),
        (resource.RLIMIT_FSIZE, confines.result_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES_MAX),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (ceiling, ceiling))


def _forbid(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith(FORBIDDEN_EVENTS):
        raise PermissionError(event)


if __name__ == "__main__":
    main()
