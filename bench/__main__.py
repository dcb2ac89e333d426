"""`./run bench [NAME]`: measure one bench or all of them, print the ratios, and write bench/results.json.

With `--scale` below 1 the work is smaller and nothing is written: only full-size numbers are ever quoted.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from bench import audit, cluster, post, receipts, results, serve
from bench.cluster import Cluster

BENCHES: Final[dict[str, Callable[[Cluster, float], dict[str, float]]]] = {
    "audit": audit.measure,
    "post": post.measure,
    "receipts": receipts.measure,
    "serve": serve.measure,
}


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="./run bench", description="Measure against rivals, side by side.")
    parser.add_argument("name", nargs="?", choices=sorted(BENCHES), help="one bench; all of them when left out")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the work, for trying out; writes nothing")
    chosen = parser.parse_args()
    with cluster.running() as server:
        machine = results.machine(server.version())
        print(", ".join(f"{name}: {value}" for name, value in machine.items()), flush=True)
        for name in [chosen.name] if chosen.name else sorted(BENCHES):
            measures = BENCHES[name](server, chosen.scale)
            print(results.table(name, measures), flush=True)
            if chosen.scale == 1:
                results.merge(results.PATH, name, measures, machine)


if __name__ == "__main__":
    main()
