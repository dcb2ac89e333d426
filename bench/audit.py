"""What the log costs and what it gives: deeds with and without it, proofs from stored tiles, reading it all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bench import deeds, proofs, verifying
from bench.cluster import Cluster

PARTS: Final[tuple[Callable[[Cluster, float], dict[str, float]], ...]] = (
    deeds.measure,
    proofs.measure,
    verifying.measure,
)


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Measure every part, one after the other."""
    measures: dict[str, float] = {}
    for part in PARTS:
        measures |= part(cluster, scale)
    return measures
