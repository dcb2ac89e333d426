"""`aid-ledger witnesses`: an administrator adds, anybody at the host asks, a refusal has an exit status of its own."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from aid_ledger import app as composition
from aid_ledger import jobs
from aid_ledger.cli.main import main
from aid_ledger.core.jobs.chores import Chores
from aid_ledger.log import witnessing
from aid_ledger.log.calling import Reply
from tests.builders import witnesses as builders
from tests.builders.officials import Founded
from tests.builders.web import settings_of, shell_of

DEAD = "http://127.0.0.1:9"


@pytest.fixture
def installation(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Founded:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    shell_of(founded, monkeypatch)
    return founded


def run(*words: str, typed: str = "") -> Result:
    """Run a command of the agency."""
    return CliRunner().invoke(main, ["witnesses", *words], input=typed)


def add(founded: Founded, login: str, name: str, vkey: str, url: str) -> Result:
    """Add a witness as somebody with their password and code."""
    person = founded.people[login]
    return run("add", name, vkey, url, "--as", login, typed=f"{person.password}\n{person.code()}\n")


def test_only_an_administrator_adds_a_witness(installation: Founded) -> None:
    """THREATS 1: it is a deed with a name; who is not an administrator adds nobody."""
    vkey = str(builders.key_of("kpk").verifier(4))
    assert add(installation, "operator", "kpk", vkey, DEAD).exit_code == 4
    assert "cosigned: 0 of 0" in run("list").output
    assert add(installation, "admin", "kpk", vkey, DEAD).exit_code == 0
    assert "kpk size=0 cosigned_at=- fault=- alarm=-" in run("list").output


def test_a_witness_is_asked_and_listed(installation: Founded) -> None:
    """It cosigns: 0. It is gone: 1, and the row says so. It is unknown: 3."""
    with builders.watching(installation.bench) as witness:
        assert add(installation, "admin", "kpk", str(witness.vkey), witness.url).exit_code == 0
        installation.bench.sequencer.run_once()
        asked = run("submit")
        assert (asked.exit_code, asked.output) == (0, f"kpk size={witness.size} cosigned\n")
        assert "cosigned: 1 of 1\nquorum: 1" in run("list").output
    gone = run("submit", "kpk")
    assert (gone.exit_code, "no_answer" in gone.output) == (1, True)
    assert run("submit", "bpkp").exit_code == 3


def test_a_refusal_is_told_apart(installation: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """F1: exit status 5, so that a service manager can raise the alarm; the list shows it for good."""
    add(installation, "admin", "kpk", str(builders.key_of("kpk").verifier(4)), DEAD)
    installation.bench.sequencer.run_once()

    def refuse(_address: str, _body: bytes) -> Reply:
        return Reply(422, "text/plain", b"")

    engine = installation.bench.engine
    witnessing.submit(engine, post=refuse)
    assert "alarm=refused" in run("list").output
    run("submit")
    assert "alarm=refused" in run("list").output
    monkeypatch.setattr(witnessing.submit, "__kwdefaults__", {"post": refuse})
    assert run("submit").exit_code == 5


def test_the_worker_asks_unasked(installation: Founded) -> None:
    """THREATS 4: what a worker does at its turns includes the witnesses; nobody has to remember them."""
    with builders.watching(installation.bench) as witness:
        assert add(installation, "admin", "kpk", str(witness.vkey), witness.url).exit_code == 0
        size = installation.bench.sequencer.run_once().size
        office = composition.open_office(settings_of(installation))
        Chores(jobs.registry(office).chores).turn()
        office.engine.dispose()
        assert witness.size == size
