"""The benches themselves: names that others rely on, a file that one bench cannot spoil for another, a tiny true run.

Rivals are not installed for tests, so the tiny run has only the database's own limit beside it.
"""

from __future__ import annotations

import json
from pathlib import Path

from bench import agency, cluster, post, results, serve

SERVED = {"bare", "tiles", "unchanged", "bundles", "bundles_packed", "checkpoints"}
RELIED_ON = {"submit_vs_copy", "rows_per_s", "bulk_vs_hordak"}
SINGLE = "single_vs_continuum"
MACHINE: dict[str, float | str] = {"cores": 2, "database": "PostgreSQL 15", "date": "2026-11-22"}


def test_a_bench_leaves_the_numbers_of_others_alone(tmp_path: Path) -> None:
    """The cheat of a good old number next to a bad new one: a run writes over all it measured and nothing else."""
    path = tmp_path / "results.json"
    results.merge(path, "post", {"rows_per_s": 1.0, "submit_peak_mb": 2.0}, MACHINE)
    results.merge(path, "audit", {"proof_ms_1m": 3.0}, MACHINE)
    results.merge(path, "post", {"rows_per_s": 12_345.6}, MACHINE | {"cores": 4})
    assert json.loads(path.read_text()) == {
        "post": {"rows_per_s": 12_350, "submit_peak_mb": 2},
        "audit": {"proof_ms_1m": 3},
        "machine": MACHINE | {"cores": 4},
    }


def test_numbers_keep_four_digits() -> None:
    """The law that a noisy machine promises no more than it can keep; whole numbers stay whole."""
    assert [results.rounded(number) for number in (0.0123456, 4.56789, 123_456.7, 2.0, 0.0)] == [
        0.01235,
        4.568,
        123_500,
        2,
        0,
    ]


def test_ratios_come_first() -> None:
    """The law of the table: what can be compared on any machine stands above what cannot."""
    lines = results.table("post", {"a_per_s": 1, "z_vs_b": 2}).splitlines()
    assert [line.split()[0] for line in lines] == ["post.z_vs_b", "post.a_per_s"]


def test_medians_of_turns_become_the_names_others_rely_on() -> None:
    """The cheat of the best turn: an outlier of either side moves nothing, and a ratio above 1 means we are faster."""
    ours = {"ours": 2.0, "submit": 1.0, "peak_mb": 100.0, "seal": 0.5}
    turn = ours | {"copy": 1.0, "copy_checked": 1.5, "hordak": 8.0, "hordak_bare": 6.0}
    measures = post.compared(1_000, [turn, turn, turn | {"ours": 0.1, "hordak": 800.0}])
    assert set(measures) >= RELIED_ON
    assert measures["bulk_vs_hordak"] == 4
    assert measures["bulk_vs_hordak_bare"] == 3
    assert measures["submit_vs_copy"] == 0.5
    assert measures["rows_per_s"] == 500


def test_a_tiny_batch_is_paid_copied_and_sealed(tmp_path: Path) -> None:
    """The law that both sides did the same work: as many lines copied as paid, and every number is a positive one."""
    with cluster.running() as server:
        made = agency.prepared(server, tmp_path, "agency", households=5)
        measures = post.limits(server, made, rounds=1)
    assert set(measures) == RELIED_ON - {"bulk_vs_hordak"} | {
        "submit_vs_copy_checked",
        "submit_rows_per_s",
        "copy_rows_per_s",
        "copy_checked_rows_per_s",
        "submit_peak_mb",
        "submit_seal_s",
    }
    assert all(number > 0 for number in measures.values())


def test_a_log_is_served_and_asked_for() -> None:
    """The law that what is measured is what is stored: the bench itself compares the bytes, and each side answers."""
    with cluster.running() as server:
        measures = serve.measure(server, 0.02)
    assert set(measures) == {f"{side}_per_s" for side in SERVED} | {"tiles_vs_bare"}
    assert all(number > 0 for number in measures.values())


def test_the_written_results_hold_the_names_others_rely_on() -> None:
    """The law that what the documents quote was measured: the file in the repository has it."""
    written = json.loads(results.PATH.read_text())
    assert set(written["post"]) >= RELIED_ON | {SINGLE}
    assert set(written["serve"]) == {f"{side}_per_s" for side in SERVED} | {"tiles_vs_bare"}
    assert set(written["machine"]) == set(MACHINE)
