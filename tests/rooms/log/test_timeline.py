"""Mentions and timelines: an object's page finds its facts, and only facts, without a scan."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from aid_ledger.core.act import Act, Actor
from aid_ledger.core.references import make_reference
from aid_ledger.log.mentions import about, misplaced, references_in
from aid_ledger.log.models import LogEntry
from aid_ledger.log.pen import FEW
from aid_ledger.log.timeline import entries_of_acts, timeline
from aid_ledger.programs import service
from audit.facts.money import CommodityDefined, ContributionPublished
from tests.benches import Bench
from tests.builders.documents import paper
from tests.builders.officials import Founded
from tests.builders.programmes import defined
from tests.rooms.log.writing import unsequenced

CTB = make_reference("CTB", 2021, 7)
DOC = make_reference("DOC", 2021, 1_234_567)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (f'{{"body":{{"contribution":"{CTB}","document":"{DOC}"}}}}', sorted([CTB, DOC])),
        (f'{{"body":{{"list":["{CTB}","{CTB}"]}}}}', [CTB]),
        (f'{{"body":{{"reason":"karena {CTB}"}}}}', []),
        (f'{{"body":{{"reason":"\\"{CTB}\\""}}}}', []),
        (f'{{"body":{{"{CTB}":"nama anggota"}}}}', []),
        ('{"body":{"batch":"BTC-2021-12345-K"}}', []),
        ('{"body":{"batch":"BTC-2021-000123-I"}}', []),
        ('{"body":{"batch":"btc-2021-000123-K"}}', []),
    ],
)
def test_a_mention_is_a_whole_reference_and_nothing_else(raw: str, expected: list[str]) -> None:
    """An official's sentence puts no foreign fact on an object's page."""
    assert references_in("ContributionPublished", raw.encode()) == expected


def test_codes_are_mentioned_by_the_kinds_that_shape_them_only() -> None:
    """A programme's page lists its rates, not the hundred thousand receipts paid by it."""
    raw = b'{"body":{"program":"BST","source":"CSR-2021"}}'
    assert references_in("RateSet", raw) == ["program/BST", "source/CSR-2021"]
    assert references_in("ReceiptIssued", raw) == []
    assert references_in("RateSet", b"no JSON at all") == []


def test_a_timeline_shows_what_waits_and_what_is_sealed(bench: Bench, anyone: Actor) -> None:
    """Newest first; what is not sealed yet has no number and no proof to show."""
    acts = unsequenced(bench)
    acts.run(anyone, lambda act: act.record(ContributionPublished(contribution=CTB)))
    bench.sequencer.run_once()
    acts.run(anyone, lambda act: act.record(ContributionPublished(contribution=CTB)))
    acts.run(anyone, lambda act: act.record(ContributionPublished(contribution=DOC)))
    with bench.reading() as session:
        waiting, sealed = timeline(session, CTB, names={anyone.id: "Petugas Uji"})
        assert timeline(session, "CTB-2021-000008-0") == []
    assert (waiting.entry, waiting.proof_url, waiting.by) == (None, "", "Petugas Uji")
    assert (sealed.entry, sealed.proof_url, sealed.title) == (0, "/log/entri/0", "Pemberian diumumkan")


def test_an_act_has_a_timeline_of_its_own(bench: Bench, anyone: Actor) -> None:
    """Rows that know their Act find its facts, in the order they were recorded, newest first."""
    acts = []
    for codes in (("A", "B"), ("C",)):
        with bench.act(anyone) as act:
            acts.append(act.id)
            for code in codes:
                act.record(CommodityDefined(commodity=code, unit="kg", public_name=code))
    with bench.reading() as session:
        assert [item.entry for item in entries_of_acts(session, acts)] == [2, 1, 0]
        assert [item.by for item in entries_of_acts(session, acts[1:])] == [anyone.id]
        assert entries_of_acts(session, []) == []


def test_a_programme_is_found_by_its_code(founded: Founded) -> None:
    """Sources and programmes have codes, not references, and pages like everything else."""
    with founded.act("operator") as act:
        decree = paper(act, "sk").reference
        defined(act, "BST")
        service.set_rate(act, program="BST", amount=300_000, since=act.on, document=decree)
    with founded.bench.reading() as session:
        found = [item.kind for item in timeline(session, about("program", "BST"))]
        assert found == ["RateSet", "ProgramDefined"]
        assert {item.kind for item in timeline(session, decree)} == {"DocumentRegistered", "RateSet"}


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_a_deed_of_few_entries_mentions_as_one_of_many_does(bench: Bench, anyone: Actor, count: int) -> None:
    """Few entries are written one by one and many as a list: ids rise with ordinals, and mentions agree, in both."""
    references = [make_reference("CTB", 2021, number) for number in range(1, count + 1)]

    def deed(act: Act) -> None:
        for reference in references:
            act.record(ContributionPublished(contribution=reference))
        act.record(CommodityDefined(commodity="BERAS_KG", unit="kg", public_name="Beras"))

    unsequenced(bench).run(anyone, deed)
    with bench.reading() as session:
        entries = session.scalars(select(LogEntry).order_by(LogEntry.id)).all()
        assert [entry.ordinal for entry in entries] == list(range(count + 1))
        assert [references_in(entry.kind, entry.raw) for entry in entries] == [[each] for each in references] + [[]]
        assert list(misplaced(session)) == []
