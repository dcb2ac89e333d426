"""Carrying a key on: sealed, seen, 72 hours, seen again, taken; and what each side signs and believes meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import insert, select

from aid_ledger.core import clock, keyfiles
from aid_ledger.core.act import SYSTEM, keeping_house
from aid_ledger.core.clock import FrozenClock
from aid_ledger.custody import carrying, rules, service
from aid_ledger.custody.carrying import Custodian
from aid_ledger.log.keyring import log_keys
from aid_ledger.log.models import LogCheckpoint, LogKey, LogKeySeal
from aid_ledger.log.rules import KeyMissing, LogBehind
from aid_ledger.log.sequencer import Sequencer
from audit import checkpoint, note
from audit.note import SigningKey
from audit.policy import Policy
from tests.builders.custody import NAMES, WAIT, Rotating, rotating
from tests.builders.log import compared
from tests.builders.officials import Founded
from tests.rooms.log.writing import define

TODAY = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)


@contextmanager
def agency_of(founded: Founded, *names: str) -> Iterator[tuple[Rotating, FrozenClock, SigningKey]]:
    """Give an agency, its clock, and the next key, which the witnesses were given and which lies beside the old one."""
    new = SigningKey.generate(founded.bench.key.name)
    with clock.frozen(TODAY) as still, rotating(founded, *names, next_key=new) as made:
        keyfiles.write_private(made.following, note.format_skey(new).encode())
        yield made, still, new


def signers(agency: Rotating) -> list[tuple[int, str]]:
    """List the signed sizes with the public halves of who signed."""
    with agency.founded.bench.reading() as session:
        notes = [note.parse(each.encode()) for each in session.scalars(select(LogCheckpoint.note))]
        known = [each.key for each in log_keys(session)]
    return sorted((checkpoint.parse(each.text).size, str(note.verify(each, known)[0])) for each in notes)


def announced(agency: Rotating, new: SigningKey) -> None:
    """Decide on the key as it should be."""
    agency.propose(new)
    agency.announce(new)


def differences(agency: Rotating) -> list[str]:
    """Compare log and database by the key from paper."""
    return [each.sentence for each in compared(agency.founded.bench)]


def test_a_rotation_from_end_to_end(founded: Founded) -> None:
    """THREATS 11: through each of its waits, to a log that last year's paper still leads through."""
    with agency_of(founded, *NAMES) as (agency, still, new):
        agency.propose(new)
        assert agency.progress() is None
        agency.unsequenced.run(founded.actor("admin2"), service.announce_key, new.verifier().key_id.hex(), wait=WAIT)
        assert _step(agency) == carrying.UNSEALED
        agency.grow("SEALED")
        assert _step(agency) == carrying.UNSEEN
        assert (agency.carry_on(), agency.ask()) == ("", [""] * 3)
        assert (agency.carry_on(), _step(agency)) == ("", carrying.WAITING)
        still.advance(hours=72)
        agency.grow("GROWN")
        assert (agency.carry_on(), _step(agency)) == ("", carrying.WAITING)
        still.advance(hours=1)
        assert (agency.carry_on(), _step(agency)) == ("", carrying.UNKEPT)
        agency.ask()
        assert _step(agency) == carrying.RIPE
        before = max(signers(agency))
        assert agency.carry_on() == str(new.verifier())
        agency.sequencer.run_once()
        assert signers(agency)[-2:] == [before, (before[0] + 1, str(new.verifier()))]
        after = agency.grow("AFTER")
        assert signers(agency)[-1] == (after, str(new.verifier()))
        assert agency.ask() == [""] * 3
        assert (agency.progress(), differences(agency)) == (None, [])
        report = agency.verify(agency.paper())
        assert report.is_good, report.findings
        assert [(each.first, each.last) for each in report.keys] == [(0, before[0]), (before[0] + 1, None)]
        assert agency.verify(Policy.of_log_key(str(agency.old.verifier()))).is_good


def test_the_old_key_is_gone_when_the_new_one_has_signed(founded: Founded) -> None:
    """K1: a retired key can do nothing but harm; until its successor has signed, both are needed."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        still.advance(hours=73)
        assert (agency.current.exists(), agency.following.exists()) == (True, True)
        assert agency.carry_on() == str(new.verifier())
        agency.sequencer.run_once()
        assert not agency.following.exists()
        assert agency.sequencer.keys.verifiers() == [new.verifier()]
        with pytest.raises(KeyMissing):
            agency.sequencer.keys.signer(str(agency.old.verifier()))
        vkeys = (founded.bench.folder / "log.vkey").read_text()
        assert vkeys == f"{new.verifier()}\n{agency.old.verifier()}\n"


def test_a_kill_at_each_step_is_gone_on_from(founded: Founded) -> None:
    """What is known is in the files, the rows and the entries; a new process signs what the old one would have."""
    with agency_of(founded, *NAMES) as (agency, still, new):
        announced(agency, new)
        agency.restart()
        agency.ask()
        agency.carry_on()
        still.advance(hours=74)
        agency.restart()
        agency.ask()
        found = agency.progress()
        assert found is not None
        # Killed after the entry was written, before it was ordered; entries of others come behind it.
        agency.unsequenced.run(SYSTEM, service.take_key, found.key.id, seen=found.seen, kept=found.kept)
        agency.unsequenced.run(founded.actor("operator"), define, "BEHIND")
        agency.restart()
        ordered = agency.sequencer.run_once()
        assert [key for _, key in signers(agency)[-2:]] == [str(agency.old.verifier()), str(new.verifier())]
        assert [size for size, _ in signers(agency)[-2:]] == [ordered.size - 2, ordered.size]
        agency.restart()
        assert agency.sequencer.is_settled() is False
        agency.sequencer.run_once()
        assert (differences(agency), agency.ask()) == ([], [""] * 3)
        assert agency.verify(agency.paper()).is_good


def test_a_kill_between_taking_and_publishing_signs_nothing_twice(founded: Founded) -> None:
    """The file of the new key is put in place only after its first checkpoint is out; until then both files stay."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        still.advance(hours=73)
        agency.carry_on()
        published = founded.bench.folder / "published-checkpoint"
        before, old = published.read_text(), note.format_skey(agency.old).encode()
        # As a kill after signing leaves it: both files, and outside the checkpoint of the old key.
        keyfiles.write_private(agency.following, agency.current.read_bytes(), replace=True)
        keyfiles.write_private(agency.current, old, replace=True)
        signed = signers(agency)
        agency.restart()
        agency.sequencer.run_once()
        assert (signers(agency), published.read_text()) == (signed, before)
        assert not agency.following.exists()


def test_a_key_that_is_lost_is_not_taken(founded: Founded) -> None:
    """A log that had taken a key nobody has could never be signed again."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        still.advance(hours=73)
        agency.following.unlink()
        agency.restart()
        with pytest.raises(KeyMissing):
            agency.carry_on()
        custodian = Custodian(agency.sequencer, agency.acts)
        size = custodian.run_once().size
        assert agency.grow("ON") == size + 1
        assert [key for _, key in signers(agency)[-1:]] == [str(agency.old.verifier())]


def test_the_sequencer_takes_the_key_by_itself(founded: Founded) -> None:
    """Nobody has to be there when the time has come."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        custodian = Custodian(agency.sequencer, agency.acts)
        assert not custodian.is_settled()
        custodian.run_once()
        custodian.sweep()
        custodian.run_once()
        assert custodian.is_settled()
        still.advance(hours=73)
        custodian = Custodian(agency.sequencer, agency.acts)
        custodian.run_once()
        assert signers(agency)[-1][1] == str(new.verifier())
        assert custodian.duty is agency.sequencer.duty


def test_a_withdrawn_key_is_never_taken(founded: Founded) -> None:
    """THREATS 11: however long one waits, and whoever asks for it."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        agency.withdraw(new)
        still.advance(hours=1000)
        assert (agency.progress(), agency.carry_on()) == (None, "")
        with agency.founded.bench.reading() as session:
            id_ = session.scalars(select(LogKey.id)).one()
        with pytest.raises(rules.KeyNotRipe):
            agency.acts.run(SYSTEM, service.take_key, id_, seen="", kept="")
        assert differences(agency) == []


def test_a_key_is_not_taken_before_its_time(founded: Founded) -> None:
    """THREATS 11: the Act looks at its own clock again."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        still.advance(hours=71, minutes=59)
        with agency.founded.bench.reading() as session:
            id_ = session.scalars(select(LogKey.id)).one()
        with pytest.raises(rules.KeyNotRipe):
            agency.acts.run(SYSTEM, service.take_key, id_, seen="", kept="")


def test_two_witnesses_of_three_hold_a_rotation_up_here(founded: Founded) -> None:
    """THREATS 11: of three witnesses the house asks all; an absent one stops no aid, but it stops this."""
    with agency_of(founded, *NAMES) as (agency, still, new):
        announced(agency, new)
        absent = agency.witnesses.pop("kpk")
        agency.witnesses["kpk"] = agency.witnesses["bpkp"]
        assert "bad_cosignature" in agency.ask()
        still.advance(hours=100)
        assert (agency.carry_on(), _step(agency)) == ("", carrying.UNSEEN)
        agency.witnesses["kpk"] = absent
        agency.grow("MORE")
        agency.ask()
        assert (agency.carry_on(), _step(agency)) == ("", carrying.UNKEPT)


def test_what_the_quorum_saw_first_is_kept(founded: Founded) -> None:
    """A heartbeat refreshes cosignatures: the wait counts from the first noticed; without that note it begins anew."""
    with agency_of(founded, *NAMES) as (agency, still, new):
        announced(agency, new)
        agency.ask()
        agency.carry_on()
        still.advance(hours=50)
        agency.ask()
        still.advance(hours=23)
        agency.ask()
        assert _step(agency) == carrying.RIPE
        with keeping_house(agency.founded.bench.engine) as session:
            session.delete(session.scalars(select(LogKeySeal)).one())
        assert (agency.carry_on(), _step(agency)) == ("", carrying.UNKEPT)


def test_a_retired_key_in_the_database_is_named(founded: Founded) -> None:
    """K1: a checkpoint that the old key signs past its range is a difference, and no verifier takes it."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        still.advance(hours=73)
        agency.carry_on()
        size = agency.grow("MORE")
        agency.unsequenced.run(founded.actor("operator"), define, "FORGED")
        thief = Sequencer(founded.bench.engine, agency.old, founded.bench.folder / "elsewhere" / "checkpoint")
        with pytest.raises(KeyMissing):
            thief.run_once()
        with keeping_house(founded.bench.engine) as session:
            newest = session.get_one(LogCheckpoint, size)
            body = checkpoint.Checkpoint(agency.old.name, size + 1, newest.root)
            forged = note.sign(body.text(), agency.old).decode()
            values = {"size": size + 1, "root": newest.root, "note": forged, "signed_at": clock.now()}
            session.execute(insert(LogCheckpoint), values)
        assert differences(agency) == ["no key that is trusted has signed"]


def test_a_database_from_before_the_rotation_is_not_signed(founded: Founded) -> None:
    """T1, K2: what was published under the new key is known outside; a database without it is behind, not foreign."""
    with agency_of(founded) as (agency, still, new):
        announced(agency, new)
        size = agency.grow("BEFORE")
        published = founded.bench.folder / "published-checkpoint"
        body = checkpoint.Checkpoint(new.name, size + 5, bytes(32))
        published.write_bytes(note.sign(body.text(), new))
        still.advance(minutes=1)
        agency.unsequenced.run(founded.actor("operator"), define, "MORE")
        with pytest.raises(LogBehind):
            agency.sequencer.run_once()


def _step(agency: Rotating) -> str:
    found = agency.progress()
    assert found is not None
    return found.step
