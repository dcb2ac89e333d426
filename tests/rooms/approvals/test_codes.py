"""A code approves what was shown, once: every way of using one twice, elsewhere, late, or by somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from aid_ledger.approvals import rules, service
from aid_ledger.approvals.models import Challenge
from aid_ledger.core import clock
from aid_ledger.core.clock import FrozenClock
from aid_ledger.disbursement import queries
from aid_ledger.disbursement.models import BatchStep
from aid_ledger.disbursement.rules import BatchStateRefused
from aid_ledger.log.models import LogEntry
from aid_ledger.officials import service as officials
from aid_ledger.officials.models import OtpUse
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded, close_founding, enrol_device
from tests.builders.paying import (
    SESSION,
    answer,
    approve,
    challenge,
    drafted_batch,
    households,
    submit,
    verified_batch,
    verify,
)
from tests.builders.programs import paying_program

ELSEWHERE = b"e" * 32
WIDE_DIGITS = "\uff11\uff12\uff13\uff14\uff15\uff16"
NOON = dt.datetime(2021, 8, 5, 5, 0, tzinfo=dt.UTC)


@pytest.fixture
def still() -> Iterator[FrozenClock]:
    """Stop the clock at noon, so that codes are counted and not raced."""
    with clock.frozen(NOON) as stopped:
        yield stopped


def verified(founded: Founded, count: int = 1) -> list[str]:
    """Bring so many batches to their approval, each of one household."""
    bench = founded.bench
    paying = paying_program(bench, founded)
    if count == 1:
        households(bench, founded, 1)
        return [verified_batch(bench, founded, paying)]
    villages = ["32.16.06.2002", "32.16.06.2003", "32.16.01.2001"][:count]
    made = []
    for village in villages:
        households(bench, founded, 1, village=village)
        made.append(verified_batch(bench, founded, paying, region=village))
    return made


def states(founded: Founded, batches: list[str]) -> list[str]:
    """Read the states of batches."""
    with founded.bench.reading() as session:
        return [queries.batch(session, each).state for each in batches]


def count(founded: Founded, kind: str) -> int:
    """Count the log's entries of a kind."""
    with founded.bench.reading() as session:
        return session.scalar(select(func.count()).select_from(LogEntry).where(LogEntry.kind == kind)) or 0


def refused(founded: Founded, reference: str, **how: object) -> str:
    """Answer a challenge and give the reason of the refusal."""
    outcome = answer(founded, reference, **how)  # type: ignore[arg-type] # `answer` names its own words
    assert not outcome.is_accepted
    return outcome.reason


def test_a_code_is_spent_once(founded: Founded, still: FrozenClock) -> None:
    """P2: the code that approved one batch, typed again for another, is refused and the refusal is kept."""
    one, two = verified(founded, 2)
    first = challenge(founded, [one])
    code = founded.code("approver")
    assert answer(founded, first, code=code).is_accepted
    second = challenge(founded, [two])
    assert refused(founded, second, code=code) == "used_code"
    assert states(founded, [one, two]) == ["approved", "verified"]
    assert count(founded, "OtpRejected") == 1
    assert_log_agrees(founded.bench)


def test_an_answered_challenge_approves_nothing_more(founded: Founded, still: FrozenClock) -> None:
    """Replaying the whole answer, even with a fresh code, finds the challenge accepted."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    assert answer(founded, shown).is_accepted
    still.advance(seconds=30)
    assert refused(founded, shown) == "challenge_accepted"
    assert count(founded, "ApprovalGiven") == 1


def test_a_code_shown_for_one_batch_approves_no_other(founded: Founded, still: FrozenClock) -> None:
    """Bound to content: opening another page ends the first, and its code approves what that page shows."""
    one, two = verified(founded, 2)
    first = challenge(founded, [one])
    second = challenge(founded, [two])
    assert refused(founded, first) == "challenge_replaced"
    assert answer(founded, second).approved == (two,)
    assert states(founded, [one, two]) == ["verified", "approved"]


def test_a_sign_in_code_is_no_approval(founded: Founded, still: FrozenClock) -> None:
    """A code given at the door is spent, even within its half minute."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    code = founded.code("approver")
    person = founded.people["approver"]
    with founded.act("approver") as act:
        officials.sign_in(act, official_id=person.official_id, code=code)
    assert refused(founded, shown, code=code) == "used_code"


def test_an_approval_code_is_no_sign_in(founded: Founded, still: FrozenClock) -> None:
    """The other way round: what approved does not open the door behind it."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    code = founded.code("approver")
    assert answer(founded, shown, code=code).is_accepted
    person = founded.people["approver"]
    with founded.act("approver") as act:
        assert officials.sign_in(act, official_id=person.official_id, code=code).reason == "used_code"


def test_five_wrong_codes_end_the_challenge(founded: Founded, still: FrozenClock) -> None:
    """Guessing has five tries a challenge, and the device waits longer each time; every try is in the log."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    left = []
    for _number in range(5):
        outcome = answer(founded, shown, code="000000")
        assert not outcome.is_accepted
        left.append(outcome.tries_left)
    assert left == [4, 3, 2, 1, 0]
    still.advance(seconds=200)
    assert refused(founded, shown) == "challenge_exhausted"
    assert states(founded, [batch]) == ["verified"]
    assert count(founded, "OtpRejected") == 6
    assert_log_agrees(founded.bench)


def test_the_device_waits_after_failures_and_says_how_long(founded: Founded, still: FrozenClock) -> None:
    """A right code during the wait is refused too, or waiting would cost the guesser nothing."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    waits = [answer(founded, shown, code="000000").wait_s for _number in range(3)]
    assert waits == [0, 0, 30]
    assert refused(founded, shown) == "locked"
    still.advance(seconds=31)
    assert answer(founded, shown).is_accepted
    assert_log_agrees(founded.bench)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "12 34", WIDE_DIGITS, "'; --"])
def test_what_is_no_code_is_refused_like_a_wrong_one(founded: Founded, still: FrozenClock, code: str) -> None:
    """Letters, blanks and digits of other scripts: refused, recorded, no crash."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    with founded.act("approver") as act:
        outcome = service.answer_challenge(act, shown, code, session_hash=SESSION)
    assert (outcome.is_accepted, outcome.reason) == (False, "wrong_code")


def test_an_expired_challenge_takes_no_code(founded: Founded, still: FrozenClock) -> None:
    """Five minutes and a second: the page has to be opened, and read, anew."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    still.advance(minutes=5, seconds=1)
    assert refused(founded, shown) == "challenge_expired"
    with founded.bench.reading() as session:
        assert session.scalars(select(Challenge.state)).one() == "expired"
    assert approve(founded, [batch]).is_accepted
    assert_log_agrees(founded.bench)


def test_a_challenge_belongs_to_one_session_of_one_person(founded: Founded, still: FrozenClock) -> None:
    """THREATS 19: relayed to another browser, or answered by another approver, it looks like none."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    with pytest.raises(rules.ChallengeNotFound):
        answer(founded, shown, session_hash=ELSEWHERE)
    with pytest.raises(rules.ChallengeNotFound):
        answer(founded, shown, by="approver2")
    with pytest.raises(rules.ChallengeNotFound):
        answer(founded, "CHL-2021-999999-X")
    assert answer(founded, shown).is_accepted


def test_another_approvers_code_is_wrong(founded: Founded, still: FrozenClock) -> None:
    """A code lent by a colleague comes from another device."""
    (batch,) = verified(founded)
    assert refused(founded, challenge(founded, [batch]), code=founded.code("approver2")) == "wrong_code"


def test_a_recovery_code_never_approves(founded: Founded, still: FrozenClock) -> None:
    """THREATS 2: who lost the device may sign in, and no more."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    assert refused(founded, shown, code=founded.people["approver"].recovery_codes[0]) == "wrong_code"


def test_one_code_approves_a_bundle_all_or_none(founded: Founded, still: FrozenClock) -> None:
    """Three batches, one of them withdrawn while the page was open: none is approved, and nothing is spent."""
    batches = verified(founded, 3)
    shown = challenge(founded, batches)
    with founded.act("approver2") as act:
        service.reject_batch(act, batches[1], reason="Ada berkas yang belum lengkap.", send_back=False)
    assert refused(founded, shown) == "batch_state"
    assert states(founded, batches) == ["verified", "rejected", "verified"]
    rest = [batches[0], batches[2]]
    still.advance(seconds=30)
    outcome = approve(founded, rest)
    assert sorted(outcome.complete) == sorted(rest)
    with founded.bench.reading() as session:
        steps = session.scalars(select(BatchStep).where(BatchStep.step == "approved")).all()
        assert len({(step.device_id, step.otp_step, step.challenge) for step in steps}) == 1
        uses = session.scalars(select(OtpUse).where(OtpUse.purpose.startswith("approve:"))).all()
        assert len(uses) == 1
    assert_log_agrees(founded.bench)


def test_a_bundle_with_one_batch_that_is_not_ours_opens_no_page(founded: Founded, still: FrozenClock) -> None:
    """Twenty good ones do not carry in one that was never verified."""
    batches = verified(founded, 2)
    paying = paying_program(founded.bench, founded)
    raw = drafted_batch(founded.bench, founded, paying)
    submit(founded, raw)
    with pytest.raises(BatchStateRefused):
        challenge(founded, [*batches, raw])
    with pytest.raises(rules.BundleRefused):
        challenge(founded, [batches[0], batches[0]])
    with pytest.raises(rules.BundleRefused):
        challenge(founded, [])
    verify(founded, raw)
    assert len(approve(founded, [*batches, raw]).approved) == 3


def test_twenty_requests_with_one_code_approve_once(founded: Founded) -> None:
    """STACK 2: one code, twenty requests at once, one approval; the others are refused and kept."""
    (batch,) = verified(founded)
    shown = challenge(founded, [batch])
    code = founded.code("approver")

    def press(_number: int) -> bool:
        outcome = founded.bench.acts.run(
            founded.actor("approver"), service.answer_challenge, shown, code, session_hash=SESSION
        )
        return outcome.is_accepted

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(press, range(20))) == 1
    assert (count(founded, "ApprovalGiven"), count(founded, "OtpRejected")) == (1, 19)
    assert_log_agrees(founded.bench)


def test_a_new_device_waits_before_it_approves(founded: Founded, still: FrozenClock) -> None:
    """THREATS 2: a factor enrolled an hour ago by whoever took the account signs in, and approves nothing yet."""
    (batch,) = verified(founded)
    close_founding(founded)
    with founded.act("admin") as act:
        reset = officials.request_reset(act, login="approver", factor="device", decree="800/Kep.9-BKPSDM/2021")
    with founded.act("admin2") as act:
        officials.decide_reset(act, reset.reference, grant=True)
    owner = founded.people["approver"]
    founded.people["approver"] = enrol_device(founded.bench.acts, owner.login, owner.office, owner.official_id)
    still.advance(seconds=30)
    with pytest.raises(rules.DeviceNotUsable):
        challenge(founded, [batch])
    still.advance(hours=72)
    assert approve(founded, [batch]).is_accepted
    assert_log_agrees(founded.bench)
