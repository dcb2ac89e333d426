"""The manifest of a batch's receipts: it states what the log holds, is sealed once, secrets stay nowhere."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from structlog.testing import capture_logs

from aid_ledger.cli.main import main
from aid_ledger.core import clock
from aid_ledger.disbursement.rules import BatchNotFound
from aid_ledger.documents import files
from aid_ledger.log.models import LogEntry
from aid_ledger.log.rules import NotSealed
from aid_ledger.officials.powers import RoleMissing
from aid_ledger.receipts import service as receipts
from aid_ledger.receipts.manifests import bsre, queries, rules, sealing, service
from aid_ledger.receipts.manifests.bsre import Account, Typed
from aid_ledger.receipts.manifests.queries import Statement
from aid_ledger.receipts.manifests.rules import (
    ManifestNotAsked,
    ManifestNotFound,
    ManifestOpen,
    ManifestOutdated,
    ManifestSealedAlready,
    NothingIssued,
    Outcome,
)
from aid_ledger.receipts.models import BatchManifest
from aid_ledger.tables import METADATA
from tests.builders import certifier
from tests.builders import receipts as builders
from tests.builders.certifier import CODE, PASSWORD, Certifier
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.web import settings_of, shell_of
from tests.rooms.log.writing import unsequenced

TYPED = Typed(CODE)
PAGE = b"%PDF-1.7 a page"
HALF_A_MINUTE = dt.timedelta(seconds=30)


@pytest.fixture
def service_outside() -> Iterator[Certifier]:
    """Run the certifier."""
    with certifier.certifying() as running:
        yield running


@pytest.fixture
def account(service_outside: Certifier, tmp_path: Path) -> Account:
    """Give an installation's account there."""
    certifier.write_account(tmp_path / "bsre", service_outside.address)
    found = bsre.account_of(tmp_path / "bsre")
    assert found is not None
    return found


def issued(founded: Founded, *, count: int = 3) -> str:
    """Bring a batch home with its receipts, sealed in the log."""
    sent = builders.delivered(founded, count=count)
    builders.issue(founded, sent.batch)
    founded.bench.sequencer.run_once()
    return sent.batch


def drawn_up(founded: Founded, batch: str) -> Statement:
    """Draw a manifest up."""
    with founded.bench.reading() as session:
        return queries.draw_up(session, batch)


def ask(founded: Founded, batch: str, *, after: str = "", by: str = "treasurer") -> BatchManifest:
    """Record an asking."""
    with founded.act(by) as act:
        return service.ask(act, drawn_up(founded, batch), PAGE, after=after)


def conclude(founded: Founded, reference: str, state: str, *, by: str = "treasurer") -> BatchManifest:
    """Record what came of it."""
    with founded.act(by) as act:
        return service.conclude(act, reference, Outcome(state, "status_500", b"sealed"))


def seal(founded: Founded, batch: str, account: Account, *, after: str = "") -> BatchManifest:
    """Go the whole way, as a door does."""

    def act(deed: object, *args: object, **more: object) -> object:
        return founded.bench.acts.run(founded.actor("treasurer"), deed, *args, **more)  # type: ignore[arg-type] # any deed

    return sealing.seal(founded.bench.reading, act, account, batch, TYPED, after=after)


def kinds(founded: Founded) -> list[str]:
    """List what the log says of manifests."""
    with founded.bench.reading() as session:
        query = select(LogEntry.kind).where(LogEntry.kind.like("Manifest%")).order_by(LogEntry.id)
        return list(session.scalars(query))


def test_a_manifest_counts_what_the_log_issued_and_is_sealed(founded: Founded, account: Account) -> None:
    """Count, sum and list agree with replay; page and sealed page lie under their digests, one begins the other."""
    batch = issued(founded)
    done = seal(founded, batch, account)
    assert (done.state, done.receipts, done.reason) == (rules.SEALED, 3, "")
    folder = founded.bench.kit.files
    page, sealed = files.read(folder, done.file_sha256), files.read(folder, done.sealed_sha256)
    assert (sealed.startswith(page), len(sealed) > len(page)) == (True, True)
    assert kinds(founded) == ["ManifestSealAsked", "ManifestSealed"]
    with pytest.raises(ManifestSealedAlready):
        ask(founded, batch)
    assert_log_agrees(founded.bench)


def test_what_nobody_knows_is_not_asked_again_by_itself(
    founded: Founded, account: Account, service_outside: Certifier
) -> None:
    """An unknown outcome stops the next asking, until a person names it; the service was asked once each time."""
    batch = issued(founded)
    service_outside.status = 500
    first = seal(founded, batch, account)
    assert (first.state, first.reason) == (rules.UNKNOWN, "status_500")
    service_outside.status = 200
    with pytest.raises(ManifestOpen):
        seal(founded, batch, account)
    with pytest.raises(ManifestOpen):
        seal(founded, batch, account, after="MAN-2026-000009-X")
    assert len(service_outside.asked) == 1
    second = seal(founded, batch, account, after=first.reference)
    assert (second.state, second.after) == (rules.SEALED, first.reference)
    assert_log_agrees(founded.bench)


def test_a_crash_in_between_leaves_it_unknown(founded: Founded) -> None:
    """Asked and no outcome: whether the page ever left nobody knows, so it counts as open."""
    batch = issued(founded)
    left = ask(founded, batch)
    with pytest.raises(ManifestOpen):
        ask(founded, batch)
    again = ask(founded, batch, after=left.reference)
    assert conclude(founded, again.reference, rules.REFUSED).state == rules.REFUSED
    assert ask(founded, batch).after == ""
    assert_log_agrees(founded.bench)


def test_a_refusal_may_be_followed_by_another_asking(
    founded: Founded, account: Account, service_outside: Certifier
) -> None:
    """A wrong code costs nothing but a line in the log."""
    batch = issued(founded)
    service_outside.status = 401
    assert seal(founded, batch, account).state == rules.REFUSED
    service_outside.status = 200
    assert seal(founded, batch, account).state == rules.SEALED
    assert kinds(founded) == ["ManifestSealAsked", "ManifestSealRefused", "ManifestSealAsked", "ManifestSealed"]


def test_only_a_treasurer_asks_and_only_who_asked_concludes(founded: Founded) -> None:
    """No operator, no second outcome, nothing of nobody's."""
    batch = issued(founded)
    with pytest.raises(RoleMissing):
        ask(founded, batch, by="operator")
    asked = ask(founded, batch)
    with pytest.raises(RoleMissing):
        conclude(founded, asked.reference, rules.SEALED, by="operator")
    conclude(founded, asked.reference, rules.UNKNOWN)
    with pytest.raises(ManifestNotAsked):
        conclude(founded, asked.reference, rules.SEALED)
    with pytest.raises(ManifestNotFound):
        conclude(founded, "MAN-2026-000009-X", rules.SEALED)


def test_a_page_that_is_outdated_does_not_leave(founded: Founded) -> None:
    """Between page and asking a receipt more was issued: the page is drawn up anew."""
    sent = builders.delivered(founded, count=3)
    with founded.act("treasurer") as act:
        receipts.issue_receipts(act, sent.batch, limit=2)
    founded.bench.sequencer.run_once()
    stated = drawn_up(founded, sent.batch)
    builders.issue(founded, sent.batch)
    with pytest.raises(ManifestOutdated), founded.act("treasurer") as act:
        service.ask(act, stated, PAGE)
    founded.bench.sequencer.run_once()
    assert drawn_up(founded, sent.batch).counted.receipts == 3


def test_there_is_something_to_state_and_it_is_sealed_in_the_log(founded: Founded) -> None:
    """No batch, no receipts, or receipts that no checkpoint covers: no manifest."""
    with pytest.raises(BatchNotFound):
        drawn_up(founded, "BTC-2021-000999-X")
    sent = builders.delivered(founded, count=1)
    with pytest.raises(NothingIssued):
        drawn_up(founded, sent.batch)
    unsequenced(founded.bench).run(founded.actor("treasurer"), receipts.issue_receipts, sent.batch)
    with pytest.raises(NotSealed):
        drawn_up(founded, sent.batch)


def test_what_is_typed_is_kept_nowhere(founded: Founded, account: Account, service_outside: Certifier) -> None:
    """P6: neither the code nor the account's password is in a row, a file, an entry or a line of the server's log."""
    batch = issued(founded)
    with capture_logs() as logged:
        seal(founded, batch, account)
        service_outside.status = 500
        service_outside.answer = lambda _page: CODE.encode()
    assert [secret for secret in (CODE, PASSWORD) if secret in str(logged)] == []
    with founded.bench.reading() as session:
        for table in METADATA.sorted_tables:
            rows = str(session.execute(text(f"SELECT * FROM {table.name}")).all())
            assert (table.name, CODE in rows, PASSWORD in rows) == (table.name, False, False)
    for place in founded.bench.kit.files.rglob("*"):
        assert place.is_dir() or CODE.encode() not in place.read_bytes()


def test_a_treasurer_seals_at_the_command_line(
    founded: Founded, service_outside: Certifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`receipts seal`: a status for each outcome, the code read unseen, and no account is said."""
    batch = issued(founded)
    shell_of(founded, monkeypatch)
    person, times = founded.people["treasurer"], itertools.count(1)

    def run(*words: str) -> tuple[int, str]:
        # Each time half a minute later: every code counts once.
        with clock.frozen(clock.now() + HALF_A_MINUTE * next(times)):
            typed = f"{person.password}\n{person.code()}\n{CODE}\n"
            told = CliRunner().invoke(main, ["receipts", "seal", batch, "--as", "treasurer", *words], input=typed)
        assert CODE not in told.output
        return told.exit_code, told.output

    code, said = run()
    assert (code, "manifest-seal.toml" in said) == (7, True)
    certifier.write_account(settings_of(founded).keys_folder, service_outside.address)
    service_outside.status = 403
    code, said = run()
    assert (code, "state: refused\nreason: status_403" in said) == (1, True)
    service_outside.status = 500
    code, said = run()
    assert (code, "state: unknown" in said, "Jangan minta lagi" in said) == (5, True, True)
    left = next(line for line in said.splitlines() if line.startswith("manifest: ")).removeprefix("manifest: ")
    service_outside.status = 200
    assert run()[0] == 5
    code, said = run("--after", left)
    assert (code, "state: sealed" in said, "file_sha256: " in said) == (0, True, True)
    certifier.write_account(settings_of(founded).keys_folder, service_outside.address, subscriber="")
    assert run()[0] == 2
