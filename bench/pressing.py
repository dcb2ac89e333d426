"""Our side of the bench of receipts: pressed, laid out one by one, and the signature alone. Run by bench/sides.py.

The evidence is made before the clock runs: reading it from the database is the ledger's work, whoever prints.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any, Final

from aid_ledger.receipts.press.printing import PressRoom
from aid_ledger.receipts.rendering import ReceiptPrinter
from aid_ledger.receipts.signing import Seal, sign_with
from audit.pdf.evidence import Evidence
from bench import paper
from bench.sides import peak_mb, serve

CHUNK: Final = 500
"""Receipts whose evidence is made at a time, with the clock stopped."""
MESSAGE: Final = b"x" * 200
"""As long as the attributes that are signed."""


@cache
def batch(folder: str, households: int) -> paper.Batch:
    """Hash a batch's log once."""
    return paper.Batch(Path(folder), households)


@cache
def seal(folder: str, kind: str) -> Seal:
    """Load a key once."""
    return Seal(paper.signer_of(Path(folder), kind))


@cache
def room(folder: str) -> PressRoom:
    """Set up the press once; its plates are engraved when a shape is first met."""
    return PressRoom(paper.issuer_of(Path(folder)))


@cache
def printer(folder: str) -> ReceiptPrinter:
    """Set up the layout engine once."""
    return ReceiptPrinter(paper.issuer_of(Path(folder)))


def press(folder: str, kind: str, count: int) -> dict[str, Any]:
    """Press so many receipts."""
    made = _evidence(folder, count)
    # Plates and the forms of codes are made when they are first met; a batch of any size needs no more of them.
    for each in made:
        _press(folder, kind, each)
    began = time.process_time()
    for each in made:
        pdf = _press(folder, kind, each)
    return _outcome(began, count, pdf)


def lay_out(folder: str, kind: str, count: int) -> dict[str, Any]:
    """Lay so many receipts out, one by one, with the style sheet and fonts loaded once, and sign them."""
    made, signs, printing = _evidence(folder, count), seal(folder, kind), printer(folder)
    printing.render(made[0], signed_at=paper.SIGNED_AT)
    began = time.process_time()
    for each in made:
        pdf = sign_with(signs, printing.render(each, signed_at=paper.SIGNED_AT))
    return _outcome(began, count, pdf)


def sign(folder: str, kind: str, count: int) -> dict[str, Any]:
    """Make so many signatures, and nothing else."""
    signer = paper.signer_of(Path(folder), kind)
    began = time.process_time()
    for _ in range(count):
        signer.sign(MESSAGE)
    return _outcome(began, count, b"")


def write(folder: str, kind: str, households: int, first: int, stop: int) -> dict[str, Any]:
    """Press a part of a batch and write every signed PDF to a file of its own."""
    whole = batch(folder, households)
    target = Path(folder) / "pressed"
    seconds, size = 0.0, 0
    for start in range(first, stop, CHUNK):
        numbers = range(start, min(start + CHUNK, stop))
        made = [whole.evidence(number) for number in numbers]
        # A folder of its own for each thousand; there are as many as a file system likes.
        for number in numbers:
            (target / str(number // paper.PER_FOLDER)).mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        for number, each in zip(numbers, made, strict=True):
            size += (target / str(number // paper.PER_FOLDER) / f"{number}.pdf").write_bytes(_press(folder, kind, each))
        seconds += time.perf_counter() - began
    return {"seconds": seconds, "bytes": size, "peak_mb": peak_mb()}


def _press(folder: str, kind: str, evidence: Evidence) -> bytes:
    return room(folder).print(evidence, signed_at=paper.SIGNED_AT, seal=seal(folder, kind))


def _evidence(folder: str, count: int) -> list[Evidence]:
    households = max(count, paper.SMALL)
    return [batch(folder, households).evidence(number) for number in range(count)]


def _outcome(began: float, count: int, pdf: bytes) -> dict[str, Any]:
    return {"ms": 1_000 * (time.process_time() - began) / count, "pdf": pdf.hex()}


if __name__ == "__main__":
    serve({"press": press, "lay_out": lay_out, "sign": sign, "write": write})
