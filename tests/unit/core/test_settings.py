"""Settings: what is misspelt is refused, and what must not serve real people says so in a sentence."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import pytest

from aid_ledger.settings import DEMO_ORIGIN, Environment, Process, Settings, SettingsFault
from audit.keys import WAIT

POSTGRESQL = "postgresql+psycopg://ledger:hunter2@db/ledger"


@pytest.fixture
def sound(tmp_path: Path) -> Settings:
    """Give a production installation without a fault, keys in place and the log's key elsewhere."""
    settings = Settings.from_env(
        {
            "AID_LEDGER_VAR": str(tmp_path),
            "AID_LEDGER_ORIGIN": "bansos.bekasikab.go.id/log",
            "AID_LEDGER_BASE_URL": "https://bansos.bekasikab.go.id/",
            "AID_LEDGER_DATABASE_URL": POSTGRESQL,
        }
    )
    settings.keys_folder.mkdir(mode=0o700)
    for path in (settings.field_keys_file, settings.receipt_signing_file, settings.session_key_file):
        path.touch(mode=0o600)
    return settings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ENV", "prod"),
        ("DATABASE_URL", "mysql://db/ledger"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_POOLER", "session"),
        ("ORIGIN", "https://kota.go.id/log"),
        ("ORIGIN", "Kota.go.id"),
        ("ORIGIN", "kota.go.id/log\nx"),
        ("ORIGIN", "localhost"),
        ("BASE_URL", "bansos.kota.go.id"),
        ("BASE_URL", "ftp://kota.go.id"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://kota.go.id/?a=1"),
        ("BASE_URL", "https://kota.go.id/#a"),
        ("TIMESTAMP_URL", "tsa.example"),
        ("TIMESTAMP_URL", "ftp://tsa.example"),
        ("TIMEZONE", "Asia/Bekasi"),
        ("TIMEZONE", "../../etc/passwd"),
        ("TIMEZONE", "Asia"),
        ("DATABSE_URL", POSTGRESQL),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(name: str, text: str) -> None:
    """Law P7: a misspelt setting is no setting; the message names the variable and never quotes a password."""
    with pytest.raises(SettingsFault, match=f"AID_LEDGER_{name}") as refused:
        Settings.from_env({f"AID_LEDGER_{name}": text})

    assert "hunter2" not in str(refused.value)


def test_an_empty_environment_is_production() -> None:
    """Law: what nobody chose is the one that refuses to serve."""
    settings = Settings.from_env({"HOME": "/root", "AID_LEDGER_ENV": "", "AID_LEDGER_VAR": ""})

    assert settings.is_production
    assert settings.is_sqlite
    assert settings.engine_url() == f"sqlite:///{Path.cwd()}/var/aid-ledger.sqlite"
    assert (settings.base_url, settings.timezone, settings.origin) == ("http://127.0.0.1:8000", "Asia/Jakarta", "")
    assert settings.session_key_file == Path.cwd() / "var" / "keys" / "session.key"
    assert len(settings.production_faults()) == 3


@pytest.mark.parametrize("name", ["development", "demo", "test"])
def test_practice_runs_with_nothing_set(name: str) -> None:
    """Law: practice needs no setting, and its log says by its name that it is practice."""
    settings = Settings.from_env({"AID_LEDGER_ENV": name})

    assert settings.environment is Environment(name)
    assert settings.origin == DEMO_ORIGIN
    assert settings.production_faults(genesis_environment="demo") == []


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_a_database_address_names_its_driver_and_stays_unseen(scheme: str) -> None:
    """Law P6: no repr of the settings shows the database's password."""
    settings = Settings.from_env({"AID_LEDGER_DATABASE_URL": f"{scheme}://ledger:hunter2@db/ledger"})

    assert settings.engine_url() == POSTGRESQL
    assert not settings.is_sqlite
    assert "hunter2" not in repr(settings)


def test_every_path_can_be_told() -> None:
    """Law: all keys in one folder outside the database; only the session key may lie elsewhere."""
    settings = Settings.from_env(
        {
            "AID_LEDGER_VAR": "/srv/ledger",
            "AID_LEDGER_SECRET_KEY_FILE": "/run/secrets/session",
            "AID_LEDGER_DATABASE_URL": "sqlite:////srv/other.sqlite",
            "AID_LEDGER_TIMEZONE": "Asia/Jayapura",
            "AID_LEDGER_TIMESTAMP_URL": "http://tsa.example/rfc3161/",
        }
    )

    assert [
        str(path.relative_to("/srv/ledger/keys"))
        for path in (
            settings.field_keys_file,
            settings.log_key_file,
            settings.receipt_signing_file,
            settings.receipt_root_file,
        )
    ] == ["field-keys.json", "log.skey", "receipt-signing.pem", "receipt-root.pem"]
    assert settings.session_key_file == Path("/run/secrets/session")
    assert (settings.engine_url(), settings.is_sqlite) == ("sqlite:////srv/other.sqlite", True)
    assert (settings.timezone, settings.timestamp_url) == ("Asia/Jayapura", "http://tsa.example/rfc3161")
    assert settings.timestamp_authority_file == Path("/srv/ledger/timestamp-authority.pem")
    assert Settings.from_env(settings.child_environment({})) == settings


def test_the_environment_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a variable set before the start counts, whenever this file was imported."""
    monkeypatch.setenv("AID_LEDGER_ENV", "demo")

    assert Settings.from_env().environment is Environment.DEMO
    assert os.environ["AID_LEDGER_ENV"] == "demo"


@pytest.mark.parametrize("process", Process)
def test_a_sound_installation_has_no_fault(sound: Settings, process: Process) -> None:
    """Law 12: every process starts where nothing is wrong, before and after the log began."""
    assert sound.production_faults(process) == []
    assert sound.production_faults(process, genesis_environment="production") == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"origin": ""}, "AID_LEDGER_ORIGIN is empty"),
        ({"timestamp_url": "http://tsa.example"}, "AID_LEDGER_TIMESTAMP_URL needs that authority's certificate"),
        ({"origin": DEMO_ORIGIN}, "one for practice"),
        ({"origin": "bekasi.contoh.id/log"}, "one for practice"),
        ({"origin": "kota.go.id/latihan"}, "one for practice"),
        ({"base_url": "http://bansos.kota.go.id"}, "by https only"),
        ({"new_factor_wait": dt.timedelta(hours=71)}, "NEW_FACTOR_WAIT_HOURS is below 72"),
        ({"secret_key_file": Path("/nowhere/session.key")}, "session.key is missing: run aid-ledger init"),
    ],
)
def test_each_wrong_setting_says_its_sentence(sound: Settings, change: dict[str, object], sentence: str) -> None:
    """Law 12: each misconfiguration fails the start with its sentence, and with no other."""
    (fault,) = replace(sound, **change).production_faults()  # type: ignore[arg-type]

    assert sentence in fault


@pytest.mark.parametrize("began", ["demo", "development", "test"])
def test_a_demo_never_becomes_production(sound: Settings, began: str) -> None:
    """Cheat 12: a log whose founders were invented serves real people."""
    (fault,) = sound.production_faults(genesis_environment=began)

    assert f"began as {began}" in fault


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
@pytest.mark.parametrize("name", ["field_keys_file", "receipt_signing_file", "session_key_file"])
def test_a_key_others_can_read_stops_the_start(sound: Settings, name: str, mode: int) -> None:
    """Cheat 12: a key the web server's group can read."""
    path = getattr(sound, name)
    path.chmod(mode)
    (fault,) = sound.production_faults()

    assert str(path) in fault
    assert "chmod 600" in fault


@pytest.mark.parametrize("process", Process)
def test_an_announced_key_left_readable_stops_the_start(sound: Settings, process: Process) -> None:
    """Cheat 12: who copies the next key during its 72 hours signs the log from then on."""
    elsewhere = replace(sound, database_url="")
    sound.log_next_key_file.touch(mode=0o600)
    sound.log_next_key_file.chmod(0o640)
    (fault,) = elsewhere.production_faults(process)

    assert fault == (
        f"The key file {sound.log_next_key_file} is readable by other users: run chmod 600 on it and replace its key."
    )


@pytest.mark.parametrize("text", ["71", "0", "-1", "1000", "drei"])
def test_the_wait_for_a_new_log_key_is_only_lengthened(text: str) -> None:
    """Cheat 11: 72 hours are what every verifier asks for."""
    with pytest.raises(SettingsFault, match="it may be 72 to 720"):
        Settings.from_env({"AID_LEDGER_LOG_KEY_WAIT_HOURS": text})
    assert Settings.from_env({"AID_LEDGER_LOG_KEY_WAIT_HOURS": "96"}).log_key_wait == dt.timedelta(hours=96)
    assert Settings.from_env({}).log_key_wait == WAIT


def test_an_open_folder_of_keys_stops_the_start(sound: Settings) -> None:
    """Cheat 12: who may write the folder may replace the keys."""
    sound.keys_folder.chmod(0o755)
    (fault,) = sound.production_faults()

    assert "chmod 700" in fault


@pytest.mark.parametrize("process", Process)
def test_the_root_key_of_receipts_is_not_kept_here(sound: Settings, process: Process) -> None:
    """Cheat 12: whoever takes the host takes the receipts' root as well."""
    sound.receipt_root_file.touch(mode=0o600)
    (fault,) = sound.production_faults(process)

    assert "keep it offline" in fault


@pytest.mark.parametrize("name", ["log_key_file", "log_next_key_file"])
def test_the_web_process_cannot_read_the_logs_key(sound: Settings, name: str) -> None:
    """Cheat 12: who breaks into the web signs a forked log; the embedded database is the documented exception."""
    getattr(sound, name).touch(mode=0o600)

    (fault,) = sound.production_faults(Process.WEB)
    assert "sequencer's own user" in fault
    assert sound.production_faults(Process.SEQUENCER) == []
    assert replace(sound, database_url="").production_faults(Process.WEB) == []
