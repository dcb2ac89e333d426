"""THREATS 13: openings are lodged, sealed to an auditor, before anybody is paid; who has no key reads nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from aid_ledger.core.act import Act
from aid_ledger.core.errors import DomainError
from aid_ledger.delivery import service as delivery
from aid_ledger.disbursement import lodging, rules
from aid_ledger.disbursement.models import AuditorKey, LodgedOpenings
from aid_ledger.documents import files
from aid_ledger.documents.rules import FileAltered, FileMissing
from aid_ledger.log.export import export
from aid_ledger.log.models import LogEntry
from aid_ledger.officials.powers import RoleMissing
from audit.errors import SignatureFailed
from audit.openings import Inspection, Register
from audit.policy import Policy
from audit.replay import Replay
from audit.sealing import ReaderSecret
from audit.source import open_source
from audit.verify import verify_log
from tests.builders import delivering
from tests.builders.officials import Founded

SECRET = ReaderSecret("inspektorat", bytes(range(32)))
STRANGER = ReaderSecret("inspektorat", bytes(range(1, 33)))


def proposed(founded: Founded, secret: ReaderSecret = SECRET, *, by: str = "admin") -> str:
    """Propose an auditor's key."""
    with founded.act(by) as act:
        return lodging.propose_key(act, f" {secret.reader()}\n").reference


def agreed(founded: Founded, reference: str, secret: ReaderSecret = SECRET, *, by: str = "auditor") -> None:
    """Agree to it."""
    with founded.act(by) as act:
        lodging.set_key(act, reference, public=str(secret.reader()))


def with_key(founded: Founded, secret: ReaderSecret = SECRET) -> None:
    """Set an auditor's key."""
    agreed(founded, proposed(founded, secret), secret)


def lodged(founded: Founded) -> list[LodgedOpenings]:
    """List what was lodged."""
    with founded.bench.reading() as session:
        return list(session.scalars(select(LodgedOpenings).order_by(LodgedOpenings.id)))


def path_of(founded: Founded, one: LodgedOpenings, folder: Path) -> Path:
    """Copy a lodged file out."""
    target = folder / f"{one.file_sha256}.openings"
    files.copy(founded.bench.kit.files, one.file_sha256, target)
    return target


# --- whose key it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "who"), [("operator", "auditor"), ("auditor", "auditor")])
def test_only_an_administrator_names_a_key(founded: Founded, by: str, who: str) -> None:
    """Neither the agency's officers nor the auditor alone."""
    with pytest.raises(RoleMissing):
        proposed(founded, by=by)
    assert who == "auditor"


def test_only_an_auditor_agrees_and_only_to_the_key_at_hand(founded: Founded) -> None:
    """The administrator cannot seal openings to a key of their own, nor exchange it on the way."""
    reference = proposed(founded)
    for by in ("admin", "treasurer"):
        with pytest.raises(RoleMissing):
            agreed(founded, reference, by=by)
    with pytest.raises(rules.AuditorKeyDiffers):
        agreed(founded, reference, STRANGER)
    with pytest.raises(rules.AuditorKeyNotProposed):
        agreed(founded, "KPB-2021-000999-X")
    agreed(founded, reference)
    with pytest.raises(rules.AuditorKeyNotProposed):
        agreed(founded, reference)


def test_what_is_no_key_is_refused(founded: Founded) -> None:
    """A letter wrong, a private key, a log's key: nothing could be read that is sealed to it."""
    for typed in ("", str(SECRET.reader()).replace("inspektorat", "inspektorat2"), SECRET.format()):
        with pytest.raises(rules.AuditorKeyMalformed), founded.act("admin") as act:
            lodging.propose_key(act, typed)


def test_a_new_key_replaces_the_last_of_the_same_auditor(founded: Founded) -> None:
    """And there are at most four auditors, because each costs every payment a file."""
    for secret in (SECRET, STRANGER):
        with_key(founded, secret)
    with founded.bench.reading() as session:
        states = [(each.state, each.public) for each in lodging.keys(session)]
    assert states == [("replaced", str(SECRET.reader())), ("current", str(STRANGER.reader()))]
    for name in ("bpkp", "bpk", "kpk"):
        with_key(founded, ReaderSecret.generate(name))
    with pytest.raises(rules.TooManyAuditors):
        proposed(founded, ReaderSecret.generate("lain"))
    proposed(founded, SECRET)


# --- lodging --------------------------------------------------------------------------------------------------------


def test_without_an_auditor_nothing_is_lodged(founded: Founded) -> None:
    """A key that was proposed and not agreed to is nobody's."""
    proposed(founded)
    delivering.sent(founded.bench, founded, count=2)
    assert lodged(founded) == []


@pytest.mark.parametrize("channel", ["bank", "goods"])
def test_openings_are_lodged_before_the_payment(founded: Founded, tmp_path: Path, channel: str) -> None:
    """In the Act that instructs it: every commitment opens, by the log that a stranger verified."""
    with_key(founded)
    sent = delivering.sent(founded.bench, founded, count=3, channel=channel)
    [one] = lodged(founded)
    register = Register()
    with founded.bench.reading() as session:
        export(session, tmp_path / "log", vkey=str(founded.bench.key.verifier()))
        kinds = list(session.scalars(select(LogEntry.kind).order_by(LogEntry.id)))
    assert kinds.index("OpeningsLodged") < kinds.index("PaymentInstructed")
    trusted = Policy.of_log_key(str(founded.bench.key.verifier()))
    report = verify_log(open_source(str(tmp_path / "log")), now_s=2**40, trusted=trusted, checkers=[Replay(), register])
    assert report.findings == ()
    inspection = Inspection(register, SECRET)
    with path_of(founded, one, tmp_path).open("rb") as file:
        assert inspection.inspect(file) == sent.batch
    assert (inspection.opened, inspection.findings) == (3, [])


def test_the_agency_keeps_what_it_cannot_read(founded: Founded, tmp_path: Path) -> None:
    """A wrong key opens nothing, and a byte changed on the disk is not handed out."""
    with_key(founded)
    delivering.sent(founded.bench, founded, count=1)
    [one] = lodged(founded)
    path = path_of(founded, one, tmp_path)
    with path.open("rb") as file, pytest.raises(SignatureFailed):
        Inspection(Register(), STRANGER).inspect(file)
    folder = founded.bench.kit.files
    stored = folder / one.file_sha256[:2] / one.file_sha256
    stored.write_bytes(stored.read_bytes()[:-1])
    with pytest.raises(FileAltered):
        path_of(founded, one, tmp_path)
    stored.unlink()
    with pytest.raises(FileMissing):
        path_of(founded, one, tmp_path)


def test_each_auditor_has_a_file_of_their_own(founded: Founded) -> None:
    """Two keys, two files; a refused payment leaves none behind in the log."""
    for name in ("inspektorat", "bpkp"):
        with_key(founded, ReaderSecret.generate(name))
    batch, _paid = delivering.approved(founded.bench, founded, count=1)
    with pytest.raises(DomainError), founded.act("approver") as act:
        delivery.instruct(act, batch)
    assert lodged(founded) == []
    with founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    assert len({each.file_sha256 for each in lodged(founded)}) == 2


def test_payment_waits_for_the_disk(founded: Founded) -> None:
    """Where the openings cannot be kept nobody is paid."""
    with_key(founded)
    batch, _paid = delivering.approved(founded.bench, founded, count=1)
    shutil.rmtree(founded.bench.kit.files, ignore_errors=True)
    founded.bench.kit.files.write_bytes(b"no folder")
    with pytest.raises(OSError, match="File exists"), founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    assert delivering.state_of(founded.bench, batch) == "approved"


# --- handing them out -----------------------------------------------------------------------------------------------


def given(act: Act, program: str, auditor: str = "inspektorat") -> list[lodging.Lodged]:
    """Take the openings of today."""
    return lodging.give(act, auditor=auditor, program=program, since=act.on, until=act.on)


def test_openings_are_handed_out_by_a_deed_of_an_auditor(founded: Founded) -> None:
    """Recorded with how many; nobody else takes them, and none that are another's."""
    with_key(founded)
    sent = delivering.sent(founded.bench, founded, count=2)
    with pytest.raises(RoleMissing), founded.act("admin") as act:
        given(act, sent.program)
    for program, auditor in (("LAIN", "inspektorat"), (sent.program, "bpkp")):
        with pytest.raises(rules.OpeningsNotLodged), founded.act("auditor") as act:
            given(act, program, auditor)
    with founded.act("auditor") as act:
        [one] = given(act, sent.program)
    assert one.batch == sent.batch
    with founded.bench.reading() as session:
        last = session.scalars(select(LogEntry.kind).order_by(LogEntry.id.desc()).limit(1)).one()
        assert last == "OpeningsGiven"
        assert session.scalars(select(AuditorKey.state)).all() == ["current"]
