"""A backup of an agency, opened after today's deeds, and the recovery from the log that two administrators make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from aid_ledger.book import queries as book
from aid_ledger.book.restoring import restore as book_again
from aid_ledger.core.act import Acts
from aid_ledger.delivery.restoring import restore as delivery_again
from aid_ledger.disbursement.restoring import restore as batches_again
from aid_ledger.log import heads
from aid_ledger.log.export import export
from aid_ledger.log.pen import LogPen
from aid_ledger.log.recover import Incident, Loss, recover
from aid_ledger.log.salvage import Salvage, salvage
from aid_ledger.receipts.models import Receipt
from aid_ledger.receipts.restoring import restore as receipts_again
from audit import policy
from audit.replay import Replay
from audit.source import open_source
from audit.verify import verify_log
from tests.benches import make_bench
from tests.builders.officials import Founded

REPAIRS = (book_again, batches_again, delivery_again, receipts_again)


@dataclass
class Backup:
    """A copy of an agency's database from some moment; `opened` goes on from it, as after a restore."""

    url: str
    today: Founded

    @contextmanager
    def opened(self) -> Iterator[Founded]:
        """Open it in the place of the database that was lost; its entries wait for a sequencer of their own."""
        today = self.today.bench
        made = make_bench(self.url, today.folder, key=today.key, keys=today.kit.keys)
        waiting = replace(made, acts=Acts(made.engine, LogPen(), made.kit))
        try:
            yield Founded(waiting, self.today.people)
        finally:
            made.engine.dispose()


def exported(founded: Founded, folder: Path) -> Path:
    """Carry the log away, as any mirror does."""
    founded.bench.sequencer.run_once()
    with founded.bench.reading() as session:
        export(session, folder, vkey=str(founded.bench.key.verifier()))
    return folder


def salvaged(restored: Founded, folder: Path) -> Salvage:
    """Fetch what the restored database lacks, held against the checkpoint that was published."""
    bench, keys = restored.bench, [restored.bench.key.verifier()]
    head = heads.published_head(bench.folder / "published-checkpoint", keys)
    return salvage(bench.engine, str(folder), keys, [head] if head else [])


def recovered(restored: Founded, folder: Path, *, by: str = "admin2") -> Loss:
    """Recover as two administrators do, and have the sequencer go on."""
    found = salvaged(restored, folder)
    incident = Incident("Pemulihan 1", "BA-1/2026", "admin")
    loss = restored.bench.acts.run(restored.actor(by), recover, found, incident, REPAIRS)
    restored.bench.sequencer.run_once()
    return loss


def verified(founded: Founded, folder: Path, *, kept: bytes) -> None:
    """Hold the log, as it is now, against the key from paper and a checkpoint from before the crash."""
    exported(founded, folder)
    trusted = policy.Policy.of_log_key(str(founded.bench.key.verifier()))
    report = verify_log(open_source(str(folder)), now_s=0, trusted=trusted, old_checkpoint=kept, checkers=[Replay()])
    assert report.is_good, report.findings


def balanced(founded: Founded) -> bool:
    """Tell whether every balance is the sum of its transfers."""
    with founded.bench.reading() as session:
        return book.unbalanced(session) == []


def kept_seal(founded: Founded) -> bytes:
    """Take the published checkpoint home."""
    return (founded.bench.folder / "published-checkpoint").read_bytes()


def all_receipts(founded: Founded) -> list[Receipt]:
    """List the receipts there are."""
    with founded.bench.reading() as session:
        return list(session.scalars(select(Receipt).order_by(Receipt.id)))
