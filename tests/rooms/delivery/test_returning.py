"""What could not be delivered goes back, on paper that says exactly so much, once."""

from __future__ import annotations

import datetime as dt

import pytest

from aid_ledger.book import queries as book
from aid_ledger.book.rules import InsufficientFunds, Place, Stage
from aid_ledger.core import clock
from aid_ledger.delivery import queries, rules, service
from aid_ledger.delivery.models import TreasuryReturn
from aid_ledger.officials.powers import RoleMissing
from tests.builders import delivering, paying
from tests.builders.delivering import Sent
from tests.builders.documents import paper
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.rooms.delivery.test_answering import CLOSED


def failed(founded: Founded, *, count: int = 3, fails: tuple[str, ...] = ("1", "2")) -> Sent:
    """Send a batch of which some lines come back."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=count)
    content = delivering.answered(
        delivering.file_of(bench, batch), lambda paid: CLOSED if paid["line_no"] in fails else {}
    )
    delivering.imported(founded, batch, content)
    return batch


def sts(founded: Founded, *, kind: str = "sts", amount: int | None = None) -> str:
    """Register the paper of a return."""
    with founded.act("treasurer") as act:
        return paper(act, kind, amount=amount).reference


def returned(
    founded: Founded, batch: Sent, amount: int, document: str, *, lines: tuple[int, ...] = (), by: str = "treasurer"
) -> TreasuryReturn:
    """Return what failed of a batch."""
    with founded.act(by) as act:
        return service.return_to_treasury(
            act,
            batch=batch.batch,
            source=batch.source,
            program=batch.program,
            commodity="IDR",
            amount=amount,
            document=document,
            lines=lines,
        )


def test_failed_lines_go_back_by_sts(founded: Founded) -> None:
    """The value leaves the programme, the lines say so, the list of returns due is empty, the log agrees."""
    bench = founded.bench
    batch = failed(founded)
    with bench.reading() as session:
        [due] = queries.returns_due(session)
    assert (due.batch, due.source, due.lines, due.amount) == (batch.batch, batch.source, 2, 2 * batch.rate)
    made = returned(founded, batch, 2 * batch.rate, sts(founded, amount=2 * batch.rate))
    assert made.reference.startswith("STS-")
    assert delivering.states(bench, batch.batch) == {1: "returned", 2: "returned", 3: "delivered"}
    assert delivering.stages(bench, batch) == {"delivered": batch.rate, "returned": 2 * batch.rate}
    with bench.reading() as session:
        assert queries.returns_due(session) == []
        assert [row.reference for row, _source, _program in queries.returns(session)] == [made.reference]
    assert_log_agrees(bench)


def test_some_lines_go_back_and_others_wait(founded: Founded) -> None:
    """Named lines only; the amount is theirs to the rupiah."""
    batch = failed(founded)
    with pytest.raises(rules.ReturnMismatch):
        returned(founded, batch, 2 * batch.rate, sts(founded, amount=2 * batch.rate), lines=(1,))
    with pytest.raises(rules.ReturnMismatch):
        returned(founded, batch, batch.rate, sts(founded, amount=batch.rate), lines=(3,))
    returned(founded, batch, batch.rate, sts(founded, amount=batch.rate), lines=(1,))
    assert delivering.states(founded.bench, batch.batch) == {1: "returned", 2: "failed", 3: "delivered"}


@pytest.mark.parametrize("change", [-1, 1])
def test_a_return_is_exactly_what_failed(founded: Founded, change: int) -> None:
    """A rupiah less stays in a pocket, a rupiah more was somebody else's."""
    batch = failed(founded)
    with pytest.raises(rules.ReturnMismatch):
        returned(founded, batch, 2 * batch.rate + change, sts(founded, amount=2 * batch.rate + change))


def test_a_paper_returns_once_and_only_what_it_says(founded: Founded) -> None:
    """An STS over another amount, a decree instead of an STS, the same STS for a second batch."""
    batch = failed(founded)
    amount = 2 * batch.rate
    with pytest.raises(rules.ReturnDocumentRefused):
        returned(founded, batch, amount, sts(founded, amount=amount - 1))
    with pytest.raises(rules.ReturnDocumentRefused):
        returned(founded, batch, amount, sts(founded, kind="sk", amount=amount))
    used = sts(founded, amount=amount)
    returned(founded, batch, amount, used)
    with pytest.raises(rules.ReturnDocumentRefused):
        returned(founded, failed(founded), amount, used)


def test_only_a_treasurer_returns(founded: Founded) -> None:
    """Value leaves by one hand only."""
    batch = failed(founded)
    paper_ = sts(founded, amount=2 * batch.rate)
    for login in ("operator", "verifier", "approver", "field", "auditor"):
        with pytest.raises(RoleMissing):
            returned(founded, batch, 2 * batch.rate, paper_, by=login)


def test_what_was_drafted_again_is_not_returned(founded: Founded) -> None:
    """A failed line whose household is in a new batch: its value is spoken for."""
    bench = founded.bench
    batch = failed(founded)
    paying.drafted_batch(bench, founded, batch.paid, is_determined=True, channel="cash")
    with bench.reading() as session:
        assert queries.returns_due(session) == []
    with pytest.raises(rules.ReturnMismatch):
        returned(founded, batch, 2 * batch.rate, sts(founded, amount=2 * batch.rate))


def rest_returned(founded: Founded, batch: Sent, amount: int) -> None:
    """Return what a programme has left, without naming a batch."""
    document = sts(founded, amount=amount)
    with founded.act("treasurer") as act:
        service.return_to_treasury(
            act,
            batch=None,
            source=batch.source,
            program=batch.program,
            commodity="IDR",
            amount=amount,
            document=document,
        )


def test_what_a_programme_has_left_goes_back_without_a_batch(founded: Founded) -> None:
    """The end of the year: what is still allocated, never more."""
    bench = founded.bench
    batch = failed(founded)
    with bench.reading() as session:
        left = book.balance(session, Place(batch.source, Stage.ALLOCATED, batch.program), "IDR")
    with pytest.raises(InsufficientFunds):
        rest_returned(founded, batch, left + 1)
    rest_returned(founded, batch, left)
    assert delivering.stages(bench, batch)["returned"] == left
    assert_log_agrees(bench)


def test_returns_are_flagged_after_14_and_due_after_30_days(founded: Founded) -> None:
    """RF-50: money that reached nobody and went nowhere."""
    failed(founded)
    at = clock.now()
    with founded.bench.reading() as session:
        [due] = queries.returns_due(session)
        assert due.age_days(at + dt.timedelta(days=rules.RETURN_NOTICE_DAYS)) == rules.RETURN_NOTICE_DAYS
        assert queries.returns_due(session, older_than=at - dt.timedelta(days=rules.RETURN_DUE_DAYS)) == []
        later = at + dt.timedelta(days=1)
        assert [one.batch for one in queries.returns_due(session, older_than=later)] == [due.batch]


def test_lists_of_what_is_to_be_done(founded: Founded) -> None:
    """The treasurer's first screen: to send, under way, in transit, unanswered."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2)
    waiting, _paid = delivering.approved(bench, founded, count=1)
    with bench.reading() as session:
        assert [each.reference for each, _program in queries.to_send(session)] == [waiting]
        assert [each.reference for each, _program, _sent in queries.under_way(session)] == [batch.batch]
        assert [(each.source, each.amount) for each in queries.in_transit(session)] == [(batch.source, batch.total)]
        assert queries.unmatched(session, clock.now()) == []
        late = queries.unmatched(session, clock.now() + dt.timedelta(days=2))
    assert [one.line.line_no for one in late] == [1, 2]
