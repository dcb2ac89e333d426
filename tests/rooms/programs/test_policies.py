"""Approval policies: two people whom they do not bind, from the next day; a founder's at once, before the end only."""

from __future__ import annotations

import datetime as dt

import pytest

from aid_ledger.core import clock
from aid_ledger.officials import service as officials
from aid_ledger.programs import queries, refusals, service
from aid_ledger.programs.models import ApprovalPolicy
from aid_ledger.programs.rules import Limits
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded, close_founding
from tests.builders.programmes import defined

ONE, TWO = "admin", "admin2"
LIMITS: Limits = ((0, 1), (500_000_000, 2))
NEXT_DAY = dt.timedelta(days=1)


@pytest.fixture
def closed(founded: Founded) -> Founded:
    """Give an agency whose founding is over, with a programme."""
    with founded.act("operator") as act:
        defined(act, "BST")
    close_founding(founded)
    return founded


def proposed(founded: Founded, login: str = ONE, **particulars: object) -> str:
    """Propose a policy and give its reference."""
    with founded.act(login) as act:
        return service.propose_policy(act, limits=LIMITS, **particulars).reference  # type: ignore[arg-type] # the test's own words


def in_force(founded: Founded, on: dt.date) -> ApprovalPolicy:
    """Find the policy of BST on a day."""
    with founded.bench.reading() as session:
        return queries.policy_for(session, queries.program(session, "BST"), on)


def test_nobody_changes_a_policy_alone(closed: Founded) -> None:
    """P2: a proposal binds nothing, and who proposed it cannot agree to it."""
    reference = proposed(closed)
    with pytest.raises(refusals.PolicyMissing):
        in_force(closed, clock.today() + NEXT_DAY)
    with pytest.raises(refusals.PolicyNotSecondPerson), closed.act(ONE) as act:
        service.agree_policy(act, reference)


def test_a_policy_agreed_to_holds_from_the_next_day(closed: Founded) -> None:
    """THREATS 3: nobody changes the policy for the batch that lies before them."""
    reference = proposed(closed)
    with closed.act(TWO) as act:
        assert service.agree_policy(act, reference).since == act.on + NEXT_DAY
    with pytest.raises(refusals.PolicyMissing):
        in_force(closed, clock.today())
    assert in_force(closed, clock.today() + NEXT_DAY).reference == reference
    assert_log_agrees(closed.bench)


def test_a_policy_asked_for_later_holds_later(closed: Founded) -> None:
    """A day in the past is no way around the night between."""
    later = clock.today() + dt.timedelta(days=30)
    for since, expected in ((later, later), (dt.date(2021, 1, 1), clock.today() + NEXT_DAY)):
        reference = proposed(closed, since=since)
        with closed.act(TWO) as act:
            assert service.agree_policy(act, reference).since == expected


@pytest.mark.parametrize("login", ["approver", "approver2"])
def test_an_approver_neither_proposes_nor_agrees(closed: Founded, login: str) -> None:
    """THREATS 3: whom a policy binds has no hand in it."""
    with pytest.raises(refusals.PolicyBindsYou), closed.act(login) as act:
        service.propose_policy(act, limits=((0, 1),))
    reference = proposed(closed)
    with pytest.raises(refusals.PolicyBindsYou), closed.act(login) as act:
        service.agree_policy(act, reference)


def test_who_acts_in_an_approvers_place_is_bound_as_well(closed: Founded) -> None:
    """THREATS 3: a Plh inherits the bar of the one whose place they hold."""
    with closed.act(TWO) as act:
        officials.hold_office(
            act,
            login=ONE,
            office="KPA",
            status="plh",
            since=act.on,
            until=act.on + dt.timedelta(days=7),
            decree="821.2/Plh.01-BKPSDM/2021",
            acts_for="approver",
        )
    with pytest.raises(refusals.PolicyBindsYou), closed.act(ONE) as act:
        service.propose_policy(act, limits=LIMITS)


def test_a_second_hand_of_the_proposer_is_no_second_person(closed: Founded) -> None:
    """P2: who holds the proposer's place counts as the proposer."""
    reference = proposed(closed)
    with closed.act(ONE) as act:
        officials.hold_office(
            act,
            login=TWO,
            office="ADMIN_KOMINFO",
            status="plh",
            since=act.on,
            until=act.on + dt.timedelta(days=7),
            decree="821.2/Plh.02-BKPSDM/2021",
            acts_for=ONE,
        )
    with pytest.raises(refusals.PolicyNotSecondPerson), closed.act(TWO) as act:
        service.agree_policy(act, reference)


def test_a_policy_is_agreed_to_once(closed: Founded) -> None:
    """A policy in force is replaced by another, never moved to another day."""
    reference = proposed(closed)
    with closed.act(TWO) as act:
        service.agree_policy(act, reference)
    with pytest.raises(refusals.PolicyNotProposed), closed.act(TWO) as act:
        service.agree_policy(act, reference)
    with pytest.raises(refusals.PolicyNotFound), closed.act(TWO) as act:
        service.agree_policy(act, "POL-2021-999999-0")


def test_a_founder_sets_the_first_policy_at_once_and_the_last_one_too_late(founded: Founded) -> None:
    """THREATS 3: until both founders have signed somebody must be able to begin; afterwards nobody acts alone."""
    with founded.act("operator") as act:
        defined(act, "BST")
    reference = proposed(founded, "sekda")
    assert in_force(founded, clock.today()).reference == reference
    close_founding(founded)
    with founded.act("admin") as act:
        assert service.propose_policy(act, limits=LIMITS).state == "proposed"
    assert_log_agrees(founded.bench)


def test_who_is_no_founder_waits_even_during_the_founding(founded: Founded) -> None:
    """The founding is the founders' privilege, nobody else's."""
    with founded.act("operator") as act:
        defined(act, "BST")
    proposed(founded, ONE)
    with pytest.raises(refusals.PolicyMissing):
        in_force(founded, clock.today() + NEXT_DAY)


def test_a_programmes_own_policy_comes_before_the_general_one(founded: Founded) -> None:
    """One programme may be stricter than the rest; the newest agreed one of each kind holds."""
    with founded.act("operator") as act:
        defined(act, "BST")
    general = proposed(founded, "sekda")
    assert in_force(founded, clock.today()).reference == general
    own = proposed(founded, "sekda", program="BST")
    newer = proposed(founded, "sekda")
    assert newer != general
    found = in_force(founded, clock.today())
    assert found.reference == own
    assert queries.approvers_needed(found, 499_999_999) == 1
    assert queries.approvers_needed(found, 500_000_000) == 2
