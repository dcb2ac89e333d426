"""Reading receipts: page by page without gap, and within the reader's area only (THREATS 19)."""

from __future__ import annotations

import pytest

from aid_ledger.disbursement.rules import BatchNotFound
from aid_ledger.receipts import queries, rules, service
from tests.builders import receipts as builders
from tests.builders.officials import Founded

EVERYWHERE = frozenset({""})
HERE = frozenset({"32.16.06"})
ELSEWHERE = frozenset({"32.16.09"})
NOWHERE: frozenset[str] = frozenset()


@pytest.mark.parametrize("areas", [ELSEWHERE, NOWHERE, frozenset({"32.16.0"})])
def test_receipts_of_another_area_look_like_none(founded: Founded, areas: frozenset[str]) -> None:
    """An officer of another kecamatan, or of none, finds neither receipt nor batch; 32.16.0 is no part of 32.16.06."""
    sent = builders.delivered(founded, count=2)
    builders.issue(founded, sent.batch)
    [receipt, _second] = builders.receipts(founded.bench)
    with founded.bench.reading() as session:
        with pytest.raises(rules.ReceiptNotFound):
            queries.shown(session, receipt.reference, areas)
        with pytest.raises(BatchNotFound):
            queries.progress_of(session, sent.batch, areas)
        assert queries.of_batch(session, queries.batch_of(session, receipt).id, areas) == []
        assert queries.progress(session, areas) == []
        assert queries.count_waiting(session, areas) == 0


def test_receipts_of_ones_own_area_are_there(founded: Founded) -> None:
    """The kecamatan's officer sees what the whole agency sees of it."""
    sent = builders.delivered(founded, count=3)
    with founded.act("treasurer") as act:
        service.issue_receipts(act, sent.batch, limit=1)
    with founded.bench.reading() as session:
        for areas in (HERE, EVERYWHERE, HERE | ELSEWHERE):
            progress = queries.progress_of(session, sent.batch, areas)
            assert (progress.delivered, progress.issued, progress.waiting) == (3, 1, 2)
            assert queries.count_waiting(session, areas) == 2


def test_pages_follow_each_other_without_gap_or_overlap(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keyset paging over receipts and over batches, one more than a page telling that there is a next."""
    monkeypatch.setattr(queries, "PAGE", 2)
    sent = [builders.delivered(founded, count=3) for _ in range(3)]
    for each in sent:
        builders.issue(founded, each.batch)
    with founded.bench.reading() as session:
        first = queries.progress(session, EVERYWHERE)
        assert [row.batch.reference for row in first] == [each.batch for each in reversed(sent)]
        second = queries.progress(session, EVERYWHERE, before=first[1].batch.id)
        assert [row.batch.reference for row in second] == [sent[0].batch]
        batch = second[0].batch.id
        page = queries.of_batch(session, batch, EVERYWHERE)
        rest = queries.of_batch(session, batch, EVERYWHERE, after=page[1].receipt.id)
    lines = [row.line.line_no for row in (*page[:2], *rest)]
    assert lines == sorted(set(lines))
    assert len(lines) == second[0].delivered


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("jbsw-y3dp ehpk\u20113pxp", "JBSWY3DPEHPK3PXP"),
        (" JBSWY3DPEHPK3PXP\n", "JBSWY3DPEHPK3PXP"),
        ("0188", "OIBB"),
        ("", ""),
        ("A" * 500, "A" * 64),
    ],
)
def test_codes_are_read_as_people_type_them(typed: str, read: str) -> None:
    """Case, blanks, every hyphen, and the digits that base32 does not have."""
    assert rules.read_code(typed) == read


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2021-07", "Juli 2021"),
        ("2021-12", "Desember 2021"),
        ("2021-13", "2021-13"),
        ("2021", "2021"),
        ("Tahap 1", "Tahap 1"),
        ("2021-\u00b2", "2021-\u00b2"),
    ],
)
def test_periods_in_words(period: str, words: str) -> None:
    """A month is written out; whatever else an agency calls a period stays as it is."""
    assert rules.period_words(period) == words
