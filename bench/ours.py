"""Our side: the services that officers use, through the Act that the web and the command line use. Run by sides.py.

The pen writes entries in the transaction, as in production on PostgreSQL; ordering and signing them is another
process's work there, and is measured apart from these turns.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

from sqlalchemy import func, select, text

from aid_ledger.book import queries as book_queries
from aid_ledger.book import service as book
from aid_ledger.book.models import Transfer
from aid_ledger.book.rules import IDR, Movement, Place, Stage
from aid_ledger.core.act import Act, Actor, Acts, Kit
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import make_engine, reading
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.log.models import LogEntry
from aid_ledger.log.pen import LogPen
from audit.facts.money import FundsAllocated
from bench.sides import serve, timed

CHANNEL = "bank"


class Desk(TypedDict):
    """What it takes to act on a database, as JSON: the one who acts, and the field keys in hex."""

    url: str
    actor: dict[str, Any]
    current: str
    keys: dict[str, str]
    lookup: str


def desk(url: str, actor: Actor, keys: FieldKeys) -> Desk:
    """Write what a side needs in order to act."""
    by_id, lookup = keys.export()
    return Desk(
        url=url,
        actor=asdict(actor),
        current=keys.current,
        keys={key_id: key.hex() for key_id, key in by_id.items()},
        lookup=lookup.hex(),
    )


class Ours:
    """The turns of this side."""

    def open(self, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - a Desk
        """Connect to a database; a later turn opens another one."""
        keys = {key_id: bytes.fromhex(key) for key_id, key in given["keys"].items()}
        field_keys = FieldKeys(current=given["current"], keys=keys, lookup=bytes.fromhex(given["lookup"]))
        self.engine = make_engine(given["url"])
        self.actor = Actor(**given["actor"])
        self.acts = Acts(self.engine, LogPen(None), Kit(field_keys, Path()))
        with reading(self.engine) as session:
            session.scalar(select(func.count(LogEntry.id)))  # Connecting is nobody's work.
        return {}

    def close(self) -> dict[str, Any]:
        """Leave the database, so that it can be copied or dropped."""
        self.engine.dispose()
        return {}

    def pay(self, **batch: str) -> dict[str, Any]:
        """Draft and submit a batch in one Act: choose, open and commit to payees, freeze, reserve, record."""
        outcome: dict[str, Any] = {}
        with timed(outcome):
            drafted = self.acts.run(self.actor, draft_and_submit, **batch)
            outcome["submit_s"] = time.perf_counter() - drafted.at
        with reading(self.engine) as session:
            lines = select(func.count()).select_from(BatchLine).where(BatchLine.state != "set_aside")
            outcome["rows"] = session.scalar(lines)
        return outcome | {"xid": drafted.xid}

    def move(self, count: int, amount: int, source: str, program: str, document: str) -> dict[str, Any]:
        """Move value `count` times, each in an Act of its own with the fact that explains it."""
        outcome: dict[str, Any] = {"rows": count}
        origin, target = Place(source, Stage.RECEIVED), Place(source, Stage.ALLOCATED, program)
        before = self._moved()
        with timed(outcome):
            for _ in range(count):
                self.acts.run(self.actor, move_once, Movement(origin, target, IDR, amount), document)
        assert self._moved() - before == count
        return outcome

    def _moved(self) -> int:
        with reading(self.engine) as session:
            assert not book_queries.unbalanced(session)
            return session.scalar(select(func.count()).select_from(Transfer)) or 0


@dataclass(frozen=True)
class Drafted:
    """A batch on its way: its transaction's number, and the moment the draft stood and posting began."""

    xid: int
    at: float


def draft_and_submit(act: Act, /, **batch: str) -> Drafted:
    """Draft a batch and submit it at once."""
    drafted = disbursement.draft_batch(act, channel=CHANNEL, **batch)
    at = time.perf_counter()
    disbursement.submit_batch(act, drafted.reference)
    return Drafted(act.session.scalar(text("SELECT txid_current()")) or 0, at)


def move_once(act: Act, movement: Movement, document: str) -> None:
    """Allocate so much of a source to a programme, as the allocating service does, without its own row."""
    moves = book.move(act, (movement,))
    act.record(
        FundsAllocated(
            allocation="ALC-2026-000000",
            source=movement.origin.source,
            program=movement.target.program,
            commodity=movement.commodity,
            amount=movement.amount,
            document=document,
            moves=moves,
        )
    )


if __name__ == "__main__":
    side = Ours()
    serve({"open": side.open, "close": side.close, "pay": side.pay, "move": side.move})
