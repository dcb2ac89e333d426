"""Changing the root of receipts: the old root's word, two people, 72 hours, the witnesses; and nothing with less."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aid_ledger.core import clock
from aid_ledger.core.act import SYSTEM
from aid_ledger.core.clock import FrozenClock
from aid_ledger.custody import carrying, queries, roots, rules
from aid_ledger.custody.carrying import Custodian
from aid_ledger.officials import refusals
from audit.policy import Policy
from tests.builders import receipt_keys
from tests.builders.custody import NAMES, Rotating, rotating
from tests.builders.officials import Founded

TODAY = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)
NEW = receipt_keys.next_root().certificate
SHOWN = queries.hex_of(receipt_keys.digest_of(receipt_keys.next_root()))


@contextmanager
def agency_of(founded: Founded, *names: str) -> Iterator[tuple[Rotating, FrozenClock]]:
    """Give an agency and its clock."""
    with clock.frozen(TODAY) as still, rotating(founded, *names) as made:
        yield made, still


def propose(agency: Rotating, handed: bytes = b"", *, who: str = "admin", decree: str = "SK 7") -> None:
    """Propose the next root, or what else was handed in."""
    raw = handed or receipt_keys.handed(agency.old.name)
    agency.acts.run(agency.founded.actor(who), roots.propose_root, raw, decree=decree)


def announce(agency: Rotating, *, who: str = "admin2", typed: str = SHOWN) -> None:
    """Agree to it."""
    agency.acts.run(agency.founded.actor(who), roots.announce_root, typed, wait=dt.timedelta())


def withdraw(agency: Rotating, *, who: str = "admin2") -> None:
    """Give it up."""
    agency.acts.run(agency.founded.actor(who), roots.withdraw_root, SHOWN[:16], reason="Tidak dikenal.")


def take(agency: Rotating) -> str:
    """Take it if its time has come."""
    return carrying.take_root(agency.founded.bench.engine, agency.acts)


def ranges(agency: Rotating) -> list[tuple[str, int, int | None]]:
    """List the roots by fingerprint with their sizes."""
    with agency.founded.bench.reading() as session:
        return [(each.fingerprint, each.first, each.last) for each in queries.receipt_roots(session)]


def test_the_thief_of_the_old_receipt_root_cannot_rotate(founded: Founded) -> None:
    """THREATS 11: the key signs whatever the thief likes; two administrators and 72 hours it does not give."""
    with agency_of(founded) as (agency, still):
        with pytest.raises(refusals.AdminNeeded):
            propose(agency, who="operator")
        assert take(agency) == ""
        propose(agency)
        for who, refusal in (("admin", rules.SecondPersonNeeded), ("operator", refusals.AdminNeeded)):
            with pytest.raises(refusal):
                announce(agency, who=who)
        still.advance(hours=100)
        assert take(agency) == ""
        announce(agency)
        still.advance(hours=71, minutes=59)
        assert take(agency) == ""
        with founded.bench.reading() as session:
            waiting = queries.coming_root(session)
            assert waiting is not None
        with pytest.raises(rules.KeyNotRipe):
            agency.acts.run(SYSTEM, roots.take_root, waiting.id)
        withdraw(agency)
        still.advance(hours=100)
        assert take(agency) == ""
        with pytest.raises(rules.KeyNotRipe):
            agency.acts.run(SYSTEM, roots.take_root, waiting.id)
        with pytest.raises(rules.RootUsedBefore):
            propose(agency)
        assert ranges(agency) == [(receipt_keys.root_digest(), 0, None)]
        assert agency.verify(Policy.of_log_key(str(agency.old.verifier()))).is_good


def test_without_the_old_roots_word_nothing_is_proposed(founded: Founded) -> None:
    """THREATS 11: an administrator alone, with a root of their own, has no signature of the one in use."""
    with agency_of(founded) as (agency, _still):
        origin, own = agency.old.name, receipt_keys.next_root()
        good = receipt_keys.handed(origin)
        bent = [
            receipt_keys.handed(origin, by=own),
            receipt_keys.handed(origin, old=own, new=receipt_keys.root()),
            receipt_keys.handed(origin, new=receipt_keys.root()),
            receipt_keys.handed("other.example/log"),
            good + b"\n",
            good[:-9],
            b"x" + good[1:],
            b"\xff" * 40_000,
        ]
        for raw in bent:
            with pytest.raises(rules.RootStatementMalformed):
                propose(agency, raw)
        with pytest.raises(rules.RootStatementMalformed):
            propose(agency, decree="  ")


def test_one_root_is_decided_on_at_a_time_and_once(founded: Founded) -> None:
    """THREATS 11: no second one beside it; and one agrees to the root on paper, by enough digits to mean no other."""
    with agency_of(founded) as (agency, _still):
        with pytest.raises(rules.RootNotFound):
            announce(agency)
        propose(agency)
        with pytest.raises(rules.RootUndecided):
            propose(agency)
        for typed in (SHOWN[:15], "0" * 64, SHOWN + "0"):
            with pytest.raises(rules.RootNotFound):
                announce(agency, typed=typed)
        announce(agency, typed=f" {SHOWN[:16].upper()} ")
        with pytest.raises(rules.RootNotProposed):
            announce(agency)


def test_a_root_is_changed_from_end_to_end(founded: Founded) -> None:
    """THREATS 11: sealed, seen by the witnesses for 72 hours, taken by the sequencer, and good by every rule."""
    with agency_of(founded, *NAMES) as (agency, still):
        custodian = Custodian(agency.sequencer, agency.acts)
        propose(agency)
        agency.unsequenced.run(founded.actor("admin2"), roots.announce_root, SHOWN, wait=dt.timedelta())
        still.advance(hours=2)
        agency.grow("SEALED")
        still.advance(hours=71)
        assert custodian.take_root() == ""
        assert agency.ask() == [""] * 3
        still.advance(hours=71)
        assert custodian.take_root() == ""
        still.advance(hours=1)
        custodian.run_once()
        taken = ranges(agency)[0][2]
        assert taken is not None
        assert ranges(agency) == [
            (receipt_keys.root_digest(), 0, taken),
            (receipt_keys.digest_of(receipt_keys.next_root()), taken + 1, None),
        ]
        agency.grow("AFTER")
        assert agency.ask() == [""] * 3
        report = agency.verify(agency.paper())
        assert report.is_good, report.findings
        with pytest.raises(rules.RootUsedBefore):
            propose(agency, receipt_keys.handed(agency.old.name, old=receipt_keys.next_root(), new=receipt_keys.root()))


def test_a_root_whose_announcement_is_not_sealed_waits(founded: Founded) -> None:
    """THREATS 11: 72 hours in nobody's sight are none."""
    with agency_of(founded) as (agency, still):
        propose(agency)
        agency.unsequenced.run(founded.actor("admin2"), roots.announce_root, SHOWN, wait=dt.timedelta())
        still.advance(hours=73)
        assert take(agency) == ""
        agency.sequencer.run_once()
        assert take(agency) == receipt_keys.digest_of(receipt_keys.next_root())


def test_the_log_carries_the_certificates_itself(founded: Founded) -> None:
    """A host that lost the first root's file still has it from the rotation; a foreign one is nobody's."""
    with agency_of(founded) as (agency, still):
        with founded.bench.reading() as session:
            assert [each.certificate for each in queries.receipt_roots(session, b"nonsense")] == [b""]
        propose(agency)
        announce(agency)
        still.advance(hours=72)
        take(agency)
        expected = [receipt_keys.der_of(each) for each in (receipt_keys.root(), receipt_keys.next_root())]
        for first in (b"", receipt_keys.root_pem(), receipt_keys.pem_of(NEW)):
            with founded.bench.reading() as session:
                assert [each.certificate for each in queries.receipt_roots(session, first)] == expected
