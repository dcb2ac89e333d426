"""Roles: asked for by one official, granted by another, never for oneself, never two that must not meet."""

from __future__ import annotations

import datetime as dt

import pytest

from aid_ledger.core import clock
from aid_ledger.core.act import Actor
from aid_ledger.core.roles import Role
from aid_ledger.log.queries import page_before
from aid_ledger.officials import queries, refusals, service
from tests.builders.officials import SINCE, Founded, accept, close_founding

SK = "800/Kep.99/2021"
TODAY = dt.date(2021, 8, 5)


@pytest.fixture
def closed(founded: Founded) -> Founded:
    """Give an agency whose founding is over and in which `baru` is enrolled without a role."""
    with founded.act("admin") as act:
        service.enrol_official(act, login="baru", name="Baru Contoh", agency_unit="Dinas Sosial")
    close_founding(founded)
    return founded


def ask(founded: Founded, by: str, login: str = "baru", role: str = "operator") -> str:
    """Ask for a role; gives the reference."""
    with founded.act(by) as act:
        return service.request_role(act, login=login, role=role, since=SINCE, until=None, decree=SK).reference


def roles(founded: Founded, login: str) -> set[Role]:
    """Tell what an official holds today."""
    with founded.bench.reading() as session:
        person = queries.official_by_login(session, login)
        return {held.role for held in queries.roles_on(session, person.id, TODAY)}


def kinds(founded: Founded, count: int) -> list[str]:
    """Name the kinds of the newest entries, oldest of them first."""
    with founded.bench.reading() as session:
        return [entry.kind for entry in page_before(session, None, limit=count)][::-1]


@pytest.mark.parametrize("login", ["operator", "approver", "treasurer", "auditor"])
def test_only_an_admin_asks_for_a_role(closed: Founded, login: str) -> None:
    """THREATS 2: power over people is a role of its own."""
    with pytest.raises(refusals.AdminNeeded):
        ask(closed, login)


def test_a_founder_is_nobody_after_the_founding(closed: Founded) -> None:
    """Law: the power of the founders ends with their own signatures."""
    with pytest.raises(refusals.AdminNeeded):
        ask(closed, "sekda")


def test_nobody_asks_for_a_role_of_their_own(closed: Founded) -> None:
    """Cheat: an ADMIN makes themselves approver."""
    with pytest.raises(refusals.SelfGrant):
        ask(closed, "admin", login="admin", role="approver")


def test_who_asked_does_not_decide(closed: Founded) -> None:
    """THREATS 2: a role grant needs a second official."""
    reference = ask(closed, "admin")
    with pytest.raises(refusals.SecondOfficialNeeded), closed.act("admin") as act:
        service.decide_role(act, reference, grant=True)
    assert roles(closed, "baru") == set()


def test_who_gains_does_not_decide(closed: Founded) -> None:
    """Cheat: two ADMIN, one of whom is to become something more, and decides it alone."""
    with closed.act("admin") as act:
        service.request_role(act, login="admin2", role="admin", area="32.16", since=SINCE, until=None, decree=SK)
        reference = queries.grants_meeting(act.session, closed.people["admin2"].official_id, SINCE, None)[-1].reference
    with pytest.raises(refusals.SelfGrant), closed.act("admin2") as act:
        service.decide_role(act, reference, grant=True)


def test_a_second_admin_grants_and_both_are_in_the_log(closed: Founded) -> None:
    """The control: request and grant are two facts by two people."""
    reference = ask(closed, "admin")
    assert roles(closed, "baru") == set()
    with closed.act("admin2") as act:
        service.decide_role(act, reference, grant=True)
    assert roles(closed, "baru") == {Role.OPERATOR}
    assert kinds(closed, 2) == ["RoleRequested", "RoleGranted"]


def test_a_refused_request_stays_refused(closed: Founded) -> None:
    """Law: a decision is taken once; asking again is a new request."""
    reference = ask(closed, "admin")
    with closed.act("admin2") as act:
        service.decide_role(act, reference, grant=False, reason="SK tidak ditemukan")
    with pytest.raises(refusals.GrantNotPending), closed.act("admin2") as act:
        service.decide_role(act, reference, grant=True)
    assert roles(closed, "baru") == set()
    assert kinds(closed, 2) == ["RoleRequested", "RoleRefused"]


@pytest.mark.parametrize(("login", "role"), [("auditor", "operator"), ("operator", "admin"), ("operator", "auditor")])
def test_roles_that_never_meet_are_refused(closed: Founded, login: str, role: str) -> None:
    """Law P5 and THREATS 2: an auditor is nothing else; who hands out roles moves no aid."""
    with pytest.raises(refusals.RolesClash):
        ask(closed, "admin", login=login, role=role)


def test_two_open_requests_that_must_not_meet_are_refused(closed: Founded) -> None:
    """Cheat: ask for both before either is granted."""
    ask(closed, "admin", role="operator")
    with pytest.raises(refusals.RolesClash):
        ask(closed, "admin2", role="auditor")


def test_a_role_on_other_days_may_follow_an_incompatible_one(closed: Founded) -> None:
    """The control: who was an operator until July may be an auditor from August."""
    with closed.act("admin") as act:
        july = dt.date(2021, 7, 31)
        service.request_role(act, login="baru", role="operator", since=SINCE, until=july, decree=SK)
        service.request_role(act, login="baru", role="auditor", since=dt.date(2021, 8, 1), until=None, decree=SK)


def test_a_role_ends_with_its_term(closed: Founded) -> None:
    """Law: power is held from a day to a day."""
    with closed.act("admin") as act:
        grant = service.request_role(act, login="baru", role="field", since=SINCE, until=TODAY, decree=SK)
        person = queries.official_by_login(act.session, "baru")
    with closed.act("admin2") as act:
        service.decide_role(act, grant.reference, grant=True)
        assert queries.roles_on(act.session, person.id, TODAY)
        assert queries.roles_on(act.session, person.id, TODAY + dt.timedelta(days=1)) == ()
        assert queries.roles_on(act.session, person.id, SINCE - dt.timedelta(days=1)) == ()


def test_an_invented_official_needs_two_to_have_power(closed: Founded) -> None:
    """THREATS 2: an ADMIN invents a person, walks their link, and still holds nothing."""
    with closed.act("admin") as act:
        service.enrol_official(act, login="hantu", name="Tidak Ada", agency_unit="Dinas Sosial")
        link = service.open_enrolment(act, login="hantu")
    ghost = accept(closed.bench.acts, "hantu", "", link)
    reference = ask(closed, "admin", login="hantu", role="approver")
    with pytest.raises(refusals.AdminNeeded), closed.bench.acts.open(ghost.actor()) as act:
        service.decide_role(act, reference, grant=True)
    assert roles(closed, "hantu") == set()
    assert kinds(closed, 1) == ["RoleRequested"]


def test_who_stands_in_for_the_requester_does_not_decide(closed: Founded) -> None:
    """THREATS 3: a Plt inherits the bar of the one whose place they hold."""
    with closed.act("admin") as act:
        service.hold_office(
            act,
            login="admin2",
            office="ADMIN_KOMINFO",
            status="plh",
            since=SINCE,
            until=dt.date(2030, 1, 1),
            decree=SK,
            acts_for="admin",
        )
    reference = ask(closed, "admin")
    with pytest.raises(refusals.SecondOfficialNeeded), closed.act("admin2") as act:
        service.decide_role(act, reference, grant=True)


def test_before_the_end_of_the_founding_a_founder_grants_at_once(founded: Founded) -> None:
    """Law: somebody must be first; the fact says `founding`, so that replay can tell."""
    with founded.act("admin") as act:
        service.enrol_official(act, login="baru", name="Baru Contoh", agency_unit="Dinas Sosial")
    ask(founded, "sekda")
    assert roles(founded, "baru") == {Role.OPERATOR}
    ask(founded, "admin", role="field")
    assert roles(founded, "baru") == {Role.OPERATOR}


@pytest.mark.parametrize("role", ["operator", "approver", "auditor"])
def test_a_founder_touches_no_aid_while_the_founding_is_open(founded: Founded, role: str) -> None:
    """Cheat: a founder makes the other founder approver, who then also hands out roles."""
    with pytest.raises(refusals.RolesClash):
        ask(founded, "sekda", login="kadinsos", role=role)


def test_a_revoked_role_is_gone_at_once(closed: Founded) -> None:
    """Law: less power needs one official, but never oneself."""
    with closed.bench.reading() as session:
        grant = queries.grants_meeting(session, closed.people["admin2"].official_id, SINCE, None)[0].reference
    with pytest.raises(refusals.SelfAdministration), closed.act("admin2") as act:
        service.revoke_role(act, grant, reason="Mutasi")
    with closed.act("admin") as act:
        service.revoke_role(act, grant, reason="Mutasi")
    assert roles(closed, "admin2") == set()


def test_a_suspended_official_holds_nothing(closed: Founded) -> None:
    """Law: suspension ends every role, and no new one can be given."""
    with closed.act("admin") as act:
        service.suspend_official(act, login="operator", reason="Diperiksa")
    assert roles(closed, "operator") == set()
    with pytest.raises(refusals.OfficialNotActive):
        ask(closed, "admin", login="operator", role="field")


def test_a_login_is_never_given_twice(closed: Founded) -> None:
    """Cheat: a new person under an old name would own the old one's deeds in the log."""
    with pytest.raises(refusals.LoginTaken), closed.act("admin") as act:
        service.enrol_official(act, login="operator", name="Orang Lain", agency_unit="Dinas Sosial")


def test_the_door_of_the_founding_is_shut_afterwards(closed: Founded) -> None:
    """Cheat: code that says it is the founding, after the founding."""
    with pytest.raises(refusals.AdminNeeded), closed.bench.acts.open(Actor(type="system", door="init")) as act:
        service.enrol_official(act, login="lewat", name="Lewat Belakang", agency_unit="Dinas Sosial")


def test_a_clock_set_back_revives_no_term(closed: Founded) -> None:
    """Law: an expired acting office is not held on a later day, whoever asks."""
    person = closed.people["field"].official_id
    with closed.act("admin") as act:
        service.hold_office(
            act, login="field", office="KPA", status="plt", since=SINCE, until=dt.date(2021, 2, 1), decree=SK
        )
    with clock.frozen(dt.datetime(2021, 3, 1, tzinfo=dt.UTC)), closed.bench.reading() as session:
        held = queries.office_on(session, person, clock.today())
        assert held is not None
        assert held.code == "POSKO"
