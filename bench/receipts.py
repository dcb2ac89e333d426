"""Receipts: pressed, against laying each one out and against what others would use; and a batch of 100,000, written.

All sides make the same receipts of the same households, sign with the same RSA key of 2048 bits, and are asked in
turns. Their milliseconds are of processor time, medians of turns; one raw signature is the floor under all of them.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from audit.note import format_vkey, parse_skey
from audit.pdf import verify_receipt
from bench import paper, village
from bench.cluster import Cluster
from bench.sides import Side

TURNS: Final = 5
HOUSEHOLDS: Final = 100_000
WORKERS: Final = 2
SAMPLED_EVERY: Final = 1_000


class Asked(NamedTuple):
    """One side of the bench: where it runs, what it is asked, with which key, and how many it makes in a turn."""

    module: str
    turn: str
    key: str
    receipts: int


RIVALS: Final = ("naive", "laid_out", "reportlab", "typst")
SIDES: Final = {
    "naive": Asked("bench.peers.naive", "make", "", 2),
    "reportlab": Asked("bench.peers.reportlab", "make", "", 10),
    "typst": Asked("bench.peers.typst", "make", "", 10),
    "laid_out": Asked("bench.pressing", "lay_out", "rsa", 4),
    "pressed": Asked("bench.pressing", "press", "rsa", 300),
    "pressed_p256": Asked("bench.pressing", "press", "p256", 300),
    "signature": Asked("bench.pressing", "sign", "rsa", 300),
}


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Ask the sides in turns, have two workers press a whole batch, and print a village."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paper.found(folder)
        pressed = compared(folder, scale) | _press_batch(folder, max(WORKERS, round(HOUSEHOLDS * scale)))
    return pressed | village.measure(cluster, scale)


def compared(folder: Path, scale: float) -> dict[str, float]:
    """Have the sides take turns; a ratio is their milliseconds ÷ ours."""
    ms = _take_turns(folder, scale)
    measures = {f"{side}_ms": taken for side, taken in ms.items()}
    measures |= {f"pressed_vs_{side}": ms[side] / ms["pressed"] for side in RIVALS}
    measures["pressed_vs_signature"] = ms["pressed"] / ms["signature"]
    measures["pressed_per_s"], measures["pressed_p256_per_s"] = 1_000 / ms["pressed"], 1_000 / ms["pressed_p256"]
    return measures


def _take_turns(folder: Path, scale: float) -> dict[str, float]:
    """Ask each side once before the turns that count; whoever left something out fails the run."""
    with ExitStack() as open_sides:
        processes = {each.module: open_sides.enter_context(Side(each.module)) for each in SIDES.values()}

        def ask(asked: Asked, count: int) -> tuple[float, bytes]:
            key = {"kind": asked.key} if asked.key else {}
            outcome = processes[asked.module].ask(asked.turn, folder=str(folder), count=count, **key)
            return float(outcome["ms"]), bytes.fromhex(outcome["pdf"])

        for name, asked in SIDES.items():
            _, pdf = ask(asked, 1)
            if name != "signature":
                _check_page(folder, name, pdf)
        turns = [
            {name: ask(asked, max(1, round(asked.receipts * min(1, scale * 10))))[0] for name, asked in SIDES.items()}
            for _ in range(TURNS)
        ]
    return {name: median(turn[name] for turn in turns) for name in SIDES}


def _check_page(folder: Path, name: str, pdf: bytes) -> None:
    """See with strangers' tools that a side's file says everything, carries the evidence and is signed."""
    file = folder / f"{name}.pdf"
    file.write_bytes(pdf)
    said = paper.fields_of(0)
    text = " ".join(_told("pdftotext", str(file), "-").split())
    needed = (said.number, said.in_words, said.decree, said.line, *(each.name for each in said.approvers))
    assert all(each in text for each in needed), (name, text)
    assert "bukti.json" in _told("pdfdetach", "-list", str(file)), name
    assert "Signature is Valid" in _told("pdfsig", "-nocert", str(file)), name


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _press_batch(folder: Path, households: int) -> dict[str, float]:
    """Have two workers press and write a batch, each its half; a sample of the files is verified by our own reader."""
    step = -(-households // WORKERS)
    with ExitStack() as open_workers:
        workers = [open_workers.enter_context(Side("bench.pressing")) for _ in range(WORKERS)]
        for number, worker in enumerate(workers):
            part = {"first": number * step, "stop": min((number + 1) * step, households)}
            worker.tell("write", folder=str(folder), kind="rsa", households=households, **part)
        outcomes = [worker.hear() for worker in workers]
    assert sum(1 for _ in (folder / "pressed").rglob("*.pdf")) == households
    for number in _sampled(households):
        pdf = (folder / "pressed" / str(number // paper.PER_FOLDER) / f"{number}.pdf").read_bytes()
        vkey = format_vkey(parse_skey((folder / "log.key").read_text()).verifier())
        report = verify_receipt(pdf, root_cert=(folder / "root.pem").read_bytes(), log_key=vkey)
        assert (report.number, report.index) == (paper.fields_of(number).number, number)
    return {
        "batch_s": max(outcome["seconds"] for outcome in outcomes),
        "batch_per_s": households / max(outcome["seconds"] for outcome in outcomes),
        "batch_file_kb": sum(outcome["bytes"] for outcome in outcomes) / households / 1_000,
        "batch_peak_mb": max(outcome["peak_mb"] for outcome in outcomes),
    }


def _sampled(households: int) -> Iterator[int]:
    yield from range(0, households, SAMPLED_EVERY)
    yield households - 1
