"""The trace both ways: from a source to every household it reached, and from a household back to every source."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from aid_ledger.core.references import ReferenceWrongCheck
from aid_ledger.disbursement import queries as batches
from aid_ledger.oversight import trace
from aid_ledger.oversight.trace import Lead, TraceNotFound
from aid_ledger.recipients.models import Person
from tests.builders import delivering, paying, programs
from tests.builders import receipts as builders
from tests.builders.officials import Founded

EVERYWHERE = frozenset({""})
ELSEWHERE = frozenset({"32.16.09"})


def test_a_number_of_nobody_leads_nowhere(founded: Founded) -> None:
    """Unknown, malformed and mistyped numbers are refused, each in its own words."""
    with founded.bench.reading() as session:
        for typed in ("BTC-2021-000999-X", "zzz", "", "' OR 1=1 --"):
            with pytest.raises((TraceNotFound, ReferenceWrongCheck)):
                trace.follow(session, typed)
        with pytest.raises(TraceNotFound):
            trace.source(session, "TIDAK-ADA")
        with pytest.raises(TraceNotFound):
            trace.lines_of_household(session, "PER-2021-000999-X", EVERYWHERE)


def test_every_number_leads_to_its_place(founded: Founded) -> None:
    """Batch, source, contribution, person, receipt, line: the box takes each."""
    bench = founded.bench
    sent = builders.delivered(founded, count=1)
    builders.issue(founded, sent.batch)
    [receipt] = builders.receipts(bench)
    with bench.reading() as session:
        source = trace.source(session, sent.source)
        [(contribution, commodity, _donor)] = trace.contributions_of_source(session, source.id)
        assert commodity.code == contribution.commodity
        person = session.scalars(select(Person.reference)).one()
        leads = {
            sent.batch: Lead(trace.TO_BATCH, sent.batch),
            sent.batch.lower().replace("-", " "): Lead(trace.TO_BATCH, sent.batch),
            sent.source: Lead(trace.TO_SOURCE, sent.source),
            contribution.reference: Lead(trace.TO_SOURCE, sent.source),
            person: Lead(trace.TO_HOUSEHOLD, person),
            receipt.reference: Lead(trace.TO_HOUSEHOLD, receipt.reference),
            receipt.public_id: Lead(trace.TO_HOUSEHOLD, receipt.public_id),
        }
        assert {typed: trace.follow(session, typed) for typed in leads} == leads


def test_downstream_meets_upstream(founded: Founded) -> None:
    """Every line found from a source leads back, by its receipt, to that source and that amount."""
    bench = founded.bench
    sent = builders.delivered(founded, count=3)
    builders.issue(founded, sent.batch)
    with bench.reading() as session:
        source = trace.source(session, sent.source)
        down = trace.lines_of_source(session, source.id, EVERYWHERE)
        assert len(down) == 3
        for line in down:
            back = trace.lines_of_household(session, line.receipt, EVERYWHERE)
            assert [(each.source.code, each.amount, each.id) for each in back] == [
                (sent.source, programs.RATE, line.id)
            ]
        [share] = trace.shares_of_source(session, source.id)
    assert (share.households, share.delivered, share.amount) == (3, 3, 3 * programs.RATE)


def test_a_household_shows_all_its_sources(founded: Founded) -> None:
    """Two programmes, two sources, one household: both lines, oldest first."""
    bench = founded.bench
    first = builders.delivered(founded, count=1)
    second = programs.paying_program(bench, founded)
    paying.approved_batch(bench, founded, second)
    with bench.reading() as session:
        person = session.scalars(select(Person.reference)).one()
        lines = trace.lines_of_household(session, person, EVERYWHERE)
    assert [line.source.code for line in lines] == [first.source, second.source]
    assert [line.receipt for line in lines] == ["", ""]


def test_an_area_hides_the_lines_of_others(founded: Founded) -> None:
    """THREATS 19: an officer of another kecamatan finds no line, and no household."""
    sent = delivering.sent(founded.bench, founded, count=2)
    with founded.bench.reading() as session:
        source = trace.source(session, sent.source)
        person = session.scalars(select(Person.reference).order_by(Person.id)).first() or ""
        assert trace.lines_of_source(session, source.id, ELSEWHERE) == []
        with pytest.raises(TraceNotFound):
            trace.lines_of_household(session, person, ELSEWHERE)
        assert len(trace.lines_of_household(session, person, frozenset({"32.16.06"}))) == 1


def test_pages_follow_each_other_without_gap_or_overlap(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyset paging: each page begins after the last line of the one before."""
    monkeypatch.setattr(trace, "PAGE", 2)
    sent = delivering.sent(founded.bench, founded, count=5)
    with founded.bench.reading() as session:
        source = trace.source(session, sent.source)
        seen: list[int] = []
        while page := trace.lines_of_source(session, source.id, EVERYWHERE, after=seen[-1] if seen else 0)[:2]:
            seen += [line.id for line in page]
        batch = trace.lines_of_batch(session, batches.batch(session, sent.batch).id, EVERYWHERE, after=3)
    assert len(seen) == len(set(seen)) == 5
    assert [line.line_no for line in batch] == [4, 5]
