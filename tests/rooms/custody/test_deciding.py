"""Deciding on the log's next key: two people, both keys' signatures, and no key a second time (THREATS 11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from aid_ledger.core import clock
from aid_ledger.custody import rules, service
from aid_ledger.log.models import LogKey
from aid_ledger.officials.refusals import AdminNeeded
from audit import keys, note
from audit.note import SigningKey
from tests.builders.custody import Rotating, id_of, rotating, statement
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.powers import stands_in

TODAY = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)


@pytest.fixture
def agency(founded: Founded) -> Iterator[Rotating]:
    """Give an agency on a clock that stands still."""
    with clock.frozen(TODAY), rotating(founded) as made:
        yield made


def states(agency: Rotating) -> dict[str, str]:
    """Tell what became of each key."""
    with agency.founded.bench.reading() as session:
        return {each.vkey: each.state for each in session.scalars(select(LogKey))}


def test_a_key_needs_two_people(agency: Rotating) -> None:
    """THREATS 11: who proposed it does not agree to it, nor does who stands in for them; another administrator does."""
    new = agency.make_next()
    agency.propose(new)
    with pytest.raises(rules.SecondPersonNeeded):
        agency.announce(new, who="admin")
    stands_in(agency.founded, "admin2", of="admin", since=dt.date(2026, 11, 1), until=dt.date(2026, 12, 1))
    with pytest.raises(rules.SecondPersonNeeded):
        agency.announce(new, who="admin2")
    agency.announce(new, who="sekda")
    assert states(agency) == {str(new.verifier()): "announced"}
    assert_log_agrees(agency.founded.bench)


@pytest.mark.parametrize("who", ["operator", "auditor"])
def test_only_administrators_decide(agency: Rotating, who: str) -> None:
    """THREATS 11: it is a deed of a role, at each of its steps."""
    new = agency.make_next()
    with pytest.raises(AdminNeeded):
        agency.propose(new, who=who)
    agency.propose(new)
    for step in (agency.announce, agency.withdraw):
        with pytest.raises(AdminNeeded):
            step(new, who=who)


def test_the_thief_of_nothing_proposes_nothing(agency: Rotating) -> None:
    """THREATS 11: without the key in use there is no statement, and no official can make one up."""
    new, thief = agency.make_next(), SigningKey.generate(agency.old.name)
    text = keys.statement(agency.old.verifier(), new.verifier())
    bad = [
        b"nonsense",
        b"x" * (rules.STATEMENT_LIMIT_BYTES + 1),
        note.sign("one\ntwo\n", agency.old),
        note.sign(f"other header\n{agency.old.verifier()}\n{new.verifier()}\n", agency.old, new),
        note.sign(text, agency.old),
        note.sign(text, new),
        note.sign(text, thief, new),
        statement(thief, new),
        statement(agency.old, SigningKey.generate("elsewhere.example/log")),
    ]
    for raw in bad:
        with pytest.raises(rules.StatementMalformed):
            agency.acts.run(agency.founded.actor("admin"), service.propose_key, raw, decree="SK 7")
    with pytest.raises(rules.StatementMalformed):
        agency.acts.run(agency.founded.actor("admin"), service.propose_key, statement(agency.old, new), decree=" ")
    assert states(agency) == {}


def test_one_key_is_decided_on_at_a_time_and_once(agency: Rotating) -> None:
    """THREATS 11: what was withdrawn never comes back; while a key waits no other is proposed."""
    new, other = agency.make_next(), SigningKey.generate(agency.old.name)
    agency.propose(new)
    with pytest.raises(rules.KeyUndecided):
        agency.propose(other)
    agency.withdraw(new, who="admin")
    with pytest.raises(rules.KeyUsedBefore):
        agency.propose(new)
    agency.propose(other)
    agency.announce(other)
    with pytest.raises(rules.KeyUndecided):
        agency.propose(SigningKey.generate(agency.old.name))
    with pytest.raises(rules.KeyNotProposed):
        agency.announce(other, who="sekda")
    agency.withdraw(other)
    assert set(states(agency).values()) == {"withdrawn"}
    assert_log_agrees(agency.founded.bench)


def test_one_agrees_to_the_key_on_paper(agency: Rotating) -> None:
    """THREATS 11: a key that was slipped in has another ID, and is neither agreed to nor withdrawn by mistake."""
    new, other = agency.make_next(), SigningKey.generate(agency.old.name)
    for step in (agency.announce, agency.withdraw):
        with pytest.raises(rules.KeyNotFound):
            step(new)
    agency.propose(new)
    for step in (agency.announce, agency.withdraw):
        with pytest.raises(rules.KeyNotFound):
            step(other)
    assert states(agency) == {str(new.verifier()): "proposed"}
    assert id_of(new) != id_of(other)


@pytest.mark.parametrize(("hours", "waits"), [(0, 72), (71, 72), (72, 72), (100, 100)])
def test_a_setting_only_lengthens_the_wait(hours: int, waits: int) -> None:
    """THREATS 11: whoever can change the settings cannot shorten what verifiers ask for."""
    assert rules.wait_of(hours) == dt.timedelta(hours=waits)
