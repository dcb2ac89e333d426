"""Verifying: hashes alone against pymerkle, and the whole check with replay as a log grows to a million entries.

Logs are told by `story.py`. Hashing and pymerkle take turns on the same files in one run, and must come to the same
root; the numbers are medians. Every whole check has a fresh process, so that its peak of memory is its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import story
from bench.cluster import Cluster
from bench.sides import Side

SIZES: Final = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
LINES: Final = 1_000_000
TURNS: Final = 3


@dataclass(frozen=True)
class Log:
    """A log of the bench: where its files are, and the key that signed it."""

    folder: str
    vkey: str


def measure(_cluster: Cluster, scale: float) -> dict[str, float]:
    """Measure all of it; `scale` 1 is what the documents speak of, less is for trying out."""
    measures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        for name, entries in SIZES.items():
            log = _told(story.one_by_one, Path(place) / name, entries, scale)
            read = _read(log)
            measures |= {
                f"replay_entries_per_s_{name}": read["entries"] / read["seconds"],
                f"verify_peak_mb_{name}": read["peak_mb"],
            }
            _tell(measures)
        measures["replay_entries_per_s"] = measures.pop("replay_entries_per_s_1m")
        measures["verify_peak_mb"] = measures.pop("verify_peak_mb_1m")
        measures |= hashing(log, TURNS)
        chunks = _told(story.in_chunks, Path(place) / "chunks", LINES, scale)
        read = _read(chunks)
        measures |= {"replay_lines_per_s": LINES * scale / read["seconds"], "lines_peak_mb": read["peak_mb"]}
        _tell(measures)
    return measures


def hashing(log: Log, turns: int) -> dict[str, float]:
    """Hash a log in turns with pymerkle, which must find the same root."""
    ours, theirs = [], []
    for _ in range(turns):
        with Side("bench.reading") as us, Side("bench.peers.merkle") as pymerkle:
            hashed = us.ask("hash_alone", folder=log.folder, vkey=log.vkey)
            built = pymerkle.ask("build", folder=log.folder, size=hashed["entries"])
        assert hashed["root"] == built["root"]
        ours.append(hashed["entries"] / hashed["seconds"])
        theirs.append(hashed["entries"] / built["seconds"])
        _tell({"hash_entries_per_s": ours[-1], "pymerkle_entries_per_s": theirs[-1]})
    return {
        "verify_vs_pymerkle": median(ours) / median(theirs),
        "hash_entries_per_s": median(ours),
        "pymerkle_entries_per_s": median(theirs),
    }


def _told(tell: Callable[[Path, int], str], folder: Path, count: int, scale: float) -> Log:
    return Log(str(folder), tell(folder, max(1_000, round(count * scale))))


def _read(log: Log) -> dict[str, Any]:
    with Side("bench.reading") as us:
        return us.ask("replay", folder=log.folder, vkey=log.vkey)


def _tell(measures: dict[str, float]) -> None:
    """Print as it goes: a run of many minutes must not look dead."""
    print("  " + "  ".join(f"{what} {number:.1f}" for what, number in measures.items()), flush=True)
