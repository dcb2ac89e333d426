"""Serving the log: tiles, bundles and checkpoints a second through the server that production runs, on this machine.

Measured against the same server with an application that does nothing. Full tiles never change and belong to a cache
or a CDN; this is what one costs until it lies there, and what everybody may ask for every second: the checkpoint.
"""

from __future__ import annotations

import hashlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from aid_ledger.cli.serving import gunicorn_command
from aid_ledger.log.export import served_tile
from aid_ledger.settings import Settings
from bench import bare
from bench.cluster import ROOT, Cluster
from bench.sides import Side
from tests.benches import Bench, make_bench
from tests.builders import officials
from tests.builders.server import served
from tests.builders.web import settings_of
from tests.rooms.log.writing import define_all

ENTRIES: Final = 600
"""Two full tiles and a partial one: what is read does not depend on how many there are, but for an index's depth."""
REQUESTS: Final = 800
TURNS: Final = 3
TILE: Final = "/log/tile/0/000"
BUNDLE: Final = "/log/tile/entries/000"
START_LIMIT_S: Final = 60


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Serve a log and ask for its files; the sides take turns, the numbers are medians."""
    count = max(16, round(REQUESTS * scale))
    with tempfile.TemporaryDirectory() as place:
        founded = officials.found(make_bench(cluster.migrated("serve"), Path(place)))
        founded.bench.acts.run(founded.actor("operator"), define_all, [f"B{number}" for number in range(ENTRIES)])
        founded.bench.sequencer.run_once()
        cluster.settle("serve")
        settings, ours, theirs = settings_of(founded), _free_port(), _free_port()
        with served(settings, ours), _serving_bare(settings, theirs), Side("bench.knocking") as client:
            _same_bytes(founded.bench, client, ours)
            turns = [_turn(client, ours, theirs, count) for _ in range(TURNS)]
        founded.bench.engine.dispose()
    per_s = {side: median(turn[side] for turn in turns) for side in turns[0]}
    return {"tiles_vs_bare": per_s["tiles"] / per_s["bare"]} | {f"{side}_per_s": per_s[side] for side in per_s}


def _turn(client: Side, ours: int, theirs: int, count: int) -> dict[str, float]:
    tag = str(client.ask("knock", port=ours, path=TILE, headers={}, count=1)["etag"])
    packed = {"Accept-Encoding": "gzip"}
    asked = {
        "bare": (theirs, TILE, {}, 200),
        "tiles": (ours, TILE, {}, 200),
        "unchanged": (ours, TILE, {"If-None-Match": tag}, 304),
        "bundles": (ours, BUNDLE, {}, 200),
        "bundles_packed": (ours, BUNDLE, packed, 200),
        "checkpoints": (ours, "/log/checkpoint", {}, 200),
    }
    per_s = {}
    for side, (port, path, headers, status) in asked.items():
        took = client.ask("knock", port=port, path=path, headers=headers, count=count)
        assert took["status"] == status, f"{side} was answered {took['status']}"
        per_s[side] = took["count"] / took["seconds"]
    print("  " + "  ".join(f"{side} {number:.0f}" for side, number in per_s.items()), flush=True)
    return per_s


def _same_bytes(bench: Bench, client: Side, port: int) -> None:
    """Hold what is served against what is stored, and let every process answer once before the clock runs."""
    with bench.reading() as session:
        for path in (TILE, BUNDLE):
            stored = hashlib.sha256(served_tile(session, path.removeprefix("/log/"))).hexdigest()
            assert client.ask("knock", port=port, path=path, headers={}, count=64)["digest"] == stored


@contextmanager
def _serving_bare(settings: Settings, port: int) -> Iterator[None]:
    """Run the application that does nothing in the server that ours runs in."""
    assert len(bare.BODY) == len(bytes(256 * 32))
    command = [*gunicorn_command(settings, host="127.0.0.1", port=port)[:-1], "bench.bare:app"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + START_LIMIT_S
        while _is_closed(port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield
        process.terminate()


def _is_closed(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) != 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
