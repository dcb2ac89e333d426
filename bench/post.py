"""Posting: a batch of 100,000 payouts in one Act, and single transfers each in an Act of their own.

The batch is measured against the database's own COPY of the very rows it wrote, and against django-hordak; single
transfers against SQLAlchemy-Continuum. Sides take turns in one run, on one server that waits for the disk; the numbers
are medians. Sealing (ordering, tiles, checkpoint) is another process's work and has its own numbers.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from aid_ledger.core.db import make_engine
from aid_ledger.log.sequencer import Sequencer
from bench import copying, ours
from bench.agency import PERIOD, PROGRAM, RATE, REGION, Agency, prepared
from bench.cluster import Cluster
from bench.sides import Side

LINES: Final = 100_000
"""A kabupaten's round."""
ROUNDS: Final = 3
TRANSFERS: Final = 400
TURNS: Final = 7
WARMING: Final = 20
"""Transfers before the clock runs, on every side: caches of statements and of the server fill."""

STRATEGIES: Final = ("validity", "subquery")
"""Continuum's own two ways to keep versions: its default, and the one that writes less."""

_names = itertools.count(1)


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Measure both; `scale` 1 is what the documents speak of, less is for trying out."""
    with tempfile.TemporaryDirectory() as place:
        agency = prepared(cluster, Path(place), "agency", households=max(2, round(LINES * scale)))
        return batches(cluster, agency) | singles(cluster, agency, max(2, round(TRANSFERS * scale)))


def batches(cluster: Cluster, agency: Agency) -> dict[str, float]:
    """Post the batch: ours, COPY of the same rows without and with foreign keys, hordak; then the next round."""
    with Side("bench.ours") as us, Side("bench.peers.hordak", cluster.database("hordak")) as hordak:
        turns = []
        for _ in range(ROUNDS):
            turns.append(_round(cluster, agency, us) | _hordak(cluster, agency, hordak))
            _tell(turns[-1])
    return compared(agency.households, turns)


def limits(cluster: Cluster, agency: Agency, rounds: int) -> dict[str, float]:
    """Post the batch against COPY only: for where the rivals are not installed."""
    with Side("bench.ours") as us:
        return compared(agency.households, [_round(cluster, agency, us) for _ in range(rounds)])


def compared(lines: int, turns: list[dict[str, float]]) -> dict[str, float]:
    """Make measures of the seconds of all turns: medians, and ratios of medians."""
    middle = {side: median(turn[side] for turn in turns) for side in turns[0]}
    measures = {
        "submit_vs_copy": middle["copy"] / middle["ours"],
        "submit_vs_copy_checked": middle["copy_checked"] / middle["ours"],
        "rows_per_s": lines / middle["ours"],
        "submit_rows_per_s": lines / middle["submit"],
        "copy_rows_per_s": lines / middle["copy"],
        "copy_checked_rows_per_s": lines / middle["copy_checked"],
        "submit_peak_mb": middle["peak_mb"],
        "submit_seal_s": middle["seal"],
    }
    if "hordak" in middle:
        measures |= {
            "bulk_vs_hordak": middle["hordak"] / middle["ours"],
            "bulk_vs_hordak_bare": middle["hordak_bare"] / middle["ours"],
            "hordak_rows_per_s": lines / middle["hordak"],
        }
    return measures


def singles(cluster: Cluster, agency: Agency, count: int) -> dict[str, float]:
    """Move value one transfer at a time: ours, then Continuum in each of its strategies, and again."""
    name = _fresh(cluster, agency)
    with ExitStack() as stack:
        us = stack.enter_context(Side("bench.ours"))
        us.ask("open", **ours.desk(cluster.address(name), agency.operator, agency.keys))
        takers = {"ours": partial(_move, us, agency)}
        for strategy in STRATEGIES:
            theirs = cluster.database(f"continuum_{strategy}")
            side = stack.enter_context(Side("bench.peers.continuum", theirs, strategy))
            side.ask("fund", amount=agency.households * RATE)
            takers[strategy] = partial(_transfer, side)
        for take in takers.values():
            take(WARMING)
        turns = []
        for _ in range(TURNS):
            turns.append({side: take(count) for side, take in takers.items()})
            _tell(turns[-1])
        us.ask("close")
    sealing, entries = sealed(cluster, agency, name)
    per_s = {side: count / median(turn[side] for turn in turns) for side in turns[0]}
    return {
        "single_vs_continuum": per_s["ours"] / per_s["validity"],
        "single_vs_continuum_subquery": per_s["ours"] / per_s["subquery"],
        "single_per_s": per_s["ours"],
        "continuum_per_s": per_s["validity"],
        "continuum_subquery_per_s": per_s["subquery"],
        "single_seal_entries_per_s": entries / sealing,
    }


def _tell(turn: dict[str, float]) -> None:
    """Print a round as it ends: a run of many minutes must not look dead, and a reader sees how far turns differ."""
    print("  " + "  ".join(f"{side} {number:.2f}" for side, number in turn.items()), flush=True)


def _move(us: Side, agency: Agency, count: int) -> float:
    moved = us.ask("move", count=count, amount=1, source=agency.source, program=PROGRAM, document=agency.decree)
    return float(moved["seconds"])


def _transfer(rival: Side, count: int) -> float:
    return float(rival.ask("post", count=count, amount=1)["seconds"])


def _round(cluster: Cluster, agency: Agency, us: Side) -> dict[str, float]:
    """Take our turn on a fresh copy of the agency, then COPY's on two more."""
    name = _fresh(cluster, agency)
    us.ask("open", **ours.desk(cluster.address(name), agency.operator, agency.keys))
    paid = us.ask("pay", program=PROGRAM, period=PERIOD, region=REGION, decree=agency.decree)
    us.ask("close")
    assert paid["rows"] == agency.households
    with cluster.connect(name) as after, cluster.connect(agency.template) as before:
        written = copying.written_by(after, paid["xid"], before)
    assert {part.table: part.rows for part in written}["batch_lines"] == agency.households
    sealing, _entries = sealed(cluster, agency, name)
    return {
        "ours": paid["seconds"],
        "submit": paid["submit_s"],
        "peak_mb": paid["peak_mb"],
        "seal": sealing,
        "copy": _copy(cluster, agency, written, checked=False),
        "copy_checked": _copy(cluster, agency, written, checked=True),
    }


def _copy(cluster: Cluster, agency: Agency, written: list[copying.Written], *, checked: bool) -> float:
    name = _fresh(cluster, agency)
    with cluster.connect(name) as connection:
        if not checked:
            copying.drop_foreign_keys(connection, written)
        seconds = copying.copy_in(connection, written)
    _drop(cluster, name)
    return seconds


def _hordak(cluster: Cluster, agency: Agency, hordak: Side) -> dict[str, float]:
    """Take hordak's turns: the same work, and then its postings alone."""
    count = agency.households
    hordak.ask("fund", amount=count * RATE)
    hordak.ask("entitle", count=count, amount=RATE)
    cluster.settle("hordak")
    paid = hordak.ask("pay", count=count)
    hordak.ask("fund", amount=count * RATE)
    cluster.settle("hordak")
    bare = hordak.ask("post", count=count, amount=RATE)
    return {"hordak": float(paid["seconds"]), "hordak_bare": float(bare["seconds"])}


def sealed(cluster: Cluster, agency: Agency, name: str) -> tuple[float, int]:
    """Seal what a copy holds, as the sequencer's process does, and drop the copy; returns seconds and entries."""
    published = agency.published.with_name(f"published-{name}")
    shutil.copy(agency.published, published)
    engine = make_engine(cluster.address(name))
    sequencer = Sequencer(engine, agency.signing, published)
    began, entries = time.perf_counter(), 0
    while ordered := sequencer.run_once().ordered:
        entries += ordered
    seconds = time.perf_counter() - began
    engine.dispose()
    _drop(cluster, name)
    return seconds, entries


def _fresh(cluster: Cluster, agency: Agency) -> str:
    """Copy the agency, with nothing left to do for the server."""
    name = f"{agency.template}_{next(_names)}"
    cluster.database(name, agency.template)
    cluster.settle(name)
    return name


def _drop(cluster: Cluster, name: str) -> None:
    with cluster.connect() as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
