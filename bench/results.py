"""Where measurements end: bench/results.json, one object bench -> measure -> number, and a table with ratios first.

A run of one bench leaves the numbers of the others as they are.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

Measures = Mapping[str, float]

PATH = Path(__file__).with_name("results.json")
MACHINE = "machine"
DIGITS = 4
"""A measurement on a shared machine means nothing beyond its fourth digit."""


def merge(path: Path, bench: str, measures: Measures, machine: Mapping[str, float | str]) -> None:
    """Put a bench's measures into the file, over its own earlier ones only, and say on which machine."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known[bench] = known.get(bench, {}) | {name: rounded(number) for name, number in measures.items()}
    known[MACHINE] = dict(machine)
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


def machine(database: str) -> dict[str, float | str]:
    """Describe the machine a run was made on."""
    cores = len(os.sched_getaffinity(0))
    return {"cores": cores, "database": f"PostgreSQL {database}", "date": dt.datetime.now(dt.UTC).date().isoformat()}


def table(bench: str, measures: Measures) -> str:
    """Write measures as lines, ratios first, because on a noisy machine only they can be compared."""
    ordered = sorted(measures, key=lambda name: ("_vs_" not in name, name))
    width = max(len(name) for name in ordered)
    return "\n".join(f"{bench}.{name:<{width}}  {rounded(measures[name]):>12,}" for name in ordered)


def rounded(number: float) -> float:
    """Keep the digits that mean something."""
    if not number:
        return 0
    places = DIGITS - 1 - math.floor(math.log10(abs(number)))
    kept = round(number, places)
    return int(kept) if kept == int(kept) else kept
