"""The guard: no row changes without a fact that declares its table, however the statement reached the database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aid_ledger.book.models import Commodity
from aid_ledger.book.rules import CommodityTaken
from aid_ledger.core.act import Act, Actor
from aid_ledger.core.errors import UnrecordedChange
from audit.facts.money import CommodityDefined
from audit.facts.officials import PasswordSet
from tests.benches import Bench

Write = Callable[[Act], None]


def define(act: Act, code: str = "BERAS_KG") -> None:
    """Define a commodity with its fact."""
    act.session.add(Commodity(code=code, unit="kg", name="Beras", public_name="Beras"))
    act.record(CommodityDefined(commodity=code, unit="kg", public_name="Beras"))


def by_orm(act: Act) -> None:
    """Change a row through the session."""
    act.session.get_one(Commodity, "BERAS_KG").name = "Emas"


def by_sql(act: Act) -> None:
    """Change a row by plain SQL."""
    act.session.connection().exec_driver_sql("UPDATE commodities SET name = 'Emas'")


def by_cte(act: Act) -> None:
    """Change a row inside a CTE."""
    act.session.connection().exec_driver_sql(
        "WITH chosen AS (SELECT code FROM commodities) UPDATE commodities SET name = 'Emas'"
        " WHERE code IN (SELECT code FROM chosen)"
    )


def by_raw_cursor(act: Act) -> None:
    """Delete through the driver's own cursor."""
    act.session.connection().connection.cursor().execute("DELETE FROM commodities")


def by_copy_or_many(act: Act) -> None:
    """Load rows past the session."""
    cursor = act.session.connection().connection.cursor()
    if act.session.connection().dialect.name == "postgresql":
        with cursor.copy("COPY commodities (code, unit, name, public_name) FROM STDIN") as copy:
            copy.write_row(("EMAS", "g", "Emas", "Emas"))
        return
    cursor.executemany("INSERT INTO commodities VALUES (?, 'g', 'Emas', 'Emas')", [("EMAS",), ("PERAK",)])


HIDDEN_WRITES = [by_orm, by_sql, by_cte, by_raw_cursor, by_copy_or_many]


@pytest.mark.parametrize("write", HIDDEN_WRITES)
def test_a_write_without_a_fact_is_refused_and_undone(bench: Bench, anyone: Actor, write: Write) -> None:
    """THREATS 5: rows changed but no fact recorded."""
    with bench.act(anyone) as act:
        define(act)
    with pytest.raises(UnrecordedChange), bench.act(anyone) as act:
        write(act)
    with bench.reading() as session:
        assert [(row.code, row.name) for row in session.query(Commodity)] == [("BERAS_KG", "Beras")]


@pytest.mark.parametrize("write", HIDDEN_WRITES)
def test_a_write_hidden_behind_a_harmless_fact_is_refused(bench: Bench, anyone: Actor, write: Write) -> None:
    """THREATS 5: a fact may only explain the tables it declares."""
    with bench.act(anyone) as act:
        define(act)

    def deed(act: Act) -> None:
        act.record(PasswordSet(official="uji.petugas", temporary=0))
        write(act)

    with pytest.raises(UnrecordedChange):
        bench.acts.run(anyone, deed)


@pytest.mark.parametrize("write", HIDDEN_WRITES[1:])
def test_rows_written_unseen_by_the_session_must_be_told(bench: Bench, anyone: Actor, write: Write) -> None:
    """A fact that declares the table is not enough: the entry must digest the rows, so the Act must know them."""
    with bench.act(anyone) as act:
        define(act)

    def deed(act: Act) -> None:
        act.record(CommodityDefined(commodity="BERAS_KG", unit="kg", public_name="Beras"))
        write(act)

    with pytest.raises(UnrecordedChange):
        bench.acts.run(anyone, deed)


def test_an_update_that_matches_nothing_needs_no_fact(bench: Bench, anyone: Actor) -> None:
    """The guard asks what changed, not what was said."""
    with bench.act(anyone) as act:
        act.session.connection().exec_driver_sql("UPDATE commodities SET name = 'Emas' WHERE code = 'TIADA'")


def test_the_database_refuses_a_second_row_in_our_words(bench: Bench, anyone: Actor) -> None:
    """A violated constraint is a DomainError with a stable code, never a driver's message."""
    with bench.act(anyone) as act:
        define(act)
    with pytest.raises(CommodityTaken), bench.act(anyone) as act:
        define(act)


def test_every_row_an_act_writes_is_digested_in_its_entry(bench: Bench, anyone: Actor) -> None:
    """The entry of the fact that declares a table holds the digest of each row written there."""
    with bench.act(anyone) as act:
        define(act)
    with bench.reading() as session:
        raw = session.connection().exec_driver_sql("SELECT raw FROM log_entries").scalar_one()
    assert b'"rows":{"commodities":{"BERAS_KG":"' in bytes(raw)
