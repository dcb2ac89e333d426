"""A code is spent once, by its device, for one purpose; a new factor waits; a recovery code never approves."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.clock import FrozenClock
from aid_ledger.officials import refusals, service
from aid_ledger.officials.models import OtpUse
from aid_ledger.officials.service import CodeOutcome
from audit.facts.paying import ApprovalGiven, OtpRejected
from tests.builders.officials import SINCE, Founded, Person, accept, close_founding

FULLWIDTH = "\uff11\uff12\uff13\uff14\uff15\uff16"
NOON = dt.datetime(2021, 8, 5, 5, 0, tzinfo=dt.UTC)


@pytest.fixture
def noon() -> Iterator[FrozenClock]:
    """Stop the clock at noon in Bekasi."""
    with clock.frozen(NOON) as still:
        yield still


def approve(founded: Founded, person: Person, code: str) -> CodeOutcome:
    """Spend a code on an approval, recorded the way the approvals room does."""
    with founded.bench.acts.open(person.actor()) as act:
        outcome = service.spend_code(act, official_id=person.official_id, code=code, purpose="approve:CHL-1")
        device = outcome.device.reference if outcome.device else "none"
        if not outcome.accepted:
            act.record(OtpRejected(challenge="CHL-1", device=device, reason=outcome.reason, tries=1))
            return outcome
        act.record(
            ApprovalGiven(
                batch="BTC-1",
                digest="A" * 43,
                lines=1,
                commodity="IDR",
                total=1,
                challenge="CHL-1",
                device=device,
                step=outcome.step,
                complete=True,
            )
        )
        return outcome


def sign_in(founded: Founded, person: Person, code: str) -> service.SignInOutcome:
    """Prove the second factor."""
    return founded.bench.acts.run(person.actor(), service.sign_in, official_id=person.official_id, code=code)


def uses(founded: Founded, person: Person) -> list[str]:
    """List what an official's codes were spent on."""
    with founded.bench.reading() as session:
        return list(session.scalars(select(OtpUse.purpose).where(OtpUse.spent_at >= NOON).order_by(OtpUse.step)))


def newcomer(founded: Founded, login: str = "kpa.baru") -> Person:
    """Enrol an approver after the founding, with the two officials it takes."""
    with founded.act("admin") as act:
        service.enrol_official(act, login=login, name="Kpa Baru", agency_unit="Dinas Sosial")
        link = service.open_enrolment(act, login=login)
        role = service.request_role(act, login=login, role="approver", since=SINCE, until=None, decree="SK.9")
    with founded.act("admin2") as act:
        service.decide_role(act, role.reference, grant=True)
    return accept(founded.bench.acts, login, "", link)


def test_a_code_is_accepted_once(founded: Founded, noon: FrozenClock) -> None:
    """Law P2, RFC 6238 section 5.2: the second use of a code is refused, also within its half minute."""
    approver = founded.people["approver"]
    code = approver.code()
    assert approve(founded, approver, code).accepted
    again = approve(founded, approver, code)
    assert (again.accepted, again.reason) == (False, "used_code")
    assert len(uses(founded, approver)) == 1


def test_a_code_of_signing_in_approves_nothing(founded: Founded, noon: FrozenClock) -> None:
    """THREATS 19: a live code relayed at the sign-in is worthless at the approval."""
    approver = founded.people["approver"]
    code = approver.code()
    assert sign_in(founded, approver, code).accepted
    assert approve(founded, approver, code).reason == "used_code"
    assert uses(founded, approver) == ["sign_in"]


def test_an_older_code_is_refused_after_a_newer_one(founded: Founded, noon: FrozenClock) -> None:
    """Cheat: A, B, A. Comparing with the last code only would take it; the step only rises."""
    approver = founded.people["approver"]
    older, newer = approver.code(), approver.code()
    assert approve(founded, approver, newer).accepted
    assert approve(founded, approver, older).reason == "used_code"


def test_a_code_of_another_device_is_wrong(founded: Founded, noon: FrozenClock) -> None:
    """Cheat: the colleague's telephone."""
    approver = founded.people["approver"]
    assert approve(founded, approver, founded.code("approver2")).reason == "wrong_code"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", FULLWIDTH, "000000000000", "123 45"])
def test_what_is_no_code_is_wrong(founded: Founded, noon: FrozenClock, typed: str) -> None:
    """Law: anything but the six digits of this half minute counts as a failure."""
    assert approve(founded, founded.people["approver"], typed).reason == "wrong_code"


def test_a_code_runs_out(founded: Founded, noon: FrozenClock) -> None:
    """Cheat: a code photographed two minutes ago."""
    approver = founded.people["approver"]
    code = approver.code()
    noon.advance(minutes=2)
    assert approve(founded, approver, code).reason == "wrong_code"


def test_one_code_in_eight_hands_at_once_approves_once(founded: Founded, noon: FrozenClock) -> None:
    """Cheat: eight windows, one code, one click each; the device's row lets one through."""
    approver = founded.people["approver"]
    code = approver.code()
    outcomes: list[CodeOutcome] = []
    ready = threading.Barrier(8)

    def click() -> None:
        ready.wait()
        outcomes.append(approve(founded, approver, code))

    hands = [threading.Thread(target=click) for _ in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(outcome.accepted for outcome in outcomes) == [False] * 7 + [True]
    assert len(uses(founded, approver)) == 1


def test_failures_slow_a_device_down_and_a_right_code_waits_too(founded: Founded, noon: FrozenClock) -> None:
    """THREATS 19: a growing delay; during it even the right code is refused, and the refusal spends nothing."""
    approver = founded.people["approver"]
    waits = [approve(founded, approver, "abcdef").wait_s for _ in range(3)]
    assert waits == [0, 0, 30]
    locked = approve(founded, approver, approver.code())
    assert (locked.reason, locked.wait_s > 0) == ("locked", True)
    noon.advance(seconds=31)
    assert approve(founded, approver, "abcdef").wait_s == 60
    noon.advance(seconds=61)
    assert approve(founded, approver, approver.code()).accepted
    assert approve(founded, approver, "abcdef").wait_s == 0


def test_a_second_official_lifts_a_delay_and_not_its_owner(founded: Founded, noon: FrozenClock) -> None:
    """Law: lifting is a deed of an ADMIN over another's device."""
    approver = founded.people["approver"]
    for _ in range(4):
        approve(founded, approver, "abcdef")
        noon.advance(seconds=31)
    with pytest.raises(refusals.SelfAdministration), founded.act("admin") as act:
        service.unlock_device(act, login="admin")
    with pytest.raises(refusals.AdminNeeded), founded.act("approver") as act:
        service.unlock_device(act, login="approver")
    with founded.act("admin") as act:
        service.unlock_device(act, login="approver")
    assert approve(founded, approver, approver.code()).accepted


def test_a_new_factor_signs_in_and_approves_only_after_its_wait(founded: Founded, noon: FrozenClock) -> None:
    """THREATS 2: 72 hours for the owner to notice; the refusal is no failure and is recorded."""
    close_founding(founded)
    approver = newcomer(founded)
    noon.advance(seconds=60)
    assert approve(founded, approver, approver.code()).reason == "too_new"
    assert sign_in(founded, approver, approver.code()).accepted
    noon.advance(hours=71)
    assert approve(founded, approver, approver.code()).reason == "too_new"
    noon.advance(hours=1)
    assert approve(founded, approver, approver.code()).accepted


def test_the_wait_is_a_setting(founded: Founded, noon: FrozenClock) -> None:
    """The control: an agency may choose another wait."""
    close_founding(founded)
    with service.waiting_for(dt.timedelta(hours=1)):
        approver = newcomer(founded)
    noon.advance(minutes=61)
    assert approve(founded, approver, approver.code()).accepted


def test_a_new_factor_approves_at_once_while_the_founding_is_open(founded: Founded, noon: FrozenClock) -> None:
    """Law: the first officials could wait for nobody."""
    assert approve(founded, founded.people["approver"], founded.code("approver")).accepted


def test_a_recovery_code_signs_in_once_and_never_approves(founded: Founded, noon: FrozenClock) -> None:
    """THREATS 2: recovery codes sign in; to the approval they are not even codes."""
    approver = founded.people["approver"]
    recovery = approver.recovery_codes[0]
    assert approve(founded, approver, recovery).reason == "wrong_code"
    first = sign_in(founded, approver, recovery.lower().replace("-", " "))
    assert (first.accepted, first.factor) == (True, "recovery")
    assert not sign_in(founded, approver, recovery).accepted
    assert approve(founded, approver, recovery).reason == "wrong_code"


def test_a_recovery_code_of_somebody_else_is_worthless(founded: Founded, noon: FrozenClock) -> None:
    """Cheat: the colleague's envelope."""
    stranger = founded.people["operator"].recovery_codes[0]
    assert not sign_in(founded, founded.people["approver"], stranger).accepted


def test_an_offered_secret_is_worthless_to_others(founded: Founded, noon: FrozenClock) -> None:
    """THREATS 2: only its owner sees a secret; what the page carries opens for its owner alone, and not for long."""
    keys = founded.bench.kit.keys
    mine = service.begin_device(keys, official_id=1, login="sekda", at=clock.now())
    assert mine.secret not in mine.sealed
    assert bytes.fromhex(mine.sealed).find(mine.secret.encode()) == -1
    other = service.begin_device(keys, official_id=2, login="kadinsos", at=clock.now(), sealed=mine.sealed)
    assert other.secret != mine.secret
    noon.advance(minutes=16)
    late = service.begin_device(keys, official_id=1, login="sekda", at=clock.now(), sealed=mine.sealed)
    assert late.secret != mine.secret


def test_a_second_device_beside_the_first_is_refused(founded: Founded, noon: FrozenClock) -> None:
    """Cheat: a borrowed session enrols the thief's telephone as well."""
    approver = founded.people["approver"]
    offer = service.begin_device(
        founded.bench.kit.keys, official_id=approver.official_id, login="approver", at=clock.now()
    )
    with pytest.raises(refusals.DeviceExists), founded.act("approver") as act:
        service.confirm_device(act, official_id=approver.official_id, sealed=offer.sealed, code="000000")
