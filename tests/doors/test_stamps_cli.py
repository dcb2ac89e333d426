"""`aid-ledger stamps`: made where receipts are, named where the root's key is, recorded by an administrator."""

from __future__ import annotations

import datetime as dt
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec

from aid_ledger.cli.main import main
from aid_ledger.core import clock, keyfiles
from aid_ledger.core.clock import FrozenClock
from aid_ledger.core.keyfiles import KeyFileFault
from aid_ledger.receipts import certificates
from aid_ledger.receipts.stamping import StampKey
from aid_ledger.settings import Settings
from tests.builders import receipt_keys
from tests.builders.officials import Founded
from tests.builders.web import shell_of

TODAY = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)
FIRST = receipt_keys.stamp_key().named


@pytest.fixture
def still() -> Iterator[FrozenClock]:
    """Let the clock stand still."""
    with clock.frozen(TODAY) as frozen:
        yield frozen


@pytest.fixture
def settings(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    found = shell_of(founded, monkeypatch)
    founded.bench.sequencer.run_once()
    return found


def run(*words: object, typed: str = "") -> Result:
    """Run a command."""
    return CliRunner().invoke(main, ["stamps", *(str(each) for each in words)], input=typed)


def signed_in(still: FrozenClock, founded: Founded, login: str, *words: object) -> Result:
    """Run a command as somebody with their password and a code of their own."""
    still.advance(seconds=90)
    person = founded.people[login]
    return run(*words, "--as", login, typed=f"{person.password}\n{person.code()}\n")


def root_file(place: Path) -> Path:
    """Put the root's key where it would lie offline."""
    old = receipt_keys.root()
    keyfiles.write_private(place / "root.pem", certificates.to_pem(old.key) + receipt_keys.root_pem())
    return place / "root.pem"


def test_a_key_is_named_from_end_to_end(
    founded: Founded, settings: Settings, still: FrozenClock, tmp_path: Path
) -> None:
    """Made, signed offline, recorded, listed, withdrawn; the private file is its owner's alone."""
    made = run("make", tmp_path / "new.pem")
    key = made.output.split("stamp_key: ")[1].strip()
    assert stat.S_IMODE((tmp_path / "new.pem").stat().st_mode) == 0o600
    assert StampKey.load(tmp_path / "new.pem").named == key
    signed = run(
        "sign", "--origin", settings.origin, "--root", root_file(tmp_path), "--key", key, "--out", tmp_path / "word.txt"
    )
    assert signed.exit_code == 0, signed.output
    assert run("list").output.splitlines() == [f"{FIRST} berlaku"]
    assert signed_in(still, founded, "treasurer", "name", tmp_path / "word.txt").exit_code == 4
    named = signed_in(still, founded, "admin", "name", tmp_path / "word.txt")
    assert f"named: {key}" in named.output, named.output
    founded.bench.sequencer.run_once()
    assert run("list").output.splitlines() == [f"{FIRST} berlaku", f"{key} berlaku"]
    gone = signed_in(still, founded, "admin", "withdraw", FIRST, "--reason", "Kuncinya tersalin")
    assert f"withdrawn: {FIRST}" in gone.output, gone.output
    assert run("list").output.splitlines() == [f"{FIRST} dicabut", f"{key} berlaku"]


def test_what_is_no_key_is_not_named(settings: Settings, tmp_path: Path) -> None:
    """Mistyped, too short, or signed by something that is no root."""
    asked = ("sign", "--origin", settings.origin, "--out", tmp_path / "word.txt")
    root = root_file(tmp_path)
    for typed in ("*", "AAAA"):
        assert "44 huruf base64" in run(*asked, "--root", root, "--key", typed).output
    pem = certificates.to_pem(ec.generate_private_key(ec.SECP256R1()))
    keyfiles.write_private(tmp_path / "other.pem", pem)
    assert "kunci RSA" in run(*asked, "--root", tmp_path / "other.pem", "--key", FIRST).output
    with pytest.raises(KeyFileFault, match="holds no Ed25519 key"):
        StampKey.load(tmp_path / "other.pem")
    assert not (tmp_path / "word.txt").exists()
