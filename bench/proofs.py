"""Proofs from stored tiles: how long one takes as the log grows to a million entries.

Entries are loaded by COPY with their true leaf hashes, and ordered, hashed into tiles and signed by the sequencer's own
passes. Each proof is asked for as a page does, in a reading of its own, and checked before it counts.
"""

from __future__ import annotations

import random
import tempfile
import time
import uuid
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import Engine

from aid_ledger.core import clock
from aid_ledger.core.db import make_engine, reading
from aid_ledger.log import queries
from aid_ledger.log.sequencer import Sequencer, TileFetch
from aid_ledger.log.tree import TileTree, tiles_of_proof
from audit import canonical, proof
from audit.merkle import leaf_hash, verify_consistency
from audit.note import SigningKey
from audit.policy import Policy
from bench.cluster import Cluster, plain

SIZES: Final = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
ASKED: Final = 400
WARMING: Final = 20
MS: Final = 1_000
SEED: Final = 2026
ORIGIN: Final = "bench.example/aid-ledger"
NAME: Final = "proofs"
PADDING: Final = "x" * 300
"""Entries of a usual length, so that their table is as large as it will be."""


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Let a log grow, and ask for proofs at each size."""
    engine = make_engine(cluster.migrated(NAME))
    measures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        key = SigningKey.generate(ORIGIN)
        sequencer = Sequencer(engine, key, Path(place) / "published-checkpoint")
        size = 0
        for name, full in SIZES.items():
            grown = max(size + 300, round(full * scale))
            _load(cluster, size, grown)
            began = time.perf_counter()
            while sequencer.run_once().is_full:
                pass
            measures["seal_entries_per_s"] = (grown - size) / (time.perf_counter() - began)
            size = grown
            cluster.settle(NAME)
            measures |= asked(engine, key, size, name, count=max(1, round(ASKED * scale)))
            print("  " + "  ".join(f"{what} {number:.2f}" for what, number in measures.items()), flush=True)
    engine.dispose()
    return measures


def asked(engine: Engine, key: SigningKey, size: int, name: str, *, count: int) -> dict[str, float]:
    """Ask for proofs of entries and of earlier sizes, all over the log; returns milliseconds, median and p99."""
    draw = random.Random(SEED)  # noqa: S311 - which entries are asked for is no secret
    trusted = Policy.of_log_key(str(key.verifier()))

    def include() -> None:
        position = draw.randrange(size)
        with reading(engine) as session:
            began = time.perf_counter()
            text = queries.proof_text(session, position)
            taken.append(time.perf_counter() - began)
        proof.verify(proof.parse(text.encode()), _raw(position), trusted, now_s=int(clock.now().timestamp()))

    def continue_() -> None:
        old = draw.randrange(1, size)
        with reading(engine) as session:
            began = time.perf_counter()
            tree = TileTree(size, TileFetch(session, tiles_of_proof(old, size)))
            hashes = tree.consistency_proof(old)
            taken.append(time.perf_counter() - began)
            verify_consistency(old, size, tree.at(old).root(), tree.root(), hashes)

    measures: dict[str, float] = {}
    for kind, ask in {"proof": include, "consistency": continue_}.items():
        taken: list[float] = []
        for _ in range(WARMING + count):
            ask()
        ordered = sorted(taken[WARMING:])
        measures[f"{kind}_ms_{name}"] = ordered[len(ordered) // 2] * MS
        measures[f"{kind}_p99_ms_{name}"] = ordered[int(len(ordered) * 0.99)] * MS
    return measures


def _raw(number: int) -> bytes:
    return canonical.encode({"n": number, "padding": PADDING})


def _load(cluster: Cluster, first: int, end: int) -> None:
    """Put entries into the table, each an Act of its own, as the pen writes them."""
    statement = "COPY log_entries (act, ordinal, kind, recorded_at, raw, leaf_hash) FROM STDIN"
    at = clock.now()
    with psycopg.connect(plain(cluster.url, NAME)) as connection, connection.cursor().copy(statement) as copy:
        for number in range(first, end):
            raw = _raw(number)
            copy.write_row((uuid.UUID(int=number).hex, 0, "Bench", at, raw, leaf_hash(raw)))
