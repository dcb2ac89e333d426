"""The command line: naming is not authenticating, and the founding leaves keys that only their owner can read."""

from __future__ import annotations

import json
import stat
import uuid
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from aid_ledger import app as composition
from aid_ledger.cli import door, keymaking
from aid_ledger.cli.main import Commands, main
from aid_ledger.core.db import make_engine, reading
from aid_ledger.core.roles import Role
from aid_ledger.log.models import LogEntry
from aid_ledger.log.queries import entry_at, newest_checkpoint
from aid_ledger.officials import service
from aid_ledger.officials.models import SignInSession
from aid_ledger.receipts.signing import KeySigner
from aid_ledger.settings import Environment, Process, Settings
from tests import postgres
from tests.builders.officials import PASSWORD, Founded
from tests.builders.web import shell_of

FOUNDERS = (
    *("--founder", "sekda;Sari Pendiri;Sekretariat Daerah;SEKDA;Sekretaris Daerah;821.2/Kep.01/2021"),
    *("--founder", "kadinsos;Budi Pendiri;Dinas Sosial;KADINSOS;Kepala Dinas Sosial;821.2/Kep.02/2021"),
)
INIT = ("init", "--agency", "32.16", "--name", "Pemerintah Kabupaten Contoh", *FOUNDERS)


@click.group(cls=Commands)
def commands() -> None:
    """Stand for the commands of the rooms."""


@commands.command()
@click.argument("login")
@door.as_official(Role.ADMIN)
def enrol(clerk: door.Clerk, login: str) -> None:
    """Enrol a person: any write will do."""
    clerk.act(service.enrol_official, login=login, name="Baru", agency_unit="Dinas Sosial")
    with clerk.read() as session:
        open_sessions = session.scalar(select(func.count()).select_from(SignInSession))
    click.echo(f"terdaftar oleh {clerk.official.login}, sesi {open_sessions}")


@pytest.fixture
def environ(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Founded:
    """Point the environment of this process at a founded bench, as a shell user's is."""
    shell_of(founded, monkeypatch)
    return founded


def run(*words: str, typed: str = "") -> Result:
    """Run a command with what is typed at it."""
    return CliRunner().invoke(commands, list(words), input=typed)


def count(founded: Founded) -> int:
    """Count the entries of the log."""
    with founded.bench.reading() as session:
        return session.scalar(select(func.count()).select_from(LogEntry)) or 0


def test_a_command_without_a_name_is_refused(environ: Founded) -> None:
    """THREATS 1: nobody acts as nobody."""
    assert run("enrol", "baru").exit_code == 2


@pytest.mark.parametrize("typed", ["", "\n\n", f"{PASSWORD}\n", f"{PASSWORD}\n000000\n", "salah sama sekali\n000000\n"])
def test_a_shell_user_without_secrets_writes_nothing(environ: Founded, typed: str) -> None:
    """THREATS 1: `--as LOGIN` asks for password and code like the web; a wrong code leaves only its refusal."""
    before = count(environ)
    answer = run("enrol", "baru", "--as", "admin", typed=typed)
    assert answer.exit_code in {2, 4}
    assert "terdaftar" not in answer.output
    assert count(environ) - before == (1 if typed.startswith(PASSWORD) else 0)


def test_secrets_in_the_environment_are_not_taken(environ: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheat of convenience: a password in a variable is in every process list; it is an unknown setting."""
    monkeypatch.setenv("AID_LEDGER_PASSWORD", PASSWORD)
    answer = run("enrol", "baru", "--as", "admin")
    assert answer.exit_code == 7
    assert "AID_LEDGER_PASSWORD" in answer.output


def test_with_both_secrets_the_deed_is_done_through_this_door(environ: Founded) -> None:
    """The control: the facts say `cli`, and the session ends with the command."""
    before = count(environ)
    answer = run("enrol", "baru", "--as", "admin", typed=f"{PASSWORD}\n{environ.code('admin')}\n")
    assert answer.exit_code == 0, answer.output
    assert "terdaftar oleh admin" in answer.output
    environ.bench.sequencer.run_once()
    with environ.bench.reading() as session:
        made = [json.loads(entry_at(session, position).raw) for position in range(before, count(environ))]
    assert [entry["kind"] for entry in made] == ["SignedIn", "OfficialEnrolled"]
    assert {entry["actor"]["door"] for entry in made} == {"cli"}
    assert {entry["actor"]["office"] for entry in made} == {"ADMIN_KOMINFO"}


def test_a_code_serves_one_command(environ: Founded) -> None:
    """Law P2: what signed in once is spent."""
    typed = f"{PASSWORD}\n{environ.code('admin')}\n"
    assert run("enrol", "satu", "--as", "admin", typed=typed).exit_code == 0
    again = run("enrol", "dua", "--as", "admin", typed=typed)
    assert (again.exit_code, "code.wrong" in again.output) == (2, True)


@pytest.mark.parametrize("login", ["operator", "auditor", "sekda2"])
def test_a_command_is_for_its_roles(environ: Founded, login: str) -> None:
    """THREATS 19: the same table as the web's; a name that does not exist reads like a wrong password."""
    code = environ.code(login) if login in environ.people else "000000"
    answer = run("enrol", "baru", "--as", login, typed=f"{PASSWORD}\n{code}\n")
    assert answer.exit_code == 4
    assert ("guard.role_needed" if login in environ.people else "sign_in.refused") in answer.output


def test_a_command_for_an_official_names_its_roles() -> None:
    """Law: deny by default at this door too."""
    with pytest.raises(RuntimeError):
        door.as_official()


# --- init -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give an empty place to found an agency in, on the embedded database."""
    monkeypatch.setenv("AID_LEDGER_ENV", "demo")
    monkeypatch.setenv("AID_LEDGER_VAR", str(tmp_path / "var"))
    monkeypatch.delenv("AID_LEDGER_DATABASE_URL", raising=False)
    monkeypatch.delenv("AID_LEDGER_ORIGIN", raising=False)
    return Settings.from_env()


def found(*words: str, typed: str = "") -> Result:
    """Run `aid-ledger init`."""
    return CliRunner().invoke(main, list(words) or list(INIT), input=typed)


def test_init_leaves_an_agency_that_can_open(place: Settings) -> None:
    """The whole of it: keys 0600, the genesis pinned to them, codes loaded, one seal, two links, a root to carry."""
    answer = found()
    assert answer.exit_code == 0, answer.output
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.keys_folder.iterdir()}
    assert set(modes.values()) == {0o600}
    names = {
        "field-keys.json",
        "log.skey",
        "receipt-root.pem",
        "receipt-signing.pem",
        "receipt-stamp.pem",
        "session.key",
    }
    assert set(modes) == names
    assert stat.S_IMODE(place.keys_folder.stat().st_mode) == 0o700

    office = composition.open_office(place)
    assert office.sequencer is not None
    with reading(office.engine) as session:
        genesis = json.loads(entry_at(session, 0).raw)["body"]
        newest = newest_checkpoint(session)
    office.engine.dispose()
    assert newest is not None
    assert f"log_vkey: {genesis['log_vkey']}" in answer.output
    keys = keymaking.make_or_take_up(place, agency="tidak dipakai", origin=genesis["origin"])
    assert genesis["receipt_root"] == keys.root_digest
    assert (genesis["practice"], genesis["custody"]) == (1, "single-host")
    assert answer.output.count("/masuk/mulai?token=") == 2
    assert "shred" in answer.output
    pem = place.receipt_signing_file.read_bytes()
    assert KeySigner.load(pem, pem).certificate.issuer == keys.root.subject


def test_a_second_init_is_refused_and_changes_nothing(place: Settings) -> None:
    """Cheat: begin the log again under other founders."""
    found()
    before = {path: path.read_bytes() for path in place.keys_folder.iterdir()}
    answer = found()
    assert (answer.exit_code, "agency.exists" in answer.output) == (5, True)
    assert {path: path.read_bytes() for path in place.keys_folder.iterdir()} == before


def test_a_crash_between_keys_and_genesis_is_taken_up(place: Settings) -> None:
    """Law P7: keys without an agency are the same keys at the next run."""
    keys = keymaking.make_or_take_up(place, agency="Pemerintah Kabupaten Contoh", origin=place.origin)
    answer = found()
    assert answer.exit_code == 0
    assert f"log_vkey: {keys.log.verifier()}" in answer.output


def test_init_asks_for_what_was_not_given(place: Settings) -> None:
    """The interactive way: agency, name, then six questions for each founder."""
    people = (
        "sekda\nSari\nSetda\nSEKDA\nSekretaris Daerah\nSK.1\n",
        "kadin\nBudi\nDinsos\nKADIN\nKepala Dinas\nSK.2\n",
    )
    answer = found("init", typed="32.75\nPemerintah Kota Contoh\n" + "".join(people))
    assert answer.exit_code == 0, answer.output
    assert "regions: 70" in answer.output


@pytest.mark.parametrize(
    "founders", [("--founder", "a;b"), ("--founder", "a;b;c;d;e;f"), (*FOUNDERS[:2], *FOUNDERS[:2])]
)
def test_a_founding_by_one_is_refused(place: Settings, founders: tuple[str, ...]) -> None:
    """Cheat: one founder, or the same one twice."""
    answer = found("init", "--agency", "32.16", "--name", "X", *founders)
    assert answer.exit_code == 2
    assert "founding." in answer.output


def test_the_embedded_database_does_not_boast_of_separate_keys(place: Settings) -> None:
    """Cheat 12: the first entry says that the log's key is kept apart, where the web process signs with it."""
    answer = found(*INIT, "--custody", "separate")
    assert (answer.exit_code, "founding.custody_untrue" in answer.output) == (2, True)
    assert not place.keys_folder.exists()


@pytest.mark.parametrize(
    ("words", "typed", "custody"),
    [
        (("--custody", "separate"), "", "separate"),
        ((), "separate\n", "separate"),
        ((), "\n", "single-host"),
    ],
)
def test_a_server_says_in_its_first_entry_where_the_keys_are(
    place: Settings, words: tuple[str, ...], typed: str, custody: str
) -> None:
    """THREATS 12: on PostgreSQL either can be true; whoever founds says which, and saying nothing promises nothing."""
    name = f"founding_{uuid.uuid4().hex[:12]}"
    url = postgres.create_database(name)
    try:
        answer = found(*INIT, "--db", url, *words, typed=typed)
        assert answer.exit_code == 0, answer.output
        engine = make_engine(url)
        with reading(engine) as session:
            assert json.loads(entry_at(session, 0).raw)["body"]["custody"] == custody
        engine.dispose()
    finally:
        postgres.drop_database(name)
    # Whatever was said, the web process of a server that can read the log's key does not start.
    live = replace(place, environment=Environment.PRODUCTION, database_url=url)
    assert any("sequencer's own user" in each for each in live.production_faults(Process.WEB))


def test_production_needs_a_permanent_name(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """THREATS 12: no default origin outside practice."""
    monkeypatch.setenv("AID_LEDGER_ENV", "production")
    answer = found()
    assert (answer.exit_code, "founding.origin_missing" in answer.output) == (2, True)
    assert not place.keys_folder.exists()


def test_production_refuses_a_practice_log_and_a_root_left_behind(place: Settings) -> None:
    """THREATS 12: each misconfiguration fails the start with its sentence."""
    found()
    live = Settings(
        environment=Environment.PRODUCTION,
        var=place.var,
        origin="bansos.bekasikab.go.id/log",
        base_url="https://bansos.bekasikab.go.id",
    )
    with pytest.raises(composition.StartRefused) as refused:
        composition.open_office(live, Process.WEB)
    assert "began as demo" in str(refused.value)
    assert "root key" in str(refused.value)


def test_an_unfounded_database_does_not_start(place: Settings) -> None:
    """Law: nothing acts before the genesis."""
    with pytest.raises(composition.StartRefused, match="init"):
        composition.create_app(place)
