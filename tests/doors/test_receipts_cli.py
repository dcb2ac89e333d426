"""Receipts at the command line: a whole batch with a bar, again without harm, and only by those who may."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from aid_ledger.cli.main import main
from aid_ledger.receipts import jobs
from tests.builders import receipts as builders
from tests.builders.officials import Founded
from tests.builders.web import shell_of


@pytest.fixture
def here(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> Founded:
    """Point the environment of this process at a founded bench, as the shell of its host is."""
    shell_of(founded, monkeypatch)
    monkeypatch.setattr(jobs, "SEAL_WAIT_S", 0.0)
    return founded


def run(founded: Founded, login: str, batch: str) -> Result:
    """Issue a batch's receipts as somebody."""
    founded.bench.sequencer.run_once()
    person = founded.people[login]
    typed = f"{person.password}\n{person.code()}\n"
    return CliRunner().invoke(main, ["receipts", "issue", batch, "--as", login], input=typed)


def test_a_batch_is_issued_and_its_sample_read(here: Founded) -> None:
    """The treasurer at 17:00 on a Friday: one command, a bar, a sentence; the second time changes nothing."""
    sent = builders.delivered(here, count=3)
    assert run(here, "auditor", sent.batch).exit_code == 4
    issued = run(here, "treasurer", sent.batch)
    if here.bench.engine.dialect.name == "sqlite":
        assert (issued.exit_code, "issued: 3\nsampled: 2\n" in issued.output) == (0, True), issued.output
    else:
        # No sequencer runs beside this test: issued, and the sample waits for the seal.
        assert (issued.exit_code, "belum disegel" in issued.output) == (7, True), issued.output
    assert len(builders.receipts(here.bench)) == 3
    again = run(here, "operator", sent.batch)
    assert (again.exit_code, "issued: 0\nsampled: 2\n" in again.output) == (0, True), again.output
    assert run(here, "treasurer", "BTC-2021-000404-X").exit_code == 3
