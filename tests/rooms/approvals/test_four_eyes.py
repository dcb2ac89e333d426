"""Nobody moves aid alone: every way in which one person, or one person behind another, might hold two steps."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from aid_ledger.approvals import rules, service
from aid_ledger.core import clock
from aid_ledger.disbursement import queries
from aid_ledger.disbursement import service as disbursement
from aid_ledger.disbursement.models import BatchStep
from aid_ledger.disbursement.rules import BatchNotFound, BatchStateRefused
from aid_ledger.officials.powers import NoOffice, RoleMissing
from aid_ledger.officials.refusals import ResetEntangled
from aid_ledger.officials.service import decide_reset, request_reset, revoke_role
from aid_ledger.programs import service as programs
from aid_ledger.recipients import service as recipients
from tests.builders.documents import paper
from tests.builders.log import assert_log_agrees, differences
from tests.builders.officials import Founded
from tests.builders.paying import (
    Home,
    answer,
    approve,
    challenge,
    drafted_batch,
    households,
    submit,
    submitted_batch,
    verified_batch,
    verify,
)
from tests.builders.powers import also, another, revoked, stands_in
from tests.builders.programs import RATE, Paying, paying_program

REASON = "Daftar perlu diperbaiki lebih dahulu."
TODAY = dt.timedelta(0)
WEEK = dt.timedelta(days=7)


def ready(founded: Founded, count: int = 2) -> tuple[Paying, list[Home]]:
    """Give a programme that can pay and households for it."""
    paying = paying_program(founded.bench, founded)
    return paying, households(founded.bench, founded, count)


def state_of(founded: Founded, batch: str) -> str:
    """Read a batch's state."""
    with founded.bench.reading() as session:
        return queries.batch(session, batch).state


def test_the_maker_cannot_verify_or_approve_their_own_batch(founded: Founded) -> None:
    """P2: with every role in one hand, the hand that made the list still takes no other step of it."""
    paying, _homes = ready(founded)
    batch = submitted_batch(founded.bench, founded, paying)
    also(founded, "operator", "verifier")
    also(founded, "operator", "approver")
    with pytest.raises(rules.SelfApproval):
        verify(founded, batch, by="operator")
    verify(founded, batch)
    with pytest.raises(rules.SelfApproval):
        challenge(founded, [batch], by="operator")
    with pytest.raises(rules.SelfApproval), founded.act("operator") as act:
        service.reject_batch(act, batch, reason=REASON, send_back=True)
    assert state_of(founded, batch) == "verified"


def test_drafting_and_submitting_are_both_making(founded: Founded) -> None:
    """Two operators share the work: neither of them judges it."""
    paying, _homes = ready(founded)
    another(founded, "operator2", "operator")
    for login in ("operator", "operator2"):
        also(founded, login, "verifier")
    batch = drafted_batch(founded.bench, founded, paying)
    submit(founded, batch, by="operator2")
    for login in ("operator", "operator2"):
        with pytest.raises(rules.SelfApproval):
            verify(founded, batch, by=login)


def test_the_verifier_cannot_approve(founded: Founded) -> None:
    """P2: verified and approved are two people."""
    paying, _homes = ready(founded)
    also(founded, "verifier", "approver")
    batch = verified_batch(founded.bench, founded, paying)
    with pytest.raises(rules.SelfApproval):
        challenge(founded, [batch], by="verifier")


def test_one_approver_does_not_count_twice(founded: Founded) -> None:
    """Above the limit two approvers are needed; one with two codes is one."""
    paying = paying_program(founded.bench, founded, limits=((0, 1), (2 * RATE, 2)))
    households(founded.bench, founded, 2)
    batch = verified_batch(founded.bench, founded, paying)
    first = approve(founded, [batch])
    assert (first.approved, first.complete) == ((batch,), ())
    assert state_of(founded, batch) == "verified"
    with pytest.raises(rules.SelfApproval):
        challenge(founded, [batch])
    second = approve(founded, [batch], by="approver2")
    assert second.complete == (batch,)
    assert state_of(founded, batch) == "approved"
    assert_log_agrees(founded.bench)


def test_below_the_limit_one_approver_is_enough(founded: Founded) -> None:
    """The limit is a total, to the rupiah."""
    paying = paying_program(founded.bench, founded, limits=((0, 1), (2 * RATE + 1, 2)))
    households(founded.bench, founded, 2)
    batch = verified_batch(founded.bench, founded, paying)
    assert approve(founded, [batch]).complete == (batch,)
    with pytest.raises(BatchStateRefused):
        challenge(founded, [batch], by="approver2")


@pytest.mark.parametrize("step", ["verify", "approve"])
def test_who_stands_in_for_the_maker_inherits_the_bar(founded: Founded, step: str) -> None:
    """THREATS 3: a Plh of the maker's office is the maker, where the maker's list is judged."""
    paying, _homes = ready(founded)
    batch = submitted_batch(founded.bench, founded, paying)
    today = clock.today()
    login = "verifier" if step == "verify" else "approver"
    if step == "approve":
        verify(founded, batch)
    stands_in(founded, login, of="operator", since=today, until=today + WEEK)
    with pytest.raises(rules.SelfApproval):
        verify(founded, batch, by=login) if step == "verify" else challenge(founded, [batch], by=login)


def test_the_bar_stays_when_standing_in_has_just_ended(founded: Founded) -> None:
    """A term ended yesterday so that today's hand looks clean."""
    paying, _homes = ready(founded)
    batch = submitted_batch(founded.bench, founded, paying)
    today = clock.today()
    stands_in(founded, "verifier", of="operator", since=today - WEEK, until=today - dt.timedelta(days=1))
    with pytest.raises(rules.SelfApproval):
        verify(founded, batch)


def test_who_set_the_rate_does_not_verify(founded: Founded) -> None:
    """THREATS 3: whoever said how much, whoever said up to how much."""
    paying, _homes = ready(founded)
    also(founded, "verifier", "operator")
    batch = submitted_batch(founded.bench, founded, paying)
    with founded.act("verifier") as act:
        document = paper(act, "sk").reference
        programs.set_ceiling(act, program=paying.program, source=paying.source, amount=10**9, document=document)
    with pytest.raises(rules.ShapedTheBatch):
        verify(founded, batch)


def test_who_imported_the_list_does_not_verify_it(founded: Founded) -> None:
    """A verifier who brought the people would find them all in order."""
    paying = paying_program(founded.bench, founded)
    also(founded, "verifier", "operator")
    households(founded.bench, founded, 1, by="verifier")
    batch = submitted_batch(founded.bench, founded, paying)
    with pytest.raises(rules.ShapedTheBatch):
        verify(founded, batch)


@pytest.mark.parametrize("what", ["account", "person", "entitlements"])
def test_who_touched_a_payee_does_not_approve(founded: Founded, what: str) -> None:
    """One account changed by the approver's own hand before the list was made is one too many."""
    bench = founded.bench
    also(founded, "approver", "operator")
    paying, homes = ready(founded)
    with founded.act("approver") as act:
        if what == "account":
            recipients.change_account(
                act,
                homes[0].person,
                bank="110",
                number="0333333333",
                holder="Warga Contoh",
                reason="Rekening lama ditutup.",
            )
        elif what == "person":
            recipients.correct_person(
                act, homes[0].person, reason="Ejaan nama diperbaiki.", values={"nama": "Warga Baru Contoh"}
            )
    maker = "approver" if what == "entitlements" else "operator"
    if what == "entitlements":
        another(founded, "operator2", "operator")
        drafted_batch(bench, founded, paying, by=maker)
        with founded.act(maker) as act:
            reference = queries.batches(act.session)[0].reference
        submit(founded, reference, by="operator2")
    else:
        reference = submitted_batch(bench, founded, paying)
    verify(founded, reference)
    refusal = rules.SelfApproval if what == "entitlements" else rules.ShapedTheBatch
    with pytest.raises(refusal):
        challenge(founded, [reference])


def test_a_ring_of_two_lists_is_broken_by_shared_work(founded: Founded) -> None:
    """THREATS 3, rings: A makes list one and verifies two, B the reverse; both shaped what both lists pay."""
    bench = founded.bench
    also(founded, "verifier", "operator")
    also(founded, "operator", "verifier")
    paying = paying_program(bench, founded)
    households(bench, founded, 1)
    households(bench, founded, 1, by="verifier", village="32.16.06.2003")
    one = submitted_batch(bench, founded, paying, region="32.16.06.2002")
    two = drafted_batch(bench, founded, paying, region="32.16.06.2003", by="verifier")
    submit(founded, two, by="verifier")
    with pytest.raises(rules.ShapedTheBatch):
        verify(founded, two, by="operator")
    verify(founded, one)
    assert_log_agrees(bench)


@pytest.mark.parametrize("login", ["approver", "treasurer", "auditor", "admin", "field"])
def test_only_a_verifier_verifies(founded: Founded, login: str) -> None:
    """A role is asked inside the deed, whatever door was open."""
    paying, _homes = ready(founded)
    batch = submitted_batch(founded.bench, founded, paying)
    with pytest.raises(RoleMissing):
        verify(founded, batch, by=login)


def test_a_verifier_of_another_kecamatan_verifies_nothing_here(founded: Founded) -> None:
    """THREATS 19: the area of the role is the area of its power."""
    paying, _homes = ready(founded)
    batch = submitted_batch(founded.bench, founded, paying)
    another(founded, "verifier2", "verifier", area="32.16.01")
    with pytest.raises(RoleMissing):
        verify(founded, batch, by="verifier2")


def test_steps_are_not_skipped(founded: Founded) -> None:
    """Approved before verified, verified before submitted: the order is the point."""
    paying, _homes = ready(founded)
    batch = drafted_batch(founded.bench, founded, paying)
    with pytest.raises(BatchStateRefused):
        verify(founded, batch)
    submit(founded, batch)
    with pytest.raises(BatchStateRefused):
        challenge(founded, [batch])
    with pytest.raises(BatchNotFound):
        verify(founded, "BTC-2021-999999-X")


def test_a_rejected_batch_frees_its_money_and_its_people(founded: Founded) -> None:
    """P1: refused for good: nothing stays reserved, and the same people may be listed again."""
    bench = founded.bench
    paying = paying_program(bench, founded, amount=2 * RATE)
    households(bench, founded, 2)
    batch = submitted_batch(bench, founded, paying)
    with pytest.raises(RoleMissing), founded.act("approver") as act:
        service.reject_batch(act, batch, reason=REASON, send_back=False)
    with founded.act("verifier") as act:
        service.reject_batch(act, batch, reason=REASON, send_back=False)
    assert state_of(founded, batch) == "rejected"
    for step in (verify, submit):
        with pytest.raises(BatchStateRefused):
            step(founded, batch)
    again = drafted_batch(bench, founded, paying, is_determined=True)
    submit(founded, again)
    verify(founded, again)
    with founded.act("approver") as act:
        service.reject_batch(act, again, reason=REASON, send_back=False)
    assert_log_agrees(bench)


def test_what_was_sent_back_needs_every_step_anew(founded: Founded) -> None:
    """P2: one of two approvals was given, then the batch went back: the approval does not come back with it."""
    bench = founded.bench
    paying = paying_program(bench, founded, limits=((0, 2),))
    households(bench, founded, 2)
    batch = verified_batch(bench, founded, paying)
    assert approve(founded, [batch]).is_accepted
    with founded.act("approver2") as act:
        service.reject_batch(act, batch, reason=REASON, send_back=True)
    submit(founded, batch)
    with pytest.raises(BatchStateRefused):
        challenge(founded, [batch], by="approver2")
    verify(founded, batch)
    assert approve(founded, [batch], by="approver2").complete == ()
    with clock.frozen(clock.now() + dt.timedelta(minutes=2)):
        assert approve(founded, [batch]).complete == (batch,)
        assert_log_agrees(bench)


def test_an_old_challenge_does_not_approve_a_new_submission(founded: Founded) -> None:
    """The page was open while the batch went back and came again: the code finds another digest."""
    paying, _homes = ready(founded)
    batch = verified_batch(founded.bench, founded, paying)
    shown = challenge(founded, [batch])
    also(founded, "approver2", "verifier")
    with founded.act("approver2") as act:
        service.reject_batch(act, batch, reason=REASON, send_back=True)
    submit(founded, batch)
    verify(founded, batch)
    outcome = answer(founded, shown)
    assert (outcome.is_accepted, outcome.reason) == (False, "batch_changed")
    assert state_of(founded, batch) == "verified"


def test_a_role_revoked_between_challenge_and_answer_approves_nothing(founded: Founded) -> None:
    """THREATS 3: the power is asked when the code is given, and the refusal is kept as a fact."""
    paying, _homes = ready(founded)
    grant = also(founded, "treasurer", "approver")
    batch = verified_batch(founded.bench, founded, paying)
    shown = challenge(founded, [batch], by="treasurer")
    revoked(founded, grant)
    outcome = answer(founded, shown, by="treasurer")
    assert (outcome.is_accepted, outcome.reason) == (False, "power_gone")
    assert state_of(founded, batch) == "verified"
    assert_log_agrees(founded.bench)


def test_an_approver_who_begins_to_stand_in_for_the_maker_approves_nothing(founded: Founded) -> None:
    """Appointed Plh between the page and the code."""
    paying, _homes = ready(founded)
    batch = verified_batch(founded.bench, founded, paying)
    shown = challenge(founded, [batch])
    today = clock.today()
    stands_in(founded, "approver", of="operator", since=today, until=today + WEEK)
    assert answer(founded, shown).reason == "not_separate"


def test_without_an_office_nobody_stands_for_a_batch(founded: Founded) -> None:
    """The log names person and office; a verifier of the day before the term began is neither."""
    paying, _homes = ready(founded)
    batch = submitted_batch(founded.bench, founded, paying)
    with (
        pytest.raises((NoOffice, RoleMissing)),
        founded.bench.acts.open(founded.actor("verifier"), on=dt.date(2021, 1, 3)) as act,
    ):
        service.verify_batch(act, batch)


def test_a_revocation_races_approvals_and_the_log_still_agrees(founded: Founded) -> None:
    """THREATS 3: whichever comes first, the log never shows an approval after the end of its power."""
    bench = founded.bench
    paying, _homes = ready(founded)
    grant = also(founded, "treasurer", "verifier")
    batch = submitted_batch(bench, founded, paying)

    def race(number: int) -> str:
        try:
            if number == 3:
                bench.acts.run(founded.actor("admin"), revoke_role, grant, reason="Dicabut dengan keputusan baru.")
                return "revoked"
            bench.acts.run(founded.actor("treasurer"), service.verify_batch, batch)
        except (RoleMissing, BatchStateRefused) as refusal:
            return refusal.code
        return "verified"

    with ThreadPoolExecutor(8) as crowd:
        results = list(crowd.map(race, range(12)))
    assert results.count("revoked") == 1
    assert results.count("verified") <= 1
    assert differences(bench) == []


def test_who_has_a_hand_in_a_waiting_batch_opens_no_new_factor(founded: Founded) -> None:
    """THREATS 2: yesterday's verifier, today an admin, would hand the approver of their own batch another device."""
    paying, _homes = ready(founded)
    batch = submitted_batch(founded.bench, founded, paying)
    grant = another(founded, "pindah", "verifier")
    verify(founded, batch, by="pindah")
    revoked(founded, grant)
    also(founded, "pindah", "admin")
    with founded.act("admin") as act:
        reset = request_reset(act, login="approver", factor="device", decree="800/Kep.9-BKPSDM/2021").reference
    with pytest.raises(ResetEntangled), founded.act("pindah") as act:
        decide_reset(act, reset, grant=True)
    approve(founded, [batch])
    with founded.act("operator") as act:
        disbursement.cancel_batch(act, batch, reason=REASON)
    with founded.act("pindah") as act:
        decide_reset(act, reset, grant=True)
    assert_log_agrees(founded.bench)


def test_the_database_itself_refuses_a_second_stand(founded: Founded) -> None:
    """The second person rule as a constraint: a forged step of the same person under the same digest is refused."""
    paying, _homes = ready(founded)
    batch = verified_batch(founded.bench, founded, paying)
    with founded.bench.reading() as session:
        step = session.scalars(select(BatchStep).where(BatchStep.step == "verified")).one()
        columns = ", ".join(column.name for column in BatchStep.__table__.columns if column.name != "id")
    chosen = columns.replace(" step,", " 'approved' AS step,")
    statement = f"INSERT INTO batch_steps ({columns}) SELECT {chosen} FROM batch_steps WHERE id = {step.id}"
    with founded.bench.engine.connect() as connection, pytest.raises(IntegrityError):
        connection.exec_driver_sql(statement)
    assert state_of(founded, batch) == "verified"
