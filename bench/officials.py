"""One of many posts at work at once, each deed in an Act of its own. Run by sides.py.

Deeds are done either through the Acts of the product, or through the same Acts without record and guard; nothing else
differs: the same service, the same reads, the same encryption, the same rows changed, one commit that waits for the
disk. What is done all day is in `workday.py`.
"""

from __future__ import annotations

import gc
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from aid_ledger.core import clock
from aid_ledger.core.act import Act, Actor, Acts, Kit
from aid_ledger.core.crypto import FieldKeys
from aid_ledger.core.db import Base, make_engine
from aid_ledger.log.pen import LogPen
from aid_ledger.log.sworn import SwornFloor
from audit.facts import Fact
from bench.sides import serve
from bench.workday import Days, Workday

NS_PER_S = 1_000_000_000


class UnrecordedAct(Act):
    """A deed of which nothing is remembered."""

    def record(self, fact: Fact, *about: Base) -> None:
        """Forget what was done."""


class UnauditedActs(Acts):
    """Acts without record and guard: the service's own work and its commit."""

    @contextmanager
    def _transaction(self, actor: Actor, on: Any) -> Iterator[Act]:  # noqa: ANN401 - a date or None
        with Session(self.engine, expire_on_commit=False) as session:
            yield UnrecordedAct(session, actor, self.kit, uuid.uuid4().hex, clock.now(), on or clock.today())
            session.commit()


class Desk:
    """The turns of one post."""

    def open(self, post: dict[str, Any], first: int, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - an ours.Desk
        """Sit down: connect, and begin the day."""
        keys = {key_id: bytes.fromhex(key) for key_id, key in given["keys"].items()}
        kit = Kit(FieldKeys(current=given["current"], keys=keys, lookup=bytes.fromhex(given["lookup"])), Path())
        engine = self.engine = make_engine(given["url"])
        self.ways = {
            "audited": Acts(engine, LogPen(None), kit, floor=SwornFloor(engine)),
            "unaudited": UnauditedActs(engine, LogPen(None), kit),
        }
        day = Workday(post, first)
        self.days: dict[str, Days] = {"mix": day.rounds(), "smallest": day.corrections()}
        self.next = {work: next(days) for work, days in self.days.items()}
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            self.backend = driver.info.backend_pid
        gc.collect()  # Of what was imported; a turn is too short for that.
        return {}

    def work(self, way: str, work: str, since_s: float, until_s: float) -> dict[str, Any]:
        """Do one deed after the other between two moments of the machine's monotonic clock; one at least.

        Tells for each kind of deed how many were done, and their seconds by the clock and of both processors.
        """
        acts = self.ways[way]
        done: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
        time.sleep(max(0, since_s - time.monotonic()))
        while not done or time.monotonic() < until_s:
            deed = self.next[work]
            began_s, spent_s = time.monotonic(), self._spent_s()
            outcome = acts.run(deed.actor, deed.service, *deed.positional, **deed.named)
            took = (1, time.monotonic() - began_s, self._spent_s() - spent_s)
            done[deed.name] = [sum(pair) for pair in zip(done[deed.name], took, strict=True)]
            self.next[work] = self.days[work].send(outcome)
        return done

    def close(self) -> None:
        """Get up: leave the database."""
        self.engine.dispose()

    def _spent_s(self) -> float:
        """Tell the processor time of this process and of the one server process that serves it."""
        served_ns = int(Path(f"/proc/{self.backend}/schedstat").read_text().split()[0])
        return time.process_time() + served_ns / NS_PER_S


if __name__ == "__main__":
    desk = Desk()
    serve({"open": desk.open, "work": desk.work})
