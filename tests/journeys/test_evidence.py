"""Evidence that was carried away: it verifies without us, names nobody, and no byte of it can be changed."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aid_ledger.cli.main import main as aid_ledger
from aid_ledger.demo import setting_up, story
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
