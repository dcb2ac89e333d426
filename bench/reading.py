"""Our side of reading a log: `aid-audit verify`'s own check, in a process of its own. Run by sides.py.

The command adds nothing but its printing. Seconds are those of the processor, since one process reads and waits for
nobody; the peak is the whole process's, Python and all imports included.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from audit.policy import Policy
from audit.replay import Replay
from audit.source import FolderSource
from audit.verify import verify_log
from bench.sides import peak_mb, serve


def hash_alone(folder: str, vkey: str) -> dict[str, Any]:
    """Hash the entries of a log to its signed root, as `--hashes-only` does."""
    return _verified(folder, vkey, hashes_only=True)


def replay(folder: str, vkey: str) -> dict[str, Any]:
    """Check everything: bytes, envelopes, schemas, order, hashes, stored tiles, every rule."""
    return _verified(folder, vkey, checkers=[Replay()])


def _verified(folder: str, vkey: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - those of verify_log
    began = time.process_time()
    report = verify_log(FolderSource(Path(folder)), now_s=int(time.time()), trusted=Policy.of_log_key(vkey), **options)
    seconds = time.process_time() - began
    # A log that breaks a rule is read to its end as well, but then it is not what the bench says it is.
    assert report.is_good, report.findings[:3]
    assert report.trust is not None
    stated = report.trust.checkpoint
    return {"seconds": seconds, "entries": stated.size, "root": stated.root.hex(), "peak_mb": peak_mb()}


if __name__ == "__main__":
    serve({"hash_alone": hash_alone, "replay": replay})
