"""Small deeds for tests of the log: each defines one commodity, and writes no position."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from aid_ledger.book.models import Commodity
from aid_ledger.core.act import Act, Actor, Acts
from aid_ledger.log.models import LogEntry, LogPosition
from aid_ledger.log.pen import LogPen
from audit.facts.money import CommodityDefined
from tests.benches import Bench


def define(act: Act, code: str, *, note: str = "satuan") -> None:
    """Define a commodity; `note` is written into the fact as its unit."""
    act.session.add(Commodity(code=code, unit=note, name=code, public_name=code))
    act.record(CommodityDefined(commodity=code, unit=note, public_name=code))


def define_all(act: Act, codes: list[str]) -> None:
    """Define several commodities in one deed."""
    for code in codes:
        define(act, code)


def unsequenced(bench: Bench) -> Acts:
    """Give Acts whose entries wait for a sequencer, as they do on PostgreSQL."""
    return Acts(bench.engine, LogPen(), bench.kit)


def write(bench: Bench, actor: Actor, *codes: str) -> None:
    """Do one deed per code; the entries wait."""
    acts = unsequenced(bench)
    for code in codes:
        acts.run(actor, define, code)


def at_once(deeds: list[Callable[[], object]]) -> list[object]:
    """Run deeds in threads and give what they return; the first error is raised."""
    with ThreadPoolExecutor(len(deeds)) as pool:
        return [done.result() for done in [pool.submit(deed) for deed in deeds]]


def ordered_entries(bench: Bench) -> list[LogEntry]:
    """List entries by position; fails if positions are not dense from 0."""
    with bench.reading() as session:
        query = select(LogPosition.position, LogEntry).join(LogEntry, LogEntry.id == LogPosition.entry_id)
        rows = session.execute(query.order_by(LogPosition.position)).all()
        assert [position for position, _ in rows] == list(range(len(rows)))
        return [entry for _, entry in rows]


def count_entries(bench: Bench) -> int:
    """Count all entries, ordered or waiting."""
    with bench.reading() as session:
        return session.scalar(select(func.count()).select_from(LogEntry)) or 0
