"""The summary: sums that agree with the book and with the lines, budgets never added to gifts, no formulas."""

from __future__ import annotations

import io
from zipfile import ZipFile

import pytest
from sqlalchemy import text
from weasyprint.urls import FatalURLFetchingError

from aid_ledger.book.rules import Stage
from aid_ledger.core import clock
from aid_ledger.oversight import printing, sheets
from aid_ledger.oversight.summary import Summary, summarise
from aid_ledger.receipts import service
from tests.benches import Bench
from tests.builders import delivering, programs
from tests.builders import receipts as builders
from tests.builders.officials import Founded

OTHER_DISTRICT = "32.16.09.2001"


def summary(bench: Bench) -> Summary:
    """Summarise."""
    with bench.reading() as session:
        return summarise(session, clock.now())


def test_an_agency_that_did_nothing_has_an_empty_summary(founded: Founded) -> None:
    """Nothing is divided by nought, and nothing is invented."""
    found = summary(founded.bench)
    assert (found.sources, found.programs, found.districts, found.unbalanced) == ([], [], [], 0)
    assert found.log.size > 0
    assert found.log.signed_at is not None


def test_lines_are_counted_by_what_became_of_them(founded: Founded) -> None:
    """One failed, three arrived, two of them have receipts: each number is what an inspector would count by hand."""
    bench = founded.bench
    sent = delivering.sent(bench, founded, count=4)
    failing = delivering.first_line_says(channel_status="FAILED", channel_code="4031801")
    delivering.imported(founded, sent, delivering.answered(delivering.file_of(bench, sent), failing))
    with founded.act("treasurer") as act:
        service.issue_receipts(act, sent.batch, limit=2)
    [row] = summary(bench).programs
    assert (row.households, row.delivered, row.failed, row.unknown, row.under_way, row.receipts) == (4, 3, 1, 0, 0, 2)
    assert row.delivered_amount == 3 * programs.RATE


def test_what_is_under_way_is_not_delivered(founded: Founded) -> None:
    """P2: sent is not arrived."""
    delivering.sent(founded.bench, founded, count=2)
    [row] = summary(founded.bench).programs
    assert (row.delivered, row.under_way, row.delivered_amount) == (0, 2, 0)


def test_each_kecamatan_has_its_own_row(founded: Founded) -> None:
    """Households are counted where they live, and the rows add up to the programme."""
    delivering.sent(founded.bench, founded, count=2)
    delivering.sent(founded.bench, founded, count=3, village=OTHER_DISTRICT)
    found = summary(founded.bench)
    second = [row for row in found.districts if row.program.id == found.programs[1].program.id]
    assert {row.code for row in found.districts} == {"32.16.06", "32.16.09"}
    assert sum(row.households for row in second) == found.programs[1].households


def test_sources_agree_with_the_book_and_keep_apart(founded: Founded) -> None:
    """Stages of a source add up to all it got; money of the treasury and gifts in kind are rows of their own."""
    money = builders.delivered(founded, count=2)
    goods = delivering.sent(founded.bench, founded, count=2, channel="goods")
    rows = {row.code: row for row in summary(founded.bench).sources}
    assert rows[money.source].in_rkud
    assert not rows[goods.source].in_rkud
    assert rows[money.source].total == 1_000_000_000
    assert rows[money.source].amounts[Stage.DELIVERED.value] == 2 * programs.RATE
    assert rows[goods.source].amounts[Stage.IN_TRANSIT.value] == goods.total
    assert rows[money.source].commodity.code != rows[goods.source].commodity.code


def test_a_forged_balance_is_shown(founded: Founded) -> None:
    """A superuser raises a balance: the summary counts it as out of balance instead of showing green."""
    builders.delivered(founded, count=1)
    with founded.bench.engine.begin() as connection:
        connection.execute(text("UPDATE balances SET amount = amount + 1 WHERE amount > 0"))
    assert summary(founded.bench).unbalanced > 0


def test_a_cell_that_begins_like_a_formula_stays_text(founded: Founded) -> None:
    """THREATS 20: =HYPERLINK in a name would run on the inspector's machine."""
    builders.delivered(founded, count=1)
    with founded.bench.engine.begin() as connection:
        connection.execute(text('UPDATE sources SET name = \'=HYPERLINK("http://a.example","klik")\''))
        connection.execute(text("UPDATE programs SET name = '+1+cmd'"))
    book = ZipFile(io.BytesIO(sheets.workbook(summary(founded.bench))))
    pages = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(pages) == 3
    assert not any("<f>" in page or "<hyperlink" in page for page in pages)
    assert "=HYPERLINK" in book.read("xl/sharedStrings.xml").decode()


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://a.example/x.png", "asset:../receipt.css", "ftp://a/x"]
)
def test_the_page_of_paper_fetches_nothing(address: str) -> None:
    """A page that names a file or a site is not laid out at all; only packaged fonts are there to be had."""
    with pytest.raises(FatalURLFetchingError):
        printing.lay_out(f'<p>Isi</p><img src="{address}">')
    assert printing.lay_out("<p>Isi</p>").startswith(b"%PDF-")
