"""Lost telephones and forgotten passwords: two officials open the way, and neither of them can walk it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from aid_ledger.core import clock
from aid_ledger.core.clock import FrozenClock
from aid_ledger.officials import queries, refusals, rules, service
from aid_ledger.officials.service import resets
from tests.builders.officials import PASSWORD, SINCE, Founded, close_founding, enrol_device
from tests.rooms.officials.test_codes import approve, sign_in

NOON = dt.datetime(2021, 8, 5, 5, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def noon() -> Iterator[FrozenClock]:
    """Stop the clock at noon in Bekasi."""
    with clock.frozen(NOON) as still:
        yield still


@pytest.fixture
def closed(founded: Founded) -> Founded:
    """Give an agency whose founding is over."""
    close_founding(founded)
    return founded


def ask(founded: Founded, by: str, login: str = "approver", factor: str = "device") -> str:
    """Ask for a reset; gives the reference."""
    with founded.act(by) as act:
        return service.request_reset(act, login=login, factor=factor, decree="094/12/2021").reference


def decide(founded: Founded, by: str, reference: str) -> str:
    """Grant a reset."""
    with founded.act(by) as act:
        return service.decide_reset(act, reference, grant=True)


def test_reset_then_approve_takes_two_officials_the_owner_and_72_hours(closed: Founded, noon: FrozenClock) -> None:
    """THREATS 2: the whole way of a takeover, and where each step stops."""
    approver = closed.people["approver"]
    reference = ask(closed, "admin")
    old_code = approver.code()
    decide(closed, "admin2", reference)
    assert approve(closed, approver, old_code).reason == "no_device"
    assert not sign_in(closed, approver, approver.recovery_codes[0]).accepted
    fresh = enrol_device(closed.bench.acts, "approver", approver.office, approver.official_id)
    noon.advance(minutes=1)
    assert approve(closed, fresh, fresh.code()).reason == "too_new"
    noon.advance(hours=72)
    assert approve(closed, fresh, fresh.code()).accepted


def test_one_admin_cannot_reset_anything_alone(closed: Founded) -> None:
    """THREATS 2: a second official."""
    reference = ask(closed, "admin")
    with pytest.raises(refusals.SecondOfficialNeeded):
        decide(closed, "admin", reference)
    assert approve(closed, closed.people["approver"], closed.code("approver")).accepted


def test_the_owner_may_ask_and_does_not_decide(closed: Founded) -> None:
    """Cheat: an ADMIN resets their own telephone."""
    reference = ask(closed, "admin2", login="admin2")
    with pytest.raises(refusals.SelfGrant):
        decide(closed, "admin2", reference)
    assert decide(closed, "admin", reference) == ""


def test_a_stranger_asks_nothing(closed: Founded) -> None:
    """The operator may not ask for the approver's reset."""
    with pytest.raises(refusals.AdminNeeded):
        ask(closed, "operator")


def test_the_second_official_works_elsewhere(closed: Founded) -> None:
    """THREATS 2: outside ADMIN's own office; a colleague of one room is no second pair of eyes."""
    with closed.act("admin") as act:
        service.hold_office(
            act,
            login="admin2",
            office="ADMIN_KOMINFO",
            status="plt",
            since=SINCE,
            until=dt.date(2022, 1, 1),
            decree="SK.3",
        )
    reference = ask(closed, "admin")
    with pytest.raises(refusals.ResetBySameUnit):
        decide(closed, "admin2", reference)


def test_who_has_a_hand_in_waiting_batches_decides_no_reset(closed: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """THREATS 2: outside the pending batches; rooms downstream say who that is."""
    entangled = closed.people["admin2"].official_id
    monkeypatch.setattr(resets, "_entanglements", [])
    service.bar_from_resets(lambda _session, official_id: official_id == entangled)
    reference = ask(closed, "admin")
    with pytest.raises(refusals.ResetEntangled):
        decide(closed, "admin2", reference)


def test_a_reset_waits_for_its_decision_before_the_next(closed: Founded) -> None:
    """Law: one question at a time; a refused one leaves everything as it was."""
    reference = ask(closed, "admin")
    with pytest.raises(refusals.ResetWaiting):
        ask(closed, "admin2")
    with closed.act("admin2") as act:
        service.decide_reset(act, reference, grant=False, reason="Bukan pemiliknya")
    with pytest.raises(refusals.ResetNotPending):
        decide(closed, "admin2", reference)
    assert approve(closed, closed.people["approver"], closed.code("approver")).accepted


def test_the_link_of_a_password_reset_is_worthless_without_the_device(closed: Founded, noon: FrozenClock) -> None:
    """THREATS 2: the second official sees the link; without the owner's code it sets nothing."""
    approver = closed.people["approver"]
    link = decide(closed, "admin2", ask(closed, "admin", factor="password"))
    with closed.bench.acts.open(approver.actor()) as act:
        taken = service.accept_enrolment(act, token=link, password="kata sandi pencuri", code="000000")
    assert not taken.accepted
    with closed.bench.acts.open(approver.actor()) as act:
        owned = service.accept_enrolment(act, token=link, password="kata sandi baru milik saya", code=approver.code())
    assert owned.accepted
    for password, is_right in ((PASSWORD, False), ("kata sandi pencuri", False), ("kata sandi baru milik saya", True)):
        found = service.check_password(
            closed.bench.engine, closed.bench.kit.keys, login="approver", password=password, place="10.0.0.1"
        )
        assert (found.official is not None) is is_right
    noon.advance(minutes=1)
    assert approve(closed, approver, approver.code()).accepted


def test_a_link_works_once_and_not_for_ever(closed: Founded, noon: FrozenClock) -> None:
    """Cheat: the link found in the chat a week later, or used a second time."""
    with closed.act("admin") as act:
        service.enrol_official(act, login="baru", name="Baru", agency_unit="Dinas Sosial")
        first = service.open_enrolment(act, login="baru")
        second = service.open_enrolment(act, login="baru")
    with closed.bench.reading() as session:
        with pytest.raises(refusals.LinkInvalid):
            queries.by_link(session, first, clock.now())
        baru = queries.by_link(session, second, clock.now())
        with pytest.raises(refusals.LinkInvalid):
            queries.by_link(session, second, clock.now() + rules.LINK_LIFE)
        with pytest.raises(refusals.LinkInvalid):
            queries.by_link(session, "", clock.now())
    actor = closed.people["operator"].actor()
    with closed.bench.acts.open(actor) as act:
        service.accept_enrolment(act, token=second, password="tiga ekor kambing hijau")
    with pytest.raises(refusals.LinkInvalid), closed.bench.acts.open(actor) as act:
        service.accept_enrolment(act, token=second, password="kata sandi pencuri")
    assert baru.login == "baru"


@pytest.mark.parametrize("login", ["approver", "admin"])
def test_no_link_is_made_for_somebody_who_is_enrolled(closed: Founded, login: str) -> None:
    """Cheat: an ADMIN alone makes a fresh link for the approver and becomes the approver."""
    with pytest.raises(refusals.AlreadyEnrolled), closed.act("admin2") as act:
        service.open_enrolment(act, login=login)


def test_what_cannot_be_reset_is_refused(closed: Founded) -> None:
    """Law: only a password or a device, on paper, of somebody who has one."""
    with pytest.raises(refusals.FactorUnknown):
        ask(closed, "admin", factor="recovery")
    with pytest.raises(refusals.DecreeMissing), closed.act("admin") as act:
        service.request_reset(act, login="approver", factor="device", decree=" ")
    with closed.act("admin") as act:
        service.enrol_official(act, login="baru", name="Baru", agency_unit="Dinas Sosial")
    with pytest.raises(refusals.DeviceNotFound):
        ask(closed, "admin", login="baru")
    with pytest.raises(refusals.ResetNotFound):
        decide(closed, "admin", "RST-2021-000009-X")
