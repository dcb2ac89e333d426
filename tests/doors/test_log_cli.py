"""The commands that keep the log and check by it: an auditor runs them with a read-only DSN and no key of ours."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aid_ledger.cli.main import main
from aid_ledger.core.act import Acts
from aid_ledger.log.pen import LogPen
from audit.cli import main as audit_main
from audit.note import SigningKey
from tests.builders.funding import received
from tests.builders.officials import Founded
from tests.builders.web import settings_of, shell_of
from tests.rooms.log.forging import by_hand
from tests.rooms.log.writing import define

START_LIMIT_S = 60
"""A busy machine takes seconds to import the product."""


@pytest.fixture
def installation(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Founded:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    shell_of(founded, monkeypatch)
    return founded


def run(*words: str) -> Result:
    """Run a command of the agency."""
    return CliRunner().invoke(main, list(words))


def told(result: Result) -> dict[str, str]:
    """Read the `key: value` lines of a result."""
    return dict(line.split(": ", 1) for line in result.output.splitlines() if ": " in line)


def waiting_deed(founded: Founded, code: str) -> None:
    """Do a deed whose entry waits for the sequencer."""
    acts = Acts(founded.bench.engine, LogPen(), founded.bench.kit)
    acts.run(founded.actor("operator"), define, code)


def test_the_sequencer_orders_seals_and_publishes(installation: Founded) -> None:
    """DESIGN 5: what waits is ordered by the process that holds the key, which also says how the log fares."""
    waiting_deed(installation, "BERAS")
    before = told(run("log", "status"))
    assert before["waiting"] == "1"
    done = told(run("sequencer", "--once"))
    assert done["ordered"] == "1"
    after = told(run("log", "status"))
    assert (after["waiting"], after["sealed"], after["lag_s"]) == ("0", done["size"], "0")


def test_a_running_sequencer_ends_when_it_is_told(installation: Founded) -> None:
    """P7: a service manager stops it by SIGTERM, and it ends between two passes with status 0."""
    waiting_deed(installation, "BERAS")
    code = "import sys; from aid_ledger.cli import main; sys.argv = ['aid-ledger', 'sequencer']; main()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + START_LIMIT_S
        while told(run("log", "status"))["waiting"] != "0":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.terminate()
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert output == "ordered: 1\n"


def test_status_says_who_sequences_and_ends_with_one_when_somebody_should_look(installation: Founded) -> None:
    """U4: a monitor needs the exit status, a person the lines; on PostgreSQL a missing sequencer is an alarm itself."""
    bench = installation.bench
    is_server = bench.engine.dialect.name == "postgresql"
    run("sequencer", "--once")
    waiting_deed(installation, "BERAS")
    late = run("sequencer", "status")
    assert (late.exit_code, told(late)["waiting"]) == (1, "1")
    assert "late" in told(late)["alarm"].split()
    assert bench.sequencer.duty.take() is None
    bench.sequencer.run_once()
    run("sequencer", "--once")
    good = told(run("sequencer", "status"))
    assert good["holder"].startswith("pid ") == is_server
    assert good["sealed"] == good["ordered"]
    assert (good["waiting"], good["lag_s"], good["alarm"]) == ("0", "0", "-")
    bench.sequencer.duty.leave()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True, scope="session")
def test_a_second_sequencer_refuses_one_pass_and_names_the_first(installation: Founded) -> None:
    """F4: nothing is ordered in silence beside another sequencer."""
    waiting_deed(installation, "BERAS")
    assert installation.bench.sequencer.duty.take() is None
    refused = run("sequencer", "--once")
    installation.bench.sequencer.duty.leave()
    assert refused.exit_code == 5
    assert "Pengurut log lain sedang bekerja: pid " in refused.output
    assert told(run("log", "status"))["waiting"] == "1"
    assert run("sequencer", "--once").exit_code == 0


def test_an_export_is_accepted_by_the_inspectors_own_tool(installation: Founded, tmp_path: Path) -> None:
    """P3: the log leaves as files that verify with the key from paper, and not with another."""
    folder = tmp_path / "log"
    assert run("log", "export", str(folder)).exit_code == 0
    vkey = str(installation.bench.key.verifier())
    runner = CliRunner()
    assert runner.invoke(audit_main, ["verify", str(folder), "--log-key", vkey]).exit_code == 0
    stranger = str(SigningKey.generate(installation.bench.key.name).verifier())
    assert runner.invoke(audit_main, ["verify", str(folder), "--log-key", stranger]).exit_code == 1


def test_the_comparison_names_each_difference_and_ends_with_one(installation: Founded) -> None:
    """P3: an honest database ends with 0; a row changed by hand is printed by table, key and sentence."""
    vkey = str(installation.bench.key.verifier())
    run("sequencer", "--once")
    clean = run("audit", "diff", "--log-key", vkey)
    assert (clean.exit_code, told(clean)["differences"]) == (0, "0")
    by_hand(installation.bench, "UPDATE offices SET title = 'Raja' WHERE code = 'KPA'")
    found = run("audit", "diff", "--log-key", vkey)
    assert found.exit_code == 1
    line = found.output.splitlines()[0]
    assert line.startswith("offices ")
    assert line.endswith("the row was changed after the last fact that explains it")


def test_the_comparison_says_whose_key_it_believed(installation: Founded) -> None:
    """THREATS 10: without a pin it takes the key beside the published seal, then the database's own, and says so."""
    unanchored = run("audit", "diff")
    assert told(unanchored)["log_key"] == "from the database itself: not anchored"
    run("sequencer", "--once")
    assert told(run("audit", "diff"))["log_key"].endswith("log.vkey")
    stranger = str(SigningKey.generate(installation.bench.key.name).verifier())
    assert run("audit", "diff", "--log-key", stranger).exit_code == 1
    assert run("audit", "diff", "--log-key", "bukan kunci").exit_code == 2


def test_the_comparison_lists_what_it_leaves_out(installation: Founded) -> None:
    """P3: a table that may change without a fact is named with its reason."""
    left_out = [line for line in run("audit", "diff", "--verbose").output.splitlines() if line.startswith("not_comp")]
    assert any(line.startswith("not_compared: counters: ") for line in left_out)
    assert all(len(line.split(": ", 2)[2]) > 10 for line in left_out)


def test_an_auditor_needs_no_more_than_a_reading_role(installation: Founded) -> None:
    """P5: the comparison runs with a role that may SELECT and nothing else, and with the log's public key."""
    bench = installation.bench
    if bench.engine.dialect.name == "postgresql":
        role = f"pemeriksa_{uuid.uuid4().hex[:8]}"
        by_hand(
            bench,
            f"CREATE ROLE {role} LOGIN",
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
        )
        address = bench.engine.url.set(username=role).render_as_string(hide_password=False)
    else:
        role, address = "", settings_of(installation).database_url
    result = run("audit", "diff", "--log-key", str(bench.key.verifier()), "--db", address)
    if role:
        by_hand(bench, f"DROP OWNED BY {role}", f"DROP ROLE {role}")
    assert (result.exit_code, told(result)["differences"]) == (0, "0"), result.output


def test_the_book_is_checked_against_its_transfers(installation: Founded) -> None:
    """P1: a balance changed by hand is named by the check of the book."""
    source = received(installation.bench, installation, "apbd", amount=1_000)
    clean = run("book", "check")
    assert (clean.exit_code, told(clean)["unbalanced"]) == (0, "0")
    by_hand(installation.bench, "UPDATE balances SET amount = 999 WHERE amount = 1000")
    found = run("book", "check")
    assert (found.exit_code, told(found)["unbalanced"]) == (1, "1")
    assert found.output.startswith(f"{source}/-/received IDR tercatat 999, jumlah perpindahan 1000")
