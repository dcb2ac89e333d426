"""The bench of a village's print file: a tiny true run, from the database to a recorded file."""

from __future__ import annotations

from bench import cluster, village

TINY = 0.001


def test_a_tiny_village_is_printed_and_measured() -> None:
    """The cheat of a file that nobody recorded or signed: the run itself has a stranger's reader look at it."""
    with cluster.running() as server:
        measures = village.measure(server, TINY)
    assert set(measures) == {f"print_5000_{name}" for name in ("s", "cpu_s", "above_idle_mb", "file_mb")}
    assert measures["print_5000_file_mb"] > 0
    assert measures["print_5000_s"] > 0
