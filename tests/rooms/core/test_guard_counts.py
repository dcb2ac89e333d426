"""PostgreSQL's counts: what an Act may rely on without asking, and what it asks of the driver directly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from aid_ledger.book.models import Commodity
from aid_ledger.core.act import Act, Actor, Acts, keeping_house
from aid_ledger.core.db import ask, begins_at_zero, make_engine, reading
from aid_ledger.core.errors import UnrecordedChange
from aid_ledger.core.guard import REPORTS_SINCE
from audit.facts.money import CommodityDefined
from audit.facts.officials import PasswordSet
from tests.benches import Bench

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
"""The embedded database has no counters that outlive a transaction."""

ADD = text("INSERT INTO commodities (code, unit, name, public_name) VALUES (:code, 'kg', 'Beras', 'Beras')")

HIDDEN = text("UPDATE commodities SET name = 'Emas'")


@pytest.fixture
def pooled(database_url: str) -> Iterator[Engine]:
    """Give an engine behind a pooler, whose transactions may meet on any server connection."""
    engine = make_engine(database_url, behind_pooler=True)
    yield engine
    engine.dispose()


def define(act: Act, code: str) -> None:
    """Define a commodity with its fact."""
    act.session.add(Commodity(code=code, unit="kg", name="Beras", public_name="Beras"))
    act.record(CommodityDefined(commodity=code, unit="kg", public_name="Beras"))


def set_password(act: Act) -> None:
    """Record a fact that declares no commodities."""
    act.record(PasswordSet(official="uji.petugas", temporary=0))


def is_at_zero(engine: Engine) -> bool:
    """Tell what the next transaction would rely on; on a bench there is one connection, so it is the same one."""
    with engine.connect() as connection, connection.begin():
        return begins_at_zero(connection)


def test_a_hidden_write_is_seen_by_a_guard_that_did_not_ask_before(bench: Bench, anyone: Actor) -> None:
    """THREATS 5: an Act after an Act takes the counters for zero, and is refused what it hides all the same."""
    bench.acts.run(anyone, define, "BERAS_KG")
    trust = []

    def deed(act: Act) -> None:
        trust.append(begins_at_zero(act.session.connection()))
        act.session.execute(HIDDEN)

    with pytest.raises(UnrecordedChange, match="commodities"):
        bench.acts.run(anyone, deed)
    assert trust == [True]


def test_what_a_failed_act_wrote_is_not_blamed_on_the_next(bench: Bench, anyone: Actor) -> None:
    """A rolled back row stays counted until the server reports: the next guard compares instead of believing zero."""

    def deed(act: Act) -> None:
        act.session.execute(ADD, {"code": "EMAS"})
        raise LookupError

    with pytest.raises(LookupError):
        bench.acts.run(anyone, deed)
    with bench.act(anyone) as act:
        assert not begins_at_zero(act.session.connection())
        set_password(act)


def test_what_was_written_without_a_guard_is_not_blamed_on_the_next_act(bench: Bench, anyone: Actor) -> None:
    """Whatever lies between two Acts on their connection ends the trust: a migration, a hand at the console."""
    bench.acts.run(anyone, define, "BERAS_KG")
    with bench.engine.begin() as connection:
        connection.execute(ADD, {"code": "EMAS"})
    with bench.act(anyone) as act:
        assert not begins_at_zero(act.session.connection())
        set_password(act)


def test_reading_and_housekeeping_leave_the_counters_at_zero(bench: Bench, anyone: Actor) -> None:
    """A page is read between two deeds as a rule; it counts nothing, and housekeeping has a guard of its own."""
    bench.acts.run(anyone, define, "BERAS_KG")
    with reading(bench.engine) as session:
        session.scalar(text("SELECT count(*) FROM commodities"))
    with keeping_house(bench.engine) as session:
        assert begins_at_zero(session.connection())
    assert is_at_zero(bench.engine)
    assert not is_at_zero(bench.engine), "a transaction without a guard promises nothing"
    with reading(bench.engine) as session:
        assert not begins_at_zero(session.connection())


def test_behind_a_pooler_nothing_is_taken_for_zero(bench: Bench, pooled: Engine, anyone: Actor) -> None:
    """There the next transaction may be on a connection on which another one just wrote."""
    acts = Acts(pooled, bench.acts._pen, bench.kit)  # noqa: SLF001 - the same pen, on another engine
    acts.run(anyone, define, "BERAS_KG")
    with acts.open(anyone) as act:
        assert not begins_at_zero(act.session.connection())
        set_password(act)


def test_an_older_server_is_asked_before_and_after(
    bench: Bench, anyone: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before version 15 a server cannot be told to report."""
    with bench.engine.connect():
        monkeypatch.setattr(bench.engine.dialect, "server_version_info", (REPORTS_SINCE[0] - 1, 9))
    bench.acts.run(anyone, define, "BERAS_KG")
    trust = []

    def deed(act: Act) -> None:
        trust.append(begins_at_zero(act.session.connection()))
        act.session.execute(HIDDEN)

    with pytest.raises(UnrecordedChange, match="commodities"):
        bench.acts.run(anyone, deed)
    assert trust == [False]


def test_a_server_that_does_not_count_guards_no_act(bench: Bench, anyone: Actor) -> None:
    """A superuser who turns the counters off inside an Act hides nothing: it cannot be closed."""
    bench.acts.run(anyone, define, "BERAS_KG")

    def deed(act: Act) -> None:
        define(act, "EMAS_G")
        act.session.flush()
        act.session.execute(text("SET LOCAL track_counts = off"))
        act.session.execute(HIDDEN)

    with pytest.raises(RuntimeError, match="track_counts"):
        bench.acts.run(anyone, deed)


def test_a_refusal_of_the_server_is_the_error_it_is_everywhere(bench: Bench) -> None:
    """What is said past SQLAlchemy fails as with it: doors and the retry know its errors and no others."""
    with Session(bench.engine) as session:
        connection = session.connection()
        with pytest.raises(IntegrityError):
            ask(connection, "INSERT INTO commodities (code) VALUES (%s)", "EMAS")
        assert not connection.invalidated


def test_a_lost_server_is_the_error_it_is_everywhere(bench: Bench) -> None:
    """The sequencer waits for a database that is restarted; a dead connection goes back to no pool."""
    with bench.engine.connect() as connection, bench.engine.connect() as other:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        assert other.scalar(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
        with pytest.raises(OperationalError) as lost:
            ask(connection, "SELECT 1")
        assert isinstance(lost.value, DBAPIError)
        assert lost.value.connection_invalidated
        assert connection.invalidated
