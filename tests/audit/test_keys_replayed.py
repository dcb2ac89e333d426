"""Who decides on the log's keys, by replay; and `aid-audit` through a rotation, from paper with the old key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from audit.cli import main
from audit.entry import parse_entry
from audit.errors import Finding
from audit.facts.custody import LogKeyTaken
from audit.facts.founding import FoundingClosed, FoundingSigned
from audit.facts.officials import OfficeOpened
from audit.replay import Replay
from tests.audit.agency import term
from tests.audit.rotating import HOUR, NEXT_KEY, THIRD_KEY, THREE, Growing, rotated, vkey
from tests.audit.small_log import LOG_KEY, LOG_VKEY, make_policy

if TYPE_CHECKING:
    from pathlib import Path

NEW = vkey(NEXT_KEY)


def broken(log: Growing) -> list[Finding]:
    """Replay a log and give what its entries break."""
    replay = Replay()
    for index, raw in enumerate(log.entries):
        replay.apply(index, parse_entry(raw))
    replay.finish()
    return list(replay.violations)


def staffed() -> Growing:
    """Give a log with two administrators."""
    log = Growing()
    log.found()
    log.staff()
    return log


def test_one_person_rotates_no_key() -> None:
    """THREATS 11: who proposed a key does not agree to it."""
    log = staffed()
    log.propose(who="siti")
    index = log.announce(who="siti", proposed_by="siti")
    assert broken(log) == [Finding("keys.second", index, "siti agreed to a key of their own")]


def test_who_stands_in_for_the_proposer_rotates_no_key() -> None:
    """THREATS 3 and 11: the Plt of who proposed a key is no second person."""
    log = staffed()
    opened = OfficeOpened(office="OFF-siti", title="Kepala", agency_unit="Kominfo")
    log.say(opened, term("budi", "OFF-siti", acts_for="siti", since=log.at.date(), until=log.at.date()))
    log.propose(who="siti")
    index = log.announce(who="budi", proposed_by="siti")
    assert broken(log) == [Finding("keys.second", index, "budi agreed to a key of their own")]


def test_who_proposed_is_not_made_up() -> None:
    """THREATS 11: naming a colleague as the first of two people makes no two people."""
    log = staffed()
    log.propose(who="budi")
    index = log.announce(who="budi", proposed_by="siti")
    assert broken(log) == [Finding("keys.proposed", index, "siti did not propose this key")]
    log = staffed()
    index = log.announce(who="budi", proposed_by="siti")
    assert broken(log) == [Finding("keys.proposed", index, "siti did not propose this key")]


def test_only_administrators_decide_on_keys() -> None:
    """THREATS 11: proposing, agreeing and withdrawing are deeds of a role."""
    log = staffed()
    first = log.propose(who="joko")
    second = log.announce(who="tuti", proposed_by="joko")
    assert broken(log) == [
        Finding("authority.role", first, "joko did LogKeyProposed without admin"),
        Finding("authority.role", second, "tuti did LogKeyAnnounced without admin"),
    ]
    log = staffed()
    log.propose()
    index = log.withdraw(who="joko")
    assert broken(log) == [Finding("authority.role", index, "joko did LogKeyWithdrawn without admin")]


def test_a_key_is_decided_on_once() -> None:
    """THREATS 11: a second proposal would be a second chance; what was never proposed cannot be given up."""
    log = staffed()
    log.propose()
    again = log.propose(who="budi")
    other = log.withdraw(THIRD_KEY)
    assert broken(log) == [
        Finding("keys.proposed", again, f"{NEW} was proposed before"),
        Finding("keys.proposed", other, f"{vkey(THIRD_KEY)} was never proposed"),
    ]


@pytest.mark.parametrize("who", ["siti", ""])
def test_a_key_is_taken_by_nobody(who: str) -> None:
    """THREATS 11: two people decided and time passed; who takes it by hand skips one of them."""
    log = staffed()
    log.propose()
    log.announce()
    seal = log.seal()
    log.at += 73 * HOUR
    index = log.say(LogKeyTaken(old=LOG_VKEY, new=NEW, seen=seal, kept=seal), who=who)
    expected = [Finding("authority.by_hand", index, "siti did LogKeyTaken, which nobody does by hand")] if who else []
    assert broken(log) == expected


def run(*words: object) -> Result:
    """Run the verifier."""
    return CliRunner().invoke(main, [str(each) for each in words])


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """Give last year's policy: the old key and three of four witnesses."""
    place = tmp_path / "policy.txt"
    place.write_bytes(make_policy())
    return place


def test_the_verifier_follows_the_log_to_its_new_key(tmp_path: Path, paper: Path) -> None:
    """THREATS 11: with the old key from paper, every byte and rule, down to a checkpoint by the new one."""
    log, _ = rotated(*THREE)
    folder = log.files(*THREE).save(tmp_path / "log")
    result = run("verify", folder, "--policy", paper)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "result: good"), result.output
    assert f"log_key: {NEW}" in result.output


def test_keys_are_printed_as_lines_of_a_policy(tmp_path: Path, paper: Path) -> None:
    """K1: what an inspector adds to the paper, so that receipts and proofs are judged by the key of their day."""
    log, taken = rotated(*THREE)
    folder = log.files(*THREE).save(tmp_path / "log")
    old_id, new_id = (each.verifier().key_id.hex() for each in (LOG_KEY, NEXT_KEY))
    printed = (
        f"log {LOG_VKEY} https://ledger.example/log/\n#range {old_id} 0-{taken}\n"
        f"log {NEW}\n#range {new_id} {taken + 1}-\n"
    )
    result = run("keys", folder, "--policy", paper)
    assert (result.exit_code, result.output) == (0, printed)
    assert run("keys", folder).output == "# anchored: no\n" + printed.replace(" https://ledger.example/log/", "")
    renewed = tmp_path / "renewed.txt"
    renewed.write_text(printed + "".join(paper.read_text().splitlines(keepends=True)[1:]))
    assert run("verify", folder, "--policy", renewed, "--log-key", LOG_VKEY).exit_code == 0
    retired = log.files(*THREE, by=LOG_KEY).save(tmp_path / "retired")
    result = run("verify", retired, "--policy", renewed)
    assert (result.exit_code, f"first_bad_index: {taken}\nrule: policy.range" in result.output) == (1, True)


def test_no_keys_are_printed_of_a_bad_log(tmp_path: Path, paper: Path) -> None:
    """THREATS 11: a forged rotation never becomes a line that somebody pastes."""
    log, taken = rotated()
    folder = log.files(*THREE).save(tmp_path / "log")
    result = run("keys", folder, "--policy", paper)
    assert result.exit_code == 1
    assert f"first_bad_index: {taken}\nrule: keys.quorum" in result.output
    assert not result.output.startswith("log ")


def test_founders_decide_until_the_founding_is_closed() -> None:
    """While the founding is open its two people hold every power, and afterwards only what they were granted."""
    log = Growing()
    log.found()
    log.propose(who="siti")
    log.announce(who="budi")
    assert broken(log) == []
    log.say(FoundingSigned(official="siti"))
    log.say(FoundingSigned(official="budi"), FoundingClosed(founders=("budi", "siti")), who="budi")
    index = log.withdraw()
    assert broken(log) == [Finding("authority.role", index, "siti did LogKeyWithdrawn without admin")]
