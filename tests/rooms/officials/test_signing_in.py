"""The first step of signing in: failures slow down one place, are counted without names, and lock nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.core.act import SYSTEM
from aid_ledger.core.clock import FrozenClock
from aid_ledger.log.models import LogEntry
from aid_ledger.officials import chores, passwords, refusals, service
from aid_ledger.officials.models import SignInAttempt, SignInSession
from aid_ledger.officials.service import PasswordOutcome
from tests.builders.officials import PASSWORD, Founded

NOON = dt.datetime(2021, 8, 5, 5, 0, tzinfo=dt.UTC)
HOME, ELSEWHERE = "10.0.0.1", "203.0.113.9"


@pytest.fixture(autouse=True)
def noon() -> Iterator[FrozenClock]:
    """Stop the clock at noon in Bekasi."""
    with clock.frozen(NOON) as still:
        yield still


def knock(founded: Founded, login: str, password: str, place: str = HOME) -> PasswordOutcome:
    """Try a password."""
    return service.check_password(
        founded.bench.engine, founded.bench.kit.keys, login=login, password=password, place=place
    )


def sign_in(founded: Founded, login: str, code: str) -> service.SignInOutcome:
    """Try a code after a right password."""
    person = founded.people[login]
    return founded.bench.acts.run(person.actor(), service.sign_in, official_id=person.official_id, code=code)


def entries(founded: Founded, kind: str) -> list[bytes]:
    """List the entries of a kind."""
    with founded.bench.reading() as session:
        return list(session.scalars(select(LogEntry.raw).where(LogEntry.kind == kind).order_by(LogEntry.id)))


def test_unknown_names_and_wrong_passwords_look_alike(founded: Founded) -> None:
    """THREATS 16: nothing to enumerate."""
    assert knock(founded, "operator", "salah sama sekali") == knock(founded, "tidak.ada", "salah sama sekali")
    assert knock(founded, "operator", "") == knock(founded, "", "")


def test_the_right_password_finds_its_owner(founded: Founded) -> None:
    """The control; a login is read in any case."""
    found = knock(founded, "OPERATOR", PASSWORD)
    assert found.official is not None
    assert found.official.login == "operator"
    assert not found.needs_device


def test_a_suspended_official_is_nobody(founded: Founded) -> None:
    """Law: suspension ends the power to sign in, at both steps."""
    with founded.act("admin") as act:
        service.suspend_official(act, login="operator", reason="Diperiksa")
    assert knock(founded, "operator", PASSWORD).official is None
    with pytest.raises(refusals.OfficialNotActive):
        sign_in(founded, "operator", founded.code("operator"))


def test_guessing_slows_down_and_a_right_guess_waits_too(founded: Founded, noon: FrozenClock) -> None:
    """THREATS 19: a growing delay for this name from this place."""
    waits = [knock(founded, "operator", f"salah {number}").wait_s for number in range(3)]
    assert waits == [0, 0, 2]
    blocked = knock(founded, "operator", PASSWORD)
    assert (blocked.official, blocked.wait_s > 0) == (None, True)
    noon.advance(seconds=3)
    assert knock(founded, "operator", PASSWORD).official is not None


def test_a_stranger_locks_nobody_out(founded: Founded) -> None:
    """Cheat: an outsider locks the approvers on the day of payment; their own desk is another place."""
    for number in range(20):
        knock(founded, "approver", f"salah {number}", ELSEWHERE)
    assert knock(founded, "approver", PASSWORD, HOME).official is not None
    assert sign_in(founded, "approver", founded.code("approver")).accepted


def test_a_flood_of_bad_sign_ins_makes_one_entry_an_hour_without_a_name(founded: Founded, noon: FrozenClock) -> None:
    """THREATS 15: anonymous failures become hourly counts; what an attacker typed is nowhere in the log."""
    for number in range(300):
        knock(founded, f"nik.3216{number}", "salah sama sekali", f"203.0.113.{number % 250}")
    hour = NOON
    with pytest.raises(RuntimeError), founded.bench.acts.open(SYSTEM) as act:
        service.count_failures(act, hour)
    noon.advance(hours=1)
    with founded.bench.reading() as session:
        assert service.hours_to_count(session, clock.now()) == [hour]
    counts = [founded.bench.acts.run(SYSTEM, service.count_failures, hour) for _ in range(2)]
    assert counts == [300, 0]
    (entry,) = entries(founded, "SignInFailures")
    assert b'"count":300' in entry
    assert b"nik" not in entry
    with founded.bench.reading() as session:
        assert session.scalars(select(SignInAttempt)).all() == []


def test_workers_count_by_themselves_and_once(founded: Founded, noon: FrozenClock) -> None:
    """Two workers on two machines look at the same hour: one entry, and sessions that ran out are gone."""
    knock(founded, "approver", "salah sama sekali")
    noon.advance(hours=2)
    bench = founded.bench
    with ThreadPoolExecutor(2) as workers:
        answers = [workers.submit(chores.count_failed_sign_ins, bench.acts) for _ in range(2)]
    assert sorted(len(answer.result()) for answer in answers) == [0, 1]
    assert len(entries(founded, "SignInFailures")) == 1
    assert sign_in(founded, "approver", founded.code("approver")).accepted
    noon.advance(days=2)
    chores.forget_old_sessions(bench.engine)
    with bench.reading() as session:
        assert session.scalars(select(SignInSession)).all() == []


def test_counting_frees_no_attacker(founded: Founded, noon: FrozenClock) -> None:
    """Cheat: wait for the hour to turn, and begin again without a delay."""
    noon.advance(minutes=59)
    for number in range(12):
        knock(founded, "operator", f"salah {number}")
        noon.advance(seconds=knock(founded, "operator", PASSWORD).wait_s)
    knock(founded, "operator", "salah lagi")
    noon.move_to(max(clock.now(), NOON + dt.timedelta(hours=1)))
    with founded.bench.reading() as session:
        hours = service.hours_to_count(session, clock.now())
    for hour in hours:
        founded.bench.acts.run(SYSTEM, service.count_failures, hour)
    assert knock(founded, "operator", PASSWORD).wait_s > 0


def test_a_wrong_code_is_recorded_under_its_name(founded: Founded) -> None:
    """Law: after a right password a failure is about somebody, who should know."""
    assert not sign_in(founded, "operator", "000000").accepted
    (entry,) = entries(founded, "SignInRefused")
    assert b'"official":"operator"' in entry
    assert b'"reason":"wrong_code"' in entry


def test_knocking_at_a_delayed_device_fills_no_log(founded: Founded) -> None:
    """Cheat: with a stolen password, flood the log; during the delay nothing is recorded."""
    for _ in range(3):
        sign_in(founded, "operator", "000000")
    for _ in range(5):
        with pytest.raises(refusals.SignInDelayed):
            sign_in(founded, "operator", founded.people["operator"].secret)
    assert len(entries(founded, "SignInRefused")) == 3


def test_only_the_hash_of_a_session_is_kept(founded: Founded) -> None:
    """Cheat: a copy of the database opens nobody's browser."""
    outcome = sign_in(founded, "operator", founded.code("operator"))
    with founded.bench.reading() as session:
        kept = session.scalars(select(SignInSession.token_hash).where(SignInSession.opened_at == NOON)).all()
    assert kept == [passwords.session_hash(outcome.token)]
    assert outcome.token.encode() not in kept[0]


def test_passwords_are_argon2id_at_rest() -> None:
    """Law: the issue's own word; the default cost is RFC 9106's second recommendation."""
    with passwords.costing(passwords.Cost()):
        hashed = passwords.hash_password("tiga ekor kambing hijau")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.is_password(hashed, "tiga ekor kambing hijau")
    assert not passwords.is_password(hashed, "tiga ekor kambing hijau ")
    assert not passwords.is_password("", "")
