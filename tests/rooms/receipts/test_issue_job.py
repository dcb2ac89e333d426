"""Issuing all receipts of a batch as one work: killed, raced, called off, and read by somebody else at the end."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import event
from sqlalchemy.orm import Session

from aid_ledger.core import jobs as work
from aid_ledger.core.act import Acts
from aid_ledger.core.db import make_engine
from aid_ledger.core.jobs import JobNotFound, JobOver, JobState
from aid_ledger.log.pen import LogPen
from aid_ledger.log.rules import NotSealed
from aid_ledger.officials.refusals import OfficialNotFound
from aid_ledger.receipts import jobs, rules, second_reader, service
from aid_ledger.receipts.rules import SampleRefused
from aid_ledger.settings import Settings
from tests.builders import receipt_keys
from tests.builders import receipts as builders
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.builders.web import settings_of
from tests.journeys.test_killed import address_of


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue two in an Act, and read every second one again."""
    monkeypatch.setattr(rules, "ISSUE_LIMIT", 2)
    monkeypatch.setattr(rules, "SAMPLED_EVERY", 2)


def nothing(_session: Session, _reference: str) -> str:
    """Find no fault."""
    return ""


def run(founded: Founded, batch: str, *, fault_of: jobs.FaultOf = nothing, acts: Acts | None = None) -> work.JsonObject:
    """Run the whole work in this process, as the command line does."""
    kind = jobs.issue_kind(acts or founded.bench.acts, fault_of=fault_of, actor=founded.actor("treasurer"))
    return work.run_inline(kind, jobs.args_of(batch, "treasurer"))


def lines(founded: Founded) -> Counter[int]:
    """Count receipts by line."""
    return Counter(receipt.line_id for receipt in builders.receipts(founded.bench))


def test_every_arrival_has_its_receipt_and_a_sample_is_read_by_another_reader(founded: Founded) -> None:
    """Five lines in three Acts; first, last and every second file made with the agency's keys and read by pyHanko."""
    sent = builders.delivered(founded, count=5)
    settings = settings_of(founded)
    result = run(founded, sent.batch, fault_of=jobs.second_reader(settings, founded.bench.kit.keys))
    assert result == {"batch": sent.batch, "issued": 5, "sampled": 3}
    assert set(lines(founded).values()) == {1}
    assert run(founded, sent.batch) == {"batch": sent.batch, "issued": 0, "sampled": 3}
    assert_log_agrees(founded.bench)


def test_whoever_asked_acts(founded: Founded) -> None:
    """A worker issues for the official who asked, in the office they hold; a login nobody has issues nothing."""
    sent = builders.delivered(founded, count=1)
    kind = jobs.issue_kind(founded.bench.acts, fault_of=nothing)
    assert work.run_inline(kind, jobs.args_of(sent.batch, "field"))["issued"] == 1
    other = builders.delivered(founded, count=1)
    with pytest.raises(OfficialNotFound):
        work.run_inline(kind, jobs.args_of(other.batch, "hantu"))
    assert len(builders.receipts(founded.bench)) == 1


def killed_issuing(founded: Founded, batch: str, *, after: int) -> None:
    """Issue in a process of its own that is killed at its `after`th commit."""
    founded.bench.engine.dispose()
    child = os.fork()
    if child == 0:
        _issue_and_die(founded, batch, after)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def _issue_and_die(founded: Founded, batch: str, after: int) -> None:
    """Do what the child does; never returns, whatever happens."""
    try:
        engine = make_engine(address_of(founded.bench))
        commits: list[int] = []

        def count(_connection: object) -> None:
            commits.append(1)
            if len(commits) == after:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(engine, "commit", count)
        acts = Acts(engine, LogPen(founded.bench.sequencer), founded.bench.kit)
        run(founded, batch, acts=acts)
    finally:
        os._exit(1)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_killed_worker_loses_and_doubles_no_receipt(founded: Founded, after: int) -> None:
    """P7: at whichever commit it dies, the next one goes on, every line has one receipt, and the log agrees."""
    sent = builders.delivered(founded, count=5)
    killed_issuing(founded, sent.batch, after=after)
    before = len(builders.receipts(founded.bench))
    assert run(founded, sent.batch)["issued"] == 5 - before
    assert sorted(lines(founded).values()) == [1] * 5
    assert_log_agrees(founded.bench)


def test_a_step_that_runs_twice_issues_once(founded: Founded) -> None:
    """A frozen worker wakes up and does again what another has done meanwhile."""
    sent = builders.delivered(founded, count=3)
    kind = jobs.issue_kind(founded.bench.acts, fault_of=nothing, actor=founded.actor("treasurer"))
    job = work.Job("x", jobs.KIND, jobs.args_of(sent.batch, "treasurer"))
    steps = [work.Step(job, number, each.args, each.size) for number, each in enumerate(kind.plan(job))]
    assert [each.size for each in steps] == [2, 1]
    answers = [kind.step(each) for each in (*reversed(steps), *steps)]
    assert [each["issued"] for each in answers] == [1, 2, 0, 0]
    assert sorted(lines(founded).values()) == [1] * 3


def test_a_file_that_another_reader_refuses_is_told_and_the_receipts_stand(founded: Founded) -> None:
    """A fault of the press must not lie in a hundred thousand hands: the work says which file, and what was wrong."""
    sent = builders.delivered(founded, count=3)
    with pytest.raises(SampleRefused) as refused:
        run(founded, sent.batch, fault_of=lambda _session, reference: "UNTOUCHED" if reference[-3] else "")
    assert refused.value.facts["fault"] == "UNTOUCHED"
    assert len(builders.receipts(founded.bench)) == 3


def test_a_machine_without_keys_says_that_nothing_was_read(founded: Founded, tmp_path: Path) -> None:
    """Receipts are entries of the log; the paper may be made elsewhere."""
    sent = builders.delivered(founded, count=2)
    elsewhere = Settings(var=tmp_path / "elsewhere")
    result = run(founded, sent.batch, fault_of=jobs.second_reader(elsewhere, founded.bench.kit.keys))
    assert (result["issued"], result["sampled"]) == (2, 0)


def test_a_sample_waits_for_the_seal_and_not_for_ever(founded: Founded, monkeypatch: pytest.MonkeyPatch) -> None:
    """THREATS 4: no paper before the checkpoint. A second is usual; a sequencer that is away fails the work."""
    sent = builders.delivered(founded, count=1)
    unsealed = Acts(founded.bench.engine, LogPen(), founded.bench.kit)
    fault_of = jobs.second_reader(settings_of(founded), founded.bench.kit.keys)
    monkeypatch.setattr(jobs, "SEAL_WAIT_S", 0.0)
    with pytest.raises(NotSealed):
        run(founded, sent.batch, fault_of=fault_of, acts=unsealed)
    monkeypatch.setattr(jobs, "SEAL_WAIT_S", 60.0)
    looks: list[str] = []

    def late(session: Session, reference: str) -> str:
        looks.append(reference)
        if len(looks) == 2:
            founded.bench.sequencer.run_once()
        return fault_of(session, reference)

    monkeypatch.setattr(jobs, "LOOK_EVERY_S", 0.01)
    assert run(founded, sent.batch, fault_of=late)["sampled"] == 1
    assert len(looks) > 1


def ask(founded: Founded, deed: Callable[..., None], batch: str) -> work.Progress | None:
    """Do something about the work on a batch, and look at it."""
    with founded.act("treasurer") as act:
        deed(act, batch)
    with founded.bench.reading() as session:
        return jobs.newest(session, batch)


def test_the_work_is_asked_for_once_at_a_time(founded: Founded) -> None:
    """A double click finds the first; called off, it can be asked for again; nobody calls off what is over."""
    sent = builders.delivered(founded, count=1)
    with pytest.raises(JobNotFound):
        ask(founded, jobs.call_off, sent.batch)
    first, second = ask(founded, jobs.ask, sent.batch), ask(founded, jobs.ask, sent.batch)
    assert first is not None
    assert second is not None
    assert (first.job_id, second.job_id) == (f"receipts.issue:{sent.batch}:1", first.job_id)
    gone = ask(founded, jobs.call_off, sent.batch)
    assert gone is not None
    assert gone.state is JobState.CANCELLED
    with pytest.raises(JobOver):
        ask(founded, jobs.call_off, sent.batch)
    again = ask(founded, jobs.ask, sent.batch)
    assert again is not None
    assert (again.job_id, again.state) == (f"receipts.issue:{sent.batch}:2", JobState.QUEUED)


def test_the_other_reader_is_asked_everything(founded: Founded) -> None:
    """Good under the pinned root; not under another of the same name, changed, added to, cut, or no PDF at all."""
    receipt = builders.issued(founded, count=1)[0]
    pdf = builders.pdf_of(founded.bench, receipt)
    root = receipt_keys.der_of(receipt_keys.root())
    stranger = receipt_keys.next_root().certificate.public_bytes(Encoding.DER)
    assert second_reader.fault_of(pdf, [stranger, root]) == ""
    changed = bytearray(pdf)
    changed[len(pdf) // 3] ^= 1
    faults = [
        second_reader.fault_of(pdf, [stranger]),
        second_reader.fault_of(bytes(changed), [root]),
        second_reader.fault_of(pdf + b"% more\n", [root]),
        second_reader.fault_of(pdf[: len(pdf) // 2], [root]),
        second_reader.fault_of(b"%PDF-1.7\n", [root]),
        second_reader.fault_of(b"", [root]),
    ]
    assert all(faults[:2] + faults[3:]), faults


def test_a_limit_below_one_act_is_kept_by_the_service(founded: Founded) -> None:
    """`between` names lines, not how many: what lies outside waits for its own step."""
    sent = builders.delivered(founded, count=3)
    with founded.act("treasurer") as act:
        assert service.issue_receipts(act, sent.batch, between=(10**6, 10**7)) == 0
