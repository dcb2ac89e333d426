"""Putting a batch together: one bad row stops nobody else, and nobody is in two live lines."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.errors import DomainError
from aid_ledger.disbursement import drafting, queries, rules, service
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.officials.powers import NoOffice, RoleMissing
from aid_ledger.programs import service as programs
from aid_ledger.recipients import service as recipients
from tests.builders.documents import paper
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.paying import (
    PERIOD,
    REGION,
    determined_run,
    drafted_batch,
    households,
    lines_of,
    row_of,
    submit,
)
from tests.builders.powers import also, revoked
from tests.builders.programs import RATE, Paying, paying_program
from tests.builders.recipients import imported_rows


def draft(founded: Founded, paying: Paying, *, by: str = "operator", **change: str) -> str:
    """Draft a batch and give its reference."""
    wish = {"period": PERIOD, "region": REGION, "channel": "bank", "decree": paying.decree} | change
    with founded.act(by) as act:
        return service.draft_batch(act, program=paying.program, **wish).reference


def ready(founded: Founded, count: int = 3, *, amount: int = 1_000_000_000) -> Paying:
    """Give a programme with so many determined households."""
    paying = paying_program(founded.bench, founded, amount=amount)
    households(founded.bench, founded, count)
    determined_run(founded.bench, founded, paying)
    return paying


def batch_of(founded: Founded, reference: str) -> Batch:
    """Read a batch."""
    with founded.bench.reading() as session:
        return queries.batch(session, reference)


@pytest.mark.parametrize("login", ["verifier", "approver", "treasurer", "auditor"])
def test_who_judges_does_not_draft(founded: Founded, login: str) -> None:
    """P2: a list is made by an operator."""
    paying = ready(founded, 1)
    with pytest.raises(RoleMissing):
        draft(founded, paying, by=login)


def test_nobody_drafts_without_an_office(founded: Founded) -> None:
    """What is recorded is a person in an office; a role alone is nobody's signature."""
    paying = ready(founded, 1)
    with clock.frozen(dt.datetime(2021, 1, 3, tzinfo=dt.UTC)), pytest.raises((NoOffice, RoleMissing)):
        draft(founded, paying)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"channel": "goods"}, rules.ChannelRefused),
        ({"channel": "pos"}, rules.ChannelRefused),
        ({"period": "2021-8"}, rules.PeriodMalformed),
        ({"period": "2021-09"}, rules.BatchEmpty),
        ({"region": "32.16.01"}, rules.BatchEmpty),
    ],
)
def test_a_draft_that_cannot_be_is_refused(
    founded: Founded, change: dict[str, str], refusal: type[DomainError]
) -> None:
    """Packets by bank, a month nobody computed, a kecamatan where nobody is due: nothing is kept."""
    paying = ready(founded)
    with pytest.raises(refusal):
        draft(founded, paying, **change)
    with founded.bench.reading() as session:
        assert queries.batches(session) == []


def test_entitlements_of_another_decree_are_not_paid_under_this_one(founded: Founded) -> None:
    """An SK pays whom it names: another SK in force is not enough."""
    paying = ready(founded)
    with founded.act("operator") as act:
        other = paper(act, "sk").reference
        budget = paper(act, "dpa").reference
    with pytest.raises(rules.BatchEmpty):
        draft(founded, paying, decree=other)
    with pytest.raises(rules.DecreeRefused):
        draft(founded, paying, decree=budget)


def test_a_programme_without_money_has_no_batch(founded: Founded) -> None:
    """Red flag: a list before its budget."""
    paying = ready(founded)
    with founded.act("operator") as act:
        code = f"{paying.program}_TANPA"
        programs.define_program(
            act,
            code=code,
            name="Tanpa dana",
            public_name="Bansos",
            aliases="",
            pillar="pemulihan",
            unit="household",
            commodity="IDR",
            allowed_sources=("btt",),
            needs_isolation=False,
            is_managed=True,
            starts_on=dt.date(2020, 1, 1),
            ends_on=None,
            legal_basis=None,
        )
        programs.set_rate(act, program=code, amount=1, since=dt.date(2020, 1, 1), document=paying.decree)
    poor = Paying(code, "", paying.decree, 1, "IDR", "")
    determined_run(founded.bench, founded, poor)
    with pytest.raises(rules.NothingAllocated):
        draft(founded, poor)


def test_one_bad_row_does_not_stop_the_others(founded: Founded) -> None:
    """P7: no account, an account of two families, somebody who died since: set aside with a reason, the rest goes."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    homes = households(bench, founded, 3)
    households(bench, founded, 1, with_accounts=False)
    shared = {"bank": "110", "no_rekening": "0777777777", "nama_rekening": "Bersama Contoh"}
    imported_rows(bench, founded, [row_of(8_201) | shared, row_of(8_202) | shared])
    determined_run(bench, founded, paying)
    with founded.act("operator") as act:
        recipients.record_civil_status(act, homes[0].person, status="deceased", since=act.on)
    batch = draft(founded, paying)
    found = sorted((state, reason) for _number, state, reason in lines_of(bench, batch))
    assert found == [
        ("listed", ""),
        ("listed", ""),
        ("set_aside", "no_account"),
        ("set_aside", "not_active"),
        ("set_aside", "shared_account"),
        ("set_aside", "shared_account"),
    ]
    row = batch_of(founded, batch)
    assert (row.lines, row.total) == (2, 2 * RATE)
    assert_log_agrees(bench)


def test_an_account_shared_within_one_family_is_no_flag(founded: Founded) -> None:
    """Husband and wife may hold one account: one household is paid once anyway."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    shared = {"bank": "110", "no_rekening": "0777777778", "nama_rekening": "Keluarga Contoh"}
    imported_rows(bench, founded, [row_of(8_211, card=8_211) | shared, row_of(8_212, card=8_211) | shared])
    determined_run(bench, founded, paying)
    assert lines_of(bench, draft(founded, paying)) == [(1, "listed", "")]


def test_in_cash_nobody_needs_an_account(founded: Founded) -> None:
    """Families without a bank are paid by hand rather than set aside."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 2, with_accounts=False)
    determined_run(founded.bench, founded, paying)
    assert [state for _number, state, _reason in lines_of(founded.bench, draft(founded, paying, channel="cash"))] == [
        "listed",
        "listed",
    ]


def test_money_that_ends_sets_aside_instead_of_overdrawing(founded: Founded) -> None:
    """P1: a draft promises no more than the programme holds; those behind are told so by a reason."""
    paying = ready(founded, 5, amount=3 * RATE + 1)
    found = [(state, reason) for _number, state, reason in lines_of(founded.bench, draft(founded, paying))]
    assert sorted(found) == [("listed", "")] * 3 + [("set_aside", "no_funds")] * 2


def test_line_numbers_do_not_follow_people_or_entitlements(founded: Founded) -> None:
    """P6: line numbers are public; in the order of people they would say who is who."""
    paying = ready(founded, 40)
    draft(founded, paying)
    with founded.bench.reading() as session:
        rows = session.execute(
            select(BatchLine.person_id, BatchLine.entitlement_id, BatchLine.public_id).order_by(BatchLine.line_no)
        ).all()
    people, entitlements, names = zip(*rows, strict=True)
    assert list(people) != sorted(people)
    assert list(entitlements) != sorted(entitlements)
    assert len(set(names)) == 40


def test_an_entitlement_is_in_one_live_line_only(founded: Founded) -> None:
    """P1: the second batch of the same people finds nobody, whether the first is a draft or already submitted."""
    paying = ready(founded)
    first = draft(founded, paying)
    with pytest.raises(rules.BatchEmpty):
        draft(founded, paying)
    submit(founded, first)
    with pytest.raises(rules.BatchEmpty):
        draft(founded, paying)


def test_the_database_itself_refuses_a_second_live_line(founded: Founded) -> None:
    """The same law where no code of ours runs: a partial unique index, by INSERT and by reviving a dead line."""
    bench = founded.bench
    paying = ready(founded, 1)
    draft(founded, paying)
    columns = ", ".join(column.name for column in BatchLine.__table__.columns if column.name not in {"id", "public_id"})
    copied = columns.replace("line_no", "line_no + 1 AS line_no")
    for state, is_refused in (("listed", True), ("delivered", True), ("cancelled", False)):
        chosen = copied.replace(" state,", f" '{state}' AS state,")
        copy = f"SELECT {chosen}, '{state}' FROM batch_lines WHERE line_no = 1"
        statement = f"INSERT INTO batch_lines ({columns}, public_id) {copy}"
        with bench.engine.connect() as connection:
            if is_refused:
                with pytest.raises(Exception, match=r"(?i)unique"):
                    connection.exec_driver_sql(statement)
            else:
                connection.exec_driver_sql(statement)
                with pytest.raises(Exception, match=r"(?i)unique"):
                    connection.exec_driver_sql("UPDATE batch_lines SET state = 'sent' WHERE line_no = 2")


def test_two_drafts_at_once_list_everybody_once(founded: Founded) -> None:
    """P7: two operators press the button together; one gets the batch, the other is told."""
    paying = ready(founded, 8)

    def press(_number: int) -> str:
        try:
            batch = founded.bench.acts.run(
                founded.actor("operator"),
                service.draft_batch,
                program=paying.program,
                period=PERIOD,
                region=REGION,
                channel="bank",
                decree=paying.decree,
            )
        except (rules.BatchEmpty, rules.EntitlementAlreadyClaimed):
            return ""
        return batch.reference

    with ThreadPoolExecutor(4) as crowd:
        made = [reference for reference in crowd.map(press, range(6)) if reference]
    assert len(made) == 1
    assert len(lines_of(founded.bench, made[0])) == 8
    assert_log_agrees(founded.bench)


def test_a_line_is_set_aside_and_the_rest_goes_on(founded: Founded) -> None:
    """P7: a doubtful family waits without holding up the others, and may be paid by a later batch."""
    bench = founded.bench
    paying = ready(founded)
    batch = draft(founded, paying)
    with founded.act("operator") as act:
        service.set_aside_line(act, batch, 2, reason="payee_doubtful")
    assert lines_of(bench, batch)[1] == (2, "set_aside", "payee_doubtful")
    row = batch_of(founded, batch)
    assert (row.lines, row.total) == (2, 2 * RATE)
    assert len(lines_of(bench, draft(founded, paying))) == 1
    assert_log_agrees(bench)


def test_lines_are_not_set_aside_by_others_twice_or_later(founded: Founded) -> None:
    """A verifier shortens no list; a submitted list is nobody's to shorten."""
    paying = ready(founded)
    batch = draft(founded, paying)
    with pytest.raises(RoleMissing), founded.act("verifier") as act:
        service.set_aside_line(act, batch, 1, reason="by_hand")
    with pytest.raises(rules.LineNotFound), founded.act("operator") as act:
        service.set_aside_line(act, batch, 99, reason="by_hand")
    with pytest.raises(rules.BatchNotFound), founded.act("operator") as act:
        service.set_aside_line(act, "BTC-2021-999999-X", 1, reason="by_hand")
    submit(founded, batch)
    with pytest.raises(rules.BatchStateRefused), founded.act("operator") as act:
        service.set_aside_line(act, batch, 1, reason="by_hand")


def test_payees_lost_since_the_draft_are_found_before_freezing(founded: Founded) -> None:
    """A week between draft and submission: whoever died, moved or closed the account is not frozen as payable."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    homes = households(bench, founded, 4)
    batch = drafted_batch(bench, founded, paying)
    with founded.act("operator") as act:
        recipients.record_civil_status(act, homes[0].person, status="moved", since=act.on)
        recipients.change_account(
            act,
            homes[1].person,
            bank="110",
            number="0555555555",
            holder="Warga Contoh",
            reason="Rekening lama ditutup.",
        )
        recipients.change_account(
            act,
            homes[2].person,
            bank="110",
            number="0555555555",
            holder="Warga Contoh",
            reason="Rekening lama ditutup.",
        )
    with bench.reading() as session:
        found = [obstacle for _line, obstacle in drafting.unpayable(session, queries.batch(session, batch))]
    assert sorted(found) == ["not_active", "shared_account", "shared_account"]
    with pytest.raises(rules.LinesUnpayable) as caught:
        submit(founded, batch)
    assert caught.value.facts["lines"] == 3
    with founded.act("operator") as act:
        assert service.set_aside_unpayable(act, batch) == 3
    submit(founded, batch)
    row = batch_of(founded, batch)
    assert (row.lines, row.total, row.state) == (1, RATE, "submitted")
    assert_log_agrees(bench)


def test_a_role_that_ended_drafts_nothing_more(founded: Founded) -> None:
    """The power is asked at the moment of the deed, not at sign-in."""
    paying = ready(founded)
    grant = also(founded, "treasurer", "operator")
    revoked(founded, grant)
    with pytest.raises(RoleMissing):
        draft(founded, paying, by="treasurer")
