"""Programmes through the service: named neutrally, paid from the right kinds of source, never more than there is."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from aid_ledger.book import queries as book
from aid_ledger.book.rules import IDR, InsufficientFunds, MovementRefused, Place, Stage
from aid_ledger.core.act import Act
from aid_ledger.documents.rules import DocumentNotFound
from aid_ledger.funding.refusals import SourceNotFound
from aid_ledger.log.mentions import about
from aid_ledger.log.queries import PlacedEntry, entry_at
from aid_ledger.log.timeline import timeline
from aid_ledger.programs import queries, refusals, service
from tests.builders.documents import paper
from tests.builders.funding import received
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.programmes import defined

MAKER = "operator"
GIVEN = 1_000_000


def decree(act: Act) -> str:
    """Register a decree and give its reference."""
    return paper(act, "sk").reference


@pytest.mark.parametrize("names", [{"code": "ISOMAN"}, {"public_name": "Bansos Isolasi"}, {"commodity": "OBAT_COVID"}])
def test_a_telling_programme_is_not_defined(founded: Founded, names: dict[str, str]) -> None:
    """THREATS 14: neither code, public name nor the goods' name may tell; nothing of it reaches the log."""
    code = names.get("code", "JPS_A")
    with pytest.raises(refusals.ProgramTelling), founded.act(MAKER) as act:
        defined(act, **{"code": "JPS_A"} | names)  # type: ignore[arg-type] # a code, a name or goods
    with founded.bench.reading() as session:
        assert timeline(session, about("program", code)) == []


def test_a_programme_is_defined_once(founded: Founded) -> None:
    """A second programme under one code would share its accounts."""
    with founded.act(MAKER) as act:
        defined(act, "BST")
    with pytest.raises(refusals.ProgramTaken), founded.act(MAKER) as act:
        defined(act, "BST")


def test_isolation_is_no_word_of_the_log(founded: Founded) -> None:
    """THREATS 14: whether a programme asks for isolation is stored and not published."""
    with founded.act(MAKER) as act:
        defined(act, "JPS_A", public_name="Bansos JPS", needs_isolation=True)
    with founded.bench.reading() as session:
        assert queries.program(session, "JPS_A").needs_isolation
        raw = [bytes(entry.raw) for entry in entries_about(session, "JPS_A")]
    assert raw
    assert not [entry for entry in raw if b"isol" in entry.lower()]
    assert_log_agrees(founded.bench)


def entries_about(session: Session, code: str) -> list[PlacedEntry]:
    """Give the log's entries about a programme."""
    found = timeline(session, about("program", code))
    return [entry_at(session, item.entry) for item in found if item.entry is not None]


def test_the_rate_of_the_day_is_paid(founded: Founded) -> None:
    """DOMAIN 2.7: BST was Rp600,000 and became Rp300,000; each day has the newest rate that has begun."""
    with founded.act(MAKER) as act:
        defined(act, "BST")
        first, second = dt.date(2020, 4, 1), dt.date(2021, 1, 1)
        service.set_rate(act, program="BST", amount=300_000, since=second, document=decree(act))
        service.set_rate(act, program="BST", amount=600_000, since=first, document=decree(act))
    with founded.bench.reading() as session:
        bst = queries.program(session, "BST")
        with pytest.raises(refusals.RateMissing):
            queries.rate_on(session, bst, dt.date(2020, 3, 31))
        assert queries.rate_on(session, bst, first) == 600_000
        assert queries.rate_on(session, bst, dt.date(2020, 12, 31)) == 600_000
        assert queries.rate_on(session, bst, dt.date(2022, 1, 1)) == 300_000


def test_a_rate_is_replaced_from_a_day_and_never_rewritten(founded: Founded) -> None:
    """P3: two rates from one day would let the paid amount be chosen afterwards."""
    with founded.act(MAKER) as act:
        defined(act, "BST")
        service.set_rate(act, program="BST", amount=300_000, since=act.on, document=decree(act))
    with pytest.raises(refusals.RateTaken), founded.act(MAKER) as act:
        service.set_rate(act, program="BST", amount=600_000, since=act.on, document=decree(act))
    with pytest.raises(refusals.AmountRefused), founded.act(MAKER) as act:
        service.set_rate(act, program="BST", amount=0, since=act.on, document=decree(act))
    with pytest.raises(TypeError), founded.act(MAKER) as act:
        service.set_rate(act, program="BST", amount=0.5, since=act.on, document=decree(act))  # type: ignore[arg-type] # a float forgets rupiah


def test_a_rate_rests_on_a_document(founded: Founded) -> None:
    """An amount nobody decided is refused."""
    with founded.act(MAKER) as act:
        defined(act, "BST")
    with pytest.raises(DocumentNotFound), founded.act(MAKER) as act:
        service.set_rate(act, program="BST", amount=1, since=act.on, document="DOC-2021-999999-0")
    with pytest.raises(refusals.ProgramNotFound), founded.act(MAKER) as act:
        service.set_rate(act, program="BLT", amount=1, since=act.on, document=decree(act))


def test_a_source_of_another_kind_neither_pays_nor_gets_a_ceiling(founded: Founded) -> None:
    """RF-24: a programme of budget money is not paid out of a gift to the institution."""
    gift = received(founded.bench, founded, "csr", amount=GIVEN)
    with founded.act(MAKER) as act:
        defined(act, "BST", sources=("btt", "apbd"))
    with pytest.raises(refusals.SourceNotAllowed), founded.act(MAKER) as act:
        service.allocate(act, source=gift, program="BST", commodity=IDR, amount=1, document=decree(act))
    with pytest.raises(refusals.SourceNotAllowed), founded.act(MAKER) as act:
        service.set_ceiling(act, program="BST", source=gift, amount=1, document=decree(act))
    with pytest.raises(SourceNotFound), founded.act(MAKER) as act:
        service.allocate(act, source="KAS-1", program="BST", commodity=IDR, amount=1, document=decree(act))


def test_no_more_is_allocated_than_was_received(founded: Founded) -> None:
    """P1: what was not received cannot be set aside, in one step or in two."""
    source = received(founded.bench, founded, "btt", amount=GIVEN)
    with founded.act(MAKER) as act:
        defined(act, "BST")
        service.allocate(act, source=source, program="BST", commodity=IDR, amount=GIVEN - 1, document=decree(act))
    with pytest.raises(InsufficientFunds), founded.act(MAKER) as act:
        service.allocate(act, source=source, program="BST", commodity=IDR, amount=2, document=decree(act))
    with founded.bench.reading() as session:
        assert book.balance(session, Place(source, Stage.ALLOCATED, "BST"), IDR) == GIVEN - 1
        assert book.balance(session, Place(source, Stage.RECEIVED), IDR) == 1
        assert [found.amount for found, _ in queries.allocations(session, queries.program(session, "BST").id)] == [
            GIVEN - 1
        ]
    assert_log_agrees(founded.bench)


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_no_allocation(founded: Founded, amount: int) -> None:
    """P1: an allocation of less than nothing would bring money back unseen."""
    source = received(founded.bench, founded, "btt", amount=GIVEN)
    with founded.act(MAKER) as act:
        defined(act, "BST")
    with pytest.raises((refusals.AmountRefused, MovementRefused)), founded.act(MAKER) as act:
        service.allocate(act, source=source, program="BST", commodity=IDR, amount=amount, document=decree(act))


def test_half_a_rupiah_is_never_allocated(founded: Founded) -> None:
    """P1: a float is our own bug, and nothing of the deed stays."""
    source = received(founded.bench, founded, "btt", amount=GIVEN)
    with founded.act(MAKER) as act:
        defined(act, "BST")
    with pytest.raises(TypeError), founded.act(MAKER) as act:
        service.allocate(act, source=source, program="BST", commodity=IDR, amount=1.5, document=decree(act))  # type: ignore[arg-type] # the cheat
    with founded.bench.reading() as session:
        assert book.balance(session, Place(source, Stage.RECEIVED), IDR) == GIVEN


def test_money_and_goods_are_not_mixed_up(founded: Founded) -> None:
    """P1: a goods programme takes its goods or rupiah to buy them; a money programme takes rupiah and nothing else."""
    goods = received(founded.bench, founded, "csr", amount=GIVEN, commodity="PAKET_B")
    with founded.act(MAKER) as act:
        defined(act, "GOTONG_ROYONG", commodity="PAKET_B", sources=("csr",))
        defined(act, "BST", sources=("csr",))
        service.allocate(
            act, source=goods, program="GOTONG_ROYONG", commodity="PAKET_B", amount=10, document=decree(act)
        )
    with pytest.raises(refusals.CommodityMismatch), founded.act(MAKER) as act:
        service.allocate(act, source=goods, program="BST", commodity="PAKET_B", amount=10, document=decree(act))


def test_an_observed_programme_is_given_nothing(founded: Founded) -> None:
    """A programme paid by others is observed here; money set aside for it would lie nowhere."""
    source = received(founded.bench, founded, "btt", amount=GIVEN)
    with founded.act(MAKER) as act:
        defined(act, "PKH", is_managed=False)
    with pytest.raises(refusals.ProgramOnlyObserved), founded.act(MAKER) as act:
        service.allocate(act, source=source, program="PKH", commodity=IDR, amount=1, document=decree(act))


def test_the_newest_ceiling_holds_and_leaves_what_is_not_committed(founded: Founded) -> None:
    """RF-25: paying_sources tells what a batch may still take, source by source, oldest allocation first."""
    first, second = (received(founded.bench, founded, "btt", amount=GIVEN) for _ in range(2))
    with founded.act(MAKER) as act:
        defined(act, "BST")
        for source, amount in ((second, 300_000), (first, 500_000)):
            service.allocate(act, source=source, program="BST", commodity=IDR, amount=amount, document=decree(act))
        service.set_ceiling(act, program="BST", source=first, amount=900_000, document=decree(act))
        service.set_ceiling(act, program="BST", source=first, amount=200_000, document=decree(act))
    with founded.bench.reading() as session:
        paying = queries.paying_sources(session, queries.program(session, "BST"))
        assert [(source.code, held, left) for source, held, left in paying] == [
            (second, 300_000, None),
            (first, 500_000, 200_000),
        ]


def test_a_ceiling_of_nothing_stops_a_source(founded: Founded) -> None:
    """Zero is a ceiling: it stops; less than zero is none."""
    source = received(founded.bench, founded, "btt", amount=GIVEN)
    with founded.act(MAKER) as act:
        defined(act, "BST")
        service.allocate(act, source=source, program="BST", commodity=IDR, amount=5, document=decree(act))
        service.set_ceiling(act, program="BST", source=source, amount=0, document=decree(act))
    with founded.bench.reading() as session:
        assert [left for _, _, left in queries.paying_sources(session, queries.program(session, "BST"))] == [0]
    with pytest.raises(refusals.AmountRefused), founded.act(MAKER) as act:
        service.set_ceiling(act, program="BST", source=source, amount=-1, document=decree(act))


def test_an_exclusion_names_another_programme_once(founded: Founded) -> None:
    """1 KK 1 bantuan: the other programme may be one outside; itself, twice, or a telling name is refused."""
    with founded.act(MAKER) as act:
        defined(act, "GOTONG_ROYONG")
        service.exclude(act, program="GOTONG_ROYONG", other="DTKS")
    with pytest.raises(refusals.ExclusionTaken), founded.act(MAKER) as act:
        service.exclude(act, program="GOTONG_ROYONG", other="DTKS")
    with pytest.raises(refusals.ExclusionRefused), founded.act(MAKER) as act:
        service.exclude(act, program="GOTONG_ROYONG", other="GOTONG_ROYONG")
    with pytest.raises(refusals.ProgramTelling), founded.act(MAKER) as act:
        service.exclude(act, program="GOTONG_ROYONG", other="PAKET_ISOMAN")
    with pytest.raises(refusals.CodeMalformed), founded.act(MAKER) as act:
        service.exclude(act, program="GOTONG_ROYONG", other="daftar lain")
