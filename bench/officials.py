"""One of many officials at work at once: household corrections, each in an Act of its own. Run by sides.py.

A correction is a deed of every day in which officials do not meet: each locks a household of their own village. It is
done either through the Acts of the product, or through the same Acts without record and guard; nothing else differs:
the same service, the same reads, the same encryption, the same row changed, one commit that waits for the disk.
"""

from __future__ import annotations

import gc
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
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
from aid_ledger.recipients import service
from audit.facts import Fact
from bench.sides import serve

REASON = "Nomor telepon baru, disampaikan warga di kantor desa."
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


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
    """The turns of one official."""

    def open(self, people: list[str], **given: Any) -> dict[str, Any]:  # noqa: ANN401 - an ours.Desk
        """Sit down: connect, and take the households that are this official's."""
        keys = {key_id: bytes.fromhex(key) for key_id, key in given["keys"].items()}
        kit = Kit(FieldKeys(current=given["current"], keys=keys, lookup=bytes.fromhex(given["lookup"])), Path())
        engine = make_engine(given["url"])
        self.actor = Actor(**given["actor"])
        self.ways = {
            "audited": Acts(engine, LogPen(None), kit, floor=SwornFloor(engine)),
            "unaudited": UnauditedActs(engine, LogPen(None), kit),
        }
        self.people = cycle(people)
        self.done = 0
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)
            self.backend = driver.info.backend_pid
        return {}

    def work(self, way: str, since_s: float, until_s: float) -> dict[str, Any]:
        """Correct one household after the other between two moments of the machine's monotonic clock; one at least."""
        acts, before = self.ways[way], self.done
        gc.collect()
        time.sleep(max(0, since_s - time.monotonic()))
        began_s, spent_s = time.monotonic(), time.process_time() + self._server_s()
        while self.done == before or time.monotonic() < until_s:
            self.done += 1
            values = {"no_hp": f"+62812{self.done:08d}"}
            acts.run(self.actor, service.correct_person, next(self.people), reason=REASON, values=values)
        deeds = self.done - before
        return {
            "deeds": deeds,
            "per_s": deeds / (time.monotonic() - began_s),
            "cpu_s": time.process_time() + self._server_s() - spent_s,
        }

    def _server_s(self) -> float:
        """Tell the processor time of the one server process that serves this official."""
        fields = Path(f"/proc/{self.backend}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


if __name__ == "__main__":
    desk = Desk()
    serve({"open": desk.open, "work": desk.work})
