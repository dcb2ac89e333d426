"""Bulk writes inside an Act: quick, told to the Act, refused in our words, and never a way round the guard."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from aid_ledger.book.models import Commodity
from aid_ledger.book.rules import CommodityTaken
from aid_ledger.core import bulk
from aid_ledger.core.act import Act, Actor
from aid_ledger.core.errors import UnrecordedChange
from aid_ledger.core.sqlfunctions import RandomSalt
from audit.facts.money import CommodityDefined
from tests.benches import Bench
from tests.builders.documents import PDF, paper
from tests.builders.log import differences, of_rows

COLUMNS = ("code", "unit", "name", "public_name")


def row(number: int) -> tuple[str, str, str, str]:
    """Make a commodity's row."""
    return (f"BARANG_{number}", "paket", f"Barang {number}", "Bantuan")


def defined(act: Act) -> None:
    """Record the fact that declares the table."""
    act.record(CommodityDefined(commodity="BARANG_0", unit="paket", public_name="Bantuan"))


@pytest.mark.parametrize(("is_told", "is_recorded"), [(False, False), (True, False), (False, True)])
def test_rows_loaded_without_a_word_are_refused(bench: Bench, anyone: Actor, is_told: bool, is_recorded: bool) -> None:
    """THREATS 5: COPY is counted by the database like everything else; telling is not recording, nor the reverse."""
    with pytest.raises(UnrecordedChange):
        _load_one(bench, anyone, is_told=is_told, is_recorded=is_recorded)


def _load_one(bench: Bench, anyone: Actor, *, is_told: bool, is_recorded: bool) -> None:
    with bench.act(anyone) as act:
        bulk.load_rows(act, Commodity, COLUMNS, [row(0)])
        if is_told:
            act.wrote(Commodity, ["BARANG_0"])
        if is_recorded:
            defined(act)


def test_loaded_rows_are_in_the_log_one_by_one(bench: Bench, anyone: Actor) -> None:
    """What is loaded in bulk is digested like every other row; more rows than one load takes are several loads."""
    count = bulk.ROWS_PER_LOAD + 1
    with bench.act(anyone) as act:
        assert bulk.load_rows(act, Commodity, COLUMNS, (row(number) for number in range(count))) == count
        act.wrote(Commodity, act.session.scalars(select(Commodity.code)).all())
        defined(act)
    assert of_rows(differences(bench)) == []
    with bench.reading() as session:
        assert session.scalar(select(func.count()).select_from(Commodity)) == count


def test_rows_may_be_made_by_reading_from_the_same_act(bench: Bench, anyone: Actor) -> None:
    """A connection that copies answers nothing else: the rows are asked for between loads, or the Act would hang."""

    def rows(act: Act) -> Iterator[tuple[str, str, str, str]]:
        for number in range(bulk.ROWS_PER_LOAD + 3):
            if number % bulk.ROWS_PER_LOAD == 0:
                assert act.session.scalar(select(func.count()).select_from(Commodity)) == number
            yield row(number)

    with bench.act(anyone) as act:
        bulk.load_rows(act, Commodity, COLUMNS, rows(act))
        act.wrote(Commodity, act.session.scalars(select(Commodity.code)).all())
        defined(act)


def test_a_second_row_is_refused_in_our_words(bench: Bench, anyone: Actor) -> None:
    """The driver's own error of a COPY is no crash but a refusal that a person understands."""
    with pytest.raises(CommodityTaken), bench.act(anyone) as act:
        bulk.load_rows(act, Commodity, COLUMNS, [row(0), row(0)])


def test_many_rows_get_values_of_their_own(bench: Bench, anyone: Actor) -> None:
    """An update of thousands is told row by row; nobody else's row changes."""
    with bench.act(anyone) as act:
        bulk.load_rows(act, Commodity, COLUMNS, (row(number) for number in range(30)))
        act.wrote(Commodity, act.session.scalars(select(Commodity.code)).all())
        defined(act)
    with bench.act(anyone) as act:
        changes = [{"code": f"BARANG_{number}", "name": f"Nama {number}"} for number in range(20)]
        assert bulk.update_many(act, Commodity, changes) == 20
        assert bulk.update_many(act, Commodity, []) == 0
        defined(act)
    with bench.reading() as session:
        assert session.get_one(Commodity, "BARANG_19").name == "Nama 19"
        assert session.get_one(Commodity, "BARANG_20").name == "Barang 20"
    assert of_rows(differences(bench)) == []


def test_a_row_that_may_be_there_is_inserted_once(bench: Bench, anyone: Actor) -> None:
    """Eight Acts bring the same row at once: one inserts it, the others find it, nobody fails."""
    values = dict(zip(COLUMNS, row(1), strict=True))

    def bring(_number: int) -> bool:
        with bench.act(anyone) as act:
            is_new = bulk.insert_unless_there(act, Commodity, values, by=("code",))
            defined(act)
        return is_new

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(bring, range(8))) == 1
    assert of_rows(differences(bench)) == []


def test_a_bulk_statement_that_matches_nothing_explains_nothing(bench: Bench, anyone: Actor) -> None:
    """Told of and empty is no error; what another statement writes is still its own to tell."""
    with bench.act(anyone) as act:
        bulk.load_rows(act, Commodity, COLUMNS, [row(0)])
        act.wrote(Commodity, ["BARANG_0"])
        defined(act)
    nobody = update(Commodity).where(Commodity.code == "NOBODY").values(name="Emas").returning(Commodity.code)
    with bench.act(anyone) as act:
        act.wrote(Commodity, act.session.scalars(nobody).all())
        paper(act, "sk", content=PDF)
    assert of_rows(differences(bench)) == []


def test_a_salt_made_by_the_database_is_random_in_every_row(bench: Bench, anyone: Actor) -> None:
    """THREATS 13: INSERT … SELECT gives each row a salt of its own, or one guess would open them all."""
    with bench.act(anyone) as act:
        bulk.load_rows(act, Commodity, COLUMNS, (row(number) for number in range(50)))
        act.wrote(Commodity, act.session.scalars(select(Commodity.code)).all())
        defined(act)
        salts = [bytes(salt) for salt in act.session.scalars(select(RandomSalt()).select_from(Commodity))]
    assert len(set(salts)) == 50
    assert {len(salt) for salt in salts} == {32}
