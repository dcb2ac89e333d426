"""Evidence that was carried away: it verifies without us, names nobody, and no byte of it can be changed."""

from __future__ import annotations

import itertools
import json
import random
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from aid_ledger.cli.main import main as aid_ledger
from aid_ledger.demo import setting_up, story
from aid_ledger.disbursement import lodging
from aid_ledger.disbursement.models import Batch, BatchLine
from aid_ledger.log.models import LogEntry
from aid_ledger.oversight import evidence
from aid_ledger.oversight.rules import DaysReversed
from aid_ledger.programs.refusals import ProgramNotFound
from audit.choice import Wish
from audit.cli import main as aid_audit
from tests.builders.lived import Lived
from tests.builders.personal import told_in

FLIPS = 24
WISH = Wish(setting_up.BST, story.SINCE.isoformat(), story.DAY.isoformat())


def exported(lived: Lived, file: Path, wish: Wish = WISH) -> evidence.Exported:
    """Export as the command does."""
    certificate = lived.settings.receipt_root_certificate_file.read_bytes()
    with lived.bench.reading() as session:
        return evidence.export(session, file, wish, vkey=lived.vkey, root_certificate=certificate)


def verified(file: Path, *arguments: str) -> Result:
    """Verify as the inspectorate does."""
    result = CliRunner().invoke(aid_audit, ["verify", str(file), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def contents(file: Path) -> dict[str, bytes]:
    """Unpack all members."""
    with zipfile.ZipFile(file) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_what_cannot_be_chosen_is_not_exported(lived: Lived, tmp_path: Path) -> None:
    """No such programme, days that end before they begin: nothing is written."""
    with pytest.raises(ProgramNotFound):
        exported(lived, tmp_path / "F.zip", Wish("TIDAK-ADA", WISH.since, WISH.until))
    with pytest.raises(DaysReversed):
        exported(lived, tmp_path / "F.zip", Wish(WISH.program, WISH.until, WISH.since))
    assert list(tmp_path.glob("F.zip*")) == []


def test_evidence_verifies_without_us(lived: Lived, tmp_path: Path) -> None:
    """P3, E1: anchored by the key from paper, every rule replayed, every chosen entry proven."""
    file = tmp_path / "F.zip"
    done = exported(lived, file)
    assert 0 < done.chosen < done.size
    assert done.proven == done.chosen + 1
    good = verified(file, "--log-key", lived.vkey)
    assert (good.exit_code, "anchored: yes" in good.output, "result: good" in good.output) == (0, True, True)
    assert "anchored: no" in verified(file).output
    chance = random.Random(7)  # noqa: S311 - places to flip, no secret
    whole, said = file.read_bytes(), contents(file)
    for _ in range(FLIPS):
        raw = bytearray(whole)
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        file.write_bytes(raw)
        # Only what no reader acts upon, such as a member's time, may be bent and pass.
        assert verified(file, "--log-key", lived.vkey).exit_code == 1 or contents(file) == said


def test_evidence_carries_no_person(lived: Lived, tmp_path: Path) -> None:
    """THREATS 18: every member, unpacked, and the file itself: no NIK, telephone, account, name, salt or bare hash."""
    file = tmp_path / "F.zip"
    exported(lived, file)
    members = contents(file)
    assert len(members) > 100
    assert told_in(b"\n".join([*members.values(), "\n".join(members).encode(), file.read_bytes()]), lived) == []


def test_the_same_state_gives_the_same_bytes(lived: Lived, tmp_path: Path) -> None:
    """Two who export compare their files, not their words."""
    for name in ("F.zip", "G.zip"):
        exported(lived, tmp_path / name)
    assert (tmp_path / "F.zip").read_bytes() == (tmp_path / "G.zip").read_bytes()


def test_the_command_says_what_it_wrote(lived: Lived, tmp_path: Path) -> None:
    """At the command line, in a programme that is not there, and in one that is."""
    file = tmp_path / "F.zip"
    command = ["evidence", "export", "--db", lived.settings.engine_url(), "--since", WISH.since, "--until", WISH.until]
    environment = {"AID_LEDGER_VAR": str(lived.settings.var)}
    missing = CliRunner().invoke(aid_ledger, [*command, "--program", "X", "--out", str(file)], env=environment)
    assert missing.exit_code == 3
    result = CliRunner().invoke(aid_ledger, [*command, "--program", WISH.program, "--out", str(file)], env=environment)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, f"evidence: {file}")
    assert verified(file, "--log-key", lived.vkey).exit_code == 0


# --- openings -------------------------------------------------------------------------------------------------------


def test_openings_travel_beside_the_evidence_and_never_in_it(lived: Lived, tmp_path: Path) -> None:
    """THREATS 13, 18: the inspectorate opens every line that was paid by BST; what it prints names nobody."""
    file = tmp_path / "F.zip"
    exported(lived, file)
    with lived.bench.acts.open(lived.stage.cast.actor("pemeriksa"), on=story.DAY) as act:
        given = lodging.give(act, auditor=story.AUDITOR, program=WISH.program, since=story.SINCE, until=story.DAY)
    beside = evidence.put_beside(file, story.AUDITOR, given)
    assert [path.suffix for path in beside] == [".openings"]
    key = lived.settings.var / f"{story.AUDITOR}.key"
    command = ["openings", "check", *map(str, beside), "--key", str(key), "--source", str(file)]
    result = CliRunner().invoke(aid_audit, [*command, "--log-key", lived.vkey])
    assert (result.exit_code, "result: good" in result.output) == (0, True), result.output
    assert told_in(result.output.encode() + beside[0].read_bytes(), lived) == []
    assert all(path.read_bytes() not in contents(file).values() for path in beside)


def test_nothing_in_the_log_is_equal_for_two_lines_of_one_person(lived: Lived) -> None:
    """THREATS 13: over programmes and periods, what the log says of a person's payments has no value in common.

    Lines of one entitlement are one payment, tried again.
    """
    with lived.bench.reading() as session:
        said = public_values(session)
        lines = session.execute(select(BatchLine.id, BatchLine.person_id, BatchLine.entitlement_id)).all()
    of_person: dict[int, dict[int, set[str]]] = {}
    for line, person, entitlement in lines:
        of_person.setdefault(person, {}).setdefault(entitlement, set()).update(said.get(line, set()))
    several = [list(found.values()) for found in of_person.values() if len(found) > 1]
    assert all(each for found in several for each in found)
    assert len(several) > 10
    shared = [one & other for found in several for one, other in itertools.combinations(found, 2)]
    assert [each for each in shared if each] == []
    assert rows_beside_payments(lived) & {"people", "households", "bank_accounts"} == set()


def public_values(session: Session) -> dict[int, set[str]]:
    """Collect, by line, all that the log says of it: commitment, entitlement, digests of its rows."""
    numbers = {
        (reference, number): (line, entitlement)
        for reference, number, line, entitlement in session.execute(
            select(Batch.reference, BatchLine.line_no, BatchLine.id, BatchLine.entitlement_id).join(
                Batch, Batch.id == BatchLine.batch_id
            )
        )
    }
    by_entitlement: dict[str, set[int]] = {}
    for line, entitlement in numbers.values():
        by_entitlement.setdefault(str(entitlement), set()).add(line)
    said: dict[int, set[str]] = {}
    for raw in session.scalars(select(LogEntry.raw)):
        entry = json.loads(bytes(raw))
        for number, _entitlement, _amount, _source, commitment in entry["body"].get("frozen", []):
            said.setdefault(numbers[entry["body"]["batch"], number][0], set()).add(commitment)
        for key, digest in entry["rows"].get("batch_lines", {}).items():
            said.setdefault(int(key), set()).add(digest)
        for key, digest in entry["rows"].get("entitlements", {}).items():
            for line in by_entitlement.get(key, ()):
                said.setdefault(line, set()).add(f"{key} {digest}")
    return said


def rows_beside_payments(lived: Lived) -> set[str]:
    """List the tables whose rows an entry explains together with lines or entitlements."""
    with lived.bench.reading() as session:
        rows = [json.loads(bytes(raw))["rows"] for raw in session.scalars(select(LogEntry.raw))]
    return {table for each in rows if each.keys() & {"batch_lines", "entitlements"} for table in each}
