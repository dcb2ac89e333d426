"""Yesterday's backup comes back after today's payments left: the log tells the database what it forgot (THREATS 8)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, select

from aid_ledger.core.db import keeping
from aid_ledger.delivery import service as delivery
from aid_ledger.delivery.rules import FileLeftBefore
from aid_ledger.disbursement.models import Batch
from aid_ledger.disbursement.rules import BatchEmpty
from aid_ledger.log import rules
from aid_ledger.log.salvage import salvage
from aid_ledger.tables import METADATA
from audit.facts.restoring import RECORDED
from audit.note import SigningKey
from tests.benches import make_bench
from tests.builders import delivering, paying, programs
from tests.builders.log import assert_log_agrees
from tests.builders.officials import Founded
from tests.journeys.restoring import (
    Backup,
    balanced,
    exported,
    kept_seal,
    recovered,
    salvaged,
    verified,
)
from tests.rooms.log.writing import define

OTHER = "32.16.06.2003"


def test_what_left_is_asked_about_and_never_sent_again(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """THREATS 8, T2: approved yesterday, sent today, restored: unknown, refused a second time, settled by inquiry."""
    batch, paid = delivering.approved(founded.bench, founded, count=3)
    yesterday = back_up()
    with founded.act("treasurer") as act:
        instruction = delivery.instruct(act, batch).reference
    sent = delivering.Sent(batch, instruction, paid, 3)
    file = delivering.file_of(founded.bench, sent)
    folder, kept = exported(founded, tmp_path / "log"), kept_seal(founded)
    with yesterday.opened() as restored:
        with pytest.raises(rules.LogBehind):
            restored.bench.sequencer.run_once()
        recovered(restored, folder)
        assert set(delivering.states(restored.bench, batch).values()) == {"unknown"}
        with restored.act("treasurer") as act:
            assert not delivery.instruct_or_refuse(act, batch)
        with pytest.raises(FileLeftBefore), restored.act("treasurer") as act:
            delivery.collect(act, instruction)
        assert_log_agrees(restored.bench)
        delivering.imported(restored, sent, delivering.answered(file), is_inquiry=True)
        assert set(delivering.states(restored.bench, batch).values()) == {"delivered"}
        assert delivering.stages(restored.bench, sent) == {"delivered": sent.total}
        assert_log_agrees(restored.bench)
        assert balanced(restored)
        verified(restored, folder, kept=kept)


def test_a_batch_the_backup_does_not_know_claims_its_lines_again(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """THREATS 8: drafted and sent today, restored to yesterday: nobody on it can be listed a second time."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    paying.households(bench, founded, 3)
    paying.determined_run(bench, founded, paid)
    yesterday = back_up()
    batch = paying.approved_batch(bench, founded, paid, is_determined=True)
    with founded.act("treasurer") as act:
        instruction = delivery.instruct(act, batch).reference
    sent = delivering.Sent(batch, instruction, paid, 3)
    file = delivering.file_of(bench, sent)
    folder, kept = exported(founded, tmp_path / "log"), kept_seal(founded)
    with yesterday.opened() as restored:
        recovered(restored, folder)
        assert set(delivering.states(restored.bench, batch).values()) == {"unknown"}
        assert_log_agrees(restored.bench)
        with pytest.raises(BatchEmpty):
            paying.drafted_batch(restored.bench, restored, paid, is_determined=True)
        delivering.imported(restored, sent, delivering.answered(file, echo=False), is_inquiry=True)
        assert delivering.stages(restored.bench, sent) == {"delivered": sent.total}
        assert_log_agrees(restored.bench)
        verified(restored, folder, kept=kept)


def test_what_had_not_left_goes_back_to_its_maker_or_is_withdrawn(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """THREATS 8: verified or drafted today, restored to yesterday: value is free, and everything begins anew once."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    paying.households(bench, founded, 2)
    known = paying.submitted_batch(bench, founded, paid)
    paying.households(bench, founded, 2, village=OTHER)
    paying.determined_run(bench, founded, paid, region=OTHER)
    yesterday = back_up()
    paying.verify(founded, known)
    unknown = paying.submitted_batch(bench, founded, paid, region=OTHER, is_determined=True)
    folder, kept = exported(founded, tmp_path / "log"), kept_seal(founded)
    with yesterday.opened() as restored:
        recovered(restored, folder)
        assert delivering.state_of(restored.bench, known) == "sent_back"
        with restored.bench.reading() as session:
            assert session.scalars(select(Batch).where(Batch.reference == unknown)).all() == []
        assert_log_agrees(restored.bench)
        again = paying.drafted_batch(restored.bench, restored, paid, region=OTHER, is_determined=True)
        assert again != unknown
        paying.submit(restored, again)
        restored.bench.sequencer.run_once()
        paying.submit(restored, known)
        paying.verify(restored, known)
        paying.approve(restored, [known])
        restored.bench.sequencer.run_once()
        acts, treasurer = restored.bench.acts, restored.actor("treasurer")
        instruction = acts.run(treasurer, delivery.instruct, known).reference
        restored.bench.sequencer.run_once()
        assert acts.run(treasurer, delivery.collect, instruction).lines == 2
        assert_log_agrees(restored.bench)
        assert balanced(restored)
        verified(restored, folder, kept=kept)


def test_payees_whom_the_backup_forgot_are_not_guessed(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """THREATS 8: the list itself is younger than the backup: nothing is recovered, signed or paid."""
    bench = founded.bench
    paid = programs.paying_program(bench, founded)
    paying.households(bench, founded, 2)
    yesterday = back_up()
    batch = paying.approved_batch(bench, founded, paid)
    with founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    folder = exported(founded, tmp_path / "log")
    with yesterday.opened() as restored:
        with pytest.raises(rules.PayeesForgotten):
            recovered(restored, folder)
        paying.determined_run(restored.bench, restored, paid)
        with pytest.raises(rules.RecoveryContradicted):
            recovered(restored, folder)
        with pytest.raises(rules.LogBehind):
            restored.bench.sequencer.run_once()


def test_a_source_that_is_cut_forked_or_forged_is_refused(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """T1, F1, N2: only the whole log, signed by its own key, tells a database what it forgot."""
    bench = founded.bench
    cut = exported(founded, tmp_path / "cut")
    yesterday = back_up()
    bench.acts.run(founded.actor("operator"), define, "BERAS")
    whole = exported(founded, tmp_path / "whole")
    flipped = exported(founded, tmp_path / "flipped")
    bundle = max((flipped / "tile" / "entries").rglob("*.p/*"), key=lambda path: path.stat().st_mtime)
    bundle.write_bytes(bundle.read_bytes()[:-3] + b"X" + bundle.read_bytes()[-2:])
    with yesterday.opened() as restored:
        apart = tmp_path / "apart"
        apart.mkdir()
        fork = make_bench(yesterday.url, apart, key=bench.key, keys=bench.kit.keys)
        refused = {}
        for name, folder in (("short", cut), ("forged", flipped), ("forged ", tmp_path)):
            with pytest.raises(rules.SourceRefused) as refusal:
                salvaged(restored, folder)
            refused[name] = refusal.value.facts["reason"]
        assert {name.strip(): reason for name, reason in refused.items()} == {"short": "short", "forged": "forged"}
        stranger = SigningKey.generate(bench.key.name).verifier()
        with pytest.raises(rules.SourceRefused):
            salvage(restored.bench.engine, str(whole), [stranger], [])
        fork.acts.run(founded.actor("operator"), define, "GULA")
        fork.acts.run(founded.actor("operator"), define, "KOPI")
        fork.engine.dispose()
        with pytest.raises(rules.SourceRefused) as other:
            salvaged(restored, whole)
        assert other.value.facts == {"reason": "short", "rule": "database"}
    with pytest.raises(rules.NothingLost):
        salvaged(founded, whole)


@pytest.mark.parametrize(
    "moment", ["INSERT INTO log_positions", "INSERT INTO log_checkpoints", "INSERT INTO transfers", "commit"]
)
def test_a_recovery_killed_halfway_is_made_again(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path, moment: str
) -> None:
    """P7: one transaction: a kill leaves the backup as it was, and the same command does it all."""
    batch, _paid = delivering.approved(founded.bench, founded, count=2)
    yesterday = back_up()
    with founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    folder = exported(founded, tmp_path / "log")
    with yesterday.opened() as restored:
        restored.bench.engine.dispose()
        child = os.fork()
        if child == 0:
            _recover_and_die(yesterday, folder, moment)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        recovered(restored, folder)
        assert set(delivering.states(restored.bench, batch).values()) == {"unknown"}
        assert_log_agrees(restored.bench)


def _recover_and_die(yesterday: Backup, folder: Path, moment: str) -> None:
    """Do what the child does; never returns, whatever happens."""

    def step(said: str) -> None:
        if moment in said:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with yesterday.opened() as restored:
            engine = restored.bench.engine
            event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_rest: step(statement))
            event.listen(engine, "commit", lambda _connection: step("commit"))
            recovered(restored, folder)
    finally:
        os._exit(1)


def test_one_person_restores_nothing(founded: Founded, back_up: Callable[[], Backup], tmp_path: Path) -> None:
    """P2: who proposes does not agree, nor does an official without the role, nor one of the same unit."""
    yesterday = back_up()
    founded.bench.acts.run(founded.actor("operator"), define, "BERAS")
    folder = exported(founded, tmp_path / "log")
    with yesterday.opened() as restored:
        with pytest.raises(rules.NotTwoPeople):
            recovered(restored, folder, by="admin")
        with pytest.raises(rules.LogBehind):
            restored.bench.sequencer.run_once()


def test_what_waits_keeps_its_place_behind_unless_it_contradicts(
    founded: Founded, back_up: Callable[[], Backup], tmp_path: Path
) -> None:
    """P7: a harmless deed of the meantime stays; one that sends what was sent refuses the recovery whole."""
    batch, _paid = delivering.approved(founded.bench, founded, count=2)
    yesterday, other = back_up(), back_up()
    with founded.act("treasurer") as act:
        delivery.instruct(act, batch)
    folder = exported(founded, tmp_path / "log")
    with other.opened() as restored:
        with restored.act("treasurer") as act:
            delivery.instruct(act, batch)
        with pytest.raises(rules.RecoveryContradicted):
            recovered(restored, folder)
    with yesterday.opened() as restored:
        restored.bench.acts.run(restored.actor("operator"), define, "GULA")
        recovered(restored, folder)
        assert_log_agrees(restored.bench)


def test_a_restore_may_name_a_row_of_every_table() -> None:
    """P3: a table that a restore could not explain would differ for ever after one."""
    assert {table.name for table in METADATA.tables.values() if keeping(table) == "record"} == RECORDED
