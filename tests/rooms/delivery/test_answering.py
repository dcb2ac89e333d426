"""What the channel answered: settled by the line, refused by the file, the same file twice the same answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from aid_ledger.approvals.rules import ShapedTheBatch
from aid_ledger.core import clock
from aid_ledger.delivery import queries, rules
from aid_ledger.delivery.judging import NOT_FOUND_SETTLES_AFTER
from aid_ledger.delivery.models import LineResult, ResultFile
from aid_ledger.disbursement.models import BatchLine
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from audit.entry import parse_entry
from tests.builders import delivering
from tests.builders.delivering import Sent
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded

SILENT = {"channel_status": "", "channel_code": "5041800", "amount": "0"}
CLOSED = {"channel_status": "FAILED", "channel_code": "4041811", "amount": "0"}
SLOW = {"channel_status": "PENDING", "channel_code": "2021800"}


def untouched(founded: Founded, batch: Sent) -> bool:
    """Say whether nothing happened: every line sent, all value in transit, no result and no fact of one."""
    with founded.bench.reading() as session:
        results = session.scalars(select(ResultFile)).all()
        told = session.scalars(select(LogEntry).where(LogEntry.kind.startswith("Result"))).all()
    states = set(delivering.states(founded.bench, batch.batch).values())
    value = delivering.stages(founded.bench, batch)
    return (states, value, len(results), len(told)) == ({"sent"}, {"in_transit": batch.total}, 0, 0)


def test_a_batch_arrives(founded: Founded) -> None:
    """The good day: every line delivered, its account confirmed, value arrived, the batch closed, the log agrees."""
    bench = founded.bench
    batch = delivering.sent(bench, founded)
    result = delivering.imported(founded, batch, delivering.answered(delivering.file_of(bench, batch)))
    assert (result.count, result.matched) == (5, 5)
    assert set(delivering.states(bench, batch.batch).values()) == {"delivered"}
    assert delivering.stages(bench, batch) == {"delivered": batch.total}
    assert delivering.state_of(bench, batch.batch) == "delivered"
    with bench.reading() as session:
        told = session.scalars(select(LineResult)).all()
    assert {(one.outcome, one.account_confirmed, one.amount) for one in told} == {("SUCCESS", True, batch.rate)}
    assert_log_agrees(bench)


def test_the_day_as_it_is(founded: Founded) -> None:
    """Some arrive, one account is closed, one answer is lost: each line by itself, value where it belongs."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=4)
    says = {"1": SILENT, "2": CLOSED, "3": SLOW}
    content = delivering.answered(delivering.file_of(bench, batch), lambda paid: says.get(paid["line_no"], {}))
    delivering.imported(founded, batch, content)
    assert delivering.states(bench, batch.batch) == {1: "unknown", 2: "failed", 3: "unknown", 4: "delivered"}
    assert delivering.stages(bench, batch) == {"in_transit": 2 * batch.rate, "delivered": batch.rate}
    assert delivering.state_of(bench, batch.batch) == "sent"
    with bench.reading() as session:
        reasons = session.scalars(select(BatchLine.reason).order_by(BatchLine.line_no)).all()
        waiting = queries.uncertain(session)
    assert reasons == ["UNKNOWN", "ACCOUNT_INVALID", "PENDING", ""]
    assert [one.line.line_no for one in waiting] == [1, 3]
    asked = delivering.answered(
        delivering.file_of(bench, batch), lambda paid: {} if paid["line_no"] in {"1", "3"} else None
    )
    delivering.imported(founded, batch, asked, is_inquiry=True)
    assert delivering.stages(bench, batch) == {"delivered": 3 * batch.rate}
    assert delivering.state_of(bench, batch.batch) == "delivered"
    assert_log_agrees(bench)


def test_the_same_answer_twice_is_one_answer(founded: Founded) -> None:
    """Double click, two treasurers, a file sent again: the same record, not one rupiah moved twice."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2)
    content = delivering.answered(delivering.file_of(bench, batch))
    first = delivering.imported(founded, batch, content)
    second = delivering.imported(founded, batch, content)
    assert first.reference == second.reference
    later = delivering.imported(founded, batch, delivering.answered(delivering.file_of(bench, batch), echo=False))
    assert later.matched == 0
    assert delivering.stages(bench, batch) == {"delivered": batch.total}
    with bench.reading() as session:
        assert len(session.scalars(select(LineResult)).all()) == 2
    assert_log_agrees(bench)


def test_an_answer_belongs_to_one_instruction(founded: Founded) -> None:
    """The answer to one batch, imported for another: refused by name."""
    bench = founded.bench
    one, other = delivering.sent(bench, founded, count=1), delivering.sent(bench, founded, count=1)
    content = delivering.answered(delivering.file_of(bench, one))
    delivering.imported(founded, one, content)
    with pytest.raises(rules.AnswerElsewhere):
        delivering.imported(founded, other, content)
    with pytest.raises(rules.AnswerSetWrong):
        delivering.imported(founded, other, content + b"\r\n")
    assert set(delivering.states(bench, other.batch).values()) == {"sent"}


# --- the bank answers for the account (THREATS 7) -------------------------------------------------------------------


def test_success_to_another_account_is_held(founded: Founded) -> None:
    """The payee swapped inside the bank and SUCCESS returned: HOLD, value still in transit."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2)
    swapped = delivering.first_line_says(account_no="0009999999999")
    delivering.imported(founded, batch, delivering.answered(delivering.file_of(bench, batch), swapped))
    assert delivering.states(bench, batch.batch) == {1: "on_hold", 2: "delivered"}
    assert delivering.stages(bench, batch) == {"in_transit": batch.rate, "delivered": batch.rate}
    with bench.reading() as session:
        [held] = session.scalars(select(LineResult).where(LineResult.account_confirmed.is_(False)))
    assert held.outcome == "ACCOUNT_MISMATCH"
    assert_log_agrees(bench)


def test_an_account_is_compared_as_a_number_is_read(founded: Founded) -> None:
    """Blanks, dots, hyphens and the apostrophe of a spreadsheet are grouping; a lost leading zero is another number."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2)

    def says(paid: delivering.Paid) -> dict[str, str]:
        number = paid["account_no"]
        grouped = f"'{number[:4]}-{number[4:8]} {number[8:]}"
        return {"account_no": grouped if paid["line_no"] == "1" else number.removeprefix("0")}

    delivering.imported(founded, batch, delivering.answered(delivering.file_of(bench, batch), says))
    assert delivering.states(bench, batch.batch) == {1: "delivered", 2: "on_hold"}


def test_an_answer_without_accounts_confirms_none(founded: Founded) -> None:
    """Absence is said aloud on every page and receipt: the bank did not confirm the account."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=1)
    delivering.imported(founded, batch, delivering.answered(delivering.file_of(bench, batch), echo=False))
    with bench.reading() as session:
        assert session.scalars(select(LineResult.account_confirmed)).one() is None
    assert delivering.states(bench, batch.batch) == {1: "delivered"}


@pytest.mark.parametrize("amount", ["1", "299999", "300001", "0"])
def test_another_amount_is_held(founded: Founded, amount: str) -> None:
    """A cut on the way: the household got something else than was approved."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=1)
    cut = delivering.first_line_says(amount=amount)
    delivering.imported(founded, batch, delivering.answered(delivering.file_of(bench, batch), cut))
    assert delivering.states(bench, batch.batch) == {1: "on_hold"}
    with bench.reading() as session:
        entry = session.scalars(select(LogEntry).where(LogEntry.kind == "LinesHeld")).one()
    assert parse_entry(entry.raw).body["held"] == [[1, amount, "AMOUNT_MISMATCH"]]
    assert_log_agrees(bench)


def test_a_held_line_is_settled_by_the_banks_explanation(founded: Founded) -> None:
    """Only an inquiry's answer, for the right account, ends a hold."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=1)
    file = delivering.file_of(bench, batch)
    delivering.imported(founded, batch, delivering.answered(file, delivering.first_line_says(account_no="1")))
    with pytest.raises(rules.InquiryNeeded):
        delivering.imported(founded, batch, delivering.answered(file))
    delivering.imported(founded, batch, delivering.answered(file), is_inquiry=True)
    assert delivering.states(bench, batch.batch) == {1: "delivered"}
    assert_log_agrees(bench)


# --- whole files refused (RF-35) ------------------------------------------------------------------------------------


def test_a_file_with_wrong_control_totals_changes_nothing(founded: Founded) -> None:
    """Count or sum of the footer: refused whole, left as it was."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2)
    good = delivering.answered(delivering.file_of(bench, batch))
    for wrong in (b"#TOTAL,1,600000", b"#TOTAL,2,600001", b"#TOTAL,2,300000"):
        head, _, _ = good.partition(b"#TOTAL")
        with pytest.raises(rules.ControlTotalWrong):
            delivering.imported(founded, batch, head + wrong + b"\r\n")
    with pytest.raises(rules.AnswerMalformed):
        delivering.imported(founded, batch, good.partition(b"#TOTAL")[0])
    assert untouched(founded, batch)


def test_a_file_must_answer_for_every_line_and_no_other(founded: Founded) -> None:
    """One line missing, one twice, one of another batch: refused whole, left as it was."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=3)
    file = delivering.file_of(bench, batch)
    foreign = rules.partner_reference("BTC-2021-999999-X", 1)
    header, first, second, third, *_ = delivering.answered(file).split(b"\r\n")
    for lines in (
        [first, second],
        [first, second, third, third],
        [first, second, third.replace(rules.partner_reference(batch.batch, 3).encode(), foreign.encode())],
        [first, second, third.replace(b".00003.1", b".00004.1")],
        [first, second, third.replace(b".00003.1", b".00003.2")],
    ):
        content = b"\r\n".join([header, *lines, f"#TOTAL,{len(lines)},{len(lines) * batch.rate}".encode()])
        with pytest.raises(rules.AnswerSetWrong):
            delivering.imported(founded, batch, content)
    assert untouched(founded, batch)


def test_an_answer_that_contradicts_a_final_outcome_refuses_the_file(founded: Founded) -> None:
    """FAILED after SUCCESS, SUCCESS after FAILED: somebody must find out; until then nothing moves again."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=3)
    file = delivering.file_of(bench, batch)
    delivering.imported(founded, batch, delivering.answered(file, delivering.first_line_says(**CLOSED)))
    before = delivering.stages(bench, batch)
    for is_inquiry in (False, True):
        with pytest.raises(rules.AnswerContradicts):
            delivering.imported(
                founded, batch, delivering.answered(file, at="2021-08-06T10:00:00Z"), is_inquiry=is_inquiry
            )
        with pytest.raises(rules.AnswerContradicts):
            delivering.imported(founded, batch, delivering.answered(file, lambda _paid: CLOSED), is_inquiry=is_inquiry)
    assert delivering.stages(bench, batch) == before
    assert_log_agrees(bench)


# --- UNKNOWN leaves only by an inquiry ------------------------------------------------------------------------------


def test_a_late_result_does_not_settle_an_uncertain_line(founded: Founded) -> None:
    """Time-out, then a second result file that says SUCCESS: not believed until somebody has asked."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=2)
    file = delivering.file_of(bench, batch)
    delivering.imported(founded, batch, delivering.answered(file, delivering.first_line_says(**SILENT)))
    with pytest.raises(rules.InquiryNeeded):
        delivering.imported(founded, batch, delivering.answered(file))
    assert delivering.states(bench, batch.batch)[1] == "unknown"
    asked = delivering.answered(file, delivering.only_first_line())
    assert delivering.imported(founded, batch, asked, is_inquiry=True).matched == 1
    assert delivering.states(bench, batch.batch)[1] == "delivered"
    assert_log_agrees(bench)


def test_not_found_becomes_a_failure_a_day_later(founded: Founded) -> None:
    """A bank that does not find a payment yet may only be slow; a day later it never had it, and the value is free."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=1)
    file = delivering.file_of(bench, batch)
    lost = delivering.first_line_says(channel_status="07", channel_code="4043601", amount="0")
    delivering.imported(founded, batch, delivering.answered(file, lost))
    asked = delivering.answered(file, lost, at="2021-08-05T12:00:00Z")
    delivering.imported(founded, batch, asked, is_inquiry=True)
    assert delivering.states(bench, batch.batch) == {1: "unknown"}
    with clock.frozen(clock.now() + NOT_FOUND_SETTLES_AFTER):
        asked = delivering.answered(file, lost, at="2021-08-06T12:00:00Z")
        delivering.imported(founded, batch, asked, is_inquiry=True)
        assert delivering.states(bench, batch.batch) == {1: "failed"}
        assert delivering.stages(bench, batch) == {}
        assert_log_agrees(bench)


@pytest.mark.parametrize("login", ["operator", "approver", "field", "auditor"])
def test_only_a_treasurer_brings_the_answer(founded: Founded, login: str) -> None:
    """Whoever could invent a SUCCESS must not be able to import it."""
    batch = delivering.sent(founded.bench, founded, count=1)
    content = delivering.answered(delivering.file_of(founded.bench, batch))
    with pytest.raises(RoleMissing):
        delivering.imported(founded, batch, content, by=login)
    assert untouched(founded, batch)


def test_a_cash_batch_takes_no_result_file(founded: Founded) -> None:
    """Cash is settled before witnesses, not by a file."""
    batch = delivering.sent(founded.bench, founded, count=1, channel="cash")
    with pytest.raises(rules.ChannelRefused):
        delivering.imported(founded, batch, b"anything")
    with pytest.raises(rules.InstructionNotFound):
        delivering.imported(founded, replace(batch, instruction="INS-2021-999999-X"), b"anything")


def test_a_large_answer_moves_value_fact_by_fact(founded: Founded) -> None:
    """1,100 lines are three facts of at most 500, each moving exactly what its own lines add up to."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=1_100)
    says = delivering.first_line_says(**CLOSED)
    delivering.imported(founded, batch, delivering.answered(delivering.file_of(bench, batch), says))
    with bench.reading() as session:
        told = session.scalars(select(LogEntry).where(LogEntry.kind == "PaymentsConfirmed").order_by(LogEntry.id)).all()
    assert [len(parse_entry(entry.raw).body["confirmed"]) for entry in told] == [500, 500, 99]  # type: ignore[arg-type]
    assert all(len(entry.raw) <= 65_535 for entry in told)
    assert delivering.stages(bench, batch) == {"delivered": 1_099 * batch.rate}
    assert_log_agrees(bench)


def test_whoever_changed_an_account_does_not_answer_for_the_bank(founded: Founded) -> None:
    """THREATS 3: a treasurer who brought the recipients in is barred from the batch's every step."""
    bench = founded.bench
    batch = delivering.sent(bench, founded, count=1)
    with bench.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE bank_accounts SET changed_by = 'treasurer'")
    content = delivering.answered(delivering.file_of(bench, batch))
    with pytest.raises(ShapedTheBatch):
        delivering.imported(founded, batch, content)
