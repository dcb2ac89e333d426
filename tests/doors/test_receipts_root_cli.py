"""`aid-ledger receipts-root`: offline where the root keys are, then by two administrators, then seen by everybody."""

from __future__ import annotations

import datetime as dt
import shutil
import stat
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aid_ledger.cli.main import main
from aid_ledger.core import clock, keyfiles
from aid_ledger.core.clock import FrozenClock
from aid_ledger.custody.queries import hex_of
from aid_ledger.receipts import certificates
from aid_ledger.settings import Settings
from tests.builders import receipt_keys
from tests.builders.officials import Founded
from tests.builders.web import running_app, shell_of

TODAY = dt.datetime(2026, 11, 29, 3, 0, tzinfo=dt.UTC)


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


@pytest.fixture
def safe(tmp_path: Path) -> Path:
    """Give the machine where the old root's key lies."""
    place = tmp_path / "safe"
    place.mkdir()
    old = receipt_keys.root()
    keyfiles.write_private(place / "old.pem", certificates.to_pem(old.key) + receipt_keys.root_pem())
    return place


def run(*words: object, typed: str = "") -> Result:
    """Run a command."""
    return CliRunner().invoke(main, ["receipts-root", *(str(each) for each in words)], input=typed)


def signed_in(still: FrozenClock, founded: Founded, login: str, *words: object) -> Result:
    """Run a command as somebody with their password and a code of their own."""
    still.advance(seconds=90)
    person = founded.people[login]
    return run(*words, "--as", login, typed=f"{person.password}\n{person.code()}\n")


def said(result: Result) -> dict[str, str]:
    """Read the printed lines."""
    assert result.exit_code == 0, result.output
    return dict(line.split(": ", 1) for line in result.output.splitlines() if ": " in line)


def sign(safe: Path, origin: str, root: Path | None = None) -> Result:
    """Sign, where the old root's key lies, that the made one follows it."""
    place = safe / "new" / "receipt-root.crt"
    return run("sign", "--origin", origin, "--root", root or safe / "old.pem", "--new", place, "--out", safe / "r.txt")


def test_the_root_is_changed_at_the_command_line(
    settings: Settings, founded: Founded, still: FrozenClock, safe: Path
) -> None:
    """THREATS 11: made and signed offline, proposed, agreed to by a second person, waited for, taken, and shown."""
    made = said(run("make", safe / "new", "--agency", receipt_keys.AGENCY))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (safe / "new").glob("*.pem")}
    assert modes == {"receipt-root.pem": 0o600, "receipt-signing-next.pem": 0o600}
    assert run("make", safe / "new", "--agency", receipt_keys.AGENCY).exit_code != 0
    shown = run("statement", "--origin", settings.origin, "--old", safe / "old.pem", "--new", made["root_cert"])
    assert shown.output.splitlines()[1:] == [
        settings.origin,
        hex_of(receipt_keys.root_digest()),
        made["root_sha256"],
    ]
    assert said(sign(safe, settings.origin))["new_sha256"] == made["root_sha256"]
    assert (safe / "r.txt").read_text().startswith(shown.output)
    assert signed_in(still, founded, "operator", "propose", safe / "r.txt", "--decree", "SK 7").exit_code == 4
    proposed = signed_in(still, founded, "admin", "propose", safe / "r.txt", "--decree", "SK 7")
    assert said(proposed)["proposed"] == made["root_sha256"]
    assert signed_in(still, founded, "admin", "approve", made["root_sha256"]).exit_code == 4
    announced = said(signed_in(still, founded, "admin2", "approve", made["root_sha256"][:16]))
    assert announced["announced"] == made["root_sha256"]
    founded.bench.sequencer.run_once()
    assert said(run("take")) == {"taken": "-"}
    assert said(run("list"))["waits_for"] == "masa tunggu, segel, dan kuorum saksi"
    still.advance(hours=72)
    assert said(run("list"))["waits_for"] == "-"
    assert said(run("take"))["taken"] == made["root_sha256"]
    founded.bench.sequencer.run_once()
    old, new = run("list").output.splitlines()
    assert (new.split()[0], new.endswith("-")) == (made["root_sha256"], True)
    with running_app(founded) as app:
        visitor = app.test_client()
        page = unescape(visitor.get("/periksa").text)
        assert (made["root_sha256"] in page, old.split()[0] in page) == (True, True)
        assert visitor.get("/periksa/akar.pem").data == (safe / "new" / "receipt-root.crt").read_bytes()
        assert visitor.get(f"/periksa/akar/{old.split()[0]}.pem").data == receipt_keys.root_pem()
        assert visitor.get(f"/periksa/akar/{'0' * 64}.pem").status_code == 404


def test_a_root_nobody_knows_is_withdrawn(settings: Settings, founded: Founded, still: FrozenClock, safe: Path) -> None:
    """THREATS 11: one administrator is enough, and it shows."""
    made = said(run("make", safe / "new", "--agency", receipt_keys.AGENCY))
    sign(safe, settings.origin)
    signed_in(still, founded, "admin", "propose", safe / "r.txt", "--decree", "SK 7")
    assert f"{made['root_sha256']} proposed" in run("list").output
    signed_in(still, founded, "admin2", "approve", made["root_sha256"])
    gone = signed_in(still, founded, "admin", "withdraw", made["root_sha256"], "--reason", "Tidak dikenal.")
    assert said(gone)["withdrawn"] == made["root_sha256"]
    assert f"{made['root_sha256']} withdrawn" in run("list").output
    still.advance(hours=100)
    assert said(run("take")) == {"taken": "-"}


@pytest.mark.usefixtures("still")
def test_only_the_old_root_signs_for_the_new_one(safe: Path) -> None:
    """THREATS 11: another key beside the old certificate, no root at all, a file others can read: nothing."""
    said(run("make", safe / "new", "--agency", receipt_keys.AGENCY))
    origin = "ledger.example/log"
    stranger = safe / "stranger.pem"
    keyfiles.write_private(stranger, certificates.to_pem(receipt_keys.next_root().key) + receipt_keys.root_pem())
    assert "custody.root_statement_malformed" in sign(safe, origin, stranger).output
    curve = safe / "curve.pem"
    keyfiles.write_private(curve, certificates.to_pem(receipt_keys.signing()[0]) + receipt_keys.root_pem())
    assert "kunci RSA" in sign(safe, origin, curve).output
    signing = safe / "new" / "receipt-signing-next.pem"
    assert "tidak memuat sertifikat akar" in sign(safe, origin, signing).output
    readable = safe / "readable.pem"
    shutil.copy(safe / "old.pem", readable)
    readable.chmod(0o644)
    assert sign(safe, origin, readable).exit_code == 7
    assert not (safe / "r.txt").exists()
