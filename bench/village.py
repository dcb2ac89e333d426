"""A village's print file, from rows of the database to the recorded file on the disk: seconds, and memory above idle.

The batch is made through the services before the clock runs. It is printed by a process of its own, which is idle once
it has opened its keys and printed one receipt; what it holds beyond that while it prints is what a village costs.
Run by bench/sides.py.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from sqlalchemy import select

from aid_ledger.core.db import reading
from aid_ledger.receipts import certificates, printfiles
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.press import Press
from aid_ledger.receipts.printfiles import Doors, Wanted
from aid_ledger.receipts.second_reader import fault_of
from aid_ledger.receipts.signing import KeySigner
from bench.cluster import Cluster
from bench.ours import Desk, Ours, desk
from bench.sides import Side, fresh_peak_mb, peak_mb, serve
from tests.benches import make_bench
from tests.builders import officials, paying, receipt_keys, receipts

RECEIPTS: Final = 5_000
DATABASE: Final = "bench_village"
LAYOUT: Final = "a5"
"""The largest file of the three: a page for each receipt."""
OUT: Final = "village.pdf"


def measure(cluster: Cluster, scale: float) -> dict[str, float]:
    """Make a village, print it, and have a stranger's reader look at the file."""
    with tempfile.TemporaryDirectory() as place, Side("bench.village") as printer:
        folder = Path(place)
        given, batch = _prepared(cluster, folder, max(1, round(RECEIPTS * scale)))
        printer.ask("open_press", folder=place, given=given)
        outcome = printer.ask("print_village", folder=place, batch=batch)
        root = receipt_keys.der_of(receipt_keys.root())
        assert fault_of((folder / OUT).read_bytes(), [root]) == ""
    return {f"print_5000_{name}": number for name, number in outcome.items()}


def _prepared(cluster: Cluster, folder: Path, count: int) -> tuple[Desk, str]:
    """Bring a batch of one village to its receipts; gives what it takes to print them, and the batch."""
    bench = make_bench(cluster.migrated(DATABASE), folder)
    founded = officials.found(bench)
    batch = receipts.delivered(founded, count=count).batch
    while receipts.issue(founded, batch):
        pass
    bench.engine.dispose()
    cluster.settle(DATABASE)
    key, certificate = receipt_keys.signing()
    (folder / "signing.key").write_bytes(certificates.to_pem(key))
    (folder / "signing.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "root.pem").write_bytes(receipt_keys.root_pem())
    return desk(cluster.address(DATABASE), founded.actor("treasurer"), bench.kit.keys), batch


class Printer(Ours):
    """The turns of the process that prints."""

    def open_press(self, folder: str, given: Desk) -> dict[str, Any]:
        """Open the database and the keys, and print one receipt, as a server has that ran for a while."""
        self.open(**given)
        place = Path(folder)
        self.press = Press(
            signers=[KeySigner.load((place / "signing.key").read_bytes(), (place / "signing.pem").read_bytes())],
            first_root=(place / "root.pem").read_bytes(),
            base_url=receipts.BASE_URL,
            stamp_key=receipt_keys.stamp_key(),
        )
        with reading(self.engine) as session:
            first = session.scalars(select(Receipt.reference).order_by(Receipt.id).limit(1)).one()
            self.press.pdf_of(session, self.acts.kit.keys, first)
        self.idle_mb = fresh_peak_mb()
        return {}

    def print_village(self, folder: str, batch: str) -> dict[str, Any]:
        """Print the village and record it."""
        acts, actor = self.acts, self.actor
        doors = Doors(lambda: reading(self.engine), lambda deed, *named: acts.run(actor, deed, *named), acts.kit.keys)
        wanted = Wanted(batch, paying.VILLAGE, LAYOUT, frozenset({""}), "Petugas Contoh")
        began, worked = time.perf_counter(), time.process_time()
        with (Path(folder) / OUT).open("wb") as out:
            printfiles.print_out(doors, self.press, out, wanted)
            size = out.tell()
        return {
            "s": time.perf_counter() - began,
            "cpu_s": time.process_time() - worked,
            "above_idle_mb": peak_mb() - self.idle_mb,
            "file_mb": size / 1_000_000,
        }


if __name__ == "__main__":
    PRINTER = Printer()
    serve({"open_press": PRINTER.open_press, "print_village": PRINTER.print_village})
