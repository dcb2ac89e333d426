"""A process killed (`kill -9`) while money moves: inside an Act, at its commit, and before its entry is sealed.

What a killed sequencer leaves is in `tests/rooms/log/test_sequencer_killed.py`, jobs are in `tests/rooms/core`.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from aid_ledger.core.act import Acts
from aid_ledger.core.db import ask, make_engine
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.rules import AlreadyInstructed
from aid_ledger.log import pen
from aid_ledger.log import queries as log
from aid_ledger.log.pen import LogPen
from aid_ledger.log.sequencer import Sequencer
from tests.benches import Bench
from tests.builders import delivering
from tests.builders.log import assert_log_agrees, compared
from tests.builders.officials import Founded

MOMENTS = ("UPDATE balances", "INSERT INTO transfers", "UPDATE batch_lines", "INSERT INTO log_entries", "commit")
"""Where a payment is killed: value half moved, moved, lines half marked, entry half written, everything but durable.

PostgreSQL is told of the first two in one statement, and of an entry with what it mentions in another."""


class DyingOrders:
    """Stands where the sequencer is asked, and dies there: the deed is committed, its entry has no position."""

    def run_once(self) -> None:
        """Die."""
        die()


def die() -> None:
    """End as a power cut ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed_paying(founded: Founded, batch: str, moment: str) -> None:
    """Pay a batch in a process of its own that is killed at a moment; "" is after the commit."""
    bench = founded.bench
    bench.engine.dispose()
    child = os.fork()
    if child == 0:
        _pay_and_die(founded, batch, moment)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the child lived past {moment or 'its commit'}"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _pay_and_die(founded: Founded, batch: str, moment: str) -> None:
    """Do what the child does; never returns, whatever happens."""
    try:
        bench = founded.bench
        engine = make_engine(address_of(bench))
        if moment:
            _kill_at(engine, moment)
        acts = Acts(engine, LogPen(DyingOrders()), bench.kit)
        with acts.open(founded.actor("treasurer")) as act:
            delivery.instruct(act, batch)
    finally:
        os._exit(1)


def _kill_at(engine: Engine, moment: str) -> None:
    if moment == "commit":
        event.listen(engine, "commit", lambda _connection: die())
        return

    def step(statement: str) -> None:
        if moment in statement:
            die()

    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_rest: step(statement))

    def said_past_sqlalchemy(connection: Connection, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        step(statement)
        return ask(connection, statement, *parameters)

    # The pen speaks to PostgreSQL's driver itself. This process dies of it, so nothing is put back.
    vars(pen)["ask"] = said_past_sqlalchemy


def address_of(bench: Bench) -> str:
    """Give the URL of a bench's database."""
    if bench.engine.dialect.name == "postgresql":
        return bench.engine.url.render_as_string(hide_password=False)
    return f"sqlite:///{str(bench.engine.url.database).removeprefix('file:')}"


def test_a_payment_killed_halfway_never_happened(founded: Founded) -> None:
    """P1, P7: at no moment does a killed Act leave a moved rupiah, a marked line or an entry; then it is paid once."""
    bench = founded.bench
    batch, paid = delivering.approved(bench, founded, count=3)
    before = delivering.states(bench, batch)
    for moment in MOMENTS:
        killed_paying(founded, batch, moment)
        assert (delivering.state_of(bench, batch), delivering.states(bench, batch)) == ("approved", before), moment
        assert compared(bench) == [], moment
    with founded.act("treasurer") as act:
        instruction = delivery.instruct(act, batch)
    assert delivering.stages(bench, delivering.Sent(batch, instruction.reference, paid, 3)) == {
        "in_transit": 3 * paid.rate
    }
    assert_log_agrees(bench)


def test_a_payment_killed_before_its_seal_is_sealed_by_the_next_start(founded: Founded) -> None:
    """P7, THREATS 4: committed is done, once; nothing leaves until the next process has ordered and signed it."""
    bench = founded.bench
    batch, _paid = delivering.approved(bench, founded, count=2)
    killed_paying(founded, batch, "")
    assert delivering.state_of(bench, batch) == "sent"
    with bench.reading() as session:
        assert log.status(session).waiting > 0
    assert compared(bench) == []
    with pytest.raises(AlreadyInstructed), founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    Sequencer(bench.engine, bench.key, bench.folder / "published-checkpoint").run_once()
    with bench.reading() as session:
        assert log.status(session).waiting == 0
    assert_log_agrees(bench)
