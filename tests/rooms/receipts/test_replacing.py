"""Replacing a receipt: one stands for a line, what it states comes from the record, and the old one leads to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from aid_ledger.core.errors import DomainError
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.receipts import queries, rules, service
from audit.entry import parse_entry
from tests.builders import receipts as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded

NAME = "Maimunah Betul"


def test_there_is_nothing_to_replace_while_nothing_was_corrected(founded: Founded) -> None:
    """A new number for the same words would be a fresh original without the mark of a copy."""
    [receipt] = builders.issued(founded, count=1)
    with pytest.raises(rules.NothingToReplace):
        builders.replace(founded, receipt)
    [after] = builders.receipts(founded.bench)
    assert (after.state, after.replaced_by_id) == ("issued", None)


def test_an_unknown_receipt_is_not_replaced(founded: Founded) -> None:
    """A number that is nobody's."""
    with pytest.raises(rules.ReceiptNotFound), founded.act("treasurer") as act:
        service.replace_receipt(act, "RCP-2021-000999-X", reason="Tidak ada")


@pytest.mark.parametrize("login", ["operator", "verifier", "approver", "field", "auditor", "admin"])
def test_only_a_treasurer_replaces(founded: Founded, login: str) -> None:
    """Whoever keeps the register of names does not also make the papers that state them."""
    [receipt] = builders.issued(founded, count=1)
    builders.correct_name(founded, receipt, NAME)
    with pytest.raises(RoleMissing):
        builders.replace(founded, receipt, by=login)


def test_what_was_cancelled_or_replaced_is_not_replaced(founded: Founded) -> None:
    """A receipt ends once, so no line ever has two that stand."""
    cancelled, corrected, _other = builders.issued(founded)
    builders.cancel(founded, cancelled)
    builders.correct_name(founded, cancelled, NAME)
    builders.correct_name(founded, corrected, NAME)
    builders.replace(founded, corrected)
    for ended in (cancelled, corrected):
        with pytest.raises(rules.ReceiptNotStanding):
            builders.replace(founded, ended)
    with pytest.raises(rules.ReceiptNotStanding):
        builders.cancel(founded, corrected)
    with pytest.raises(rules.ReceiptNotStanding):
        builders.printed(founded, corrected, copy=1)


def test_a_replacement_states_what_is_on_record_for_the_same_amount(founded: Founded) -> None:
    """The name is the corrected one; amount, source, day and batch are the line's; number, code and salt are new."""
    [old] = builders.issued(founded, count=1)
    before = service.open_receipt(founded.bench.kit.keys, old)
    builders.correct_name(founded, old, NAME)
    builders.replace(founded, old)
    ended, new = builders.receipts(founded.bench)
    after = service.open_receipt(founded.bench.kit.keys, new)
    assert (ended.state, ended.replaced_by_id, ended.reason) == ("replaced", new.id, "Nama salah")
    assert (new.state, new.line_id, new.copies, new.public_id) == ("issued", old.line_id, 0, f"{old.public_id}.2")
    assert after.fields.payee == "M******* B****" != before.fields.payee
    assert after.fields.line == new.public_id
    changed = {"number", "code", "payee", "line"}
    kept = {name: getattr(before.fields, name) for name in changed}
    assert replace(after.fields, **kept) == before.fields
    assert after.fields.code != before.fields.code
    assert after.salt != before.salt


def test_a_replacement_is_one_act_that_both_sides_tell(founded: Founded) -> None:
    """The log says which ended for which, before the new one is issued, and replay and rows agree."""
    [old] = builders.issued(founded, count=1)
    for name in (NAME, "Maimunah Lebih Betul"):
        [standing] = [each for each in builders.receipts(founded.bench) if each.state == "issued"]
        builders.correct_name(founded, standing, name)
        builders.replace(founded, standing)
    with founded.bench.reading() as session:
        wanted = LogEntry.kind.in_(("ReceiptCancelled", "ReceiptIssued"))
        entries = [
            parse_entry(bytes(raw)) for raw in session.scalars(select(LogEntry.raw).where(wanted).order_by(LogEntry.id))
        ]
    told = [(each.kind, each.body["receipt"], each.body.get("replaced_by")) for each in entries]
    first, second, third = (f"{old.public_id}{behind}" for behind in ("", ".2", ".3"))
    assert told == [
        ("ReceiptIssued", first, None),
        ("ReceiptCancelled", first, second),
        ("ReceiptIssued", second, None),
        ("ReceiptCancelled", second, third),
        ("ReceiptIssued", third, None),
    ]
    assert entries[1].act == entries[2].act
    assert_log_agrees(founded.bench)


def test_two_who_replace_at_once_leave_one_that_stands(founded: Founded) -> None:
    """The receipt's row is the queue: the second finds that it ended."""
    [old] = builders.issued(founded, count=1)
    builders.correct_name(founded, old, NAME)

    def tried(_: int) -> str:
        try:
            return builders.replace(founded, old).state
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(tried, range(2))) == ["issued", "receipt.not_standing"]
    assert [each.state for each in builders.receipts(founded.bench)] == ["replaced", "issued"]
    assert_log_agrees(founded.bench)


def test_nothing_more_is_issued_for_a_line_whose_receipt_ended(founded: Founded) -> None:
    """Cancelled or replaced: neither the button nor the job finds the line without a receipt."""
    cancelled, replaced, _other = builders.issued(founded)
    builders.cancel(founded, cancelled)
    builders.correct_name(founded, replaced, NAME)
    builders.replace(founded, replaced)
    with founded.bench.reading() as session:
        batch = queries.batch_of(session, cancelled)
        assert queries.waiting_lines(session, batch.id) == []
        assert queries.count_waiting(session, [""]) == 0
        progress = queries.progress_of(session, batch.reference, [""])
        assert (progress.delivered, progress.issued, progress.waiting) == (3, 3, 0)
        standing = queries.references_of(session, batch.id)
    assert builders.issue(founded, batch.reference) == 0
    assert standing == [each.reference for each in builders.receipts(founded.bench) if each.state == "issued"]
    assert len(standing) == 2


@pytest.mark.parametrize("state", ["issued", "cancelled"])
def test_the_database_refuses_two_that_count(founded: Founded, state: str) -> None:
    """Behind the rule a unique index: a line has one receipt that was not replaced, whoever writes the row."""
    [old] = builders.issued(founded, count=1)
    builders.correct_name(founded, old, NAME)
    builders.replace(founded, old)
    statement = text("UPDATE receipts SET state = :state WHERE id = :id")
    with pytest.raises(IntegrityError), founded.bench.engine.begin() as connection:
        connection.execute(statement, {"state": state, "id": old.id})
