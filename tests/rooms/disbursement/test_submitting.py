"""Submitting freezes and reserves in one deed; what is withdrawn is free again; nobody overspends, however many try."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from sqlalchemy import select

from aid_ledger.approvals import service as approvals
from aid_ledger.book import queries as book
from aid_ledger.book.rules import InsufficientFunds, Place, Stage
from aid_ledger.core import clock
from aid_ledger.disbursement import digests, queries, rules, service
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.programs import service as programs
from aid_ledger.recipients import service as recipients
from aid_ledger.regions import queries as regions
from audit import canonical, merkle
from audit.facts.paying import FrozenLine
from tests.builders.documents import paper
from tests.builders.funding import received
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.paying import (
    PERIOD,
    REGION,
    VILLAGE,
    determined_run,
    drafted_batch,
    households,
    submit,
    submitted_batch,
    verify,
)
from tests.builders.programs import RATE, Paying, paying_program

REASON = "Daftar perlu diperbaiki lebih dahulu."


def held(founded: Founded, paying: Paying, stage: Stage) -> int:
    """Tell what the programme holds in a stage."""
    with founded.bench.reading() as session:
        return book.balance(session, Place(paying.source, stage, paying.program), "IDR")


def batch_of(founded: Founded, reference: str) -> Batch:
    """Read a batch."""
    with founded.bench.reading() as session:
        return queries.batch(session, reference)


def bodies(founded: Founded, kind: str) -> list[dict[str, Any]]:
    """Read the bodies of a kind's entries, in order."""
    with founded.bench.reading() as session:
        raw = session.scalars(select(LogEntry.raw).where(LogEntry.kind == kind).order_by(LogEntry.id))
        return [cast("dict[str, Any]", canonical.parse(bytes(each))["body"]) for each in raw]


def batches_of_one(founded: Founded, paying: Paying, count: int) -> list[str]:
    """Draft so many batches of one household each, every one in a village of its own."""
    with founded.bench.reading() as session:
        villages = regions.codes_within(session, REGION, level="village")[:count]
    for village in villages:
        households(founded.bench, founded, 1, village=village)
    determined_run(founded.bench, founded, paying)
    return [drafted_batch(founded.bench, founded, paying, region=village, is_determined=True) for village in villages]


def press_together(founded: Founded, batches: list[str]) -> int:
    """Submit batches all at once; gives how many went through."""

    def press(reference: str) -> bool:
        try:
            founded.bench.acts.run(founded.actor("operator"), service.submit_batch, reference)
        except (InsufficientFunds, rules.CeilingReached):
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        return sum(crowd.map(press, batches))


def test_twenty_submissions_at_once_cannot_overspend(founded: Founded) -> None:
    """P1: twenty batches, money for seven: seven are reserved, thirteen are told, no balance goes below zero."""
    paying = paying_program(founded.bench, founded, amount=7 * RATE)
    batches = batches_of_one(founded, paying, 20)
    assert press_together(founded, batches) == 7
    assert (held(founded, paying, Stage.ALLOCATED), held(founded, paying, Stage.RESERVED)) == (0, 7 * RATE)
    with founded.bench.reading() as session:
        assert book.unbalanced(session) == []
    assert_log_agrees(founded.bench)


def test_twenty_submissions_at_once_cannot_pass_a_ceiling(founded: Founded) -> None:
    """The ceiling is asked while the balances are held: twenty batches that each fit alone do not fit together."""
    paying = paying_program(founded.bench, founded)
    batches = batches_of_one(founded, paying, 20)
    with founded.act("operator") as act:
        document = paper(act, "sk").reference
        programs.set_ceiling(act, program=paying.program, source=paying.source, amount=5 * RATE, document=document)
    assert press_together(founded, batches) == 5
    assert held(founded, paying, Stage.RESERVED) == 5 * RATE
    assert_log_agrees(founded.bench)


def test_a_ceiling_says_what_is_left(founded: Founded) -> None:
    """A refusal a person can act on."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 3)
    batch = drafted_batch(founded.bench, founded, paying)
    with founded.act("operator") as act:
        document = paper(act, "sk").reference
        programs.set_ceiling(act, program=paying.program, source=paying.source, amount=2 * RATE, document=document)
    with pytest.raises(rules.CeilingReached) as caught:
        submit(founded, batch)
    assert caught.value.facts == {
        "program": paying.program,
        "source": paying.source,
        "left": 2 * RATE,
        "wanted": 3 * RATE,
    }
    assert held(founded, paying, Stage.RESERVED) == 0


def test_one_button_pressed_eight_times_submits_once(founded: Founded) -> None:
    """P7: a double click reserves nothing twice."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 2)
    batch = drafted_batch(founded.bench, founded, paying)

    def press(_number: int) -> bool:
        try:
            founded.bench.acts.run(founded.actor("operator"), service.submit_batch, batch)
        except rules.BatchStateRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(press, range(8))) == 1
    assert held(founded, paying, Stage.RESERVED) == 2 * RATE
    assert_log_agrees(founded.bench)


@pytest.mark.parametrize("login", ["verifier", "approver", "treasurer", "auditor"])
def test_who_judges_does_not_submit_or_withdraw(founded: Founded, login: str) -> None:
    """P2: submitting is the maker's step."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 1)
    batch = drafted_batch(founded.bench, founded, paying)
    with pytest.raises(RoleMissing):
        submit(founded, batch, by=login)
    with pytest.raises(RoleMissing), founded.act(login) as act:
        service.cancel_batch(act, batch, reason=REASON)


def test_a_decree_that_ends_before_the_submission_pays_nobody(founded: Founded) -> None:
    """Red flag 31: drafted in time, submitted late."""
    paying = paying_program(founded.bench, founded)
    today = clock.today()
    with founded.act("operator") as act:
        short = paper(act, "sk", valid_until=today).reference
    paying = Paying(paying.program, paying.source, short, RATE, "IDR", paying.policy)
    households(founded.bench, founded, 1)
    batch = drafted_batch(founded.bench, founded, paying)
    with clock.frozen(clock.now() + dt.timedelta(days=2)), pytest.raises(rules.DecreeRefused):
        submit(founded, batch)
    submit(founded, batch)


def test_the_policy_of_the_day_is_pinned(founded: Founded) -> None:
    """THREATS 3: a milder policy made after the submission does not loosen it."""
    paying = paying_program(founded.bench, founded, limits=((0, 1), (2 * RATE, 2)))
    households(founded.bench, founded, 2)
    batch = submitted_batch(founded.bench, founded, paying)
    with founded.act("sekda") as act:
        programs.propose_policy(act, program=paying.program, limits=((0, 1),))
    row = batch_of(founded, batch)
    assert row.approvers_needed == 2
    assert bodies(founded, "BatchSubmitted")[0]["policy"] == paying.policy


def test_what_is_frozen_hashes_to_the_digest_and_names_nobody(founded: Founded) -> None:
    """P3 and P6: the log holds every line under the digest, and of a person only a commitment."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    households(bench, founded, 7)
    batch = submitted_batch(bench, founded, paying)
    rows = [row for body in bodies(founded, "LinesFrozen") for row in body["frozen"]]
    frozen = [FrozenLine(line, due, int(amount), source, commitment) for line, due, amount, source, commitment in rows]
    row = batch_of(founded, batch)
    assert merkle.root([merkle.leaf_hash(digests.line_leaf(line)) for line in frozen]) == row.digest
    with bench.reading() as session:
        assert list(digests.frozen_lines(session, row.id)) == frozen
        keys = bench.kit.keys
        assert digests.digest_of_batch(session, keys, row.id, with_account=True) == row.digest
        opened = next(digests.open_lines(session, keys, row.id, with_account=True)).payee
        log = b"".join(bytes(raw) for raw in session.scalars(select(LogEntry.raw)))
    for secret in (opened.nik, opened.name, opened.account_number, opened.account_holder):
        assert secret.encode() not in log
    # Villages are public; which entitlement lies in which is not.
    about_people = json.dumps(rows) + json.dumps(
        bodies(founded, "EntitlementsProposed") + bodies(founded, "BatchDrafted")
    )
    assert VILLAGE not in about_people


def test_each_line_is_paid_from_a_named_source(founded: Founded) -> None:
    """P1: the older source is used first, each line names the one that pays it, and the shares add up."""
    bench = founded.bench
    paying = paying_program(bench, founded, amount=2 * RATE)
    second = received(bench, founded, "btt", amount=10 * RATE)
    with founded.act("operator") as act:
        document = paper(act, "dpa").reference
        programs.allocate(
            act, source=second, program=paying.program, commodity="IDR", amount=10 * RATE, document=document
        )
    households(bench, founded, 5)
    batch = submitted_batch(bench, founded, paying)
    with bench.reading() as session:
        row = queries.batch(session, batch)
        shares = {source.code: amount for source, amount in queries.shares(session, row.id)}
        lines = list(digests.frozen_lines(session, row.id))
    assert shares == {paying.source: 2 * RATE, second: 3 * RATE}
    assert sorted(line.source for line in lines) == sorted([paying.source] * 2 + [second] * 3)
    assert_log_agrees(bench)


def test_withdrawing_frees_the_money_and_the_people(founded: Founded) -> None:
    """P1: cancelled before it is sent: reserved goes back to allocated, and everybody may be listed again."""
    bench = founded.bench
    paying = paying_program(bench, founded, amount=3 * RATE)
    households(bench, founded, 3)
    batch = submitted_batch(bench, founded, paying)
    assert held(founded, paying, Stage.ALLOCATED) == 0
    for reason in ("", "salah", " " * 40):
        with pytest.raises(rules.ReasonMissing), founded.act("operator") as act:
            service.cancel_batch(act, batch, reason=reason)
    with founded.act("operator") as act:
        service.cancel_batch(act, batch, reason=REASON)
    assert held(founded, paying, Stage.ALLOCATED) == 3 * RATE
    with founded.bench.reading() as session:
        assert set(session.scalars(select(BatchLine.state))) == {"cancelled"}
    again = drafted_batch(bench, founded, paying, is_determined=True)
    submit(founded, again)
    for state in ("submit", "cancel"):
        with pytest.raises(rules.BatchStateRefused), founded.act("operator") as act:
            service.submit_batch(act, batch) if state == "submit" else service.cancel_batch(act, batch, reason=REASON)
    assert_log_agrees(bench)


def test_a_draft_is_withdrawn_without_moving_anything(founded: Founded) -> None:
    """Nothing was reserved, so nothing moves; the people are free for another draft."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    households(bench, founded, 2)
    batch = drafted_batch(bench, founded, paying)
    with founded.act("operator") as act:
        service.cancel_batch(act, batch, reason=REASON)
    assert bodies(founded, "BatchCancelled")[0]["moves"] == []
    assert drafted_batch(bench, founded, paying, is_determined=True) != batch
    assert_log_agrees(bench)


def test_what_was_sent_back_is_frozen_under_another_digest(founded: Founded) -> None:
    """P2: the very same list submitted again is another submission: no step taken before counts for it."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    households(bench, founded, 3)
    batch = submitted_batch(bench, founded, paying)
    first = batch_of(founded, batch).digest
    with founded.act("verifier") as act:
        approvals.reject_batch(act, batch, reason=REASON, send_back=True)
    assert held(founded, paying, Stage.RESERVED) == 0
    submit(founded, batch)
    assert batch_of(founded, batch).digest != first
    verify(founded, batch)
    assert_log_agrees(bench)


def test_a_list_is_shortened_between_two_submissions(founded: Founded) -> None:
    """Sent back for one doubtful family: it is set aside, the others are submitted again."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    households(bench, founded, 3)
    batch = submitted_batch(bench, founded, paying)
    with founded.act("verifier") as act:
        approvals.reject_batch(act, batch, reason=REASON, send_back=True)
    with founded.act("operator") as act:
        service.set_aside_line(act, batch, 2, reason="payee_doubtful")
    submit(founded, batch)
    assert (batch_of(founded, batch).lines, held(founded, paying, Stage.RESERVED)) == (2, 2 * RATE)
    with founded.act("operator") as act:
        service.cancel_batch(act, batch, reason=REASON)
    assert_log_agrees(bench)


def test_an_account_corrected_before_the_submission_is_the_one_frozen(founded: Founded) -> None:
    """Honest corrections while it is a draft are taken along; the digest is of the moment of freezing."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    home = households(bench, founded, 2)[0]
    batch = drafted_batch(bench, founded, paying)
    with founded.act("operator") as act:
        account = recipients.change_account(
            act,
            home.person,
            bank="110",
            number="0444444444",
            holder="Warga Contoh",
            reason="Rekening lama sudah ditutup.",
        )
    submit(founded, batch)
    verify(founded, batch)
    with bench.reading() as session:
        line = session.scalars(select(BatchLine).where(BatchLine.person_id == home.person_id)).one()
        assert line.bank_account_id == account.id
    assert_log_agrees(bench)


def test_an_empty_list_is_not_submitted(founded: Founded) -> None:
    """Everybody set aside: there is nothing to approve."""
    paying = paying_program(founded.bench, founded)
    households(founded.bench, founded, 1)
    determined_run(founded.bench, founded, paying, period=PERIOD)
    batch = drafted_batch(founded.bench, founded, paying, is_determined=True)
    with founded.act("operator") as act:
        service.set_aside_line(act, batch, 1, reason="by_hand")
    with pytest.raises(rules.BatchEmpty):
        submit(founded, batch)
